"""How long answers may take, and a judgement put together from what a flow has seen."""

from collections.abc import Iterable

from netguard.forwarding.known import Known
from netguard.forwarding.records import AddressState, Judgement
from probes.records import IPAddress
from probes.trace.flow import ENDS, FULL, Flow

FAR = 1.0  # seconds for an answer from anywhere behind the server
OUTLIER = 0.005  # seconds more than the server itself takes: not the same machine
SLOW = 1.7  # ... where, with what was asked before, ARP has had the three seconds it may take


def judged(flow: Flow, known: Known, state: AddressState, why: str) -> Judgement:
    """Return the judgement, with where and how fast the address answered."""
    ends = [(q, r) for q, hop in flow.hops.items() if (r := hop.end())]
    near = [q.ttl for q, _ in ends if q.ttl < FULL]
    return Judgement(
        state=state,
        why=why,
        alive=bool(ends),
        via=_passed_by(flow, known) if state in {"forwarded", "looped"} else None,
        hops=min(near, default=None),
        rtt=flow.rtt,
    )


def another(flow: Flow, known: Known, stations: Iterable[str]) -> Judgement:
    """Say that other stations than the server have the address."""
    who = ", ".join(sorted(stations))
    return judged(flow, known, "elsewhere", f"another station answers for it: {who}")


def _passed_by(flow: Flow, known: Known) -> IPAddress | None:
    """Return the address under which the server owned up to passing it on."""
    errors = (r for hop in flow.hops.values() for r in hop.replies if r.kind not in ENDS)
    return next((r.source for r in errors if known.said(r) or r.source == flow.target), None)


def later(flow: Flow, known: Known) -> bool:
    """Tell whether an address takes so much longer than the server that it is not the server."""
    return flow.rtt is not None and known.rtt is not None and flow.rtt > known.rtt + OUTLIER
