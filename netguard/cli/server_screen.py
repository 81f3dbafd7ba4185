"""How a server, its addresses and the way to them look on a screen."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby

import click

from netguard.cli.common import print_table, printable
from netguard.cli.progress import progress_bar
from netguard.cli.show import show_gaps
from netguard.forwarding.records import (
    GATEWAYS,
    STATES,
    AddressReport,
    Judgement,
    Path,
    ServerReport,
)
from netguard.inventory import Server
from netguard.meter import Progress
from probes.records import IPAddress

_COLOURS = {"plain": "green", "undecided": "yellow"}  # a gateway is red
_EVERY = 0.2  # seconds between two drawings

Watch = Callable[[str, str, Mapping[IPAddress, Judgement]], None]


@contextmanager
def live_table(server: Server) -> Iterator[tuple[Progress, Watch]]:
    """Show, to a person, what is decided about the addresses so far, place by place."""
    if sys.stderr is None or not sys.stderr.isatty():
        with progress_bar() as progress:
            yield progress, lambda _place, _server, _judgements: None
        return
    from rich.console import Console, Group  # noqa: PLC0415 - only a terminal needs it
    from rich.live import Live  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    doing: dict[str, tuple[int, int]] = {}
    decided: dict[str, Counter[str]] = {}

    def drawing() -> Group:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for header in ("asked from", *STATES):
            table.add_column(header, justify="left" if header == "asked from" else "right")
        for place, count in decided.items():
            table.add_row(place, *(str(count[state] or "") for state in STATES))
        lines = [f"{what}: {done} of {total}" for what, (done, total) in doing.items() if total]
        return Group(
            Text(f"{server.name} {server.address}", style="bold"), *map(Text, lines), table
        )

    with Live(
        console=Console(stderr=True),
        transient=True,
        refresh_per_second=1 / _EVERY,
        get_renderable=drawing,
    ):

        def tell(what: str, done: int, total: int) -> None:
            doing[what] = done, total

        def watch(place: str, _server: str, judgements: Mapping[IPAddress, Judgement]) -> None:
            decided[place] = Counter(judgement.state for judgement in judgements.values())

        yield tell, watch


def show_report(report: ServerReport, server: Server, *, whole: bool) -> None:
    """Print a report: verdict, way, addresses, reasons, what to do; `whole` with every packet."""
    port = f"  {server.port}" if server.port else ""
    click.secho(printable(f"{report.server}  {report.address}{port}"), bold=True)
    colour = _COLOURS.get(report.verdict, "red")
    label = click.style(report.verdict.upper(), fg=colour, bold=True)
    click.echo(f"{label}  {printable(report.summary)}")
    click.echo(f"\n  {picture(report)}\n")
    _show_blocks(report)
    _show_addresses(report.addresses, whole=whole)
    for path in report.paths:
        show_path(path)
    click.echo("\nWhy")
    for evidence in report.evidence:
        if whole or not evidence.detail.startswith(tuple(f"{v}: " for v in report.vantages)):
            click.echo(printable(f"  - {evidence.detail}"))
    if report.disagreements:
        number = report.disagreements
        click.secho(
            f"  - {number} addresses look different from different places (SEEN FROM)", fg="yellow"
        )
    click.echo(f"It would be overturned by {report.overturned_by}.")
    click.echo(f"\n{report.advice}")
    if report.verdict in GATEWAYS and server.port:
        click.echo(f"next: netguard port show {server.port}")
    if not whole:
        click.echo(f"Every packet behind this: netguard server check {report.server} -v")
    show_gaps(report.gaps)


def picture(report: ServerReport) -> str:
    """Draw the way in one line: who asks, the router, the server, and what is behind it."""
    behind = [a for a in report.addresses if a.state == "forwarded"]
    way = f"{', '.join(report.vantages) or 'nobody'} --> {report.server}"
    if not behind:
        return way
    times = sorted(a.rtt_ms for a in behind if a.rtt_ms is not None)
    answers = sum(a.alive for a in behind)
    far = f", {times[len(times) // 2]:.1f} ms away" if times else ""
    noun = "address" if len(behind) == 1 else "addresses"
    return f"{way} ==> {len(behind)} {noun} ({answers} answer{far})"


def _show_blocks(report: ServerReport) -> None:
    if not report.blocks:
        return
    rows = [
        (
            f"{b.block}{' (sample)' if b.sampled else ''}",
            *(getattr(b, state) or "" for state in STATES),
        )
        for b in report.blocks
    ]
    print_table(("BLOCK", *(state.upper() for state in STATES)), rows)


def _show_addresses(addresses: Sequence[AddressReport], *, whole: bool) -> None:
    """Print the addresses, those of one kind that follow one another as one line."""
    if not addresses:
        return
    click.echo()
    rows = [_row(list(run)) for _, run in groupby(addresses, key=_kind)]
    print_table(("ADDRESS", "STATE", "ANSWERS", "BY WAY OF", "RTT", "SEEN FROM"), rows)
    for address in addresses if whole else ():
        click.echo()
        click.echo(printable(f"{address.address}  {address.state}"))
        for evidence in address.evidence:
            click.echo(printable(f"  {evidence.detail}"))


def _kind(address: AddressReport) -> tuple[object, ...]:
    return address.state, address.alive, address.via, tuple(address.seen_from.items())


def _row(run: Sequence[AddressReport]) -> tuple[object, ...]:
    first, last = run[0], run[-1]
    times = [a.rtt_ms for a in run if a.rtt_ms is not None]
    seen = ", ".join(f"{place}: {state}" for place, state in first.seen_from.items())
    same = len(set(first.seen_from.values())) <= 1
    return (
        f"{first.address}" if first is last else f"{first.address} - {last.address}",
        first.state,
        "yes" if first.alive else "no",
        first.via or "",
        f"{min(times):.1f} ms" if times else "",
        ", ".join(first.seen_from) if same else seen,
    )


def show_path(path: Path) -> None:
    """Print the way to an address, a line for each hop."""
    click.secho(f"\nThe way to {path.address} ({path.method})", bold=True)
    for hop in path.hops:
        who = f"{hop.source}{f'  {hop.name}' if hop.name else ''}" if hop.source else "*"
        time = f"  {hop.rtt_ms:.1f} ms" if hop.rtt_ms is not None else ""
        said = "" if hop.said in {"time-exceeded", ""} else f"  ({hop.said})"
        click.echo(printable(f"  {hop.hop:>2}  {who}{time}{said}"))
    if not path.arrived:
        click.secho("   it does not arrive", fg="yellow")
