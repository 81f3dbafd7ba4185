"""What hosts and routers answer to a probe, made by hand from the packet they got."""

import struct
from ipaddress import IPv4Address, IPv6Address

from probes.records import IPAddress

TTL = 61  # what every answer arrives with


def header_size(packet: bytes) -> int:
    return 20 if packet[0] >> 4 == 4 else 40


def ends(packet: bytes) -> tuple[bytes, bytes]:
    return (packet[12:16], packet[16:20]) if packet[0] >> 4 == 4 else (packet[8:24], packet[24:40])


def protocol(packet: bytes) -> int:
    return packet[9] if packet[0] >> 4 == 4 else packet[6]


def body(packet: bytes) -> bytes:
    return packet[header_size(packet) :]


def summed(octets: bytes) -> int:
    """Return the Internet checksum, word by word as RFC 1071 has it."""
    total = 0
    for (word,) in struct.iter_unpack("!H", octets + bytes(len(octets) % 2)):
        total += word
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo(source: bytes, destination: bytes, number: int, length: int) -> bytes:
    return source + destination + struct.pack("!II", length, number)


def ip(
    source: IPAddress, destination: IPAddress, number: int, payload: bytes, options: bytes = b""
) -> bytes:
    """Return a whole packet; `options` are IPv4's, or the type and octets of an IPv6 extension."""
    if isinstance(source, IPv6Address):
        first, number = (options[0], number) if options else (number, number)
        options = bytes((number,)) + options[2:] if options else b""
        length = len(options) + len(payload)
        head = struct.pack("!IHBB", 6 << 28, length, first, TTL)
        return head + source.packed + destination.packed + options + payload
    size = 20 + len(options)
    fields = (0x40 | size // 4, 0, size + len(payload), 7, 0, TTL, number)
    blank = struct.pack("!BBHHHBBH", *fields, 0) + source.packed + destination.packed + options
    return blank[:10] + summed(blank).to_bytes(2) + blank[12:] + payload


def icmp(source: IPAddress, destination: IPAddress, message: bytes, options: bytes = b"") -> bytes:
    """Return a packet of ICMP or ICMPv6 with the right checksum."""
    six = isinstance(source, IPv6Address)
    blank = message[:2] + bytes(2) + message[4:]
    covered = pseudo(source.packed, destination.packed, 58, len(blank)) if six else b""
    message = blank[:2] + summed(covered + blank).to_bytes(2) + blank[4:]
    return ip(source, destination, 58 if six else 1, message, options)


def address(packed: bytes) -> IPAddress:
    return IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed)


def echo_reply(packet: bytes) -> bytes:
    source, target = map(address, ends(packet))
    return icmp(target, source, bytes((0 if source.version == 4 else 129,)) + body(packet)[1:])


def error(
    packet: bytes,
    router: IPAddress,
    kind: int,
    code: int = 0,
    *,
    rest: int = 0,
    quoted: int | None = None,
    options: bytes = b"",
) -> bytes:
    """Return an ICMP error that quotes the header and so many octets (None: all) of its body."""
    quote = packet if quoted is None else packet[: header_size(packet) + quoted]
    message = struct.pack("!BBHI", kind, code, 0, rest) + quote
    return icmp(router, address(ends(packet)[0]), message, options)


def segment(packet: bytes, flags: int, *, acknowledged: int = 1, port: int = 80) -> bytes:
    """Return a TCP segment of the target that acknowledges so many octets of a SYN."""
    source, target = map(address, ends(packet))
    own, _, sequence = struct.unpack_from("!HHI", body(packet))
    acknowledges = (sequence + acknowledged) & 0xFFFFFFFF
    fields = (port, own, 1000, acknowledges, 5 << 4, flags, 0, 0, 0)
    return ip(target, source, 6, struct.pack("!HHIIBBHHH", *fields))


def decremented(packet: bytes, ttl: int) -> bytes:
    """Return the packet as it is after routers have left it so much of its hop limit."""
    at = 8 if packet[0] >> 4 == 4 else 7
    return packet[:at] + bytes((ttl,)) + packet[at + 1 :]
