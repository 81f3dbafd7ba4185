"""What a monitoring system is told: one status over findings, sweeps and alerts, and why."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from netguard.findings import Claimant, Finding, Severity, suspects
from netguard.inventory import Inventory, Segment
from probes.records import Gap

Status = Literal["OK", "UNKNOWN", "WARNING", "CRITICAL"]

# The order of the Monitoring Plugins guidelines: a known trouble outweighs not knowing.
_GRAVITY: dict[Status, int] = {"OK": 0, "UNKNOWN": 1, "WARNING": 2, "CRITICAL": 3}
_STATUS: dict[Severity, Status] = {"critical": "CRITICAL", "warning": "WARNING", "notice": "OK"}
_NAMED = 3  # of many segments or gaps that the summary names
_UNITS = ((86400 * 2, 86400, "d"), (3600 * 2, 3600, "h"), (120, 60, "m"), (0, 1, "s"))


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """When a segment's last sweep ended, None: it was never swept; and what it did not measure.

    `age_s` are seconds, below zero where the sweep is from the future. `stale` says that it is
    too old to rely on, or from another time altogether.
    """

    name: str
    last_sweep: datetime | None
    age_s: float | None
    stale: bool
    gaps: tuple[Gap, ...] = ()


class FailingAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that could not be told: its name, how often in a row, and the last error."""

    alert: str
    attempts: int
    error: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One status, one line that says why, and what it rests on.

    `findings` are the open ones and those that a person has acknowledged, the gravest first. Where
    nothing could be looked at, `details` say more and the rest is empty. `stale_s` is how old a
    sweep may be, in seconds.
    """

    status: Status
    summary: str
    findings: tuple[Finding, ...] = ()
    segments: tuple[Seen, ...] = ()
    failing_alerts: tuple[FailingAlert, ...] = ()
    stale_s: float | None = None
    details: tuple[str, ...] = ()


def seen(
    segment: Segment, ended: datetime | None, gaps: Iterable[Gap], *, now: datetime, stale_s: float
) -> Seen:
    """Return how well a segment is known by its last sweep, which ended then with these gaps."""
    age = None if ended is None else round((now - ended).total_seconds(), 3)
    return Seen(
        name=segment.name,
        last_sweep=ended,
        age_s=age,
        stale=age is None or abs(age) > stale_s,
        gaps=tuple(gaps),
    )


def gaps_about(segment: Segment, gaps: Iterable[Gap], inventory: Inventory) -> Iterator[Gap]:
    """Yield the gaps of a sweep but for those of other segments, and of devices only they have."""
    own = {segment.name, *segment.routers, *segment.switches}
    known = {s.name for s in inventory.segments} | {d.name for d in inventory.devices}
    return (gap for gap in gaps if gap.subject in own or gap.subject not in known)


def judge(
    findings: Sequence[Finding],
    segments: Sequence[Seen],
    failing_alerts: Sequence[FailingAlert] = (),
    *,
    stale_s: float,
) -> Verdict:
    """Return what to tell of these findings, which come the gravest first, and of what was seen.

    Acknowledged findings are in somebody's hands: they are counted, and raise no status.
    """
    reasons: list[tuple[Status, str]] = [
        *_found(findings),
        *(("WARNING", text) for text in _untold(failing_alerts)),
        *(("UNKNOWN", text) for text in (*_outdated(segments), *_unmeasured(segments))),
    ]
    reasons.sort(key=lambda reason: -_GRAVITY[reason[0]])
    return Verdict(
        status=reasons[0][0] if reasons else "OK",
        summary="; ".join(text for _, text in reasons) or f"nothing found, {_swept(segments)}",
        findings=tuple(findings),
        segments=tuple(segments),
        failing_alerts=tuple(failing_alerts),
        stale_s=stale_s,
    )


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Count the open findings by severity, and those that a person has acknowledged."""
    counter = Counter(f.severity if f.state == "open" else f.state for f in findings)
    return {name: counter[name] for name in ("critical", "warning", "notice", "acknowledged")}


def doubt(segment: Seen) -> str:
    """Return why a segment's last sweep says nothing about now; "" where it does."""
    if segment.age_s is None:
        return "never swept"
    if not segment.stale:
        return ""
    if segment.age_s < 0:
        return f"last swept {span(-segment.age_s)} from now: a clock is wrong"
    return f"last swept {span(segment.age_s)} ago"


def span(seconds: float) -> str:
    """Return a time span as a person says it: 34s, 25m, 3h, 2d."""
    unit, letter = next((unit, letter) for least, unit, letter in _UNITS if seconds >= least)
    return f"{int(seconds) // unit}{letter}"


def headline(finding: Finding) -> str:
    """Return a finding in a few words: kind, address, segment, who and where."""
    where = f" on {finding.segment}" if finding.segment else ""
    place = finding.id.removeprefix(f"{finding.kind}/").removeprefix(f"{finding.segment or '-'}/")
    what = f"{finding.kind} {finding.address or finding.server or place}"
    who = [_suspect(claimant) for claimant in suspects(finding)]
    return f"{what}{where}: {_first(who, 'stations')}" if who else f"{what}{where}"


def _found(findings: Sequence[Finding]) -> Iterator[tuple[Status, str]]:
    """Yield how many findings there are of each kind, and the gravest of those that are open."""
    words = ", ".join(
        f"{number} {name}{'s' if name == 'notice' and number > 1 else ''}"
        for name, number in counts(findings).items()
        if number
    )
    gravest = next((finding for finding in findings if finding.state == "open"), None)
    if gravest:
        yield _STATUS[gravest.severity], f"{words}: {headline(gravest)}"
    elif words:
        yield "OK", f"nothing open, {words}"


def _suspect(claimant: Claimant) -> str:
    who = claimant.server or claimant.mac
    place = claimant.location
    return f"{who} ({place.device} {place.port})" if place else who


def _outdated(segments: Iterable[Seen]) -> Iterator[str]:
    outdated = [f"{segment.name} {why}" for segment in segments if (why := doubt(segment))]
    if outdated:
        yield _first(outdated, "segments")


def _unmeasured(segments: Iterable[Seen]) -> Iterator[str]:
    subjects = list(dict.fromkeys(gap.subject for gap in gaps_of(segments)))
    if subjects:
        yield f"not measured: {_first(subjects, 'subjects')}"


def gaps_of(segments: Iterable[Seen]) -> tuple[Gap, ...]:
    """Return what the last sweeps of the segments did not measure, each gap once."""
    return tuple(dict.fromkeys(gap for segment in segments for gap in segment.gaps))


def _untold(alerts: Sequence[FailingAlert]) -> Iterator[str]:
    if alerts:
        yield f"alerts that fail: {_first([alert.alert for alert in alerts], 'alerts')}"


def _first(texts: Sequence[str], what: str) -> str:
    shown, left = ", ".join(texts[:_NAMED]), len(texts) - _NAMED
    return f"{shown} and {left} more {what}" if left > 0 else shown


def _swept(segments: Sequence[Seen]) -> str:
    oldest = max((segment.age_s or 0 for segment in segments), default=0)
    number = "1 segment" if len(segments) == 1 else f"{len(segments)} segments"
    return f"{number} swept within {span(max(0, oldest))}"
