"""Neighbor Discovery on Ethernet: the question who has an address, and what a frame claims."""

import struct
from datetime import datetime
from typing import NamedTuple

from probes.bpf import BYTE, EQUAL, HALF, UNTAGGED, Step, keeping
from probes.errors import Malformed
from probes.heard import NeighborClaim
from probes.link import IP_FRAME
from probes.listen import ndp
from probes.listen.ip import ICMP6, unwrap6
from probes.listen.sighting import Sighting
from probes.mac import from_bytes, to_bytes
from probes.retesting import EVERYBODY
from probes.trace.ip import balance, pseudo_sum

_ETHERTYPE = b"\x86\xdd"
_ETHERNET = 14  # octets of its header
_SOURCE_LINK_LAYER = b"\x01\x01"  # the option's type, and its length in units of eight octets
_V6 = struct.Struct("!IHBB16s16s")
_MULTICAST = b"\x33\x33"  # RFC 2464, section 7

# Solicitations, of routers too, and advertisements, and what may hold one: behind hop-by-hop
# options, routing or destination options only the parser finds them.
NEIGHBORS = keeping(
    Step(HALF, 12),  # EtherType
    Step(EQUAL, 0x86DD, otherwise="drop"),
    Step(BYTE, 20),  # next header
    Step(EQUAL, 0, then="VLAN"),
    Step(EQUAL, 43, then="VLAN"),
    Step(EQUAL, 60, then="VLAN"),
    Step(EQUAL, ICMP6, otherwise="drop"),
    Step(BYTE, 54),  # type
    Step(EQUAL, ndp.ROUTER_SOLICITATION, then="VLAN"),
    Step(EQUAL, ndp.NEIGHBOR_SOLICITATION, then="VLAN"),
    Step(EQUAL, ndp.NEIGHBOR_ADVERTISEMENT, otherwise="drop"),
    *UNTAGGED,
    slot=IP_FRAME,
)


def solicitation(mac: bytes, source: bytes, target: bytes, station: bytes) -> bytes:
    """Return the Neighbor Solicitation by which `mac` asks a station, or EVERYBODY, for `target`.

    Everybody is its solicited-node multicast address (RFC 4861, section 7.2.2); one alone is asked
    at the address itself, as by who has its MAC already (section 7.3.3).
    """
    destination = target
    if station == EVERYBODY:
        destination = ndp.SOLICITED_NODE + target[13:]
        station = _MULTICAST + destination[12:]
    rest = bytes(4) + target + _SOURCE_LINK_LAYER + mac
    head = bytes([ndp.NEIGHBOR_SOLICITATION, 0])
    size = len(head) + 2 + len(rest)
    checksum = balance(head + rest, pseudo_sum(source, destination, ICMP6, size))
    packet = _V6.pack(6 << 28, size, ICMP6, ndp.HOP_LIMIT, source, destination)
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
    advertised = datagram.body[0] == ndp.NEIGHBOR_ADVERTISEMENT
    answered = datagram.destination if advertised else b""
    for record in said:
        if isinstance(record, NeighborClaim):
            return Claim(record.sender_ip.packed, to_bytes(record.sender_hw), answered, named=True)
    return Claim(datagram.body[8:24], source, answered, named=False) if advertised else None
