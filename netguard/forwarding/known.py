"""What is known about a server and the way to it, and what its addresses teach about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from netguard.inventory import Server
from probes.records import HopReply, IPAddress

Canary = Literal[
    "does-not-route",  # frames for others are thrown away
    "filtered",  # it routes, but lets nothing through: a host of containers
    "routes",
    "routes-hidden",  # ... and sends no time exceeded
    "routes-undecremented",  # ... and leaves the hop limit as it is: no traceroute shows it
]
MOST_HOPS = 30
_UNKNOWN, _AT_LEAST = 0.5, 0.25  # seconds
_LARGE = 2  # addresses of a server that are sent a full-sized packet without a reason
_BY_UDP = 4
_SLOWLY = 3
PIONEERS = 5  # addresses asked first: they tell whether the server spends ICMP errors on them


@dataclass(slots=True)
class Known:
    """One server as seen from one place.

    `edges` are the routers' addresses that may stand before it, `beside` those of them that are on
    its own segment for certain, `stations` the MACs that answer ARP for addresses of its blocks;
    `on_segment` that frames go straight to its own MAC.

    The rest is learnt: `by_mac` that its answers bear its MAC there, and `voices` which MACs they
    bear (they may come by way of the gateway); `distance` in hops of its own address (0: not known)
    and `usual` of the last that was bound on it, `rtt` in seconds of its own answer
    (None: it gives none), `spends` that it sent time exceeded, `tunnel` the MTU it named (0: it
    named none),
    `forwards` that it provably passes something on, `ethernet` that it looks for addresses on a
    network behind itself, `mute` how many addresses somebody in its place passed on without saying
    so, `feigns` that it answers pings for others.
    """

    server: Server
    edges: frozenset[IPAddress] = frozenset()
    beside: frozenset[IPAddress] = frozenset()
    macs: frozenset[str] = frozenset()
    stations: Mapping[IPAddress, frozenset[str]] = field(default_factory=dict)
    on_segment: bool = False
    by_mac: bool = True
    voices: frozenset[str] = frozenset()
    canary: Canary | None = None
    udp: bool = True
    distance: int = 0
    usual: int = 0
    rtt: float | None = None
    edge_silent: bool = False
    spends: bool = False
    pioneering: bool = True
    tunnel: int | None = None
    forwards: bool = False
    ethernet: bool = False
    mute: int = 0
    feigns: bool = False
    asked_large: set[IPAddress] = field(default_factory=set)
    asked_by_udp: set[IPAddress] = field(default_factory=set)
    asked_slowly: set[IPAddress] = field(default_factory=set)

    @property
    def near(self) -> float:
        """Seconds within which an answer comes from the server's place, if it comes."""
        return _UNKNOWN if self.rtt is None else max(_AT_LEAST, 4 * self.rtt)

    def said(self, reply: HopReply) -> bool:
        """Tell whether the server itself sent a reply: by its MAC, or by its address."""
        if self.on_segment and self.macs and self.by_mac:
            return reply.mac in self.macs
        return self.owns(reply.source)

    def precedes(self, reply: HopReply) -> bool:
        """Tell whether a router on the near side of the server sent a reply."""
        beside = self.on_segment and self.by_mac and reply.mac not in self.macs
        return beside or reply.source in self.edges

    def owns(self, address: IPAddress) -> bool:
        """Tell whether an address is the server's own, or of one of its blocks; no router's."""
        if address in self.edges:
            return False
        server = self.server
        return address == server.address or any(address in block for block in server.blocks)

    def others_for(self, address: IPAddress) -> frozenset[str]:
        """Return the stations that answer ARP for an address in the server's stead."""
        stations = self.stations.get(address, frozenset())
        return stations if self.macs and not stations & self.macs else frozenset()

    @property
    def routes(self) -> bool:
        """Whether it is proven that the server passes packets on, whatever they are."""
        routing = self.canary in {"routes", "routes-hidden", "routes-undecremented"}
        return self.spends or self.forwards or self.tunnel is not None or routing

    def tries_large(self, target: IPAddress) -> bool:
        """Tell whether a full-sized packet is worth it: for some, and for all behind a tunnel."""
        some = target in self.asked_large or len(self.asked_large) < _LARGE
        return some or self.tunnel is not None

    def tries_udp(self, target: IPAddress) -> bool:
        """Tell whether an address that answers pings is to be asked in another way as well."""
        some = target in self.asked_by_udp or len(self.asked_by_udp) < _BY_UDP
        return self.udp and (some or self.feigns)

    def tries_slowly(self, target: IPAddress) -> bool:
        """Tell whether an address is to be waited for as long as ARP takes to give up."""
        return target in self.asked_slowly or len(self.asked_slowly) < _SLOWLY

    def hear(self, reply: HopReply) -> None:
        """Learn from a reply about one of its addresses."""
        self.by_mac = self.by_mac or reply.mac in self.macs
        if reply.kind == "time-exceeded" and self.said(reply):
            self.spends = True
        elif reply.kind == "fragmentation-needed" and self.said(reply):
            self.tunnel = min(filter(None, (self.tunnel, reply.mtu)), default=0)
        elif reply.kind == "unreachable" and self.said(reply):
            self.ethernet = self.ethernet or looked_for(reply)


_LOOKED_FOR = {4: frozenset({1, 7}), 6: frozenset({3})}  # code by IP version: ARP, ND had no answer


def looked_for(reply: HopReply) -> bool:
    """Tell whether an unreachable says that the address was looked for on a network, in vain."""
    return reply.code in _LOOKED_FOR[reply.target.version]
