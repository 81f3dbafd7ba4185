"""The decision about one address, row by row: what came back, and what that makes of it."""

from collections.abc import Mapping
from copy import deepcopy
from ipaddress import IPv6Address, ip_network

import msgspec
import pytest

from netguard.forwarding.address import decide
from netguard.forwarding.known import Known
from netguard.forwarding.records import Judgement
from probes.trace.flow import Ask, Flow, Question
from tests.netguard.forwarding.script import (
    SERVER,
    TARGET,
    WHO,
    converse,
    known,
    on_segment,
    question,
    reply,
    state,
)
from tests.netguard.forwarding.world import NEIGHBOUR_MAC, SERVER_MAC

Said = Mapping[str, str]
EDGE = {"2": "exceeded by edge"}
PLAIN = {**EDGE, "3": "echo"}
NEIGHBOURS = {TARGET: frozenset({NEIGHBOUR_MAC})}
OWN = {TARGET: frozenset({SERVER_MAC})}

# A sentence, what came back, what was known before, the state, and a part of the reason.
ROWS: list[tuple[str, Said, Known, str, str]] = [
    ("it ends where the server is, behind the router", PLAIN, known(), "bound", "ends on"),
    (
        "ARP says the server's MAC",
        PLAIN,
        known(stations=OWN),
        "bound",
        "ends on",
    ),
    (
        "it ends there, and ARP says another MAC",
        PLAIN,
        known(stations=NEIGHBOURS),
        "elsewhere",
        NEIGHBOUR_MAC,
    ),
    (
        "it ends before the server, nobody knows on whom",
        {"2": "echo", "3": "echo"},
        known(),
        "undecided",
        "does not say who",
    ),
    (
        "it is the router's own address",
        {"2": "echo", "3": "echo"},
        known(edges=frozenset({TARGET})),
        "elsewhere",
        "router's own",
    ),
    (
        "the server says that it goes further, and it answers",
        {"3": "exceeded by server", "64": "echo in 30"},
        known(),
        "forwarded",
        "answers from behind",
    ),
    (
        "the server keeps silent, but routes, and it answers from further on",
        {**EDGE, "64": "echo"},
        known(spends=True),
        "forwarded",
        "ends past",
    ),
    (
        "... by one of its addresses that was proven to",
        {**EDGE, "64": "echo"},
        known(forwards=True),
        "forwarded",
        "ends past",
    ),
    (
        "somebody there keeps silent, and nothing else shows that the server routes",
        {**EDGE, "64": "echo"},
        known(),
        "undecided",
        "does not say",
    ),
    (
        "... or it answers not itself, so that its place is but a guess",
        {**EDGE, "64": "echo"},
        known(spends=True, rtt=None),
        "undecided",
        "does not say",
    ),
    (
        "it answers from further on by a way that nobody knows",
        {"2": "exceeded by other", "64": "echo"},
        known(spends=True),
        "undecided",
        "unknown way",
    ),
    (
        "it answers, and somebody says that it cannot be reached",
        {**EDGE, "3": "no-route by edge", "64": "echo"},
        known(spends=True),
        "undecided",
        "cannot be reached",
    ),
    (
        "the server says that it goes further, and the router has it next",
        {"3": "exceeded by server", "4": "exceeded by edge"},
        known(),
        "looped",
        "back",
    ),
    (
        "it never ends, as the router says in the end",
        {"3": "exceeded by server", "64": "exceeded by edge"},
        known(),
        "looped",
        "back",
    ),
    (
        "... or the server",
        {**EDGE, "4": "exceeded by edge", "64": "exceeded by server"},
        known(),
        "looped",
        "back",
    ),
    (
        "the silent server is known to route, and its router has it again",
        {**EDGE, "4": "exceeded by edge", "64": "exceeded by edge"},
        known(spends=True),
        "looped",
        "server's place",
    ),
    (
        "it goes in a circle, and nobody knows by whom",
        {**EDGE, "4": "exceeded by edge", "64": "exceeded by edge"},
        known(),
        "undecided",
        "circle",
    ),
    (
        "the server says that it goes further, and then there is silence",
        {"3": "exceeded by server"},
        known(),
        "undecided",
        "tunnel with nobody there, or to a filter",
    ),
    (
        "... from a server whose filter lets nothing by",
        {"3": "exceeded by server"},
        known(canary="filtered"),
        "silent",
        "filter",
    ),
    (
        "... from a server that passes others on",
        {"3": "exceeded by server"},
        known(forwards=True),
        "forwarded",
        "nobody is there",
    ),
    (
        "... from a server with a tunnel that this one does not go through",
        {"3": "exceeded by server"},
        known(tunnel=1420),
        "forwarded",
        "nobody is there",
    ),
    (
        "a router behind the server has it next, and nobody is there",
        {"3": "exceeded by server", "4": "exceeded by inner"},
        known(forwards=True),
        "forwarded",
        "nobody is there",
    ),
    (
        "... but if it goes round all the same, it is sent back",
        {"3": "exceeded by server", "4": "exceeded by inner", "63": "exceeded by other"},
        known(forwards=True),
        "looped",
        "back",
    ),
    (
        "time exceeded comes from the address itself: it is translated",
        {"3": "exceeded by target", "64": "echo"},
        known(),
        "forwarded",
        "translates",
    ),
    (
        "the server looks for it on a network behind itself",
        {"64": "nobody by server"},
        known(),
        "forwarded",
        "behind itself",
    ),
    (
        "a large packet is too large for the server: a tunnel, though nobody answers",
        {"64 large": "cut by server"},
        known(),
        "forwarded",
        "tunnel",
    ),
    (
        "it ends on the server, and a large packet shows that it does not",
        {**PLAIN, "64 large": "cut by server"},
        known(),
        "forwarded",
        "hides its hop",
    ),
    (
        "a large packet is too large for a router before the server",
        {**PLAIN, "64 large": "cut by edge"},
        known(),
        "bound",
        "ends on",
    ),
    ("nothing answers to anything", {}, known(), "silent", "nobody answers"),
    (
        "nothing answers, and ARP says who has it",
        {},
        known(stations=NEIGHBOURS),
        "elsewhere",
        NEIGHBOUR_MAC,
    ),
    (
        "neither the server nor a router is known",
        PLAIN,
        known(distance=0),
        "undecided",
        "neither the server",
    ),
    (
        "routers pass it on without end",
        {str(ttl): "exceeded by other" for ttl in range(3, 10)},
        known(),
        "elsewhere",
        "never comes to the server",
    ),
    (
        "... and among them, again and again, the one before the server",
        {str(ttl): "exceeded by edge" for ttl in range(3, 10)},
        known(),
        "undecided",
        "circle",
    ),
    (
        "it ends later than the server answers",
        {**PLAIN, "3": "echo in 30", "64": "echo in 30"},
        known(),
        "undecided",
        "later than the server",
    ),
    (
        "... on a server that counts no hop",
        {**PLAIN, "3": "echo in 30", "64": "echo in 30"},
        known(canary="routes-undecremented"),
        "forwarded",
        "further away",
    ),
    (
        "it ends on a server that counts no hop, as fast as on itself",
        {**PLAIN, "64 large": "echo"},
        known(canary="routes-undecremented"),
        "undecided",
        "can hide its hop",
    ),
    (
        "it ends on a server with a tunnel, and a large packet is lost",
        PLAIN,
        known(tunnel=1420),
        "undecided",
        "can hide its hop",
    ),
    (
        "the server answers its pings, and passes on the rest",
        {**PLAIN, "3 udp": "exceeded by server"},
        known(),
        "forwarded",
        "answers its pings",
    ),
    (
        "somebody unknown has what is no ping where its pings are answered",
        {**PLAIN, "3 udp": "exceeded by other"},
        known(),
        "undecided",
        "does not end where its pings",
    ),
    (
        "its firewall refuses what is no ping, in its own name",
        {**PLAIN, "3 udp": "prohibited by target"},
        known(),
        "bound",
        "ends on",
    ),
    (
        "it answers pings alone, on a server that answers those of others",
        PLAIN,
        known(feigns=True),
        "undecided",
        "answers pings for others",
    ),
    (
        "it answers anything, on a server that answers pings of others",
        {**PLAIN, "3 udp": "port"},
        known(feigns=True),
        "bound",
        "ends on",
    ),
    (
        "its way is longer than the server's",
        {"3": "exceeded by other", "4": "exceeded by edge", "5": "echo"},
        known(),
        "bound",
        "ends on",
    ),
    (
        "... by a router that does not stand before the server",
        {"3": "exceeded by other", "4": "exceeded by other", "5": "echo"},
        known(),
        "undecided",
        "no router of the server's",
    ),
    (
        "the router seems to stand twice on its way: somebody speaks in its name",
        {"2": "exceeded by edge", "3": "exceeded by edge", "4": "echo"},
        known(),
        "undecided",
        "in the name of",
    ),
    (
        "the router before the server never says who it is, the one before that does",
        {"1": "exceeded by core", "3": "echo"},
        known(edge_silent=True, edges=frozenset(), beside=frozenset()),
        "bound",
        "ends on",
    ),
    (
        "... nor does that one: so the silent one may be the server",
        {"3": "echo"},
        known(edge_silent=True, edges=frozenset(), beside=frozenset()),
        "undecided",
        "does not say who",
    ),
    (
        "a silent hop stands behind the router: that is the server's place",
        {"2": "exceeded by edge", "4": "echo", "64": "echo"},
        known(distance=4, spends=True),
        "forwarded",
        "ends past",
    ),
    (
        "behind nobody but the address is ours to see, and ARP says that it is the server's",
        {"1": "echo"},
        known(distance=1, stations=OWN),
        "bound",
        "ends on",
    ),
    (
        "... or another's",
        {"1": "echo"},
        known(distance=1, stations=NEIGHBOURS),
        "elsewhere",
        NEIGHBOUR_MAC,
    ),
    ("... or nothing", {"1": "echo"}, known(distance=1), "undecided", "ask it there"),
    (
        "nobody says who is first on its way, but the server that it goes further",
        {"2": "exceeded by edge", "3": "exceeded by server", "64": "echo"},
        known(distance=1),
        "forwarded",
        "answers from behind",
    ),
    (
        "... nor the server, though it passes others on",
        {"2": "exceeded by edge", "4": "echo", "64": "echo"},
        known(distance=1, spends=True, forwards=True),
        "undecided",
        "no router before the server",
    ),
    (
        "... and it ends behind the router: the first may be the one that it seems to be",
        {"2": "exceeded by edge", "3": "echo", "64": "echo"},
        known(distance=1, spends=True, forwards=True),
        "undecided",
        "in the name of",
    ),
    ("on the segment it ends on the server", {"1": "echo"}, on_segment(), "bound", "ends on"),
    (
        "on the segment another MAC answers",
        {"1": "echo at neighbour"},
        on_segment(),
        "elsewhere",
        NEIGHBOUR_MAC,
    ),
    (
        "... which is the gateway's, as with the server's own answers",
        {"1": "echo at edge"},
        on_segment(by_mac=False),
        "bound",
        "ends on",
    ),
    (
        "on the segment the server says that it goes further",
        {"1": "exceeded by server", "64": "echo"},
        on_segment(),
        "forwarded",
        "answers from behind",
    ),
    (
        "... and another station answers, as ARP says too",
        {"1": "exceeded by server", "64": "echo at neighbour"},
        on_segment(stations=NEIGHBOURS),
        "elsewhere",
        NEIGHBOUR_MAC,
    ),
    (
        "... and another MAC brings the answer, of which ARP says nothing",
        {"1": "exceeded by server", "64": "echo at neighbour"},
        on_segment(),
        "undecided",
        "brings its answer",
    ),
    (
        "on the segment it answers, though not from the server, which keeps silent",
        {"64": "echo"},
        on_segment(),
        "forwarded",
        "was given it",
    ),
    (
        "on the segment it goes round",
        {"1": "exceeded by server", "2": "exceeded by edge at edge"},
        on_segment(),
        "looped",
        "back",
    ),
    (
        "... or never ends",
        {"64": "exceeded by edge at edge"},
        on_segment(),
        "looped",
        "back",
    ),
    ("on the segment nothing answers", {}, on_segment(), "silent", "nobody answers"),
]


