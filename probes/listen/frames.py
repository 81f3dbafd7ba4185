"""Frames as they come from a wire or a capture: the link layer off, and what is inside told.

Ethernet II, IEEE 802.3 with LLC and SNAP (RFC 1042), 802.1Q and 802.1ad tags, Linux cooked v1, v2.
"""

import struct
from collections.abc import Callable
from datetime import datetime

from probes.errors import Malformed
from probes.heard import Heard
from probes.listen import arp, ndp, virtual_routers
from probes.listen.ip import ICMP6, unwrap4, unwrap6
from probes.listen.sighting import Sighting
from probes.mac import from_bytes

# https://www.tcpdump.org/linktypes.html
ETHERNET, LINUX_SLL, LINUX_SLL2 = 1, 113, 276

_ARP, _IPV4, _IPV6 = b"\x08\x06", b"\x08\x00", b"\x86\xdd"
_TAGS = frozenset({b"\x81\x00", b"\x88\xa8", b"\x91\x00"})  # 802.1Q, 802.1ad, QinQ before 802.1ad
_MOST_TAGS = 4
_TAG = struct.Struct("!H2s")
_VLAN_ID = 0x0FFF
_RESERVED_VLAN = 0x0FFF  # IEEE 802.1Q, table 9-2
_LONGEST = b"\x05\xdc"  # a larger number is an EtherType, any other a length (IEEE 802.3, 3.2.6)
_SNAP = bytes.fromhex("aaaa03 000000")
_SLL_LLC = b"\x00\x04"  # how LINUX_SLL names frames that begin with LLC

_SLL = struct.Struct("!2xHH6s2x2s")
_SLL2 = struct.Struct("!2s6xHxB6s2x")
_SLL2_INDEX = slice(4, 8)
_ARPHRD_ETHER = 1
_MAC = 6  # octets
_GROUP = 0x01  # of the first octet: for more than one station

# Where the EtherType stands, and where begins what it names.
_PLACES = {ETHERNET: (12, 14), LINUX_SLL: (14, 16), LINUX_SLL2: (0, 20)}
LINK_TYPES = frozenset(_PLACES)
# Of all IPv6, what may hold NDP or VRRP: behind these come other headers, or the thing itself.
_NEXT_HEADERS = frozenset(bytes([each]) for each in (0, 43, 44, 58, 60, 112))
_UDP = b"\x11"

# A frame's source, None where it is no MAC; its EtherType or length; what follows; and whom it went
# to, empty where that is not told.
Opened = tuple[bytes | None, bytes, bytes, bytes]


def may_concern(octets: bytes, link_type: int) -> bool:
    """Return False for what holds no record at a glance: nearly all traffic, nearly for nothing.

    The link type is one of LINK_TYPES.
    """
    if link_type == ETHERNET and octets[12:14] == _IPV4:  # most frames: no time to look it up
        return octets[30:34] in virtual_routers.GROUPS4
    kind_at, at = _PLACES[link_type]
    kind = octets[kind_at : kind_at + 2]
    while kind in _TAGS:
        kind = octets[at + 2 : at + 4]
        at += 4
    if kind == _IPV4:
        return octets[at + 16 : at + 20] in virtual_routers.GROUPS4
    if kind == _IPV6:
        following = octets[at + 6 : at + 7]
        if following == _UDP:
            return octets[at + 24 : at + 40] == virtual_routers.HSRP_GROUP6
        return following in _NEXT_HEADERS
    return kind == _ARP or kind <= _LONGEST


