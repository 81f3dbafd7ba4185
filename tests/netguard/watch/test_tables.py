"""Which tables are read because of what devices tell, beside looks that only note it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import cast

import pytest

from netguard.findings import Finding
from netguard.inventory import Device, Inventory, Segment
from netguard.remember import Flights, Remembered
from netguard.tables import Reread, Wanted
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
    vlan=226,
    routers=("edge1",),
    switches=("cat1", "cat2"),
)
OTHER = Segment(
    name="web-227", networks=(ip_network("203.0.113.0/26"),), vlan=227, switches=("cat1",)
)
DEVICES = tuple(
    Device(name=name, host=host, role="switch", snmp="lab")
    for name, host in {"cat1": "192.0.2.11", "cat2": "cat2.example.net"}.items()
)
STATIONS = Wanted({("edge1", "fdb"), ("cat1", "fdb"), ("cat2", "fdb")})
NEIGHBORS = Wanted({("cat1", "neighbors"), ("cat1", "fdb")})
STATION = ("web-226", MAC)
FLAPPING = finding(id=f"mac-flapping/web-226/{MAC}", kind="mac-flapping")


class Noting:
    """Looks that read nothing; `moved` are the stations that each has seen move."""

    def __init__(self) -> None:
        self.open: tuple[Finding, ...] = ()
        self.moved: frozenset[tuple[str, str]] = frozenset()
        self.doubtful = False
        self.read: list[Wanted] = []

    async def tables(self, wanted: Wanted, recent: Flights) -> Reread:
        await asyncio.sleep(0)
        assert len(recent) == len(self.read)  # as the last of them returned it
        self.read.append(wanted)
        return Reread(
            remembered=Remembered(findings=()),
            moved=self.moved,
            recent={("web-226", str(number)): () for number in range(len(self.read))},
            heard={d: self.doubtful for d, table in wanted if table == "neighbors"},
        )


class Followed:
    """Tables that are followed beside such looks; `strange` are the segments to be looked at."""

    def __init__(self) -> None:
        self.looks = Noting()
        self.strange: list[str] = []
        inventory = Inventory(devices=DEVICES, segments=(SEGMENT, OTHER))
        looks = cast("Looks", self.looks)
        self.tables = Tables(inventory, looks, self.strange.extend)

    async def told(self, kind: str = "mac-moved", **fields: object) -> None:
        """Have a device tell something, and wait a while."""
        known: dict[str, object] = {"source": "192.0.2.11", "vlan": 226, "mac": MAC}
        self.tables.heed(Notice(kind=kind, message="", seen=NOW, **{**known, **fields}))  # type: ignore[arg-type]
        for _ in range(20):
            await asyncio.sleep(0)


Story = Callable[[Followed], Awaitable[None]]


def follow(story: Story) -> Followed:
    """Let a story happen while the tables are followed."""
    followed = Followed()

    async def happen() -> None:
        running = asyncio.create_task(followed.tables.run())
        try:
            await story(followed)
        finally:
            running.cancel()

    asyncio.run(happen())
    return followed


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("mac-moved", [STATIONS]), ("neighbors-changed", [NEIGHBORS]), ("port-closed", [])],
)
def test_what_a_device_says_to_have_changed_is_read(kind: str, wanted: list[Wanted]) -> None:
    followed = follow(lambda f: f.told(kind))
    assert followed.looks.read == wanted
    assert followed.strange == []


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ({"source": "192.0.2.99"}, False),
        ({"source": "192.0.2.99", "host": "cat2"}, True),
        ({"source": "192.0.2.99", "host": "cat3"}, False),
        ({"vlan": 228}, False),
        ({"vlan": None}, True),
    ],
)
def test_who_tells_it_of_which_vlan_decides_whether_anything_is_read(
    fields: dict[str, object], *, read: bool
) -> None:
    assert bool(follow(lambda f: f.told("mac-moved", **fields)).looks.read) == read


def test_notices_that_come_together_are_read_together() -> None:
    async def story(followed: Followed) -> None:
        notice = Notice(source="192.0.2.11", kind="mac-moved", message="", seen=NOW, vlan=226)
        followed.tables.heed(notice)
        await followed.told("neighbors-changed")

    assert follow(story).looks.read == [STATIONS | NEIGHBORS]


@pytest.mark.parametrize(
    ("moved", "known", "times"),
    [([STATION], (), 50), ([], (), IN_VAIN), ([STATION], (FLAPPING,), IN_VAIN)],
)
def test_who_tells_what_is_no_news_is_soon_heeded_seldom(
    moved: list[tuple[str, str]], known: tuple[Finding, ...], times: int
) -> None:
    async def story(followed: Followed) -> None:
        followed.looks.moved, followed.looks.open = frozenset(moved), known
        for _ in range(50):
            await followed.told(mac=None)

    assert len(follow(story).looks.read) == times


def test_a_station_that_is_known_to_flap_is_not_read_for_each_move() -> None:
    async def story(followed: Followed) -> None:
        followed.looks.open = (FLAPPING,)
        await followed.told()

    assert follow(story).looks.read == []


@pytest.mark.parametrize(
    ("kind", "doubtful", "segments"),
    [
        ("mac-moved", False, ["web-226"]),
        ("neighbors-changed", False, []),
        ("neighbors-changed", True, ["web-226"]),
    ],
)
def test_a_whole_look_follows_where_it_may_say_more(
    monkeypatch: pytest.MonkeyPatch, kind: str, segments: list[str], *, doubtful: bool
) -> None:
    """By then the other end of a new link has heard it, too."""
    monkeypatch.setattr(tables, "LATER", 0.01)

    async def story(followed: Followed) -> None:
        followed.looks.doubtful = doubtful
        await followed.told(kind)
        await asyncio.sleep(0.1)

    assert follow(story).strange == segments


@pytest.mark.parametrize(
    ("fields", "segments"),
    [
        ({}, ["web-226"]),
        ({"vlan": None}, ["web-226", "web-227"]),
        ({"vlan": None, "source": "192.0.2.99", "host": "cat2"}, ["web-226"]),
        ({"vlan": 228}, []),
        ({"source": "192.0.2.99"}, []),
    ],
)
def test_where_an_address_is_in_trouble_that_nobody_can_read_a_whole_look_follows(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, object], segments: list[str]
) -> None:
    monkeypatch.setattr(tables, "CALM", 0.0)
    followed = follow(lambda f: f.told("duplicate-address", mac=None, **fields))
    assert followed.strange == segments
    assert followed.looks.read == []


def test_a_flood_of_troubles_without_an_address_is_worth_a_look_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "CALM", 0.0)

    async def story(followed: Followed) -> None:
        for _ in range(50):
            await followed.told("duplicate-address", mac=None)

    assert follow(story).strange == ["web-226"]
    monkeypatch.setattr(tables, "SELDOM", 0.0)
    assert len(follow(story).strange) > 1


@pytest.mark.parametrize(("port", "segments"), [("cat1", ["web-226"]), ("cat2", [])])
def test_when_who_passed_as_a_device_may_have_stopped_a_whole_look_sees_it(
    port: str, segments: list[str]
) -> None:
    async def story(followed: Followed) -> None:
        passing = finding(kind="neighbor-unconfirmed", id=f"neighbor-unconfirmed/{port}/Fa0/3")
        followed.looks.open = (passing,)
        await followed.told("neighbors-changed")

    assert follow(story).strange == segments
