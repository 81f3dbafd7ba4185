"""What the commands of `netguard port` do: gather, show, ask for a word, act, show the outcome."""

import asyncio
from typing import NamedTuple

import click
import msgspec

from netguard import clock, freezing
from netguard.cli.common import App, print_json
from netguard.cli.findings import caller
from netguard.cli.port_screen import (
    ask_for_word,
    show_found,
    show_history,
    show_next,
    show_plan,
    show_report,
    show_step,
)
from netguard.cli.port_target import Named, Wish, switch_port, wanted
from netguard.cli.progress import progress_bar
from netguard.config import Config, load
from netguard.config.places import sqlite_file
from netguard.emergency.acting import attempt, carry_out, decline, order_for
from netguard.emergency.gathering import gather
from netguard.emergency.known import Known, know
from netguard.emergency.placing import Unplaced, Wanted
from netguard.emergency.recovery import recover
from netguard.emergency.report import PortReport, planned, unplaced
from netguard.errors import Exit
from netguard.meter import Progress
from netguard.shutdown import Plan, plan
from netguard.situation import Situation
from netguard.switches.change import Attempt

FRESH = 15.0  # seconds that a person may think before everything is looked at again
_EXITS = {
    "planned": Exit.DONE,
    "done": Exit.DONE,
    "refused": Exit.REFUSED,
    "failed": Exit.FAILED,
    "unconfirmed": Exit.UNCONFIRMED,
}


class _Desk(NamedTuple):
    """What every step of a command needs."""

    app: App
    config: Config
    known: Known


def show(app: App, named: Named) -> int:
    """Show a port; where it stands closed, what would forbid to open it."""
    desk = _desk(app)
    s = _gathered(desk, wanted(desk.config, named, "shutdown"))
    if isinstance(s, PortReport):
        return _told(app, s)
    if s.interface is not None and s.interface.admin_status == "down":
        s = _gathered(desk, Wanted(change="restore", port=s.port))
        if isinstance(s, PortReport):
            return _told(app, s)
    report = msgspec.structs.replace(_planned(desk, s, plan(s)), outcome="planned")
    if app.json:
        print_json(report)
        return Exit.DONE
    show_plan(report, err=False, whole=app.verbose > 0)
    show_next(report)
    show_history(desk.known.journal.actions(s.port) or (), whole=False, latest=3)
    return Exit.DONE


def act(app: App, named: Named, wish: Wish) -> int:
    """Close or open a port, as far as the guards and the person let it happen."""
    if not wish.dry_run and not (wish.reason or "").strip():
        raise click.UsageError("Say why: --reason TEXT. It stands in the history.")
    desk = _desk(app)
    try:
        meant = wanted(desk.config, named, wish.change)
        s = _gathered(desk, meant)
        if isinstance(s, PortReport):
            return _told(app, s)
        return _told(app, _decided(desk, meant, s, wish))
    except KeyboardInterrupt:
        click.echo("\nnetguard: interrupted; nothing was changed", err=True)
        return Exit.REFUSED


def _desk(app: App) -> _Desk:
    """Read what there is to know, and say first what an earlier command left unfinished."""
    config = load(app.config)
    known = know(config)
    show_found(asyncio.run(recover(config, known, clock=clock.now)))
    if known.gap is not None:
        click.secho(f"without history: {known.gap.detail}", fg="yellow", err=True)
    return _Desk(app, config, known)


def _gathered(desk: _Desk, meant: Wanted) -> Situation | PortReport:
    found: list[Situation] = []

    async def look(progress: Progress) -> None:
        # Not returned: at its end asyncio.run has the whole result spelled out (by the repr of
        # its main task), which for 200 switches takes longer than to read many of them.
        found.append(
            await gather(desk.config, meant, desk.known, clock=clock.now, progress=progress)
        )

    with progress_bar() as progress:
        try:
            asyncio.run(look(progress))
        except Unplaced as lost:
            detail = f"{lost.message}. {lost.remedy}".strip()
            return unplaced(lost.guard, detail, change=meant.change)
    return found[0]


def _planned(desk: _Desk, s: Situation, decided: Plan) -> PortReport:
    device = s.view.devices[s.port.device]
    gaps = (*device.gaps, *((desk.known.gap,) if desk.known.gap else ()))
    return planned(decided, finding=s.finding.id if s.finding else None, gaps=gaps)


