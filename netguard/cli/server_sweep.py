"""`netguard sweep --servers`: every server that has blocks, and what changed about it."""

import asyncio
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

import click
import msgspec

from netguard import clock
from netguard.cli.common import App, print_json, printable
from netguard.cli.progress import progress_bar
from netguard.cli.segments import named
from netguard.cli.show import counted, in_ranges, show_finding, show_gaps
from netguard.cli.telling import told
from netguard.config import Config
from netguard.errors import ConfigError, Exit, NetguardError
from netguard.forwarding.changes import AddressChange, Change
from netguard.forwarding.records import GATEWAYS
from netguard.inventory import Server, index
from netguard.meter import Progress

if TYPE_CHECKING:
    from netguard.servers.nightly import SweepReport


def sweep_all_servers(
    app: App, config: Config, segments: tuple[str, ...], *, exit_code: bool
) -> int:
    """Check the servers, those of some segments or all; return the exit code."""
    servers = _wanted(config, segments)
    try:
        with progress_bar() as progress:
            report = asyncio.run(_sweep_and_tell(config, servers, progress))
    except KeyboardInterrupt:
        raise NetguardError(_broken_off(config, servers)) from None
    if app.json:
        print_json(report)
    else:
        _show(report)
    return Exit.FAILED if report.gaps or (exit_code and report.findings) else Exit.DONE


async def _sweep_and_tell(
    config: Config, servers: tuple[Server, ...], progress: Progress
) -> "SweepReport":
    from netguard.servers.nightly import sweep_servers  # noqa: PLC0415 - brings SNMP and SSH in
    from netguard.servers.places import places  # noqa: PLC0415

    began = clock.now()
    report = await sweep_servers(
        config, servers, places(config), clock=clock.now, progress=progress
    )
    untold = await told(config, since=began)
    return msgspec.structs.replace(report, gaps=(*report.gaps, *untold))


def _broken_off(config: Config, servers: Iterable[Server]) -> str:
    """Say what an interrupted sweep leaves: what was decided is taken up by the next one."""
    from netguard.servers.memory import ServerMemory  # noqa: PLC0415

    wanted = {server.name for server in servers}
    with ServerMemory(config.store) as memory:
        done = wanted & memory.begin(clock.now()).done
    if not done:
        return "interrupted before any server was decided"
    return (
        f"interrupted: {len(done)} of {counted(len(wanted), 'server')} decided and stored;"
        " the next `netguard sweep --servers` goes on from there"
    )


def _wanted(config: Config, names: tuple[str, ...]) -> tuple[Server, ...]:
    from netguard.servers.ground import segment_of  # noqa: PLC0415

    wanted = named(config, names)
    known = index(config.inventory)
    servers = tuple(
        server
        for server in config.inventory.servers
        if server.blocks and (not wanted or segment_of(server, config, known) in wanted)
    )
    if not servers:
        raise ConfigError(
            f"{config.path}: no [[server]] has blocks: there is nothing to ask",
            remedy='Give the servers their blocks = ["203.0.113.64/26"].',
        )
    return servers


def _show(report: "SweepReport") -> None:
    """Print what changed; that most is as it was takes one line."""
    done = report.counts
    click.echo(
        f"{counted(done['servers_checked'], 'server')}, {done['addresses_answered']} of"
        f" {counted(done['addresses_probed'], 'address', 'addresses')} answered,"
        f" {report.duration_s:.1f} s"
    )
    if report.resumed:
        click.echo("The last sweep was broken off: the servers that it had decided are left out.")
    if report.verdicts:
        verdicts = sorted(report.verdicts.items(), key=lambda each: (-each[1], each[0]))
        click.echo(", ".join(f"{number} {verdict}" for verdict, number in verdicts))
    for change in sorted(report.changes, key=_worth):
        _show_change(change, report)
    if report.resolved:
        click.echo()
    for finding in report.resolved:
        click.secho(f"resolved: {finding.id}", fg="green")
    if not report.changes:
        gaps = ", as far as could be asked" if report.gaps else ""
        click.secho(
            f"Nothing has changed since each was last asked{gaps}.",
            fg="yellow" if report.gaps else "green",
        )
    show_gaps(report.gaps)


def _worth(change: Change) -> tuple[bool, bool, str]:
    """Return the key of the order: gateways, the undecided, then the plain."""
    return change.after not in GATEWAYS, change.after == "plain", change.server


def _show_change(change: Change, report: "SweepReport") -> None:
    """Print what became of a server and of its addresses, and what to run next."""
    colour = "green" if change.after == "plain" else "yellow"
    same = f"still {change.after}"
    told = f"{change.before or 'never asked'} -> {change.after}"
    click.echo()
    click.secho(
        printable(f"{change.server}: {same if change.before == change.after else told}"),
        fg=colour,
        bold=True,
    )
    for move, moved in groupby(sorted(change.addresses, key=_move), key=_move):
        click.echo(f"  {in_ranges(each.address for each in moved)}: {move}")
    findings = [finding for finding in report.findings if finding.server == change.server]
    for finding in findings:
        show_finding(finding, clock.now())
    if not findings:
        click.echo(f"  next: netguard server check {change.server}")


def _move(change: AddressChange) -> str:
    return f"{change.before or 'never asked'} -> {change.after}"
