"""Capture files for the listener, made octet by octet in every format that is read."""

import struct

from probes.listen import Packet

SECOND = 1_000_000_000
TIME = 1_767_323_045 * SECOND + 123_456_789


def pcap(
    *packets: Packet, order: str = "<", nanoseconds: bool = False, link_type: int = 1
) -> bytes:
    magic, fraction = (0xA1B23C4D, 1) if nanoseconds else (0xA1B2C3D4, 1000)
    head = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 262144, link_type)
    return head + b"".join(
        struct.pack(f"{order}IIII", time // SECOND, time % SECOND // fraction, len(octets), length)
        + octets
        for time, _, _, octets, length in packets
    )


def block(order: str, kind: int, body: bytes) -> bytes:
    padded = body + bytes(-len(body) % 4)
    size = struct.pack(f"{order}I", len(padded) + 12)
    return struct.pack(f"{order}I", kind) + size + padded + size


def section(order: str) -> bytes:
    return block(order, 0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1))


def option(order: str, code: int, value: bytes) -> bytes:
    return struct.pack(f"{order}HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(order: str, *options: tuple[int, bytes], link_type: int = 1, snap: int = 0) -> bytes:
    body = struct.pack(f"{order}HHI", link_type, 0, snap)
    return block(order, 1, body + b"".join(option(order, *each) for each in options) + bytes(4))


def enhanced(
    order: str, number: int, stamp: int, octets: bytes, *, length: int | None = None
) -> bytes:
    fields = number, stamp >> 32, stamp & 0xFFFFFFFF, len(octets), length or len(octets)
    return block(order, 6, struct.pack(f"{order}IIIII", *fields) + octets + bytes(-len(octets) % 4))


def obsolete(order: str, number: int, stamp: int, octets: bytes) -> bytes:
    fields = number, 0, stamp >> 32, stamp & 0xFFFFFFFF, len(octets), len(octets)
    return block(order, 2, struct.pack(f"{order}HHIIII", *fields) + octets)


def simple(order: str, octets: bytes, *, length: int | None = None) -> bytes:
    return block(order, 3, struct.pack(f"{order}I", length or len(octets)) + octets)
