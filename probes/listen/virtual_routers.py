"""VRRP (RFC 3768, RFC 5798) and HSRP (RFC 2281, and Cisco's version 2): who says it takes part."""

import struct
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, NamedTuple

from probes.errors import Malformed
from probes.heard import Heard, VirtualHello
from probes.listen.ip import INTACT, UDP, VRRP, Datagram
from probes.listen.sighting import Sighting
from probes.records import IPAddress
from probes.trace.ip import address, balance, is_ipv4, pseudo_sum

_VRRP_GROUPS = frozenset({IPv4Address("224.0.0.18").packed, IPv6Address("ff02::12").packed})
_HSRP_GROUPS4 = frozenset({IPv4Address("224.0.0.2").packed, IPv4Address("224.0.0.102").packed})
HSRP_GROUP6 = IPv6Address("ff02::66").packed
GROUPS4 = frozenset({*_HSRP_GROUPS4, IPv4Address("224.0.0.18").packed})

_HOP_LIMIT = 255
_ADVERTISEMENT = 1
_VRRP_HEADER = struct.Struct("!BBBB4x")
_V2, _V3 = 2, 3
_V2_AUTHENTICATION = 8  # octets behind the addresses, used or not
# CARP has the same protocol number, version and type; it is told by its octets, and by what stands
# where VRRP has the number of addresses.
_CARP_SIZE, _CARP_COUNT = 36, 7

_UDP_HEADER = struct.Struct("!2xHH2x")
_HSRP_PORTS = {4: 1985, 16: 2029}  # by the octets of an address
_HSRP_V1 = struct.Struct("!BBB2xBBx8x4s")
_HSRP_STATES = {0: "initial", 1: "learn", 2: "listen", 4: "speak", 8: "standby", 16: "active"}
_HSRP_V2 = struct.Struct("!BBBBH6xI8x16s")
_HSRP_V2_STATES = ("disabled", "initial", "learn", "listen", "speak", "standby", "active")
_HSRP_V2_STATE = dict(enumerate(_HSRP_V2_STATES))
_RESIGN, _LAST_OPERATION = 2, 2
_GROUP_STATE = 1  # the TLV
_SIZES = {4: 4, 6: 16}  # octets of an address, by IP version


class _Part(NamedTuple):
    """What the speaker says of itself in one virtual gateway."""

    group: int
    addresses: tuple[IPAddress, ...]
    priority: int
    state: str


def read(sighting: Sighting, datagram: Datagram) -> tuple[Heard, ...]:
    """Return what a packet says if it is VRRP's or HSRP's. Raises Malformed if it says it wrong."""
    wanted = _WANTED.get(datagram.protocol)
    if wanted is None or datagram.destination not in wanted:
        return ()
    if datagram.fragmented:
        raise Malformed("frame", "a virtual router's hello in a fragment")
    if datagram.protocol == VRRP:
        return _read_vrrp(sighting, datagram)
    return _read_udp(sighting, datagram)


_WANTED = {VRRP: _VRRP_GROUPS, UDP: _HSRP_GROUPS4 | {HSRP_GROUP6}}


def _read_vrrp(sighting: Sighting, datagram: Datagram) -> tuple[Heard, ...]:
    body = datagram.body
    if datagram.hop_limit != _HOP_LIMIT:
        raise Malformed("frame", f"VRRP with TTL {datagram.hop_limit}: not from this link")
    if len(body) < _VRRP_HEADER.size:
        raise Malformed("frame", f"VRRP packet of {len(body)} octets")
    first, group, priority, count = _VRRP_HEADER.unpack_from(body)
    version, kind = first >> 4, first & 0xF
    if _is_carp(version, count, len(body)):
        return ()
    if kind != _ADVERTISEMENT or not group or not count:
        raise Malformed("frame", f"VRRP type {kind} for VRID {group} with {count} addresses")
    _validate_vrrp(datagram, version, count)
    addresses = _addresses(body[_VRRP_HEADER.size :], len(datagram.source), count)
    state = "master" if priority else "leaving"
    part = _Part(group, addresses, priority, state)
    return (_hello(sighting, "vrrp", datagram.source, part),)


def _is_carp(version: int, count: int, length: int) -> bool:
    return (version, count, length) == (_V2, _CARP_COUNT, _CARP_SIZE)


