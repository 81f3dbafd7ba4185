"""Sends echoes for this station's own address to another station's MAC, and tells what comes back.

    python tests/netguard/lab/canary.py MAC TTL [ADDRESS]

With ADDRESS it is for that one instead. A line for each ICMP packet about it: the MAC that it came
from, the address that it is from, and its type.
"""

import socket
import struct
import sys
from ipaddress import IPv4Address
from time import monotonic

CARD, OWN = "eth1", "198.51.100.10"
PATIENCE = 0.3
IDENTIFIER = 0xCA7A
IPV4 = 0x0800


def checksum(data: bytes) -> bytes:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data)) % 0xFFFF
    return struct.pack("!H", 0xFFFF - total)


def echo(target: str, ttl: int) -> bytes:
    body = struct.pack("!BBHHH", 8, 0, 0, IDENTIFIER, 1)
    body = body[:2] + checksum(body) + body[4:]
    ends = IPv4Address(OWN).packed + IPv4Address(target).packed
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, ttl, 1, 0) + ends
    return header[:10] + checksum(header) + header[12:] + body


def main() -> None:
    there = bytes.fromhex(sys.argv[1].replace(":", ""))
    target = sys.argv[3] if len(sys.argv) > 3 else OWN
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV4)) as wire:
        wire.bind((CARD, IPV4))
        wire.send(
            there + wire.getsockname()[4] + struct.pack("!H", IPV4) + echo(target, int(sys.argv[2]))
        )
        deadline = monotonic() + PATIENCE
        while (left := deadline - monotonic()) > 0:
            wire.settimeout(left)
            try:
                frame = wire.recv(2048)
            except TimeoutError:
                break
            if frame[23] == 1 and IDENTIFIER.to_bytes(2, "big") in frame[34:]:  # not a late one
                source = IPv4Address(frame[26:30])
                sys.stdout.write(f"{frame[6:12].hex(':')} {source} {frame[34]}\n")


if __name__ == "__main__":
    main()