@pytest.mark.parametrize(
    ("said", "about", "expected", "why"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS]
)
def test_what_came_back_decides(said: Said, about: Known, expected: str, why: str) -> None:
    judgement, _ = converse(said, deepcopy(about))
    assert (judgement.state, why in judgement.why) == (expected, True), judgement


# Who says unreachable, by which IP version, with which code, and what that makes of an address.
UNREACHABLE = [
    ("server", 4, 0, "silent", "no route"),
    ("server", 4, 6, "silent", "no route"),
    ("server", 4, 1, "forwarded", "behind itself"),
    ("server", 4, 7, "forwarded", "behind itself"),
    ("server", 4, 10, "silent", "filter"),
    ("server", 4, 13, "silent", "filter"),
    ("server", 6, 0, "silent", "no route"),
    ("server", 6, 1, "silent", "filter"),
    ("server", 6, 3, "forwarded", "behind itself"),
    ("server", 6, 6, "silent", "no route"),
    ("edge", 4, 0, "elsewhere", "no route"),
    ("edge", 4, 11, "elsewhere", "no route"),
    ("edge", 4, 1, "silent", "nobody has it"),
    ("edge", 4, 9, "undecided", "filters"),
    ("edge", 4, 13, "undecided", "filters"),
    ("edge", 6, 0, "elsewhere", "no route"),
    ("edge", 6, 1, "undecided", "filters"),
    ("edge", 6, 3, "silent", "nobody has it"),
]