def _decided(desk: _Desk, meant: Wanted, s: Situation, wish: Wish) -> PortReport:
    decided = plan(s, wish.lifted)
    report = _planned(desk, s, decided)
    show_plan(report, err=True, whole=desk.app.verbose > 0)
    if wish.dry_run:
        return report
    trying = _attempt(desk, s, wish)
    if decided.refused_by:
        reasons = (f"{v.guard}: {v.reason}" for v in decided.verdicts if v.reason and not v.lifted)
        return decline(s, trying, "; ".join(reasons))
    if not wish.yes and (why := ask_for_word(report)):
        return decline(s, trying, why)
    if (clock.now() - s.now).total_seconds() > FRESH:
        again = _gathered(desk, meant)
        if isinstance(again, PortReport) or _differs(decided, plan(again, wish.lifted)):
            return decline(s, trying, "it changed while you were thinking: run again")
        s, trying = again, _attempt(desk, again, wish)
    return _carried_out(desk, s, trying, report)


def _carried_out(desk: _Desk, s: Situation, trying: Attempt, before: PortReport) -> PortReport:
    """Carry it out; a first Ctrl-C waits for the outcome, a second one does not."""
    try:
        return asyncio.run(carry_out(s, trying, desk.known, config_option=desk.app.config))
    except KeyboardInterrupt:
        detail = "interrupted while the order was under way; `netguard port show` tells"
        return msgspec.structs.replace(
            before, action_id=trying.action_id, outcome="unconfirmed", detail=detail
        )


def _attempt(desk: _Desk, s: Situation, wish: Wish) -> Attempt:
    order = order_for(s, who=caller(), reason=str(wish.reason).strip())
    return attempt(
        desk.config,
        s,
        desk.known,
        order,
        clock=clock.now,
        lifted=wish.lifted,
        tell=show_step,
    )


def _differs(one: Plan, other: Plan) -> bool:
    """Tell whether a second look shows another port, other stations, or a refusal."""
    return (
        bool(other.refused_by)
        or (one.port, one.if_index) != (other.port, other.if_index)
        or {x.mac for x in one.stations} != {x.mac for x in other.stations}
    )


def _told(app: App, report: PortReport) -> int:
    """Print the report, and return the exit code that goes with it."""
    if app.json:
        print_json(report)
    else:
        show_report(report)
    if report.outcome == "done" and report.conflict_cleared is False:
        return Exit.UNCONFIRMED
    return _EXITS[report.outcome]


def history(app: App, device: str | None, port_name: str | None, *, verify: bool) -> int:
    """List the history of a port, or of all, or verify its chain."""
    desk = _desk(app)
    if verify:
        return _verified(app, desk.config)
    of = None if device is None else switch_port(desk.config, device, port_name)
    actions = desk.known.journal.actions(of)
    if actions is None:
        return Exit.FAILED  # why was said already
    if app.json:
        print_json(actions)
    else:
        show_history(actions, whole=app.verbose > 0)
    return Exit.DONE


def _verified(app: App, config: Config) -> int:
    from netguard.store import open_store  # noqa: PLC0415 - only this needs the store itself

    with open_store(config.store, create=False) as store:
        found = store.verify()
    if app.json:
        print_json(found)
    elif found.broken is None:
        click.echo(
            f"{found.count} records, each as it was written; the last digest is {found.last}"
        )
    else:
        click.secho(f"netguard: the history is not as it was written: {found.detail}", fg="red")
    return Exit.DONE if found.broken is None else Exit.FAILED


def freeze(app: App, reason: str) -> int:
    """Stop unattended action."""
    said = f"{clock.now():%Y-%m-%dT%H:%M:%SZ} {caller()}: {reason or 'no reason given'}"
    store = load(app.config).store
    freezing.freeze(store, said)
    path = freezing.freeze_file(store)
    if app.json:
        print_json({"frozen": True, "file": path})
    else:
        until = f"while {path} exists" if path else "by anybody with this store, until it is thawed"
        click.echo(f"Frozen: nothing is changed unattended {until}.")
    file = sqlite_file(store)
    if file is not None and not file.exists():
        said = f"netguard: nobody has used the store {file} yet: whoever has another is not frozen"
        click.secho(said, fg="yellow", err=True)
    return Exit.DONE


def thaw(app: App) -> int:
    """Allow it again."""
    config = load(app.config)
    was = freezing.thaw(config.store)
    if app.json:
        print_json({"frozen": False, "file": freezing.freeze_file(config.store), "was": was})
    else:
        click.echo("Thawed." if was else "It was not frozen.")
    return Exit.DONE
