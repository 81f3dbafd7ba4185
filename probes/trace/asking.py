"""Asks about many addresses at once: none waits for another, and no server sees a burst.

What is asked next is the caller's decision, taken anew whenever something was learnt about an
address; here is only when it may be asked, and what came back.
"""

import heapq
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from time import monotonic

from probes.pacing import pacing
from probes.records import HopReply, IPAddress, Probe
from probes.trace.flow import Ask, Flow, Step
from probes.trace.wire import Wire

PACE = 1500.0  # probes per second in all
SERVER_PACE = 100.0  # probes per second to one server
ERRORS_AT_ONCE = 5  # Linux sends six time-exceeded at once to one address of ours,
ERRORS_PER_SECOND = 1.0  # and then one a second
_ATTEMPTS = 16  # that a probe can tell apart
_TURN = 1.0  # seconds for which a turn holds
_GATHER = 0.25  # seconds in which questions come together for a wire that takes long


async def ask(
    wire: Wire,
    flows: Sequence[Flow],
    following: Callable[[Flow], Step],
    *,
    heard: Callable[[Flow, HopReply], None] = lambda _flow, _reply: None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Ask about every flow what `following` says until all are done; return how much was sent.

    `heard` is told each new reply before `following` is asked again. Flows of one group are
    interleaved with the others'. Raises ProbeError where the wire fails.
    """
    asking = _Asking(wire, flows, following, heard)
    while asking.busy:
        await asking.turn()
        if progress is not None:
            progress(len(flows) - asking.left, len(flows))
    return asking.sent


class _Turns:
    """Gives out moments: `burst` at once, and from then on one every `interval` seconds."""

    def __init__(self, interval: float, burst: int = 1) -> None:
        self._interval = interval
        self._slack = (burst - 1) * interval
        self._free = 0.0  # when the next moment would be, were there no bursts

    def next(self, now: float) -> float:
        """Return the next moment, and take it."""
        at = max(now, self._free - self._slack)
        self._free = max(now, self._free) + self._interval
        return at


class _Asking:
    def __init__(
        self,
        wire: Wire,
        flows: Sequence[Flow],
        following: Callable[[Flow], Step],
        heard: Callable[[Flow, HopReply], None],
    ) -> None:
        now = monotonic()
        self.left = len(flows)
        self.sent = 0
        self._wire = wire
        self._following = following
        self._heard = heard
        self._by_target = {flow.target: flow for flow in flows}
        self._done: set[IPAddress] = set()
        self._waiting: defaultdict[str, dict[IPAddress, Flow]] = defaultdict(dict)
        self._order = itertools.count()
        self._due = [(now, next(self._order), flow) for flow in interleaved(flows)]
        self._ready: list[tuple[Flow, Ask]] = []
        self._gathering = now
        self._pace = pacing(PACE, now)
        self._turns: dict[tuple[IPAddress, bool], float] = {}
        self._servers: defaultdict[str, _Turns] = defaultdict(lambda: _Turns(1 / SERVER_PACE))
        self._rations: defaultdict[tuple[str, IPAddress | None], _Turns] = defaultdict(
            lambda: _Turns(1 / ERRORS_PER_SECOND, ERRORS_AT_ONCE)
        )

    async def turn(self) -> None:
        """Ask what may be asked now, then listen until something else may be."""
        now = monotonic()
        while self._due and self._due[0][0] <= now:
            self._consider(heapq.heappop(self._due)[2], now)
        await self._send()
        if self.busy:
            for reply in await self._wire.receive(self._idle()):
                self._take(reply)

    @property
    def busy(self) -> bool:
        """Whether anything is still to be asked, or awaited."""
        return bool(self.left and (self._due or self._ready))

    def _idle(self) -> float:
        """Return the seconds until there is something to do."""
        now = monotonic()
        while self._due and self._due[0][2].target in self._done:
            heapq.heappop(self._due)
        times = [self._due[0][0] - now] if self._due else []
        if self._ready:
            slow = self._gathering + _GATHER - now
            times.append(slow if self._wire.patience else self._pace.wait(now))
        return max(0.0, min(times, default=0.0))

    def _allowed(self, now: float) -> int:
        """Return how many may go now. A wire that takes long is given many at once."""
        if not self._wire.patience:
            return self._pace.ready(now)
        full = len(self._ready) >= self._wire.batch
        return self._wire.batch if full or now >= self._gathering + _GATHER else 0

    def _consider(self, flow: Flow, now: float) -> None:
        if flow.target in self._done:
            return
        if flow.give_up(now):
            self._learnt(flow.group, now)
        step = self._following(flow)
        if step == "done":
            self._finish(flow, now)
        elif step == "wait":
            self._waiting[flow.group][flow.target] = flow
        elif flow.ask(step.question).deadline is None:
            self._arrange(flow, step, now)

    def _finish(self, flow: Flow, now: float) -> None:
        self._done.add(flow.target)
        self.left -= 1
        self._learnt(flow.group, now)

    def _arrange(self, flow: Flow, step: Ask, now: float) -> None:
        """Let the question go out now, or come back when it is its turn with the server."""
        turn = self._turn(flow, now, rationed=step.rationed)
        if turn > now:
            self._again(flow, turn)
            return
        self._turns.pop((flow.target, step.rationed), None)
        hop = flow.ask(step.question)
        hop.asked += 1
        hop.deadline = math.inf  # it runs from the sending
        self._gathering = self._gathering if self._ready else now
        self._ready.append((flow, step))

    def _turn(self, flow: Flow, now: float, *, rationed: bool) -> float:
        """Return when it is a flow's turn; one that was given stays, whoever else comes.

        One that was let pass is void: what was asked instead may have taken long.
        """
        key = flow.target, rationed
        if self._turns.get(key, -math.inf) < now - _TURN:
            turns = [self._servers[flow.group]]
            if rationed:
                turns.append(self._rations[flow.group, flow.source])
            self._turns[key] = max(each.next(now) for each in turns)
        return self._turns[key]

    def _again(self, flow: Flow, when: float) -> None:
        heapq.heappush(self._due, (when, next(self._order), flow))

    async def _send(self) -> None:
        """Send as many of the ready questions as the pace and the wire allow."""
        now = monotonic()
        count = min(self._allowed(now), self._wire.batch, len(self._ready))
        if not count:
            return
        going, self._ready = self._ready[:count], self._ready[count:]
        await self._wire.send([_probe(flow, step) for flow, step in going])
        now = monotonic()
        self._pace = self._pace.spend(count, now)
        self.sent += count
        for flow, step in going:
            deadline = now + step.wait + self._wire.patience
            flow.ask(step.question).deadline = deadline
            self._again(flow, deadline)

    def _take(self, reply: HopReply) -> None:
        flow = self._by_target.get(reply.target)
        if flow is None or not flow.take(reply):
            return
        now = monotonic()
        self._heard(flow, reply)
        self._again(flow, now)
        self._learnt(flow.group, now)

    def _learnt(self, group: str, now: float) -> None:
        """Look again at those that waited for news about the group."""
        for flow in self._waiting.pop(group, {}).values():
            self._again(flow, now)


def _probe(flow: Flow, step: Ask) -> Probe:
    ttl, method, large = step.question
    return Probe(
        target=flow.target,
        ttl=ttl,
        method=method,
        large=large,
        attempt=flow.ask(step.question).asked % _ATTEMPTS,
        source=flow.source,
    )


def interleaved(flows: Iterable[Flow]) -> list[Flow]:
    """Return the flows so that each group's are as far from each other as can be."""
    groups: defaultdict[str, list[Flow]] = defaultdict(list)
    for flow in flows:
        groups[flow.group].append(flow)
    rounds = itertools.zip_longest(*groups.values())
    return [flow for each in rounds for flow in each if flow is not None]
