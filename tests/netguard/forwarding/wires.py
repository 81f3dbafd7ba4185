"""A wire into worlds, with a time of its own that only it moves on; and a whole run over it."""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
import pytest

from netguard.forwarding.inquiry import Inquiry
from netguard.forwarding.known import Known
from netguard.forwarding.records import AddressState, Judgement, ServerReport
from netguard.forwarding.reporting import Case, report
from netguard.forwarding.seen import Seen, observed
from probes.records import HopReply, IPAddress, Method, Probe
from probes.trace import asking
from probes.trace.asking import ask
from probes.trace.flow import Flow, Step
from tests.building import NOW
from tests.netguard.forwarding.net import Fates, Said
from tests.netguard.forwarding.world import EDGE_MAC, SERVER_MAC, World, near

T = TypeVar("T")
PER_HOP, JITTER = 0.0001, 0.0005  # seconds
LATE = (0.3, 4.0)


class Clock:
    """Monotonic seconds, which pass where somebody says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Net:
    """The worlds as a wire; `sent` has all probes in order, with the time of each."""

    def __init__(self, worlds: Sequence[World], clock: Clock) -> None:
        self.methods: frozenset[Method] = worlds[0].methods
        self.sources: tuple[IPAddress, ...] = tuple(
            near(version, 200 + n) for version in (4, 6) for n in range(worlds[0].sources)
        )
        self.batch = 64
        self.patience = 0.0
        self.unroutable: dict[IPAddress, str] = {}
        self.sent: list[tuple[float, Probe]] = []
        self._clock = clock
        self._worlds = [(world, Fates(world, clock)) for world in worlds]
        self._chance = random.Random(worlds[0].seed)  # noqa: S311 - to be repeated
        self._coming: list[tuple[float, int, HopReply]] = []
        self._order = itertools.count()
        self._idle = 0

    @property
    def dropped(self) -> int:
        return 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    async def send(self, probes: Sequence[Probe]) -> None:
        assert 0 < len(probes) <= self.batch
        for probe in probes:
            self.sent.append((self._clock.now, probe))
            self._answer(probe)

    async def receive(self, seconds: float) -> Sequence[HopReply]:
        assert seconds >= 0
        now = self._clock.now
        first = self._coming[0][0] if self._coming else now + seconds
        self._clock.now = max(now, min(first, now + seconds))
        self._idle = 0 if self._clock.now > now or first <= now else self._idle + 1
        assert self._idle < 1000, "it asks for nothing, and waits for nothing"
        replies = []
        while self._coming and self._coming[0][0] <= self._clock.now:
            replies.append(heapq.heappop(self._coming)[2])
        return replies

    def _answer(self, probe: Probe) -> None:
        world, fates = next(
            (world, fates)
            for world, fates in self._worlds
            if probe.target == world.own or probe.target in world.block
        )
        if self._happens(world.loss / 2):
            return
        for said in fates.of(probe):
            if self._happens(world.loss / 2):
                continue
            back = said.hops + world.length(said.source, world.returns)
            delay = back * PER_HOP + said.after + self._chance.random() * JITTER
            delay += self._chance.uniform(*LATE) if self._happens(world.late) else 0.0
            for _ in range(2 if self._happens(world.twice) else 1):
                reply = HopReply(
                    target=probe.target,
                    ttl=probe.ttl,
                    method=probe.method,
                    large=probe.large,
                    attempt=probe.attempt,
                    kind=said.kind,
                    code=said.code,
                    source=said.source,
                    reply_ttl=65 - back,
                    rtt=delay,
                    mtu=said.mtu,
                    mac=_mac(world, said),
                )
                coming = (self._clock.now + delay, next(self._order), reply)
                heapq.heappush(self._coming, coming)
                delay += 0.01

    def _happens(self, probability: float) -> bool:
        return probability > 0 and self._chance.random() < probability


def _mac(world: World, said: Said) -> str | None:
    """Return whose MAC a reply bears."""
    if not world.on_segment:
        return None
    return EDGE_MAC if world.by_gateway and said.mac == SERVER_MAC else said.mac


class Outcome(msgspec.Struct, frozen=True):
    """What one run found out about one server, and what that took."""

    report: ServerReport
    judgements: dict[IPAddress, Judgement]
    states: dict[IPAddress, AddressState]
    probes: Counter[IPAddress]
    seconds: float
    observations: dict[IPAddress, str]


def explore(*worlds: World) -> list[Outcome]:
    """Ask about all worlds in one run, as from one place."""
    clock = Clock()
    net = Net(worlds, clock)
    inquiries = {
        world.server.name: Inquiry(
            Known(
                server=world.server,
                edges=world.edges,
                beside=world.beside,
                macs=frozenset({SERVER_MAC} if world.informed or world.on_segment else ()),
                stations=world.stations,
                canary=world.canary,
                on_segment=world.on_segment,
                udp="udp" in net.methods,
            ),
            world.truth,
            net.sources,
        )
        for world in worlds
    }
    run(net, clock, inquiries.values())
    return [
        _seen(world, inquiry, net, clock.now)
        for world, inquiry in zip(worlds, inquiries.values(), strict=True)
    ]


def run(net: Net, clock: Clock, inquiries: Iterable[Inquiry]) -> None:
    by_name = {inquiry.name: inquiry for inquiry in inquiries}

    def following(flow: Flow) -> Step:
        return by_name[flow.group].following(flow)

    def heard(flow: Flow, reply: HopReply) -> None:
        by_name[flow.group].heard(flow, reply)

    flows = [flow for inquiry in by_name.values() for flow in inquiry.all_flows()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "monotonic", clock)
        at_once(ask(net, flows, following, heard=heard))


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits for nobody, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    raise AssertionError("it waited for somebody")


def _seen(world: World, inquiry: Inquiry, net: Net, ended: float) -> Outcome:
    probes = Counter(
        probe.target
        for _, probe in net.sent
        if probe.target in inquiry.flows or probe.target == world.own
    )
    seen = Seen(
        vantage="here",
        on_segment=world.on_segment,
        judgements=inquiry.judgements,
        observations={flow.target: observed(flow) for flow in inquiry.all_flows()},
        own=observed(inquiry.own),
        known=inquiry.known,
    )
    case = Case(
        server=world.server,
        asked=tuple(world.truth),
        seen=(seen,),
        macs=frozenset({SERVER_MAC}),
        canary=world.canary,
        probes_sent=probes.total(),
        started=NOW,
        duration=ended - Clock.now,
    )
    return Outcome(
        report(case, NOW + timedelta(seconds=ended - Clock.now)),
        inquiry.judgements,
        {address: j.state for address, j in inquiry.judgements.items()},
        probes,
        ended - Clock.now,
        seen.observations,
    )
