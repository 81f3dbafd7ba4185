"""Who passes on what answers from further away than the server's place."""

from netguard.forwarding.known import Known
from netguard.forwarding.place import PLACES
from netguard.forwarding.records import Judgement
from netguard.forwarding.words import FAR, another, judged, later
from probes.records import HopReply
from probes.trace.flow import FULL, Ask, Flow, Question, Step

_PATIENT = 4  # times that a silent router is asked who it is
_SURE = 5  # ... and an address whether it is here: that answers were lost accuses nobody
_SLOW_TRIES = 4  # and a server, which says little
_MUTE = 2  # addresses after which a server that never names itself is left alone


def past(flow: Flow, known: Known, at: int) -> Step | Judgement:
    """Decide about what answers, though not from the server's place."""
    if ask := _to_be_sure(flow, known, at):
        return ask
    if flow.at(at).first("unreachable"):
        why = "it answers, though somebody said that it cannot be reached"
        return judged(flow, known, "undecided", why)
    if known.on_segment:
        return _past_its_card(flow, known)
    if at == 1:
        return _past_a_silent_router(flow, known)
    before = flow.at(at - 1)
    if not before.settled(_PATIENT):
        return Ask(Question(at - 1), known.near)
    return _past_the_router(flow, known, at, before.first("time-exceeded"))


def _to_be_sure(flow: Flow, known: Known, at: int) -> Ask | None:
    """Ask again whether it ends at the server: that it did not may be chance."""
    if not flow.at(at).settled(2):
        return Ask(Question(at), known.near)
    if later(flow, known) and not flow.at(FULL).repeated():
        return Ask(Question(FULL), FAR)
    if known.tunnel is not None and not flow.at(FULL, large=True).settled():
        return Ask(Question(FULL, large=True), FAR)
    if not flow.at(at).settled(2 if later(flow, known) else _SURE):
        return Ask(Question(at), known.near)
    return None


def _past_a_silent_router(flow: Flow, known: Known) -> Step | Judgement:
    """Ask further on for the server's own word: the first router on the way may have none left.

    Nothing less than that word proves anything (see `place.spoke_for`).
    """
    worth_it = known.spends or known.mute < _MUTE
    # Its few words are worth waiting for until one address is known to be passed on.
    tries = _SLOW_TRIES if known.spends and not known.forwards else 2
    for ttl in range(2, known.distance + PLACES + 1) if worth_it else ():
        hop = flow.at(ttl)
        if not hop.settled(tries):
            return Ask(Question(ttl), known.near, rationed=hop.asked > 0)
        if not hop.first("time-exceeded"):
            break
    return judged(flow, known, "undecided", "no router before the server says who it is")


def _past_the_router(
    flow: Flow, known: Known, at: int, router: HopReply | None
) -> Step | Judgement:
    """Say that the server behind that router passes it on, if it is known to route."""
    if router is None or router.source not in known.edges:
        return judged(
            flow, known, "undecided", "it ends past the server's distance, by an unknown way"
        )
    if known.routes and known.rtt is not None:  # else the server's place is but a guess
        return judged(flow, known, "forwarded", "it ends past the server, which routes")
    if not flow.at(at).settled(_SLOW_TRIES if known.mute < _MUTE else 2):
        return Ask(Question(at), known.near, rationed=True)
    return judged(
        flow, known, "undecided", "who stands in the server's place passes it on, and does not say"
    )


def _past_its_card(flow: Flow, known: Known) -> Judgement:
    """Only the server was given the frame: whoever answers had it from the server."""
    return out_again(flow, known) or judged(
        flow, known, "forwarded", "the server was given it, and it ends further on"
    )


def out_again(flow: Flow, known: Known) -> Judgement | None:
    """Say who on the segment has an address that came to the server by our frames alone."""
    if not known.on_segment:
        return None
    if others := known.others_for(flow.target):
        return another(flow, known, others)
    answer = flow.at(FULL).end() or flow.at(FULL, large=True).end()
    # Who is on the segment answers ARP; there is nothing like it for IPv6.
    proof = known.voices if flow.target.version == 4 else known.macs  # noqa: PLR2004
    if answer is None or answer.mac in proof or flow.target in known.stations:
        return None
    return judged(
        flow, known, "undecided", f"{answer.mac} brings its answer: is it behind the server at all?"
    )
