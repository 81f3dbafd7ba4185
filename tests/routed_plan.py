"""The routed network as plain tables: wires, what `ip` is told on each host, and what is true."""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import NamedTuple

from probes.records import IPAddress
from tests.forwarding_truth import Place, Server, State

Lines = list[str]

NAMES = tuple(f"S{n}" for n in range(1, 7))
BLOCKS = tuple(
    block
    for network in ("203.0.113.0/24", "198.51.100.0/25")
    for block in IPv4Network(network).subnets(new_prefix=26)
)
BLOCKS6 = tuple(IPv6Network(f"2001:db8:{n}::/120") for n in range(1, 7))
OWN = tuple(IPv4Address(f"192.0.2.7{n}") for n in range(1, 7))
OWN6 = tuple(IPv6Address(f"2001:db8:0:40::7{n}") for n in range(1, 7))
SOURCES: tuple[IPAddress, ...] = tuple(IPv4Network("192.0.2.16/28"))
SOURCES6: tuple[IPAddress, ...] = tuple(IPv6Network("2001:db8:0:10::10/124"))
UPLINK, DOWNLINK = "up0", "down0"
TUNNEL, TUNNEL_MTU = "tun0", 1420
_NV_MAC, _CORE_MAC = "00:00:5e:00:53:01", "00:00:5e:00:53:02"
_CORE, _CORE6 = "192.0.2.1", "2001:db8:0:10::1"
_GATEWAY, _GATEWAY6 = "192.0.2.65", "2001:db8:0:40::1"


class End(NamedTuple):
    """A card of a host, with its addresses."""

    host: str
    card: str
    own: str = ""
    own6: str = ""


class Wire(NamedTuple):
    """A veth pair."""

    near: End
    far: End


CORE_EDGE = Wire(
    End("core", "edge0", "192.0.2.5/30", "2001:db8:0:20::1/64"),
    End("edge", "core0", "192.0.2.6/30", "2001:db8:0:20::2/64"),
)
CORE_MID = Wire(
    End("core", "mid0", "192.0.2.9/30", "2001:db8:0:21::1/64"),
    End("mid", "core0", "192.0.2.10/30", "2001:db8:0:21::2/64"),
)
MID_EDGE = Wire(
    End("mid", "edge0", "192.0.2.13/30", "2001:db8:0:22::1/64"),
    End("edge", "mid0", "192.0.2.14/30", "2001:db8:0:22::2/64"),
)
S5_INNER = Wire(
    End("S5", "inner0", "192.0.2.129/30", "2001:db8:0:50::1/64"),
    End("inner", "eth0", "192.0.2.130/30", "2001:db8:0:50::2/64"),
)
ON_SEGMENT = ("edge", *NAMES, "on-link")
WIRES = (
    Wire(End("nv", UPLINK), End("core", DOWNLINK)),
    CORE_EDGE,
    *(Wire(End(host, "eth0"), End("segment", host)) for host in ON_SEGMENT),
    Wire(End("S3", "port1"), End("machine1", "eth0")),
    Wire(End("S3", "port2"), End("machine2", "eth0")),
    S5_INNER,
)
LONG_WAY = (CORE_MID, MID_EDGE)
TUNNELLED = ("S2", "client")
UNLIMITED = ("core", "mid", "edge")
FORWARDING = (*UNLIMITED, "S2", "S3", "S5", "S6")
_HIDING = "type filter hook output priority 0; icmp type time-exceeded drop;"
_DROPPING = "type filter hook forward priority 0; policy drop;"
FILTERS = {
    "S5": f"table inet hiding {{ chain out {{ {_HIDING} icmpv6 type time-exceeded drop; }}; }}",
    "S6": f"table inet container {{ chain passing_on {{ {_DROPPING} }}; }}",
}


# --- what is true

_NOT_ON_LINK: frozenset[State] = frozenset({"silent", "undecided"})
_BOUND = Place("bound", live=True)
_LIVE = Place("forwarded", live=True)
_DEAD = Place("forwarded")
_SILENT = Place("silent")
_HIDDEN = Place("forwarded", excused=_NOT_ON_LINK)
_FILTERED = Place("silent", excused=_NOT_ON_LINK)
_NOBODYS = Place("silent", excused=frozenset({"elsewhere"}))  # the edge itself says: unreachable
_EDGES = Place("elsewhere", live=True)


