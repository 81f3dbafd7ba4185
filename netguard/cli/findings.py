"""`netguard findings`: what was found, what became of it, and a person's word on it."""

import os
import pwd
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, get_args

import click
import msgspec

from netguard import clock
from netguard.cli.common import App, common_options, print_json, print_table, when
from netguard.cli.show import show_finding
from netguard.config import load
from netguard.findings import Claimant, Finding, State, suspects
from netguard.life import Event
from netguard.suggest import did_you_mean

if TYPE_CHECKING:
    from netguard.store import Store, SweepRecord

# The id ends in the address: it needs no column of its own.
HEADERS = ("SEVERITY", "ID", "STATE", "SUSPECT", "SINCE", "LAST")


@click.group()
@common_options
def findings(app: App) -> None:
    """List what was found, and say what became of it.

    ID may be shortened to its beginning or its end between slashes, for example the address.
    """


@findings.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(get_args(State)),
    help="Only in this state; repeatable.  [default: open and acknowledged]",
)
@click.option("--segment", metavar="S", help="Only in this segment.")
@click.option("--all", "everything", is_flag=True, help="In any state.")
@common_options
def list_(app: App, states: tuple[State, ...], segment: str | None, *, everything: bool) -> None:
    """List the findings, the gravest first."""
    if everything and states:
        raise click.UsageError("--all and --state exclude each other.")
    wanted = None if everything else states or ("open", "acknowledged")
    with opened(app) as store:
        found = [f for f in store.findings(wanted) if segment in (None, f.segment)]
        sweep = store.last_sweep()
    if app.json:
        print_json(found)
        return
    now = clock.now()
    print_table(HEADERS, (_row(finding, now) for finding in found))
    number = "1 finding" if len(found) == 1 else f"{len(found)} findings"
    click.echo(f"{number}; {_freshness(sweep, now)}", err=True)


@findings.command()
@click.argument("identifier", metavar="ID")
@common_options
def show(app: App, identifier: str) -> None:
    """Show all that is known of one finding."""
    with opened(app) as store:
        finding = find(identifier, store)
        history = store.history(finding.id)
    if app.json:
        print_json({**msgspec.structs.asdict(finding), "history": history})
        return
    now = clock.now()
    show_finding(msgspec.structs.replace(finding, advice=_after_reading(finding)), now)
    if finding.acknowledged_by:
        click.echo(f"  acknowledged by {finding.acknowledged_by}")
    click.echo("\nEvidence")
    print_table(
        ("SOURCE", "SEEN", "DETAIL"),
        ((e.source, when(e.seen, now), e.detail) for e in finding.evidence),
    )
    click.echo("\nHistory")
    print_table(
        ("WHEN", "WHAT", "SEVERITY", "WHO", "NOTE", "SUMMARY"),
        (_turn(event, now) for event in history),
    )


def _after_reading(finding: Finding) -> str:
    """Return the command that follows once the finding has been read: this one has been run."""
    if finding.state != "resolved" and finding.advice.startswith("netguard port show "):
        return finding.advice
    if finding.state == "open":
        return f"netguard findings ack {finding.id} --note TEXT"
    suspects = [c.mac for c in finding.claimants if c.role != "rightful"]
    return f"netguard host locate {suspects[0]}" if suspects else "netguard sweep"


@findings.command()
@click.argument("identifier", metavar="ID")
@click.option("--note", default="", metavar="TEXT", help="Why, for whoever reads it next.")
@common_options
def ack(app: App, identifier: str, note: str) -> None:
    """Say that you know: it stays listed, and speaks up again only if it worsens."""
    with opened(app) as store:
        finding = find(identifier, store)
        after = store.acknowledge(finding.id, who=caller(), note=note, now=clock.now())
    _tell(app, after, f"acknowledged {after.id}: it stays listed, and opens again if it worsens")


@findings.command()
@click.argument("identifier", metavar="ID")
@click.option("--note", default="", metavar="TEXT", help="Why, for whoever reads it next.")
@common_options
def close(app: App, identifier: str, note: str) -> None:
    """End a finding by hand: it reopens if it is seen again."""
    with opened(app) as store:
        finding = find(identifier, store)
        after = store.close(finding.id, who=caller(), note=note, now=clock.now())
    _tell(app, after, f"closed {after.id}: it reopens if it is seen again")


def opened(app: App) -> "Store":
    """Open the configured store; a command that only reads does not make one."""
    from netguard.store import open_store  # noqa: PLC0415 - SQLAlchemy costs 0.2 s

    return open_store(load(app.config).store, create=False)


def find(given: str, store: "Store") -> Finding:
    """Return the one finding that a whole or shortened id names."""
    return resolve(given, store.findings_named(given) or store.findings())


def resolve(given: str, known: Sequence[Finding]) -> Finding:
    """Return the one finding that a whole or shortened id names; those not over come first.

    Whole parts are compared: `192.0.2.1` never names the finding on `192.0.2.10`.
    """
    matching = [finding for finding in known if _names(given, finding.id)]
    exact = [finding for finding in matching if finding.id == given]
    alive = [finding for finding in matching if finding.state != "resolved"]
    candidates = exact or alive or matching
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        several = ", ".join(finding.id for finding in candidates)
        raise click.BadParameter(f"{given!r} could be any of: {several}", param_hint="ID")
    hint = did_you_mean(given, (f.id for f in known)) if known else "The store has no findings."
    raise click.BadParameter(f"there is no finding {given!r}. {hint}", param_hint="ID")


def _names(given: str, identifier: str) -> bool:
    return f"{identifier}/".startswith(f"{given}/") or identifier.endswith(f"/{given}")


def caller() -> str:
    """Return who sits at the keyboard: behind sudo, the person and not root."""
    behind = os.environ.get("SUDO_USER") if os.geteuid() == 0 else None
    if behind:
        return behind
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run as a uid without a name
        return f"uid {os.getuid()}"


def _tell(app: App, finding: Finding, sentence: str) -> None:
    if app.json:
        print_json(finding)
    else:
        click.echo(sentence)


def _row(finding: Finding, now: datetime) -> tuple[object, ...]:
    return (
        finding.severity,
        finding.id,
        finding.state,
        ", ".join(_suspect(claimant) for claimant in suspects(finding)),
        when(finding.first_seen, now),
        when(finding.last_seen, now),
    )


def _suspect(claimant: Claimant) -> str:
    who = claimant.server or claimant.mac
    place = claimant.location
    return f"{who} on {place.device} {place.port}" if place else who


def _turn(event: Event, now: datetime) -> tuple[object, ...]:
    return (
        when(event.at, now),
        event.happening,
        event.severity,
        event.who,
        event.note,
        event.summary,
    )


def _freshness(sweep: "SweepRecord | None", now: datetime) -> str:
    """Say how much an empty list is worth."""
    if sweep is None:
        return "nothing has been swept yet"
    complete = f"with gaps: {len(sweep.gaps)}" if sweep.gaps else "complete"
    return f"last sweep {when(sweep.started, now)}, {complete}"
