"""Thousands of networks that never were: nobody honest is accused, and nothing is guessed.

`NETGUARD_WORLDS=5000 tests/run tests/netguard/forwarding/test_worlds.py` asks many more of them,
and others each time.
"""

import os

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netguard.forwarding.records import GATEWAYS
from tests.netguard.forwarding import honesty, making
from tests.netguard.forwarding.wires import Outcome, explore
from tests.netguard.forwarding.world import ROUTED, World

pytestmark = pytest.mark.slow

WORLDS = os.environ.get("NETGUARD_WORLDS", "")
BEHIND = {"live", "dead"}
MOST, MOST_IN_NOISE = 16, 32  # probes to one address; what is lost is asked for again

many = settings(
    max_examples=int(WORLDS or 150),
    derandomize=not WORLDS,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
some = settings(many, max_examples=int(WORLDS or 50))
seeds = st.integers(0, 2**40)
kinds = st.sampled_from(("plain", "containers", "router", "gateway", "gateway"))


def check_nobody_is_accused(world: World, seen: Outcome) -> None:
    """Hold what must be true whatever is lost, late, or a lie."""
    assert set(seen.states) == set(world.truth), "an address was forgotten"
    for address, end in world.truth.items():
        if end == "bound":
            assert seen.states[address] not in {"forwarded", "looped"}, (address, world)
        if end == "neighbour" and not world.policy.lies:
            assert seen.states[address] != "forwarded", (address, world)
    if not BEHIND & set(world.ends) and not world.policy.lies:
        assert seen.report.verdict not in GATEWAYS, world


@many
@given(seeds, kinds)
def test_where_no_answer_is_lost_only_what_nothing_shows_is_not_said_rightly(
    seed: int, kind: str
) -> None:
    world = making.world(seed, kind)
    (seen,) = explore(world)
    check_nobody_is_accused(world, seen)
    for address in world.truth:
        said = seen.states[address]
        assert said in honesty.honest(world, address), (address, world.truth[address], said, world)
    assert max(seen.probes.values()) <= MOST, world


@many
@given(seeds, kinds)
def test_whatever_is_lost_or_late_what_is_on_a_server_is_never_said_to_be_behind_it(
    seed: int, kind: str
) -> None:
    world = making.noisy(seed, kind)
    (seen,) = explore(world)
    check_nobody_is_accused(world, seen)
    assert max(seen.probes.values()) <= MOST_IN_NOISE, world


@many
@given(seeds)
def test_whatever_is_lost_or_late_what_answers_from_behind_is_not_said_to_be_on_the_server(
    seed: int,
) -> None:
    world = making.noisy(seed, "gateway")
    policy = world.policy
    hidden = not policy.decrements or policy.feigns
    # Who stands before the server is not known for sure, and its own distance no help.
    lost = honesty.uneven(world) and (world.dual or not world.informed)
    (seen,) = explore(world)
    for address, end in world.truth.items():
        if end == "live" and not hidden and not lost:
            assert seen.states[address] in {"forwarded", "undecided", "silent"}, (address, world)


@many
@given(seeds)
def test_a_liar_frees_nothing_behind_it_but_by_answering_for_it(seed: int) -> None:
    world = making.lying(seed)
    (seen,) = explore(world)
    check_nobody_is_accused(world, seen)
    policy = world.policy
    answers = policy.feigns or not policy.decrements or "echo-at-the-door" in policy.lies
    lost = honesty.uneven(world) and ("exceeded-by-edge" in policy.lies or not world.informed)
    for address, end in world.truth.items():
        if end in ROUTED and not answers and not lost and not world.dual:
            assert seen.states[address] != "bound", (address, end, world)


@some
@given(seeds)
def test_a_liar_changes_nothing_about_its_neighbour(seed: int) -> None:
    liar, neighbour = making.lying(seed), making.world(seed, "plain")
    beside = msgspec.structs.replace(
        neighbour, number=1, version=liar.version, dual=False, sources=0, methods=liar.methods
    )
    (alone,) = explore(beside)
    _, seen = explore(msgspec.structs.replace(liar, sources=0), beside)
    assert seen.states == alone.states
    assert seen.report.verdict == alone.report.verdict


@some
@given(seeds, st.integers(16, 40))
def test_a_plain_server_costs_little_more_than_two_probes_an_address(seed: int, on_it: int) -> None:
    plain = making.world(seed, "plain")
    world = msgspec.structs.replace(
        plain,
        ends=("bound",) * on_it,
        policy=msgspec.structs.replace(plain.policy, shy=False),
        core="talks",
        detours=(0,),
        dual=False,
        on_segment=False,
    )
    (seen,) = explore(world)
    assert seen.report.verdict == "plain"
    assert sum(seen.probes[address] for address in world.truth) <= 2.6 * on_it, world
