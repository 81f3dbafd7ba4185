"""A segment that speaks IPv6, and stations in userland that answer Neighbor Solicitations oddly."""

import select
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from time import monotonic, sleep

from netguard.lab import namespaces
from probes.interfaces import ipv6_addresses
from tests.probes.listen.crafting import (
    ALL_NODES,
    IPV6,
    advertisement,
    ethernet,
    icmp6,
    ipv6,
    link_layer,
)
from tests.segment import OWN_MAC, Segment, answering_frames, raw, sysctl

NETWORK = IPv6Network("2001:db8:226::/64")
ROUTER_FLAG, SOLICITED, OVERRIDE = 0x80, 0x40, 0x20
TARGET_LINK_LAYER = 2
_NODAD, _PERMANENT = 0x02, 0x80


def address(number: int) -> IPv6Address:
    return NETWORK[number]


OWN = address(0xFE)


def link_local(hw: str) -> IPv6Address:
    """Return what the kernel makes of a card's MAC (RFC 4291, appendix A)."""
    octets = bytearray.fromhex(hw.replace(":", ""))
    octets[0] ^= 2
    return IPv6Address(b"\xfe\x80" + bytes(6) + octets[:3] + b"\xff\xfe" + octets[3:])


def speak_ipv6(segment: Segment, fd: int, card: str, *addresses: IPv6Address) -> None:
    """Let a card have IPv6 addresses at once, whoever else may have them."""
    sysctl(fd, f"ipv6/conf/{card}/accept_dad", "0")
    sysctl(fd, f"ipv6/conf/{card}/disable_ipv6", "0")
    with segment.ip(fd) as ip:
        index = ip.link_lookup(ifname=card)[0]
        for each in addresses:
            flags = _NODAD | _PERMANENT
            ip.addr("add", index=index, address=str(each), prefixlen=64, flags=flags)
    # The kernel makes its own link-local address when the card can send, and joins the groups at
    # which questions come a little later.
    until = monotonic() + 20
    with namespaces.entered(fd):
        while not _is_ready(card, addresses):
            assert monotonic() < until, f"{card} does not speak IPv6"
            sleep(0.02)


def _is_ready(card: str, addresses: Collection[IPv6Address]) -> bool:
    own = {each.ip for each in ipv6_addresses().get(card, ())}
    lines = Path("/proc/thread-self/net/igmp6").read_text(encoding="ascii").splitlines()
    groups = {line.split()[2] for line in lines if line.split()[1] == card}
    heard = all(f"ff0200000000000000000001ff{each.packed[13:].hex()}" in groups for each in own)
    return heard and any(each.is_link_local for each in own.difference(addresses))


def host(segment: Segment, number: int, *last: int) -> int:
    """Add a host with mac(number), a link-local address, and its addresses."""
    fd = segment.host(number)
    speak_ipv6(segment, fd, "eth0", *map(address, last))
    return fd


def prober(segment: Segment) -> int:
    fd = segment.prober()
    speak_ipv6(segment, fd, "eth1", OWN)
    return fd


def advertised(
    target: IPv6Address,
    hw: str,
    *,
    to: IPv6Address = OWN,
    to_hw: str = OWN_MAC,
    flags: int = SOLICITED | OVERRIDE,
    named: bool = True,
    hop_limit: int = 255,
    before: bytes = b"",
    spoil: Callable[[bytes], bytes] = lambda body: body,
) -> bytes:
    """Return a frame with an advertisement; `spoil` has its body before the checksum is made."""
    body = advertisement(str(target), flags, link_layer(TARGET_LINK_LAYER, hw) if named else b"")
    body = icmp6(spoil(body), str(target), str(to))
    kind = 60 if before else 58
    packet = ipv6(kind, body, source=str(target), to=str(to), hop_limit=hop_limit, before=before)
    return ethernet(IPV6, packet, source=hw, to=to_hw)


def announced(target: IPv6Address, hw: str) -> bytes:
    """Return an advertisement that nobody asked for, to all."""
    to = IPv6Address(ALL_NODES)
    return advertised(target, hw, to=to, to_hw="33:33:00:00:00:01", flags=OVERRIDE)


class Asked:
    """A Neighbor Solicitation, as a station in userland reads it."""

    def __init__(self, frame: bytes) -> None:
        self.to_hw = frame[:6].hex(":")
        self.by = IPv6Address(frame[22:38])
        self.to = IPv6Address(frame[38:54])
        self.target = IPv6Address(frame[62:78])
        self.alone = not self.to.is_multicast


def is_solicitation(frame: bytes) -> bool:
    return frame[12:14] == IPV6 and frame[20] == 58 and frame[54] == 135


def answering(
    fd: int, answer: Callable[[Asked], bytes | None], *, delay: float = 0.0
) -> AbstractContextManager[None]:
    """Answer every solicitation that comes to a host's card, as a function says."""

    def answer_frame(frame: bytes) -> bytes | None:
        return answer(Asked(frame)) if is_solicitation(frame) else None

    return answering_frames(fd, answer_frame, delay=delay)


def claims(target: IPv6Address, hw: str, *, named: bool = True) -> Callable[[Asked], bytes | None]:
    """Answer for an address as a station does, if the question is for it or for all."""

    def answer(asked: Asked) -> bytes | None:
        if asked.target != target or (asked.alone and asked.to_hw != hw):
            return None
        return advertised(target, hw, to=asked.by, named=named)

    return answer


@contextmanager
def tapped(fd: int, port: str) -> Iterator[Callable[[], list[bytes]]]:
    """Give what has come in at a switch port, as often as it is asked for."""
    with raw(fd, port) as link:

        def frames() -> list[bytes]:
            seen = []
            while select.select([link], [], [], 0)[0]:
                frame, (_, _, kind, _, _) = link.recvfrom(2048)
                if kind != socket.PACKET_OUTGOING:
                    seen.append(frame)
            return seen

        yield frames
