"""`netguard watch`: the daemon that hears the network, looks at it on schedule and tells people."""

import asyncio
import os
import sys
from collections.abc import Iterator
from datetime import datetime

import click
import msgspec

from netguard import clock
from netguard.cli.common import App, common_options, encode, on_terminal, printable
from netguard.cli.show import COLOURS, claimant_line, folded
from netguard.config import Config, load
from netguard.findings import Finding
from netguard.watch.daemon import Daemon
from netguard.watch.events import Event, Kind, Say
from netguard.watch.outlet import outlet

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
    tell = _json_line if app.json else _Screen(app.verbose).lines

    def show(event: Event) -> None:
        _write("".join(f"{line}\n" for line in tell(event)))

    asyncio.run(_run(config, show))


async def _run(config: Config, show: Say) -> None:
    loop = asyncio.get_running_loop()
    with outlet(show, gone=lambda: loop.call_soon_threadsafe(daemon.stop)) as say:
        daemon = Daemon(config, say=say, clock=clock.now)
        await daemon.run()


def _write(text: str) -> None:
    """Write to stdout past its buffer, which could not be let go of while nobody reads."""
    if sys.stdout is None:  # closed by who started this
        return
    left = memoryview(text.encode(errors="replace"))
    while left:
        left = left[os.write(sys.stdout.fileno(), left) :]


def _json_line(event: Event) -> Iterator[str]:
    yield msgspec.json.encode(event, enc_hook=encode).decode()


class _Screen:
    """Says events to a person, or to the journal."""

    def __init__(self, verbose: int) -> None:
        self._verbose = verbose
        self._coloured = on_terminal() and click.get_current_context().color is not False

    def lines(self, event: Event) -> Iterator[str]:
        """Yield what one event says, nothing if it is only for who wants to see everything."""
        if event.event in _WORDY and not self._verbose:
            return
        match event.event:
            case "finding" if event.finding is not None:
                yield from self._finding(event, event.finding)
            case "gap" | "gap-over" if event.gap is not None:
                word = "gap" if event.event == "gap" else "no more a gap"
                yield self._line(
                    event, f"{word}: {event.gap.subject}: {event.gap.detail}", "magenta"
                )
                if event.event == "gap" and event.gap.remedy:
                    yield folded(printable(event.gap.remedy), first="  ", rest="  ")
            case "deed":
                yield self._line(event, f"unattended: {event.detail}", "red")
                if event.deed is not None and event.deed.undo:
                    yield f"  undo: {event.deed.undo}"
            case "sweep" | "servers":
                yield self._line(event, _measured(event))
            case _:
                yield self._line(event, ": ".join(filter(None, (event.event, event.detail))))

    def _finding(self, event: Event, finding: Finding) -> Iterator[str]:
        if event.happening == "resolved":
            yield self._line(event, f"over: {finding.id}", "green")
            return
        turn = _TURNS.get(event.happening or "", f"{event.happening}: ")
        told = f"{finding.severity.upper()} {turn}{finding.id}: {finding.summary}"
        yield self._line(event, told, COLOURS[finding.severity])
        for claimant in finding.claimants if self._verbose else ():
            line = claimant_line(claimant, event.time)
            yield f"    {line if self._coloured else click.unstyle(line)}"
        yield f"  next: {finding.advice}"

    def _line(self, event: Event, text: str, colour: str | None = None) -> str:
        told = folded(printable(text), first=_time(event.time), rest="  ")
        return click.style(told, fg=colour) if self._coloured else told


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