@pytest.mark.parametrize(("who", "version", "code", "expected", "why"), UNREACHABLE)
def test_an_unreachable_means_what_its_code_and_its_sender_say(
    who: str, version: int, code: int, expected: str, why: str
) -> None:
    six = IPv6Address("2001:db8::40"), IPv6Address("2001:db8::20"), IPv6Address("2001:db8:1::7")
    edge, own, target = six if version == 6 else (WHO["edge"], WHO["server"], TARGET)
    server = msgspec.structs.replace(SERVER, address=own, blocks=(ip_network(f"{target}"),))
    about = known(server=server, edges=frozenset({edge}), spends=True)
    flow = Flow(target, "ds1")
    flow.ask(Question(64)).asked = flow.ask(Question(3)).asked = 1
    heard = reply(Question(64), "prohibited", target)
    flow.take(msgspec.structs.replace(heard, code=code, source=own if who == "server" else edge))
    judgement = decide(flow, about)
    assert isinstance(judgement, Judgement)
    assert (judgement.state, why in judgement.why) == (expected, True), judgement


def test_past_a_silent_router_nothing_more_is_asked_of_a_server_that_never_says_anything() -> None:
    said = {"2": "exceeded by edge", "3": "exceeded by server", "64": "echo"}
    judgement, flow = converse(said, known(distance=1, mute=2))
    assert judgement.state == "undecided"
    assert {question.ttl for question in flow.hops} == {1, 64}


