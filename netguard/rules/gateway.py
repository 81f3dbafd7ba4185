"""Somebody else answers for the default gateway, or the gateway is not who it was."""

from collections.abc import Iterable, Iterator

from netguard.attribution import Suspect, claimant, genuine_routers, roles, share_by_glbp, suspects
from netguard.findings import Evidence, Finding, Role, Severity, identity
from netguard.inventory import Gateway
from netguard.routers import confirmed_identity, gateway_identity, virtual_macs
from netguard.rules.claims import answers, insists, stands, tests_of
from netguard.rules.words import advice, culprit, names, station_evidence
from netguard.scene import Scene
from netguard.view import Identity
from probes.mac import virtual_family


def gateway_hijack(scene: Scene) -> Iterator[Finding]:
    """Find the stations that answer for a gateway and are not it.

    One answer when asked again is enough, or announcing it over and over: nobody else has any
    business there. A MAC from a virtual router's range is no excuse; only the pinned ones are.
    """
    for gateway in scene.seen.segment.gateways:
        if taken_by := intruders(scene, gateway):
            yield _hijack(scene, gateway, taken_by)


def intruders(scene: Scene, gateway: Gateway) -> frozenset[str]:
    """Return the stations that claim the gateway and are proven not to be it.

    For a pinned one that is everybody but the routers; else only what the inventory calls a
    server to which the address does not belong.
    """
    alive = _alive(scene, gateway)
    if gateway_identity(scene.view, scene.seen.segment, gateway):
        return alive - _trusted(scene, gateway)
    role = roles(scene, gateway.address, suspects(scene, alive))
    return frozenset(mac for mac in alive if role[mac] == "impostor")


def _alive(scene: Scene, gateway: Gateway) -> frozenset[str]:
    tests = tests_of(scene.seen, gateway.address)
    return frozenset(t.station for t in tests if answers(t) or insists(t))


def _trusted(scene: Scene, gateway: Gateway) -> frozenset[str]:
    """Return the gateway's MACs, and the routers' own others: one may take over from another.

    But not the virtual MACs of other addresses: nobody takes over with these.
    """
    segment = scene.seen.segment
    pinned = gateway_identity(scene.view, segment, gateway)
    own = (pinned.macs if pinned else frozenset()) | _confirmed(scene, gateway)
    return own | (genuine_routers(scene) - virtual_macs(scene.view, segment))


def _confirmed(scene: Scene, gateway: Gateway) -> frozenset[str]:
    confirmed = confirmed_identity(scene.view, scene.seen.segment, gateway.address)
    return confirmed.macs if confirmed else frozenset()


def _hijack(scene: Scene, gateway: Gateway, taken_by: frozenset[str]) -> Finding:
    pinned = gateway_identity(scene.view, scene.seen.segment, gateway)
    alive = _alive(scene, gateway)
    silent = alive == taken_by
    who = suspects(scene, alive | (pinned.macs if pinned and silent else frozenset()))
    other: Role = "rightful" if pinned else "unknown"
    claimants = tuple(claimant(s, "impostor" if s.mac in taken_by else other) for s in who)
    id_ = identity("gateway-hijack", scene.name, gateway.address)
    return Finding(
        id=id_,
        kind="gateway-hijack",
        severity="critical",
        first_seen=scene.view.now,
        last_seen=scene.view.now,
        segment=scene.name,
        address=gateway.address,
        server=culprit(claimants),
        claimants=claimants,
        evidence=(
            _identity_evidence(scene, gateway, pinned),
            *_behaviour(scene, gateway, who),
            *_virtual(scene, taken_by),
        ),
        summary=f"{names(c for c in claimants if c.role == 'impostor')} answers for"
        f" {gateway.address}, the gateway of {scene.name}"
        f"{', and the gateway itself is silent' if silent else ''}.",
        advice=advice(id_, claimants),
    )


