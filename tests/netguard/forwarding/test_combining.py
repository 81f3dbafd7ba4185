"""What several places saw of one address becomes one state; that they differ stays to be seen."""

from itertools import permutations

import pytest

from netguard.forwarding.combining import combine, disagree
from netguard.forwarding.records import AddressState
from tests.building import NOW
from tests.netguard.forwarding.places import FIRST, judgement, seen

Told = tuple[str, AddressState]

# What places said of an address (the segment, or from afar), and what is true of it then.
ROWS: list[tuple[list[Told], AddressState]] = [
    ([("here", "bound"), ("segment", "bound")], "bound"),
    ([("here", "bound"), ("segment", "forwarded")], "forwarded"),
    ([("here", "forwarded"), ("segment", "bound")], "forwarded"),
    ([("here", "bound"), ("segment", "elsewhere")], "elsewhere"),
    ([("here", "elsewhere"), ("segment", "bound")], "bound"),
    ([("here", "bound"), ("osaka", "elsewhere")], "bound"),
    ([("here", "looped"), ("segment", "elsewhere")], "looped"),
    ([("here", "looped"), ("osaka", "forwarded")], "forwarded"),
    ([("here", "undecided"), ("segment", "bound")], "bound"),
    ([("here", "silent"), ("segment", "looped")], "looped"),
    ([("here", "undecided"), ("segment", "silent")], "silent"),
    ([("here", "silent"), ("osaka", "undecided")], "undecided"),
    ([("here", "silent"), ("osaka", "silent")], "silent"),
    ([], "undecided"),
]


@pytest.mark.parametrize(("told", "expected"), ROWS)
def test_the_strongest_proof_wins_whoever_speaks_first(
    told: list[Told], expected: AddressState
) -> None:
    for order in permutations(told):
        places = [
            seen(place, {FIRST: judgement(state, alive=False)}, on_segment=place == "segment")
            for place, state in order
        ]
        report = combine(FIRST, places, NOW)
        assert report.state == expected
        assert report.seen_from == dict(told)


@pytest.mark.parametrize(
    ("states", "differ"),
    [
        (("bound", "forwarded"), True),
        (("bound", "elsewhere"), True),
        (("bound", "bound"), False),
        (("bound", "silent"), False),
        (("silent", "undecided"), False),
        (("undecided", "forwarded"), False),
    ],
)
def test_that_places_differ_is_said_and_silence_is_no_opinion(
    states: tuple[AddressState, AddressState], *, differ: bool
) -> None:
    report = combine(FIRST, [seen("here", states[0]), seen("osaka", states[1])], NOW)
    assert disagree(report) == differ


def test_what_is_silent_at_one_place_and_answers_at_another_is_not_silent() -> None:
    silent = seen("segment", {FIRST: judgement("silent")}, on_segment=True)
    alive = seen("here", {FIRST: judgement("undecided", alive=True)})
    report = combine(FIRST, [silent, alive], NOW)
    assert (report.state, report.alive) == ("undecided", True)


def test_the_fastest_answer_counts_and_every_place_says_what_it_saw() -> None:
    here = seen("here", {FIRST: judgement("bound", rtt=0.0305, hops=4)})
    osaka = seen("osaka", {FIRST: judgement("bound", rtt=0.0012344)})
    report = combine(FIRST, [here, osaka], NOW)
    assert (report.rtt_ms, report.hops) == (1.234, 4)
    assert [evidence.detail for evidence in report.evidence] == [
        "here: it is bound. full hop limit: echo-reply",
        "osaka: it is bound. full hop limit: echo-reply",
    ]


def test_an_address_that_could_not_be_asked_about_is_undecided() -> None:
    report = combine(FIRST, [seen("here", {})], NOW)
    assert (report.state, report.evidence, report.rtt_ms) == ("undecided", (), None)
