"""`netguard inventory`: do the lists agree with themselves, and what is in them."""

import click

from netguard.cli.common import App, common_options, print_json, print_table
from netguard.cli.problems import report
from netguard.config import load, read
from netguard.inventory import Index, Server, index

_SECTIONS = frozenset({"", "device", "segment", "server"})


@click.group()
@common_options
def inventory(app: App) -> None:
    """Check and list the servers and their addresses."""


@inventory.command()
@common_options
def check(app: App) -> int:
    """Say where devices, segments and servers are wrong or contradict one another.

    Exit codes: 0 nothing, or only warnings; 2 errors.
    """
    reading = read(app.config)
    known = reading.config.inventory
    good = (
        f"good; devices: {len(known.devices)}, segments: {len(known.segments)},"
        f" servers: {len(known.servers)}"
    )
    return report(app, [p for p in reading.problems if p.section in _SECTIONS], good)


@inventory.command(name="list")
@common_options
def list_(app: App) -> None:
    """List the servers: what is assigned to them, and where they hang."""
    known = load(app.config).inventory
    look = index(known)
    rows = [_row(server, look) for server in known.servers]
    if app.json:
        print_json(rows)
        return
    headers = ("name", "customer", "address", "blocks", "segment", "port", "mac")
    print_table(headers, ([_text(row[header]) for header in headers] for row in rows))


def _row(server: Server, look: Index) -> dict[str, object]:
    """Return a server with the keys of `[[server]]`; its segment is filled in from its address."""
    around = look.segment_of(server.address)
    return {
        "name": server.name,
        "customer": server.customer,
        "address": server.address,
        "blocks": server.blocks,
        "segment": server.segment or (around.name if around else None),
        "port": None if server.port is None else str(server.port),
        "mac": server.mac,
    }


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return "" if value is None else str(value)
