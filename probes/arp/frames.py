"""ARP frames on Ethernet, with or without an 802.1Q tag: records to octets and back."""

import struct
from ipaddress import IPv4Address

import msgspec

from probes.errors import Malformed
from probes.mac import from_bytes, to_bytes

REQUEST, REPLY = 1, 2
BROADCAST = b"\xff" * 6
NOBODY = bytes(6)
UNSPECIFIED = bytes(4)

ETHERTYPE_ARP = 0x0806
ETHERTYPE_VLAN = 0x8100
_VLAN_ID = 0x0FFF
_ETHERNET = struct.Struct("!6s6sH")
_TAG = struct.Struct("!HH")
_PACKET = struct.Struct("!HHBBH6s4s6s4s")
_OF_IPV4_ON_ETHERNET = (1, 0x0800, 6, 4)


class ArpFrame(msgspec.Struct, frozen=True, kw_only=True):
    """An ARP packet and the Ethernet frame around it. `vlan` is 1 to 4094, None when untagged."""

    frame_destination: str
    frame_source: str
    operation: int  # 1 request, 2 reply
    sender_hw: str
    sender_ip: IPv4Address
    target_hw: str
    target_ip: IPv4Address
    vlan: int | None = None


def craft(frame: ArpFrame) -> bytes:
    """Return the octets of a frame, without padding or checksum (the hardware adds them)."""
    tag = b"" if frame.vlan is None else struct.pack("!HH", ETHERTYPE_VLAN, frame.vlan)
    return b"".join(
        (
            to_bytes(frame.frame_destination),
            to_bytes(frame.frame_source),
            tag,
            ETHERTYPE_ARP.to_bytes(2),
            packet(
                frame.operation,
                (to_bytes(frame.sender_hw), frame.sender_ip.packed),
                (to_bytes(frame.target_hw), frame.target_ip.packed),
            ),
        )
    )


def packet(operation: int, sender: tuple[bytes, bytes], target: tuple[bytes, bytes]) -> bytes:
    """Return the 28 octets of RFC 826, from (hardware, protocol) addresses in raw octets."""
    return _PACKET.pack(*_OF_IPV4_ON_ETHERNET, operation, *sender, *target)


def parse(octets: bytes) -> ArpFrame:
    """Read a frame. Raises Malformed for anything but ARP for IPv4 on Ethernet; padding may follow.

    A priority tag (VLAN 0) is no VLAN. A second tag makes it another service's frame: Malformed.
    """
    if len(octets) < _ETHERNET.size:
        raise Malformed("frame", f"{len(octets)} octets hold no Ethernet header")
    destination, source, ethertype = _ETHERNET.unpack_from(octets)
    at, vlan = _ETHERNET.size, None
    if ethertype == ETHERTYPE_VLAN and len(octets) >= at + _TAG.size:
        control, ethertype = _TAG.unpack_from(octets, at)
        at, vlan = at + _TAG.size, control & _VLAN_ID or None
    if ethertype != ETHERTYPE_ARP:
        raise Malformed("frame", f"EtherType {ethertype:#06x} is not ARP")
    operation, sender_hw, sender_ip, target_hw, target_ip = _parse_packet(octets[at:])
    return ArpFrame(
        frame_destination=from_bytes(destination),
        frame_source=from_bytes(source),
        vlan=vlan,
        operation=operation,
        sender_hw=from_bytes(sender_hw),
        sender_ip=IPv4Address(sender_ip),
        target_hw=from_bytes(target_hw),
        target_ip=IPv4Address(target_ip),
    )


def _parse_packet(octets: bytes) -> tuple[int, bytes, bytes, bytes, bytes]:
    if len(octets) < _PACKET.size:
        raise Malformed("frame", f"ARP packet of {len(octets)} octets; RFC 826 has {_PACKET.size}")
    *kind, operation, sender_hw, sender_ip, target_hw, target_ip = _PACKET.unpack_from(octets)
    if tuple(kind) != _OF_IPV4_ON_ETHERNET:
        raise Malformed("frame", f"ARP not for IPv4 on Ethernet: {kind}")
    if operation not in {REQUEST, REPLY}:
        raise Malformed("frame", f"ARP operation {operation} is neither request nor reply")
    return operation, sender_hw, sender_ip, target_hw, target_ip
