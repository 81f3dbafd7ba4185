"""A network without wires: one server, the way to it, and what comes back for every probe.

A `World` only describes. Every truth about its addresses follows from it, and so does every reply,
but for chance (loss, lateness), which comes from its seed. Time passes only in `Net.receive`.
"""

import random
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import islice
from typing import Literal

import msgspec

from netguard.forwarding.canary import meaning
from netguard.forwarding.known import Canary
from netguard.forwarding.records import AddressState
from netguard.inventory import IPNetwork, Server
from probes.records import CanaryReply, IPAddress, Method
from tests.building import ROUTER, mac

Version = Literal[4, 6]
Talk = Literal["talks", "silent", "rationed"]
End = Literal[
    "bound",  # on the server
    "live",  # behind it, and answers
    "dead",  # ... and nobody is there
    "loop",  # the server sends it back
    "dropped",  # the server throws it away
    "refused",  # the server has no route to it, and says so
    "neighbour",  # on another station of the segment
    "vacant",  # the segment's, and nobody has it
    "unrouted",  # the edge has no route to it
    "astray",  # routed to somewhere else altogether
    "router",  # the edge's own
]
Lie = Literal[
    "exceeded-by-edge",  # time exceeded in the name of the edge, instead of its own
    "exceeded-by-neighbour",
    "exceeded-by-stranger",
    "exceeded-by-target",
    "no-route-by-edge",  # ... or an unreachable instead
    "nobody-there-by-edge",
    "nobody-there-by-neighbour",
    "prohibited-by-neighbour",
    "echo-at-the-door",  # echo replies for what it passes on, where its hop limit ends
    "redirects",  # a flood of redirects from nowhere before each reply
]
STATES: dict[End, AddressState] = {
    "bound": "bound",
    "live": "forwarded",
    "dead": "forwarded",
    "loop": "looped",
    "dropped": "silent",
    "refused": "silent",
    "neighbour": "elsewhere",
    "vacant": "silent",
    "unrouted": "elsewhere",
    "astray": "elsewhere",
    "router": "elsewhere",
}
ALIVE = frozenset[End]({"bound", "live", "neighbour", "router"})
ROUTED = frozenset[End]({"live", "dead", "loop", "refused"})  # only a server that routes has such
SERVER_MAC, NEIGHBOUR_MAC = mac(0x20), mac(0x21)
EDGE_MAC = ROUTER


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What a server does with packets for others, and what it says of them.

    `far` is how many seconds later than itself answers what is behind it, `mtu` that of a tunnel
    that tells it, `ethernet` that it looks for what is behind it by ARP, `inner` that a router
    stands behind it, `translates` that it maps each address to another, `feigns` that it answers
    pings for them, `shy` that it answers none for itself, `hushed` that nothing behind or on it
    says port unreachable.
    """

    routes: bool = False
    exceeded: Talk = "rationed"
    decrements: bool = True
    filtered: bool = False
    mtu: int | None = None
    far: float = 0.0002
    ethernet: bool = False
    inner: bool = False
    translates: bool = False
    feigns: bool = False
    shy: bool = False
    hushed: bool = False
    lies: frozenset[Lie] = frozenset()


class World(msgspec.Struct, frozen=True, kw_only=True):
    """One server with the addresses of its block, the way there, and what chance does.

    `routers` stand before the edge; a load balancer adds as many more as `detours` says to the
    way of an address, `returns` to the way back. `dual`: the server's own address is IPv4 though
    its block is IPv6. `by_gateway`: on the segment, the server's answers come by way of the edge.
    `informed`: the edge's addresses and who answers ARP are known. `loss` is of probes and replies
    together, `late` and `twice` of replies.
    """

    ends: tuple[End, ...]
    policy: Policy = Policy()
    version: Version = 4
    dual: bool = False
    number: int = 0
    routers: int = 1
    detours: tuple[int, ...] = (0,)
    returns: tuple[int, ...] = (0,)
    core: Talk = "talks"
    edge: Talk = "talks"
    on_segment: bool = False
    by_gateway: bool = False
    informed: bool = True
    sources: int = 0
    methods: frozenset[Method] = frozenset({"icmp", "udp"})
    loss: float = 0.0
    late: float = 0.0
    twice: float = 0.0
    seed: int = 0

    @property
    def block(self) -> IPNetwork:
        """The server's block."""
        six = f"2001:db8:{self.number + 1:x}::/116"
        return ip_network(six if self.version == 6 else f"203.0.{113 - self.number}.0/24")

    @property
    def own(self) -> IPAddress:
        """The server's own address, as the inventory has it."""
        return self.voice(4 if self.dual else self.version)

    def voice(self, version: int) -> IPAddress:
        """Return the address in whose name the server speaks to one of a family."""
        return near(version, 20 + self.number)

    @property
    def server(self) -> Server:
        """The server as the inventory has it."""
        return Server(name=f"ds{self.number}", address=self.own, blocks=(self.block,))

    @property
    def truth(self) -> dict[IPAddress, End]:
        """What each address is."""
        return dict(zip(islice(self.block, len(self.ends)), self.ends, strict=True))

    def end(self, address: IPAddress) -> End:
        """Return what an address is: the server's own, or one of the block."""
        number = int(address) - int(self.block.network_address)
        if address == self.own:
            return "dropped" if self.policy.shy else "bound"
        return self.ends[number]

    def length(self, address: IPAddress, lengths: Sequence[int]) -> int:
        """Return which of several lengths the load balancer chooses for an address."""
        return random.Random(f"{self.seed} {address} {lengths}").choice(lengths)  # noqa: S311

    def way(self, address: IPAddress) -> tuple[IPAddress, ...]:
        """Return the routers on the way to an address, the edge last."""
        if self.on_segment:
            return ()
        more = self.length(address, self.detours)
        core = [router(address.version, 1 + n) for n in range(self.routers)]
        detour = [router(address.version, 50 + n) for n in range(more)]
        return (*core, *detour, edge(address.version))

    @property
    def edges(self) -> frozenset[IPAddress]:
        """The edge's addresses as far as the inventory has them."""
        own = (a for a, end in self.truth.items() if end == "router")
        return self.beside.union((edge(4), edge(6), *own) if self.informed else ())

    @property
    def beside(self) -> frozenset[IPAddress]:
        """The edge's address on the segment, which is in no time exceeded."""
        return frozenset({near(4, 1), near(6, 1)} if self.informed else ())

    @property
    def stations(self) -> dict[IPAddress, frozenset[str]]:
        """Who answers ARP for which address; there is none for IPv6."""
        who = {"bound": SERVER_MAC, "neighbour": NEIGHBOUR_MAC, "router": EDGE_MAC}
        heard = {a: who[e] for a, e in ({**self.truth, self.own: "bound"}).items() if e in who}
        known = self.informed or self.on_segment
        return {a: frozenset({m}) for a, m in heard.items() if known and a.version == 4}

    @property
    def canary(self) -> Canary | None:
        """What a packet to ourselves by way of the server shows on its segment."""
        return meaning(tuple(map(self._canary, (1, 2, 64)))) if self.on_segment else None

    def _canary(self, ttl: int) -> CanaryReply:
        policy = self.policy
        if not policy.routes:
            return CanaryReply(ttl=ttl)
        if policy.decrements and ttl == 1:
            said = self.voice(4) if policy.exceeded != "silent" else None
            return CanaryReply(ttl=ttl, exceeded_by=said)
        if policy.filtered:
            return CanaryReply(ttl=ttl, redirected=True)
        return CanaryReply(ttl=ttl, returned_ttl=ttl - policy.decrements)


def near(version: int, number: int) -> IPAddress:
    """Return an address of the server's segment."""
    if version == 4:
        return IPv4Address("198.51.100.0") + number
    return IPv6Address("2001:db8::") + number


def router(version: int, number: int) -> IPAddress:
    """Return an address of the network between us and the edge."""
    if version == 4:
        return IPv4Address("192.0.2.0") + number
    return IPv6Address("2001:db8:ffff::") + number


def edge(version: int) -> IPAddress:
    """Return the address in whose name the edge says time exceeded."""
    return router(version, 40)


def neighbour(version: int) -> IPAddress:
    """Return the address of another server on the segment."""
    return near(version, 90)


def inner(version: int) -> IPAddress:
    """Return the address of a router behind the server."""
    return IPv4Address("10.8.0.2") if version == 4 else IPv6Address("fd00::2")


def states(world: World) -> Iterator[tuple[IPAddress, AddressState]]:
    """Yield each address of the block with the state that it truly has."""
    for address, end in world.truth.items():
        yield address, STATES[end]
