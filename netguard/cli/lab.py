"""`netguard lab`: a practice network for drills and tests."""

from collections.abc import Iterable

import click

from netguard.cli.common import App, common_options, print_json, print_table
from netguard.lab import control, enter, state
from netguard.lab.report import HostStatus, Status
from netguard.lab.scenarios import SCENARIOS, Scenario
from netguard.lab.topology import STATION

_EXAMPLE = """\b
For example:
  netguard lab up
  netguard lab break gateway-hijack
  netguard lab exec mon netguard sweep
  netguard lab down"""


@click.group(epilog=_EXAMPLE)
@common_options
def lab(app: App) -> None:
    """Build a real network on this machine, break it, and mend it.

    Namespaces, bridges and SNMP agents of its own: an edge router, two access switches, servers,
    and a station to run netguard on. It touches nothing outside itself, needs no root where user
    namespaces are allowed, and leaves nothing when it ends.
    """


@lab.command()
@common_options
def up(app: App) -> None:
    """Build the network, and leave it running."""
    started = control.up()
    status = started.status()
    started.leave_running()
    if app.json:
        print_json(status)
        return
    click.echo(f"The lab is up: {len(status.hosts)} hosts. Its configuration is {status.config}")
    _advise(status)


@lab.command("break")
@click.argument("name", required=False)
@common_options
def break_(app: App, name: str | None) -> None:
    """Do what a customer does; without NAME, list what there is."""
    if name is None:
        _list(app, SCENARIOS.values())
        return
    status = control.attach().break_(name)
    if app.json:
        print_json(status)
        return
    click.echo(f"{name}: {SCENARIOS[name].line}.")
    _advise(status)


def _list(app: App, scenarios: Iterable[Scenario]) -> None:
    if app.json:
        print_json([{"name": s.name, "kind": s.kind, "line": s.line} for s in scenarios])
        return
    print_table(("NAME", "KIND", "WHAT HAPPENS"), [(s.name, s.kind, s.line) for s in scenarios])
    click.echo("A look-alike is healthy: a sweep must stay silent about it.", err=True)


@lab.command()
@click.argument("name", required=False)
@common_options
def mend(app: App, name: str | None) -> None:
    """Undo one trouble, or all."""
    mended = control.attach().mend(name)
    if app.json:
        print_json({"mended": mended})
        return
    click.echo(f"Mended: {', '.join(mended)}." if mended else "Nothing was broken.")


@lab.command()
@common_options
def status(app: App) -> None:
    """Show the hosts, what is broken, and what to run next."""
    now = control.attach().status()
    if app.json:
        print_json(now)
        return
    headers = ("HOST", "ROLE", "INTERFACE", "MAC", "STATE", "ADDRESSES", "ON")
    print_table(headers, [row for host in now.hosts for row in _rows(host)])
    _advise(now)


def _rows(host: HostStatus) -> Iterable[tuple[object, ...]]:
    for own in host.interfaces:
        addresses = " ".join(own.addresses)
        yield (
            host.name,
            host.role,
            own.name,
            own.mac,
            "up" if own.up else "down",
            addresses,
            own.wire,
        )


def _advise(status: Status) -> None:
    """Say on stderr what is broken and what to run next."""
    sweep = f"netguard lab exec {STATION} netguard sweep"
    if status.broken:
        lines = [
            f"Broken now: {', '.join(status.broken)}.",
            f"See it: {sweep}",
            "Undo: netguard lab mend",
        ]
    else:
        lines = [f"All is well. Check: {sweep}", "Then: netguard lab break"]
    for line in lines:
        click.echo(line, err=True)


@lab.command()
@common_options
def down(app: App) -> None:
    """Take the network down; nothing is left."""
    was_up = control.down()
    if app.json:
        print_json({"was_up": was_up})
        return
    click.echo("The lab is down." if was_up else "No lab was up.")


@lab.command(
    "exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.argument("host")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(host: str, command: tuple[str, ...]) -> None:
    """Run a program on one of the hosts.

    NETGUARD_CONFIG there is the lab's configuration, so that on the monitoring station, mon,
    everything works as it would at work: netguard lab exec mon netguard sweep
    """
    enter.run(state.default_directory(), host, command)
