"""`netguard alert`: who is told of what, and whether it reaches them."""

import asyncio
import socket
from typing import TYPE_CHECKING, get_args

import click
import msgspec

from netguard import clock
from netguard.cli.common import App, common_options, print_json, print_table, when
from netguard.cli.show import show_gaps
from netguard.config import Config, load
from netguard.config.settings import Alert
from netguard.errors import ConfigError, Exit
from netguard.findings import RANK, Severity

if TYPE_CHECKING:
    from netguard.alerts.listing import AlertState

HEADERS = ("ALERT", "TO", "SEVERITY", "LAST TOLD", "WAITING", "SINCE", "FAILED", "DETAIL")
_SAMPLE = 'Add one: [[alert]] with url = "file:/etc/netguard/alert", a file that holds its URL.'


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a test reached one alert, and what to do where it did not."""

    number: int
    scheme: str | None
    severity: Severity
    delivered: bool
    detail: str = ""
    remedy: str = ""


@click.group()
@common_options
def alert(app: App) -> None:
    """Say who is told of findings, and try whether it reaches them.

    Everything is told once: what began, worsened, came back or ended. What fails is tried again.
    """


@alert.command()
@click.option(
    "--severity",
    type=click.Choice(get_args(Severity)),
    help="Only those who are told of this severity, as such.  [default: all, as a notice]",
)
@common_options
def test(app: App, severity: Severity | None) -> int:
    """Send a message that says that it is a test, and say whom it reached.

    By UDP nobody says that a message arrived: look whether it did. Exit codes: 0 delivered to all,
    1 not to all, 2 there is nobody to tell.
    """
    told = asyncio.run(_tried(_audience(load(app.config), severity), severity or "notice"))
    if app.json:
        print_json(told)
    else:
        for each in told:
            _show(each)
    return Exit.DONE if all(each.delivered for each in told) else Exit.FAILED


@alert.command("list")
@common_options
def list_(app: App) -> int:
    """List the alerts: what each was told last, what waits, and what fails since when.

    Exit code 1 where the store does not say.
    """
    from netguard.alerts.listing import standing  # noqa: PLC0415 - SQLAlchemy costs 0.2 s

    alerts, gap = standing(load(app.config))
    if app.json:
        print_json(alerts)
    else:
        print_table(HEADERS, map(_row, alerts))
        if not alerts:
            click.echo(f"no [[alert]] is configured: nobody is told. {_SAMPLE}", err=True)
    show_gaps((gap,) if gap else ())
    return Exit.FAILED if gap else Exit.DONE


def _audience(config: Config, severity: Severity | None) -> list[tuple[int, Alert]]:
    """Return the alerts to try, with their numbers; raises ConfigError where there are none."""
    if not config.alerts:
        raise ConfigError("no [[alert]] is configured: nobody is told", remedy=_SAMPLE)
    wanted = [
        (number, each)
        for number, each in enumerate(config.alerts, 1)
        if severity is None or RANK[each.severity] <= RANK[severity]
    ]
    if not wanted:
        lowest = min((each.severity for each in config.alerts), key=RANK.__getitem__)
        raise ConfigError(
            f"no [[alert]] is told of a {severity}: the least is {lowest}",
            remedy=f'Write severity = "{severity}" in one of them.',
        )
    return wanted


async def _tried(audience: list[tuple[int, Alert]], severity: Severity) -> list[Delivery]:
    from netguard.alerts import Message  # noqa: PLC0415 - only a test needs it
    from netguard.alerts.sending import scheme_of, send_to  # noqa: PLC0415

    message = Message(
        severity=severity,
        title="TEST: netguard can reach you",
        body=f"This is a test (`netguard alert test` on {socket.gethostname()},"
        f" {clock.now():%Y-%m-%dT%H:%M:%SZ}). Nothing is wrong, and there is nothing to do.",
    )
    gaps = await asyncio.gather(*(send_to(number, each, message) for number, each in audience))
    return [
        Delivery(
            number=number,
            scheme=scheme_of(each),
            severity=each.severity,
            delivered=gap is None,
            detail=gap.detail if gap else "",
            remedy=gap.remedy if gap else "",
        )
        for (number, each), gap in zip(audience, gaps, strict=True)
    ]


def _show(each: Delivery) -> None:
    if each.delivered:
        click.secho(f"alert #{each.number} {each.scheme}: delivered", fg="green")
    else:
        click.secho(f"alert #{each.number} FAILED: {each.detail}", fg="red")
        click.echo(f"  {each.remedy}")


def _row(state: "AlertState") -> tuple[object, ...]:
    now = clock.now()
    return (
        f"#{state.number}",
        state.scheme or "unreadable",
        state.severity,
        when(state.told_at, now) if state.told_at else "never",
        state.waiting,
        when(state.waiting_since, now) if state.waiting_since else "",
        state.attempts,
        state.error or ("under way, or broken off" if state.attempts else ""),
    )
