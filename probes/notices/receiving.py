"""The places where notices arrive: syslog by UDP and TCP, a log file, SNMP notifications by UDP.

Each is entered with `async with`, which gives the port that it listens on, and leaves neither task
nor socket behind. No address means every address, of IPv6 and IPv4.
"""

import asyncio
import socket
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv6Address
from pathlib import Path

from probes.binding import bound
from probes.notices.hearing import Hearing
from probes.notices.notifications import Notifications
from probes.notices.syslog import Frames
from probes.notices.tailing import Tail
from probes.records import Gap
from probes.snmp_link import Credentials

CONNECTIONS = 256
_BACKLOG = 100
_ROOM = 4 << 20  # octets that the kernel may keep while we are busy; it grants what it likes
_EVERY = 0.25  # seconds between two looks at a file


@asynccontextmanager
async def syslog_udp(hearing: Hearing, port: int, address: str = "") -> AsyncIterator[int]:
    """Listen for syslog datagrams (RFC 5426). Raises LinkError where that cannot be done."""
    link = _roomy(address, port, socket.SOCK_DGRAM)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(hearing), sock=link)
    try:
        yield link.getsockname()[1]
    finally:
        transport.abort()
        await asyncio.sleep(0)


@asynccontextmanager
async def syslog_tcp(
    hearing: Hearing, port: int, address: str = "", *, connections: int = CONNECTIONS
) -> AsyncIterator[int]:
    """Listen for syslog streams (RFC 6587). Raises LinkError where that cannot be done.

    One connection too many closes that which has been silent longest.
    """
    link = _roomy(address, port, socket.SOCK_STREAM)
    streams = _Streams(hearing, connections)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Stream(streams), sock=link, backlog=_BACKLOG, start_serving=False
    )
    try:
        await server.start_serving()  # which may be cancelled
        yield link.getsockname()[1]
    finally:
        server.close()
        streams.close()
        await server.wait_closed()
        await asyncio.sleep(0)


@asynccontextmanager
async def tail(hearing: Hearing, path: Path, *, every: float = _EVERY) -> AsyncIterator[None]:
    """Follow a log file from its present end, looking every so many seconds.

    The path stands for the source, as a file does not tell who sent a line. Raises ProbeError
    where there is a file that cannot be read.
    """
    end = Tail(path)
    task = asyncio.create_task(_follow(hearing, end, str(path), every))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        end.close()


@asynccontextmanager
async def notifications(
    hearing: Hearing,
    credentials: Sequence[Credentials],
    port: int,
    address: str = "",
    *,
    lost: Callable[[Gap], None],
) -> AsyncIterator[int]:
    """Listen for SNMP notifications and informs from whoever knows one of these credentials.

    `lost` is told of credentials that cannot be used. Raises LinkError where nobody can listen.
    """
    with _roomy(address, port, socket.SOCK_DGRAM) as link:
        entity = Notifications(
            credentials,
            lambda source, objects: hearing.objects(_plain(source), objects),
            hearing.counters,
            lost=lost,
        )
        try:
            await entity.open(link)
            yield link.getsockname()[1]
        finally:
            await entity.close()


def _roomy(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    made = bound(address, port, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
    return made


def _plain(address: str) -> str:
    """Return an IPv4 address that came in through an IPv6 socket as what it is."""
    if not address.startswith("::ffff:"):
        return address
    return str(IPv6Address(address).ipv4_mapped or address)


async def _follow(hearing: Hearing, end: Tail, source: str, every: float) -> None:
    while True:
        try:
            lines = end.read()
        except OSError:
            hearing.counters.unreadable += 1
            lines = None
        for line in lines or ():
            hearing.line(line, source)
        hearing.counters.cut += end.cuts()
        await asyncio.sleep(every if lines is None else 0)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._hearing.line(data, _plain(addr[0]))


class _Streams:
    """The connections that are open, the longest silent first."""

    def __init__(self, hearing: Hearing, most: int) -> None:
        self.hearing = hearing
        self._most = most
        self._open: OrderedDict[asyncio.Transport, None] = OrderedDict()

    def opened(self, stream: asyncio.Transport) -> None:
        if len(self._open) >= self._most:
            self._open.popitem(last=False)[0].abort()
            self.hearing.counters.closed += 1
        self._open[stream] = None

    def spoke(self, stream: asyncio.Transport) -> None:
        if stream in self._open:
            self._open.move_to_end(stream)

    def closed(self, stream: asyncio.Transport) -> None:
        self._open.pop(stream, None)

    def close(self) -> None:
        for stream in tuple(self._open):
            stream.abort()


class _Stream(asyncio.Protocol):
    """One connection, made with nothing and told of its transport later, as asyncio does it."""

    def __init__(self, streams: _Streams) -> None:
        self._streams = streams
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self._source = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            return
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._source = _plain(peer[0]) if peer else ""
        self._streams.opened(transport)

    def data_received(self, data: bytes) -> None:
        if self._transport:
            self._streams.spoke(self._transport)
        for line in self._frames.feed(data):
            self._streams.hearing.line(line, self._source)
        self._streams.hearing.counters.cut += self._frames.cuts()

    def connection_lost(self, _: Exception | None) -> None:
        if self._transport:
            self._streams.closed(self._transport)
        last = self._frames.end()
        if last:
            self._streams.hearing.line(last, self._source)
