"""What hosts say to an IPv4 packet: echo replies and ICMP errors, made out of the packet itself."""

import struct

ICMP, UDP = 1, 17
QUOTED = 548  # octets of the packet that an error quotes (RFC 1812: 576 in all)

EXCEEDED = (11, 0)  # an ICMP type and code
HOST_UNREACHABLE = (3, 1)
PORT_UNREACHABLE = (3, 3)
FRAGMENTATION_NEEDED = (3, 4)


def checksum(octets: bytes) -> int:
    """Return the Internet checksum (RFC 1071) of an even number of octets."""
    return 0xFFFF - int.from_bytes(octets, "big") % 0xFFFF


def summed(octets: bytes, at: int) -> bytes:
    """Fill in the checksum, whose two octets are 0."""
    padded = octets + b"\0" * (len(octets) % 2)
    return octets[:at] + checksum(padded).to_bytes(2, "big") + octets[at + 2 :]


def _packet(source: bytes, destination: bytes, ttl: int, message: bytes) -> bytes:
    length = 20 + len(message)
    header = struct.pack("!BxHxxxxBBxx4s4s", 0x45, length, ttl, ICMP, source, destination)
    return summed(header, 10) + message


def echo_reply(asked: bytes, ttl: int) -> bytes:
    """Answer an echo request; only its type changes, so its checksum is corrected, not made."""
    total = int.from_bytes(asked[22:24], "big") + 0x0800
    message = b"\0\0" + ((total & 0xFFFF) + (total >> 16)).to_bytes(2, "big") + asked[24:]
    return _packet(asked[16:20], asked[12:16], ttl, message)


def error(
    asked: bytes, arrived: int, what: tuple[int, int], *, sender: bytes, ttl: int, mtu: int = 0
) -> bytes:
    """Return an ICMP error (type, code) that quotes a packet as it `arrived`, with that TTL."""
    header = summed(asked[:8] + bytes((arrived, asked[9], 0, 0)) + asked[12:20], 10)
    quote = header + asked[20:QUOTED]
    message = summed(struct.pack("!BBxxxxH", *what, mtu) + quote, 2)
    return _packet(sender, asked[12:16], ttl, message)
