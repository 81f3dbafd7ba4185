"""Where the daemon can be reached: what cannot be opened is tried again until it can."""

import asyncio
import gc
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netguard.config import load
from netguard.watch import notices
from netguard.watch.counting import Counting
from netguard.watch.events import Event
from netguard.watch.gaps import Gaps
from netguard.watch.notices import Doors, receivers
from netguard.watch.round import Round
from netguard.watch.site import Site
from probes.binding import bound
from probes.heard import Notice
from probes.notices.hearing import Hearing
from probes.records import Gap
from tests.config_files import write

LOOPBACK = "127.0.0.1"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATIENCE = 30.0  # seconds; only ever waited by a failing test
LINE = b"<13>arp: 00:00:5e:00:53:01 is using my IP address 192.0.2.1 on em0!"


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(notices, "AGAIN", 0.01)
    yield
    gc.unfreeze()


async def until(come: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not come():  # noqa: ASYNC110 - sockets set no event
            await asyncio.sleep(0.01)


class Held:
    """Ports that another program has: for syslog, for traps and for metrics."""

    def __init__(self) -> None:
        kinds = (socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_STREAM)
        self.links = [bound(LOOPBACK, 0, kind) for kind in kinds]
        self.ports = [int(link.getsockname()[1]) for link in self.links]

    def watch(self) -> str:
        udp, tcp, traps, metrics = self.ports
        return (
            f'[watch]\nsyslog = ["udp:{LOOPBACK}:{udp}", "tcp:{LOOPBACK}:{tcp}"]\n'
            f'traps = "udp:{LOOPBACK}:{traps}"\nmetrics = "{LOOPBACK}:{metrics}"\n'
        )

    def names(self) -> list[str]:
        udp, tcp, traps, metrics = self.ports
        return [
            f"syslog udp:{LOOPBACK}:{udp}",
            f"syslog tcp:{LOOPBACK}:{tcp}",
            f"traps udp:{LOOPBACK}:{traps}",
            f"metrics {LOOPBACK}:{metrics}",
        ]

    def are_free(self) -> None:
        for link, port in zip(self.links, self.ports, strict=True):
            bound(LOOPBACK, port, socket.SocketKind(link.type)).close()


class Daemon:
    """One round of the daemon with nothing but its receivers, and what it says."""

    def __init__(self, folder: Path, watch: str) -> None:
        path = folder / "netguard.toml"
        path.write_text(f'store = "sqlite:///{folder}/netguard.db"\n{watch}')
        self.said: list[Event] = []
        self.gaps = Gaps(self.said.append)
        site = Site(load(path), lambda: NOW)
        self.round = Round(site, {}, self.gaps, say=self.said.append, counting=Counting())

    def standing(self) -> list[str]:
        return [gap.subject for gap in self.gaps.standing()]

    def turns(self) -> list[tuple[str, str]]:
        return [(e.event, e.gap.subject) for e in self.said if e.gap is not None]


def test_a_port_that_another_program_has_is_a_gap_until_that_lets_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(systemd: socket.socket) -> None:
        held = Held()
        daemon = Daemon(tmp_path, held.watch())
        over = asyncio.Event()
        running = asyncio.create_task(daemon.round.run(over))
        told = await asyncio.get_running_loop().sock_recv(systemd, 4096)
        assert told.startswith(b"READY=1\nSTATUS=0 findings open, 4 gaps")
        assert daemon.standing() == held.names()
        assert all(gap.remedy for gap in daemon.gaps.standing())
        for name, link in zip(held.names(), held.links, strict=True):
            link.close()
            await until(lambda: name not in daemon.standing())  # noqa: B023 - called at once
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(LINE, (LOOPBACK, held.ports[0]))
        for port in (held.ports[1], held.ports[3]):
            socket.create_connection((LOOPBACK, port)).close()
        await until(lambda: any(event.notice for event in daemon.said))
        over.set()
        await running
        assert asyncio.all_tasks() == {asyncio.current_task()}
        held.are_free()
        assert sorted(daemon.turns()) == sorted(
            (turn, name) for name in held.names() for turn in ("gap", "gap-over")
        )

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)  # noqa: FBT003 - the socket module's own
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        asyncio.run(story(systemd))


def test_an_end_while_it_is_tried_again_leaves_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        held = Held()
        daemon = Daemon(tmp_path, held.watch())
        over = asyncio.Event()
        running = asyncio.create_task(daemon.round.run(over))
        await until(lambda: len(daemon.standing()) == len(held.links))
        for link in held.links:
            link.close()
        over.set()
        await running
        assert asyncio.all_tasks() == {asyncio.current_task()}
        held.are_free()

    asyncio.run(story())


SETS = """
[snmp.short]
version = "3"
user = "trapper"
auth_protocol = "SHA"
auth_key = "env:SHORT"

[snmp.none]
version = "3"
user = "trapper"
auth_protocol = "SHA"
auth_key = "env:NONE"

[[device]]
name = "cat2"
address = "192.0.2.12"
role = "switch"
snmp = "short"

[[device]]
name = "cat3"
address = "192.0.2.13"
role = "switch"
snmp = "none"
"""


def test_credentials_that_nobody_can_use_stay_gaps_and_lose_no_other_device_s_traps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHORT", "short")
    monkeypatch.delenv("NONE", raising=False)
    told: list[list[Gap]] = []

    async def story() -> None:
        heard: list[Notice] = []
        held = bound(LOOPBACK, 0, socket.SOCK_DGRAM)
        port = held.getsockname()[1]
        config = load(write(tmp_path, new=f'{SETS}\n[watch]\ntraps = "udp:{LOOPBACK}:{port}"'))
        async with AsyncExitStack() as stack:
            doors = Doors(stack, lambda gaps: told.append([*gaps]))
            hearing = Hearing(heard.append, lambda: NOW)
            doors.closed |= receivers(config, hearing, doors.lasting.append)
            await doors.open()
            held.close()
            await doors.keep_trying()
            assert doors.closed == {}

    asyncio.run(story())
    first, last = told[0], told[-1]
    assert first[0].subject == last[0].subject == "cat3"
    assert [gap.kind for gap in first] == ["no-secret", "port-taken"]
    assert [gap.kind for gap in last] == ["no-secret", "refused"]
    assert all(gap.remedy for gap in (*first, *last))
    assert "short" not in str(last)
