"""L2TP (RFC 2661): asks for a control connection on UDP 1701, and stops it again.

A server may answer from another port than the one that was asked; that is not heard.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from secrets import randbelow

import msgspec

from probes.records import IPAddress
from probes.vpn.sockets import datagrams, exchange, printable

SCCRQ, SCCRP, STOPCCN = 1, 2, 4

_HEADER = struct.Struct("!HHHHHH")
_AVP = struct.Struct("!HHH")
_CONTROL = 0xC802  # type, length and sequence bits, version 2
_FIXED = 0xCB0F  # of the first word: the bits that a control message may not choose
_AVP_LENGTH = 0x03FF
_MANDATORY = 0x8000
_MESSAGE_TYPE, _RESULT, _PROTOCOL, _FRAMING, _HOST_NAME, _TUNNEL_ID = 0, 1, 2, 3, 7, 9
_SHUTTING_DOWN = 6


class Answer(msgspec.Struct, frozen=True):
    """A control message for our tunnel; `tunnel` is the server's own number for it, if any."""

    detail: str
    tunnel: int | None = None


BARE = Answer("acknowledged only")


def start_request(tunnel: int) -> bytes:
    """Return an SCCRQ (section 6.1), with our number for the tunnel."""
    avps = (
        _avp(_MESSAGE_TYPE, SCCRQ.to_bytes(2)),
        _avp(_PROTOCOL, b"\x01\x00"),
        _avp(_FRAMING, (3).to_bytes(4)),
        _avp(_HOST_NAME, b"netguard"),
        _avp(_TUNNEL_ID, tunnel.to_bytes(2)),
    )
    return _message(0, 0, 0, avps)


def stop_request(tunnel: int, theirs: int) -> bytes:
    """Return a StopCCN (section 6.4) that ends what an SCCRP has begun."""
    avps = (
        _avp(_MESSAGE_TYPE, STOPCCN.to_bytes(2)),
        _avp(_TUNNEL_ID, tunnel.to_bytes(2)),
        _avp(_RESULT, _SHUTTING_DOWN.to_bytes(2)),
    )
    return _message(theirs, 1, 1, avps)


def _message(tunnel: int, sent: int, received: int, avps: tuple[bytes, ...]) -> bytes:
    body = b"".join(avps)
    return _HEADER.pack(_CONTROL, _HEADER.size + len(body), tunnel, 0, sent, received) + body


def _avp(kind: int, value: bytes) -> bytes:
    return _AVP.pack(_MANDATORY | (_AVP.size + len(value)), 0, kind) + value


def parse(octets: bytes, *, tunnel: int) -> Answer | None:
    """Read an answer to our SCCRQ: SCCRP, StopCCN or a bare acknowledgement; else None."""
    if len(octets) < _HEADER.size:
        return None
    flags, length, for_tunnel, session, _, received = _HEADER.unpack_from(octets)
    if flags & _FIXED != _CONTROL or not _HEADER.size <= length <= len(octets):
        return None
    if (for_tunnel, session, received) != (tunnel, 0, 1):
        return None
    if length == _HEADER.size:
        return BARE
    return _answer(dict(_avps(octets[_HEADER.size : length])))


def _answer(avps: dict[int, bytes]) -> Answer | None:
    kind = int.from_bytes(avps.get(_MESSAGE_TYPE, b""))
    if kind == SCCRP:
        theirs = int.from_bytes(avps.get(_TUNNEL_ID, b"")[:2])
        return Answer(printable(avps.get(_HOST_NAME, b"")), theirs) if theirs else None
    if kind == STOPCCN:
        return Answer(f"StopCCN, result {int.from_bytes(avps.get(_RESULT, b'')[:2])}")
    return None


def _avps(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the attributes that RFC 2661 itself defines, up to the first that cannot be read."""
    while len(octets) >= _AVP.size:
        flags, vendor, kind = _AVP.unpack_from(octets)
        length = flags & _AVP_LENGTH
        if not _AVP.size <= length <= len(octets):
            return
        if vendor == 0:
            yield kind, octets[_AVP.size : length]
        octets = octets[length:]


async def ask(
    address: IPAddress,
    port: int,
    timeout: float,  # noqa: ASYNC109 - of each question
) -> str | None:
    """Return how the server names itself or why it declines, if it speaks L2TP."""
    tunnel = 1 + randbelow(0xFFFF)
    bare: list[Answer] = []

    def read(octets: bytes) -> Answer | None:
        answer = parse(octets, tunnel=tunnel)
        if answer == BARE:
            bare.append(BARE)  # the real answer may still come, and with it what must be stopped
            return None
        return answer

    with datagrams(address, port) as link:
        answer = await exchange(link, (start_request(tunnel),) * 2, read, timeout=timeout)
        if answer is not None and answer.tunnel is not None:
            with suppress(OSError):
                link.send(stop_request(tunnel, answer.tunnel))
    answered = [answer] if answer is not None else bare
    return answered[0].detail if answered else None
