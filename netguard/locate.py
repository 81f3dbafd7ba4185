"""Where a station hangs: from the FDBs of all the switches to one end port, or an honest answer.

An uplink is what the configuration calls one, or a link whose two polled ends name each other.
What a port's neighbour says on its own changes nothing: a customer can say anything.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from netguard.findings import Location
from netguard.inventory import SwitchPort
from netguard.neighbors import Directory, far_port, near_port
from netguard.ports import find_port
from netguard.view import DeviceView, aggregates
from probes.records import Interface

Links = Mapping[SwitchPort, SwitchPort]
# What kind of answer it is: one end port; several end ports (a loop, a moved or a cloned MAC);
# seen, but only on uplinks (it hangs on a switch that was not read); nowhere in any FDB.
Answer = Literal["port", "several-ports", "uplink-only", "not-seen"]


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One FDB row about the station: this device reaches it through this port."""

    port: SwitchPort
    if_index: int
    vlan: int | None
    seen: datetime
    uplink: bool


class Whereabouts(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to "where is it": `location` only where exactly one end port has it.

    `path` leads from the router's side to the station, one port of each device on the way.
    """

    answer: Answer
    location: Location | None = None
    locations: tuple[Location, ...] = ()
    path: tuple[SwitchPort, ...] = ()


class Topology(msgspec.Struct, frozen=True, kw_only=True):
    """The links that both ends confirm, the ports known to be uplinks, and who was seen where."""

    roles: Mapping[str, str]
    links: Links
    uplinks: frozenset[SwitchPort]
    sightings: Mapping[str, tuple[Sighting, ...]]


def topology(devices: Mapping[str, DeviceView], occupied: Collection[SwitchPort] = ()) -> Topology:
    """Work out which ports join devices, and index every FDB row by its station.

    `occupied` are ports that the inventory gives to servers: two customers may well name each
    other, so what LLDP says there makes no uplink.
    """
    confirmed = confirmed_links(devices)
    links = {a: b for a, b in confirmed.items() if a not in occupied and b not in occupied}
    links |= _aggregated(links, devices)
    configured = {
        SwitchPort(view.device.name, port.name)
        for view in devices.values()
        for name in view.device.uplinks
        if (port := find_port(view.interfaces, name))
    }
    known = {*links, *configured, *_towards_unread(devices.values(), occupied)}
    uplinks = frozenset(_with_bundles(known, devices))
    return Topology(
        roles={name: view.device.role for name, view in devices.items()},
        links=links,
        uplinks=uplinks,
        sightings=_by_station(devices.values(), uplinks),
    )


def _aggregated(links: Links, devices: Mapping[str, DeviceView]) -> dict[SwitchPort, SwitchPort]:
    """Return the links between aggregates whose ports are linked: the FDBs name the aggregates."""
    above = _bundles(devices)
    raised = {above.get(near, near): above.get(far, far) for near, far in links.items()}
    return {near: far for near, far in raised.items() if near not in links or far not in links}


def _bundles(devices: Mapping[str, DeviceView]) -> dict[SwitchPort, SwitchPort]:
    """Return the aggregate of each port that is in one."""
    return {
        SwitchPort(name, port.name): SwitchPort(name, above[port.if_index].name)
        for name, view in devices.items()
        if (above := aggregates(view))
        for port in view.interfaces
        if port.if_index in above
    }


def _with_bundles(
    uplinks: set[SwitchPort], devices: Mapping[str, DeviceView]
) -> Iterator[SwitchPort]:
    """Yield the uplinks, the aggregates that they are in, and all the ports of these."""
    above = _bundles(devices)
    whole = {above.get(port, port) for port in uplinks}
    yield from uplinks | whole
    yield from (port for port, aggregate in above.items() if aggregate in whole)


def _towards_unread(
    views: Iterable[DeviceView], occupied: Collection[SwitchPort]
) -> Iterator[SwitchPort]:
    """Yield the ports whose neighbour says that it is a device of ours that cannot be read now.

    Nothing confirms it, so nothing behind such a port is located: to call the trunk a customer's
    port would be far worse.
    """
    known = tuple(views)
    unread = Directory(view for view in known if view.system is None)
    for view in known:
        for neighbor in view.neighbors:
            near = near_port(view, neighbor)
            if near and unread.meant(neighbor):
                port = SwitchPort(view.device.name, near.name)
                if port not in occupied:
                    yield port


def confirmed_links(devices: Mapping[str, DeviceView]) -> dict[SwitchPort, SwitchPort]:
    """Return port -> far port for the links whose two ends, both read by us, name each other."""
    directory = Directory(devices.values())
    claimed = {
        (SwitchPort(here.device.name, near.name), SwitchPort(there.device.name, far.name))
        for here in devices.values()
        for neighbor in here.neighbors
        for there in directory.meant(neighbor)
        if there is not here
        and (near := near_port(here, neighbor))
        and (far := far_port(there, neighbor))
    }
    return {near: far for near, far in sorted(claimed, key=str) if (far, near) in claimed}


def _by_station(
    views: Iterable[DeviceView], uplinks: frozenset[SwitchPort]
) -> dict[str, tuple[Sighting, ...]]:
    """Index the learned FDB rows by station; a row whose port has no name locates nobody."""
    found: dict[str, dict[Sighting, None]] = {}
    for view in views:
        interfaces = {i.if_index: i for i in view.interfaces} | aggregates(view)
        for entry in view.fdb:
            port = interfaces.get(entry.if_index) if entry.if_index is not None else None
            if entry.status == "learned" and port is not None and port.name:
                sighting = _sighting(view, port, entry.vlan, uplinks)
                found.setdefault(entry.mac, {})[sighting] = None
    return {station: tuple(seen) for station, seen in found.items()}


def _sighting(
    view: DeviceView, port: Interface, vlan: int | None, uplinks: frozenset[SwitchPort]
) -> Sighting:
    where = SwitchPort(view.device.name, port.name)
    return Sighting(
        port=where,
        if_index=port.if_index,
        vlan=vlan,
        seen=view.seen,
        uplink=where in uplinks,
    )


def sightings(station: str, topo: Topology, vlan: int | None = None) -> tuple[Sighting, ...]:
    """Return every FDB row about the station, in the given VLAN where one is given."""
    seen = topo.sightings.get(station, ())
    return tuple(s for s in seen if vlan is None or s.vlan in (None, vlan))


def locate(station: str, topo: Topology, vlan: int | None = None) -> Whereabouts:
    """Say where the station hangs. Two end ports are an answer of their own, never a guess."""
    seen = sightings(station, topo, vlan)
    ends = {s.port: s for s in seen if not s.uplink}
    locations = tuple(_location(s) for s in ends.values())
    if not seen:
        return Whereabouts(answer="not-seen")
    if not ends:
        return Whereabouts(answer="uplink-only", path=tuple(s.port for s in seen))
    if len(ends) > 1:
        return Whereabouts(answer="several-ports", locations=locations)
    end = next(iter(ends))
    return Whereabouts(
        answer="port",
        location=locations[0],
        locations=locations,
        path=_path(end, {s.port for s in seen}, topo),
    )


def _location(sighting: Sighting) -> Location:
    return Location(
        device=sighting.port.device,
        port=sighting.port.port,
        if_index=sighting.if_index,
        vlan=sighting.vlan,
        seen=sighting.seen,
    )


def _path(end: SwitchPort, seen: Iterable[SwitchPort], topo: Topology) -> tuple[SwitchPort, ...]:
    """Follow the confirmed links backwards from the end port, over ports that saw the station.

    A router keeps no FDB: where one is linked to a device on the way, the way starts there.
    Otherwise it starts at the last device that is known to lie before.
    """
    leads = [p for p in seen if p in topo.links]
    leads += [p for p in topo.links if topo.roles.get(p.device) == "router"]
    towards: dict[str, list[SwitchPort]] = {}
    for port in leads:
        towards.setdefault(topo.links[port].device, []).append(port)
    path = [end]
    visited = {end.device}
    while before := [p for p in towards.get(path[0].device, ()) if p.device not in visited]:
        step = max(before, key=lambda p: (topo.roles[p.device] == "router", p.device in towards))
        path.insert(0, step)
        visited.add(step.device)
    return tuple(path)
