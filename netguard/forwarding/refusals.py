"""What the unreachables say: nobody there, no way there, not allowed (RFC 1812, RFC 4443)."""

from netguard.forwarding.known import Known, looked_for
from netguard.forwarding.records import Judgement
from netguard.forwarding.words import FAR, judged
from probes.records import HopReply
from probes.trace.flow import FULL, Ask, Flow, Question, Step

_HOST = {
    4: frozenset({1, 7}),
    6: frozenset({3}),
}  # code by IP version: it was looked for by ARP, ND
_NO_ROUTE = {4: frozenset({0, 6, 11}), 6: frozenset({0, 6})}


def refused(flow: Flow, known: Known) -> Step | Judgement | None:
    """Return what fragmentation-needed and unreachables decide, None where they decide nothing."""
    replies = [reply for hop in flow.hops.values() for reply in hop.replies]
    if any(r.kind == "fragmentation-needed" and known.said(r) for r in replies):
        alive = " and it answers" if any(hop.end() for hop in flow.hops.values()) else ""
        return judged(flow, known, "forwarded", f"the server sends it into a tunnel{alive}")
    reply = next((reply for reply in replies if reply.kind == "unreachable"), None)
    if reply is None:
        return None
    if known.said(reply) and looked_for(reply):
        why = "the server looks for it on a network behind itself"
        return judged(flow, known, "forwarded", why)
    if not flow.at(FULL).settled():
        return Ask(Question(FULL), FAR)
    if flow.at(FULL).end():
        return None  # what answers can be reached, whoever says that it cannot
    said = _by_the_server if known.said(reply) else _by_a_router
    return said(flow, known, reply)


def _by_the_server(flow: Flow, known: Known, reply: HopReply) -> Judgement:
    if reply.code in _NO_ROUTE[reply.target.version]:
        return judged(flow, known, "silent", "the server has no route for it")
    return judged(flow, known, "silent", "the server's filter refuses it")


def _by_a_router(flow: Flow, known: Known, reply: HopReply) -> Judgement:
    who = reply.source
    if looked_for(reply):
        return judged(
            flow, known, "silent", f"{who} looks for it on its segment, and nobody has it"
        )
    if reply.code in _NO_ROUTE[reply.target.version]:
        return judged(flow, known, "elsewhere", f"the router {who} has no route to it")
    return judged(flow, known, "undecided", f"{who} filters what is sent to it")
