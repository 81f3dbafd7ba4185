"""Frames octet by octet, the way they come from a wire, through the parser into an ear."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from ipaddress import IPv4Address, ip_address
from typing import NamedTuple

from netguard.findings import Finding
from netguard.hearing.ear import Ear, Ground
from probes.arp.frames import ArpFrame, craft
from probes.listen import Counters, heard
from probes.mac import to_bytes
from tests.building import mac
from tests.netguard.hearing.frames import START
from tests.probes.listen.crafting import (
    advertisement,
    link_layer,
    ndp,
    prefix,
    router_advertisement,
    solicitation,
)

EVERYBODY, NOBODY = "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"
UNSPECIFIED = str(IPv4Address(0))
NANOSECONDS = 1_000_000_000
_EPOCH = int(START.timestamp()) * NANOSECONDS


class Framed(NamedTuple):
    """A frame, and at which second it came."""

    at: float
    octets: bytes


class Cast:
    """Addresses and stations of one story; those of other numbers are others (0 to 15)."""

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self.ip, self.other, self.third, self.fourth = (
            f"198.51.100.{8 + number * 8 + n}" for n in range(4)
        )
        self.ip6, self.other6 = (f"2001:db8::{number + 1:x}:{n}" for n in (1, 2))
        self.local6, self.other_local6 = (f"fe80::{number + 1:x}:{n}" for n in (1, 2))
        # No two of them are a bit or two apart.
        self.owner, self.second = mac(number), mac(number ^ 0xFF)
        self.asker, self.asker2 = mac(number ^ 0x3C), mac(number ^ 0xC3)


def arp(
    at: float,
    operation: int,
    station: str,
    ip: str,
    target: str,
    *,
    to: str = EVERYBODY,
    source: str = "",
    vlan: int | None = None,
) -> Framed:
    frame = ArpFrame(
        frame_destination=to,
        frame_source=source or station,
        operation=operation,
        sender_hw=station,
        sender_ip=IPv4Address(ip),
        target_hw=NOBODY if to == EVERYBODY else to,
        target_ip=IPv4Address(target),
        vlan=vlan,
    )
    return Framed(at, craft(frame))


def garp(at: float, station: str, ip: str, *, source: str = "", vlan: int | None = None) -> Framed:
    return arp(at, 1, station, ip, ip, source=source, vlan=vlan)


def request(at: float, station: str, ip: str, target: str, *, to: str = EVERYBODY) -> Framed:
    return arp(at, 1, station, ip, target, to=to)


def reply(
    at: float, station: str, ip: str, to: str, *, source: str = "", vlan: int | None = None
) -> Framed:
    return arp(at, 2, station, ip, "198.51.100.7", to=to, source=source, vlan=vlan)


def probe(at: float, station: str, ip: str) -> Framed:
    return arp(at, 1, station, UNSPECIFIED, ip)


def na(
    at: float, station: str, ip: str, *, to: str = "", override: bool = True, router: bool = False
) -> Framed:
    """A neighbour advertisement, to one station where it is named."""
    flags = 0x20 * override | 0x80 * router | 0x40 * bool(to)
    octets = ndp(
        advertisement(ip, flags, link_layer(2, station)),
        source=ip,
        to="fe80::77" if to else "ff02::1",
        frame=station,
    )
    return Framed(at, to_bytes(to) + octets[6:] if to else octets)


def ns(at: float, station: str, ip: str, target: str = "2001:db8::99") -> Framed:
    return Framed(at, ndp(solicitation(target, link_layer(1, station)), source=ip, frame=station))


def dad(at: float, station: str, ip: str) -> Framed:
    solicited = f"ff02::1:ff{ip_address(ip).packed[-3]:02x}:{int(ip_address(ip)) & 0xFFFF:x}"
    return Framed(at, ndp(solicitation(ip), source="::", to=solicited, frame=station))


def ra(
    at: float,
    station: str,
    router: str,
    lifetime: int = 1800,
    *,
    network: str = "",
    source: str = "",
) -> Framed:
    options = link_layer(1, station) + (prefix(network, 64) if network else b"")
    body = router_advertisement(lifetime, options)
    return Framed(at, ndp(body, source=router, frame=source or station))


def found(frames: Iterable[Framed], ground: Ground | None = None) -> list[Finding]:
    """Hear the frames as a capture is heard, and return what was found."""
    ear, counters, latest = Ear(ground or Ground()), Counters(), START
    packets = (
        (_EPOCH + round(at * NANOSECONDS), 1, "eth1", octets, len(octets)) for at, octets in frames
    )
    for record in heard(packets, counters):
        ear.hear(record)
        latest = max(latest, record.seen)
    assert counters.malformed == counters.cut == 0
    return list(ear.findings(latest + timedelta(seconds=1)))


def pinned(gateways: Mapping[str, Iterable[str]], *routers: str) -> Ground:
    return Ground(
        gateways={ip_address(ip): frozenset(macs) for ip, macs in gateways.items()},
        routers=frozenset(routers),
    )
