"""What the unreachables say: nobody there, no way there, not allowed (RFC 1812, RFC 4443)."""

from netguard.forwarding.known import Known, looked_for
from netguard.forwarding.records import Judgement
from netguard.forwarding.words import judged
from probes.records import HopReply
from probes.trace.flow import Flow

_HOST = {
    4: frozenset({1, 7}),
    6: frozenset({3}),
}  # code by IP version: it was looked for by ARP, ND
_NO_ROUTE = {4: frozenset({0, 6, 11}), 6: frozenset({0, 6})}


def refused(flow: Flow, known: Known) -> Judgement | None:
    """Return what fragmentation-needed and unreachables decide, None where there was none."""
    replies = [reply for hop in flow.hops.values() for reply in hop.replies]
    if any(r.kind == "fragmentation-needed" and known.said(r) for r in replies):
        alive = " and it answers" if any(hop.end() for hop in flow.hops.values()) else ""
        return judged(flow, known, "forwarded", f"the server sends it into a tunnel{alive}")
    reply = next((reply for reply in replies if reply.kind == "unreachable"), None)
    if reply is None:
        return None
    return (
        _by_the_server(flow, known, reply)
        if known.said(reply)
        else _by_a_router(flow, known, reply)
    )


def _by_the_server(flow: Flow, known: Known, reply: HopReply) -> Judgement:
    if looked_for(reply):
        return judged(
            flow, known, "forwarded", "the server looks for it on a network behind itself"
        )
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
