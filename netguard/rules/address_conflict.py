"""Two servers use the same address."""

from collections.abc import Iterable, Iterator

from netguard.attribution import Suspect, claimant, genuine_routers, roles, share_by_glbp, suspects
from netguard.findings import Claimant, Evidence, Finding, identity
from netguard.routers import cards_of, gateway_identity, router_addresses
from netguard.rules.claims import by_address, one_host, stands
from netguard.rules.gateway import intruders
from netguard.rules.words import advice, culprit, names, station_evidence
from netguard.scene import Scene
from probes.heard import ClaimTest
from probes.records import IPAddress

_ARP_VERSION = 4


def address_conflict(scene: Scene) -> Iterator[Finding]:
    """Find the addresses that two stations hold on to, this machine being one of them or not.

    A gateway that is pinned, or that a known server took, is another rule's.
    """
    for address, who, tests in _held_by_several(scene):
        if _is_ours(scene, address) or _two_servers(who) or not one_host(tests.values()):
            yield _finding(scene, address, who, tests)


def conflict_of_servers(scene: Scene) -> Iterator[Finding]:
    """Find those that two servers hold on to, by the inventory's own word.

    Anything else may be one host with two cards, as long as only a few addresses were asked for;
    but for IPv6, where a host answers for an address on the card that has it.
    """
    for address, who, tests in _held_by_several(scene):
        proven = _is_ours(scene, address) or _two_servers(who)
        if proven or address.version != _ARP_VERSION:
            yield _finding(scene, address, who, tests)


def _held_by_several(
    scene: Scene,
) -> Iterator[tuple[IPAddress, tuple[Suspect, ...], dict[str, ClaimTest]]]:
    """Yield who holds on to an address beside others, or beside this machine."""
    elsewhere = {
        g.address
        for g in scene.seen.segment.gateways
        if gateway_identity(scene.view, scene.seen.segment, g) or intruders(scene, g)
    }
    routers = genuine_routers(scene)
    own = router_addresses(scene.view, scene.seen.segment)
    for address, all_tests in sorted(by_address(scene.seen).items()):
        if address in elsewhere:
            continue
        tests = rivals(all_tests, frozenset() if address in own else routers)
        if tests.keys() <= routers & cards_of(scene.view, scene.seen.segment, address):
            continue
        if not tests or (len(tests) == 1 and not _is_ours(scene, address)):
            continue
        if share_by_glbp(scene, tests):
            continue
        who = suspects(scene, tests)
        if _is_ours(scene, address) or not _one_server(who):
            yield address, who, tests


def _is_ours(scene: Scene, address: IPAddress) -> bool:
    return address in scene.seen.own_addresses


def rivals(tests: Iterable[ClaimTest], routers: frozenset[str]) -> dict[str, ClaimTest]:
    """Return, by station, the tests of those that go on claiming an address.

    A router of the segment that answers for everybody (local proxy ARP) is no rival on an address
    that is not a router's: its MAC is known from itself or from the configuration.
    """
    return {t.station: t for t in tests if stands(t) and t.station not in routers}


def _one_server(who: tuple[Suspect, ...]) -> bool:
    """Tell whether the inventory says that all the stations are one server's."""
    return len(_proven(who)) == 1 and all(s.owner and s.owner.proven for s in who)


def _proven(who: tuple[Suspect, ...]) -> set[str]:
    return {s.owner.server.name for s in who if s.owner and s.owner.proven}


def _two_servers(who: tuple[Suspect, ...]) -> bool:
    """Tell whether the inventory says that the stations belong to different servers.

    Someone who claims several of a victim's addresses looks like the victim's second interface;
    the inventory knows better.
    """
    return len(_proven(who)) > 1


def _finding(
    scene: Scene, address: IPAddress, who: tuple[Suspect, ...], tests: dict[str, ClaimTest]
) -> Finding:
    role = roles(scene, address, who)
    claimants = tuple(claimant(s, role[s.mac]) for s in who)
    assigned = scene.view.index.assigned_to(address)
    server = assigned.name if assigned else None
    gateway = any(g.address == address for g in scene.seen.segment.gateways)
    id_ = identity("address-conflict", scene.name, address)
    return Finding(
        id=id_,
        kind="address-conflict",
        severity="critical" if gateway else "warning",
        first_seen=scene.view.now,
        last_seen=scene.view.now,
        segment=scene.name,
        address=address,
        server=culprit(claimants),
        claimants=claimants,
        evidence=(
            *(e for s in who for e in station_evidence(tests[s.mac], s)),
            *_history(scene, address, who),
            Evidence(
                source="inventory",
                seen=scene.view.now,
                detail=f"{address} is assigned to {server or 'nobody'}",
            ),
        ),
        summary=_summary(address, claimants, server),
        advice=advice(id_, claimants),
    )


def _history(scene: Scene, address: IPAddress, who: tuple[Suspect, ...]) -> Iterator[Evidence]:
    """Say since when each station has used the address: a hint at who was first, and no more."""
    since = scene.view.first_seen.get((scene.name, address), {})
    for suspect in who:
        if suspect.mac in since:
            detail = f"{suspect.mac} was first heard on {address}"
            yield Evidence(source="arp-sweep", seen=since[suspect.mac], detail=detail)


def _summary(address: IPAddress, claimants: tuple[Claimant, ...], assigned: str | None) -> str:
    if len(claimants) == 1:  # who asks does not answer itself
        return f"{address} is this machine's own, but {names(claimants)} uses it too."
    impostors = [c for c in claimants if c.role == "impostor"]
    if assigned and impostors:
        return f"{address} belongs to {assigned}, but {names(impostors)} uses it too."
    return f"{address} is used by {len(claimants)} stations at once: {names(claimants)}."