def parse(octets: bytes, link_type: int, *, interface: str, seen: datetime) -> tuple[Heard, ...]:
    """Return what one frame says; nothing for what is no ARP, NDP, VRRP or HSRP.

    Of several tags the innermost is the record's `vlan`. Those around it make another segment of
    it, so they stand with the interface, as Linux names its VLAN interfaces: `eth0.100`. So does
    the number of the one that it came by, which Linux cooked v2 tells: `any#3`. Raises Malformed
    for what no station that keeps to the standards would act upon.
    """
    if link_type not in LINK_TYPES or len(octets) < _PLACES[link_type][1]:
        raise Malformed("frame", f"{len(octets)} octets of link type {link_type} are no frame")
    source, kind, payload, destination = _OPENERS[link_type](octets)
    tags: list[int] = []
    while kind in _TAGS:
        if len(tags) == _MOST_TAGS:
            raise Malformed("frame", f"more than {_MOST_TAGS} VLAN tags one within the other")
        tag, kind, payload = _untagged(payload)
        tags.append(tag)
    if kind <= _LONGEST:
        kind, payload = _without_llc(kind, payload)
    reader = _READERS.get(kind)
    if reader is None or source is None:
        return ()
    vlan: int | None = None
    if link_type == LINUX_SLL2:
        interface = f"{interface}#{int.from_bytes(octets[_SLL2_INDEX])}"
    if tags:
        interface, vlan = _within(interface, tags)
    told = _station(destination)
    return reader(Sighting(interface, vlan, from_bytes(source), seen, told), payload)


def _station(destination: bytes) -> str | None:
    return from_bytes(destination) if destination and not destination[0] & _GROUP else None


def _ethernet(octets: bytes) -> Opened:
    return octets[6:12], octets[12:14], octets[14:], octets[:6]


def _sll(octets: bytes) -> Opened:
    hardware, length, source, kind = _SLL.unpack_from(octets)
    kind = _LONGEST if kind == _SLL_LLC else kind
    return _cooked(hardware, length, source), kind, octets[16:], b""


def _sll2(octets: bytes) -> Opened:
    kind, hardware, length, source = _SLL2.unpack_from(octets)
    kind = _LONGEST if kind == _SLL_LLC else kind
    return _cooked(hardware, length, source), kind, octets[20:], b""


def _cooked(hardware: int, length: int, source: bytes) -> bytes | None:
    return source if (hardware, length) == (_ARPHRD_ETHER, _MAC) else None


_OPENERS: dict[int, Callable[[bytes], Opened]] = {
    ETHERNET: _ethernet,
    LINUX_SLL: _sll,
    LINUX_SLL2: _sll2,
}


def _untagged(payload: bytes) -> tuple[int, bytes, bytes]:
    if len(payload) < _TAG.size:
        raise Malformed("frame", "cut off within a VLAN tag")
    control, kind = _TAG.unpack_from(payload)
    vlan = control & _VLAN_ID
    if vlan == _RESERVED_VLAN:
        raise Malformed("frame", f"VLAN {vlan} is reserved")
    return vlan, kind, payload[_TAG.size :]


def _without_llc(length: bytes, payload: bytes) -> tuple[bytes, bytes]:
    """Return the EtherType within SNAP and what follows; other LLC has none."""
    if not payload.startswith(_SNAP):
        return b"", b""
    inside = payload[len(_SNAP) : int.from_bytes(length)]
    return inside[:2], inside[2:]


def _within(interface: str, tags: list[int]) -> tuple[str, int | None]:
    """Return the interface, and the VLAN there, that the tags tell of."""
    vlans = [vlan for vlan in tags if vlan]  # VLAN 0 is a priority, not a VLAN
    return ".".join([interface, *map(str, vlans[:-1])]), vlans[-1] if vlans else None


def _read_ipv4(sighting: Sighting, payload: bytes) -> tuple[Heard, ...]:
    if payload[16:20] not in virtual_routers.GROUPS4:
        return ()
    return virtual_routers.read(sighting, unwrap4(payload))


def _read_ipv6(sighting: Sighting, payload: bytes) -> tuple[Heard, ...]:
    datagram = unwrap6(payload)
    if datagram is None:
        return ()
    if datagram.protocol == ICMP6:
        return ndp.read(sighting, datagram)
    return virtual_routers.read(sighting, datagram)


_READERS: dict[bytes, Callable[[Sighting, bytes], tuple[Heard, ...]]] = {
    _ARP: arp.read,
    _IPV4: _read_ipv4,
    _IPV6: _read_ipv6,
}
