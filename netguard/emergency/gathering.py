"""Gathers the situation of one port: ask who answers, read the devices, place the station."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import msgspec

from netguard.ask import ask_about, in_threads
from netguard.collect import Clock, read_devices, read_port_tables
from netguard.config import Config
from netguard.emergency.disputes import PATIENT, QUICK, Dispute, claims, dispute_of
from netguard.emergency.known import Known, closed_port, closings, handled, standing
from netguard.emergency.placing import Unplaced, Wanted, accused, named_port, station_port
from netguard.findings import Finding
from netguard.freezing import why_frozen
from netguard.inventory import Device, Inventory, Segment, Server, SwitchPort, devices_of, index
from netguard.locate import Topology
from netguard.meter import Meter, Progress
from netguard.rules.claims import answers
from netguard.scene import Scene
from netguard.situation import Situation, stations, ways
from netguard.switches.opening import no_write
from netguard.view import DeviceView, PortTables, SegmentView, View
from probes.interfaces import local_interfaces, own_macs, source_address
from probes.mac import from_bytes
from probes.records import Interface, IPAddress

Ways = tuple[Topology, Mapping[SwitchPort, Server]]


async def gather(
    config: Config, wanted: Wanted, known: Known, *, clock: Clock, progress: Progress
) -> Situation:
    """Find out all that a decision about the port needs, as it is now.

    Raises NoSuchThing or Unplaced where what is meant is no one port.
    """
    wanted = _restored(wanted, known)
    target = accused(wanted)
    finding = wanted.finding or _finding_about(known.findings, target)
    view = await look(config, wanted, finding, known, clock=clock, progress=progress)
    found = ways(view)
    if wanted.port is not None:
        port = named_port(view, wanted.port)
    elif target is not None:
        port = station_port(target, found[0], _vlan(config.inventory, finding))
    else:
        raise Unplaced("stale-location", "nothing was named that could be closed")
    s = await situation(config, view, found, port, known, automatic=wanted.automatic, clock=clock)
    s = msgspec.structs.replace(s, change=wanted.change, target=target, finding=finding)
    return await _with_claims(config, s, known, clock=clock)


def _restored(wanted: Wanted, known: Known) -> Wanted:
    """Turn a station or finding whose port was closed into that port: no FDB has it any more."""
    if wanted.change == "shutdown" or wanted.port is not None:
        return wanted
    finding = wanted.finding.id if wanted.finding else None
    port = closed_port(known, mac=wanted.mac, finding=finding)
    if port is None:
        raise Unplaced(
            "not-ours",
            f"no port stands closed for {finding or wanted.mac}, as far as the history says",
            remedy="`netguard port history` shows it; a port can be named: DEVICE PORT.",
        )
    return Wanted(change="restore", port=port, automatic=wanted.automatic)


def _finding_about(findings: Iterable[Finding], mac: str | None) -> Finding | None:
    """Return the open finding in which a station is the impostor, or else one it is part of."""
    about = [f for f in findings if any(c.mac == mac for c in f.claimants)]
    blamed = [f for f in about if any(c.mac == mac and c.role == "impostor" for c in f.claimants)]
    return next(iter(blamed or about), None)


def _vlan(inventory: Inventory, finding: Finding | None) -> int | None:
    name = finding.segment if finding else None
    return next((s.vlan for s in inventory.segments if s.name == name), None)


async def look(
    config: Config,
    wanted: Wanted,
    finding: Finding | None,
    known: Known,
    *,
    clock: Clock,
    progress: Progress,
) -> View:
    """Ask about the address in dispute, then read the devices, so that their FDBs are fresher."""
    meter = Meter(progress)
    around = _around(config.inventory, wanted, finding, known)
    asked = await _asked(dispute_of(finding, around), finding, clock)
    devices = await read_devices(
        config,
        _devices(config.inventory, around, wanted),
        clock=clock,
        progress=meter.part("reading devices"),
    )
    return View(
        now=clock(),
        inventory=config.inventory,
        index=index(config.inventory),
        segments=asked,
        devices=devices,
        remembered=known.memory.identities,
        last_stations=known.memory.last_stations,
    )


def _around(
    inventory: Inventory, wanted: Wanted, finding: Finding | None, known: Known
) -> tuple[Segment, ...]:
    """Return the segments that what is meant can be on."""
    every = inventory.segments
    if wanted.port is not None:
        device = wanted.port.device
        return tuple(s for s in every if device in (*s.switches, *s.routers))
    names = {finding.segment} if finding else set(known.segments_of(wanted.mac or ""))
    return tuple(s for s in every if s.name in names) or every


def _devices(inventory: Inventory, around: Sequence[Segment], wanted: Wanted) -> tuple[Device, ...]:
    """Return the devices to read: those around the port, and its own if it is in no segment."""
    found = devices_of(inventory, around)
    named = wanted.port.device if wanted.port else ""
    return found or tuple(device for device in inventory.devices if device.name == named)


async def _asked(
    dispute: Dispute | None, finding: Finding | None, clock: Clock
) -> tuple[SegmentView, ...]:
    if dispute is None or finding is None:
        return ()
    segment, address = dispute
    accused_ = frozenset(c.mac for c in finding.claimants if c.role != "rightful")
    who: dict[IPAddress, frozenset[str]] = {address: frozenset(c.mac for c in finding.claimants)}
    (seen,) = await in_threads([partial(ask_about, segment, who, QUICK, clock=clock)])
    if not any(t.station in accused_ for t in seen.tests if answers(t)):
        (seen,) = await in_threads([partial(ask_about, segment, who, PATIENT, clock=clock)])
    return (seen,)


async def situation(
    config: Config,
    view: View,
    found: Ways,
    port: SwitchPort,
    known: Known,
    *,
    automatic: bool,
    clock: Clock,
) -> Situation:
    """Put together what is known of a port in a look that has been taken, with its `ways`."""
    device = view.devices[port.device]
    topology, homes = found
    own, addresses = _ourselves(device.device)
    now = clock()
    return Situation(
        now=now,
        change="shutdown",
        port=port,
        interface=_interface(device, port),
        view=view,
        topology=topology,
        homes=homes,
        tables=await _tables(config, device),
        settings=config.shutdown,
        no_write=no_write(config, device.device, device.platform),
        own_macs=own,
        own_addresses=addresses,
        recent=closings(known, now),
        closing=standing(known.journal.actions(port)),
        handled=handled(known),
        automatic=automatic,
        frozen=await asyncio.to_thread(why_frozen, config.store) if automatic else "",
    )


def _interface(device: DeviceView, port: SwitchPort) -> Interface | None:
    return next((one for one in device.interfaces if one.name == port.port), None)


async def _tables(config: Config, device: DeviceView) -> PortTables | None:
    if device.system is None:
        return None
    return await read_port_tables(config, device.device, device.platform)


def _ourselves(device: Device) -> tuple[frozenset[str], frozenset[IPAddress]]:
    """Return this machine's MACs, and the address from which it speaks to the device."""
    source = source_address(device.host, device.port)
    macs = frozenset(map(from_bytes, own_macs(local_interfaces())))
    return macs, frozenset({source} if source else ())


