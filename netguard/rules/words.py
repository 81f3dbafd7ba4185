"""The sentences that rules share: stations by name and place, evidence, and the next command."""

import shlex
from collections.abc import Iterable, Iterator
from datetime import datetime

from netguard.attribution import Suspect
from netguard.findings import Claimant, Evidence
from probes.heard import ClaimTest


def name(claimant: Claimant) -> str:
    """Return `ds0004 (00:00:5e:00:53:24) on cat1 Fa0/4`, or as much of it as is known."""
    who = f"{claimant.server} ({claimant.mac})" if claimant.server else claimant.mac
    place = claimant.location
    return f"{who} on {place.device} {place.port}" if place else who


def names(claimants: Iterable[Claimant]) -> str:
    """Return the stations' names, joined with `and`."""
    return " and ".join(name(c) for c in claimants)


def culprit(claimants: Iterable[Claimant]) -> str | None:
    """Return the server that causes the trouble, where one is known."""
    return next((c.server for c in claimants if c.role == "impostor" and c.server), None)


def station_evidence(test: ClaimTest, suspect: Suspect) -> Iterator[Evidence]:
    """Say what re-asking showed of a station, where it hangs, and what ties it to a server."""
    yield Evidence(
        source="arp-sweep",
        seen=test.seen,
        detail=f"{test.station} answered for {test.address}: {test.broadcast_answers} of"
        f" {test.rounds} questions to everybody, {test.unicast_answers} of {test.rounds} to it"
        " alone",
    )
    if test.unasked_rounds:
        yield Evidence(
            source="arp-sweep",
            seen=test.seen,
            detail=f"{test.station} claimed {test.address} without being asked, in"
            f" {test.unasked_rounds} of {test.rounds} rounds",
        )
    if test.canary is not None:
        yield Evidence(
            source="arp-sweep",
            seen=test.seen,
            detail=f"{test.station} also answers for {test.canary}, which nobody has: proxy ARP"
            f"{_haste(test)}",
        )
    yield from place_evidence(suspect, test.seen)


def _haste(test: ClaimTest) -> str:
    """Return how fast it answers; a proxy takes its time with questions to everybody."""
    if test.broadcast_delay is None or test.unicast_delay is None:
        return ""
    return f" (after {test.broadcast_delay:.3f} s; alone, {test.unicast_delay:.3f} s)"


def place_evidence(suspect: Suspect, seen: datetime) -> Iterator[Evidence]:
    """Say where the FDB has the station, or why that is not known, and what ties it to a server."""
    if unplaced := _why_not(suspect):
        yield Evidence(source="fdb", seen=seen, detail=f"{suspect.mac} {unplaced}")
    for place in suspect.where.locations:
        vlan = f", VLAN {place.vlan}" if place.vlan is not None else ""
        yield Evidence(
            source="fdb",
            seen=place.seen,
            detail=f"{place.device} learned {suspect.mac} on {place.port}{vlan}",
        )
    if suspect.owner is not None and suspect.owner.proven:
        detail = f"{suspect.mac} is {suspect.owner.server.name} by its {suspect.owner.by}"
        yield Evidence(source="inventory", seen=seen, detail=detail)


def _why_not(suspect: Suspect) -> str:
    """Return why the station has no end port, or nothing where it has one."""
    if suspect.where.answer == "uplink-only":
        return f"was seen on uplinks only: {', '.join(map(str, suspect.where.path))}"
    return {
        "not-seen": "is in no FDB that was read",
        "several-ports": "was learned on several end ports at once",
    }.get(suspect.where.answer, "")


def advice(finding_id: str, claimants: Iterable[Claimant]) -> str:
    """Return the next command: the impostor's port, a search for it, or the whole finding."""
    culprits = [c for c in claimants if c.role != "rightful"]
    impostors = [c for c in culprits if c.role == "impostor"]
    if len(impostors) == 1 and (place := impostors[0].location):
        return port_advice(place.device, place.port)
    lost = [c.mac for c in culprits if c.location is None]
    if lost and len(lost) == len(culprits):
        return f"netguard host locate {lost[0]}"
    return f"netguard findings show {finding_id}"


def port_advice(device: str, port: str) -> str:
    """Return the command that shows a port."""
    return shlex.join(("netguard", "port", "show", device, port))
