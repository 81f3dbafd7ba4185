"""From one look at the network to findings, and which addresses deserve a second look first."""

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice

from netguard.findings import Finding, gravest_first
from netguard.inventory import Gateway, Server, SwitchPort
from netguard.locate import Topology, topology
from netguard.routers import gateway_identity, routers_of
from netguard.rules.address_conflict import address_conflict, conflict_of_servers
from netguard.rules.claims import answers, by_address, stands, tests_of
from netguard.rules.gateway import gateway_changed, gateway_hijack
from netguard.rules.mac_flapping import mac_flapping
from netguard.rules.neighbor_unconfirmed import finding_id, neighbor_unconfirmed
from netguard.rules.unassigned_address import unassigned_address
from netguard.scene import Scene, homes
from netguard.view import SegmentView, View
from probes.records import IPAddress

Rule = Callable[[Scene], Iterator[Finding]]
TableRule = Callable[[View, Topology, Mapping[SwitchPort, Server]], Iterator[Finding]]

RULES: tuple[Rule, ...] = (gateway_hijack, address_conflict, gateway_changed, unassigned_address)
# What the devices' tables show, whether or not a segment could be swept.
TABLE_RULES: tuple[TableRule, ...] = (mac_flapping, neighbor_unconfirmed)


def judge(view: View) -> tuple[Finding, ...]:
    """Apply each rule to all swept segments, or to all devices' tables; the worst comes first."""
    ports = homes(view)
    ways = topology(view.devices, ports)
    scenes = [
        Scene(view=view, seen=seen, topology=ways, homes=ports)
        for seen in view.segments
        if seen.sweep is not None or seen.tests
    ]
    heard = (finding for scene in scenes for rule in RULES for finding in rule(scene))
    read = (finding for rule in TABLE_RULES for finding in rule(view, ways, ports))
    return tuple(sorted((*heard, *read), key=gravest_first))


def judge_tables(view: View, heard: Collection[str]) -> tuple[Finding, ...]:
    """Judge by the devices' tables alone: return what is certain at once, the worst first.

    Both ends of a new link hear each other within seconds, but one is the first. So who passes as
    a device is accused at once only on a port that the inventory gives to a server, and that of a
    device whose neighbours were just `heard`.
    """
    ports = homes(view)
    ways = topology(view.devices, ports)
    read = {name for name in heard if not view.devices[name].gaps}
    certain = {finding_id(port) for port in ports if port.device in read}
    passing = (f for f in neighbor_unconfirmed(view, ways, ports) if f.id in certain)
    return tuple(sorted((*mac_flapping(view, ways, ports), *passing), key=gravest_first))


def judge_gateways(view: View) -> tuple[Finding, ...]:
    """Apply the rule about taken gateways alone: all that a quick look at them can show."""
    ports = homes(view)
    ways = topology(view.devices, ports)
    scenes = [Scene(view=view, seen=seen, topology=ways, homes=ports) for seen in view.segments]
    return tuple(sorted((f for one in scenes for f in gateway_hijack(one)), key=gravest_first))


def judge_asked(view: View) -> tuple[Finding, ...]:
    """Judge by a few quick questions alone: return what is certain already, the worst first.

    That is who took a gateway; an IPv4 address that two servers hold on to, by the inventory's own
    word, where anything else might still be one host with two cards; an IPv6 address that two
    stations hold on to; and a station that answers for an address which is nobody's.
    """
    ports = homes(view)
    ways = topology(view.devices, ports)
    found: list[Finding] = []
    for seen in view.segments:
        scene = Scene(view=view, seen=seen, topology=ways, homes=ports)
        about = {test.address for test in seen.tests}
        stations = {test.station for test in seen.tests}
        found += gateway_hijack(scene)
        found += conflict_of_servers(scene)
        for finding in unassigned_address(scene):
            who = {claimant.mac for claimant in finding.claimants}
            if finding.address in about or (finding.address is None and who & stations):
                found.append(finding)
    return tuple(sorted(found, key=gravest_first))