async def _with_claims(config: Config, s: Situation, known: Known, *, clock: Clock) -> Situation:
    """Add what is in dispute about the port: asked already, or, where only it was named, now."""
    about = _about(s, known)
    finding = s.finding or next(iter(about), None) or _closed_for(s, known)
    dispute = dispute_of(finding, config.inventory.segments)
    view = s.view
    if dispute is not None and not view.segments:
        view = msgspec.structs.replace(view, segments=await _asked(dispute, finding, clock))
    s = msgspec.structs.replace(s, view=view, findings=about, finding=finding)
    return with_claims(s, dispute)


def _about(s: Situation, known: Known) -> tuple[Finding, ...]:
    here = frozenset(stations(s))
    return tuple(f for f in known.findings if here & {c.mac for c in f.claimants})


def _closed_for(s: Situation, known: Known) -> Finding | None:
    """Return the finding for which netguard closed the port, also when it is over by now."""
    if s.change == "shutdown" or s.closing is None or s.closing.order.finding is None:
        return None
    return known.finding(s.closing.order.finding)


def with_claims(s: Situation, dispute: Dispute | None) -> Situation:
    """Return the situation with who answers for the address in dispute, if it was asked."""
    seen = next((x for x in s.view.segments if dispute and x.segment == dispute[0]), None)
    if dispute is None or seen is None or seen.gaps:
        return s
    scene = Scene(view=s.view, seen=seen, topology=s.topology, homes=s.homes)
    return msgspec.structs.replace(s, asked=True, claims=claims(scene, dispute[1], s.target))
