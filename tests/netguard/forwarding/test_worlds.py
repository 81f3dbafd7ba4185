"""Thousands of networks that never were: nobody honest is accused, and nothing is guessed.

`NETGUARD_WORLDS=5000 tests/run tests/netguard/forwarding/test_worlds.py` asks many more of them.
"""

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from netguard.forwarding.records import GATEWAYS
from tests.netguard.forwarding import making
from tests.netguard.forwarding.wires import Seen1, explore
from tests.netguard.forwarding.world import STATES, World

WORLDS = int(os.environ.get("NETGUARD_WORLDS", "100"))
BEHIND = {"live", "dead"}
MOST = 16  # probes to one address


def worlds(kind: str, *, noise: bool) -> Iterator[tuple[World, Seen1]]:
    make = making.noisy if noise else making.world
    for seed in range(WORLDS):
        world = make(seed, kind)
        (seen,) = explore(world)
        yield world, seen


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize("kind", ["plain", "containers", "router", "gateway"])
def test_what_is_on_a_server_is_never_said_to_be_behind_it(kind: str, *, noise: bool) -> None:
    for world, seen in worlds(kind, noise=noise):
        on_it = {a for a, end in world.truth.items() if end == "bound"}
        said = {seen.states.get(address) for address in on_it}
        assert not said & {"forwarded", "looped"}, world


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize("kind", ["plain", "containers", "router"])
def test_nobody_who_passes_nothing_on_is_called_a_gateway(kind: str, *, noise: bool) -> None:
    for world, seen in worlds(kind, noise=noise):
        assert not BEHIND & set(world.ends)
        assert seen.report.verdict not in GATEWAYS, world


def test_a_gateway_without_anything_to_hide_is_not_called_plain() -> None:
    for world, seen in worlds("gateway", noise=False):
        policy = world.policy
        open_about_it = policy.exceeded != "silent" and policy.decrements and not policy.feigns
        if "live" in world.ends and open_about_it and world.informed and not world.dual:
            assert seen.report.verdict != "plain", world


def test_on_a_plain_server_nothing_is_decided_wrongly_but_by_whom_only_arp_could_tell() -> None:
    # From afar another station of the same segment looks just like the server.
    wrong: Counter[tuple[str, str | None]] = Counter()
    for world, seen in worlds("plain", noise=False):
        for address, end in world.truth.items():
            said = seen.states.get(address)
            if said not in {STATES[end], "silent", "undecided"}:
                wrong[end, said] += 1
    allowed = {("neighbour", "bound"), ("router", "bound"), ("astray", "looped")}
    assert set(wrong) <= allowed, wrong


@pytest.mark.parametrize("noise", [False, True])
def test_no_address_is_asked_without_end(*, noise: bool) -> None:
    for kind in ("plain", "containers", "router", "gateway"):
        for world, seen in worlds(kind, noise=noise):
            asked = {address: seen.probes[address] for address in world.truth}
            assert max(asked.values()) <= MOST, world


def test_a_liar_accuses_no_neighbour_and_frees_nobody_by_a_borrowed_name() -> None:
    for seed in range(WORLDS):
        world = making.lying(seed)
        (seen,) = explore(world)
        on_it = {a for a, end in world.truth.items() if end == "bound"}
        assert not {seen.states.get(a) for a in on_it} & {"forwarded", "looped"}, world
        assert all(finding.server == world.server.name for finding in seen.report.findings)
        really_answered = "echo-at-the-door" in world.policy.lies or world.policy.feigns
        hides = not world.policy.decrements or world.policy.exceeded == "silent"
        if not really_answered and not hides and world.on_segment and not world.by_gateway:
            behind = {a for a, end in world.truth.items() if end == "live"}
            assert "bound" not in {seen.states.get(address) for address in behind}, world