def in_dispute(seen: SegmentView) -> bool:
    """Tell whether of the addresses just asked about one is held on to by several stations."""
    return any(sum(map(stands, tests)) > 1 for tests in by_address(seen).values())


def gateways_in_doubt(view: View) -> bool:
    """Tell whether somebody answers for a gateway who is not known to be it."""
    return any(
        answering - known_stations(view, seen, gateway)
        for seen in view.segments
        for gateway in seen.segment.gateways
        if (answering := {t.station for t in tests_of(seen, gateway.address)})
    )


def known_stations(view: View, seen: SegmentView, gateway: Gateway) -> frozenset[str]:
    """Return who is to answer for a gateway: its pinned MACs, or else who did the last time."""
    pinned = gateway_identity(view, seen.segment, gateway)
    before = view.last_stations.get((seen.segment.name, gateway.address))
    return pinned.macs if pinned else frozenset({before} if before else ())


Doubts = Iterator[tuple[IPAddress, frozenset[str]]]


def disputes(view: View, seen: SegmentView) -> dict[IPAddress, frozenset[str]]:
    """Return the addresses to ask about again, with the stations that may claim them.

    That is: claimed by two stations; a gateway answered by somebody else than its pinned self, or
    not at all; known to a router's ARP table under another MAC than the sweep heard; or in a
    finding that is open. A table is a mere witness, so it leads to a question and never to a
    finding.
    """
    doubtful: dict[IPAddress, frozenset[str]] = {}
    for doubts in (
        _rivals(seen),
        _gateway_doubts(view, seen),
        _router_doubts(view, seen),
        _open_doubts(view, seen),
    ):
        for address, stations in doubts:
            doubtful[address] = doubtful.get(address, frozenset()) | stations
    return {a: doubtful[a] for a in sorted(doubtful, key=lambda each: (each.version, each))}


def canaries(view: View, seen: SegmentView, most: int = 2) -> tuple[IPAddress, ...]:
    """Return addresses that nobody has: silent in the sweep and assigned to no one.

    Who answers for them answers for everything (proxy ARP).
    """
    free = (
        address
        for network in seen.segment.networks
        if network.version == 4  # noqa: PLR2004 - ARP is IPv4's
        for address in network.hosts()
        if address not in seen.claims and view.index.assigned_to(address) is None
    )
    gateways = {gateway.address for gateway in seen.segment.gateways}
    return tuple(islice((address for address in free if address not in gateways), most))


def silent_gateways(view: View) -> tuple[IPAddress, ...]:
    """Return the gateways of the swept segments that nobody answered for, asked again included."""
    return tuple(
        gateway.address
        for seen in view.segments
        for gateway in seen.segment.gateways
        if seen.sweep is not None
        and gateway.address.version == 4  # noqa: PLR2004 - ARP is IPv4's
        and gateway.address not in seen.claims
        and gateway.address not in seen.own_addresses
        and not any(answers(t) for t in tests_of(seen, gateway.address))
    )


def _rivals(seen: SegmentView) -> Doubts:
    for address, stations in seen.claims.items():
        if len(stations) > 1 or address in seen.own_addresses:
            yield address, frozenset(stations)


def _gateway_doubts(view: View, seen: SegmentView) -> Doubts:
    for gateway in seen.segment.gateways:
        heard = frozenset(seen.claims.get(gateway.address, ()))
        known = known_stations(view, seen, gateway)
        if gateway.address.version == 4 and (not heard or heard - known):  # noqa: PLR2004 - IPv4
            yield gateway.address, heard | known


def _open_doubts(view: View, seen: SegmentView) -> Doubts:
    for (segment, address), stations in view.suspects.items():
        if segment == seen.segment.name:
            yield address, stations


def _router_doubts(view: View, seen: SegmentView) -> Doubts:
    for router in routers_of(view, seen.segment):
        for entry in router.arp:
            heard = seen.claims.get(entry.ip)
            if heard and entry.mac not in heard:
                yield entry.ip, frozenset((entry.mac, *heard))
