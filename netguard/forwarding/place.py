"""Where the server stands on an address's own path: load balancers make paths of their own."""

from netguard.forwarding.known import Known
from probes.records import HopReply
from probes.trace.flow import Flow

PLACES = 6  # hops by which an address's path may be longer than the server's own


def place(flow: Flow, known: Known) -> int:
    """Return the hop limit with which a packet should just reach the server, as far as is known."""
    if known.on_segment:
        return 1  # it was given the frame
    near = [q.ttl for q in flow.hops if q.ttl <= known.distance + PLACES]
    if named := [ttl for ttl in near if spoke_for(flow, known, ttl)]:
        return min(named)
    at = min((ttl for ttl in near if flow.at(ttl).end()), default=known.usual or known.distance)
    while not flow.at(at).end() and _a_router(flow, at) and at <= known.distance + PLACES:
        at += 1
    return at


def spoke_for(flow: Flow, known: Known, ttl: int) -> HopReply | None:
    """Return the server's own time exceeded for the address, if it sent one.

    One that comes from the address itself is the server's too: it translates (NAT), and the error
    is translated back.
    """
    for method in ("icmp", "udp"):
        said = flow.at(ttl, method).first("time-exceeded")
        if said and (said.source == flow.target or known.said(said)):
            return said
    return None


def _a_router(flow: Flow, ttl: int) -> bool:
    return flow.at(ttl).first("time-exceeded") is not None
