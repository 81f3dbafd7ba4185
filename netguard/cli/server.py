"""`netguard server`: whether a server keeps its addresses, or routes them past itself."""

import asyncio
from ipaddress import ip_address
from typing import get_args

import click
import msgspec

from netguard import clock
from netguard.cli.common import App, common_options, print_json, print_table, when
from netguard.cli.server_screen import live_table, show_report
from netguard.config import Config, load
from netguard.errors import Exit, NetguardError
from netguard.forwarding.listing import listed
from netguard.forwarding.records import GATEWAYS, Path, ServerReport
from netguard.inventory import Server, index
from netguard.suggest import did_you_mean
from probes.errors import ProbeError
from probes.records import IPAddress, Method


@click.group()
@common_options
def server(app: App) -> None:
    """Ask servers what they do with their addresses: keep them, or route them onward."""


@server.command()
@click.argument("who", metavar="NAME|IP")
@click.option(
    "--vantage",
    "vantages",
    multiple=True,
    metavar="V",
    help="Ask only from here, from the segment, or from this [[vantage]]; repeatable.",
)
@click.option("--vpn-ports", is_flag=True, help="Ask the server for VPN services too.")
@click.option("--path", is_flag=True, help="Show the way, hop by hop.")
@click.option(
    "--by",
    type=click.Choice(get_args(Method)),
    default="icmp",
    help="What the way is probed with.  [default: icmp]",
)
@click.option("--exit-code", is_flag=True, help="Exit 1 when the server is a gateway.")
@common_options
def check(
    app: App,
    who: str,
    vantages: tuple[str, ...],
    by: Method,
    *,
    vpn_ports: bool,
    path: bool,
    exit_code: bool,
) -> int:
    """Say of each address of a server whether it is on the server or behind it.

    It is asked from this machine, on its own segment where this machine has an interface there,
    and from every [[vantage]]. Each address is bound (on the server), forwarded (past it), looped
    (sent straight back), elsewhere, silent or undecided.

    Exits 0 also for a gateway; 1 when something could not be asked (a gap).
    """
    from netguard.servers.check import check as check_servers  # noqa: PLC0415 - brings SNMP in
    from netguard.servers.ground import segment_of  # noqa: PLC0415
    from netguard.servers.memory import ServerMemory  # noqa: PLC0415
    from netguard.servers.places import places  # noqa: PLC0415

    config = load(app.config)
    one = named(config, who)
    chosen = places(config, vantages)
    with live_table(one) as (progress, watch):
        (report,) = asyncio.run(
            check_servers(
                config,
                [one],
                chosen,
                clock=clock.now,
                progress=progress,
                ask_vpn_ports=vpn_ports,
                watch=watch,
            )
        )
    segment = segment_of(one, config, index(config.inventory))
    with ServerMemory(config.store) as memory:
        kept = memory.keep(report, segment.name if segment else None)
    report = kept.report
    if memory.gap is not None:
        report = msgspec.structs.replace(report, gaps=(*report.gaps, memory.gap))
    if path:
        report = msgspec.structs.replace(report, paths=_paths(config, report, who, by))
    if app.json:
        print_json(report)
    else:
        show_report(report, one, whole=app.verbose > 0)
    gateway = report.verdict in GATEWAYS
    return Exit.FAILED if report.gaps or (exit_code and gateway) else Exit.DONE


def named(config: Config, who: str) -> Server:
    """Return the server of that name, or that the address is assigned to."""
    known = {each.name: each for each in config.inventory.servers}
    if who in known:
        return known[who]
    try:
        address = ip_address(who)
    except ValueError:
        hint = did_you_mean(who, known) or "`netguard inventory list` lists them."
        raise NoSuchServer(f"no server is named {who!r} in {config.path}", remedy=hint) from None
    assigned = index(config.inventory).assigned_to(address)
    if assigned is None:
        raise NoSuchServer(
            f"{address} is assigned to no server in {config.path}",
            remedy="Give it to a [[server]] as its address or in its blocks.",
        )
    return assigned


class NoSuchServer(NetguardError):
    """Nobody knows a server by this name or address."""

    exit_code = Exit.USAGE


def _paths(config: Config, report: ServerReport, who: str, by: Method) -> tuple[Path, ...]:
    """Trace the way to the address that was asked for, or to the server and one behind it."""
    from netguard.servers.path import trace_path  # noqa: PLC0415

    names = {server.address: server.name for server in config.inventory.servers}
    for segment in config.inventory.segments:
        names.update({gateway.address: "the gateway" for gateway in segment.gateways})

    async def trace() -> list[Path]:
        return [await trace_path(target, by, names) for target in _targets(report, who)]

    try:
        return tuple(asyncio.run(trace()))
    except ProbeError as error:
        raise NetguardError(error.detail, remedy=error.remedy) from error


def _targets(report: ServerReport, who: str) -> list[IPAddress]:
    if who != report.server:
        return [ip_address(who)]
    behind = [a.address for a in report.addresses if a.state == "forwarded" and a.alive]
    others = [a.address for a in report.addresses if a.alive]
    return [report.address, *(behind or others)[:1]]


@server.command("list")
@common_options
def list_(app: App) -> None:
    """List all servers with what they were last seen to be; what deserves a look comes first."""
    from netguard.store import open_store  # noqa: PLC0415 - SQLAlchemy costs 0.2 s

    config = load(app.config)
    with open_store(config.store, create=False) as store:
        known = {record.server: record for record in store.servers()}
    rows = listed(config.inventory.servers, known)
    if app.json:
        print_json(rows)
        return
    now = clock.now()
    print_table(
        ("SERVER", "CUSTOMER", "VERDICT", "ASKED FOR", "USED", "FORWARDED", "CHECKED", "SUMMARY"),
        (
            (
                row.server,
                row.customer,
                row.verdict or "never checked",
                row.assigned or "",
                "" if row.used is None else row.used,
                row.forwarded or "",
                when(row.checked, now) if row.checked else "",
                row.summary,
            )
            for row in rows
        ),
    )
