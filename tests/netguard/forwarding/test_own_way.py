"""How far the server itself is, and who stands before it, from what came back for its address."""

from collections.abc import Mapping

import msgspec
import pytest

from netguard.forwarding.known import Known
from netguard.forwarding.own_way import Way, own_way
from probes.trace.flow import FULL, Flow
from tests.netguard.forwarding.script import MOST, SERVER, WHO, known, on_segment, question, reply


def way(said: Mapping[str, str], about: Known | None = None, reply_ttl: int = 62) -> Way:
    """Ask what is to be asked about the server's own address, and return its way."""
    answers = {question(words): answer for words, answer in said.items()}
    flow = Flow(SERVER.address, "ds1")
    for _ in range(MOST):
        step = own_way(flow, about or known(edges=frozenset(), distance=0))
        if isinstance(step, Way):
            return step
        flow.ask(step.question).asked += 1
        if words := answers.get(step.question):
            heard = reply(step.question, words, SERVER.address)
            if heard.kind == "echo-reply":
                heard = msgspec.structs.replace(heard, source=SERVER.address, reply_ttl=reply_ttl)
            flow.take(heard)
    raise AssertionError("it never ends")


THREE = {"1": "exceeded by core", "2": "exceeded by edge", "3": "echo", "64": "echo"}


def test_the_hop_limit_of_its_answer_says_where_to_begin() -> None:
    found = way(THREE)
    assert (found.distance, found.edges, found.edge_silent) == (3, frozenset({WHO["edge"]}), False)
    assert found.rtt == 0.0004


@pytest.mark.parametrize("reply_ttl", [60, 61, 63, 64, 126, 253])
def test_a_way_back_of_another_length_misleads_nobody(reply_ttl: int) -> None:
    beyond = {str(ttl): "echo" for ttl in range(3, 9)}
    assert way({**THREE, **beyond}, reply_ttl=reply_ttl).distance == 3


def test_an_answer_from_nowhere_near_is_not_followed_for_ever() -> None:
    assert way({"64": "echo"}).distance == 0


def test_a_router_that_never_says_who_it_is_is_remembered_as_such() -> None:
    found = way({"3": "echo", "64": "echo"})
    assert (found.distance, found.edges, found.edge_silent) == (3, frozenset(), True)


def test_the_hop_before_is_asked_five_times_before_it_counts_as_silent() -> None:
    flow = Flow(SERVER.address, "ds1")
    flow.ask(question("64")).asked = 1
    flow.take(msgspec.structs.replace(reply(question("64"), "echo", SERVER.address), reply_ttl=62))
    flow.ask(question("3")).asked = 1
    flow.take(reply(question("3"), "echo", SERVER.address))
    about = known(edges=frozenset())
    for asked in range(5):
        assert flow.at(2).asked == asked
        assert not isinstance(own_way(flow, about), Way)
        flow.ask(question("2")).asked += 1
    assert isinstance(own_way(flow, about), Way)


def test_a_server_beside_us_has_nobody_before_it() -> None:
    found = way({"1": "echo", "64": "echo"}, reply_ttl=64)
    assert (found.distance, found.edges, found.edge_silent) == (1, frozenset(), False)


def test_a_server_that_answers_nothing_is_placed_behind_the_last_router_that_does() -> None:
    found = way({"1": "exceeded by core", "2": "exceeded by edge"})
    assert (found.distance, found.edges, found.rtt) == (3, frozenset({WHO["edge"]}), None)


def test_where_nobody_answers_there_is_no_way() -> None:
    assert way({}) == Way(distance=0)


def test_on_the_segment_it_is_the_first_hop_whether_it_answers_or_not() -> None:
    assert way({"1": "echo"}, on_segment()).distance == 1
    assert way({}, on_segment()).distance == 1
    assert FULL == 64
