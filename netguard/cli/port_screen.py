"""How a port, a plan, an outcome and the history look on a screen at four in the morning."""

import shlex
import sys
from collections.abc import Callable, Iterable, Sequence

import click

from netguard import clock
from netguard.cli.common import print_table, printable, when
from netguard.cli.show import show_gaps
from netguard.emergency.report import PortReport
from netguard.history import Action
from netguard.shutdown import Occupant, liftable

_COLOURS = {
    "planned": "cyan",
    "done": "green",
    "refused": "yellow",
    "failed": "red",
    "unconfirmed": "red",
}
_VERBS = {"shutdown": ("close", "closed"), "restore": ("open", "opened")}


def show_plan(report: PortReport, *, err: bool, whole: bool) -> None:
    """Print a port, who is behind it, and what the guards say; `whole` with those that let pass."""

    def say(text: str, colour: str | None = None, *, bold: bool = False) -> None:
        click.secho(printable(text), err=err, fg=colour, bold=bold)

    names = f"{report.descr}{f', {report.alias!r}' if report.alias else ''}"
    say(f"{report.device} {report.port}  ({names}, ifIndex {report.if_index})", bold=True)
    say(f"  now        admin {report.before.admin}, oper {report.before.oper}")
    if report.server:
        customer = f", customer {report.customer}" if report.customer else ""
        say(f"  server     {report.server}{customer}")
    for station in report.stations:
        say(f"  station    {_occupant(station)}", "red" if station.target else None)
    if not report.stations:
        say("  station    none was seen")
    if report.finding:
        say(f"  finding    {report.finding}")
    status = {"shutdown": "down(2)", "restore": "up(1)"}[report.change]
    say(f"  change     ifAdminStatus.{report.if_index} = {status}")
    _show_guards(report, say, whole=whole)
    if report.gaps:
        show_gaps(report.gaps)


def _occupant(station: Occupant) -> str:
    addresses = " ".join(map(str, station.addresses))
    who = (station.mac, addresses, station.server)
    return "  ".join(filter(None, (*who, "<- meant" if station.target else "")))


def _show_guards(report: PortReport, say: Callable[..., None], *, whole: bool) -> None:
    verb = _VERBS[report.change][0]
    refusing = [v for v in report.guards if v.reason]
    asked = liftable(report.change)  # the others are for what is done unattended
    passed = [v.guard for v in report.guards if not v.reason and v.guard in asked]
    if not refusing:
        say(f"  guards     all {len(passed)} let pass: nothing forbids to {verb} it", "green")
    for verdict in refusing:
        colour = "cyan" if verdict.lifted else "yellow"
        label = "overridden" if verdict.lifted else "refused by"
        say(f"  {label} {verdict.guard}: {verdict.reason}", colour)
    if whole and passed:
        say(f"  let pass   {', '.join(passed)}")


def show_next(report: PortReport) -> None:
    """Print the command that would change the port now, where no guard forbids it."""
    if not report.refused_by and report.device and report.port:
        words = ("netguard", "port", report.change, report.device, report.port)
        click.echo(f"  next       {shlex.join(words)} --reason TEXT")


def ask_for_word(report: PortReport) -> str:
    """Ask for the port's name; return why there is no word, empty where it was given."""
    verb = _VERBS[report.change][0]
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        return "not confirmed: nobody can type here, and --yes was not given"
    try:
        typed = click.prompt(
            f"Type {report.port} to {verb} it", default="", show_default=False, err=True
        )
    except click.Abort:
        click.echo(err=True)
        return "not confirmed"
    right = typed.strip().casefold() in {
        str(report.port).casefold(),
        f"{report.device} {report.port}".casefold(),
    }
    return "" if right else f"not confirmed: {typed.strip()!r} is not {report.port}"


def show_step(step: str) -> None:
    """Say what is being done, to a person."""
    if sys.stderr is not None and sys.stderr.isatty():
        click.secho(f"  ... {step}", dim=True, err=True)


def show_report(report: PortReport) -> None:
    """Print what became of it, and the undo."""
    label = click.style(report.outcome.upper(), fg=_COLOURS[report.outcome], bold=True)
    where = f"{report.device} {report.port}" if report.port else ""
    click.echo(f"{label} {printable(' '.join(filter(None, (where, _sentence(report)))))}")
    if report.conflict_cleared is not None:
        text, colour = _ending(report)
        click.secho(text, fg=colour)
    if report.undo:
        click.echo(f"  undo: {report.undo}")


def _sentence(report: PortReport) -> str:
    done = _VERBS[report.change][1]
    match report.outcome:
        case "planned":
            return f"may be {done}; this was a dry run"
        case "done":
            after = report.after
            state = f"admin {after.admin}, oper {after.oper}" if after else ""
            return f"{done}: {state}{f'; {report.detail}' if report.detail else ''}"
        case "refused":
            return f"was not {done}; nothing was changed: {_why(report)}"
        case "failed":
            return f"is as it was: {_why(report)}"
        case _:
            return f"may or may not be {done}: look now: {_why(report)}"


def _why(report: PortReport) -> str:
    if report.detail:
        return report.detail
    reasons = [f"{v.guard}: {v.reason}" for v in report.guards if v.reason and not v.lifted]
    return "; ".join(reasons)


def _ending(report: PortReport) -> tuple[str, str]:
    if report.conflict_cleared:
        return "  The trouble is over: asked again, nobody answers who may not.", "green"
    return "  The trouble goes on: the address is still not answered as it should be.", "red"


def show_found(found: Iterable[Action]) -> None:
    """Say what earlier commands left unfinished, and what the port is like now."""
    for action in found:
        verb = _VERBS[action.order.change][0]
        click.secho(
            printable(
                f"unfinished: {action.order.who} wanted to {verb} {action.port}"
                f" ({action.order.reason}), action {action.action_id}: {action.detail}"
            ),
            fg="magenta",
            err=True,
        )


def show_history(actions: Sequence[Action], *, whole: bool, latest: int | None = None) -> None:
    """Print one line for each attempt, or, if `whole`, for each record of it."""
    shown = list(actions) if whole else list({a.action_id: a for a in actions}.values())
    if latest is not None:
        shown = shown[-latest:]
        if shown:
            click.secho("\nhistory", bold=True)
    elif not shown:
        click.echo("Nothing was ever done to a port.", err=True)
    now = clock.now()
    headers = ("WHEN", "PORT", "CHANGE", "OUTCOME", "WHO", "SERVER", "ACTION", "DETAIL")
    if shown or latest is None:
        print_table(headers, [_row(action, when(action.at, now)) for action in shown])


def _row(action: Action, moment: str) -> tuple[object, ...]:
    order = action.order
    outcome = action.outcome or action.step
    detail = "; ".join(filter(None, (order.reason, action.detail)))
    return (
        moment,
        action.port,
        order.change,
        outcome,
        f"{order.who} (unattended)" if order.automatic else order.who,
        action.server,
        action.action_id,
        detail,
    )
