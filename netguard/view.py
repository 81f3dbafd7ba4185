"""One look at the network, frozen: what was measured, what the company says, and the moment.

Everything that judges takes a `View` and nothing else. The look-ups here answer the questions
that rules share: who claims an address, and whose identity a gateway rightfully has.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from ipaddress import IPv4Address
from typing import Literal

import msgspec

from netguard.inventory import Device, Gateway, Index, Inventory, Segment
from probes.records import (
    ArpClaim,
    ArpEntry,
    ArpSweep,
    BasePort,
    Chassis,
    ClaimTest,
    FdbEntry,
    Gap,
    Interface,
    InterfaceAddress,
    IPAddress,
    LagMember,
    Neighbor,
    SystemInfo,
    Table,
    Tagging,
)

Claims = Mapping[IPAddress, Mapping[str, ArpClaim]]


class DeviceView(msgspec.Struct, frozen=True, kw_only=True):
    """One router or switch as it was read; `gaps` says which tables are incomplete."""

    device: Device
    seen: datetime
    platform: str = "generic"
    system: SystemInfo | None = None
    chassis: Chassis | None = None
    base_address: str | None = None
    interfaces: tuple[Interface, ...] = ()
    addresses: tuple[InterfaceAddress, ...] = ()
    arp: tuple[ArpEntry, ...] = ()
    fdb: tuple[FdbEntry, ...] = ()
    neighbors: tuple[Neighbor, ...] = ()
    gaps: tuple[Gap, ...] = ()


class PortTables(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a device only when a port of it is to be changed: what each port is made for.

    A table with gaps says nothing about the ports that it does not list.
    """

    base_ports: Table[BasePort] = Table(())
    tagging: Table[Tagging] = Table(())
    lag_members: Table[LagMember] = Table(())


class SegmentView(msgspec.Struct, frozen=True, kw_only=True):
    """One segment as it was swept; `sweep` is None where it could not be.

    `claims` is the sweep by address and station; `tests` covers only the addresses in doubt.
    """

    segment: Segment
    sweep: ArpSweep | None = None
    claims: Claims = {}
    tests: tuple[ClaimTest, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def own_addresses(self) -> frozenset[IPv4Address]:
        """This machine's own addresses: it asks about them, and is their rightful user."""
        return self.sweep.own_addresses if self.sweep else frozenset()


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Which MACs a gateway rightfully answers with, who says so, and when."""

    macs: frozenset[str]
    source: Literal["inventory", "snmp"]
    seen: datetime
    detail: str
    said_by: str = ""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known at one moment.

    `remembered` holds, by (segment, address), the identity that a router itself gave over SNMP in
    an earlier look; `last_stations` the station that answered for a gateway in the last sweep;
    `first_seen` when each station first used an address that is in doubt now.
    """

    now: datetime
    inventory: Inventory
    index: Index
    segments: tuple[SegmentView, ...] = ()
    devices: Mapping[str, DeviceView] = {}
    remembered: Mapping[tuple[str, IPAddress], Identity] = {}
    last_stations: Mapping[tuple[str, IPAddress], str] = {}
    first_seen: Mapping[tuple[str, IPAddress], Mapping[str, datetime]] = {}


def claims_of(sweep: ArpSweep) -> Claims:
    """Return address -> station -> the first claim heard."""
    claims: dict[IPAddress, dict[str, ArpClaim]] = {}
    for claim in sweep.claims:
        claims.setdefault(claim.sender_ip, {}).setdefault(claim.sender_hw, claim)
    return claims


def addresses_by_station(claims: Claims) -> dict[str, set[IPAddress]]:
    """Return station -> every address it claimed."""
    stations: dict[str, set[IPAddress]] = {}
    for address, claimants in claims.items():
        for station in claimants:
            stations.setdefault(station, set()).add(address)
    return stations


def routers_of(view: View, segment: Segment) -> Iterator[DeviceView]:
    """Yield the segment's routers that could be read."""
    for name in segment.routers:
        if name in view.devices:
            yield view.devices[name]


def router_addresses(view: View, segment: Segment) -> dict[IPAddress, frozenset[str]]:
    """Return the routers' own addresses in the segment with the MACs of the interfaces they sit on.

    Read from ipAddrTable and ifPhysAddress of the router itself: what ARP says has no part in it.
    """
    own: dict[IPAddress, set[str]] = {}
    for router in routers_of(view, segment):
        macs = {i.if_index: i.phys_address for i in router.interfaces}
        for address in router.addresses:
            if any(address.ip in network for network in segment.networks):
                mac = macs.get(address.if_index)
                own.setdefault(address.ip, set()).update({mac} if mac else ())
    return {address: frozenset(macs) for address, macs in own.items() if macs}


def router_macs(view: View, segment: Segment) -> frozenset[str]:
    """Return every MAC that is a router's by its own word or by the configuration, never by ARP."""
    said = (i.phys_address for r in routers_of(view, segment) for i in r.interfaces)
    pinned = (gateway_identity(view, segment, gateway) for gateway in segment.gateways)
    return frozenset((*filter(None, said), *(m for p in pinned if p for m in p.macs)))


def gateway_identity(view: View, segment: Segment, gateway: Gateway) -> Identity | None:
    """Return who the gateway rightfully is: config, the router itself now, or its earlier word.

    Never what ARP says. None where nobody has pinned it.
    """
    if gateway.macs:
        return Identity(
            macs=frozenset(gateway.macs),
            source="inventory",
            seen=view.now,
            detail=f"configuration pins {gateway.address} to {', '.join(gateway.macs)}",
        )
    confirmed = confirmed_identity(view, segment, gateway.address)
    return confirmed or view.remembered.get((segment.name, gateway.address))


def confirmed_identity(view: View, segment: Segment, address: IPAddress) -> Identity | None:
    """Return the identity that a router gives for one of its own addresses, in this look."""
    macs = router_addresses(view, segment).get(address)
    if not macs:
        return None
    having = [r for r in routers_of(view, segment) if any(a.ip == address for a in r.addresses)]
    who = " and ".join(router.device.name for router in having)
    return Identity(
        macs=macs,
        source="snmp",
        seen=max(router.seen for router in having),
        detail=f"{who} says that {address} is its own, on {', '.join(sorted(macs))}",
        said_by=who,
    )
