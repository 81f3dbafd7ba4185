"""One server and all its addresses: who is asked first, who waits, and what is learnt for all."""

from ipaddress import IPv4Address, IPv6Address

import msgspec
import pytest

from netguard.forwarding.inquiry import Inquiry
from netguard.forwarding.known import PIONEERS
from netguard.forwarding.own_way import Way
from probes.records import IPAddress
from probes.trace import asking
from probes.trace.asking import ask
from probes.trace.flow import Ask, Flow, Step
from tests.netguard.forwarding.script import SERVER, known, on_segment, question, reply
from tests.netguard.forwarding.wires import Clock, Net, at_once, explore
from tests.netguard.forwarding.world import SERVER_MAC, End, Policy, World

BLOCK: list[IPAddress] = [IPv4Address("203.0.113.0") + n for n in range(16)]
OURS: list[IPAddress] = [IPv4Address("192.0.2.16") + n for n in range(4)]


def inquiry(number: int = 16, **fields: object) -> Inquiry:
    """Return an inquiry that has found the server three hops away."""
    made = Inquiry(known(**{"pioneering": True, **fields}), BLOCK[:number])
    made._way = Way(distance=3)
    return made


def answered(made: Inquiry, target: IPAddress, words: str, said: str) -> None:
    """Let a question have been asked about an address, and be answered."""
    flow = made.flows[target]
    flow.ask(question(words)).asked += 1
    if said:
        heard = reply(question(words), said, target)
        flow.take(heard)
        made.heard(flow, heard)


def test_nothing_is_asked_before_the_server_s_own_way_is_known() -> None:
    made = Inquiry(known(), BLOCK)
    assert made.following(made.flows[BLOCK[0]]) == "wait"
    step = made.following(made.own)
    assert isinstance(step, Ask)
    assert step.question == question("64")


def test_a_few_are_asked_first_and_the_others_wait_for_what_they_meet() -> None:
    made = inquiry()
    steps = [made.following(flow) for flow in made.flows.values()]
    assert all(isinstance(step, Ask) for step in steps[:PIONEERS])
    assert set(steps[PIONEERS:]) == {"wait"}


def test_the_others_go_on_when_all_of_the_first_have_found_their_way() -> None:
    made = inquiry()
    for target in BLOCK[:PIONEERS]:
        assert made.following(made.flows[BLOCK[9]]) == "wait"
        answered(made, target, "3", "echo")
        made.following(made.flows[target])
    assert isinstance(made.following(made.flows[BLOCK[9]]), Ask)


def test_the_others_go_on_at_once_when_the_server_has_said_time_exceeded() -> None:
    made = inquiry()
    answered(made, BLOCK[0], "3", "exceeded by server")
    step = made.following(made.flows[BLOCK[9]])
    assert isinstance(step, Ask)
    assert step.question == question("64")  # which costs the server none of its few words


def test_where_neither_server_nor_router_is_found_nobody_waits_for_ever() -> None:
    made = inquiry(distance=0)
    for _ in range(2):
        for flow in made.flows.values():
            if flow.target not in made.judgements:
                made.following(flow)
    assert {j.state for j in made.judgements.values()} == {"undecided"}
    assert set(made.judgements) == set(BLOCK)


def test_what_a_sample_shows_is_waited_for_by_those_that_seem_decided() -> None:
    made = inquiry(pioneering=False)
    first, second, third = (made.flows[target] for target in BLOCK[:3])
    for flow in (first, second, third):
        answered(made, flow.target, "3", "echo")
        answered(made, flow.target, "2", "exceeded by edge")
    made.known.udp = False
    assert made.following(first) == Ask(question("64 large"), 1.0)
    assert made.following(second) == Ask(question("64 large"), 1.0)
    assert made.following(third) == "wait"
    answered(made, first.target, "64 large", "cut by server")
    answered(made, second.target, "64 large", "cut by server")
    assert made.following(third) == Ask(question("64 large"), 1.0)
    assert made.following(first) == "done"
    assert made.judgements[first.target].state == "forwarded"


def test_two_samples_do_not_wait_for_each_other() -> None:
    made = inquiry(pioneering=False, tunnel=1420)
    first, second = (made.flows[target] for target in BLOCK[:2])
    for flow in (first, second):
        answered(made, flow.target, "3", "echo")
        answered(made, flow.target, "2", "exceeded by edge")
        answered(made, flow.target, "64 large", "")  # lost: nothing more is asked about it
        made.known.asked_by_udp.add(flow.target)  # and its turn to be asked by UDP never came
    assert [made.following(first), made.following(second)] == ["wait", "done"]
    assert made.following(first) == "done"


def test_a_late_answer_changes_what_was_decided() -> None:
    made = inquiry(1, pioneering=False, canary="does-not-route")
    (flow,) = made.flows.values()
    answered(made, flow.target, "3", "")
    flow.ask(question("3")).asked = 2
    answered(made, flow.target, "64", "")
    answered(made, flow.target, "64 large", "")
    assert made.following(flow) == "done"
    assert made.judgements[flow.target].state == "silent"
    late = reply(question("64"), "nobody by server", flow.target)
    flow.take(late)
    made.heard(flow, late)
    assert made.judgements[flow.target].state == "forwarded"
    assert made.known.ethernet