def _inner(number: int, version: int) -> Place:
    if number >= 16:
        return Place("looped")
    if number == 15 and version == 4:
        return _SILENT  # the inner network's broadcast address: S3 takes it, and says nothing
    return _BOUND if number == 1 else _LIVE if number in range(2, 10) else _DEAD


PLACES: dict[str, Callable[[int, int], Place]] = {
    "S1": lambda number, _: _BOUND if number < 40 else _SILENT,
    "S2": lambda number, _: _LIVE if number < 20 else _DEAD,
    "S3": _inner,
    "S4": lambda number, _: _EDGES if number == 1 else _BOUND if 2 <= number < 22 else _NOBODYS,
    "S5": lambda number, _: _LIVE if 1 <= number < 11 else _HIDDEN,
    "S6": lambda number, _: _BOUND if 1 <= number < 13 else _FILTERED,
}


def block_of(name: str) -> tuple[IPv4Network, IPv6Network]:
    number = NAMES.index(name)
    return BLOCKS[number], BLOCKS6[number]


def numbered(name: str) -> Iterator[tuple[int, IPAddress]]:
    """Yield the addresses of a server's two blocks, with their place in each."""
    block, block6 = block_of(name)
    yield from enumerate(block)
    yield from enumerate(block6)


def servers() -> Iterator[Server]:
    for name, own, own6 in zip(NAMES, OWN, OWN6, strict=True):
        yield Server(name, (own, own6), tuple(address for _, address in numbered(name)))


def places() -> dict[IPAddress, Place]:
    return {
        address: PLACES[name](number, address.version)
        for name in NAMES
        for number, address in numbered(name)
    }


# --- what `ip` is told


def orders(*, ecmp: bool) -> dict[str, Lines]:
    """Return the lines for `ip -batch` on each host, in whose namespace all its cards are."""
    told = {
        "nv": _nv(),
        "core": _core(ecmp=ecmp),
        "edge": _edge(ecmp=ecmp),
        "segment": _bridge(*ON_SEGMENT),
        "on-link": _on_segment(IPv4Address("192.0.2.90"), IPv6Address("2001:db8:0:40::90")),
        "client": [*_tunnel(), *_on_loopback("S2", _LIVE), *_default(f"dev {TUNNEL}")],
        "machine1": _machine(range(2, 6)),
        "machine2": _machine(range(6, 10)),
        "inner": [
            *_addressed(S5_INNER.far),
            *_on_loopback("S5", _LIVE),
            *_default(*_via(S5_INNER.near)),
        ],
    }
    for name, own, own6 in zip(NAMES, OWN, OWN6, strict=True):
        told[name] = [*_on_segment(own, own6), *_SERVERS[name]]
    if ecmp:
        told["mid"] = [
            *_addressed(CORE_MID.far),
            *_addressed(MID_EDGE.near),
            *_default(*_via(MID_EDGE.far)),
        ]
        told["mid"] += _routes(*_TO_NV, *_via(CORE_MID.near))
    return told


def _nv() -> Lines:
    first = SOURCES[0]
    return [
        f"link set {UPLINK} address {_NV_MAC}",
        f"address add {first} peer {_CORE} dev {UPLINK}",
        *(f"address add {source} dev {UPLINK}" for source in (*SOURCES[1:], *SOURCES6)),
        f"route add {_CORE6} dev {UPLINK}",
        *_known(UPLINK, _CORE_MAC, _CORE, _CORE6),
        *_default(f"via {_CORE}", f"via {_CORE6}"),
    ]


def _core(*, ecmp: bool) -> Lines:
    first, first6 = str(SOURCES[0]), str(SOURCES6[0])
    wires = (CORE_EDGE, CORE_MID) if ecmp else (CORE_EDGE,)
    hops, hops6 = zip(*(_via(wire.far) for wire in wires), strict=True)
    return [
        f"link set {DOWNLINK} address {_CORE_MAC}",
        f"address add {_CORE} peer {first} dev {DOWNLINK}",
        f"address add {_CORE6} dev {DOWNLINK}",
        f"route add {first6} dev {DOWNLINK}",
        *_known(DOWNLINK, _NV_MAC, first, first6),
        *_routes(*_TO_NV, f"via {first}", f"via {first6}"),
        *(line for wire in wires for line in _addressed(wire.near)),
        *_default(*(" ".join(f"nexthop {hop}" for hop in each) for each in (hops, hops6))),
    ]


