"""Frames for the listener, made octet by octet from the standards."""

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address

from probes.mac import to_bytes
from probes.trace.ip import balance, pseudo_sum
from tests.segment import BROADCAST, mac

IPV4, IPV6, ARP = b"\x08\x00", b"\x86\xdd", b"\x08\x06"
ALL_NODES = "ff02::1"
ROUTER = "fe80::1"
HOST = "2001:db8::5"


def ethernet(kind: bytes, payload: bytes, *, source: str = mac(1), to: str = BROADCAST) -> bytes:
    return to_bytes(to) + to_bytes(source) + kind + payload


def tagged(octets: bytes, *vlans: int, tpid: int = 0x8100) -> bytes:
    tags = b"".join(struct.pack("!HH", tpid, vlan) for vlan in vlans)
    return octets[:12] + tags + octets[12:]


def snap(octets: bytes) -> bytes:
    """Put what an Ethernet II frame holds into IEEE 802.3 with LLC and SNAP (RFC 1042)."""
    inside = bytes.fromhex("aaaa03 000000") + octets[12:]
    return octets[:12] + len(inside).to_bytes(2) + inside


def cooked(octets: bytes, *, hardware: int = 1, length: int = 6) -> bytes:
    """Return the same in LINUX_SLL."""
    source = octets[6:12] + bytes(2)
    return struct.pack("!HHH", 1, hardware, length) + source + octets[12:]


def cooked2(octets: bytes, *, hardware: int = 1, length: int = 6, index: int = 7) -> bytes:
    """Return the same in LINUX_SLL2; `index` is the interface's."""
    head = octets[12:14] + bytes(2) + struct.pack("!IHBB", index, hardware, 1, length)
    return head + octets[6:12] + bytes(2) + octets[14:]


def ipv4(
    protocol: int, body: bytes, *, source: str, to: str, ttl: int = 255, fragment: int = 0
) -> bytes:
    ends = IPv4Address(source).packed + IPv4Address(to).packed
    start = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(body), 0, fragment, ttl, protocol)
    return start + balance(start + bytes(2) + ends) + ends + body


def ipv6(
    protocol: int, body: bytes, *, source: str, to: str, hop_limit: int = 255, before: bytes = b""
) -> bytes:
    """`before` are extension headers; `protocol` is then the first one's."""
    ends = IPv6Address(source).packed + IPv6Address(to).packed
    rest = before + body
    return struct.pack("!IHBB", 6 << 28, len(rest), protocol, hop_limit) + ends + rest


def icmp6(body: bytes, source: str, to: str) -> bytes:
    """Fill in the checksum, for which the body leaves two octets of zero."""
    ends = IPv6Address(source).packed, IPv6Address(to).packed
    covered = pseudo_sum(*ends, 58, len(body))
    return body[:2] + balance(body + bytes(len(body) % 2), covered) + body[4:]


def ndp(
    body: bytes, *, source: str, to: str = ALL_NODES, hop_limit: int = 255, frame: str = mac(1)
) -> bytes:
    packet = ipv6(58, icmp6(body, source, to), source=source, to=to, hop_limit=hop_limit)
    return ethernet(IPV6, packet, source=frame)


def link_layer(kind: int, hw: str) -> bytes:
    return bytes([kind, 1]) + to_bytes(hw)


def prefix(network: str, length: int) -> bytes:
    head = bytes([3, 4, length, 0xC0]) + struct.pack("!II4x", 86400, 14400)
    return head + IPv6Address(network).packed


def solicitation(target: str, options: bytes = b"") -> bytes:
    return bytes([135]) + bytes(7) + IPv6Address(target).packed + options


def advertisement(target: str, flags: int, options: bytes = b"") -> bytes:
    return bytes([136, 0, 0, 0, flags, 0, 0, 0]) + IPv6Address(target).packed + options


def router_solicitation(options: bytes = b"") -> bytes:
    return bytes([133]) + bytes(7) + options


def router_advertisement(lifetime: int, options: bytes = b"") -> bytes:
    return bytes([134, 0, 0, 0, 64, 0]) + struct.pack("!HII", lifetime, 0, 0) + options


def neighbor_advertisement(target: str = HOST, hw: str = mac(1)) -> bytes:
    return ndp(advertisement(target, 0x20, link_layer(2, hw)), source=target, frame=hw)


def address_probe(target: str = HOST, hw: str = mac(1)) -> bytes:
    solicited = IPv6Address("ff02::1:ff00:0").packed[:13] + IPv6Address(target).packed[13:]
    return ndp(solicitation(target), source="::", to=str(IPv6Address(solicited)), frame=hw)


def vrrp_v2(
    *addresses: str, group: int = 7, priority: int = 100, source: str = "192.0.2.2", ttl: int = 255
) -> bytes:
    packed = b"".join(IPv4Address(each).packed for each in addresses)
    head = bytes([0x21, group, priority, len(addresses), 0, 1])
    body = head + balance(head + packed) + packed + bytes(8)
    return ethernet(IPV4, ipv4(112, body, source=source, to="224.0.0.18", ttl=ttl))


def vrrp_v3(*addresses: str, source: str, pseudo_header: bool = True, priority: int = 100) -> bytes:
    packed = b"".join(ip_address(each).packed for each in addresses)
    to = "224.0.0.18" if "." in source else "ff02::12"
    head = bytes([0x31, 7, priority, len(addresses), 0, 100])
    ends = ip_address(source).packed, ip_address(to).packed
    length = len(head) + 2 + len(packed)
    covered = pseudo_sum(*ends, 112, length) if pseudo_header else 0
    body = head + balance(head + packed, covered) + packed
    if "." in source:
        return ethernet(IPV4, ipv4(112, body, source=source, to=to))
    return ethernet(IPV6, ipv6(112, body, source=source, to=to))


def udp(port: int, said: bytes) -> bytes:
    return struct.pack("!HHHH", port, port, 8 + len(said), 0) + said


def hsrp_v1(
    virtual: str, *, state: int = 16, operation: int = 0, to: str = "224.0.0.2", port: int = 1985
) -> bytes:
    head = bytes([0, operation, state, 3, 10, 110, 5, 0]) + b"cisco".ljust(8, b"\0")
    said = udp(port, head + IPv4Address(virtual).packed)
    return ethernet(IPV4, ipv4(17, said, source="192.0.2.2", to=to, ttl=1))


def group_state(virtual: str, *, state: int = 6, operation: int = 0, version: int = 4) -> bytes:
    head = struct.pack("!BBBBH6sIII", 2, operation, state, version, 920, bytes(6), 90, 3000, 10000)
    return bytes([1, 40]) + head + ip_address(virtual).packed.ljust(16, b"\0")


def hsrp_v2(said: bytes) -> bytes:
    body = udp(1985, said)
    return ethernet(IPV4, ipv4(17, body, source="192.0.2.2", to="224.0.0.102"))


def hsrp_v2_ipv6(said: bytes) -> bytes:
    body = udp(2029, said)
    return ethernet(IPV6, ipv6(17, body, source="fe80::2", to="ff02::66"))
