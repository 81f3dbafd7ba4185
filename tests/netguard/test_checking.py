"""One status for a monitoring system, out of everything that is known."""

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_network

import msgspec
import pytest

from netguard.checking import (
    FailingAlert,
    Seen,
    Verdict,
    counts,
    doubt,
    gaps_about,
    gaps_of,
    headline,
    judge,
    seen,
    span,
)
from netguard.findings import Claimant, Finding, Severity, State
from netguard.inventory import Device, Inventory, Segment
from probes.records import Gap
from tests.remembering import GATEWAY, THIEF, at, finding, location

STALE = 180.0
WEB = Segment(
    name="web-226",
    networks=(ip_network("198.51.100.0/25"),),
    routers=("edge1",),
    switches=("cat1",),
)
DEAD = Gap(subject="cat1", kind="snmp-timeout", detail="no answer", remedy="Look at cat1.")
FAILING = FailingAlert(alert="alert #1", attempts=3, error="the service did not take it")


def segment(name: str = "web-226", *, age: float | None = 34, gaps: Sequence[Gap] = ()) -> Seen:
    ended = None if age is None else at(0) - timedelta(seconds=age)
    place = Segment(name=name, networks=())
    return seen(place, ended, gaps, now=at(0), stale_s=STALE)


def known(severity: Severity, state: State = "open", last: int = 1) -> Finding:
    return finding(f"198.51.100.{last}", severity=severity, state=state)


def verdict(
    *findings: Finding,
    segments: Sequence[Seen] | None = None,
    alerts: Sequence[FailingAlert] = (),
) -> Verdict:
    return judge(findings, [segment()] if segments is None else segments, alerts, stale_s=STALE)


OLD, NEVER, WITH_GAP = segment(age=1500), segment(age=None), segment(gaps=[DEAD])


@pytest.mark.parametrize(
    ("severities", "doubted", "alerts", "status"),
    [
        ([], None, [], "OK"),
        (["notice"], None, [], "OK"),
        (["notice", "notice"], None, [], "OK"),
        (["warning"], None, [], "WARNING"),
        (["critical"], None, [], "CRITICAL"),
        (["critical", "warning", "notice"], None, [], "CRITICAL"),
        ([], OLD, [], "UNKNOWN"),
        ([], NEVER, [], "UNKNOWN"),
        ([], WITH_GAP, [], "UNKNOWN"),
        (["notice"], OLD, [], "UNKNOWN"),
        (["warning"], OLD, [], "WARNING"),
        (["warning"], WITH_GAP, [], "WARNING"),
        (["critical"], NEVER, [], "CRITICAL"),
        ([], None, [FAILING], "WARNING"),
        ([], OLD, [FAILING], "WARNING"),
        (["critical"], None, [FAILING], "CRITICAL"),
    ],
)
def test_the_worst_wins_in_the_order_of_the_guidelines(
    severities: list[Severity], doubted: Seen | None, alerts: list[FailingAlert], status: str
) -> None:
    findings = [known(severity, last=n) for n, severity in enumerate(severities, 1)]
    segments = [segment("web-227"), doubted or segment()]
    assert verdict(*findings, segments=segments, alerts=alerts).status == status


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_what_a_person_has_acknowledged_is_told_and_raises_nothing(severity: Severity) -> None:
    told = verdict(known(severity, "acknowledged"))
    assert told.status == "OK"
    assert told.summary == "nothing open, 1 acknowledged"
    assert len(told.findings) == 1


def test_the_headline_is_the_gravest_that_is_open_not_one_that_is_acknowledged() -> None:
    told = verdict(
        known("critical", "acknowledged", 1), known("warning", last=2), known("notice", last=3)
    )
    assert told.status == "WARNING"
    assert told.summary == (
        "1 warning, 1 notice, 1 acknowledged:"
        " gateway-hijack 198.51.100.2 on web-226: ds0142 (cat1 Fa0/3)"
    )


def test_a_critical_finding_does_not_hide_that_the_last_sweep_is_old() -> None:
    told = verdict(known("critical"), segments=[OLD, segment("web-227", age=None)])
    assert told.summary == (
        "1 critical: gateway-hijack 198.51.100.1 on web-226: ds0142 (cat1 Fa0/3);"
        " web-226 last swept 25m ago, web-227 never swept"
    )


def test_what_decides_the_status_stands_first() -> None:
    told = verdict(known("notice"), segments=[WITH_GAP], alerts=[FAILING])
    assert told.summary.split("; ") == [
        "alerts that fail: alert #1",
        "not measured: cat1",
        "1 notice: gateway-hijack 198.51.100.1 on web-226: ds0142 (cat1 Fa0/3)",
    ]


