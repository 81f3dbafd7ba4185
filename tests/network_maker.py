"""Makes random true networks: a tree of devices, unmanaged switches and hosts, and what is wrong.

Nothing in here knows netguard's judgement: `Network.why_not` says from the cabling alone why a
port must stay open, and that is what the guards are held against.
"""

from collections.abc import Iterator
from random import Random
from typing import Literal, NamedTuple

import msgspec

from netguard.inventory import SwitchPort
from tests.building import mac

# What can be wrong, or untrue; each is on or off in one network.
FAULTS = (
    "lying",  # hosts name devices and ports in LLDP
    "colluding",  # two hosts name each other's ports
    "borrowing",  # hosts send with the gateway's, a device's, a server's or netguard's MAC
    "poisoned",  # ARP caches have an address on the wrong MAC
    "stale",  # FDBs have a station where it was before
    "aged",  # FDBs have forgotten a station that others still have
    "old",  # an FDB was read a while ago
    "unread",  # devices cannot be read
    "gaps",  # tables end early
    "silent",  # platforms do not say what a port is made for
    "no-lldp",  # links of which one end or both say nothing
    "flooding",  # unmanaged switches pass LLDP on
    "wrong-port",  # the inventory has a server on another access port
)
# With these no FDB shows every station behind a port, so nobody can count them.
HIDING = frozenset({"borrowing", "stale", "aged"})
Seat = Literal["in-band", "routed", "out-of-band"]
Pin = Literal["config", "virtual", "snmp", "remembered", "none"]
NETGUARD = "netguard"
VIRTUAL = mac(0xFE)  # the gateway's MAC where it is a virtual router


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What a network is made from: the same recipe is the same network."""

    seed: int
    routers: int = 1
    switches: int = 1
    hosts: int = 1
    seat: Seat = "in-band"
    pin: Pin = "config"
    managed: bool = True  # whether the routers are in the inventory
    listed: bool = True  # whether `uplinks` is filled in wherever LLDP does not say it all
    faults: frozenset[str] = frozenset()


class Cable(NamedTuple):
    """Two ports that are joined; `members` are the physical ones where these are aggregates."""

    a: SwitchPort
    b: SwitchPort
    members: tuple[tuple[SwitchPort, SwitchPort], ...] = ()

    def far(self, node: str) -> SwitchPort:
        """Return the end that is not on this node."""
        return self.b if self.a.device == node else self.a


class Network:
    """The truth: what is joined to what, and which MACs each node sends with."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        told = f"{recipe.seed} {recipe.switches} {recipe.hosts} {recipe.seat} {recipe.pin}"
        self.random = Random(told)  # noqa: S311 - to be the same every time is the point
        self.routers = [f"edge{n + 1}" for n in range(recipe.routers)]
        self.switches = [f"cat{n + 1}" for n in range(recipe.switches)]
        self.hubs: list[str] = []
        self.hosts: list[str] = []
        self.cables: dict[str, list[Cable]] = {}
        self.ports: dict[str, list[str]] = {}
        self.macs: dict[str, tuple[str, ...]] = {}
        _cable_devices(self)
        _attach_hosts(self)
        _seat_netguard(self)
        self._borrow()

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def wrong(self, fault: str, share: float) -> bool:
        """Tell whether a fault that this network has strikes here."""
        return fault in self.recipe.faults and self.chance(share)

    @property
    def devices(self) -> list[str]:
        return [*self.routers, *self.switches]

    def port(self, node: str, letters: str = "Fa0/") -> SwitchPort:
        """Return a new port of a node."""
        ports = self.ports.setdefault(node, [])
        ports.append(f"{letters}{len(ports) + 1}")
        return SwitchPort(node, ports[-1])

    def join(self, a: str, b: str, *, aggregated: bool = False) -> None:
        """Lay a cable, or two that are aggregated into one."""
        members = tuple((self.port(a), self.port(b)) for _ in range(2 * aggregated))
        letters = "Po" if aggregated else "Fa0/"
        cable = Cable(self.port(a, letters), self.port(b, letters), members)
        for node in (a, b):
            self.cables.setdefault(node, []).append(cable)

    def add(self, kind: list[str], name: str) -> str:
        """Add a hub or host, with a MAC of its own."""
        kind.append(name)
        self.macs[name] = (mac(0x20 + len(self.macs)),)
        return name

    def towards(self, goal: str) -> dict[str, SwitchPort]:
        """Return for every other node the port through which it reaches the goal."""
        found: dict[str, SwitchPort] = {}
        edge = [goal]
        while edge:
            near = edge.pop()
            for cable in self.cables.get(near, ()):
                far = cable.far(near)
                if far.device not in found and far.device != goal:
                    found[far.device] = far
                    edge.append(far.device)
        return found

    def logical(self, port: SwitchPort) -> SwitchPort:
        """Return the port itself, or the aggregate that it is a member of."""
        for cable in self.cables.get(port.device, ()):
            if any(port in pair for pair in cable.members):
                return cable.a if cable.a.device == port.device else cable.b
        return port

    def behind(self, port: SwitchPort) -> set[str]:
        """Return the nodes that are cut off from the port's device if it is closed."""
        where = self.logical(port)
        nodes = (*self.devices, *self.hubs, *self.hosts)
        return {node for node in nodes if self.towards(node).get(port.device) == where}

    def aggregated(self, port: SwitchPort) -> bool:
        cables = self.cables.get(port.device, ())
        ends = {end for cable in cables if cable.members for end in cable[:2]}
        return port in ends or self.logical(port) != port

    def is_uplink(self, port: SwitchPort) -> bool:
        return bool(self.behind(port) & {*self.devices})

    def why_not(self, port: SwitchPort, most: int) -> str:
        """Say why the port must stay open, from the cabling alone; empty where it may be closed."""
        behind = self.behind(port)
        if devices := behind & {*self.devices}:
            return f"it leads to {', '.join(sorted(devices))}"
        if self.aggregated(port):
            return "it is aggregated"
        if NETGUARD in behind:
            return "netguard speaks through it"
        stations = {one for node in behind for one in self.macs.get(node, ())}
        hidden = self.recipe.faults & HIDING
        return f"{len(stations)} are behind it" if len(stations) > most and not hidden else ""

    def access_ports(self) -> Iterator[SwitchPort]:
        for device in self.switches:
            for name in self.ports[device]:
                port = SwitchPort(device, name)
                if not self.is_uplink(port) and not self.aggregated(port):
                    yield port

    def _borrow(self) -> None:
        """Let some hosts send with somebody else's MAC too, or with nothing else."""
        for host in self.hosts:
            if host != NETGUARD and self.wrong("borrowing", 0.3):
                lent = self.random.choice(
                    [m for node, macs in self.macs.items() if node != host for m in macs]
                )
                self.macs[host] = (lent,) if self.chance(0.5) else (*self.macs[host], lent)


