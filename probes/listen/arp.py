"""ARP for IPv4 (RFC 826, RFC 5227): what a packet claims, or asks before it claims."""

import struct
from ipaddress import IPv4Address

from probes.arp.frames import REPLY, REQUEST, UNSPECIFIED
from probes.errors import Malformed
from probes.heard import AddressProbe, ArpClaim, Heard
from probes.listen.sighting import Sighting
from probes.mac import from_bytes

_PACKET = struct.Struct("!H4sH6s4s6x4s")
_FOR_IPV4 = bytes.fromhex("0800 06 04")
_OPERATIONS = frozenset({REQUEST, REPLY})
# Ethernet; and IEEE 802, which speakers of SNAP write, and kernels take for the same (RFC 1042).
_HARDWARE = frozenset({1, 6})


def read(sighting: Sighting, packet: bytes) -> tuple[Heard, ...]:
    """Return the claim in an ARP packet, or the probe. Raises Malformed for other than IPv4's.

    Neither claims nor asks: a reply from nobody (0.0.0.0), or a question about nobody.
    """
    if len(packet) < _PACKET.size:
        raise Malformed("frame", f"ARP packet of {len(packet)} octets; RFC 826 has {_PACKET.size}")
    hardware, kind, operation, sender_hw, sender_ip, target_ip = _PACKET.unpack_from(packet)
    if kind != _FOR_IPV4 or hardware not in _HARDWARE:
        raise Malformed("frame", f"ARP not for IPv4 on Ethernet: {packet[:6].hex(' ', 2)}")
    if operation not in _OPERATIONS:
        raise Malformed("frame", f"ARP operation {operation} is neither request nor reply")
    if sender_ip == UNSPECIFIED:
        return _probe(sighting, operation, sender_hw, target_ip)
    said = ArpClaim(
        interface=sighting.interface,
        sender_ip=IPv4Address(sender_ip),
        sender_hw=from_bytes(sender_hw),
        frame_source=sighting.source,
        kind=(
            "announcement"
            if sender_ip == target_ip
            else "reply"
            if operation == REPLY
            else "request"
        ),
        seen=sighting.seen,
        vlan=sighting.vlan,
        told=sighting.told,
    )
    return (said,)


def _probe(
    sighting: Sighting, operation: int, sender_hw: bytes, target_ip: bytes
) -> tuple[Heard, ...]:
    if operation == REPLY or target_ip == UNSPECIFIED:
        return ()
    asked = AddressProbe(
        interface=sighting.interface,
        ip=IPv4Address(target_ip),
        sender_hw=from_bytes(sender_hw),
        seen=sighting.seen,
        vlan=sighting.vlan,
    )
    return (asked,)
