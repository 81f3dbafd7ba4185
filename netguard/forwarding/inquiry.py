"""One server as seen from one place: its own way first, then its addresses, each by the rest."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from netguard.forwarding.address import decide
from netguard.forwarding.bound import contradicted
from netguard.forwarding.known import PIONEERS, Known
from netguard.forwarding.own_way import Way, own_way
from netguard.forwarding.place import place, spoke_for
from netguard.forwarding.records import Judgement
from netguard.forwarding.words import SLOW, judged
from probes.records import HopReply, IPAddress
from probes.trace.flow import FULL, Ask, Flow, Step

# What a sample of the server's other addresses may yet change.
_OPEN = frozenset({"bound", "silent", "undecided"})


class Inquiry:
    """Holds what is known of a server together with the flows that it is asked about.

    `sources` are this machine's addresses to ask from: they are dealt out evenly, since a kernel
    rations its errors by whom it sends them to.
    """

    def __init__(
        self, known: Known, targets: Iterable[IPAddress], sources: Sequence[IPAddress] = ()
    ) -> None:
        self.known = known
        self.judgements: dict[IPAddress, Judgement] = {}
        address = known.server.address
        self.own = Flow(address, self.name, _dealt(sources, address, 0))
        self.flows = {
            target: Flow(target, self.name, _dealt(sources, target, number))
            for number, target in enumerate(targets)
            if target != address
        }
        self._pioneers = frozenset(islice(self.flows, PIONEERS))
        self._way: Way | None = None
        self._held: set[IPAddress] = set()

    @property
    def name(self) -> str:
        """The server's name."""
        return self.known.server.name

    def all_flows(self) -> tuple[Flow, ...]:
        """Return the server's own flow, and those of its addresses."""
        return self.own, *self.flows.values()

    def following(self, flow: Flow) -> Step:
        """Say what is asked next about one of them: the engine's question to us."""
        if flow is self.own:
            return self._own_step()
        if self._way is None or self._must_wait(flow):
            return "wait"
        step = decide(flow, self.known)
        if isinstance(step, Judgement):
            return self._judged(flow, step)
        if isinstance(step, Ask):
            self._note(flow, step)
            self._held.discard(flow.target)
        return step

    def heard(self, flow: Flow, reply: HopReply) -> None:
        """Take in a reply; what comes late may still change a judgement."""
        if flow is not self.own:
            self.known.hear(reply)
            self.known.feigns |= self._feigned(flow, reply)
        if flow.target in self.judgements and self._way is not None:
            self.judgements[flow.target] = self._on_second_thoughts(flow)

    def _feigned(self, flow: Flow, reply: HopReply) -> bool:
        """Tell whether it does not end where its pings were answered."""
        known, at = self.known, reply.ttl
        passed = reply.method == "udp" and spoke_for(flow, known, at)
        return bool(flow.at(at).end() and (passed or contradicted(flow, known, at)))

    def _on_second_thoughts(self, flow: Flow) -> Judgement:
        """Judge anew what is asked no more."""
        step = decide(flow, self.known)
        if isinstance(step, Judgement):
            return step
        judgement = self.judgements[flow.target]
        if judgement.state != "silent" or flow.rtt is None:
            return judgement
        return judged(flow, self.known, "undecided", "it answers, too late for more to be asked")

    def _own_step(self) -> Step:
        step = own_way(self.own, self.known)
        if isinstance(step, Ask):
            return step
        known = self.known
        self._way = step
        known.distance, known.rtt = step.distance, step.rtt
        known.edges |= step.edges
        known.beside |= step.edges
        known.edge_silent = step.edge_silent
        if known.on_segment:
            own = self.own.at(1).end()
            known.by_mac = own is not None and own.mac in known.macs
            known.voices = known.macs.union({own.mac} if own and own.mac else ())
        return "done"

    def _must_wait(self, flow: Flow) -> bool:
        if flow.target not in self._pioneers:
            return self.known.pioneering and not self.known.spends
        self._pioneered()
        return False

    def _pioneered(self) -> None:
        if self.known.pioneering:
            self.known.pioneering = not all(map(self._found_its_way, self._pioneers))

    def _found_its_way(self, target: IPAddress) -> bool:
        flow = self.flows[target]
        here = flow.at(place(flow, self.known))
        return target in self.judgements or here.asked > 1 or here.settled()

    def _note(self, flow: Flow, step: Ask) -> None:
        if step.question.large:
            self.known.asked_large.add(flow.target)
        if step.question.method == "udp":
            self.known.asked_by_udp.add(flow.target)
        if step.wait == SLOW:
            self.known.asked_slowly.add(flow.target)

    def _judged(self, flow: Flow, judgement: Judgement) -> Step:
        known = self.known
        if judgement.state in _OPEN and self._sampling(flow.target):
            self._held.add(flow.target)
            return "wait"  # what the samples show may concern this address too
        self.judgements[flow.target] = judgement
        self._pioneered()
        known.forwards |= judgement.state == "forwarded" and judgement.alive
        known.mute += judgement.state == "undecided" and judgement.alive
        if judgement.state == "bound":
            known.usual = place(flow, known)
        return "done"

    def _sampling(self, target: IPAddress) -> bool:
        """Tell whether others are being asked in ways that show what their server hides."""
        known = self.known
        return (
            any(not f.at(FULL, large=True).settled() for f in self._left(known.asked_large, target))
            or any(not f.at(FULL).settled(2) for f in self._left(known.asked_slowly, target))
            or any(not _asked_by_udp(f) for f in self._left(known.asked_by_udp, target))
        )

    def _left(self, targets: Iterable[IPAddress], but: IPAddress) -> Iterator[Flow]:
        """Return the samples that are still being asked: not those that wait for others."""
        over = self.judgements.keys() | self._held
        return (self.flows[t] for t in targets if t != but and t not in over)


def _asked_by_udp(flow: Flow) -> bool:
    return any(q.method == "udp" and hop.settled() for q, hop in flow.hops.items())


def _dealt(sources: Sequence[IPAddress], target: IPAddress, number: int) -> IPAddress | None:
    mine = [source for source in sources if source.version == target.version]
    return mine[number % len(mine)] if mine else None