def _validate_vrrp(datagram: Datagram, version: int, count: int) -> None:
    body, size = datagram.body, len(datagram.source)
    if version not in {_V2, _V3} or (version == _V2 and not is_ipv4(datagram.source)):
        raise Malformed("frame", f"VRRP version {version} in IP of {size} octets an address")
    needed = _VRRP_HEADER.size + count * size + (_V2_AUTHENTICATION if version == _V2 else 0)
    if len(body) < needed:
        raise Malformed("frame", f"VRRP packet of {len(body)} octets with {count} addresses")
    if not _is_intact(datagram, version):
        raise Malformed("frame", "the checksum of VRRP is wrong")


def _is_intact(datagram: Datagram, version: int) -> bool:
    """Return whether the checksum holds.

    RFC 5798 covers a pseudo header. Some routers that speak version 3 for IPv4 leave it out.
    """
    body, ends = datagram.body, (datagram.source, datagram.destination)
    even = body + bytes(len(body) % 2)
    plain = is_ipv4(datagram.source) and balance(even) == INTACT
    covered = pseudo_sum(*ends, VRRP, len(body))
    return plain or (version == _V3 and balance(even, covered) == INTACT)


def _addresses(octets: bytes, size: int, count: int) -> tuple[IPAddress, ...]:
    return tuple(address(octets[at : at + size]) for at in range(0, count * size, size))


def _read_udp(sighting: Sighting, datagram: Datagram) -> tuple[Heard, ...]:
    body = datagram.body
    if len(body) < _UDP_HEADER.size:
        raise Malformed("frame", f"UDP of {len(body)} octets")
    port, length = _UDP_HEADER.unpack_from(body)
    if port != _HSRP_PORTS[len(datagram.source)]:
        return ()
    if not _UDP_HEADER.size < length <= len(body):
        raise Malformed("frame", f"HSRP in UDP of {length} octets, in IP of {len(body)}")
    said = body[_UDP_HEADER.size : length]
    if said[0] == 0 and is_ipv4(datagram.source):
        return _read_hsrp_v1(sighting, datagram.source, said)
    return _read_hsrp_v2(sighting, datagram.source, said)


def _read_hsrp_v1(sighting: Sighting, speaker: bytes, said: bytes) -> tuple[Heard, ...]:
    """Read a hello, coup or resign; what else there is tells of no group (RFC 2281, section 5)."""
    if said[1:2] > bytes([_LAST_OPERATION]):
        return ()
    if len(said) < _HSRP_V1.size:
        raise Malformed("frame", f"HSRP packet of {len(said)} octets")
    _, operation, number, priority, group, virtual = _HSRP_V1.unpack_from(said)
    state = _state(operation, number, _HSRP_STATES)
    part = _Part(group, _told(virtual), priority, state)
    return (_hello(sighting, "hsrp", speaker, part),)


def _read_hsrp_v2(sighting: Sighting, speaker: bytes, said: bytes) -> tuple[Heard, ...]:
    heard: list[Heard] = []
    while said:
        size = 2 + said[1] if len(said) > 1 else 0
        if not 0 < size <= len(said):
            raise Malformed("frame", f"HSRP TLV {said[0]} longer than the packet")
        if said[0] == _GROUP_STATE:
            heard.append(_group_state(sighting, speaker, said[2:size]))
        said = said[size:]
    return tuple(heard)


def _group_state(sighting: Sighting, speaker: bytes, value: bytes) -> VirtualHello:
    if len(value) < _HSRP_V2.size:
        raise Malformed("frame", f"HSRP group state of {len(value)} octets")
    _, operation, number, ip_version, group, priority, virtual = _HSRP_V2.unpack_from(value)
    if operation > _LAST_OPERATION or ip_version not in _SIZES:
        raise Malformed("frame", f"HSRP operation {operation} for IP version {ip_version}")
    state = _state(operation, number, _HSRP_V2_STATE)
    addresses = _told(virtual[: _SIZES[ip_version]])
    return _hello(sighting, "hsrp", speaker, _Part(group, addresses, priority, state))


def _state(operation: int, number: int, states: dict[int, str]) -> str:
    if number not in states:
        raise Malformed("frame", f"HSRP state {number}")
    return "leaving" if operation == _RESIGN else states[number]


def _told(virtual: bytes) -> tuple[IPAddress, ...]:
    """Return the virtual address, if the speaker knows it yet."""
    return (address(virtual),) if any(virtual) else ()


def _hello(
    sighting: Sighting, protocol: Literal["vrrp", "hsrp"], speaker: bytes, part: _Part
) -> VirtualHello:
    return VirtualHello(
        interface=sighting.interface,
        protocol=protocol,
        group=part.group,
        speaker=address(speaker),
        frame_source=sighting.source,
        addresses=part.addresses,
        priority=part.priority,
        state=part.state,
        seen=sighting.seen,
        vlan=sighting.vlan,
    )
