"""Small builders for what is heard on a segment."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address

from netguard.hearing.ear import Ground
from probes.heard import ArpClaim, NeighborClaim, RouterAdvert
from tests.building import mac

START = datetime(2026, 11, 26, 4, tzinfo=UTC)
IP, OTHER, GATEWAY = "198.51.100.22", "198.51.100.26", "198.51.100.1"
ROUTER = "fe80::1"
OWNER, SECOND, THIRD = mac(0x22), mac(0x26), mac(0x27)
PINNED = Ground(gateways={ip_address(GATEWAY): frozenset({mac(1)})})


def arp(at: float, station: str, ip: str = IP, told: str | None = None, vlan: int = 0) -> ArpClaim:
    return ArpClaim(
        interface="eth1",
        sender_ip=ip_address(ip),  # type: ignore[arg-type]
        sender_hw=station,
        frame_source=station,
        kind="reply" if told else "announcement",
        seen=START + timedelta(seconds=at),
        vlan=vlan or None,
        told=told,
    )


def na(at: float, station: str, *, override: bool = True, ip: str = "fe80::22") -> NeighborClaim:
    return NeighborClaim(
        interface="eth1",
        sender_ip=IPv6Address(ip),
        sender_hw=station,
        frame_source=station,
        kind="advertisement",
        override=override,
        seen=START + timedelta(seconds=at),
    )


def ra(at: float, station: str, lifetime: int = 1800) -> RouterAdvert:
    return RouterAdvert(
        interface="eth1",
        router=IPv6Address(ROUTER),
        sender_hw=station,
        frame_source=station,
        lifetime=lifetime,
        prefixes=(),
        seen=START + timedelta(seconds=at),
    )


def minutes(start: float, end: float) -> list[ArpClaim]:
    """Return what a station on another address says meanwhile, once a minute."""
    return [arp(at, THIRD, OTHER) for at in range(int(start), int(end), 60)]


def in_turns(times: int = 4, *stations: str, ip: str = IP, every: float = 1) -> list[ArpClaim]:
    who = stations or (OWNER, SECOND)
    return [arp(n * every, who[n % len(who)], ip) for n in range(times)]
