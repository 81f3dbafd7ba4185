"""When a question goes out, and what becomes of its answers: a clock that only the wire moves."""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network
from types import TracebackType
from typing import Self

import msgspec
import pytest

from probes.errors import ProbeError
from probes.records import HopReply, IPAddress, Method, Probe
from probes.trace import asking
from probes.trace.asking import ask, interleaved
from probes.trace.flow import Ask, Flow, Question, Step
from tests.netguard.forwarding.wires import at_once

BLOCK = list(IPv4Network("203.0.113.0/25"))
WHOLE = Question(64)


class Silence:
    """A wire on which nobody answers, or what `answer` says, a little later."""

    sources: tuple[IPAddress, ...] = ()
    methods: frozenset[Method] = frozenset({"icmp"})
    unroutable: dict[IPAddress, str] = {}  # noqa: RUF012 - never written
    dropped = 0

    def __init__(self, *, patience: float = 0.0, batch: int = 64) -> None:
        self.now = 1000.0
        self.patience = patience
        self.batch = batch
        self.sent: list[tuple[float, Probe]] = []
        self.batches: list[int] = []
        self.answer: Callable[[Probe], list[HopReply]] = lambda _probe: []
        self._coming: list[tuple[float, HopReply]] = []

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
        self.batches.append(len(probes))
        for probe in probes:
            self.sent.append((self.now, probe))
            self._coming += [(self.now + 0.01, reply) for reply in self.answer(probe)]

    async def receive(self, seconds: float) -> Sequence[HopReply]:
        until = min([self.now + seconds, *(when for when, _ in self._coming)])
        self.now = max(self.now + 1e-6, until)
        ready = [reply for when, reply in self._coming if when <= self.now]
        self._coming = [(when, reply) for when, reply in self._coming if when > self.now]
        return ready

    def times(self, *targets: IPAddress) -> list[float]:
        return [when - 1000 for when, probe in self.sent if not targets or probe.target in targets]


def flows(number: int, group: str = "ds0001", source: IPAddress | None = None) -> list[Flow]:
    return [Flow(target, group, source) for target in BLOCK[:number]]


def echo(probe: Probe, **otherwise: object) -> HopReply:
    """Return the echo reply to a probe, or what it is to be instead."""
    reply = HopReply(
        target=probe.target,
        ttl=probe.ttl,
        method=probe.method,
        large=probe.large,
        attempt=probe.attempt,
        kind="echo-reply",
        source=probe.target,
        rtt=0.01,
    )
    return msgspec.structs.replace(reply, **otherwise)


def once(
    question: Question = WHOLE, *, wait: float = 0.5, rationed: bool = False
) -> Callable[[Flow], Step]:
    def following(flow: Flow) -> Step:
        settled = flow.at(question.ttl).settled()
        return "done" if settled else Ask(question, wait, rationed)

    return following


def run(wire: Silence, asked: list[Flow], following: Callable[[Flow], Step]) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "monotonic", lambda: wire.now)
        return at_once(ask(wire, asked, following))


def most_within(times: list[float], seconds: float) -> int:
    return max(sum(begin <= t < begin + seconds for t in times) for begin in times)


def test_silence_is_waited_for_and_then_it_is_over() -> None:
    wire = Silence()
    (flow,) = flows(1)
    assert run(wire, [flow], once()) == 1
    assert wire.now >= 1000.5
    assert flow.at(64).settled()
    assert flow.at(64).replies == []


def test_an_answer_ends_the_waiting() -> None:
    wire = Silence()
    wire.answer = lambda probe: [echo(probe)]
    asked = flows(1)
    run(wire, asked, once())
    assert wire.now < 1000.1
    assert asked[0].rtt == 0.01


def test_one_server_is_never_asked_faster_than_its_pace() -> None:
    wire = Silence()
    run(wire, flows(100), once())
    assert most_within(wire.times(), 0.1) <= 11
    assert len(wire.sent) == 100


def test_many_servers_are_asked_side_by_side() -> None:
    wire = Silence()
    asked = [Flow(target, f"ds{number % 25}") for number, target in enumerate(BLOCK[:100])]
    run(wire, asked, once())
    assert max(wire.times()) < 0.2  # four each; one after the other they would take a second


def test_errors_are_asked_for_five_at_once_and_then_one_a_second() -> None:
    wire = Silence()
    run(wire, flows(12), once(Question(3), rationed=True))
    times = wire.times()
    assert most_within(times, 0.9) <= 6
    assert len([t for t in times if t < 0.9]) == 5
    assert max(times) == pytest.approx(7, abs=0.5)


