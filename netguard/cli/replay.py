"""`netguard replay`: listen to a capture file as to a segment."""

from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path

import click

from netguard import clock
from netguard.cli.common import App, common_options, print_json
from netguard.cli.show import counted, show_finding, show_gaps
from netguard.config import values
from netguard.errors import Exit
from netguard.hearing.ear import Ground
from netguard.inventory import IPNetwork
from netguard.replay import ReplayReport
from netguard.replay import replay as replay_file
from probes.mac import canonical
from probes.records import IPAddress


class _Network(click.ParamType[IPNetwork]):
    name = "network"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> IPNetwork:
        try:
            return ip_network(str(value))
        except ValueError:
            self.fail(f"{value!r} is no network; write it as 198.51.100.0/25", param, ctx)


class _Gateway(click.ParamType[tuple[IPAddress, str]]):
    name = "gateway"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[IPAddress, str]:
        address, _, mac = str(value).partition("=")
        try:
            return values.address(address), canonical(mac) if mac else ""
        except ValueError:
            example = "write it as 198.51.100.1 or 198.51.100.1=00:00:5e:00:53:01"
            self.fail(f"{value!r} is no gateway; {example}", param, ctx)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--network",
    "networks",
    multiple=True,
    type=_Network(),
    metavar="N",
    help="Judge only addresses in this network; repeatable.",
)
@click.option(
    "--gateway",
    "gateways",
    multiple=True,
    type=_Gateway(),
    metavar="IP[=MAC]",
    help="A gateway, and who it is; repeatable, also with several MACs for one address.",
)
@click.option("--exit-code", is_flag=True, help="Exit 1 when something was found.")
@common_options
def replay(
    app: App,
    file: Path,
    networks: tuple[IPNetwork, ...],
    gateways: tuple[tuple[IPAddress, str], ...],
    *,
    exit_code: bool,
) -> int:
    """Say what is wrong in a capture: pcap or pcapng, gzip or not; - is standard input.

    Who listens can ask nobody, so an address counts as fought over only when two stations take
    turns in claiming it, or one stands between two others. A gateway whose MAC is given (as its
    router has it) is taken as soon as somebody else claims it twice.

    Exits 0 when done, also with findings; 1 when a part of the capture could not be heard (a gap).
    """
    ground = Ground(networks=networks, gateways=_pinned(gateways))
    report = replay_file(None if str(file) == "-" else file, ground)
    if app.json:
        print_json(report)
    else:
        _show(report, whole=app.verbose > 0)
    return Exit.FAILED if report.gaps or (exit_code and report.findings) else Exit.DONE


def _pinned(gateways: Iterable[tuple[IPAddress, str]]) -> dict[IPAddress, frozenset[str]]:
    pinned: dict[IPAddress, frozenset[str]] = {}
    for address, mac in gateways:
        pinned[address] = pinned.get(address, frozenset()) | ({mac} if mac else frozenset())
    return pinned


def _show(report: ReplayReport, *, whole: bool) -> None:
    counts = report.counts
    click.echo(
        f"{counted(counts['frames'], 'frame')}, {counted(counts['claims'], 'claim')} of"
        f" {counted(counts['addresses_answered'], 'address', 'addresses')},"
        f" {report.duration_s:.1f} s"
    )
    for finding in report.findings:
        click.echo()
        show_finding(finding, clock.now(), whole=whole)
    if not report.findings:
        verdict = "Nothing found, as far as could be heard." if report.gaps else "Nothing found."
        click.secho(verdict, fg="yellow" if report.gaps else "green")
    show_gaps(report.gaps)
