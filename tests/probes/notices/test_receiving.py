"""Syslog as util-linux's logger sends it, by UDP and TCP, and a log file that is rotated."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from shutil import which

import pytest

from probes.binding import bound
from probes.errors import ProbeError
from probes.notices import messages, receiving
from probes.notices.syslog import LONGEST
from probes.records import Gap
from tests.probes.notices.hearing_there import SEEN, Ear, run

TEXT = "arp: 00:00:5e:00:53:01 is using my IP address 192.0.2.1 on em0!"
FLIP = b"flip flop 192.0.2.1 0:0:5e:0:53:1 (0:0:5e:0:53:2)"
pytestmark = pytest.mark.skipif(not which("logger"), reason="NOT TESTED: no logger (util-linux)")

LOGGER = ("logger", "--tag", "kernel", "--server", "127.0.0.1")


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[asyncio.StreamWriter]:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@pytest.mark.parametrize("standard", ["--rfc3164", "--rfc5424"])
@pytest.mark.parametrize("way", ["--udp", "--tcp"])
def test_what_logger_sends_is_told(way: str, standard: str) -> None:
    async def listen() -> None:
        ear = Ear()
        open_ = receiving.syslog_udp if way == "--udp" else receiving.syslog_tcp
        async with open_(ear.hearing, 0) as port:
            assert await run(*LOGGER, way, standard, "--port", str(port), TEXT) == 0
            await ear.until(lambda: bool(ear.told))
        (notice,) = ear.told
        assert notice.kind == "duplicate-address"
        assert (notice.source, notice.seen) == ("127.0.0.1", SEEN)
        assert (notice.ip, notice.port) == (ip_address("192.0.2.1"), "em0")
        assert notice.message == TEXT
        assert notice.host == socket.gethostname()[: len(notice.host)] != ""
        assert (ear.counters.lines, ear.counters.notices) == (1, 1)

    asyncio.run(listen())


def test_of_a_message_that_goes_on_and_on_only_the_beginning_is_passed_on() -> None:
    ear = Ear()
    ear.hearing.line(f"<4>{TEXT}{' and so on' * 6000}".encode(), "192.0.2.1")
    (notice,) = ear.told
    assert notice.ip == ip_address("192.0.2.1")
    assert len(notice.message) == messages.LONGEST


def test_counted_lines_of_logger_are_told() -> None:
    async def listen() -> None:
        ear = Ear()
        async with receiving.syslog_tcp(ear.hearing, 0, "127.0.0.1") as port:
            command = (*LOGGER, "--tcp", "--octet-count", "--port", str(port))
            assert await run(*command, TEXT) == 0
            await ear.until(lambda: bool(ear.told))
        assert ear.told[0].message == TEXT

    asyncio.run(listen())


@pytest.mark.parametrize("address", ["", "::1"])
def test_a_sender_by_ipv6_is_heard(address: str) -> None:
    async def listen() -> None:
        ear = Ear()
        async with receiving.syslog_udp(ear.hearing, 0, address) as port:
            command = ("logger", "--server", "::1", "--udp", "--port", str(port), TEXT)
            assert await run(*command) == 0
            await ear.until(lambda: bool(ear.told))
        assert ear.told[0].source == "::1"

    asyncio.run(listen())


@pytest.mark.parametrize("kind", ["syslog_udp", "syslog_tcp", "notifications", "tail"])
def test_what_is_cancelled_while_it_opens_leaves_nothing(tmp_path: Path, kind: str) -> None:
    async def listen() -> None:
        ear = Ear()
        ways: dict[str, Callable[[int], AbstractAsyncContextManager[object]]] = {
            "syslog_udp": lambda port: receiving.syslog_udp(ear.hearing, port),
            "syslog_tcp": lambda port: receiving.syslog_tcp(ear.hearing, port),
            "notifications": lambda port: receiving.notifications(
                ear.hearing, (), port, lost=unexpected
            ),
            "tail": lambda _: receiving.tail(ear.hearing, tmp_path / "log"),
        }
        way = socket.SOCK_STREAM if kind == "syslog_tcp" else socket.SOCK_DGRAM
        with bound("", 0, way) as free:
            port = free.getsockname()[1]
        for turns in range(4):
            receiver = ways[kind](port)
            opening = asyncio.ensure_future(receiver.__aenter__())
            for _ in range(turns):
                await asyncio.sleep(0)
            if not opening.cancel():
                await receiver.__aexit__(None, None, None)
            await asyncio.wait([opening])
            for _ in range(3):
                await asyncio.sleep(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            bound("", port, way).close()

    asyncio.run(listen())


def test_strange_datagrams_are_counted() -> None:
    async def listen() -> None:
        ear = Ear()
        async with receiving.syslog_udp(ear.hearing, 0, "127.0.0.1") as port:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for datagram in (
                    b"",
                    b"<13>",
                    b"\xff\xfe",
                    b"<13>duplicate of what?",
                    b"<13>" + FLIP,
                ):
                    sender.sendto(datagram, ("127.0.0.1", port))
                await ear.until(lambda: bool(ear.told))
        counters = ear.counters
        assert (counters.malformed, counters.lines) == (2, 3)
        assert (counters.countable, counters.notices) == (1, 1)

    asyncio.run(listen())


def test_a_line_that_never_ends_is_cut_and_what_follows_is_told() -> None:
    async def listen() -> None:
        ear = Ear()
        async with (
            receiving.syslog_tcp(ear.hearing, 0, "127.0.0.1") as port,
            connection(port) as writer,
        ):
            writer.write(b"<13>" + b"x" * (3 * LONGEST) + b"\n" + FLIP + b"\n")
            await ear.until(lambda: bool(ear.told))
        assert (ear.counters.cut, ear.counters.lines) == (1, 2)

    asyncio.run(listen())


def test_a_last_line_without_an_end_is_told() -> None:
    async def listen() -> None:
        ear = Ear()
        async with receiving.syslog_tcp(ear.hearing, 0, "127.0.0.1") as port:
            async with connection(port) as writer:
                writer.write(FLIP)
                await writer.drain()
            await ear.until(lambda: bool(ear.told))

    asyncio.run(listen())


def test_one_connection_too_many_closes_the_one_that_was_silent_longest() -> None:
    async def listen() -> None:
        ear = Ear()
        async with (
            receiving.syslog_tcp(ear.hearing, 0, "127.0.0.1", connections=2) as port,
            connection(port) as first,
            connection(port) as second,
        ):
            for number, writer in enumerate((second, first), 1):
                writer.write(b"<13>hello\n")
                await ear.counted("lines", number)
            async with connection(port) as third:
                await ear.counted("closed", 1)
                for writer in (first, third):
                    writer.write(FLIP + b"\n")
                await ear.counted("notices", 2)
        assert ear.counters.closed == 1

    asyncio.run(listen())


def test_many_senders_at_once_are_all_heard() -> None:
    async def listen() -> None:
        ear = Ear()

        async def send(port: int) -> None:
            async with connection(port) as writer:
                writer.write((FLIP + b"\n") * 50)
                await writer.drain()

        async with receiving.syslog_tcp(ear.hearing, 0, "127.0.0.1") as port:
            await asyncio.gather(*(send(port) for _ in range(60)))
            await ear.until(lambda: len(ear.told) == 60 * 50)

    asyncio.run(listen())


def unexpected(gap: Gap) -> None:
    raise AssertionError(gap)


def test_closing_leaves_neither_task_nor_port_behind(tmp_path: Path) -> None:
    async def listen() -> None:
        ear = Ear()
        async with (
            receiving.syslog_udp(ear.hearing, 0) as udp,
            receiving.syslog_tcp(ear.hearing, 0) as tcp,
            receiving.tail(ear.hearing, tmp_path / "log"),
            receiving.notifications(ear.hearing, (), 0, lost=unexpected) as traps,
        ):
            _, writer = await asyncio.open_connection("127.0.0.1", tcp)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        writer.close()
        async with (
            receiving.syslog_udp(ear.hearing, udp),
            receiving.syslog_tcp(ear.hearing, tcp),
            receiving.syslog_udp(ear.hearing, traps),
        ):
            pass

    asyncio.run(listen())


class Log:
    """A file that a syslog daemon writes, followed by an ear."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ear = Ear()

    def write(self, *lines: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))

    async def told(self, number: int) -> None:
        await self.ear.until(lambda: len(self.ear.told) >= number)

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        async with receiving.tail(self.ear.hearing, self.path, every=0.01):
            yield


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "messages")


