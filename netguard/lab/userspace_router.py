"""A router of the odd kinds, packet by packet and without sockets: what the kernel will not do."""

import struct
from ipaddress import IPv4Address, IPv4Network
from typing import Literal, NamedTuple

import msgspec

from netguard.lab.checksums import checksum, replaced

Side = Literal["outside", "inside"]

MTU = 1500
_ICMP, _TCP, _UDP = 1, 6, 17
_ECHO_REPLY, _UNREACHABLE, _ECHO, _TIME_EXCEEDED = 0, 3, 8, 11
_ERRORS = {_UNREACHABLE, 4, 5, _TIME_EXCEEDED, 12}  # RFC 1122, 3.2.2: never answered with another
_FRAGMENTATION_NEEDED = 4
_QUOTED = 548  # octets: with both headers 576, as RFC 1812 recommends
_DONT_FRAGMENT, _OFFSET = 0x4000, 0x1FFF
_SOURCE, _DESTINATION = 12, 16  # where the addresses stand in a header
_TTL = 64
_HEADER = 20
_TRANSPORT_CHECKSUM = {_TCP: 16, _UDP: 6}


class Router(msgspec.Struct, frozen=True, kw_only=True):
    """How a router of `block` behaves: packets for the block go inside, all others outside.

    `address` is who its errors come from. `echo`: it answers pings for the block itself. `nat`: a
    network of the block's size behind it that the block is translated to, one to one. `delay` is
    each way, in seconds; between two time exceeded pass at least `error_interval` seconds.
    """

    address: IPv4Address
    block: IPv4Network
    forward: bool = True
    decrement: bool = True
    time_exceeded: bool = True
    error_interval: float = 0.0
    echo: bool = False
    nat: IPv4Network | None = None
    delay: float = 0.0
    mtu: int = MTU


class Sent(NamedTuple):
    """A packet, and the side it goes out at. `error` is the router's own complaint."""

    toward: Side
    packet: bytes
    error: bool = False


class _Packet(NamedTuple):
    data: bytes
    body: int  # where the header ends
    fragment: int
    ttl: int
    protocol: int
    source: IPv4Address
    destination: IPv4Address

    @property
    def icmp_type(self) -> int | None:
        whole = self.protocol == _ICMP and not self.fragment & _OFFSET
        return self.data[self.body] if whole and len(self.data) > self.body else None


def route(packet: bytes, came: Side, router: Router) -> list[Sent]:
    """Return what leaves the router for a packet that came in; nothing where it is dropped."""
    ip = _parsed(packet)
    if ip is None or ip.destination.is_multicast:
        return []
    ours = ip.destination in router.block
    if router.echo and ours and ip.icmp_type == _ECHO and came == "outside":
        return [Sent(came, _echo_reply(ip))]
    toward: Side = "inside" if ours else "outside"
    if router.decrement and ip.ttl <= 1:
        kind = struct.pack("!BBHI", _TIME_EXCEEDED, 0, 0, 0)
        return _complaint(ip, came, router, kind) if router.time_exceeded else []
    if not router.forward:
        return []
    if toward == "inside" and len(ip.data) > router.mtu and ip.fragment & _DONT_FRAGMENT:
        kind = struct.pack("!BBHI", _UNREACHABLE, _FRAGMENTATION_NEEDED, 0, router.mtu)
        return _complaint(ip, came, router, kind)
    return [Sent(toward, _translated(_passed_on(ip, router), router))]


def _parsed(packet: bytes) -> _Packet | None:
    """Return a packet without the padding of its frame; None for what no router would touch."""
    if len(packet) < _HEADER or packet[0] >> 4 != 4:  # noqa: PLR2004 - version 4
        return None
    body, total = (packet[0] & 0x0F) * 4, int.from_bytes(packet[2:4], "big")
    if not _HEADER <= body <= total <= len(packet) or checksum(packet[:body]):
        return None
    return _Packet(
        packet[:total],
        body,
        int.from_bytes(packet[6:8], "big"),
        packet[8],
        packet[9],
        IPv4Address(packet[_SOURCE : _SOURCE + 4]),
        IPv4Address(packet[_DESTINATION : _DESTINATION + 4]),
    )


def _passed_on(ip: _Packet, router: Router) -> bytes:
    if not router.decrement:
        return ip.data
    older, newer = bytes([ip.ttl, ip.protocol]), bytes([ip.ttl - 1, ip.protocol])
    return replaced(ip.data, 8, older, newer, checksums=(10,))


def _made(source: IPv4Address, destination: IPv4Address, icmp: bytes) -> bytes:
    sealed = icmp[:2] + checksum(icmp).to_bytes(2, "big") + icmp[4:]
    length = _HEADER + len(sealed)
    ends = source.packed + destination.packed
    header = struct.pack("!BBHHHBBH", 0x45, 0, length, 0, 0, _TTL, _ICMP, 0) + ends
    return header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + sealed


def _echo_reply(ip: _Packet) -> bytes:
    echo = ip.data[ip.body :]
    return _made(ip.destination, ip.source, bytes([_ECHO_REPLY, 0, 0, 0]) + echo[4:])


def _complaint(ip: _Packet, came: Side, router: Router, kind: bytes) -> list[Sent]:
    """Return an ICMP error to the sender of a packet, unless RFC 1122 forbids one."""
    if ip.icmp_type in _ERRORS or ip.fragment & _OFFSET or not int(ip.source):
        return []
    # a translated address complains for itself: the kernel's NAT rewrites the errors, too
    speaker = ip.destination if router.nat and ip.destination in router.block else router.address
    return [Sent(came, _made(speaker, ip.source, kind + ip.data[:_QUOTED]), error=True)]


def _translated(packet: bytes, router: Router) -> bytes:
    """Return the packet with the block's addresses for the ones behind it, or the other way."""
    if router.nat is None:
        return packet
    if IPv4Address(packet[_SOURCE:_DESTINATION]) in router.nat:
        outward = _readdressed(packet, _SOURCE, router.nat, router.block)
        return _quote_readdressed(outward, router.nat, router.block)
    return _readdressed(packet, _DESTINATION, router.block, router.nat)


def _readdressed(packet: bytes, at: int, old: IPv4Network, new: IPv4Network) -> bytes:
    """Return the packet with one address moved from one network to the same place in another."""
    address = IPv4Address(packet[at : at + 4])
    if address not in old:
        return packet
    moved = new[int(address) - int(old.network_address)]
    sums = [10]
    body = (packet[0] & 0x0F) * 4
    transport = _TRANSPORT_CHECKSUM.get(packet[9])
    if transport is not None and not int.from_bytes(packet[6:8], "big") & _OFFSET:
        sums.append(body + transport)
    return replaced(packet, at, address.packed, moved.packed, checksums=sums)


def _quote_readdressed(packet: bytes, old: IPv4Network, new: IPv4Network) -> bytes:
    """Return an ICMP error that quotes the packet as its sender knows it; others as they are."""
    body = (packet[0] & 0x0F) * 4
    if packet[9] != _ICMP or packet[body] not in _ERRORS:
        return packet
    quote = _readdressed(packet[body + 8 :], _DESTINATION, old, new)
    icmp = packet[body : body + 2] + bytes(2) + packet[body + 4 : body + 8] + quote
    return packet[:body] + icmp[:2] + checksum(icmp).to_bytes(2, "big") + icmp[4:]
