"""What was asked about one address, hop limit by hop limit, and what came back."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import msgspec

from probes.records import HopReply, IPAddress, Method

FULL = 64  # the hop limit of a packet that is meant to arrive
ENDS = frozenset({"echo-reply", "port-unreachable", "tcp"})  # only the address itself says these


class Question(NamedTuple):
    """What may be asked about an address: how far a packet may go, and of what make it is."""

    ttl: int
    method: Method = "icmp"
    large: bool = False


class Ask(msgspec.Struct, frozen=True):
    """The next question about an address, and for how many seconds an answer may take.

    `rationed` says that the server may answer with an ICMP error, of which it has few.
    """

    question: Question
    wait: float
    rationed: bool = False


Step = Ask | Literal["wait", "done"]  # wait: for what is learnt about others of the group


@dataclass(slots=True)
class Hop:
    """One question: how often it was asked, until when an answer may come, and the answers.

    `fastest` is the least time in seconds that the address itself took to answer it.
    """

    asked: int = 0
    deadline: float | None = None  # monotonic seconds; None: nothing is awaited
    replies: list[HopReply] = field(default_factory=list)
    fastest: float | None = None

    def first(self, *kinds: str) -> HopReply | None:
        """Return the first reply of one of these kinds."""
        return next((reply for reply in self.replies if reply.kind in kinds), None)

    def end(self) -> HopReply | None:
        """Return the first reply that only the address itself can give."""
        return next((reply for reply in self.replies if reply.kind in ENDS), None)

    def settled(self, tries: int = 1) -> bool:
        """Tell whether there is an answer, or the question was asked often enough in vain."""
        if any(reply.kind != "redirect" for reply in self.replies):
            return True
        return self.asked >= tries and self.deadline is None

    def repeated(self) -> bool:
        """Tell whether the question was asked twice, and is over: a first answer may be slow."""
        return self.asked > 1 and self.deadline is None


_NEVER_ASKED = Hop()
_KEPT = 4  # different replies to one question; more are a flood


@dataclass(slots=True)
class Flow:
    """The questions about one address, all on the path that a load balancer chooses for it.

    `group` names those that must not be asked in a burst (one server's addresses); `source` is
    which of our own addresses asks, None for the kernel's choice.
    """

    target: IPAddress
    group: str
    source: IPAddress | None = None
    hops: dict[Question, Hop] = field(default_factory=dict)

    def at(self, ttl: int, method: Method = "icmp", *, large: bool = False) -> Hop:
        """Return what is known of a question, also where it was never asked."""
        return self.hops.get((ttl, method, large), _NEVER_ASKED)  # type: ignore[call-overload, no-any-return]

    def ask(self, question: Question) -> Hop:
        """Return the hop of a question that is about to be asked."""
        return self.hops.setdefault(question, Hop())

    def give_up(self, now: float) -> bool:
        """Await no answer whose time is over; return whether there was one."""
        late = [
            hop for hop in self.hops.values() if hop.deadline is not None and hop.deadline <= now
        ]
        for hop in late:
            hop.deadline = None
        return bool(late)

    def take(self, reply: HopReply) -> bool:
        """Keep a reply; one to a question that was never asked is nobody's."""
        hop = self.hops.get(Question(reply.ttl, reply.method, reply.large))
        if hop is None or len(hop.replies) >= _KEPT:
            return False
        if reply.kind != "redirect":
            hop.deadline = None
        if reply.kind in ENDS and reply.rtt is not None:
            hop.fastest = min(reply.rtt, hop.fastest or reply.rtt)
        if not any(_same(reply, known) for known in hop.replies):
            hop.replies.append(reply)
        return True

    @property
    def rtt(self) -> float | None:
        """The least time in seconds that the address itself took to answer."""
        times = (hop.fastest for hop in self.hops.values() if hop.fastest is not None)
        return min(times, default=None)

    @property
    def asked(self) -> int:
        """How many probes were sent."""
        return sum(hop.asked for hop in self.hops.values())


def _same(one: HopReply, other: HopReply) -> bool:
    return (one.kind, one.code, one.source, one.mac) == (
        other.kind,
        other.code,
        other.source,
        other.mac,
    )