LINE = b"Jan  1 00:00:00 host1 arpwatch: " + FLIP


def test_what_is_added_to_a_file_is_told_and_what_was_there_is_not(log: Log) -> None:
    async def follow() -> None:
        log.write(LINE, LINE)
        async with log.followed():
            log.write(LINE)
            await log.told(1)
        (notice,) = log.ear.told
        assert (notice.source, notice.host) == (str(log.path), "host1")

    asyncio.run(follow())


def test_half_a_line_waits_for_its_other_half(log: Log) -> None:
    async def follow() -> None:
        log.write()
        async with log.followed():
            with log.path.open("ab", buffering=0) as file:
                file.write(LINE[:40])
                await asyncio.sleep(0.05)
                file.write(LINE[40:] + b"\n")
            await log.told(1)
        assert log.ear.counters.lines == 1

    asyncio.run(follow())


def test_a_file_that_comes_later_is_read_from_its_beginning(log: Log) -> None:
    async def follow() -> None:
        async with log.followed():
            await asyncio.sleep(0.05)
            log.write(LINE, LINE)
            await log.told(2)

    asyncio.run(follow())


def test_a_file_that_is_replaced_is_read_to_its_end_and_then_the_new_one(log: Log) -> None:
    async def follow() -> None:
        log.write()
        async with log.followed():
            log.write(LINE)
            await log.told(1)
            with log.path.open("ab") as old:
                log.path.rename(log.path.with_suffix(".1"))
                log.write(LINE)
                old.write(LINE + b"\n")
            await log.told(3)
        assert len(log.ear.told) == 3

    asyncio.run(follow())


