"""PPTP (RFC 2637): opens a control connection on TCP 1723, and stops it again."""

import struct

import msgspec

from probes.records import IPAddress
from probes.vpn.sockets import printable, stream

MAGIC = 0x1A2B3C4D
START_REQUEST, START_REPLY, STOP_REQUEST, STOP_REPLY = 1, 2, 3, 4

_HEADER = struct.Struct("!HHIHH")
_START = struct.Struct("!HHIHHHBBIIHH64s64s")
_STOP = struct.Struct("!HHIHHBBH")
_CONTROL_MESSAGE = 1
_VERSION = 0x0100
_ANY = 3  # asynchronous and synchronous framing, analogue and digital bearers
_ESTABLISHED = 1


class StartReply(msgspec.Struct, frozen=True):
    """A Start-Control-Connection-Reply: whether the server opened it, and how it names itself."""

    established: bool
    detail: str


def start_request() -> bytes:
    """Return a Start-Control-Connection-Request (section 2.1)."""
    header = (_START.size, _CONTROL_MESSAGE, MAGIC, START_REQUEST, 0)
    return _START.pack(*header, _VERSION, 0, 0, _ANY, _ANY, 0, 0, b"netguard", b"")


def stop_request() -> bytes:
    """Return a Stop-Control-Connection-Request (section 2.3) for no special reason."""
    return _STOP.pack(_STOP.size, _CONTROL_MESSAGE, MAGIC, STOP_REQUEST, 0, 1, 0, 0)


def parse(octets: bytes) -> StartReply | None:
    """Read a Start-Control-Connection-Reply (section 2.2); None for anything else."""
    if len(octets) < _START.size:
        return None
    length, kind, magic, control, _, _, result, _, *_, host, vendor = _START.unpack_from(octets)
    if (length, kind, magic, control) != (_START.size, _CONTROL_MESSAGE, MAGIC, START_REPLY):
        return None
    named = " ".join(filter(None, (printable(vendor), printable(host))))
    if result != _ESTABLISHED:
        return StartReply(established=False, detail=f"refused, result {result} {named}".strip())
    return StartReply(established=True, detail=named)


async def ask(
    address: IPAddress,
    port: int,
    timeout: float,  # noqa: ASYNC109 - passed on
) -> str | None:
    """Return how the server names itself, if it speaks PPTP."""
    async with stream(address, port, timeout) as (reader, writer):
        writer.write(start_request())
        reply = parse(await reader.readexactly(_START.size))
        if reply is not None and reply.established:
            writer.write(stop_request())
    return None if reply is None else reply.detail
