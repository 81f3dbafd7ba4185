"""One MAC on two end ports of a segment, to and fro: it is used twice, or there is a loop.

One move is a migration, and two ports in one look an FDB row that has not aged yet. So the last
looks are remembered, of those stations alone that were seen on a new port.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import combinations, groupby

import msgspec

from netguard.findings import Claimant, Evidence, Finding, Location, identity
from netguard.inventory import Server, SwitchPort
from netguard.locate import Topology
from netguard.rules.segment_ports import Grounds
from netguard.view import Stay, View
from probes.mac import vendor, virtual_family
from probes.records import IPAddress

Station = tuple[str, str]  # a segment's name, and a MAC
Flights = Mapping[Station, tuple[Stay, ...]]

LOOKS = 12  # looks that are remembered of a station
REST = 6  # looks on one and the same port, after which it has come to rest
FORGET = timedelta(hours=6)
MOVES = 3  # A to B, to A, to B: fewer are a migration, or one that was taken back
# How long an FDB row without traffic may stay: twice the usual 300 s, as hardware ages in sweeps.
AGING = timedelta(minutes=10)


class Flapping(msgspec.Struct, frozen=True, kw_only=True):
    """Two ports between which a station went `moves` times; 0 where it was on both at once."""

    ports: tuple[SwitchPort, SwitchPort]
    vlan: int | None
    moves: int


def mac_flapping(
    view: View, topology: Topology, homes: Mapping[SwitchPort, Server]
) -> Iterator[Finding]:
    """Find the stations that go to and fro between two end ports; none where nobody remembers.

    A virtual router's MAC is made to move: it is told only where two routers have it at once.
    """
    if view.flights is None:
        return
    grounds = Grounds(view, topology, homes)
    for station, stays in sorted(followed(view, topology, homes).items()):
        between = None if settled(stays) else _flapping(stays, grounds)
        if between and not (between.moves and virtual_family(station[1])):
            yield _finding(view, station, stays, between, homes)


def finding_id(segment: str, mac: str) -> str:
    """Return the id of the finding about a station."""
    return identity("mac-flapping", segment, mac)


def moved(
    view: View,
    topology: Topology,
    homes: Mapping[SwitchPort, Server],
    last: Mapping[Station, Stay],
) -> dict[Station, tuple[Stay, ...]]:
    """Return, of the places where stations were last, those that they have left for another."""
    grounds = Grounds(view, topology, homes)
    return {
        (segment, mac): (was,)
        for (segment, mac), was in last.items()
        for vlan, ports in grounds.ends(segment, mac).items()
        if vlan == was.vlan and grounds.bundle(was.port) not in ports
        if any(grounds.distinct(was.port, port) for port in ports)
    }


def followed(view: View, topology: Topology, homes: Mapping[SwitchPort, Server]) -> Flights:
    """Return the stations in doubt with their last looks and this one, oldest first.

    This look counts for a station only if every switch on whose ports it was or is was read
    without gaps: a row that is not there proves nothing where rows are missing.
    """
    grounds = Grounds(view, topology, homes)
    past = view.flights or {}
    both = {(end.segment, end.mac) for end in grounds.several()}
    return {
        station: kept
        for station in sorted({*past, *both})
        if (kept := _kept(view, grounds, station, past.get(station, ())))
    }


def _kept(
    view: View, grounds: Grounds, station: Station, past: tuple[Stay, ...]
) -> tuple[Stay, ...]:
    now = tuple(
        Stay(port=port, vlan=vlan, seen=view.now)
        for vlan, ports in grounds.ends(*station).items()
        for port in sorted(ports, key=str)
    )
    stays = (*past, *now) if grounds.whole(s.port for s in (*past, *now)) else past
    fresh = [s for s in stays if s.seen > view.now - FORGET]
    looks = sorted({s.seen for s in fresh})[-LOOKS:]
    return tuple(s for s in fresh if s.seen in looks)


def settled(stays: Iterable[Stay]) -> bool:
    """Tell whether a station has been on one port for the last looks, or ever since it is known.

    It then has moved, however it came there: what went before is no part of what comes next.
    """
    return len(set().union(*_by_look(stays)[-REST:])) == 1


def has_moved(stays: tuple[Stay, ...], now: datetime) -> bool:
    """Tell whether a station was elsewhere in the look at this moment than in the one before."""
    looks = _by_look(stays)
    return stays[-1].seen == now and looks[-1:] != looks[-2:-1]


def _by_look(stays: Iterable[Stay]) -> list[set[tuple[SwitchPort, int | None]]]:
    """Return where a station was in each look, oldest first."""
    looks: dict[datetime, set[tuple[SwitchPort, int | None]]] = {}
    for stay in stays:
        looks.setdefault(stay.seen, set()).add((stay.port, stay.vlan))
    return [looks[seen] for seen in sorted(looks)]


def _flapping(stays: tuple[Stay, ...], grounds: Grounds) -> Flapping | None:
    """Return the two ports of the station between which it goes most."""
    found = [
        Flapping(ports=(one, other), vlan=vlan, moves=moves)
        for vlan in {s.vlan for s in stays}
        for one, other in combinations(_ports(stays, vlan), 2)
        if grounds.distinct(one, other)
        if (moves := _moves(_looks(stays, vlan, one, other))) is not None
    ]
    return max(found, key=lambda f: (f.moves, str(f)), default=None)


def _ports(stays: Iterable[Stay], vlan: int | None) -> list[SwitchPort]:
    return sorted({s.port for s in stays if s.vlan == vlan}, key=str)


Look = tuple[datetime, frozenset[SwitchPort]]


def _looks(stays: Iterable[Stay], vlan: int | None, *ports: SwitchPort) -> list[Look]:
    """Return when the station was on which of the two ports, oldest first."""
    at: dict[datetime, set[SwitchPort]] = {}
    for stay in stays:
        if stay.vlan == vlan and stay.port in ports:
            at.setdefault(stay.seen, set()).add(stay.port)
    return [(seen, frozenset(at[seen])) for seen in sorted(at)]


def _moves(looks: list[Look]) -> int | None:
    """Return how often the station moved if that is to and fro, None if it is nothing unusual.

    A look that shows both says nothing of a move, but both again after every unused row must have
    aged is both at once.
    """
    alone = [ports for _, ports in looks if len(ports) == 1]
    moves = len(list(groupby(alone))) - 1
    if moves >= MOVES:
        return moves
    runs = ([seen for seen, _ in run] for both, run in groupby(looks, _on_both) if both)
    return 0 if any(run[-1] - run[0] >= AGING for run in runs) else None


def _on_both(look: Look) -> bool:
    return len(look[1]) > 1


def _finding(
    view: View,
    station: Station,
    stays: tuple[Stay, ...],
    between: Flapping,
    homes: Mapping[SwitchPort, Server],
) -> Finding:
    segment, mac = station
    last = {s.port: s for s in stays if s.vlan == between.vlan}
    claimants = tuple(_claimant(view, mac, last[port], homes) for port in between.ports)
    return Finding(
        id=finding_id(segment, mac),
        kind="mac-flapping",
        severity="warning",
        first_seen=view.now,
        last_seen=view.now,
        segment=segment,
        address=_address(view, station),
        claimants=claimants,
        evidence=tuple(_evidence(view, mac, stays)),
        summary=_summary(view, mac, between, claimants),
        advice=f"netguard host locate {mac}",
    )


def _claimant(view: View, mac: str, stay: Stay, homes: Mapping[SwitchPort, Server]) -> Claimant:
    """Return the station as it is on one port: who hangs there has the MAC, or has borrowed it."""
    device, port = stay.port.device, stay.port.port
    server = homes.get(stay.port)
    read = view.devices[device].interfaces if device in view.devices else ()
    places = (
        Location(device=device, port=port, if_index=i.if_index, vlan=stay.vlan, seen=stay.seen)
        for i in read
        if i.name == port
    )
    return Claimant(
        mac=mac,
        vendor=vendor(mac),
        server=server.name if server else None,
        location=next(places, None),
    )


def _address(view: View, station: Station) -> IPAddress | None:
    """Return the address that the station answers for, if it is one."""
    segment, mac = station
    claims = (seen.claims for seen in view.segments if seen.segment.name == segment)
    claimed = [address for known in claims for address, who in known.items() if mac in who]
    return claimed[0] if len(claimed) == 1 else None


def _evidence(view: View, mac: str, stays: Iterable[Stay]) -> Iterator[Evidence]:
    for stay in stays:
        vlan = f", VLAN {stay.vlan}" if stay.vlan is not None else ""
        detail = f"{stay.port.device} learned {mac} on {stay.port.port}{vlan}"
        yield Evidence(source="fdb", seen=stay.seen, detail=detail)
    if owner := view.index.server_with(mac):
        detail = f"{mac} is {owner.name} by its mac"
        yield Evidence(source="inventory", seen=view.now, detail=detail)


def _summary(view: View, mac: str, between: Flapping, claimants: tuple[Claimant, ...]) -> str:
    owner = view.index.server_with(mac)
    who = f"{owner.name} ({mac})" if owner else mac
    where = " and ".join(
        f"{port} ({c.server})" if c.server else str(port)
        for port, c in zip(between.ports, claimants, strict=True)
    )
    if not between.moves:
        return f"{who} is on {where} at once."
    return f"{who} goes to and fro between {where}: {between.moves} moves in the last looks."
