"""A server uses an address that is assigned to nobody."""

from collections.abc import Iterator

from netguard.attribution import Suspect, claimant, suspects
from netguard.findings import Evidence, Finding, identity
from netguard.inventory import servers_on
from netguard.rules.words import advice, names, place_evidence
from netguard.scene import Scene
from netguard.view import router_addresses
from probes.records import IPAddress

# A station with more unassigned addresses than this gets one finding, not one for each.
MANY = 4


def unassigned_address(scene: Scene) -> Iterator[Finding]:
    """Find stations that answer for addresses which the inventory assigns to nobody.

    Silent where the inventory has no server on the segment: then it says nothing about addresses.
    """
    if not any(servers_on(scene.view.inventory, scene.seen.segment)):
        return
    for station, addresses in sorted(_taken(scene).items()):
        (who,) = suspects(scene, (station,))
        if len(addresses) > MANY:
            yield _finding(scene, who, addresses, subject=station)
        else:
            for address in addresses:
                yield _finding(scene, who, [address], subject=address)


def _taken(scene: Scene) -> dict[str, list[IPAddress]]:
    """Return station -> the unassigned addresses that it answered for when asked."""
    taken: dict[str, list[IPAddress]] = {}
    explained = _explained(scene)
    for address in sorted(scene.seen.claims):
        if address in explained or scene.view.index.assigned_to(address):
            continue
        for station, claim in scene.seen.claims[address].items():
            if claim.kind == "reply" and claim.delay is not None:
                taken.setdefault(station, []).append(address)
    return taken


def _explained(scene: Scene) -> frozenset[IPAddress]:
    """Return the addresses that infrastructure has: gateways, the routers' own, the devices'."""
    return frozenset(
        (
            *(g.address for g in scene.seen.segment.gateways),
            *router_addresses(scene.view, scene.seen.segment),
            *(a.ip for device in scene.view.devices.values() for a in device.addresses),
        )
    )


def _finding(scene: Scene, who: Suspect, addresses: list[IPAddress], *, subject: object) -> Finding:
    id_ = identity("unassigned-address", scene.name, subject)
    station = claimant(who, "unknown")
    one = addresses[0] if len(addresses) == 1 else None
    what = str(one) if one else f"{len(addresses)} addresses ({addresses[0]} to {addresses[-1]})"
    answered = f"{who.mac} answers for {', '.join(map(str, addresses))}"
    return Finding(
        id=id_,
        kind="unassigned-address",
        severity="notice",
        first_seen=scene.view.now,
        last_seen=scene.view.now,
        segment=scene.name,
        address=one,
        server=station.server,
        claimants=(station,),
        evidence=(
            Evidence(source="arp-sweep", seen=scene.view.now, detail=answered),
            *place_evidence(who, scene.view.now),
            Evidence(source="inventory", seen=scene.view.now, detail=f"{what}: assigned to nobody"),
        ),
        summary=f"{names([station])} uses {what}, assigned to nobody.",
        advice=advice(id_, (station,)),
    )