def test_an_unreachable_is_not_believed_before_it_was_tried() -> None:
    _, flow = converse({"3": "no-route by edge"}, known())
    assert flow.at(64).asked == 1
    assert state({"3": "no-route by edge"}) == "elsewhere"
    assert state({**EDGE, "3": "no-route by edge", "64": "echo"}) == "undecided"


def test_a_judgement_says_where_it_ends_how_fast_and_by_whom() -> None:
    judgement, _ = converse({**PLAIN, "3": "echo in 2"}, known())
    assert (judgement.alive, judgement.hops, judgement.via) == (True, 3, None)
    assert judgement.rtt == 0.002
    judgement, _ = converse({"3": "exceeded by server", "64": "echo in 30"}, known())
    assert (judgement.alive, judgement.hops, judgement.rtt) == (True, None, 0.03)
    assert judgement.via == WHO["server"]


def test_what_answers_late_only_once_is_not_taken_to_be_further_away() -> None:
    said = {**PLAIN, "3": "echo in 900", "64 large": "echo in 900"}
    assert state({**said, "64": "echo in 900"}) == "undecided"
    assert state({**said, "64": "echo in 0.5"}) == "bound"


def test_an_answer_is_asked_for_five_times_before_silence_accuses() -> None:
    _, flow = converse({**EDGE, "64": "echo"}, known(spends=True))
    assert flow.at(3).asked == 5
    _, flow = converse({"64": "echo"}, on_segment())
    assert flow.at(1).asked == 5


