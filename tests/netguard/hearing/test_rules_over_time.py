"""Every look-alike stays silent, and the same pattern abused is found: also all at once."""

from collections.abc import Iterable
from operator import attrgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netguard.findings import Finding
from netguard.hearing.ear import Ground
from tests.netguard.hearing.octets import Cast, Framed, found
from tests.netguard.hearing.stories import balancers, handovers, hosts, ipv6, noise, routers
from tests.netguard.hearing.stories.rule import Rule

RULES = {
    name: rule
    for stories in (routers, handovers, hosts, balancers, noise, ipv6)
    for name, rule in stories.RULES.items()
}
ALL = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
# Several rules, each from another second on, with a cast of its own.
SEVERAL = st.lists(
    st.tuples(st.sampled_from(sorted(RULES)), st.floats(0, 60)), min_size=1, max_size=6
)


def culprit(finding: Finding) -> str:
    """Return who is to be looked for."""
    return finding.advice.removeprefix("netguard host locate ")


def at_once(*stories: Iterable[Framed]) -> list[Framed]:
    return sorted((framed for story in stories for framed in story), key=attrgetter("at"))


def later(story: Iterable[Framed], start: float) -> list[Framed]:
    return [Framed(start + framed.at, framed.octets) for framed in story]


def common(grounds: Iterable[Ground]) -> Ground:
    every = list(grounds)
    return Ground(
        gateways={ip: macs for each in every for ip, macs in each.gateways.items()},
        routers=frozenset().union(*(each.routers for each in every)),
    )


@ALL
def test_what_only_looks_like_a_trouble_is_none(rule: Rule) -> None:
    who = Cast()
    assert found(rule.harmless(who), rule.ground(who)) == []


@ALL
def test_the_same_pattern_abused_is_found(rule: Rule) -> None:
    who = Cast()
    findings = found(rule.abused(who), rule.ground(who))
    finding = next(f for f in findings if str(f.address) == rule.address(who))
    assert finding.kind == rule.kind
    assert {culprit(each) for each in findings} == {rule.accused(who)}
    assert rule.accused(who) in {claimant.mac for claimant in finding.claimants}
    if rule.kind == "gateway-hijack":
        assert {c.mac for c in finding.claimants if c.role == "impostor"} == {rule.accused(who)}


@given(SEVERAL)
@settings(deadline=None, max_examples=100)
def test_harmless_things_at_once_are_harmless(told: list[tuple[str, float]]) -> None:
    casts = [(RULES[name], Cast(number), start) for number, (name, start) in enumerate(told)]
    frames = at_once(*(later(rule.harmless(who), start) for rule, who, start in casts))
    assert found(frames, common(rule.ground(who) for rule, who, _ in casts)) == []


@given(SEVERAL, st.sampled_from(sorted(RULES)))
@settings(deadline=None, max_examples=100)
def test_a_trouble_is_found_among_harmless_things(
    told: list[tuple[str, float]], trouble: str
) -> None:
    casts = [(RULES[name], Cast(number), start) for number, (name, start) in enumerate(told)]
    rule, who = RULES[trouble], Cast(15)
    frames = at_once(
        rule.abused(who), *(later(each.harmless(cast), start) for each, cast, start in casts)
    )
    ground = common([rule.ground(who), *(each.ground(cast) for each, cast, _ in casts)])
    findings = found(frames, ground)
    assert (rule.kind, rule.address(who)) in {(f.kind, str(f.address)) for f in findings}
    assert {culprit(finding) for finding in findings} == {rule.accused(who)}
