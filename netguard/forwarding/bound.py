"""Whether what seems to end on the server is really there, and not behind a hop that hides."""

from collections.abc import Iterable

from netguard.forwarding.known import Known
from netguard.forwarding.past import past
from netguard.forwarding.records import Judgement
from netguard.forwarding.words import FAR, judged, later
from probes.records import IPAddress
from probes.trace.flow import FULL, Ask, Flow, Question, Step

_PATIENT = 4


def ends_here(flow: Flow, known: Known, at: int) -> Step | Judgement:
    """Decide about an address that answers from the server's distance."""
    return (
        _before(flow, known, at)
        or _somebody_else(flow, known, at)
        or _hidden(flow, known)
        or _answers_only_echo(flow, known, at)
        or judged(flow, known, "bound", "it ends on the server")
    )


def _before(flow: Flow, known: Known, at: int) -> Step | Judgement | None:
    """See that the hop before is the router, so that this is the server's place."""
    if known.on_segment:
        return None
    if at == 1:
        return _beside_us(flow, known)
    before = flow.at(at - 1)
    router = before.first("time-exceeded")
    if router is not None:
        return _router_named(flow, known, at, router.source)
    if known.edge_silent and at == known.distance and before.settled(2):
        return None
    if not before.settled(2):
        return Ask(Question(at - 1), known.near)
    return _behind_a_silent_hop(flow, known, at)


def _behind_a_silent_hop(flow: Flow, known: Known, at: int) -> Step | Judgement:
    """See who stands before the hop that is silent: behind the router comes the server's place."""
    earlier = flow.at(at - 2)
    if at > 2 and not earlier.settled(2):  # noqa: PLR2004 - there is no hop 0
        return Ask(Question(at - 2), known.near)
    if (router := earlier.first("time-exceeded")) and router.source in known.beside:
        return past(flow, known, at - 1)
    if not flow.at(at - 1).settled(_PATIENT):
        return Ask(Question(at - 1), FAR)
    return judged(flow, known, "undecided", "the hop before it does not say who it is")


def _beside_us(flow: Flow, known: Known) -> Judgement | None:
    """Decide by ARP about an address that no router stands before."""
    stations = known.stations.get(flow.target, frozenset())
    if stations & known.macs:
        return None
    if stations and known.macs:
        return another(flow, known, stations)
    return judged(flow, known, "undecided", "it is on this machine's own segment: ask it there")


def _router_named(flow: Flow, known: Known, at: int, router: IPAddress) -> Judgement | None:
    """Accept the router before the address, if it is one that stands before the server."""
    other_family = router.version != known.server.address.version and at == known.distance
    if router in known.edges or other_family:
        return None
    return judged(flow, known, "undecided", f"{router} before it is no router of the server's")


def another(flow: Flow, known: Known, stations: Iterable[str]) -> Judgement:
    """Say that other stations than the server have the address."""
    who = ", ".join(sorted(stations))
    return judged(flow, known, "elsewhere", f"another station answers for it: {who}")


def _somebody_else(flow: Flow, known: Known, at: int) -> Judgement | None:
    """Several stations are at the server's distance: its whole segment."""
    answer = flow.at(at).end()
    stations = known.stations.get(flow.target, frozenset())
    if known.on_segment and answer and answer.mac and answer.mac not in known.macs:
        stations = frozenset({answer.mac})
    if not stations or not known.macs or stations & known.macs:
        return None
    return another(flow, known, stations)


def _hidden(flow: Flow, known: Known) -> Step | Judgement | None:
    """Look for a hop that shows in no hop limit: a tunnel's MTU, or an answer from far away."""
    large = flow.at(FULL, large=True)
    outlier = later(flow, known)
    doubtful = outlier or known.canary == "routes-undecremented"
    if (doubtful or known.tries_large(flow.target)) and not large.settled():
        return Ask(Question(FULL, large=True), FAR)
    if (cut := large.first("fragmentation-needed")) and known.said(cut):
        return judged(
            flow, known, "forwarded", "the server sends it into a tunnel, and hides its hop"
        )
    if not outlier:
        if known.canary != "routes-undecremented" and not (known.tunnel and not large.end()):
            return None
        return judged(
            flow, known, "undecided", "the server can hide its hop, so this may be behind it"
        )
    if not flow.at(FULL).repeated():
        return Ask(Question(FULL), FAR)
    if known.canary == "routes-undecremented":
        return judged(flow, known, "forwarded", "it answers from further away than the server")
    return judged(flow, known, "undecided", "it answers later than the server: is a hop hidden?")


def _answers_only_echo(flow: Flow, known: Known, at: int) -> Step | None:
    """Ask some of them by UDP too: a server may answer pings for what it routes onward.

    Time exceeded to that is taken up before anything else (see `place.spoke_for`).
    """
    other = flow.at(at, "udp")
    if other.settled() or not known.tries_udp(flow.target):
        return None
    return Ask(Question(at, "udp"), known.near, rationed=True)
