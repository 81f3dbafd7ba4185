"""`netguard sweep --servers`: every server that has blocks, and what changed about it."""

import asyncio
from typing import TYPE_CHECKING

import click

from netguard import clock
from netguard.cli.common import App, print_json, printable
from netguard.cli.progress import progress_bar
from netguard.cli.segments import named
from netguard.cli.show import show_finding, show_gaps
from netguard.config import Config
from netguard.errors import ConfigError, Exit
from netguard.forwarding.changes import Change
from netguard.inventory import Server, index

if TYPE_CHECKING:
    from netguard.servers.nightly import SweepReport


def sweep_all_servers(
    app: App, config: Config, segments: tuple[str, ...], *, exit_code: bool
) -> int:
    """Check the servers, those of some segments or all; return the exit code."""
    from netguard.servers.nightly import sweep_servers  # noqa: PLC0415 - brings SNMP and SSH in
    from netguard.servers.places import places  # noqa: PLC0415

    servers = _wanted(config, segments)
    with progress_bar() as progress:
        report = asyncio.run(
            sweep_servers(config, servers, places(config), clock=clock.now, progress=progress)
        )
    if app.json:
        print_json(report)
    else:
        _show(report)
    return Exit.FAILED if report.gaps or (exit_code and report.findings) else Exit.DONE


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
    taken_up = ", taken up where it was broken off" if report.resumed else ""
    click.echo(
        f"{done['servers_checked']} servers, {done['addresses_answered']} of"
        f" {done['addresses_probed']} addresses answered, {report.duration_s:.1f} s{taken_up}"
    )
    click.echo(", ".join(f"{number} {verdict}" for verdict, number in report.verdicts.items()))
    for change in report.changes:
        _show_change(change)
    new = {change.server for change in report.changes}
    now = clock.now()
    for finding in report.findings:
        if finding.server in new:
            click.echo()
            show_finding(finding, now)
    for finding in report.resolved:
        click.secho(f"\nresolved: {finding.id}", fg="green")
    if not report.changes:
        click.secho("Nothing has changed since each was last asked.", fg="green")
    show_gaps(report.gaps)


def _show_change(change: Change) -> None:
    before = change.before or "never asked"
    colour = "green" if change.after == "plain" else "yellow"
    click.echo()
    click.secho(printable(f"{change.server}: {before} -> {change.after}"), fg=colour, bold=True)
    for moved in change.addresses:
        click.echo(f"  {moved.address}: {moved.before or 'never asked'} -> {moved.after}")
