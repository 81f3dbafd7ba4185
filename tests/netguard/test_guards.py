"""Every guard both ways: what it lets pass, what it refuses, and that it refuses the unknown."""

import pytest

from netguard.guards import CLOSING, OPENING, UNATTENDED, refusals
from netguard.shutdown import liftable, plan
from netguard.situation import Situation
from tests.deciding import closing, opening, unattended
from tests.guard_cases import acting, made_for, protecting, stations, uplink

# DESIGN.md, section 5: the guards that hold for everybody, in no order.
DESIGNED = {
    "uplink",
    "trunk",
    "lag-member",
    "protected",
    "too-many-stations",
    "gateway-station",
    "own-path",
    "stale-location",
    "ambiguous-station",
    "not-a-managed-port",
    "already-down",
    "no-write-credential",
    "per-hour",
}
CASES = (made_for, uplink, protecting, stations, acting)
REFUSED = [case for module in CASES for case in module.REFUSED]
PASSED = [case for module in CASES for case in module.PASSED]


def said(guard: str, s: Situation) -> str:
    """Return a guard's reason, empty where it lets pass."""
    return dict(refusals(s))[guard]


@pytest.mark.parametrize(
    ("guard", "s", "reason"), [pytest.param(g, s, r, id=f"{g}: {why}") for g, why, s, r in REFUSED]
)
def test_a_guard_refuses_and_says_why(guard: str, s: Situation, reason: str) -> None:
    assert reason in said(guard, s)
    assert guard in plan(s).refused_by


@pytest.mark.parametrize(
    ("guard", "s"), [pytest.param(g, s, id=f"{g}: {why}") for g, why, s in PASSED]
)
def test_a_guard_lets_pass(guard: str, s: Situation) -> None:
    assert said(guard, s) == ""


@pytest.mark.parametrize("s", [closing(), unattended(), opening()])
def test_where_everything_is_known_and_well_no_guard_refuses(s: Situation) -> None:
    assert {name: reason for name, reason in refusals(s) if reason} == {}


def test_every_guard_is_refused_and_passed_somewhere_in_these_tables() -> None:
    assert {guard for guard, *_ in REFUSED} == {*CLOSING, *OPENING}


def test_the_guards_are_those_that_the_design_names_and_those_for_programs() -> None:
    assert {*CLOSING} == {*DESIGNED, *UNATTENDED}
    assert {*OPENING} - {*CLOSING} == {"already-up", "not-ours", "still-in-trouble"}


@pytest.mark.parametrize(
    ("guard", "s"),
    [
        pytest.param(g, s, id=f"{g}: {why}")
        for g, why, s, _ in REFUSED
        if g not in UNATTENDED and not s.automatic
    ],
)
def test_an_override_lifts_exactly_the_guard_that_it_names(guard: str, s: Situation) -> None:
    refused = plan(s).refused_by
    decided = plan(s, [guard])
    assert decided.refused_by == tuple(name for name in refused if name != guard)
    assert [v.guard for v in decided.verdicts if v.lifted] == [guard]


def test_what_lets_pass_is_not_said_to_be_lifted() -> None:
    assert not any(v.lifted for v in plan(closing(), liftable("shutdown")).verdicts)


def test_nobody_lifts_anything_for_a_program() -> None:
    s = unattended(recent=3, claims=None)
    decided = plan(s, [*CLOSING])
    assert decided.refused_by == plan(s).refused_by == ("per-hour", "unproven", "too-few-sightings")
    assert not any(v.lifted for v in decided.verdicts)


def test_a_person_can_lift_every_guard_but_those_that_hold_back_programs() -> None:
    assert {*liftable("shutdown")} == {*DESIGNED}
    assert "frozen" not in liftable("restore")
    assert {*liftable("restore")} == {*OPENING} - UNATTENDED
