"""Which tables are read because of what devices tell, beside looks that only note it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import cast

import pytest

from netguard.findings import Finding
from netguard.inventory import Segment
from netguard.remember import Remembered
from netguard.tables import Wanted
from netguard.watch import tables
from netguard.watch.looks import Looks
from netguard.watch.tables import IN_VAIN, Tables
from probes.heard import Notice
from tests.remembering import finding

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAC = "00:00:5e:00:53:22"
SEGMENT = Segment(
    name="web-226",
    networks=(ip_network("198.51.100.0/25"),),
    routers=("edge1",),
    switches=("cat1", "cat2"),
)
STATIONS = Wanted({("edge1", "fdb"), ("cat1", "fdb"), ("cat2", "fdb")})
NEIGHBORS = Wanted({("cat1", "neighbors")})
FLAPPING = finding(id=f"mac-flapping/web-226/{MAC}", kind="mac-flapping")
PASSING = finding(id="neighbor-unconfirmed/cat1/Fa0/3", kind="neighbor-unconfirmed", segment=None)


class Noting:
    """Looks that read nothing; each is worth it as long as `worth` says so."""

    def __init__(self) -> None:
        self.open: tuple[Finding, ...] = ()
        self.found: tuple[Finding, ...] = ()
        self.worth = False
        self.read: list[Wanted] = []

    async def tables(
        self, _segment: Segment, wanted: Wanted, *, resting: bool = False
    ) -> tuple[Remembered, bool]:
        assert resting == (FLAPPING in self.open)
        await asyncio.sleep(0)
        self.read.append(wanted)
        return Remembered(findings=self.found), self.worth


def notice(kind: str = "mac-moved") -> Notice:
    return Notice(source="192.0.2.11", kind=kind, message="", seen=NOW, mac=MAC)  # type: ignore[arg-type]


Story = Callable[[Tables, Noting, asyncio.Event], Awaitable[None]]


def told(story: Story) -> None:
    """Let a story happen while the tables are followed."""

    async def happen() -> None:
        looks, strange = Noting(), asyncio.Event()
        followed = Tables(SEGMENT, cast("Looks", looks), strange)
        running = asyncio.create_task(followed.run())
        try:
            await story(followed, looks, strange)
        finally:
            running.cancel()

    asyncio.run(happen())


async def a_while() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("mac-moved", [STATIONS]), ("neighbors-changed", [NEIGHBORS]), ("port-closed", [])],
)
def test_what_a_device_says_to_have_changed_is_read(kind: str, wanted: list[Wanted]) -> None:
    async def story(followed: Tables, looks: Noting, strange: asyncio.Event) -> None:
        followed.heed(notice(kind), "cat1")
        await a_while()
        assert looks.read == wanted
        assert not strange.is_set()

    told(story)


def test_notices_that_come_together_are_read_together() -> None:
    async def story(followed: Tables, looks: Noting, _strange: asyncio.Event) -> None:
        for kind in ("mac-moved", "neighbors-changed", "mac-moved"):
            followed.heed(notice(kind), "cat1")
        await a_while()
        assert looks.read == [STATIONS | NEIGHBORS]

    told(story)


@pytest.mark.parametrize("worth", [False, True])
def test_who_tells_what_is_not_so_is_soon_heeded_seldom(*, worth: bool) -> None:
    async def story(followed: Tables, looks: Noting, _strange: asyncio.Event) -> None:
        looks.worth = worth
        for _ in range(50):
            followed.heed(notice(), "cat1")
            await a_while()
        assert len(looks.read) == (50 if worth else IN_VAIN)

    told(story)


def test_a_station_that_is_known_to_flap_is_not_read_for_each_move() -> None:
    async def story(followed: Tables, looks: Noting, _strange: asyncio.Event) -> None:
        looks.open = (FLAPPING,)
        followed.heed(notice(), "cat1")
        await a_while()
        assert looks.read == []

    told(story)


def test_it_is_seen_when_a_station_has_come_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "REST", 0.01)

    async def story(_followed: Tables, looks: Noting, strange: asyncio.Event) -> None:
        looks.open = looks.found = (FLAPPING,)
        await asyncio.sleep(0.1)
        assert len(looks.read) > 1
        assert not strange.is_set()
        looks.found = ()
        await asyncio.wait_for(strange.wait(), timeout=5)

    told(story)


def test_when_who_passed_as_a_device_may_have_stopped_a_whole_look_sees_it() -> None:
    async def story(followed: Tables, looks: Noting, strange: asyncio.Event) -> None:
        looks.open = (PASSING,)
        followed.heed(notice("neighbors-changed"), "cat1")
        await asyncio.wait_for(strange.wait(), timeout=5)

    told(story)


def test_both_ends_of_a_new_link_are_looked_at_once_they_have_heard_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "LATER", 0.01)

    async def story(followed: Tables, _looks: Noting, strange: asyncio.Event) -> None:
        followed.heed(notice("neighbors-changed"), "cat1")
        await asyncio.wait_for(strange.wait(), timeout=5)

    told(story)
