"""IPv4 and IPv6 headers (RFC 791, RFC 8200) around what a probe or a reply says."""

import struct
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from probes.records import IPAddress
from probes.trace.tokens import Flow

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58

_SIZE4 = 4  # octets of an IPv4 address
_MODULUS = 0xFFFF
_V4 = struct.Struct("!BBHHHBBH4s4s")
_V6 = struct.Struct("!IHBB16s16s")
_DONT_FRAGMENT = 0x4000
_FRAGMENT_OFFSET = 0x1FFF
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _DESTINATION = 0, 43, 44, 60
_EXTENSION = 8  # octets, and the unit of their lengths
_MOST_EXTENSIONS = 8


class Datagram(NamedTuple):
    """An IP packet taken apart. `body` may be cut short (a quote) or longer than `length` says."""

    source: bytes
    destination: bytes  # empty where it is not known
    hop_limit: int | None
    protocol: int
    identification: int | None  # IPv4 only
    length: int  # of the body, as the header says
    body: bytes


def ones_complement(octets: bytes) -> int:
    """Return the ones' complement sum of an even number of octets (RFC 1071), below 0xFFFF.

    2**16 leaves 1 when divided by 0xFFFF, so the remainder of the whole is that of the sum.
    """
    return int.from_bytes(octets) % _MODULUS


def balance(octets: bytes, covered: int = 0) -> bytes:
    """Return the two octets that bring the sum of `octets`, and of what else is covered, to zero.

    They may stand where the checksum does, or anywhere else at an even place.
    """
    return (-(ones_complement(octets) + covered) % _MODULUS).to_bytes(2)


def pseudo_sum(source: bytes, destination: bytes, protocol: int, length: int) -> int:
    """Return the sum of the pseudo header that UDP, TCP and ICMPv6 checksums cover."""
    return ones_complement(source + destination) + protocol + length


def is_intact(message: Datagram) -> bool:
    """Return whether an ICMP message's checksum holds, as far as it can be told.

    It cannot be where the message was cut short, or ICMPv6's destination is unknown.
    """
    body = message.body[: message.length]
    if len(body) < message.length or not message.destination:
        return True
    even = body + bytes(len(body) % 2)
    covered = 0
    if message.protocol == ICMP6:
        covered = pseudo_sum(message.source, message.destination, ICMP6, len(body))
    return balance(even, covered) == bytes(2)


def header_size(packed: bytes) -> int:
    """Return the octets of an IP header without options, by the size of an address."""
    return _V4.size if is_ipv4(packed) else _V6.size


def wrap(
    flow: Flow, protocol: int, body: bytes, *, hop_limit: int, identification: int, whole: bool
) -> bytes:
    """Put a flow's IP header before a body; `whole` forbids IPv4 routers to fragment it."""
    ends = flow.source, flow.target
    if not is_ipv4(flow.source):
        return _V6.pack(6 << 28 | flow.label, len(body), protocol, hop_limit, *ends) + body
    flags = _DONT_FRAGMENT if whole else 0
    fields = (0x45, 0, _V4.size + len(body), identification, flags, hop_limit, protocol)
    checksum = int.from_bytes(balance(_V4.pack(*fields, 0, *ends)))
    return _V4.pack(*fields, checksum, *ends) + body


def unwrap(octets: bytes) -> Datagram | None:
    """Take the IP header off; None if it is none, or a later fragment."""
    match octets[0] >> 4 if octets else 0:
        case 4 if len(octets) >= _V4.size:
            return _unwrap4(octets)
        case 6 if len(octets) >= _V6.size:
            return _unwrap6(octets)
    return None


def _unwrap4(octets: bytes) -> Datagram | None:
    first, _, total, identification, flags, hop_limit, protocol, _, source, destination = (
        _V4.unpack_from(octets)
    )
    size = (first & 0xF) * 4
    if size < _V4.size or size > len(octets) or flags & _FRAGMENT_OFFSET:
        return None
    body = octets[size:]
    return Datagram(source, destination, hop_limit, protocol, identification, total - size, body)


def _unwrap6(octets: bytes) -> Datagram | None:
    _, length, protocol, hop_limit, source, destination = _V6.unpack_from(octets)
    found = _past_extensions(protocol, octets, _V6.size)
    if found is None:
        return None
    protocol, at = found
    length -= at - _V6.size
    return Datagram(source, destination, hop_limit, protocol, None, length, octets[at:])


def _past_extensions(protocol: int, octets: bytes, at: int) -> tuple[int, int] | None:
    """Return the upper-layer protocol and where it begins."""
    for _ in range(_MOST_EXTENSIONS):
        if protocol not in {_HOP_BY_HOP, _ROUTING, _FRAGMENT, _DESTINATION}:
            return protocol, at
        header = octets[at : at + _EXTENSION]
        if len(header) < _EXTENSION or (protocol == _FRAGMENT and int.from_bytes(header[2:4]) >> 3):
            return None
        at += _EXTENSION * (1 if protocol == _FRAGMENT else header[1] + 1)
        protocol = header[0]
    return None


def is_ipv4(packed: bytes) -> bool:
    """Return whether a packed address is IPv4's."""
    return len(packed) == _SIZE4


def address(packed: bytes) -> IPAddress:
    """Return the address of four or of sixteen octets."""
    return IPv4Address(packed) if is_ipv4(packed) else IPv6Address(packed)