def _known(card: str, mac: str, *neighbours: str) -> Lines:
    """Let nobody ask on nv's wire: what nv sends there are its probes alone."""
    return [f"neigh add {one} lladdr {mac} dev {card} nud permanent" for one in neighbours]


def _edge(*, ecmp: bool) -> Lines:
    lines = [*_addressed(CORE_EDGE.far), *(_addressed(MID_EDGE.far) if ecmp else ())]
    lines += _addressed(End("edge", "eth0", f"{_GATEWAY}/27", f"{_GATEWAY6}/64"))
    lines += _default(*_via(CORE_EDGE.near))
    for name, block, block6, own, own6 in zip(NAMES, BLOCKS, BLOCKS6, OWN, OWN6, strict=True):
        if name == "S4":
            lines += [f"address add {own} dev eth0" for own in (f"{block[1]}/26", block6[1])]
            lines.append(f"route add {block6} dev eth0")
        else:
            lines += _routes(block, block6, f"via {own}", f"via {own6}")
    return lines


def _inside(numbers: range, card: str) -> Lines:
    """Give a card some of the first 16 addresses of the block of S3, which lie behind it."""
    block, block6 = block_of("S3")
    # An IPv6 prefix longer than the address' own would make its first address S3's (anycast).
    own = (one for number in numbers for one in (f"{block[number]}/28", block6[number]))
    return [
        *(f"address add {one} dev {card}" for one in own),
        f"route add {block6[0]}/124 dev {card}",
    ]


def _machine(numbers: range) -> Lines:
    block, block6 = block_of("S3")
    default = _default(f"via {block[1]}", f"via {block6[1]}")
    return [*_inside(numbers, "eth0"), *default]


def _addressed(end: End) -> Lines:
    return [f"address add {own} dev {end.card}" for own in (end.own, end.own6)]


def _via(end: End) -> tuple[str, str]:
    return f"via {end.own.partition('/')[0]}", f"via {end.own6.partition('/')[0]}"


def _on_segment(own: IPv4Address, own6: IPv6Address) -> Lines:
    card = End("", "eth0", f"{own}/27", f"{own6}/64")
    return [*_addressed(card), *_default(f"via {_GATEWAY}", f"via {_GATEWAY6}")]


def _bridge(*ports: str) -> Lines:
    lines = ["link add br0 type bridge stp_state 0 forward_delay 0", "link set br0 up"]
    return lines + [f"link set {port} master br0" for port in ports]


def _tunnel() -> Lines:
    return [f"link set {TUNNEL} mtu {TUNNEL_MTU} up"]


def _routes(prefix: object, prefix6: object, way: str, way6: str) -> Lines:
    return [f"route add {prefix} {way}", f"route add {prefix6} {way6}"]


def _default(way: str, way6: str | None = None) -> Lines:
    return _routes("0.0.0.0/0", "::/0", way, way6 or way)


def _on_loopback(name: str, place: Place) -> Lines:
    return [f"address add {address} dev lo" for address in _chosen(name, place)]


def _chosen(name: str, place: Place) -> list[IPAddress]:
    of = PLACES[name]
    return [address for number, address in numbered(name) if of(number, address.version) == place]


_TO_NV = ("192.0.2.16/28", "2001:db8:0:10::10/124")
_SERVERS = {
    "S1": _on_loopback("S1", _BOUND),
    "S2": [*_tunnel(), *_routes(*block_of("S2"), f"dev {TUNNEL}", f"dev {TUNNEL}")],
    "S3": [*_bridge("port1", "port2"), *_inside(range(1, 2), "br0")],
    "S4": [f"address add {address} dev eth0" for address in _chosen("S4", _BOUND)],
    "S5": [*_addressed(S5_INNER.near), *_routes(*block_of("S5"), *_via(S5_INNER.far))],
    "S6": _on_loopback("S6", _BOUND),
}
