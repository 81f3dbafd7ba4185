"""Echo requests with a chosen hop limit, and everything that comes back for them."""

import select
import socket
import struct
from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple

from netguard.lab import namespaces
from probes.records import IPAddress
from tests.forwarding_truth import Network
from tests.icmp_answers import summed

REPLY, EXCEEDED, TOO_BIG = "reply", "exceeded", "too big"
_REQUEST = {4: 8, 6: 128}
_KINDS = {
    4: {(0, 0): REPLY, (11, 0): EXCEEDED, (3, 4): TOO_BIG},
    6: {(129, 0): REPLY, (3, 0): EXCEEDED, (2, 0): TOO_BIG},
}
_IP_MTU_DISCOVER, _IPV6_MTU_DISCOVER, _PROBE = 10, 23, 3


class Heard(NamedTuple):
    """What came back for an echo: its kind, who said it, and the MTU where that is too small."""

    kind: str
    sender: str
    mtu: int


def echoes(
    network: Network,
    targets: Sequence[IPAddress],
    ttl: int,
    *,
    sources: Sequence[IPAddress] = (),
    octets: int = 60,
    wait: float = 0.3,
) -> dict[IPAddress, Heard]:
    """Send one echo to each target, all at once, and return the first answer to each.

    `sources` speak by turns, () being the kernel's choice; `octets` is the whole packet's size, and
    it may not be fragmented. `wait` is for answers that do not come: seconds after the last one.
    """
    version = targets[0].version
    payload = b"\0" * (octets - (28 if version == 4 else 48))
    with namespaces.entered(network.namespace):
        cards = [_opened(version, ttl, source) for source in sources or (None,)]
    try:
        for number, target in enumerate(targets):
            head = struct.pack("!BxHHH", _REQUEST[version], 0, 0x4E47, number)
            message = summed(head + payload, 2) if version == 4 else head + payload
            cards[number % len(cards)].sendto(message, (str(target), 0))
        return _heard(cards, targets, wait)
    finally:
        for card in cards:
            card.close()


def _opened(version: int, ttl: int, source: IPAddress | None) -> socket.socket:
    if version == 4:
        card = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        card.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        card.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PROBE)
    else:
        card = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        card.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
        card.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PROBE)
    card.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
    if source is not None:
        card.bind((str(source), 0))
    return card


def _heard(
    cards: list[socket.socket], targets: Sequence[IPAddress], wait: float
) -> dict[IPAddress, Heard]:
    heard: dict[IPAddress, Heard] = {}
    until = monotonic() + wait
    while len(heard) < len(targets) and (left := until - monotonic()) > 0:
        for card in select.select(cards, [], [], left)[0]:
            packet, sender = card.recvfrom(2048)
            said = _read(packet, targets[0].version)
            if said is not None:
                number, kind, mtu = said
                heard.setdefault(targets[number], Heard(kind, sender[0], mtu))
                until = monotonic() + wait
    return heard


def _read(packet: bytes, version: int) -> tuple[int, str, int] | None:
    """Return an answer's number, kind and MTU, if it is to an echo of ours."""
    message = packet[20:] if version == 4 else packet
    kind = _KINDS[version].get((message[0], message[1]))
    if kind is None:
        return None
    quoted = message if kind == REPLY else message[8 + (20 if version == 4 else 40) :]
    identity, number = struct.unpack_from("!HH", quoted, 4)
    return (number, kind, int.from_bytes(message[6:8], "big")) if identity == 0x4E47 else None
