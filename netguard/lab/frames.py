"""The ARP frames that programs on a host send by themselves (RFC 5227)."""

import struct
from ipaddress import IPv4Address

_BROADCAST = b"\xff" * 6
_REQUEST, _REPLY = 1, 2


def _arp(operation: int, sender: bytes, sender_ip: IPv4Address, target_ip: IPv4Address) -> bytes:
    ethernet = _BROADCAST + sender + b"\x08\x06"
    fixed = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation)
    return ethernet + fixed + sender + sender_ip.packed + bytes(6) + target_ip.packed


def announcement(mac: str, address: str) -> bytes:
    """Return an ARP Announcement, as `arping -U` and every network start-up script sends."""
    ip = IPv4Address(address)
    return _arp(_REQUEST, bytes.fromhex(mac.replace(":", "")), ip, ip)


def gratuitous_reply(mac: str, address: str) -> bytes:
    """Return the older form of the same, as `arping -A` and bonding drivers send."""
    ip = IPv4Address(address)
    return _arp(_REPLY, bytes.fromhex(mac.replace(":", "")), ip, ip)


def probe(mac: str, address: str) -> bytes:
    """Return an ARP Probe: is anyone using the address? Its sender address is zero."""
    return _arp(_REQUEST, bytes.fromhex(mac.replace(":", "")), IPv4Address(0), IPv4Address(address))