def _cable_devices(network: Network) -> None:
    """Join each device to one before it, now and then over an unmanaged switch or an aggregate."""
    for number, name in enumerate(network.devices):
        network.macs[name] = (mac(number + 1),)
    if network.recipe.pin == "virtual":
        network.macs[network.routers[0]] = (mac(1), VIRTUAL)
    placed = [network.routers[0]]
    rest = network.devices[1:]
    network.random.shuffle(rest)
    for name in rest:
        _cable(network, network.random.choice(placed), name)
        placed.append(name)


def _cable(network: Network, upper: str, lower: str) -> None:
    if network.chance(0.15):
        hub = _hub(network)
        network.join(upper, hub)
        network.join(hub, lower)
    else:
        network.join(upper, lower, aggregated=network.chance(0.15))


def _hub(network: Network) -> str:
    name = f"hub{len(network.hubs) + 1}"
    network.hubs.append(name)
    return name


def _attach_hosts(network: Network) -> None:
    """Hang hosts on ports of their own, or several behind an unmanaged switch."""
    for number in range(network.recipe.hosts):
        host = network.add(network.hosts, f"ds{number + 1}")
        if network.hubs and network.chance(0.4):
            network.join(network.random.choice(network.hubs), host)
            continue
        switch = network.random.choice(network.switches)
        if network.chance(0.2):
            hub = _hub(network)
            network.join(switch, hub)
            switch = hub
        network.join(switch, host)
    for switch in network.switches:
        network.port(switch)  # one that nothing is plugged into


def _seat_netguard(network: Network) -> None:
    """Put netguard's own machine somewhere in the tree, behind a router, or outside."""
    if network.recipe.seat != "in-band":
        network.macs[NETGUARD] = (mac(0xF0),)
        return
    network.hosts.append(NETGUARD)
    network.macs[NETGUARD] = (mac(0xF0),)
    network.join(network.random.choice([*network.switches, *network.hubs]), NETGUARD)
