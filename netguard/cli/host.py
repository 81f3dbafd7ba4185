"""`netguard host locate`: from an address or a MAC to a switch port."""

import asyncio
from datetime import datetime

import click

from netguard import clock
from netguard.cli.common import App, common_options, print_json, printable, when
from netguard.cli.progress import progress_bar
from netguard.cli.show import show_gaps
from netguard.config import load
from netguard.errors import Exit
from netguard.whereis import HostReport, Sharer, Station, whereis


@click.group()
@common_options
def host(app: App) -> None:
    """Find a station: switch, port, VLAN, path."""


@host.command("locate")
@click.argument("query", metavar="IP|MAC")
@common_options
def locate_(app: App, query: str) -> int:
    """Find the switch port that an address or a MAC hangs on, now.

    An address is asked for on its segment first, so two stations that share it are both shown.
    Exits 1 when nothing was found or something could not be read.
    """
    config = load(app.config)
    with progress_bar() as progress:
        report = asyncio.run(whereis(config, query, clock=clock.now, progress=progress))
    if app.json:
        print_json(report)
    else:
        show(report)
    return Exit.FAILED if report.gaps or not report.stations else Exit.DONE


def show(report: HostReport) -> None:
    """Print where each station hangs."""
    now = clock.now()
    if not report.stations:
        click.echo(f"{report.query}: {_nobody(report)}")
    if len(report.stations) > 1:
        click.secho(f"{report.query}: {len(report.stations)} stations", fg="yellow")
    for station in report.stations:
        show_station(station, now)
    show_gaps(report.gaps)


def _nobody(report: HostReport) -> str:
    """Say that nothing was found, and how much that means."""
    if not report.asked:
        return "not asked, for no segment with an interface holds it; no table knows it either."
    if report.gaps:
        return "no station answers for it and no table knows it, as far as could be asked."
    return "no station answers for it, and no table knows it."


def show_station(station: Station, now: datetime) -> None:
    """Print one station: what it is, where it hangs, and the way there."""
    who = f"  {station.server}" if station.server else ""
    click.secho(f"{station.mac}{who}", bold=True)
    click.echo(f"  place      {printable(_place(station, now))}")
    if station.answer == "port":
        click.echo(printable(f"  path       {' -> '.join(map(str, station.path))}"))
    elif station.path:
        click.echo(printable(f"  seen on    {', '.join(map(str, station.path))}"))
    if station.addresses:
        click.echo(f"  addresses  {', '.join(map(str, station.addresses))}")


def _part(sharer: Sharer) -> str:
    where = f"{sharer.device} {sharer.port}"
    return f"{where} is {sharer.state} for {sharer.ip} ({sharer.protocol.upper()})"


def _place(station: Station, now: datetime) -> str:
    """Return the one place, or why there is not one."""
    if station.shared_by:
        return "; ".join(map(_part, station.shared_by))
    if station.device is not None:
        return f"it is {station.device} itself"
    if station.answer == "not-seen":
        return "in no FDB that was read: it has been silent, or its switch was not read"
    if station.answer == "uplink-only":
        return "seen on uplinks only: it hangs on a switch that was not read"
    places = [
        f"{p.device} {p.port}"
        + (f", VLAN {p.vlan}" if p.vlan is not None else "")
        + f" ({when(p.seen, now)})"
        for p in station.locations
    ]
    if station.answer == "several-ports":
        return f"on {len(places)} ports at once: {'; '.join(places)}"
    return places[0]