def _identity_evidence(scene: Scene, gateway: Gateway, pinned: Identity | None) -> Evidence:
    if pinned:
        return Evidence(source=pinned.source, seen=pinned.seen, detail=pinned.detail)
    detail = f"nobody has pinned {gateway.address}, but it belongs to no server"
    return Evidence(source="inventory", seen=scene.view.now, detail=detail)


def _behaviour(scene: Scene, gateway: Gateway, who: tuple[Suspect, ...]) -> Iterator[Evidence]:
    """Say of each station how it answered, or that it did not."""
    tests = {t.station: t for t in tests_of(scene.seen, gateway.address)}
    for suspect in who:
        test = tests.get(suspect.mac)
        if test is not None and (answers(test) or insists(test)):
            yield from station_evidence(test, suspect)
        else:
            detail = f"{suspect.mac} does not answer for {gateway.address}"
            yield Evidence(source="arp-sweep", seen=scene.view.now, detail=detail)


def _virtual(scene: Scene, taken_by: frozenset[str]) -> Iterator[Evidence]:
    """Name the impostors that look like a virtual router: proof of nothing, but worth a look."""
    for mac in sorted(taken_by):
        if family := virtual_family(mac):
            detail = f"{mac} is from the {family} range: pin it if the router is yours"
            yield Evidence(source="inventory", seen=scene.view.now, detail=detail)


def gateway_changed(scene: Scene) -> Iterator[Finding]:
    """Find gateways that answer from another MAC than before, or than the configuration says.

    For an unpinned gateway nobody can say who is right, so this only asks for a pin. For a pinned
    one whose router itself gives another MAC (a new line card), the pin is out of date.
    """
    for gateway in scene.seen.segment.gateways:
        pinned = gateway_identity(scene.view, scene.seen.segment, gateway)
        macs = _confirmed(scene, gateway)
        if pinned is None:
            yield from _moved(scene, gateway)
        elif macs and not macs & pinned.macs and not any(map(virtual_family, pinned.macs)):
            yield _outdated_pin(scene, gateway, pinned, macs)


def _moved(scene: Scene, gateway: Gateway) -> Iterator[Finding]:
    """Find an unpinned gateway whose last station is gone and whose new one goes on answering."""
    before = scene.view.last_stations.get((scene.name, gateway.address))
    steady = [t.station for t in tests_of(scene.seen, gateway.address) if stands(t)]
    if not before or not steady or before in steady or intruders(scene, gateway):
        return
    if not share_by_glbp(scene, [before, *steady]):
        yield _changed(
            scene,
            gateway,
            steady,
            role="unknown",
            severity="warning",
            detail=f"the last sweep had {gateway.address} on {before}",
            summary=f"moved from {before} to {{}}, and nothing says which is right: pin it in the"
            " configuration, or let netguard read its router.",
        )


def _outdated_pin(
    scene: Scene, gateway: Gateway, pinned: Identity, macs: frozenset[str]
) -> Finding:
    return _changed(
        scene,
        gateway,
        macs,
        role="rightful",
        severity="notice",
        detail=pinned.detail,
        summary="is {} by its router's own word, but configuration pins another MAC: mend the pin.",
    )


def _changed(
    scene: Scene,
    gateway: Gateway,
    stations: Iterable[str],
    *,
    role: Role,
    severity: Severity,
    detail: str,
    summary: str,
) -> Finding:
    claimants = tuple(claimant(s, role) for s in suspects(scene, stations))
    what = f"{gateway.address}, the gateway of {scene.name}, "
    return Finding(
        id=identity("gateway-changed", scene.name, gateway.address),
        kind="gateway-changed",
        severity=severity,
        first_seen=scene.view.now,
        last_seen=scene.view.now,
        segment=scene.name,
        address=gateway.address,
        claimants=claimants,
        evidence=(Evidence(source="inventory", seen=scene.view.now, detail=detail),),
        summary=what + summary.format(names(claimants)),
        advice=f"netguard host locate {gateway.address}",
    )
