"""What the daemon knows between looks: who is who, by the configuration and the last looks."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

from msgspec.structs import replace

from netguard.attribution import claimant, suspects
from netguard.collect import Clock
from netguard.config import Config
from netguard.findings import Finding
from netguard.hearing.doubts import Known
from netguard.hearing.ear import Ground
from netguard.inventory import Index, Segment, index, servers_on
from netguard.locate import topology
from netguard.remember import Memory
from netguard.routers import gateway_identity, has_told, router_macs, routers_of, virtual_macs
from netguard.rules.unassigned_address import explained
from netguard.scene import Scene, homes
from netguard.view import DeviceView, SegmentView, View
from probes.records import IPAddress

_SWEPT_VERSION = 4
Row = TypeVar("Row")


class Site:
    """The configuration, what the store remembers, the devices and segments as last seen."""

    def __init__(self, config: Config, clock: Clock, before: "Site | None" = None) -> None:
        """Begin with what was known `before` of what is configured as it was."""
        self.config = config
        self.clock = clock
        self.index: Index = index(config.inventory)
        self.memory = Memory(url=config.store)
        self.devices: Mapping[str, DeviceView] = {}
        self._known: Mapping[str, DeviceView] = {}  # with what they said before they fell silent
        self.segments: dict[str, SegmentView] = {}
        if before is not None:
            self._inherit(before)

    def _inherit(self, before: "Site") -> None:
        if before.memory.url == self.memory.url:
            self.memory = before.memory
        devices, segments = set(self.config.inventory.devices), self.config.inventory.segments
        self.devices = {n: read for n, read in before.devices.items() if read.device in devices}
        self._known = {n: before._known[n] for n in self.devices}  # noqa: SLF001 - another of these
        self.segments = {n: s for n, s in before.segments.items() if s.segment in segments}

    def view(self, *segments: SegmentView) -> View:
        """Return what is known now, as one look at these segments.

        A device that could not be read has said what it said before: it may start, and take a
        gateway back, before it answers.
        """
        return View(
            now=self.clock(),
            inventory=self.config.inventory,
            index=self.index,
            segments=segments,
            devices=self._known,
            remembered=self.memory.identities,
            last_stations=self.memory.last_stations,
            suspects=self.memory.suspects,
        )

    def saw(self, view: View, *, fresh: bool) -> None:
        """Take in a look; `fresh` where the devices were read in it."""
        self.segments.update({seen.segment.name: seen for seen in view.segments if seen.sweep})
        if fresh:
            self.devices = {**self.devices, **view.devices}
            said = {name: self._with_words(read) for name, read in view.devices.items()}
            self._known = {**self._known, **said}

    def _with_words(self, read: DeviceView) -> DeviceView:
        """Return a device with what it said of itself before, until it has told all of it again."""
        before = self._known.get(read.device.name)
        if before is None or has_told(read):
            return read
        return replace(
            read,
            seen=read.seen if read.interfaces else before.seen,
            interfaces=_both(before.interfaces, read.interfaces, lambda row: row.if_index),
            addresses=_both(before.addresses, read.addresses, lambda row: row),
            virtual_gateways=_both(
                before.virtual_gateways, read.virtual_gateways, lambda row: (row.ip, row.if_index)
            ),
        )

    def remembers(self, memory: Memory) -> None:
        """Take in what the store says; while it is away the last of it stays."""
        if memory.gap is None:
            self.memory = memory

    def has_read(self, routers: Iterable[str]) -> bool:
        """Tell whether all these said all of themselves when they were last asked."""
        return all(name in self.devices and has_told(self.devices[name]) for name in routers)

    def last_look(self, segment: Segment) -> SegmentView:
        """Return the segment as it was last swept."""
        return self.segments.get(segment.name) or SegmentView(segment=segment)


def _both(
    before: Iterable[Row], now: Iterable[Row], key: Callable[[Row], Hashable]
) -> tuple[Row, ...]:
    """Return the rows of both, and of those that are about the same thing the new one."""
    return tuple({key(row): row for row in (*before, *now)}.values())


def placed(site: Site, segment: Segment, findings: Iterable[Finding]) -> list[Finding]:
    """Return what was heard on a segment with the ports and servers of the claimants."""
    view = site.view()
    ports, seen = homes(view), SegmentView(segment=segment)
    ways = topology(view.devices, ports)
    scene = Scene(view=view, seen=seen, topology=ways, homes=ports)
    return [_placed(finding, scene) for finding in findings]


def _placed(finding: Finding, scene: Scene) -> Finding:
    roles = {each.mac: each.role for each in finding.claimants}
    who = tuple(claimant(s, roles[s.mac]) for s in suspects(scene, roles))
    return replace(finding, claimants=who, last_seen=scene.view.now)


def grounds(site: Site, segment: Segment) -> tuple[Ground, Known]:
    """Return what ears on the segment have to know: whom to accuse, and when to ask."""
    view = site.view()
    routers = router_macs(view, segment) | _virtual(view, segment)
    pinned = {g.address: _pinned(view, segment, g.address) for g in segment.gateways}
    ground = Ground(
        networks=segment.networks, gateways=pinned, routers=routers, segment=segment.name
    )
    return ground, _known(site, view, segment, pinned)


def _pinned(view: View, segment: Segment, address: IPAddress) -> frozenset[str]:
    """Return who may claim a gateway: it, and the routers that may take over from it."""
    gateway = next(g for g in segment.gateways if g.address == address)
    identity = gateway_identity(view, segment, gateway)
    if identity is None:
        return frozenset()
    return identity.macs | (router_macs(view, segment) - virtual_macs(view, segment))


def _virtual(view: View, segment: Segment) -> frozenset[str]:
    shared = (one.mac for router in routers_of(view, segment) for one in router.virtual_gateways)
    return frozenset(filter(None, shared))


def _known(
    site: Site, view: View, segment: Segment, pinned: Mapping[IPAddress, frozenset[str]]
) -> Known:
    last = site.memory.last_stations
    gateways = {
        address: macs or frozenset(filter(None, [last.get((segment.name, address))]))
        for address, macs in pinned.items()
    }
    everything = not any(servers_on(site.config.inventory, segment))
    named = explained(view, site.last_look(segment))

    def is_expected(address: IPAddress) -> bool:
        if address.version != _SWEPT_VERSION:
            return False  # nobody was asked yet who has it
        return everything or address in named or site.index.assigned_to(address) is not None

    return Known(
        networks=segment.networks,
        gateways={address: macs for address, macs in gateways.items() if macs},
        is_expected=is_expected,
    )
