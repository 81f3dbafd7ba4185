"""What was heard, as a finding: who claims what, since when, and what to do next."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

import msgspec

from netguard.findings import Claimant, Evidence, Finding, Kind, Role, identity
from netguard.hearing.claim import Place
from netguard.hearing.ledger import Address
from probes.mac import vendor, virtual_family
from probes.records import IPAddress


class Accusation(msgspec.Struct, frozen=True, kw_only=True):
    """Who is in whose way: `accused` of taking it from `rightful`, or from each other.

    `between` is the station that also takes another address, and that address.
    """

    kind: Kind
    accused: frozenset[str]
    rightful: frozenset[str] = frozenset()
    between: tuple[str, IPAddress] | None = None
    gateway: bool = False


_OUI = len("00:00:5e")
_ANY = ":00:00:01"


@lru_cache(4096)
def _vendor(oui: str) -> str | None:
    """Return whose an OUI is: to look it up costs half a millisecond, and there are floods."""
    return vendor(oui + _ANY)


def finding_of(
    accusation: Accusation, address: Address, now: datetime, segment: str | None
) -> Finding:
    """Tell it as a finding that began with the first claim of the station that came last."""
    accused = sorted(accusation.accused & address.stations.keys())
    heard = sorted((accusation.rightful & address.stations.keys()) | set(accused))
    began = max(address.stations[mac].first for mac in accused)
    grave = accusation.kind != "address-conflict" or accusation.gateway
    return Finding(
        id=identity(accusation.kind, where(address.place, segment), address.place.ip),
        kind=accusation.kind,
        severity="critical" if grave else "warning",
        first_seen=began,
        last_seen=now,
        segment=segment,
        address=address.place.ip,
        claimants=tuple(_claimant(mac, accusation) for mac in heard),
        evidence=tuple(_evidence(address, heard)),
        summary=_summary(accusation, address.place, accused),
        advice=f"netguard host locate {_suspect(accusation, address, accused)}",
    )


def where(place: Place, segment: str | None) -> str | None:
    """Name the segment of a finding: by its VLAN where it has no name, and those around that."""
    if segment or place.vlan is None:
        return segment
    around = filter(str.isdigit, place.interface.split(".")[1:])  # eth0.100: VLAN 100 is outside
    return f"vlan-{'.'.join([*around, str(place.vlan)])}"


def _claimant(mac: str, accusation: Accusation) -> Claimant:
    role: Role = "unknown"
    if accusation.rightful or (accusation.kind == "rogue-router" and len(accusation.accused) == 1):
        role = "rightful" if mac in accusation.rightful else "impostor"
    return Claimant(mac=mac, vendor=_vendor(mac[:_OUI]), role=role)


def _suspect(accusation: Accusation, address: Address, accused: list[str]) -> str:
    """Return who stands between others, else who came last: mostly it is that one."""
    if accusation.between:
        return accusation.between[0]
    return max(accused, key=lambda mac: address.stations[mac].first)


def _evidence(address: Address, heard: list[str]) -> Iterator[Evidence]:
    for mac in heard:
        station = address.stations[mac]
        how = ", ".join(sorted(station.hows))
        times = "once" if station.count == 1 else f"{station.count} times"
        detail = f"{mac} claimed {address.place.ip} {times} ({how}), first at {_at(station.first)}"
        yield Evidence(source="passive", seen=station.last, detail=detail)
        if family := virtual_family(mac):
            detail = f"{mac} is from the {family} range: proof of nothing"
            yield Evidence(source="passive", seen=station.last, detail=detail)


def _at(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _summary(accusation: Accusation, place: Place, accused: list[str]) -> str:
    who = " and ".join(accused)
    if accusation.kind == "gateway-hijack":
        return f"{who} claims {place.ip}, the gateway, and is not it."
    if accusation.kind == "rogue-router" and len(accused) == 1:
        return f"{who} advertises itself as the router {place.ip}, and is none that is known."
    if accusation.between:
        mac, second = accusation.between
        victim = next(other for other in accused if other != mac)
        return f"{mac} claims {place.ip}, which {victim} has, and {second}: it stands between them."
    what = "the router " if accusation.kind == "rogue-router" else ""
    return f"{what}{place.ip} is claimed by {len(accused)} stations in turns: {who}."
