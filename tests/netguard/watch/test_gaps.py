from datetime import UTC, datetime

from netguard.watch.events import Event
from netguard.watch.gaps import Gaps
from probes.records import Gap

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def gap(subject: str, kind: str = "snmp-timeout", detail: str = "") -> Gap:
    return Gap(subject=subject, kind=kind, detail=detail)


def test_a_gap_is_told_when_it_begins_and_when_it_is_over() -> None:
    said: list[Event] = []
    gaps = Gaps(said.append)
    for seen in ([gap("cat1")], [gap("cat1", detail="still")], []):
        gaps.report("devices", seen, NOW)
    assert [(e.event, e.gap and e.gap.subject) for e in said] == [
        ("gap", "cat1"),
        ("gap-over", "cat1"),
    ]
    assert gaps.standing() == ()


def test_a_gap_that_two_report_is_over_when_both_say_so() -> None:
    said: list[Event] = []
    gaps = Gaps(said.append)
    gaps.report("devices", [gap("cat1")], NOW)
    gaps.report("segment web", [gap("cat1")], NOW)
    gaps.report("devices", [], NOW)
    assert len(gaps.standing()) == 1
    gaps.report("segment web", [], NOW)
    assert [e.event for e in said] == ["gap", "gap-over"]


def test_the_gaps_of_who_is_there_no_more_are_over() -> None:
    said: list[Event] = []
    gaps = Gaps(said.append)
    gaps.report("cat1", [gap("cat1")], NOW)
    gaps.report("segment web", [gap("web")], NOW)
    gaps.only({"cat1"}, NOW)
    assert [(e.event, e.gap and e.gap.subject) for e in said[2:]] == [("gap-over", "web")]
    assert gaps.standing() == (gap("cat1"),)
