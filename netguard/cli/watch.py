"""`netguard watch`: the daemon that hears the network, looks at it on schedule and tells people."""

import asyncio
import sys
from datetime import datetime

import click
import msgspec

from netguard import clock
from netguard.cli.common import App, common_options, encode, on_terminal, printable
from netguard.cli.show import COLOURS, claimant_line, folded
from netguard.config import load
from netguard.findings import Finding
from netguard.watch.daemon import Daemon
from netguard.watch.events import Event, Kind

_WORDY: frozenset[Kind] = frozenset({"sweep", "notice", "servers"})  # said only with -v
_TURNS = {"resolved": "over", "opened": "", "reopened": "back: ", "worsened": "worse: "}


@click.command()
@common_options
def watch(app: App) -> None:
    """Listen on every segment, look at the network on schedule, tell people, act on policy.

    What somebody claims who was not known to have it is asked about at once. [watch] says how often
    what is looked at, and where syslog and SNMP notifications are received; [[alert]] who is told;
    [shutdown] what may be done unattended. It runs until it is ended: Ctrl-C or SIGTERM. SIGHUP
    has it read its configuration again. `netguard config init --systemd` prints its unit.

    Prints what happens; -v also sweeps and notices. --json prints all of it, an event a line.
    """
    config = load(app.config)
    show = _json_line if app.json else _Screen(app.verbose).show

    def say(event: Event) -> None:
        try:
            show(event)
        except BrokenPipeError:  # who listened has gone
            daemon.stop()
        except OSError:  # a log's disk is full: no reason to stop watching
            return

    daemon = Daemon(config, say=say, clock=clock.now)
    asyncio.run(daemon.run())


def _json_line(event: Event) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(event, enc_hook=encode) + b"\n")
    sys.stdout.buffer.flush()


class _Screen:
    """Shows events to a person, or to the journal."""

    def __init__(self, verbose: int) -> None:
        self._verbose = verbose

    def show(self, event: Event) -> None:
        """Print one event, unless it is only for who wants to see everything."""
        if event.event in _WORDY and not self._verbose:
            return
        match event.event:
            case "finding" if event.finding is not None:
                self._finding(event, event.finding)
            case "gap" | "gap-over" if event.gap is not None:
                word = "gap" if event.event == "gap" else "no more a gap"
                self._line(event, f"{word}: {event.gap.subject}: {event.gap.detail}", "magenta")
                if event.event == "gap" and event.gap.remedy:
                    click.echo(folded(printable(event.gap.remedy), first="  ", rest="  "))
            case "deed":
                self._line(event, f"unattended: {event.detail}", "red")
                if event.deed is not None and event.deed.undo:
                    click.echo(f"  undo: {event.deed.undo}")
            case "sweep" | "servers":
                self._line(event, _measured(event))
            case _:
                self._line(event, f"{event.event}: {event.detail}" if event.detail else event.event)

    def _finding(self, event: Event, finding: Finding) -> None:
        if event.happening == "resolved":
            self._line(event, f"over: {finding.id}", "green")
            return
        turn = _TURNS.get(event.happening or "", f"{event.happening}: ")
        self._line(
            event,
            f"{finding.severity.upper()} {turn}{finding.id}: {finding.summary}",
            COLOURS[finding.severity],
        )
        for claimant in finding.claimants if self._verbose else ():
            click.echo(f"    {claimant_line(claimant, event.time)}")
        click.echo(f"  next: {finding.advice}")

    def _line(self, event: Event, text: str, colour: str | None = None) -> None:
        told = folded(printable(text), first=_time(event.time), rest="  ")
        click.secho(told, fg=colour)
        sys.stdout.flush()


def _measured(event: Event) -> str:
    counts = event.counts
    return (
        f"{', '.join(event.segments)}: {counts.get('addresses_answered', 0)} of"
        f" {counts.get('addresses_probed', 0)} addresses answered,"
        f" {counts.get('devices_read', 0)} devices read, {event.duration_s or 0:.1f} s"
    )


def _time(moment: datetime) -> str:
    """Return the local time for a terminal, RFC 3339 for a pipe."""
    if on_terminal():
        return f"{moment.astimezone():%H:%M:%S}  "
    return f"{moment.isoformat(timespec='milliseconds').replace('+00:00', 'Z')} "
