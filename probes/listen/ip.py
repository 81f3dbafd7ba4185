"""IPv4 and IPv6 packets that are meant for stations on the link (RFC 791, RFC 8200)."""

import struct
from typing import NamedTuple

from probes.errors import Malformed
from probes.trace.ip import balance

UDP, ICMP6, VRRP = 17, 58, 112
INTACT = bytes(2)

_V4 = struct.Struct("!BxH2xHBB2x4s4s")
_V6 = struct.Struct("!IHBB16s16s")
_IPV4, _IPV6 = 4, 6
_FRAGMENT = 0x3FFF  # more to come, or an offset
_FRAGMENT_HEADER = 44
# Hop-by-hop options, routing, fragment, destination options.
_HEADERS_BEFORE = frozenset({0, 43, _FRAGMENT_HEADER, 60})
_UNIT = 8  # octets, in which extension headers measure themselves


class Datagram(NamedTuple):
    """A whole IP packet: who sends what to whom. `fragmented` ones are only a beginning."""

    source: bytes
    destination: bytes
    hop_limit: int
    protocol: int
    body: bytes
    fragmented: bool = False


def unwrap4(octets: bytes) -> Datagram:
    """Take the header off. Raises Malformed where it is wrong, or the packet not whole."""
    if len(octets) < _V4.size:
        raise Malformed("frame", f"{len(octets)} octets hold no IPv4 header")
    first, total, fragment, hop_limit, protocol, source, destination = _V4.unpack_from(octets)
    size = (first & 0xF) * 4
    if first >> 4 != _IPV4 or not _V4.size <= size <= total <= len(octets):
        raise Malformed("frame", f"IPv4 header of {size} octets, packet of {total}")
    if balance(octets[:size]) != INTACT:
        raise Malformed("frame", "the checksum of the IPv4 header is wrong")
    body, fragmented = octets[size:total], bool(fragment & _FRAGMENT)
    return Datagram(source, destination, hop_limit, protocol, body, fragmented)


def unwrap6(octets: bytes) -> Datagram | None:
    """Take the headers off; None where a later fragment does not tell what it belongs to.

    Raises Malformed where one is wrong, or the packet not whole. There may be as many as it holds:
    kernels do not count them either.
    """
    if len(octets) < _V6.size or octets[0] >> 4 != _IPV6:
        raise Malformed("frame", f"{len(octets)} octets hold no IPv6 header")
    _, length, protocol, hop_limit, source, destination = _V6.unpack_from(octets)
    rest = octets[_V6.size : _V6.size + length]
    if len(rest) < length:
        raise Malformed("frame", f"IPv6 packet cut off after {len(rest)} of {length} octets")
    at, fragmented = 0, False
    while protocol in _HEADERS_BEFORE:
        if protocol == _FRAGMENT_HEADER:
            if int.from_bytes(rest[at + 2 : at + 4]) >> 3:
                return None
            fragmented = True
        protocol, at = _past_header(protocol, rest, at)
    return Datagram(source, destination, hop_limit, protocol, rest[at:], fragmented)


def _past_header(protocol: int, octets: bytes, at: int) -> tuple[int, int]:
    if len(octets) - at < _UNIT:
        raise Malformed("frame", "cut off within an IPv6 extension header")
    end = at + (_UNIT if protocol == _FRAGMENT_HEADER else (octets[at + 1] + 1) * _UNIT)
    if end > len(octets):
        raise Malformed("frame", "an IPv6 extension header longer than the packet")
    return octets[at], end