def test_a_file_that_was_taken_away_is_read_until_there_is_a_new_one(log: Log) -> None:
    async def follow() -> None:
        log.write()
        async with log.followed():
            moved = log.path.rename(log.path.with_suffix(".1"))
            await asyncio.sleep(0.05)
            with moved.open("ab") as old:
                old.write(LINE + b"\n")
            await log.told(1)
            log.write(LINE)
            await log.told(2)

    asyncio.run(follow())


def test_a_file_that_is_truncated_is_read_from_its_beginning(log: Log) -> None:
    async def follow() -> None:
        log.write()
        async with log.followed():
            log.write(LINE, LINE)
            await log.told(2)
            os.truncate(log.path, 0)
            await asyncio.sleep(0.1)
            log.write(LINE)
            await log.told(3)

    asyncio.run(follow())


def test_a_line_of_a_file_that_is_too_long_is_cut(log: Log) -> None:
    async def follow() -> None:
        log.write()
        async with log.followed():
            log.write(b"x" * (2 * LONGEST), LINE)
            await log.told(1)
        assert log.ear.counters.cut == 1

    asyncio.run(follow())


def test_what_cannot_be_read_as_a_file_is_a_clear_error(tmp_path: Path) -> None:
    async def follow() -> None:
        os.mkfifo(tmp_path / "pipe")
        for path in (tmp_path, tmp_path / "pipe"):
            with pytest.raises(ProbeError, match="no regular file") as caught:
                async with receiving.tail(Ear().hearing, path):
                    pass
            assert caught.value.remedy == "name the log itself"

    asyncio.run(follow())


def test_a_file_that_turns_into_something_else_is_counted_until_it_is_back(log: Log) -> None:
    async def follow() -> None:
        async with log.followed():
            log.path.mkdir()
            await log.ear.until(lambda: log.ear.counters.unreadable > 0)
            log.path.rmdir()
            log.write(LINE)
            await log.told(1)

    asyncio.run(follow())
