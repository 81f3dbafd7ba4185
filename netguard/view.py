"""One look at the network, frozen: what was measured, what the company says, and the moment.

Everything that judges takes a `View` and nothing else. The look-ups here answer the questions
that rules share: who claims an address, and whose identity a gateway rightfully has.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from ipaddress import IPv4Address
from typing import Literal

import msgspec
from msgspec.structs import replace

from netguard.inventory import Device, Gateway, Index, Inventory, Segment, SwitchPort
from probes.heard import ArpClaim, ArpSweep, ClaimTest
from probes.mac import virtual_family
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
    """One router or switch as it was read; `gaps` says which tables are incomplete.

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


def routers_of(view: View, segment: Segment) -> Iterator[DeviceView]:
    """Yield the segment's routers that could be read."""
    for name in segment.routers:
        if name in view.devices:
            yield view.devices[name]


def router_addresses(view: View, segment: Segment) -> dict[IPAddress, frozenset[str]]:
    """Return the routers' own addresses in the segment, also shared ones, with the MACs for them.

    Read from the router itself (ipAddrTable, ifPhysAddress, HSRP, VRRP): what ARP says has no part
    in it. A virtual MAC goes with the addresses that it is reported for and with no others.
    """
    own: dict[IPAddress, frozenset[str]] = {}
    for router in routers_of(view, segment):
        for address, macs in words_of(router, segment).items():
            own[address] = own.get(address, frozenset()) | macs
    return own


def words_of(router: DeviceView, segment: Segment) -> dict[IPAddress, frozenset[str]]:
    """Return a router's addresses in a segment with the MACs for them, by its own word."""
    own: dict[IPAddress, set[str]] = {}
    for address, mac in _spoken_for(router):
        if any(address in network for network in segment.networks):
            own.setdefault(address, set()).add(mac)
    return {address: frozenset(macs) for address, macs in own.items()}


def has_told(device: DeviceView) -> bool:
    """Tell whether a device has said of itself, in this look, all that it has to say.

    One that is starting, or overloaded, falls silent somewhere in between.
    """
    return bool(device.interfaces) and not any(g.kind.startswith("snmp-") for g in device.gaps)


def earlier_words(view: View, segment: Segment, address: IPAddress) -> list[Identity]:
    """Return what those routers said of an address earlier that have not told all in this look.

    Who has told all, and claims the address no more, has given it up.
    """
    known = view.remembered.get((segment.name, address))
    if known is None or not known.words:
        return []
    told = {router.device.name for router in routers_of(view, segment) if has_told(router)}
    silent = frozenset(segment.routers) - told
    return [word for word in known.words if word.said_by in silent]


def _spoken_for(router: DeviceView) -> Iterator[tuple[IPAddress, str]]:
    """Yield the router's addresses with the MACs from which it answers for them.

    For a shared address that is the virtual MAC, or the interface's own: keepalived does so
    without its macvlan, IOS where it is told to use the burned-in address.
    """
    macs = {i.if_index: i.phys_address for i in router.interfaces}
    for address in router.addresses:
        if mac := macs.get(address.if_index):
            yield address.ip, mac
    for shared in router.virtual_gateways:
        for each in filter(None, (shared.mac, macs.get(shared.if_index))):
            yield shared.ip, each


def router_macs(view: View, segment: Segment) -> frozenset[str]:
    """Return every MAC that is a router's by its own word or by the configuration, never by ARP.

    Of a router that cannot be read it is what it last said to have in the segment.
    """
    said = {i.phys_address for r in routers_of(view, segment) for i in r.interfaces}
    for gateway in segment.gateways:
        said.update(*(word.beside for word in earlier_words(view, segment, gateway.address)))
    return frozenset(filter(None, said)) | _gateway_macs(view, segment)


def virtual_macs(view: View, segment: Segment) -> frozenset[str]:
    """Return the routers' MACs that go with one shared IPv4 address, or a few, and no others.

    IPv6 has its own: from the card that bears one a router may well answer for its IPv4 addresses.
    """
    shared = {
        one.mac
        for router in routers_of(view, segment)
        for one in router.virtual_gateways
        if one.mac and isinstance(one.ip, IPv4Address)
    }
    return frozenset(filter(virtual_family, shared | _gateway_macs(view, segment)))


def _gateway_macs(view: View, segment: Segment) -> frozenset[str]:
    pinned = (gateway_identity(view, segment, gateway) for gateway in segment.gateways)
    return frozenset(mac for identity in pinned if identity for mac in identity.macs)


def cards_of(view: View, segment: Segment, address: IPAddress) -> frozenset[str]:
    """Return the MACs of all interfaces of the router that has an address, or of those sharing it.

    A host with several cards in one segment may answer from any. Two routers that each call an
    address their own alone are no such thing.
    """
    own, sharing = [], []
    for router in routers_of(view, segment):
        if any(shared.ip == address for shared in router.virtual_gateways):
            sharing.append(router)
        elif any(each.ip == address for each in router.addresses):
            own.append(router)
    if len(own) > 1 and not sharing:
        return frozenset()
    macs = (i.phys_address for router in (*own, *sharing) for i in router.interfaces)
    return frozenset(filter(None, macs))


def gateway_identity(view: View, segment: Segment, gateway: Gateway) -> Identity | None:
    """Return who the gateway rightfully is: config, the routers themselves now, or earlier words.

    Never what ARP says. None where nobody has pinned it. What a router said earlier counts beside
    what others say now, until it is read again: it may start, and take the gateway back, before it
    answers. The last word stands while nobody has said another.
    """
    if gateway.macs:
        return Identity(
            macs=frozenset(gateway.macs),
            source="inventory",
            seen=view.now,
            detail=f"configuration pins {gateway.address} to {', '.join(gateway.macs)}",
        )
    confirmed = confirmed_identity(view, segment, gateway.address)
    earlier = [word for word in earlier_words(view, segment, gateway.address) if word.macs]
    if said := [confirmed, *earlier] if confirmed else earlier:
        return joined(said)
    last = view.remembered.get((segment.name, gateway.address))
    return last if last and last.macs else None


def joined(words: Sequence[Identity]) -> Identity:
    """Return what several routers say, each for itself, as one identity; there is at least one."""
    if len(words) == 1:
        return words[0]
    return Identity(
        macs=frozenset(mac for word in words for mac in word.macs),
        source="snmp",
        seen=max(word.seen for word in words),
        detail="; ".join(word.detail for word in words),
        said_by=" and ".join(word.said_by for word in words),
    )


def confirmed_identity(view: View, segment: Segment, address: IPAddress) -> Identity | None:
    """Return the identity that a router gives for one of its own addresses, in this look."""
    macs = router_addresses(view, segment).get(address)
    if not macs:
        return None
    having = [r for r in routers_of(view, segment) if address in dict(_spoken_for(r))]
    shared = {
        one.protocol.upper() for r in having for one in r.virtual_gateways if one.ip == address
    }
    who = " and ".join(router.device.name for router in having)
    how = f"shared by {' and '.join(sorted(shared))}" if shared else "its own"
    verb = "say" if len(having) > 1 else "says"
    return Identity(
        macs=macs,
        source="snmp",
        seen=max(router.seen for router in having),
        detail=f"{who} {verb} that {address} is {how}, on {', '.join(sorted(macs))}",
        said_by=who,
    )
