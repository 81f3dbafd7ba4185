"""The life of findings over time: opened, worsened, acknowledged, resolved, closed, reopened.

A trouble that comes and goes is told as over only once it has stayed away for a while, and for
twice as long each time that it came back within the hour: who is called for every swing stops
listening.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from netguard.errors import Exit, NetguardError
from netguard.findings import RANK, Claimant, Finding, Severity

Happening = Literal["opened", "worsened", "acknowledged", "resolved", "closed", "reopened"]

FLAP_WINDOW = timedelta(hours=1)  # what comes back within it has not been away
_FIRST_HOLD, _LONGEST_HOLD = timedelta(minutes=2), timedelta(hours=1)
_DOUBLINGS = 5  # after so many the hold is the longest


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One turn in a finding's life, and what the finding said at that moment.

    `who` is the person who acknowledged or closed it, None where a measurement made the turn.
    """

    finding: str
    happening: Happening
    at: datetime
    severity: Severity
    summary: str
    who: str | None = None
    note: str = ""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """All findings as they stand now, and the turns that brought them there."""

    findings: tuple[Finding, ...] = ()
    events: tuple[Event, ...] = ()


class AlreadyResolved(NetguardError):
    """The finding is over, so nobody can acknowledge or close it."""

    exit_code = Exit.REFUSED


def follow(
    previous: Mapping[str, Finding],
    seen: Sequence[Finding],
    *,
    covered: Callable[[Finding], bool],
    now: datetime,
    began: datetime | None = None,
) -> Changes:
    """Carry the findings from what was known to what was just seen.

    `covered` says whether a finding that was not seen would have been seen: measured without a
    gap. Where it was not, the finding stays as it is, neither closed nor eased. One that flaps is
    over only once it was missed for as long as `hold` says. What began after this look `began`
    (`now` if None) is not over because the look missed it, nor is back what ended since because
    the look saw it. A clock that was set back, as far as `now` shows it, ends nothing early and
    holds nothing for longer than that from now on.
    """
    sightings = _one_each(seen)
    findings: list[Finding] = []
    events: list[Event] = []
    for known in previous.values():
        sighting = sightings.pop(known.id, None)
        after, turn = (
            (known, None)
            if _is_overtaken(known, sighting, began or now, now)
            else _carried(known, sighting, now, covered)
        )
        findings.append(after)
        if turn is not None:
            events.append(_event(after, turn, now))
    for new in sightings.values():
        findings.append(new)
        events.append(_event(new, "opened", now))
    return Changes(findings=tuple(findings), events=tuple(events))


def acknowledge(finding: Finding, *, who: str, note: str, now: datetime) -> tuple[Finding, Event]:
    """Say that a person knows: the finding stays, quietly, until it worsens or ends."""
    _refuse_resolved(finding)
    after = msgspec.structs.replace(finding, state="acknowledged", acknowledged_by=who, note=note)
    return after, _event(after, "acknowledged", now, who=who, note=note)


def close(finding: Finding, *, who: str, note: str, now: datetime) -> tuple[Finding, Event]:
    """End a finding by hand. It reopens when it is seen again."""
    _refuse_resolved(finding)
    after = msgspec.structs.replace(finding, state="resolved", quiet_since=None, note=note)
    return after, _event(after, "closed", now, who=who, note=note)


def hold(flaps: int) -> timedelta:
    """Return for how long a finding that flapped so often must be missed until it is over."""
    if flaps < 1:
        return timedelta()
    return min(_FIRST_HOLD * (1 << min(flaps - 1, _DOUBLINGS)), _LONGEST_HOLD)


def _one_each(seen: Sequence[Finding]) -> dict[str, Finding]:
    """Key the sightings by id; of two with the same id the graver counts."""
    sightings: dict[str, Finding] = {}
    for finding in seen:
        known = sightings.get(finding.id)
        if known is None or RANK[finding.severity] > RANK[known.severity]:
            sightings[finding.id] = finding
    return sightings


def _is_overtaken(known: Finding, sighting: Finding | None, began: datetime, now: datetime) -> bool:
    """Tell whether another look has seen a turn, since this one began, that this one would undo."""
    if known.state == "resolved":
        turn = known.quiet_since  # None where a person closed it
    else:
        turn = known.first_seen if sighting is None else None
    # Nobody can tell the order of turns in a look during which the clock was set back.
    return turn is not None and (now < began or began < turn <= now)


def _carried(
    known: Finding, sighting: Finding | None, now: datetime, covered: Callable[[Finding], bool]
) -> tuple[Finding, Happening | None]:
    if sighting is None:
        return _missed(known, now, covered=covered(known))
    return _seen_again(known, sighting, now, covered=covered(sighting))


def _missed(known: Finding, now: datetime, *, covered: bool) -> tuple[Finding, Happening | None]:
    if known.state == "resolved" or not covered:
        return known, None
    since = known.quiet_since
    if since is None or since > now:  # the first miss, or the clock was set back since
        since = now
    quiet = msgspec.structs.replace(known, quiet_since=since)
    if now - since < hold(known.flaps):
        return quiet, None
    return msgspec.structs.replace(quiet, state="resolved"), "resolved"


def _reopened(known: Finding, sighting: Finding, now: datetime) -> Finding:
    # Without a time since which it was quiet it was a person who closed it: that is no swing.
    flapped = known.quiet_since is not None and abs(now - known.last_seen) <= FLAP_WINDOW
    flaps = known.flaps + 1 if flapped else 0
    return msgspec.structs.replace(
        sighting, reopened=known.reopened + 1, flaps=flaps, quiet_since=None
    )


def _seen_again(
    known: Finding, sighting: Finding, now: datetime, *, covered: bool
) -> tuple[Finding, Happening | None]:
    if known.state == "resolved":
        return _reopened(known, sighting, now), "reopened"
    worsened = RANK[sighting.severity] > RANK[known.severity]
    after = msgspec.structs.replace(
        sighting,
        state="open" if worsened else known.state,
        # Held at its worst until it is over: a finding that swings would alert on every swing.
        severity=max(known.severity, sighting.severity, key=RANK.__getitem__),
        first_seen=min(known.first_seen, sighting.first_seen),
        last_seen=max(known.last_seen, sighting.last_seen),
        claimants=sighting.claimants if covered else _last_known_ports(known, sighting),
        reopened=known.reopened,
        flaps=known.flaps,
        quiet_since=None,
        acknowledged_by=None if worsened else known.acknowledged_by,
        note="" if worsened else known.note,
    )
    return after, "worsened" if worsened else None


def _last_known_ports(known: Finding, sighting: Finding) -> tuple[Claimant, ...]:
    """Keep the port a claimant was last seen on where this time no switch could be asked."""
    ports = {claimant.mac: claimant.location for claimant in known.claimants}
    return tuple(
        msgspec.structs.replace(claimant, location=claimant.location or ports.get(claimant.mac))
        for claimant in sighting.claimants
    )


def _refuse_resolved(finding: Finding) -> None:
    if finding.state == "resolved":
        raise AlreadyResolved(
            f"{finding.id} is resolved already; nothing was changed",
            remedy="It reopens by itself when it is seen again.",
        )


def _event(
    finding: Finding, happening: Happening, now: datetime, *, who: str | None = None, note: str = ""
) -> Event:
    return Event(
        finding=finding.id,
        happening=happening,
        at=now,
        severity=finding.severity,
        summary=finding.summary,
        who=who,
        note=note,
    )