def test_all_well_says_how_fresh_that_is() -> None:
    told = verdict(segments=[segment(age=12), segment("web-227", age=34)])
    assert (told.status, told.summary) == ("OK", "nothing found, 2 segments swept within 34s")


def test_of_many_segments_in_doubt_a_few_are_named() -> None:
    told = verdict(segments=[segment(f"web-{n}", age=None) for n in range(20)])
    assert told.summary == (
        "web-0 never swept, web-1 never swept, web-2 never swept and 17 more segments"
    )


def test_a_gap_that_two_segments_share_is_one_gap() -> None:
    segments = [segment(gaps=[DEAD]), segment("web-227", gaps=[DEAD])]
    assert gaps_of(segments) == (DEAD,)
    assert verdict(segments=segments).summary == "not measured: cat1"


@pytest.mark.parametrize(
    ("age", "why"),
    [
        (0, ""),
        (180, ""),
        (180.5, "last swept 3m ago"),
        (90_000, "last swept 25h ago"),
        (None, "never swept"),
        (-100, ""),
        (-181, "last swept 3m from now: a clock is wrong"),
    ],
)
def test_a_sweep_is_worth_something_for_as_long_as_it_is_fresh(age: float | None, why: str) -> None:
    known = segment(age=age)
    assert doubt(known) == why
    assert known.stale == bool(why)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_800, "2d")],
)
def test_a_span_is_one_number_and_one_letter(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_a_gap_counts_for_the_segments_that_it_is_about() -> None:
    other = Segment(name="web-227", networks=(), routers=("edge1",), switches=("cat2",))
    inventory = Inventory(
        devices=tuple(
            Device(name=name, host="192.0.2.1", role="switch", snmp="edge")
            for name in ("edge1", "cat1", "cat2")
        ),
        segments=(WEB, other),
    )
    gaps = {
        subject: Gap(subject=subject, kind="x", detail="y")
        for subject in ("web-226", "web-227", "edge1", "cat1", "cat2", "store", "gone")
    }
    about = [gap.subject for gap in gaps_about(WEB, gaps.values(), inventory)]
    assert about == ["web-226", "edge1", "cat1", "store", "gone"]
    about = [gap.subject for gap in gaps_about(other, gaps.values(), inventory)]
    assert about == ["web-227", "edge1", "cat2", "store", "gone"]


def bare(**fields: object) -> Finding:
    """Return a finding that is about no address."""
    return msgspec.structs.replace(finding(), **{"address": None, "claimants": (), **fields})


def claimants(count: int) -> tuple[Claimant, ...]:
    return tuple(Claimant(mac=f"00:00:5e:00:53:{n:02x}") for n in range(count))


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (finding(), "gateway-hijack 198.51.100.1 on web-226: ds0142 (cat1 Fa0/3)"),
        (finding(claimants=()), "gateway-hijack 198.51.100.1 on web-226"),
        (
            finding(claimants=(Claimant(mac=THIEF),), segment=None),
            f"gateway-hijack {GATEWAY}: {THIEF}",
        ),
        (
            finding(claimants=(Claimant(mac=THIEF, location=location()),)),
            f"gateway-hijack {GATEWAY} on web-226: {THIEF} (cat1 Fa0/3)",
        ),
        (
            bare(kind="forwarding-server"),
            "forwarding-server ds0142 on web-226",
        ),
        (
            bare(
                id="neighbor-unconfirmed/cat1/Fa0/9",
                kind="neighbor-unconfirmed",
                server=None,
                segment=None,
            ),
            "neighbor-unconfirmed cat1/Fa0/9",
        ),
        (
            bare(id=f"mac-flapping/web-226/{THIEF}", kind="mac-flapping", server=None),
            f"mac-flapping {THIEF} on web-226",
        ),
        (
            finding(claimants=claimants(9)),
            (
                "gateway-hijack 198.51.100.1 on web-226: 00:00:5e:00:53:00, 00:00:5e:00:53:01,"
                " 00:00:5e:00:53:02 and 6 more stations"
            ),
        ),
    ],
)
def test_a_headline_says_what_where_and_who(one: Finding, text: str) -> None:
    assert headline(one) == text


def test_the_rightful_station_is_no_suspect() -> None:
    assert "00:00:5e:00:53:01" not in headline(finding())


def test_findings_are_counted_once() -> None:
    found = [known("critical"), known("notice", last=2), known("critical", "acknowledged", 3)]
    assert counts(found) == {"critical": 1, "warning": 0, "notice": 1, "acknowledged": 1}
