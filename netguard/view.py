"""One look at the network, frozen: what was measured, what the company says, and the moment.

Everything that judges takes a `View` and nothing else.
"""

from collections.abc import Mapping
from datetime import datetime
from ipaddress import IPv4Address
from typing import Literal

import msgspec
from msgspec.structs import replace

from netguard.inventory import Device, Index, Inventory, Segment, SwitchPort
from probes.heard import ArpClaim, ArpSweep, ClaimTest
from probes.records import (
    ArpEntry,
    BasePort,
    Chassis,
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
    VirtualGateway,
    Vlan,
)

Claims = Mapping[IPAddress, Mapping[str, ArpClaim]]


class DeviceView(msgspec.Struct, frozen=True, kw_only=True):
    """One router or switch as it was read; `gaps` says what is incomplete, `missed` which tables.

    `platform` is the family of devices that it belongs to, as people configure it, and
    `operating_system` what runs on it, as `probes.platforms` names it. `vlans` and `tagging` are
    empty unless the device was read whole.
    """

    device: Device
    seen: datetime
    platform: Literal["catalyst", "foundry", "generic"] = "generic"
    operating_system: str = ""
    system: SystemInfo | None = None
    chassis: Chassis | None = None
    base_address: str | None = None
    interfaces: tuple[Interface, ...] = ()
    addresses: tuple[InterfaceAddress, ...] = ()
    arp: tuple[ArpEntry, ...] = ()
    fdb: tuple[FdbEntry, ...] = ()
    neighbors: tuple[Neighbor, ...] = ()
    lag_members: tuple[LagMember, ...] = ()
    virtual_gateways: tuple[VirtualGateway, ...] = ()
    vlans: tuple[Vlan, ...] = ()
    tagging: tuple[Tagging, ...] = ()
    gaps: tuple[Gap, ...] = ()
    missed: frozenset[str] = frozenset()


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
    """Which MACs a gateway rightfully answers with, who says so, and when.

    `words` are what each router said of it earlier, if anything; `said_by` names the router then,
    and `beside` are the MACs of all its addresses in the segment, without virtual ones.
    """

    macs: frozenset[str]
    source: Literal["inventory", "snmp"]
    seen: datetime
    detail: str
    said_by: str = ""
    beside: frozenset[str] = frozenset()
    words: tuple["Identity", ...] = ()


class Stay(msgspec.Struct, frozen=True):
    """One look in which a station was learned on an end port: which, in which VLAN, and when."""

    port: SwitchPort
    vlan: int | None
    seen: datetime


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known at one moment.

    `remembered` holds, by (segment, address), the identity that routers themselves gave over SNMP
    in earlier looks; `last_stations` the station that answered for a gateway in the last sweep;
    `suspects` the claimants in findings that are open, by what they claim;
    `first_seen` when each station first used an address that is in doubt now; `flights`, by
    (segment, MAC), where stations that move were in the last looks, oldest first (None: that was
    not looked up).
    """

    now: datetime
    inventory: Inventory
    index: Index
    segments: tuple[SegmentView, ...] = ()
    devices: Mapping[str, DeviceView] = {}
    remembered: Mapping[tuple[str, IPAddress], Identity] = {}
    last_stations: Mapping[tuple[str, IPAddress], str] = {}
    suspects: Mapping[tuple[str, IPAddress], frozenset[str]] = {}
    first_seen: Mapping[tuple[str, IPAddress], Mapping[str, datetime]] = {}
    flights: Mapping[tuple[str, str], tuple[Stay, ...]] | None = None


def aggregates(view: DeviceView) -> dict[int, Interface]:
    """Return the aggregate of each port that is in one, by the port's if_index.

    An FDB names the aggregate, neighbours and people name its ports.
    """
    interfaces = {one.if_index: one for one in view.interfaces}
    return {
        member.if_index: interfaces[member.aggregate]
        for member in view.lag_members
        if member.aggregate in interfaces
    }


def claims_of(sweep: ArpSweep) -> Claims:
    """Return address -> station -> the first claim heard."""
    claims: dict[IPAddress, dict[str, ArpClaim]] = {}
    for claim in sweep.claims:
        claims.setdefault(claim.sender_ip, {}).setdefault(claim.sender_hw, claim)
    return claims


def with_answers(before: SegmentView, asked: SegmentView) -> SegmentView:
    """Return a segment as it was swept, with what was asked about some addresses since.

    Who answered for an IPv4 address has claimed it, as in a sweep.
    """
    claims = {address: dict(stations) for address, stations in before.claims.items()}
    for test in asked.tests:
        delay = test.unicast_delay if test.broadcast_delay is None else test.broadcast_delay
        if delay is not None and isinstance(test.address, IPv4Address):
            claims.setdefault(test.address, {})[test.station] = ArpClaim(
                interface=before.segment.interface or "",
                sender_ip=test.address,
                sender_hw=test.station,
                frame_source=test.station,
                kind="reply",
                seen=test.seen,
                delay=delay,
            )
    return replace(before, claims=claims, tests=asked.tests, gaps=asked.gaps)


def addresses_by_station(claims: Claims) -> dict[str, set[IPAddress]]:
    """Return station -> every address it claimed."""
    stations: dict[str, set[IPAddress]] = {}
    for address, claimants in claims.items():
        for station in claimants:
            stations.setdefault(station, set()).add(address)
    return stations