def test_what_answers_too_late_to_be_asked_more_is_not_called_silent() -> None:
    made = inquiry(1, pioneering=False)
    (flow,) = made.flows.values()
    answered(made, flow.target, "3", "")
    flow.ask(question("3")).asked = 2
    answered(made, flow.target, "64", "")
    answered(made, flow.target, "64 large", "")
    assert made.following(flow) == "done"
    answered(made, flow.target, "64", "echo in 2600")
    judgement = made.judgements[flow.target]
    assert (judgement.state, judgement.alive) == ("undecided", True)


def test_the_server_s_own_address_is_not_asked_about_twice() -> None:
    made = Inquiry(known(), [SERVER.address, *BLOCK])
    assert SERVER.address not in made.flows
    assert len(made.all_flows()) == 1 + len(BLOCK)


def test_our_addresses_are_dealt_out_evenly_each_to_its_own_version() -> None:
    made = Inquiry(known(), BLOCK, [IPv6Address("2001:db8::16"), *OURS])
    dealt = [flow.source for flow in made.flows.values()]
    assert [dealt.count(source) for source in OURS] == [4] * 4
    assert dealt[:4] == OURS


def test_answers_by_way_of_the_gateway_bear_no_proof_in_their_mac() -> None:
    made = Inquiry(on_segment(), BLOCK)
    made.own.ask(question("1")).asked = 1
    made.own.take(reply(question("1"), "echo at edge", SERVER.address))
    assert made.following(made.own) == "done"
    assert not made.known.by_mac
    assert made.known.said(reply(question("1"), "exceeded by server at edge"))
    assert not made.known.said(reply(question("1"), "exceeded by edge at edge"))


def test_answers_that_bear_the_server_s_mac_are_its_own_whatever_they_say() -> None:
    made = Inquiry(on_segment(), BLOCK)
    made.own.ask(question("1")).asked = 1
    made.own.take(reply(question("1"), "echo", SERVER.address))
    assert made.following(made.own) == "done"
    assert made.known.voices == {SERVER_MAC}
    assert made.known.said(reply(question("1"), "exceeded by inner"))
    assert not made.known.said(reply(question("1"), "exceeded by server at neighbour"))


KINDS: list[tuple[Policy, tuple[End, ...]]] = [
    (Policy(), ("bound",) * 20 + ("vacant",) * 20),
    (Policy(routes=True, mtu=1420, far=0.03), ("live",) * 20 + ("dead",) * 10 + ("loop",) * 10),
    (Policy(routes=True, ethernet=True), ("bound", *("live",) * 9, *("dead",) * 9)),
    (Policy(routes=True, exceeded="silent"), ("live",) * 9 + ("dead",) * 9),
    (Policy(routes=True, feigns=True), ("live",) * 9 + ("bound",) * 9),
    (Policy(shy=True), ("bound",) * 9),
]


@pytest.mark.parametrize(("policy", "ends"), KINDS)
@pytest.mark.parametrize("sources", [0, 4])
def test_no_server_is_asked_for_more_errors_than_it_has(
    policy: Policy, ends: tuple[End, ...], sources: int
) -> None:
    world = World(ends=ends, policy=policy, sources=sources)
    clock = Clock()
    net = Net([world], clock)
    made = Inquiry(known(server=world.server, pioneering=True), world.truth, net.sources)
    rationed: dict[IPAddress | None, list[float]] = {}

    def following(flow: Flow) -> Step:
        step = made.following(flow)
        if isinstance(step, Ask) and step.rationed:
            wanted.add((flow.target, step.question))
        return step

    wanted: set[tuple[IPAddress, object]] = set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "monotonic", clock)
        at_once(ask(net, made.all_flows(), following, heard=made.heard))
    for when, probe in net.sent:
        if (probe.target, (probe.ttl, probe.method, probe.large)) in wanted:
            rationed.setdefault(probe.source, []).append(when)
    for times in rationed.values():
        for number, begin in enumerate(times):
            within = [t for t in times[number:] if t <= begin + 10]
            assert len(within) <= 5 + 10 + 1
    assert set(made.judgements) == set(world.truth)


@pytest.mark.parametrize(("policy", "ends"), KINDS)
def test_duplicates_change_nothing(policy: Policy, ends: tuple[End, ...]) -> None:
    world = World(ends=ends, policy=policy)
    (once,) = explore(world)
    (twice,) = explore(msgspec.structs.replace(world, twice=1.0))
    assert once.states == twice.states


@pytest.mark.parametrize(("policy", "ends"), KINDS)
def test_no_address_is_forgotten_and_none_asked_after_all_is_known(
    policy: Policy, ends: tuple[End, ...]
) -> None:
    world = World(ends=ends, policy=policy)
    (seen,) = explore(world)
    assert set(seen.states) == set(world.truth)
    assert seen.seconds < 60
