"""Is an address on the server, or behind it? Decides, or says what must be asked first.

The order of evidence: does a packet that may just reach the server's place end there; if not, does
it end anywhere; who says that it came too far. Nothing is decided by default: what stays unproven
is `undecided`.
"""

import msgspec

from netguard.forwarding.bound import ends_here
from netguard.forwarding.known import Known
from netguard.forwarding.past import out_again, past
from netguard.forwarding.place import PLACES, place, spoke_for
from netguard.forwarding.records import Judgement
from netguard.forwarding.refusals import refused
from netguard.forwarding.words import FAR, SLOW, another, judged, later
from probes.trace.flow import FULL, Ask, Flow, Question, Step

_PATIENT = 4  # times that a silent one is asked for the error that would decide


def decide(flow: Flow, known: Known) -> Step | Judgement:
    """Return the judgement about an address, or else the next question."""
    at = place(flow, known)
    if away := _not_there(flow, known, at):
        return away
    here = flow.at(at)
    if passed := spoke_for(flow, known, at):
        if passed.method == "udp" and here.end():
            return _pings_only(flow, known)
        return _routed(flow, known, at, translated=passed.source == flow.target)
    if here.end():
        return ends_here(flow, known, at)
    if not here.asked and not flow.at(FULL).asked:
        return _first(known, at)
    if not here.asked and flow.at(FULL).end():
        return _ask(at, known.near)
    return refused(flow, known) or _silent_here(flow, known, at)


def _not_there(flow: Flow, known: Known, at: int) -> Judgement | None:
    """Return why the server's place on the way cannot be told, None where it can."""
    if not known.distance:
        return judged(flow, known, "undecided", "neither the server nor a router before it answers")
    if flow.target in known.edges:
        return judged(flow, known, "elsewhere", "it is a router's own address")
    if at > known.distance + PLACES:
        said = [r for hop in flow.hops.values() if (r := hop.first("time-exceeded"))]
        if len({r.source for r in said if known.precedes(r)}) < sum(map(known.precedes, said)):
            return judged(flow, known, "undecided", "it goes in a circle, who knows by what way")
        why = "routers pass it on, and it never comes to the server"
        return judged(flow, known, "elsewhere", why)
    return None


def _pings_only(flow: Flow, known: Known) -> Step | Judgement:
    """Decide about what the server answers pings for, and routes for everything else."""
    if not flow.at(FULL, "udp", large=True).settled():
        return Ask(Question(FULL, "udp", large=True), FAR)
    said = judged(
        flow, known, "forwarded", "the server answers its pings, and passes on everything else"
    )
    # How fast the server answers a ping does not tell how far away what is behind it is.
    return msgspec.structs.replace(said, rtt=flow.at(FULL, "udp", large=True).fastest)


def _first(known: Known, at: int) -> Step:
    """Ask near first, where that costs the server nothing; else whether it lives at all."""
    if known.spends:
        return _ask(FULL, FAR)
    return _ask(at, known.near)


def _silent_here(flow: Flow, known: Known, at: int) -> Step | Judgement:
    if not flow.at(at).settled() and flow.at(at).asked:
        return _ask(at, known.near)
    whole = flow.at(FULL)
    if not whole.settled():
        return _ask(FULL, FAR)
    if whole.end() or flow.at(FULL, large=True).end():
        return past(flow, known, at)
    if whole.first("time-exceeded"):
        return _circling(flow, known, at)
    return _dead(flow, known, at)


def _routed(flow: Flow, known: Known, at: int, *, translated: bool) -> Step | Judgement:
    """Decide about what the server said time exceeded for: it is not on it."""
    whole = flow.at(FULL)
    if not whole.settled():
        return _ask(FULL, FAR)
    via = "the server translates it" if translated else "the server passes it on"
    if whole.end() and later(flow, known) and not whole.repeated():
        return _ask(FULL, FAR)
    if elsewhere := out_again(flow, known):
        return elsewhere
    if whole.end():
        return judged(flow, known, "forwarded", f"{via}, and it answers from behind")
    if whole.first("time-exceeded"):
        return judged(flow, known, "looped", "the server sends it back where it came from")
    if verdict := refused(flow, known):
        return verdict
    return _nobody_there(flow, known, at)


