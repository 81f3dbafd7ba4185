"""The neighbour on a port says to be a device of ours, and that device knows nothing of it."""

from collections.abc import Iterator, Mapping

from netguard.findings import Claimant, Evidence, Finding, Location, identity
from netguard.history import one_line
from netguard.inventory import Server, SwitchPort
from netguard.locate import Topology
from netguard.neighbors import Claim, claims
from netguard.rules.words import port_advice
from netguard.view import View, aggregates
from probes.mac import canonical, vendor
from probes.records import Neighbor

# Who hangs on the port is told as far as it is few: a port with more is no customer's.
FEW = 4
_LONGEST = 64  # characters that a neighbour's own words may fill in a sentence


def neighbor_unconfirmed(
    view: View, topology: Topology, homes: Mapping[SwitchPort, Server]
) -> Iterator[Finding]:
    """Find the ports on which somebody passes as one of our devices.

    Whoever is believed there is taken for infrastructure: located no more, and never shut. A
    neighbour that claims to be nobody of ours is nobody's business. What is denied only so far may
    be a new link between devices, unless the port is a server's.
    """
    denied: dict[SwitchPort, list[Claim]] = {}
    for claim in claims(view.devices):
        is_new = claim.answer == "denied-so-far" and claim.port in homes
        if (claim.answer == "denied" or is_new) and claim.port not in topology.uplinks:
            denied.setdefault(claim.port, []).append(claim)
    for port, said in sorted(denied.items(), key=lambda item: str(item[0])):
        yield _finding(view, topology, homes.get(port), said)


def finding_id(port: SwitchPort) -> str:
    """Return the id of the finding about a port; it belongs to a device, not to a segment."""
    return identity("neighbor-unconfirmed", port.device, port.port)


def about(finding: Finding, device: str) -> bool:
    """Tell whether a finding of this kind is about a port of the device."""
    return finding.id.startswith(identity("neighbor-unconfirmed", device, ""))


def undecided(view: View) -> frozenset[str]:
    """Return the ids of the findings that this look can neither open nor end."""
    unclear = ("undecided", "denied-so-far")
    return frozenset(finding_id(c.port) for c in claims(view.devices) if c.answer in unclear)


def _finding(view: View, topology: Topology, home: Server | None, said: list[Claim]) -> Finding:
    claim = said[0]
    stations = _stations(view, topology, claim)
    owners = {mac: server for mac in stations if (server := _owner(view, mac, home))}
    server = home or next(iter(owners.values()), None)
    return Finding(
        id=finding_id(claim.port),
        kind="neighbor-unconfirmed",
        severity="warning" if server else "notice",
        first_seen=view.now,
        last_seen=view.now,
        server=server.name if server else None,
        claimants=tuple(_claimants(view, claim, stations, owners)),
        evidence=(*(e for c in said for e in _evidence(view, c)), *_table(view, claim, stations)),
        summary=_summary(claim, server),
        advice=port_advice(claim.port.device, claim.port.port),
    )


def _stations(view: View, topology: Topology, claim: Claim) -> tuple[str, ...]:
    """Return the stations learned on a port, or on the aggregate that it is in."""
    device = view.devices[claim.port.device]
    whole = aggregates(device).get(claim.interface.if_index, claim.interface)
    ports = {claim.port, SwitchPort(claim.port.device, whole.name)}
    seen = topology.sightings.items()
    return tuple(sorted(mac for mac, rows in seen if any(row.port in ports for row in rows)))


def _owner(view: View, station: str, home: Server | None) -> Server | None:
    """Return the server that a station is: by its port, its MAC, or what it answers for."""
    if server := home or view.index.server_with(station):
        return server
    claimed = (a for seen in view.segments for a, who in seen.claims.items() if station in who)
    return next(filter(None, map(view.index.assigned_to, claimed)), None)


def _claimants(
    view: View, claim: Claim, stations: tuple[str, ...], owners: Mapping[str, Server]
) -> Iterator[Claimant]:
    """Yield who hangs on the port; nobody learned there, then who the neighbour says it is."""
    seen = view.devices[claim.port.device].seen
    place = Location(
        device=claim.port.device,
        port=claim.port.port,
        if_index=claim.interface.if_index,
        vlan=None,
        seen=seen,
    )
    for mac in (sorted(stations, key=lambda m: m not in owners) or _own_mac(claim))[:FEW]:
        server = owners.get(mac)
        yield Claimant(
            mac=mac, vendor=vendor(mac), server=server.name if server else None, location=place
        )


def _own_mac(claim: Claim) -> list[str]:
    try:
        return [canonical(claim.neighbor.remote_chassis)]
    except ValueError:
        return []


def _evidence(view: View, claim: Claim) -> Iterator[Evidence]:
    here, there = view.devices[claim.port.device], claim.named
    neighbor, name = claim.neighbor, there.device.name
    yield Evidence(
        source="snmp",
        seen=here.seen,
        detail=f"{here.device.name} hears by {neighbor.protocol.upper()} on {claim.port.port}:"
        f" {_told(neighbor)}",
    )
    yield Evidence(
        source="snmp",
        seen=there.seen,
        detail=f"{name} hears {len(there.neighbors)} neighbours, and none of them is {claim.port}",
    )


def _told(neighbor: Neighbor) -> str:
    """Return what a neighbour says of itself, so that no terminal acts on it."""
    port = neighbor.remote_port or neighbor.remote_port_descr
    words = {"name": neighbor.remote_name, "port": port, "chassis": neighbor.remote_chassis}
    said = (f"{word} {one_line(text)[:_LONGEST]}" for word, text in words.items() if text)
    return ", ".join(said)


def _table(view: View, claim: Claim, stations: tuple[str, ...]) -> Iterator[Evidence]:
    few = ", ".join(stations) if len(stations) <= FEW else f"{len(stations)} stations"
    detail = f"{claim.port.device} learned {few or 'no station'} on {claim.port.port}"
    yield Evidence(source="fdb", seen=view.devices[claim.port.device].seen, detail=detail)


def _summary(claim: Claim, server: Server | None) -> str:
    whose = f" ({server.name})" if server else ""
    name = claim.named.device.name
    return f"{claim.port}{whose} passes as {name}, which has no link to that port."
