"""Whether what seems to end on the server is really there, and not behind a hop that hides."""

from netguard.forwarding.known import Known
from netguard.forwarding.past import past
from netguard.forwarding.records import Judgement
from netguard.forwarding.words import FAR, another, judged, later
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
    if not before.settled(2):
        return Ask(Question(at - 1), known.near)
    return _behind_a_silent_hop(flow, known, at)


def _behind_a_silent_hop(flow: Flow, known: Known, at: int) -> Step | Judgement | None:
    """See who stands before the hop that is silent: behind the router comes the server's place."""
    earlier = flow.at(at - 2)
    if at > 2 and not earlier.settled(2):  # noqa: PLR2004 - there is no hop 0
        return Ask(Question(at - 2), known.near)
    router = earlier.first("time-exceeded")
    if router and router.source in known.beside:
        return past(flow, known, at - 1)
    # The router before the server is silent always; but so is a server that hides, one hop on.
    before_it = router.source not in known.edges if router else at == 2  # noqa: PLR2004
    if known.edge_silent and at == known.distance and before_it:
        return None
    if not flow.at(at - 1).settled(_PATIENT):
        return Ask(Question(at - 1), FAR)
    return judged(flow, known, "undecided", "the hop before it does not say who it is")


def _beside_us(flow: Flow, known: Known) -> Judgement | None:
    """Decide by ARP about an address that no router stands before."""
    if known.stations.get(flow.target, frozenset()) & known.macs:
        return None
    if others := known.others_for(flow.target):
        return another(flow, known, others)
    return judged(flow, known, "undecided", "it is on this machine's own segment: ask it there")


def _router_named(flow: Flow, known: Known, at: int, router: IPAddress) -> Step | Judgement | None:
    """Accept the router before the address, if it is one that stands before the server."""
    if router in known.edges:
        return _nobody_in_its_name(flow, known, at, router) if at > known.distance else None
    unknown_family = all(edge.version != router.version for edge in known.edges)
    if unknown_family and at == known.distance:
        return None
    return judged(flow, known, "undecided", f"{router} before it is no router of the server's")


def _nobody_in_its_name(
    flow: Flow, known: Known, at: int, router: IPAddress
) -> Step | Judgement | None:
    """See that a server further away than its own address is not itself the router's voice."""
    if at == 2:  # noqa: PLR2004 - there is no hop 0
        return None
    earlier = flow.at(at - 2)
    if not earlier.settled(2):
        return Ask(Question(at - 2), known.near)
    who = earlier.first("time-exceeded")
    if who and who.source not in known.edges:
        return None
    return judged(flow, known, "undecided", f"somebody may speak in the name of {router}")


def _somebody_else(flow: Flow, known: Known, at: int) -> Judgement | None:
    """Several stations are at the server's distance: its whole segment."""
    answer = flow.at(at).end()
    mac = answer.mac if answer and known.on_segment and known.by_mac else None
    if mac and mac not in known.macs:
        return another(flow, known, {mac})
    others = known.others_for(flow.target)
    return another(flow, known, others) if others else None


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


def _answers_only_echo(flow: Flow, known: Known, at: int) -> Step | Judgement | None:
    """Ask some of them by UDP too: a server may answer pings for what it routes onward.

    Time exceeded to that is taken up before anything else (see `place.spoke_for`).
    """
    other = flow.at(at, "udp")
    # What routes may have no word left for this one.
    tries = _PATIENT if known.feigns or known.spends else 1
    if known.tries_udp(flow.target) and not other.settled(tries):
        return Ask(Question(at, "udp"), known.near, rationed=True)
    if known.feigns and not other.end():
        why = "the server answers pings for others, and this may be another's"
        return judged(flow, known, "undecided", why)
    if stranger := contradicted(flow, known, at):
        why = f"{stranger} says that it does not end where its pings are answered"
        return judged(flow, known, "undecided", why)
    return None


def contradicted(flow: Flow, known: Known, at: int) -> IPAddress | None:
    """Return who else spoke up where the address answered, and is no router before the server."""
    replies = (*flow.at(at).replies, *flow.at(at, "udp").replies)
    errors = (r for r in replies if r.kind in {"time-exceeded", "unreachable"})
    strangers = (r.source for r in errors if r.source != flow.target and not known.precedes(r))
    return next(strangers, None)