def _nobody_there(flow: Flow, known: Known, at: int) -> Step | Judgement:
    """Nothing came from behind: an empty place in a tunnel, a filter, or a circle."""
    if known.canary == "filtered":
        return judged(flow, known, "silent", "the server routes, but its filter lets nothing by")
    if known.tries_large(flow.target) and not flow.at(FULL, large=True).settled():
        return _ask(FULL, FAR, large=True)
    if circle := _back_again(flow, known, at):
        return circle
    if known.forwards or known.tunnel is not None or known.ethernet:
        return _passed_to_nobody(flow, known, at)
    if known.tries_slowly(flow.target) and not flow.at(FULL).settled(2):
        return _ask(FULL, SLOW)
    return judged(
        flow,
        known,
        "undecided",
        "the server routes it: into a tunnel with nobody there, or to a filter",
    )


def _passed_to_nobody(flow: Flow, known: Known, at: int) -> Step | Judgement:
    """Decide about the dead of a server that passes things on; a lost answer may hide a circle."""
    if not flow.at(at + 1).settled(2):
        return _ask(at + 1, known.near)
    return judged(flow, known, "forwarded", "the server passes it on, and nobody is there")


def _back_again(flow: Flow, known: Known, at: int) -> Step | Judgement | None:
    """See who has it after the server: a router before it, or one behind it, who says so once."""
    beyond = flow.at(at + 1)
    if not beyond.settled():
        return _ask(at + 1, known.near)
    back, odd = beyond.first("time-exceeded"), flow.at(FULL - 1)
    if back is None:
        return None
    if not known.precedes(back) and not odd.settled():
        return _ask(FULL - 1, FAR)
    if not known.precedes(back) and not odd.first("time-exceeded"):
        return None
    return judged(flow, known, "looped", "the server sends it back where it came from")


def _circling(flow: Flow, known: Known, at: int) -> Step | Judgement:
    """Decide about what never ends, however far it may go: somebody sends it back."""
    said = flow.at(FULL).first("time-exceeded")
    if away := out_again(flow, known):
        return away
    if known.on_segment or (said and known.said(said)):
        return judged(flow, known, "looped", "the server sends it back where it came from")
    for ttl in (at + 1, at - 1):
        if ttl and not flow.at(ttl).settled(2):
            return _ask(ttl, known.near)
    router = flow.at(at - 1).first("time-exceeded")
    back = flow.at(at + 1).first("time-exceeded")
    comes_back = any(known.precedes(reply) for reply in (said, back) if reply)
    if known.routes and back and comes_back and router and router.source in known.edges:
        return judged(flow, known, "looped", "it comes back from the server's place")
    if not flow.at(at).settled(_PATIENT):
        return _ask(at, FAR, rationed=True)
    return judged(
        flow, known, "undecided", "it goes in a circle, and the server does not say through it"
    )


def _dead(flow: Flow, known: Known, at: int) -> Step | Judgement:
    """Decide about what nobody answers for: only an error could tell where it went."""
    if known.spends and (step := _circle(flow, known, at)):
        return step
    if not flow.at(at).settled(_patience(known)):
        return _ask(at, known.near, rationed=known.spends)
    if known.tries_large(flow.target) and not flow.at(FULL, large=True).settled():
        return _ask(FULL, FAR, large=True)
    if others := known.others_for(flow.target):
        return another(flow, known, others)
    return judged(flow, known, "silent", "nobody answers for it")


def _circle(flow: Flow, known: Known, at: int) -> Step | Judgement | None:
    """See whether it comes straight back: the router then says so, and the server need not."""
    beyond = flow.at(at + 1)
    if not beyond.settled():
        return _ask(at + 1, known.near)
    back = beyond.first("time-exceeded")
    return _circling(flow, known, at) if back and known.precedes(back) else None


def _patience(known: Known) -> int:
    """Return how often the server is asked for an error about what is dead.

    It has few to give: they are asked for from one place, and where they could change anything.
    """
    if not known.spends:
        return 2
    if known.canary in {"does-not-route", "filtered"}:
        return 0
    return _PATIENT if known.on_segment or known.canary is None else 0


def _ask(ttl: int, wait: float, *, large: bool = False, rationed: bool = False) -> Ask:
    return Ask(Question(ttl, large=large), wait, rationed)
