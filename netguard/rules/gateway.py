"""Somebody else answers for the default gateway, or the gateway is not who it was."""

from collections.abc import Iterable, Iterator

from netguard.attribution import Suspect, claimant, suspects
from netguard.findings import Evidence, Finding, Role, Severity, identity
from netguard.inventory import Gateway
from netguard.rules.claims import answers, stands, tests_of
from netguard.rules.words import advice, culprit, names, station_evidence
from netguard.scene import Scene
from netguard.view import Identity, confirmed_identity, gateway_identity


def gateway_hijack(scene: Scene) -> Iterator[Finding]:
    """Find the stations that answer for a pinned gateway and are not it.

    One answer when asked again is enough: nobody else has any business answering. A MAC from a
    virtual router's range is no excuse either; only the pinned ones are the gateway.
    """
    for gateway in scene.seen.segment.gateways:
        pinned = gateway_identity(scene.view, scene.seen.segment, gateway)
        alive = {t.station for t in tests_of(scene.seen, gateway.address) if answers(t)}
        if pinned and alive - (trusted := pinned.macs | _confirmed(scene, gateway)):
            stations = alive if alive & trusted else alive | pinned.macs
            yield _hijack(scene, gateway, pinned, trusted, suspects(scene, stations))


def _confirmed(scene: Scene, gateway: Gateway) -> frozenset[str]:
    confirmed = confirmed_identity(scene.view, scene.seen.segment, gateway.address)
    return confirmed.macs if confirmed else frozenset()


def _hijack(
    scene: Scene,
    gateway: Gateway,
    pinned: Identity,
    trusted: frozenset[str],
    who: tuple[Suspect, ...],
) -> Finding:
    id_ = identity("gateway-hijack", scene.name, gateway.address)
    claimants = tuple(claimant(s, "rightful" if s.mac in trusted else "impostor") for s in who)
    impostors = tuple(c for c in claimants if c.role == "impostor")
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
            Evidence(source=pinned.source, seen=pinned.seen, detail=pinned.detail),
            *_behaviour(scene, gateway, who),
        ),
        summary=f"{names(impostors)} answers for {gateway.address}, the gateway of {scene.name}"
        f"{_and_the_gateway(scene, gateway, trusted)}.",
        advice=advice(id_, claimants),
    )


def _behaviour(scene: Scene, gateway: Gateway, who: tuple[Suspect, ...]) -> Iterator[Evidence]:
    """Say of each station how it answered, or that it did not."""
    tests = {t.station: t for t in tests_of(scene.seen, gateway.address)}
    for suspect in who:
        test = tests.get(suspect.mac)
        if test is not None and answers(test):
            yield from station_evidence(test, suspect)
        else:
            detail = f"{suspect.mac} does not answer for {gateway.address}"
            yield Evidence(source="arp-sweep", seen=scene.view.now, detail=detail)


def _and_the_gateway(scene: Scene, gateway: Gateway, trusted: frozenset[str]) -> str:
    tests = tests_of(scene.seen, gateway.address)
    alive = any(t.station in trusted and answers(t) for t in tests)
    return "" if alive else ", and the gateway itself is silent"


def gateway_changed(scene: Scene) -> Iterator[Finding]:
    """Find gateways that answer from another MAC than before, or than the configuration says.

    For an unpinned gateway nobody can say who is right, so this only asks for a pin. For a pinned
    one whose router itself gives another MAC (a new line card), the pin is out of date.
    """
    for gateway in scene.seen.segment.gateways:
        pinned = gateway_identity(scene.view, scene.seen.segment, gateway)
        if pinned is None:
            yield from _moved(scene, gateway)
        elif (macs := _confirmed(scene, gateway)) and not macs & pinned.macs:
            yield _outdated_pin(scene, gateway, pinned, macs)


def _moved(scene: Scene, gateway: Gateway) -> Iterator[Finding]:
    """Find an unpinned gateway whose last station is gone and whose new one goes on answering."""
    before = scene.view.last_stations.get((scene.name, gateway.address))
    steady = [t.station for t in tests_of(scene.seen, gateway.address) if stands(t)]
    if before and steady and before not in steady:
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
