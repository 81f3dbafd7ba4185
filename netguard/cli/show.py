"""How findings, gaps and many addresses look on a screen: sentences fold, addresses do not."""

import os
import sys
import textwrap
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TextIO

import click

from netguard.cli.common import printable, when
from netguard.findings import Claimant, Finding
from probes.records import Gap, IPAddress

COLOURS = {"critical": "red", "warning": "yellow", "notice": "cyan"}
_ROLE_COLOURS = {"impostor": "red", "rightful": "green", "unknown": "yellow"}
_IPV4 = 4
_RANGES = 40  # of addresses that a person is shown of one kind


def columns(stream: TextIO | None = None) -> int | None:
    """Return how wide the terminal behind a stream (stdout) is, None where there is none."""
    stream = stream or sys.stdout
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (AttributeError, OSError, ValueError):  # closed, a pipe, or no file at all
        return None


def folded(text: str, *, first: str = "", rest: str = "", err: bool = False) -> str:
    """Return a text folded between words for a person, in one line for a pipe.

    `first` stands before its first line, `rest` before the others; `err` where it is for stderr.
    """
    width = columns(sys.stderr if err else sys.stdout)
    if width is None:
        return f"{first}{text}"
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def counted(number: int, one: str, many: str = "") -> str:
    """Return "1 server" or "2 servers"."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def in_ranges(addresses: Iterable[IPAddress]) -> str:
    """Return addresses in order, those in a row as a range: "192.0.2.8-11, .14, 198.51.100.1"."""
    spans = list(_spans(addresses))
    shown, before = [], ""
    for span in spans[:_RANGES]:
        shown.append(_spelled(span[0], span[-1], before))
        before = _network(span[-1])
    left = sum(map(len, spans[_RANGES:]))
    return ", ".join(shown) + (f" and {left} more" if left else "")


def _spans(addresses: Iterable[IPAddress]) -> Iterator[list[IPAddress]]:
    span: list[IPAddress] = []
    for address in sorted(addresses, key=lambda each: (each.version, int(each))):
        follows = span and span[-1].version == address.version
        if not (follows and int(span[-1]) + 1 == int(address)):
            if span:
                yield span
            span = []
        span.append(address)
    if span:
        yield span


def _network(address: IPAddress) -> str:
    """Return what neighbours have in common and need not be said again; nothing for IPv6."""
    return str(address).rpartition(".")[0] if address.version == _IPV4 else ""


def _spelled(first: IPAddress, last: IPAddress, before: str) -> str:
    network = _network(first)
    start = str(first).removeprefix(network) if network and network == before else str(first)
    if first == last:
        return start
    end = str(last).rpartition(".")[2] if network and network == _network(last) else str(last)
    return f"{start}-{end}"


def show_finding(finding: Finding, now: datetime, *, whole: bool = False) -> None:
    """Print one finding in a few lines, and the next command to run; `whole` with its evidence."""
    label = click.style(finding.severity.upper(), fg=COLOURS[finding.severity], bold=True)
    state = "" if finding.state == "open" else f", {finding.state}"
    if finding.quiet_since is not None:  # it came and went, so it is held open for a while
        state += f", quiet since {when(finding.quiet_since, now)}"
    click.echo(f"{label} {finding.id}  (first seen {when(finding.first_seen, now)}{state})")
    click.echo(folded(printable(finding.summary), first="  ", rest="  "))
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
        what = folded(printable(f"gap: {gap.subject}: {gap.detail}"), rest="  ", err=True)
        click.secho(what, fg="magenta", err=True)
        if gap.remedy:
            click.echo(folded(printable(gap.remedy), first="  ", rest="  ", err=True), err=True)
