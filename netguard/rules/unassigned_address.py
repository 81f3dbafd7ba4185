"""A server uses an address that is assigned to nobody."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from netguard.attribution import Suspect, claimant, genuine_routers, suspects
from netguard.findings import Evidence, Finding, identity
from netguard.inventory import address_of, servers_on
from netguard.rules.words import advice, names, place_evidence
from netguard.scene import Scene
from netguard.view import SegmentView, View
from probes.records import IPAddress

# A station with more unassigned addresses than this gets one finding, not one for each.
MANY = 4


def unassigned_address(scene: Scene) -> Iterator[Finding]:
    """Find stations that answer for addresses which the inventory assigns to nobody.

    Silent where the inventory has no server on the segment, for then it says nothing about
    addresses; and while a router of the segment cannot be read, for the addresses may be its own.
    """
    if not any(servers_on(scene.view.inventory, scene.seen.segment)) or _router_unread(scene):
        return
    users: dict[IPAddress, list[str]] = {}
    for station, addresses in sorted(_taken(scene).items()):
        if len(addresses) > MANY:
            yield _finding(scene, (station,), addresses, subject=station)
        else:
            for address in addresses:
                users.setdefault(address, []).append(station)
    for address, stations in sorted(users.items()):
        yield _finding(scene, stations, [address], subject=address)


def _router_unread(scene: Scene) -> bool:
    devices = scene.view.devices
    return any(name not in devices or devices[name].gaps for name in scene.seen.segment.routers)


def _taken(scene: Scene) -> dict[str, list[IPAddress]]:
    """Return station -> the unassigned addresses that it answered for when asked."""
    taken: dict[str, list[IPAddress]] = {}
    known = explained(scene.view, scene.seen)
    routers = genuine_routers(scene)
    for address in sorted(scene.seen.claims):
        if address in known or scene.view.index.assigned_to(address):
            continue
        for station, claim in scene.seen.claims[address].items():
            asked = claim.kind == "reply" and claim.delay is not None
            if asked and station not in routers:
                taken.setdefault(station, []).append(address)
    return taken


def explained(view: View, seen: SegmentView) -> frozenset[IPAddress]:
    """Return the addresses that infrastructure has.

    The gateways, the devices' own and those that they share, and this machine's own.
    """
    return frozenset(
        (
            *(g.address for g in seen.segment.gateways),
            *(a.ip for device in view.devices.values() for a in device.addresses),
            *(a.ip for device in view.devices.values() for a in device.virtual_gateways),
            *(a for d in view.inventory.devices if (a := address_of(d))),
            *seen.own_addresses,
        )
    )


def _finding(
    scene: Scene, stations: Iterable[str], addresses: list[IPAddress], *, subject: object
) -> Finding:
    id_ = identity("unassigned-address", scene.name, subject)
    who = suspects(scene, stations)
    claimants = tuple(claimant(suspect, "unknown") for suspect in who)
    one = addresses[0] if len(addresses) == 1 else None
    what = str(one) if one else f"{len(addresses)} addresses ({addresses[0]} to {addresses[-1]})"
    now = scene.view.now
    return Finding(
        id=id_,
        kind="unassigned-address",
        severity="notice",
        first_seen=now,
        last_seen=now,
        segment=scene.name,
        address=one,
        server=next((c.server for c in claimants if c.server), None),
        claimants=claimants,
        evidence=(
            *(e for suspect in who for e in _use(suspect, addresses, now)),
            Evidence(source="inventory", seen=now, detail=f"{what}: assigned to nobody"),
        ),
        summary=f"{names(claimants)} uses {what}, assigned to nobody.",
        advice=advice(id_, claimants),
    )


def _use(suspect: Suspect, addresses: list[IPAddress], now: datetime) -> Iterator[Evidence]:
    detail = f"{suspect.mac} answers for {', '.join(map(str, addresses))}"
    yield Evidence(source="arp-sweep", seen=now, detail=detail)
    yield from place_evidence(suspect, now)