def test_where_the_delay_speaks_too_two_are_enough() -> None:
    judgement, flow = converse({**EDGE, "64": "echo in 30"}, known(spends=True))
    assert (judgement.state, flow.at(3).asked) == ("forwarded", 2)


def test_one_lost_answer_decides_nothing() -> None:
    about, flow = known(spends=True), Flow(TARGET, "ds1")
    for words in ("64", "3", "3"):
        step = decide(flow, about)
        assert isinstance(step, Ask)
        assert step.question == question(words)
        flow.ask(step.question).asked += 1
        if words == "64":
            flow.take(reply(step.question, "echo"))
    flow.take(reply(question("3"), "echo"))  # the answer to the first, after all
    step = decide(flow, about)
    assert isinstance(step, Ask), "it goes on as with any that ends there"
    assert step.question == question("2")


def test_a_server_that_says_time_exceeded_is_asked_first_for_what_costs_it_nothing() -> None:
    step = decide(Flow(TARGET, "ds1"), known(spends=True))
    assert isinstance(step, Ask)
    assert (step.question, step.rationed) == (question("64"), False)


def test_only_some_dead_ones_are_asked_for_an_error_where_errors_are_few() -> None:
    _, flow = converse({}, known(spends=True))
    assert flow.at(3).asked == 4
    _, flow = converse({}, known(spends=True, canary="routes"))
    assert flow.at(3).asked == 0  # the segment is the place to ask


def test_only_some_are_sent_a_large_packet_without_reason() -> None:
    about = known()
    shares = []
    for number in range(4):
        flow = Flow(TARGET, "ds1")
        target = TARGET + number
        shares.append(about.tries_large(target))
        about.asked_large |= {target}
        del flow
    assert shares == [True, True, False, False]
    about.tunnel = 1420
    assert about.tries_large(TARGET + 9)


def test_ipv6_addresses_of_a_server_known_by_ipv4_are_placed_by_its_distance() -> None:
    target, router = IPv6Address("2001:db8:1::7"), IPv6Address("2001:db8::40")
    server = msgspec.structs.replace(SERVER, blocks=(ip_network("2001:db8:1::/120"),))

    def ends_at(ttl: int, **fields: object) -> str:
        about = known(server=server, udp=False, tunnel=None, asked_large=set(range(2)), **fields)
        flow = Flow(target, "ds1")
        for at, words in ((ttl - 1, "exceeded"), (ttl, "echo")):
            flow.ask(Question(at)).asked = 1
            heard = reply(Question(at), words, target)
            who = target if words == "echo" else router
            flow.take(msgspec.structs.replace(heard, source=who))
        judgement = decide(flow, about)
        assert isinstance(judgement, Judgement)
        return judgement.state

    assert ends_at(3) == "bound"
    assert ends_at(4) == "undecided"  # its way is longer: who says that this is the edge?
    assert ends_at(3, edges=frozenset({router})) == "bound"
    assert ends_at(3, edges=frozenset({IPv6Address("2001:db8::41")})) == "undecided"
