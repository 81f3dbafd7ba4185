"""Short conversations with one port: bounded in time and octets, and left politely.

What the server or the network does wrong is no answer; only what this machine itself cannot do is
a LinkError.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from ipaddress import IPv6Address
from typing import TypeVar

from probes.errors import LinkError, NoAnswer
from probes.records import IPAddress

T = TypeVar("T")
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

MOST = 1 << 16  # octets read of any answer

_PIECES = 16  # read after each question, datagrams and the like: a flood must not hold us up
_GOODBYE = 0.2  # seconds that a server may take over the closing of TLS
_DETAIL = 64  # characters kept of a text that the server made up
_SHORTAGE = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))


def check_route(address: IPAddress) -> None:
    """Raise LinkError (kind `no-route`) where this machine has no way to the address at all."""
    try:
        with _own_faults(address, 9), _socket(address, socket.SOCK_DGRAM) as link:
            link.connect((str(address), 9))  # sends nothing
    except OSError as error:
        raise LinkError(
            str(address),
            f"no packet can be sent there: {error.strerror}",
            kind="no-route",
            remedy=f"ip route get {address}",
        ) from error


@contextmanager
def datagrams(address: IPAddress, port: int) -> Iterator[socket.socket]:
    """Open a UDP socket that hears that port of the server only."""
    with _own_faults(address, port), _socket(address, socket.SOCK_DGRAM) as link:
        link.connect((str(address), port))
        yield link


async def exchange(
    link: socket.socket,
    questions: tuple[bytes, ...],
    read: Callable[[bytes], T | None],
    *,
    timeout: float,  # noqa: ASYNC109 - of each question, not of the call
) -> T | None:
    """Ask one question after the other until `read` makes something of an answer."""
    loop = asyncio.get_running_loop()
    for question in questions:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await loop.sock_sendall(link, question)
                if (found := await _first(link, read)) is not None:
                    return found
    return None


async def _first(link: socket.socket, read: Callable[[bytes], T | None]) -> T | None:
    loop = asyncio.get_running_loop()
    for _ in range(_PIECES):
        found = read(await loop.sock_recv(link, MOST))
        if found is not None:
            return found
    return None


@asynccontextmanager
async def stream(
    address: IPAddress,
    port: int,
    timeout: float,  # noqa: ASYNC109 - of the whole conversation
    *,
    tls: bool = False,
) -> AsyncIterator[Connection]:
    """Connect to a TCP port, with TLS if so wished, and close the connection in any case.

    Raises NoAnswer where nobody listens, OSError where there is no TLS or the time is over, and
    whatever asyncio's streams raise.
    """
    deadline = asyncio.get_running_loop().time() + timeout
    link = await _connected(address, port, deadline)
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout_at(deadline):
            reader, writer = await _streams(link, tls=tls)
            yield reader, writer
    finally:
        # Past the deadline: what has been answered must not be lost over a slow farewell. Where no
        # streams came of it, asyncio has closed the socket.
        if writer is not None:
            await _close(reader, writer)


async def _connected(address: IPAddress, port: int, deadline: float) -> socket.socket:
    with _own_faults(address, port):
        link = _socket(address, socket.SOCK_STREAM)
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.get_running_loop().sock_connect(link, (str(address), port))
        except OSError as error:
            link.close()
            if error.errno == errno.EPERM:
                raise
            raise NoAnswer(str(address), f"port {port} is closed or silent") from error
        except BaseException:
            link.close()
            raise
        return link


async def _streams(link: socket.socket, *, tls: bool) -> Connection:
    if not tls:
        return await asyncio.open_connection(sock=link, limit=MOST)
    return await asyncio.open_connection(
        sock=link,
        limit=MOST,
        ssl=_context(),
        server_hostname="",
        ssl_shutdown_timeout=_GOODBYE,
    )


def _context() -> ssl.SSLContext:
    """Return a TLS context that talks to anybody.

    The certificate is not verified on purpose: the question is what the server offers, not who it
    is; customers' VPN servers have self-signed certificates; and nothing secret is said. For the
    same reason old versions of TLS and weak ciphers will do.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


async def _close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say that no more will come, and give the other side a moment to close as well."""
    with suppress(OSError):  # a TimeoutError is one
        async with asyncio.timeout(_GOODBYE):
            if writer.can_write_eof():
                writer.write_eof()
                await _last_words(reader)
            writer.close()
            await writer.wait_closed()
    writer.transport.abort()


async def _last_words(reader: asyncio.StreamReader) -> None:
    for _ in range(_PIECES):
        if not await reader.read(MOST):
            return


def _socket(address: IPAddress, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    link = socket.socket(family, kind)
    link.settimeout(0)
    return link


@contextmanager
def _own_faults(address: IPAddress, port: int) -> Iterator[None]:
    """Turn what this machine forbids or lacks into a LinkError; let everything else pass.

    EACCES is not among it: an IPv6 router's "administratively prohibited" is reported so.
    """
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPERM:
            kind, remedy = (
                "not-permitted",
                "let this machine's own firewall pass it (nft list ruleset)",
            )
        elif error.errno in _SHORTAGE:
            kind, remedy = (
                "no-resources",
                "raise the limit on open files (ulimit -n), or ask fewer at once",
            )
        else:
            raise
        detail = f"port {port} could not be asked: {error.strerror}"
        raise LinkError(str(address), detail, kind=kind, remedy=remedy) from error


def printable(octets: bytes) -> str:
    """Return the start of a text that the server made up, fit for a terminal."""
    text = octets.split(b"\0", 1)[0].decode("ascii", "replace")
    return "".join(c for c in text if c.isascii() and c.isprintable()).strip()[:_DETAIL]
