"""What was asked about one address, and what came back, question by question."""

from ipaddress import IPv4Address

import pytest

from probes.records import HopReply, ReplyKind
from probes.trace.flow import FULL, Flow, Question

TARGET, EDGE = IPv4Address("203.0.113.7"), IPv4Address("192.0.2.40")
THREE = Question(3)


def reply(kind: ReplyKind = "echo-reply", **fields: object) -> HopReply:
    known: dict[str, object] = {
        "target": TARGET,
        "ttl": 3,
        "method": "icmp",
        "large": False,
        "attempt": 1,
        "kind": kind,
        "source": TARGET if kind == "echo-reply" else EDGE,
        "rtt": 0.01,
    }
    return HopReply(**{**known, **fields})  # type: ignore[arg-type]


def asked(*questions: Question, deadline: float | None = None) -> Flow:
    flow = Flow(TARGET, "ds1")
    for question in questions or (THREE,):
        hop = flow.ask(question)
        hop.asked, hop.deadline = 1, deadline
    return flow


def test_what_was_never_asked_is_known_to_be_that() -> None:
    hop = Flow(TARGET, "ds1").at(FULL)
    assert (hop.asked, hop.replies, hop.settled(), hop.end()) == (0, [], False, None)


def test_looking_at_a_question_does_not_ask_it() -> None:
    flow = Flow(TARGET, "ds1")
    flow.at(3, "udp")
    assert flow.hops == {}
    flow.ask(THREE)
    assert flow.hops.keys() == {THREE}


@pytest.mark.parametrize(
    "other", [{"ttl": 4}, {"method": "udp"}, {"large": True}], ids=["hops", "method", "size"]
)
def test_a_reply_to_another_question_is_not_taken(other: dict[str, object]) -> None:
    flow = asked()
    assert not flow.take(reply("echo-reply", **other))
    assert flow.at(3).replies == []


def test_an_answer_ends_the_waiting_a_redirect_does_not() -> None:
    flow = asked(deadline=5.0)
    assert flow.take(reply("redirect"))
    assert (flow.at(3).deadline, flow.at(3).settled()) == (5.0, False)
    assert flow.take(reply())
    assert (flow.at(3).deadline, flow.at(3).settled()) == (None, True)


def test_silence_is_settled_only_once_its_time_is_over() -> None:
    flow = asked(deadline=5.0)
    assert not flow.give_up(4.9)
    assert not flow.at(3).settled()
    assert flow.give_up(5.0)
    assert flow.at(3).settled()
    assert not flow.at(3).settled(2)
    assert not flow.give_up(9.0)


def test_a_duplicate_is_kept_once_and_a_different_answer_besides() -> None:
    flow = asked()
    for _ in range(3):
        assert flow.take(reply())
    assert flow.take(reply("time-exceeded"))
    assert [r.kind for r in flow.at(3).replies] == ["echo-reply", "time-exceeded"]


def test_the_end_is_what_only_the_address_itself_can_say() -> None:
    kinds: list[ReplyKind] = ["time-exceeded", "unreachable", "redirect", "fragmentation-needed"]
    for kind in kinds:
        flow = asked()
        flow.take(reply(kind))
        assert flow.at(3).end() is None
        assert flow.rtt is None
    for end in ("echo-reply", "port-unreachable", "tcp"):
        flow = asked()
        flow.take(reply(end))
        assert flow.at(3).end() is not None


def test_the_fastest_answer_counts_whichever_question_it_was_to() -> None:
    flow = asked(THREE, Question(FULL))
    for rtt, ttl in ((0.9, 3), (0.02, 3), (0.5, FULL)):
        flow.take(reply(rtt=rtt, ttl=ttl))
    flow.take(reply("time-exceeded", rtt=0.001))
    flow.take(reply(rtt=None, source=EDGE))
    assert flow.rtt == 0.02


def test_more_different_replies_than_anybody_gives_are_a_flood() -> None:
    flow = asked()
    taken = [flow.take(reply("redirect", source=EDGE + n)) for n in range(9)]
    assert taken == [True] * 4 + [False] * 5


def test_a_question_is_repeated_when_it_was_asked_twice_and_is_over() -> None:
    flow = asked()
    flow.take(reply())
    assert not flow.at(3).repeated()
    flow.ask(THREE).asked = 2
    assert flow.at(3).repeated()
    flow.ask(THREE).deadline = 5.0
    assert not flow.at(3).repeated()


def test_all_probes_are_counted() -> None:
    flow = asked(THREE, Question(FULL, "udp", large=True))
    flow.ask(THREE).asked += 2
    assert flow.asked == 4
