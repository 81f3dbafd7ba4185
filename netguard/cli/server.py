"""`netguard server`: whether a server keeps its addresses, or routes them past itself."""

from ipaddress import ip_address
from typing import TYPE_CHECKING, get_args

import click
import msgspec

from netguard import clock
from netguard.cli.common import App, common_options, on_terminal, print_json, print_table, when
from netguard.cli.progress import progress_bar
from netguard.cli.server_screen import live_table, show_report
from netguard.cli.show import counted
from netguard.config import Config, load
from netguard.config.places import sqlite_file
from netguard.errors import Exit, NetguardError
from netguard.forwarding.listing import Row, listed
from netguard.forwarding.records import GATEWAYS, Path, ServerReport
from netguard.inventory import Server, index
from netguard.rules.forwarding_server import forwarding_server
from netguard.suggest import did_you_mean
from probes.errors import ProbeError
from probes.records import IPAddress, Method

if TYPE_CHECKING:
    from netguard.servers.places import Places
    from netguard.store import ServerRecord

_LARGE = 1_000_000  # addresses; nobody counts the digits of more


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
    help="What the way is probed with; implies --path.  [default: icmp]",
)
@click.option("--exit-code", is_flag=True, help="Exit 1 when the server is a gateway.")
@common_options
def check(
    app: App,
    who: str,
    vantages: tuple[str, ...],
    by: Method | None,
    *,
    vpn_ports: bool,
    path: bool,
    exit_code: bool,
) -> int:
    """Say of each address of a server whether it is on the server or behind it.

    It is asked from this machine, on its own segment where this machine has an interface there,
    and from every [[vantage]]. Each address is bound (on the server), forwarded (past it), looped
    (sent straight back), elsewhere, silent or undecided.

    What all of them show is remembered, for `server list`; with --vantage nothing is.

    Exits 0 also for a gateway; 1 when something could not be asked (a gap).
    """
    from netguard.servers.places import places  # noqa: PLC0415 - nothing heavy for --help

    config = load(app.config)
    one = named(config, who)
    report = _checked(config, one, places(config, vantages), vpn_ports=vpn_ports)
    report = _told(config, one, report) if vantages else _kept(config, one, report)
    if path or by:
        report = _with_paths(config, report, who, by or "icmp")
    if app.json:
        print_json(report)
    else:
        show_report(report, one, whole=app.verbose > 0, asked_ports=vpn_ports)
    gateway = report.verdict in GATEWAYS
    return Exit.FAILED if report.gaps or (exit_code and gateway) else Exit.DONE


def _checked(config: Config, one: Server, chosen: "Places", *, vpn_ports: bool) -> ServerReport:
    """Ask the server, showing how far it is."""
    import asyncio  # noqa: PLC0415

    from netguard.servers.check import check as check_servers  # noqa: PLC0415 - brings SNMP in

    with live_table(one) as (progress, watch):
        checked = asyncio.run(
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
    (report,) = checked.reports
    return report


def _kept(config: Config, one: Server, report: ServerReport) -> ServerReport:
    """Remember what all places together showed, and add the finding as it stands."""
    from netguard.servers.memory import ServerMemory  # noqa: PLC0415

    with ServerMemory(config.store) as memory:
        report = memory.keep(report, _segment(config, one)).report
    gaps = (*report.gaps, memory.gap) if memory.gap else report.gaps
    return msgspec.structs.replace(report, gaps=gaps)


def _told(config: Config, one: Server, report: ServerReport) -> ServerReport:
    """Add the finding that it would be; what some places alone showed replaces nothing known."""
    finding = forwarding_server(report, _segment(config, one))
    return msgspec.structs.replace(report, findings=(finding,) if finding else ())


def _segment(config: Config, one: Server) -> str | None:
    from netguard.servers.ground import segment_of  # noqa: PLC0415

    segment = segment_of(one, config, index(config.inventory))
    return segment.name if segment else None


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


def _with_paths(config: Config, report: ServerReport, who: str, by: Method) -> ServerReport:
    """Add the way to the address that was asked for, or to the server and one behind it.

    A way that cannot be traced is a gap: what was found out before is still told.
    """
    import asyncio  # noqa: PLC0415

    from netguard.servers.path import trace_path  # noqa: PLC0415

    names = {server.address: server.name for server in config.inventory.servers}
    for segment in config.inventory.segments:
        names.update({gateway.address: "the gateway" for gateway in segment.gateways})
    paths: list[Path] = []

    async def trace() -> None:
        targets = _targets(report, who)
        for number, target in enumerate(targets):
            progress("tracing the way", number, len(targets))
            paths.append(await trace_path(target, by, names))

    gaps = report.gaps
    with progress_bar() as progress:
        try:
            asyncio.run(trace())
        except ProbeError as error:
            gaps = (*gaps, error.gap())
    return msgspec.structs.replace(report, paths=tuple(paths), gaps=gaps)


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
    config = load(app.config)
    rows = listed(config.inventory.servers, _known(config))
    if app.json:
        print_json(rows)
        return
    now = clock.now()
    print_table(
        ("SERVER", "CUSTOMER", "VERDICT", "ASKED FOR", "USED", "FORWARDED", "CHECKED"),
        (
            (
                row.server,
                row.customer,
                row.verdict or "never checked",
                _many(row.assigned),
                "" if row.used is None else row.used,
                "" if row.forwarded is None else row.forwarded,
                when(row.checked, now) if row.checked else "",
            )
            for row in rows
        ),
    )
    click.echo(_footer(config, rows), err=True)


def _known(config: Config) -> "dict[str, ServerRecord]":
    """Return what is remembered of the servers: nothing where no store was made yet."""
    from netguard.store import open_store  # noqa: PLC0415 - SQLAlchemy costs 0.2 s

    file = sqlite_file(config.store)
    if file is not None and not file.exists():
        return {}
    with open_store(config.store, create=False) as store:
        return {record.server: record for record in store.servers()}


def _many(number: int) -> str:
    return f"{number:.1e}" if number > _LARGE and on_terminal() else str(number or "")


def _footer(config: Config, rows: tuple[Row, ...]) -> str:
    """Say how many there are, and what to run next."""
    if not rows:
        return f"No [[server]] is in {config.path}; `netguard config init` prints an example."
    number = counted(len(rows), "server")
    if all(row.checked is None for row in rows):
        return f"{number}, none of them ever checked; next: netguard sweep --servers"
    gateways = sum(row.verdict in GATEWAYS for row in rows)
    told = counted(gateways, "gateway") if gateways else "no gateway"
    next_ = f"; next: netguard server check {rows[0].server}" if gateways else ""
    return f"{number}, {told}{next_}"