def test_turns_that_were_let_pass_are_not_made_up_for_in_a_burst() -> None:
    wire = Silence()
    error = Question(3)

    def fickle(flow: Flow) -> Step:
        # An error is wanted, then something else for a long time, then the error after all.
        if wire.now < 1000.1:
            return Ask(error, 0.5, rationed=True)
        if wire.now < 1040:
            return Ask(WHOLE, 0.5)
        return "done" if flow.at(3).settled() else Ask(error, 0.5, rationed=True)

    run(wire, flows(20), fickle)
    times = [when for when, probe in wire.sent if probe.ttl == 3]
    assert len(times) >= 20
    assert most_within(times, 0.9) <= 6


def test_each_of_our_addresses_has_a_ration_of_its_own() -> None:
    wire = Silence()
    ours = [IPv4Address("192.0.2.16"), IPv4Address("192.0.2.17")]
    asked = [Flow(t, "ds0001", ours[n % 2]) for n, t in enumerate(BLOCK[:10])]
    run(wire, asked, once(Question(3), rationed=True))
    assert max(wire.times()) < 0.9


def test_who_waits_is_asked_again_when_something_is_learnt_of_the_group() -> None:
    wire = Silence()
    wire.answer = lambda probe: [echo(probe)]
    first, second, other = *flows(2), Flow(BLOCK[9], "ds0002")

    def following(flow: Flow) -> Step:
        if flow is second and not first.at(64).settled():
            return "wait"
        return once()(flow)

    assert run(wire, [second, first, other], following) == 3
    assert [p.target for _, p in wire.sent].index(first.target) < [
        p.target for _, p in wire.sent
    ].index(second.target)


def test_when_everybody_waits_it_ends_all_the_same() -> None:
    assert run(Silence(), flows(3), lambda _flow: "wait") == 0


def test_answers_to_what_was_never_asked_are_nobody_s() -> None:
    wire = Silence()
    stranger = IPv4Address("198.51.100.9")
    wire.answer = lambda probe: [
        echo(probe, target=target, ttl=ttl, source=target)
        for target, ttl in ((stranger, 64), (probe.target, 7))
    ]
    (flow,) = flows(1)
    run(wire, [flow], once())
    assert set(flow.hops) == {WHOLE}
    assert flow.at(64).replies == []


def test_a_question_that_was_answered_may_be_asked_again_and_the_fastest_answer_counts() -> None:
    wire = Silence()
    times = iter((0.2, 0.01))
    wire.answer = lambda probe: [echo(probe, rtt=next(times))]
    (flow,) = flows(1)
    again = Ask(WHOLE, 0.5)
    assert run(wire, [flow], lambda f: "done" if f.at(64).repeated() else again) == 2
    assert flow.rtt == 0.01
    assert len(flow.at(64).replies) == 1
    assert [probe.attempt for _, probe in wire.sent] == [1, 2]


def test_a_flood_of_different_answers_is_cut_short() -> None:
    wire = Silence()
    wire.answer = lambda probe: [
        echo(probe, kind="time-exceeded", source=IPv4Address(f"198.51.100.{n}")) for n in range(50)
    ]
    (flow,) = flows(1)
    run(wire, [flow], once())
    assert len(flow.at(64).replies) <= 4


def test_a_redirect_is_not_what_is_waited_for() -> None:
    wire = Silence()
    wire.answer = lambda probe: [echo(probe, kind="redirect", source=IPv4Address("198.51.100.1"))]
    run(wire, flows(1), once())
    assert wire.now >= 1000.5


def test_a_slow_wire_is_given_many_at_once() -> None:
    wire = Silence(patience=1.5, batch=16)
    run(wire, flows(40), once())
    assert len(wire.batches) <= 4
    assert max(wire.batches) <= 16
    assert wire.now >= 1002  # the patience is added to every wait


def test_no_batch_is_larger_than_the_wire_takes() -> None:
    wire = Silence(batch=3)
    run(wire, [Flow(t, f"ds{n}") for n, t in enumerate(BLOCK)], once())
    assert max(wire.batches) <= 3
    assert len(wire.sent) == len(BLOCK)


def test_a_wire_that_fails_ends_the_asking() -> None:
    class Broken(Silence):
        async def send(self, probes: Sequence[Probe]) -> None:
            raise ProbeError("eth1", f"{len(probes)} could not be sent")

    with pytest.raises(ProbeError):
        run(Broken(), flows(2), once())


def test_the_addresses_of_one_server_are_far_apart() -> None:
    asked = [*flows(3, "a"), *flows(3, "b"), *flows(1, "c")]
    assert [flow.group for flow in interleaved(asked)] == ["a", "b", "c", "a", "b", "a", "b"]
