"""`netguard sweep`: measure, judge and remember, once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

import click
import msgspec

from netguard import clock
from netguard.cli.common import App, common_options, print_json
from netguard.cli.port_screen import show_found
from netguard.cli.progress import progress_bar
from netguard.cli.segments import chosen
from netguard.cli.server_sweep import sweep_all_servers
from netguard.cli.show import show_finding, show_gaps
from netguard.cli.telling import told
from netguard.config import Config, load
from netguard.config.places import sqlite_file
from netguard.emergency.known import know
from netguard.emergency.recovery import recover
from netguard.errors import Exit
from netguard.inventory import Segment
from netguard.meter import Progress
from netguard.remember import forget, recall
from netguard.sweep import Look, Report, sweep_gateways
from netguard.sweep import sweep as sweep_once


@click.command()
@click.option("--segment", "names", multiple=True, metavar="S", help="Only this one; repeatable.")
@click.option("--exit-code", is_flag=True, help="Exit 1 when something was found.")
@click.option("--gateways", is_flag=True, help="Only look who answers for the gateways.")
@click.option("--servers", is_flag=True, help="Only ask which servers route addresses onward.")
@click.option(
    "--textfile",
    type=click.Path(path_type=Path),
    help="Write metrics there, for node_exporter (FOLDER/netguard.prom).",
)
@common_options
def sweep(
    app: App,
    names: tuple[str, ...],
    *,
    exit_code: bool,
    gateways: bool,
    servers: bool,
    textfile: Path | None,
) -> int:
    """Ask every address, read the devices, and report who breaks the network.

    With --gateways it takes under a second, for a timer that runs it every second. Where [shutdown]
    allows it, ports of proven impostors are closed; what was done or declined is told.

    With --servers every server that has blocks is asked whether they are on it or behind it, once a
    night: what was broken off is taken up again, and only what changed is told.

    Exits 0 when done, also with findings; 1 when something could not be measured (a gap).
    """
    if sum((gateways, servers, textfile is not None)) > 1:
        raise click.UsageError("--gateways, --servers and --textfile exclude each other.")
    config = load(app.config)
    if servers:
        return sweep_all_servers(app, config, names, exit_code=exit_code)
    segments = chosen(config, names)
    tell_what_was_broken_off(config)
    with progress_bar() as progress:
        look = sweep_gateways if gateways else sweep_once
        report = asyncio.run(_look_and_tell(look, config, segments, progress))
    if app.json:
        print_json(report)
    else:
        show(report, whole=app.verbose > 0)
    if textfile is not None:
        from netguard.cli.textfile import write_textfile  # noqa: PLC0415 - few sweeps need it

        write_textfile(textfile, config, report)
    return Exit.FAILED if report.gaps or (exit_code and report.findings) else Exit.DONE


async def _look_and_tell(
    look: Callable[..., Awaitable[Look]],
    config: Config,
    segments: Sequence[Segment],
    progress: Progress,
) -> Report:
    """Look once, tell people what is new, and forget what is older than is to be kept."""
    began = clock.now()
    memory = recall(config.store, config.inventory)
    taken = await look(config, segments, memory, clock=clock.now, progress=progress)
    untold = await told(config, since=began)
    forget(config.store, before=began - timedelta(seconds=config.retention))
    report = taken.report
    return msgspec.structs.replace(report, gaps=(*report.gaps, *untold))


def tell_what_was_broken_off(config: Config) -> None:
    """Say on stderr what an earlier command began at a port and did not end."""
    path = sqlite_file(config.store)
    if path is None or path.exists():
        show_found(asyncio.run(recover(config, know(config), clock=clock.now)))


def show(report: Report, *, whole: bool) -> None:
    """Print a sweep for a person; `whole` with the evidence of each finding."""
    now = clock.now()
    done = report.counts
    click.echo(
        f"{', '.join(report.segments)}: {done['addresses_answered']} of"
        f" {done['addresses_probed']} addresses answered, {done['devices_read']} devices read,"
        f" {report.duration_s:.1f} s"
    )
    for finding in report.findings:
        click.echo()
        show_finding(finding, now, whole=whole)
    for deed in report.deeds:
        refused = deed.report.outcome == "refused"
        click.secho(f"\nunattended: {deed.sentence}", fg="yellow" if refused else "red", bold=True)
        click.echo(f"  {(deed.report.undo and f'undo: {deed.report.undo}') or deed.report.detail}")
    for finding in report.resolved:
        click.secho(f"\nresolved: {finding.id}", fg="green")
    for address in report.silent_gateways:
        click.secho(f"The gateway {address} answers nobody.", fg="yellow")
    if not report.findings:
        verdict = "Nothing found, as far as could be measured." if report.gaps else "Nothing found."
        click.secho(verdict, fg="yellow" if report.gaps else "green")
    show_gaps(report.gaps)
