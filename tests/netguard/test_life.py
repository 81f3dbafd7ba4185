"""What becomes of a finding from one look to the next."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard.errors import Exit
from netguard.findings import RANK, Claimant, Finding, Severity, State
from netguard.life import (
    FLAP_WINDOW,
    AlreadyResolved,
    Changes,
    Event,
    Happening,
    acknowledge,
    close,
    follow,
    hold,
)
from tests.remembering import GATEWAY, ROUTER, THIEF, at, finding, location

HERE = "gateway-hijack/web-226/198.51.100.1"


def look(
    known: Sequence[Finding], seen: Sequence[Finding], *, covered: bool = True, minute: float = 1
) -> Changes:
    return follow({f.id: f for f in known}, seen, covered=lambda _: covered, now=at(minute))


@pytest.mark.parametrize(
    ("known", "seen", "covered", "state", "happening"),
    [
        (None, "critical", True, "open", "opened"),
        (None, "critical", False, "open", "opened"),
        ("open", "critical", True, "open", None),
        ("acknowledged", "critical", True, "acknowledged", None),
        ("resolved", "critical", True, "open", "reopened"),
        ("resolved", "critical", False, "open", "reopened"),
        ("open", None, True, "resolved", "resolved"),
        ("acknowledged", None, True, "resolved", "resolved"),
        ("resolved", None, True, "resolved", None),
        ("open", None, False, "open", None),
        ("acknowledged", None, False, "acknowledged", None),
        ("resolved", None, False, "resolved", None),
    ],
)
def test_a_finding_goes_from_state_to_state_by_what_was_seen(
    known: State | None,
    seen: Severity | None,
    covered: bool,  # noqa: FBT001 - a column of the table
    state: State,
    happening: Happening | None,
) -> None:
    before = [finding(state=known)] if known else []
    sightings = [finding(minute=1, severity=seen)] if seen else []
    after = look(before, sightings, covered=covered)
    assert [f.state for f in after.findings] == [state]
    assert [e.happening for e in after.events] == ([happening] if happening else [])


@pytest.mark.parametrize(
    ("known", "seen", "after", "happening"),
    [
        (("warning", "open"), "critical", ("critical", "open"), ["worsened"]),
        (("warning", "acknowledged"), "critical", ("critical", "open"), ["worsened"]),
        (("notice", "acknowledged"), "warning", ("warning", "open"), ["worsened"]),
        (("critical", "acknowledged"), "warning", ("critical", "acknowledged"), []),
        (("critical", "open"), "notice", ("critical", "open"), []),
    ],
)
def test_a_finding_worsens_but_does_not_ease_until_it_is_over(
    known: tuple[Severity, State],
    seen: Severity,
    after: tuple[Severity, State],
    happening: list[Happening],
) -> None:
    severity, state = known
    changes = look([finding(severity=severity, state=state)], [finding(minute=1, severity=seen)])
    (now,) = changes.findings
    assert (now.severity, now.state) == after
    assert [event.happening for event in changes.events] == happening


def test_a_continued_finding_keeps_its_beginning_and_shows_what_is_seen_now() -> None:
    sighting = finding(minute=1, summary="Now it is ds0143.")
    (after,) = look([finding()], [sighting]).findings
    assert after == msgspec.structs.replace(sighting, first_seen=at(0))


def test_a_reopened_finding_begins_anew_and_counts_its_openings() -> None:
    over = finding(state="resolved", reopened=1, acknowledged_by="mara", note="known")
    (after,) = look([over], [finding(minute=9)], minute=9).findings
    assert after == finding(minute=9, reopened=2)


def test_a_worsened_finding_is_nobodys_any_more() -> None:
    known = finding(severity="warning", state="acknowledged", acknowledged_by="mara", note="known")
    (after,) = look([known], [finding(minute=1)]).findings
    assert (after.acknowledged_by, after.note) == (None, "")


def test_an_acknowledged_finding_stays_the_persons_who_took_it() -> None:
    known = finding(state="acknowledged", acknowledged_by="mara", note="on it")
    (after,) = look([known], [finding(minute=1)]).findings
    assert (after.acknowledged_by, after.note) == ("mara", "on it")


@pytest.mark.parametrize(("covered", "port"), [(False, "Fa0/3"), (True, None)])
def test_the_last_known_port_stays_only_where_no_switch_could_be_asked(
    covered: bool,  # noqa: FBT001 - a column of the table
    port: str | None,
) -> None:
    lost = (Claimant(mac=ROUTER, role="rightful"), Claimant(mac=THIEF, role="impostor"))
    (after,) = look([finding()], [finding(minute=1, claimants=lost)], covered=covered).findings
    assert after.claimants[0].location is None
    assert after.claimants[1].location == (location() if port else None)


def test_a_port_seen_now_is_better_than_the_last_known_one() -> None:
    moved = (Claimant(mac=THIEF, role="impostor", location=location("Fa0/9", minute=1)),)
    (after,) = look([finding()], [finding(minute=1, claimants=moved)], covered=False).findings
    assert after.claimants == moved


def test_of_two_sightings_of_one_trouble_the_graver_counts() -> None:
    both = [finding(severity="warning"), finding(severity="critical"), finding(severity="notice")]
    assert look([], both).findings == (finding(severity="critical"),)


def test_coverage_is_asked_of_each_finding() -> None:
    here, there = finding(), finding("198.51.100.9", segment="web-227")
    changes = follow(
        {f.id: f for f in (here, there)}, [], covered=lambda f: f.segment == "web-226", now=at(1)
    )
    assert [f.state for f in changes.findings] == ["resolved", "open"]


def test_an_event_says_what_the_finding_said() -> None:
    assert look([], [finding()]).events == (
        Event(
            finding=HERE,
            happening="opened",
            at=at(1),
            severity="critical",
            summary=f"ds0142 answers for the gateway {GATEWAY}.",
        ),
    )


def test_a_person_acknowledges() -> None:
    after, event = acknowledge(finding(), who="mara", note="calling the customer", now=at(3))
    assert (after.state, after.acknowledged_by, after.note) == (
        "acknowledged",
        "mara",
        "calling the customer",
    )
    assert (event.happening, event.who, event.note, event.at) == (
        "acknowledged",
        "mara",
        "calling the customer",
        at(3),
    )


def test_a_closed_finding_reopens_when_it_is_seen_again() -> None:
    after, event = close(finding(), who="mara", note="cable pulled", now=at(3))
    assert (after.state, event.happening, event.who) == ("resolved", "closed", "mara")
    again = look([after], [finding(minute=4)], minute=4)
    assert [e.happening for e in again.events] == ["reopened"]


@pytest.mark.parametrize("turn", [acknowledge, close])
def test_what_is_over_can_be_neither_acknowledged_nor_closed(
    turn: Callable[..., object],
) -> None:
    with pytest.raises(AlreadyResolved, match="resolved already") as refused:
        turn(finding(state="resolved"), who="mara", note="", now=at(1))
    assert refused.value.exit_code == Exit.REFUSED


# -- what comes and goes --------------------------------------------------------------------------

WINDOW = FLAP_WINDOW / timedelta(minutes=1)


def told(*looks: tuple[float, str]) -> list[str]:
    """Return what is told of looks at these minutes: `+` saw it, `-` missed it, `.` had a gap."""
    known: list[Finding] = []
    happenings = []
    for minute, what in looks:
        seen = [finding(minute=minute)] if what == "+" else []
        changes = look(known, seen, covered=what != ".", minute=minute)
        known = list(changes.findings)
        happenings += [f"{event.happening} {minute:g}" for event in changes.events]
    return happenings


@pytest.mark.parametrize(
    ("flaps", "minutes"),
    [(-1, 0), (0, 0), (1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (7, 60), (10**9, 60)],
)
def test_the_more_often_it_came_back_the_longer_it_must_stay_away(
    flaps: int, minutes: float
) -> None:
    assert hold(flaps) == timedelta(minutes=minutes)


def test_one_that_swings_every_minute_is_told_until_it_came_back_and_then_when_over() -> None:
    swings = [(minute, "+-"[minute % 2]) for minute in range(100)]
    over = [(100 + minute, "-") for minute in range(9)]
    assert told(*swings, *over) == ["opened 0", "resolved 1", "reopened 2", "resolved 101"]


def test_one_that_swings_slowly_is_told_less_and_less_often() -> None:
    swings = [(minute, "+" if minute % 10 == 0 else "-") for minute in range(600)]
    assert told(*swings) == [
        *("opened 0", "resolved 1", "reopened 10", "resolved 13"),
        *("reopened 20", "resolved 25", "reopened 30", "resolved 39", "reopened 40"),
    ]


def test_what_comes_back_after_the_window_is_told_at_once_when_it_is_over() -> None:
    assert told((0, "+"), (1, "-"), (WINDOW, "+"), (WINDOW + 1, "-"), (WINDOW + 3, "-")) == [
        *("opened 0", "resolved 1", "reopened 60", "resolved 63")
    ]
    assert told((0, "+"), (1, "-"), (WINDOW + 1, "+"), (WINDOW + 2, "-")) == [
        *("opened 0", "resolved 1", "reopened 61", "resolved 62")
    ]


def flapping(**fields: object) -> Finding:
    return finding(**{"flaps": 1, "reopened": 1, **fields})  # type: ignore[arg-type]


def test_the_first_miss_of_one_that_flaps_begins_the_wait_and_a_sighting_ends_it_silently() -> None:
    missed = look([flapping()], [], minute=1)
    assert (missed.findings, missed.events) == ((flapping(quiet_since=at(1)),), ())
    again = look(missed.findings, [finding(minute=2)], minute=2)
    (seen,) = again.findings
    assert (seen.quiet_since, seen.flaps, seen.first_seen, again.events) == (None, 1, at(0), ())


def test_a_look_with_a_gap_neither_begins_the_wait_nor_ends_it() -> None:
    quiet = flapping(quiet_since=at(1))
    for known in (flapping(), quiet):
        assert look([known], [], covered=False, minute=30).findings == (known,)
    assert told((0, "+"), (1, "-"), (2, "+"), (3, "."), (9, "-"), (10, "."), (11, "-")) == [
        *("opened 0", "resolved 1", "reopened 2", "resolved 11")
    ]


def test_one_that_flaps_can_be_acknowledged_while_it_is_quiet_and_still_ends() -> None:
    quiet, _ = acknowledge(flapping(quiet_since=at(1)), who="mara", note="", now=at(2))
    (over,) = look([quiet], [], minute=3).findings
    assert (over.state, over.acknowledged_by) == ("resolved", "mara")


@pytest.mark.parametrize("known", [finding(), flapping(quiet_since=at(0)), flapping(flaps=5)])
def test_what_comes_back_after_a_person_closed_it_is_no_flap(known: Finding) -> None:
    closed, _ = close(known, who="mara", note="", now=at(1))
    (again,) = look([closed], [finding(minute=2)], minute=2).findings
    assert (again.flaps, again.quiet_since) == (0, None)
    assert [e.happening for e in look([again], [], minute=3).events] == ["resolved"]


def test_a_clock_that_was_set_back_begins_the_wait_again() -> None:
    ahead = flapping(quiet_since=at(600))
    (waiting,) = look([ahead], [], minute=0).findings
    assert (waiting.state, waiting.quiet_since) == ("open", at(0))
    assert look([waiting], [], minute=2).findings[0].state == "resolved"


def test_what_was_last_seen_long_after_now_did_not_just_come_back() -> None:
    ahead = finding(state="resolved", last_seen=at(600), quiet_since=at(600))
    (again,) = look([ahead], [finding(minute=0)], minute=0).findings
    assert (again.flaps, again.last_seen) == (0, at(0))


# -- what others saw while a look was under way --------------------------------------------------


def long_look(known: Finding, *seen: Finding) -> Changes:
    """Return what became of it by a look from minute 10 to minute 20."""
    return follow({known.id: known}, seen, covered=lambda _: True, began=at(10), now=at(20))


@pytest.mark.parametrize(("minute", "over"), [(9, True), (10, True), (11, False), (20, False)])
def test_what_somebody_saw_begin_since_the_look_began_is_not_over_because_the_look_missed_it(
    minute: float,
    over: bool,  # noqa: FBT001 - a column of the table
) -> None:
    known = finding(minute=minute)
    after = long_look(known)
    assert after.findings[0].state == ("resolved" if over else "open")
    assert after.findings == (known,) or over
    assert len(after.events) == over


@pytest.mark.parametrize(("minute", "back"), [(9, True), (10, True), (11, False), (20, False)])
def test_what_somebody_saw_end_since_the_look_began_is_not_back_because_the_look_saw_it_before(
    minute: float,
    back: bool,  # noqa: FBT001 - a column of the table
) -> None:
    known = finding(state="resolved", quiet_since=at(minute))
    after = long_look(known, finding(minute=20))
    assert [event.happening for event in after.events] == (["reopened"] if back else [])
    assert after.findings == (known,) or back


def test_what_began_before_the_look_is_over_by_it_whoever_saw_it_meanwhile() -> None:
    known = finding(first_seen=at(9), last_seen=at(11))
    assert [event.happening for event in long_look(known).events] == ["resolved"]


def test_a_clock_that_was_set_back_keeps_nothing_open() -> None:
    assert [e.happening for e in long_look(finding(minute=600)).events] == ["resolved"]


@pytest.mark.parametrize("known", [finding(minute=5), finding(state="resolved", quiet_since=at(5))])
def test_a_look_during_which_the_clock_was_set_back_turns_nothing(known: Finding) -> None:
    seen = () if known.state == "open" else (finding(minute=0),)
    after = follow({known.id: known}, seen, covered=lambda _: True, began=at(60), now=at(0))
    assert (after.findings, after.events) == ((known,), ())


# -- whatever happens ---------------------------------------------------------------------------

ADDRESSES = [f"198.51.100.{n}" for n in range(1, 5)]
sightings = st.dictionaries(st.sampled_from(ADDRESSES), st.sampled_from(sorted(RANK)))
looks = st.lists(st.tuples(sightings, st.sets(st.sampled_from(ADDRESSES))), max_size=8)


def outside(gaps: set[str]) -> Callable[[Finding], bool]:
    return lambda finding: str(finding.address) not in gaps


def played(steps: list[tuple[dict[str, Severity], set[str]]]) -> list[Changes]:
    """Return what each look led to; a step is what was seen, and which addresses had a gap."""
    known: dict[str, Finding] = {}
    story = []
    for minute, (severities, gaps) in enumerate(steps):
        seen = [finding(a, minute=minute, severity=s) for a, s in severities.items()]
        changes = follow(known, seen, covered=outside(gaps), now=at(minute))
        known = {f.id: f for f in changes.findings}
        story.append(changes)
    return story


@given(looks)
def test_no_finding_is_ever_lost_or_doubled(
    steps: list[tuple[dict[str, Severity], set[str]]],
) -> None:
    ever: set[str] = set()
    for (severities, _), changes in zip(steps, played(steps), strict=True):
        ever |= {finding(address).id for address in severities}
        assert sorted(f.id for f in changes.findings) == sorted(ever)


@given(looks)
def test_within_one_opening_the_beginning_stays_and_the_severity_never_falls(
    steps: list[tuple[dict[str, Severity], set[str]]],
) -> None:
    before: dict[str, Finding] = {}
    for changes in played(steps):
        for after in changes.findings:
            known = before.get(after.id)
            if known and known.reopened == after.reopened:
                assert after.first_seen == known.first_seen
                assert RANK[after.severity] >= RANK[known.severity]
                assert after.last_seen >= known.last_seen
        before = {f.id: f for f in changes.findings}


@given(looks)
def test_nothing_is_resolved_across_a_gap(
    steps: list[tuple[dict[str, Severity], set[str]]],
) -> None:
    for (_, gaps), changes in zip(steps, played(steps), strict=True):
        ended = {e.finding for e in changes.events if e.happening == "resolved"}
        assert not ended & {finding(address).id for address in gaps}


@given(looks)
def test_looking_twice_at_the_same_changes_nothing(
    steps: list[tuple[dict[str, Severity], set[str]]],
) -> None:
    if not steps:
        return
    severities, gaps = steps[-1]
    minute = len(steps) - 1
    changes = played(steps)[-1]
    seen = [finding(a, minute=minute, severity=s) for a, s in severities.items()]
    again = follow(
        {f.id: f for f in changes.findings},
        seen,
        covered=outside(gaps),
        now=at(minute),
    )
    assert again.events == ()
    assert again.findings == changes.findings


@given(looks)
def test_events_alone_tell_every_state(
    steps: list[tuple[dict[str, Severity], set[str]]],
) -> None:
    leads_to: dict[str, State] = {
        "opened": "open",
        "reopened": "open",
        "worsened": "open",
        "resolved": "resolved",
    }
    told: dict[str, State] = {}
    for changes in played(steps):
        told |= {event.finding: leads_to[event.happening] for event in changes.events}
        assert told == {f.id: f.state for f in changes.findings}


# One step of a life: minutes since the last look (the clock may jump), what is seen, what has a
# gap, and whom a person closes before it.
jumps = st.one_of(st.just(1.0), st.floats(-90, 90))
lives = st.lists(
    st.tuples(
        jumps,
        sightings,
        st.sets(st.sampled_from(ADDRESSES)),
        st.sets(st.sampled_from(ADDRESSES), max_size=1),
    ),
    max_size=25,
)
Step = tuple[float, dict[str, Severity], set[str], set[str]]


class Lived(msgspec.Struct):
    """One look of a life: what was known before it, and what became of that."""

    minute: float
    known: dict[str, Finding]
    seen: set[str]
    gaps: set[str]
    closed: tuple[Event, ...]
    changes: Changes


def lived(steps: list[Step]) -> list[Lived]:
    known: dict[str, Finding] = {}
    minute, story = 0.0, []
    for jump, severities, gaps, closing in steps:
        minute += jump
        closed = []
        for identifier in {finding(a).id for a in closing} & set(known):
            if known[identifier].state != "resolved":
                known[identifier], turn = close(
                    known[identifier], who="mara", note="", now=at(minute)
                )
                closed.append(turn)
        seen = [finding(a, minute=minute, severity=s) for a, s in severities.items()]
        changes = follow(known, seen, covered=outside(gaps), now=at(minute))
        story.append(Lived(minute, known, {f.id for f in seen}, gaps, tuple(closed), changes))
        known = {f.id: f for f in changes.findings}
    return story


@given(lives)
def test_every_trouble_keeps_its_one_identity_and_a_look_tells_it_once(steps: list[Step]) -> None:
    for step in lived(steps):
        assert {f.id for f in step.changes.findings} == set(step.known) | step.seen
        ids = [event.finding for event in step.changes.events]
        assert len(ids) == len(set(ids))


@given(lives)
def test_a_trouble_opens_and_ends_by_turns(steps: list[Step]) -> None:
    before: dict[str, Happening] = {}
    follows: dict[Happening | None, set[Happening]] = {
        None: {"opened"},
        "opened": {"worsened", "resolved", "closed"},
        "reopened": {"worsened", "resolved", "closed"},
        "worsened": {"worsened", "resolved", "closed"},
        "resolved": {"reopened"},
        "closed": {"reopened"},
    }
    for step in lived(steps):
        for event in (*step.closed, *step.changes.events):
            assert event.happening in follows[before.get(event.finding)]
            before[event.finding] = event.happening


@given(lives)
def test_nothing_is_resolved_but_by_a_look_that_covered_and_missed_it(steps: list[Step]) -> None:
    for step in lived(steps):
        ended = {e.finding for e in step.changes.events if e.happening == "resolved"}
        assert not ended & step.seen
        assert not ended & {finding(address).id for address in step.gaps}


@given(lives)
def test_one_that_flaps_is_resolved_only_after_it_was_missed_for_long_enough(
    steps: list[Step],
) -> None:
    begun: dict[str, float] = {}  # when the misses without a sighting among them began
    for step in lived(steps):
        # A wait from before the clock was set back does not count.
        begun = {identifier: min(minute, step.minute) for identifier, minute in begun.items()}
        for after in step.changes.findings:
            if after.id in step.seen:
                begun.pop(after.id, None)
            elif str(after.address) not in step.gaps:
                waited = at(step.minute) - at(begun.setdefault(after.id, step.minute))
                if step.known[after.id].state != "resolved" == after.state:
                    assert waited >= hold(after.flaps)


@given(lives)
def test_whatever_the_clock_did_an_hour_of_misses_ends_everything(steps: list[Step]) -> None:
    story = lived(steps)
    if not story:
        return
    known = {f.id: f for f in story[-1].changes.findings}
    for minute in range(62):
        now = at(story[-1].minute + minute)
        changes = follow(known, [], covered=lambda _: True, now=now)
        known = {f.id: f for f in changes.findings}
    assert {f.state for f in known.values()} <= {"resolved"}
