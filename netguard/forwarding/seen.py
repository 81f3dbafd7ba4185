"""What one place saw of a server: its judgements, and in words what came back for each probe."""

from collections.abc import Iterator

import msgspec

from netguard.forwarding.known import Known
from netguard.forwarding.records import Judgement
from probes.records import HopReply, IPAddress
from probes.trace.flow import FULL, Flow, Question


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A server as seen from one place; `observations` say in words what came back.

    `own` does so for the server's own address.
    """

    vantage: str
    on_segment: bool
    judgements: dict[IPAddress, Judgement]
    observations: dict[IPAddress, str]
    own: str
    known: Known

    def detour(self, address: IPAddress) -> float | None:
        """Return how many seconds later than the server itself an address behind it answers."""
        judgement = self.judgements.get(address)
        if judgement is None or judgement.state != "forwarded":
            return None  # who answered is not known from here
        if judgement.rtt is None or self.known.rtt is None:
            return None
        return judgement.rtt - self.known.rtt


def observed(flow: Flow) -> str:
    """Return what came back for each question about an address, in one line."""
    return "; ".join(_line(q, flow) for q in sorted(flow.hops, key=_order)) or "not asked"


def _order(question: Question) -> tuple[int, str, bool]:
    return question.ttl, question.method, question.large


def _line(question: Question, flow: Flow) -> str:
    hop = flow.hops[question]
    makes = [str(question.method)] if question.method != "icmp" else []
    makes += ["1500 octets"] if question.large else []
    make = f" ({', '.join(makes)})" if makes else ""
    limit = "full hop limit" if question.ttl == FULL else f"hop limit {question.ttl}"
    said = "; then ".join(_said(hop.replies)) or f"no answer, asked {_times(hop.asked)}"
    return f"{limit}{make}: {said}"


def _said(replies: list[HopReply]) -> Iterator[str]:
    for reply in replies:
        time = f", {reply.rtt * 1000:.1f} ms" if reply.rtt is not None else ""
        mtu = f", MTU {reply.mtu}" if reply.mtu is not None else ""
        mac = f" at {reply.mac}" if reply.mac else ""
        code = f" (code {reply.code})" if reply.kind == "unreachable" else ""
        yield f"{reply.kind}{code} from {reply.source}{mac}{mtu}{time}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
