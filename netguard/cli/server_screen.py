"""How a server, its addresses and the way to them look on a screen."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from textwrap import wrap

import click

from netguard.cli.common import on_terminal, print_table, printable
from netguard.cli.progress import progress_bar
from netguard.cli.show import columns, counted, folded, in_ranges, show_gaps
from netguard.forwarding.combining import disagree
from netguard.forwarding.records import (
    GATEWAYS,
    STATES,
    AddressReport,
    BlockReport,
    Judgement,
    Path,
    PathHop,
    ServerReport,
)
from netguard.inventory import Server
from netguard.meter import Progress
from probes.records import IPAddress

_COLOURS = {"plain": "green", "undecided": "yellow"}  # a gateway is red
_EVERY = 0.2  # seconds between two drawings
_GAP = 2  # blanks between two columns
_LEAST = 18  # characters that addresses need beside the other columns
_ARRIVED = frozenset({"echo-reply", "tcp", "port-unreachable"})

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
        left = [f"{w}: {done} of {total}" for w, (done, total) in doing.items() if done < total]
        parts = [Text(f"{server.name}  {server.address}", style="bold"), *map(Text, left)]
        if not decided:
            return Group(*parts)
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("ASKED FROM")
        for state in STATES:
            table.add_column(state.upper(), justify="right")
        for place, count in sorted(decided.items()):
            table.add_row(place, *(str(count[state] or "") for state in STATES))
        return Group(*parts, table)

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


def show_report(
    report: ServerReport, server: Server, *, whole: bool, asked_ports: bool = False
) -> None:
    """Print a report: verdict, way, addresses, reasons, what to do; `whole` with every packet.

    `asked_ports`: it was asked for VPN services, and silence about them would be no answer.
    """
    _show_verdict(report, server)
    click.echo(f"\n  {picture(report)}")
    for path in report.paths:
        show_path(path)
    _show_blocks(report.blocks)
    _show_addresses(report)
    if whole:
        _show_packets(report.addresses)
    _show_reasons(report, whole=whole, asked_ports=asked_ports)
    click.echo()
    click.echo(folded(printable(report.advice)))
    for what, command in _next(report, server, whole=whole):
        click.echo(f"{what}: {command}")
    show_gaps(report.gaps)


def _show_verdict(report: ServerReport, server: Server) -> None:
    label = click.style(report.verdict.upper(), fg=_COLOURS.get(report.verdict, "red"), bold=True)
    port = f"  {server.port}" if server.port else ""
    who = click.style(printable(f"{report.server}  {report.address}{port}"), bold=True)
    click.echo(f"{label}  {who}")
    click.echo(folded(printable(report.summary)))
    if report.gaps:
        gaps = counted(len(report.gaps), "gap")
        click.secho(f"Not everything could be asked: {gaps}, told last.", fg="yellow")


def picture(report: ServerReport) -> str:
    """Draw the way in one line: who asks, the server, and what is behind it."""
    way = f"{', '.join(sorted(report.vantages)) or 'nobody'} --> {report.server}"
    behind = [a for a in report.addresses if a.state == "forwarded"]
    if not behind:
        ends = sum(a.state == "bound" for a in report.addresses)
        return f"{way}  ({counted(ends, 'address', 'addresses')} on it)" if ends else way
    times = [a.rtt_ms for a in behind if a.rtt_ms is not None]
    answers = sum(a.alive for a in behind)
    told = f"{answers or 'none'} {'answer' if answers > 1 else 'answers'}"
    far = f", {median(times):.1f} ms away" if times else ""
    return f"{way} ==> {counted(len(behind), 'address', 'addresses')} behind it ({told}{far})"


def show_path(path: Path) -> None:
    """Print the way to an address, a line for each hop."""
    click.secho(f"\nThe way to {path.address} ({path.method})", bold=True)
    for hop in path.hops:
        click.echo(printable(f"  {hop.hop:>2}  {_hop(hop)}"))
    if not path.arrived:
        click.secho("  It does not arrive: nobody answers further on.", fg="yellow")


def _hop(hop: PathHop) -> str:
    if hop.source is None:
        return "*"
    words = [str(hop.source), hop.name or ""]
    words.append("" if hop.rtt_ms is None else f"{hop.rtt_ms:.1f} ms")
    if hop.said in _ARRIVED:
        words.append("(answers)")
    elif hop.said not in {"time-exceeded", ""}:
        words.append(f"({hop.said})")
    return "  ".join(word for word in words if word)


def _show_blocks(blocks: Sequence[BlockReport]) -> None:
    """Print how many addresses of each block are in which state, for a person without noughts."""
    if not blocks:
        return
    click.echo()
    terminal = on_terminal()
    used = [s for s in STATES if not terminal or any(getattr(block, s) for block in blocks)]
    rows = (
        (
            f"{block.block} ({block.asked} asked)" if block.sampled else block.block,
            *(getattr(block, state) or ("" if terminal else 0) for state in used),
        )
        for block in blocks
    )
    print_table(("BLOCK", *(state.upper() for state in used)), rows)


def _show_addresses(report: ServerReport) -> None:
    """Print the addresses: a line each for a pipe, those of one kind together for a person."""
    if not report.addresses:
        return
    click.echo()
    if not on_terminal():
        print_table((), map(_line, report.addresses))
        return
    headers: tuple[str, ...]
    headers = ("STATE", "NUMBER", "ANSWER", "RTT", "SEEN FROM", "BY WAY OF", "ADDRESSES")
    rows = [
        (*_kind(group, report), in_ranges(each.address for each in group))
        for group in _groups(report.addresses)
    ]
    used = [at for at, _ in enumerate(headers) if any(row[at] for row in rows)]
    headers = tuple(headers[at] for at in used)
    print_table(headers, _hanging(headers, [tuple(row[at] for at in used) for row in rows]))


def _line(address: AddressReport) -> tuple[object, ...]:
    """Return an address as the columns of a pipe."""
    return (
        address.address,
        address.state,
        "yes" if address.alive else "no",
        address.via,
        "" if address.rtt_ms is None else f"{address.rtt_ms:.1f} ms",
        _said(address),
    )


def _said(address: AddressReport) -> str:
    return ", ".join(f"{place}: {state}" for place, state in sorted(address.seen_from.items()))


def _groups(addresses: Sequence[AddressReport]) -> Iterator[list[AddressReport]]:
    """Yield the addresses that are of one kind, those that are on the server first."""
    kinds: dict[tuple[int, bool, str], list[AddressReport]] = {}
    for each in addresses:
        key = (STATES.index(each.state), not each.alive, _said(each) if disagree(each) else "")
        kinds.setdefault(key, []).append(each)
    for _, group in sorted(kinds.items()):
        yield group


def _kind(group: Sequence[AddressReport], report: ServerReport) -> tuple[str, ...]:
    """Return the columns of addresses of one kind, but for the addresses."""
    times = [each.rtt_ms for each in group if each.rtt_ms is not None]
    ways = {each.via for each in group if each.via is not None} - {str(report.address)}
    return (
        group[0].state,
        str(len(group)),
        "yes" if group[0].alive else "no",
        f"{min(times):.1f} ms" if times else "",
        _said(group[0]) if disagree(group[0]) else _places(group, report.vantages),
        ", ".join(sorted(ways)),
    )


def _places(group: Sequence[AddressReport], vantages: Sequence[str]) -> str:
    """Return from where all of the group look so, or at least some of them."""
    looks = [{p for p, state in a.seen_from.items() if state == a.state} for a in group]
    places = set.intersection(*looks) or set.union(*looks)
    if len(vantages) > 1 and places == set(vantages):
        return "everywhere"
    return ", ".join(sorted(places))


def _hanging(headers: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Yield the rows with the last column folded into the room that the others leave."""
    taken = sum(
        max(len(header), *(len(row[at]) for row in rows)) + _GAP
        for at, header in enumerate(headers[:-1])
    )
    room = max(_LEAST, (columns() or 0) - taken)
    for *words, last in rows:
        lines = wrap(last, room, break_long_words=False, break_on_hyphens=False)
        yield (*words, lines[0])
        yield from ((*("" for _ in words), line) for line in lines[1:])


