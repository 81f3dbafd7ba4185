"""Who answers for the address in dispute now, and who of them may."""

from ipaddress import IPv4Address

from netguard.ask import Hurry
from netguard.attribution import roles, suspects
from netguard.findings import Finding
from netguard.inventory import Segment
from netguard.routers import gateway_identity
from netguard.rules.claims import answers, insists, tests_of
from netguard.rules.gateway import intruders
from netguard.scene import Scene
from netguard.situation import Claims
from probes.heard import ClaimTest
from probes.records import IPAddress

# A person, or a whole segment, waits for this, and whoever takes an address answers as fast as its
# owner. Who does not is asked once more, with the patience that late proxies need.
QUICK = Hurry(patience=0.2)
PATIENT = Hurry()

Dispute = tuple[Segment, IPv4Address]


def dispute_of(finding: Finding | None, segments: tuple[Segment, ...]) -> Dispute | None:
    """Return the segment and address that can be asked about, None where nothing can."""
    if finding is None or not isinstance(finding.address, IPv4Address):
        return None
    segment = next((s for s in segments if s.name == finding.segment and s.interface), None)
    return (segment, finding.address) if segment else None


def claims(scene: Scene, address: IPAddress, target: str | None) -> Claims:
    """Say who answered for the address, who rightfully has it, and who is proven not to."""
    tests = tests_of(scene.seen, address)
    alive = frozenset(t.station for t in tests if answers(t) or insists(t))
    rightful, impostors = _judged(scene, address, alive)
    return Claims(
        address=address,
        answering=alive,
        rightful=rightful,
        impostors=impostors,
        sightings=max((_sightings(t) for t in tests if t.station == target), default=0),
    )


def _sightings(test: ClaimTest) -> int:
    return max(test.broadcast_answers, test.unicast_answers, test.unasked_rounds)


def _judged(
    scene: Scene, address: IPAddress, alive: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    segment = scene.seen.segment
    gateway = next((g for g in segment.gateways if g.address == address), None)
    if gateway is not None:
        pinned = gateway_identity(scene.view, segment, gateway)
        return pinned.macs if pinned else frozenset(), intruders(scene, gateway)
    role = roles(scene, address, suspects(scene, alive))
    return (
        frozenset(mac for mac in alive if role[mac] == "rightful"),
        frozenset(mac for mac in alive if role[mac] == "impostor"),
    )
