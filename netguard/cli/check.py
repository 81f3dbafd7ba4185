"""`netguard check`: what the store holds, as a plugin of Nagios and Icinga tells it.

The words, the codes and the form of the output are those of the Monitoring Plugins Development
Guidelines (https://www.monitoring-plugins.org/doc/guidelines.html).
"""

import os
import shlex
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click
import msgspec

from netguard import clock
from netguard.checking import (
    FailingAlert,
    Seen,
    Status,
    Verdict,
    counts,
    doubt,
    gaps_about,
    gaps_of,
    judge,
    seen,
)
from netguard.cli.common import App, common_options, encode, printable
from netguard.cli.segments import chosen
from netguard.config import Config, load
from netguard.config.values import BadValue, interval
from netguard.errors import NetguardError
from netguard.findings import Finding
from netguard.inventory import Segment
from netguard.secrets import masked

if TYPE_CHECKING:
    from netguard.store import AlertCursor, SweepRecord

CODES: dict[Status, int] = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}
_SWEEPS = 3  # that may be missed before what was seen counts as old
_LEAST = 180.0  # seconds
_FINDINGS = 50  # told one by one
_LONGEST = 400  # characters of a line; Nagios keeps 8192 of all of them


class Plugin(click.Command):
    """A command whose usage errors are UNKNOWN: their usual code, 2, would be CRITICAL."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - passed through
    ) -> click.Context:
        """Parse the arguments; where they are wrong, tell so and exit 3."""
        app = parent.ensure_object(App) if parent else App()
        as_json = app.json or "--json" in args
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            code = tell(unknown(error), as_json=as_json)
            raise click.exceptions.Exit(code) from error


def _seconds(_ctx: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    try:
        return None if text is None else interval(text)
    except BadValue as bad:
        raise click.BadParameter(f"{text!r} is {bad.detail}. {bad.remedy}") from bad


@click.command(cls=Plugin)
@click.option("--segment", "names", multiple=True, metavar="S", help="Only this one; repeatable.")
@click.option(
    "--stale",
    metavar="DURATION",
    callback=_seconds,
    help="How old the last sweep may be, e.g. 10m.  [default: 3 x [watch] segments, at least 3m]",
)
@common_options
def check(app: App, names: tuple[str, ...], stale: float | None) -> int:
    """Say what the store holds, as a Nagios or Icinga plugin. It measures nothing.

    Exits 2 (CRITICAL) or 1 (WARNING) with an open finding that grave, and 1 while an alert cannot
    be told. Else 3 (UNKNOWN) where a segment's last sweep is missing, too old, or has gaps, and
    where anything is wrong with the command line, the configuration or the store. Else 0.

    Findings that are no segment's own are told without --segment only.
    """
    try:
        verdict = look(load(app.config), names, stale)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - a traceback would be WARNING
        if app.verbose and not isinstance(error, NetguardError):
            traceback.print_exc()
        verdict = unknown(error)
    return tell(verdict, as_json=app.json)


def look(config: Config, names: tuple[str, ...], stale: float | None) -> Verdict:
    """Read the store, and judge what it says of these segments, or of all."""
    from netguard.store import open_store  # noqa: PLC0415 - SQLAlchemy costs 0.2 s

    segments = chosen(config, names)
    stale_s = stale or max(_LEAST, _SWEEPS * config.watch.segments)
    with open_store(config.store, create=False) as store:
        findings = store.findings(("open", "acknowledged"))
        sweeps = store.last_sweeps([segment.name for segment in segments])
        cursors = store.alert_cursors()
    states = [_seen(config, each, sweeps.get(each.name), stale_s=stale_s) for each in segments]
    about = [finding for finding in findings if not names or finding.segment in names]
    return judge(about, states, _failing(config, cursors), stale_s=stale_s)


def _seen(config: Config, segment: Segment, last: "SweepRecord | None", *, stale_s: float) -> Seen:
    from netguard.store.sweeps import ended  # noqa: PLC0415 - SQLAlchemy again

    now = clock.now()
    if last is None:
        return seen(segment, None, (), now=now, stale_s=stale_s)
    gaps = gaps_about(segment, last.gaps, config.inventory)
    return seen(segment, ended(last), gaps, now=now, stale_s=stale_s)


def _failing(config: Config, cursors: Mapping[str, "AlertCursor"]) -> list[FailingAlert]:
    """Return the configured alerts that have failed; a first attempt may just be under way."""
    from netguard.alerts.addressees import addressees  # noqa: PLC0415 - asyncio and the store

    known = ((each.number, cursors.get(alert)) for alert, each in addressees(config.alerts).items())
    return [
        FailingAlert(alert=f"alert #{number}", attempts=cursor.attempts, error=cursor.error)
        for number, cursor in known
        if cursor is not None and (cursor.attempts > 1 or cursor.error)
    ]


def unknown(error: BaseException) -> Verdict:
    """Return the verdict where nothing could be judged."""
    if isinstance(error, NetguardError):
        return _unknown(*error.message.splitlines(), error.remedy)
    if isinstance(error, click.UsageError):
        return _unknown(error.format_message(), "`netguard check --help` lists the options.")
    if isinstance(error, KeyboardInterrupt):
        return _unknown("interrupted")
    # The text may be anybody's: a driver's may hold the store's URL.
    return _unknown(masked(f"{type(error).__name__}: {error}"), "-v shows where it happened.")


def _unknown(summary: str, *details: str) -> Verdict:
    return Verdict(
        status="UNKNOWN",
        summary=printable(summary),
        details=tuple(printable(detail) for detail in details if detail),
    )


def tell(verdict: Verdict, *, as_json: bool) -> int:
    """Print a verdict and return its exit code: UNKNOWN where it cannot be printed."""
    if as_json:
        text = msgspec.json.format(msgspec.json.encode(verdict, enc_hook=encode), indent=2).decode()
    else:
        text = "\n".join(lines(verdict))
    return CODES[verdict.status] if _printed(text) else CODES["UNKNOWN"]


def lines(verdict: Verdict) -> Iterator[str]:
    """Yield the output: a line with the performance data, then one for each thing worth saying."""
    first = f"NETGUARD {verdict.status} - {plain(verdict.summary)}"
    yield f"{first} | {' '.join(performance(verdict))}" if verdict.segments else first
    yield from (plain(text) for text in _long_lines(verdict) if text)


def performance(verdict: Verdict) -> Iterator[str]:
    """Yield label=value[unit];warn;crit;min of every number; U is one that is not known."""
    number = counts(verdict.findings)
    ages = [segment.age_s for segment in verdict.segments]
    oldest = max((age for age in ages if age is not None), default=0)
    yield f"critical={number['critical']};;0;0"
    yield f"warning={number['warning']};0;;0"
    yield f"notice={number['notice']};;;0"
    yield f"acknowledged={number['acknowledged']};;;0"
    yield f"age={'U' if None in ages else f'{max(0, oldest):.0f}s'};{verdict.stale_s or 0:.0f};;0"
    yield f"gaps={len(gaps_of(verdict.segments))};0;;0"
    yield f"failing_alerts={len(verdict.failing_alerts)};0;;0"


def plain(text: str) -> str:
    """Return a text as one line that cannot be taken for performance data."""
    safe = printable(text).replace("|", "/")
    return safe if len(safe) <= _LONGEST else f"{safe[:_LONGEST]}..."


def _long_lines(verdict: Verdict) -> Iterator[str]:
    yield from map(_finding_line, verdict.findings[:_FINDINGS])
    if (left := len(verdict.findings) - _FINDINGS) > 0:
        yield f"and {left} more: netguard findings list"
    yield from map(_alert_line, verdict.failing_alerts)
    yield from map(_segment_line, verdict.segments)
    for gap in gaps_of(verdict.segments):
        yield f"UNKNOWN: {gap.subject} was not measured: {gap.detail} ({gap.remedy})"
    yield from verdict.details


def _finding_line(finding: Finding) -> str:
    state = f", acknowledged by {finding.acknowledged_by}" if finding.state != "open" else ""
    label = f"{finding.severity.upper()}{state}"
    # The command stands before the sentence, which is as long as devices make it.
    return f"{label}: {finding.id} (next: {finding.advice}): {finding.summary}"


def _alert_line(alert: FailingAlert) -> str:
    why = f"{alert.error}, attempts: {alert.attempts}"
    return f"WARNING: {alert.alert} cannot be told: {why} (next: netguard alert test)"


def _segment_line(segment: Seen) -> str:
    why = doubt(segment)
    next_ = f"netguard sweep --segment {shlex.quote(segment.name)}"
    return f"UNKNOWN: {segment.name} {why} (next: {next_})" if why else ""


def _printed(text: str) -> bool:
    """Write to stdout, and say whether that worked."""
    out = sys.stdout
    if out is None:  # it was closed before we were started
        return False
    try:
        out.write(text.encode(out.encoding, "replace").decode(out.encoding) + "\n")
        out.flush()
    except (OSError, ValueError):
        with suppress(OSError):
            _give_up(out.fileno())
        return False
    return True


def _give_up(descriptor: int) -> None:
    """Let what was not written go nowhere: Python would try again, and exit 120 for its failure."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
