"""The Internet checksum (RFC 1071), and its update when a few octets change (RFC 1624)."""

import struct
from collections.abc import Iterable

_WORD = 0xFFFF


def _sum(data: bytes) -> int:
    even = data + b"\0" * (len(data) % 2)
    total = int(sum(struct.unpack(f"!{len(even) // 2}H", even)))
    while total > _WORD:
        total = (total & _WORD) + (total >> 16)
    return total


def checksum(data: bytes) -> int:
    """Return the checksum of octets whose own checksum field is zero; 0 if it is right already."""
    return ~_sum(data) & _WORD


def replaced(packet: bytes, at: int, old: bytes, new: bytes, *, checksums: Iterable[int]) -> bytes:
    """Return a packet with `old`, an even number of octets at `at`, replaced by as many new ones.

    `checksums` says where those stand that cover them: what a quotation cut off, and a UDP
    checksum of zero, which means none, are left alone.
    """
    made = bytearray(packet)
    made[at : at + len(old)] = new
    for place in checksums:
        before = int.from_bytes(made[place : place + 2], "big")
        if len(made) >= place + 2 and before:
            words = struct.pack("!H", ~before & _WORD) + bytes(~o & 0xFF for o in old) + new
            made[place : place + 2] = (~_sum(words) & _WORD).to_bytes(2, "big")
    return bytes(made)


def completed(packet: bytes) -> bytes:
    """Return a whole TCP or UDP packet with the checksum that a card would have filled in."""
    body, protocol = (packet[0] & 0x0F) * 4, packet[9]
    place = body + {6: 16, 17: 6}.get(protocol, len(packet))
    if len(packet) < place + 2:
        return packet
    made = bytearray(packet)
    made[place : place + 2] = bytes(2)
    pseudo = packet[12:20] + struct.pack("!HH", protocol, len(packet) - body)
    made[place : place + 2] = (checksum(pseudo + made[body:]) or _WORD).to_bytes(2, "big")
    return bytes(made)
