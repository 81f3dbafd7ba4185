"""How findings and gaps look on a screen: one sentence, who and where, the next command."""

from collections.abc import Iterable
from datetime import datetime

import click

from netguard.cli.common import printable, when
from netguard.findings import Claimant, Finding
from probes.records import Gap

COLOURS = {"critical": "red", "warning": "yellow", "notice": "cyan"}
_ROLE_COLOURS = {"impostor": "red", "rightful": "green", "unknown": "yellow"}


def show_finding(finding: Finding, now: datetime, *, whole: bool = False) -> None:
    """Print one finding in a few lines, and the next command to run; `whole` with its evidence."""
    label = click.style(finding.severity.upper(), fg=COLOURS[finding.severity], bold=True)
    state = "" if finding.state == "open" else f", {finding.state}"
    click.echo(f"{label} {finding.id}  (first seen {when(finding.first_seen, now)}{state})")
    click.echo(f"  {printable(finding.summary)}")
    for claimant in finding.claimants:
        click.echo(f"    {claimant_line(claimant, now)}")
    for evidence in finding.evidence if whole else ():
        click.echo(
            f"    {when(evidence.seen, now)}  {evidence.source}: {printable(evidence.detail)}"
        )
    click.echo(f"  next: {finding.advice}")


def claimant_line(claimant: Claimant, now: datetime) -> str:
    """Return role, MAC, server, port, vendor and freshness of a claimant in one line."""
    role = click.style(f"{claimant.role:<8}", fg=_ROLE_COLOURS[claimant.role])
    place = claimant.location
    where = f"{place.device} {place.port} ({when(place.seen, now)})" if place else "no end port"
    who = [text for text in (claimant.server, claimant.vendor) if text]
    return "  ".join((role, *map(printable, (claimant.mac, where, *who))))


def show_gaps(gaps: Iterable[Gap]) -> None:
    """Print, on stderr, what could not be measured and the remedy."""
    for gap in gaps:
        click.secho(printable(f"gap: {gap.subject}: {gap.detail}"), fg="magenta", err=True)
        if gap.remedy:
            click.echo(f"  {printable(gap.remedy)}", err=True)
