"""Neighbor Discovery on Ethernet: the question who has an address, and what a frame claims."""

import struct
from datetime import datetime
from ipaddress import IPv6Address
from typing import NamedTuple

from probes.errors import Malformed
from probes.link import IP_FRAME, Filter
from probes.listen import ndp
from probes.listen.ip import ICMP6, unwrap6
from probes.listen.sighting import Sighting
from probes.mac import from_bytes, to_bytes
from probes.records import NeighborClaim
from probes.retesting import EVERYBODY
from probes.trace.ip import balance, pseudo_sum

_ETHERTYPE = b"\x86\xdd"
_ETHERNET = 14  # octets of its header
_SOLICITATION, _ADVERTISEMENT = 135, 136
_SOURCE_LINK_LAYER = b"\x01\x01"  # the option's type, and its length in units of eight octets
_V6 = struct.Struct("!IHBB16s16s")
_HOP_LIMIT = 255  # whatever came through a router has less
_SOLICITED_NODE = IPv6Address("ff02::1:ff00:0").packed[:13]
_MULTICAST = b"\x33\x33"  # RFC 2464, section 7

# Solicitations and advertisements, and what may hold one: behind other headers only the parser
# finds them. As with ARP, what another VLAN says on a trunk is another segment's.
NEIGHBORS = Filter(
    (
        (0x28, 0, 0, 12),  # ldh [12]: EtherType
        (0x15, 0, 12, 0x86DD),  # jeq IPv6, else drop
        (0x30, 0, 0, 20),  # ldb [20]: next header
        (0x15, 6, 0, 0),  # jeq hop-by-hop options, on to the VLAN
        (0x15, 5, 0, 43),  # jeq routing
        (0x15, 4, 0, 60),  # jeq destination options
        (0x15, 0, 7, ICMP6),  # jeq, else drop
        (0x30, 0, 0, 54),  # ldb [54]: type
        (0x15, 1, 0, _SOLICITATION),  # jeq
        (0x15, 0, 4, _ADVERTISEMENT),  # jeq, else drop
        (0x20, 0, 0, 0xFFFFF000 + 44),  # ld vlan_tci
        (0x54, 0, 0, 0x0FFF),  # and: VLAN identifier
        (0x15, 0, 1, 0),  # jeq none, else drop
        (0x06, 0, 0, IP_FRAME),  # ret: keep
        (0x06, 0, 0, 0),  # ret: drop
    ),
    IP_FRAME,
)


def solicitation(mac: bytes, source: bytes, target: bytes, station: bytes) -> bytes:
    """Return the Neighbor Solicitation by which `mac` asks a station, or EVERYBODY, for `target`.

    Everybody is its solicited-node multicast address (RFC 4861, section 7.2.2); one alone is asked
    at the address itself, as by who has its MAC already (section 7.3.3).
    """
    destination = target
    if station == EVERYBODY:
        destination = _SOLICITED_NODE + target[13:]
        station = _MULTICAST + destination[12:]
    rest = bytes(4) + target + _SOURCE_LINK_LAYER + mac
    head = bytes([_SOLICITATION, 0])
    size = len(head) + 2 + len(rest)
    checksum = balance(head + rest, pseudo_sum(source, destination, ICMP6, size))
    packet = _V6.pack(6 << 28, size, ICMP6, _HOP_LIMIT, source, destination)
    return station + mac + _ETHERTYPE + packet + head + checksum + rest


class Claim(NamedTuple):
    """A station says that it has an address; all in octets.

    `answered` is to whom an advertisement went, empty for a solicitation: it answers nobody.
    `named` says that the station stands in the message; else it is but the source of the frame,
    as in an answer to who knows the station already (RFC 4861, section 4.4).
    """

    address: bytes
    station: bytes
    answered: bytes
    named: bool


def claim(frame: bytes, interface: str, seen: datetime) -> Claim | None:
    """Return what an untagged IPv6 frame claims, None for what claims nothing or is malformed."""
    try:
        return _claim(frame, interface, seen)
    except Malformed:
        return None


def _claim(frame: bytes, interface: str, seen: datetime) -> Claim | None:
    datagram = unwrap6(frame[_ETHERNET:])
    if datagram is None or datagram.protocol != ICMP6:
        return None
    source = frame[6:12]
    said = ndp.read(Sighting(interface, None, from_bytes(source), seen, None), datagram)
    advertised = datagram.body[0] == _ADVERTISEMENT
    answered = datagram.destination if advertised else b""
    for record in said:
        if isinstance(record, NeighborClaim):
            return Claim(record.sender_ip.packed, to_bytes(record.sender_hw), answered, named=True)
    return Claim(datagram.body[8:24], source, answered, named=False) if advertised else None