def _show_packets(addresses: Sequence[AddressReport]) -> None:
    for address in addresses:
        click.echo()
        click.secho(printable(f"{address.address}  {address.state}"), bold=True)
        for evidence in address.evidence:
            click.echo(folded(printable(evidence.detail), first="  ", rest="      "))


def _show_reasons(report: ServerReport, *, whole: bool, asked_ports: bool) -> None:
    reasons = [evidence.detail for evidence in report.evidence]
    if not whole:  # what each place heard of the server itself is for who wants every packet
        each = tuple(f"{vantage}: " for vantage in report.vantages)
        reasons = [reason for reason in reasons if not reason.startswith(each)]
    if asked_ports and not any(reason.startswith("it offers ") for reason in reasons):
        reasons.append("it answers for no VPN service that was asked for")
    click.secho("\nWhy", bold=True)
    for reason in reasons:
        click.echo(folded(printable(reason), first="  - ", rest="    "))
    if report.disagreements:
        number = counted(report.disagreements, "address looks", "addresses look")
        click.secho(folded(f"{number} different from different places", first="  - "), fg="yellow")
    click.echo(folded(f"It would be overturned by {report.overturned_by}."))


def _next(report: ServerReport, server: Server, *, whole: bool) -> Iterator[tuple[str, str]]:
    """Yield what a person may do now, each as what for and the command."""
    others = [a.address for a in report.addresses if a.state == "elsewhere" and a.alive]
    if report.verdict in GATEWAYS:
        where = f"port show {server.port}" if server.port else f"host locate {report.address}"
        yield "next", f"netguard {where}"
    elif others:
        yield "who else answers", f"netguard host locate {others[0]}"
    for finding in report.findings:
        if finding.state == "open":
            yield "if agreed", f"netguard findings ack {finding.id} --note TEXT"
        elif finding.acknowledged_by:
            yield "known", f"acknowledged by {printable(finding.acknowledged_by)}"
    if not whole and report.addresses:
        yield "every packet", f"netguard server check {report.server} -v"
