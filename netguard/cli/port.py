"""`netguard port`, the emergency stop: look at a port, close it, open it, and what was done."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from netguard.cli.common import App, common_options
from netguard.cli.port_target import Named, Wish
from netguard.history import Change
from netguard.shutdown import liftable

Command = TypeVar("Command", bound=Callable[..., object])


@click.group()
@common_options
def port(app: App) -> None:
    """Close the right switch port in an emergency, and open it again.

    A port is named by DEVICE PORT (cat1 Fa0/3), by the station behind it (--mac), or by a finding
    whose impostor hangs on it (--finding).

    Exit codes: 0 done; 1 failed, the port is as it was; 2 usage; 3 refused or not confirmed,
    nothing was changed; 4 sent but not confirmed, or the trouble goes on: look now.
    """


def target(command: Command) -> Command:
    """Give a command the three ways to name a port."""
    for parameter in (
        click.option("--finding", metavar="ID", help="The port of this finding's impostor."),
        click.option("--mac", metavar="MAC", help="The port that this station hangs on."),
        click.argument("port_name", metavar="[PORT]", required=False),
        click.argument("device", metavar="[DEVICE]", required=False),
    ):
        command = parameter(command)
    return command


def safeguards(verb: str, guards: tuple[str, ...]) -> Callable[[Command], Command]:
    """Give a command its reason, prompt and overrides; none is read from the environment."""

    def decorate(command: Command) -> Command:
        for parameter in (
            click.option(
                "--override",
                "lifted",
                multiple=True,
                metavar="GUARD",
                type=click.Choice(guards),
                help=f"Lift this one guard; repeatable. One of: {', '.join(guards)}.",
            ),
            click.option("--yes", is_flag=True, help="Do not ask; lifts no guard."),
            click.option("--dry-run", is_flag=True, help="Stop after the guards."),
            click.option("--reason", metavar="TEXT", help=f"Why you {verb} it; required."),
        ):
            command = parameter(command)
        return command

    return decorate


def _sorted(given: dict[str, Any], change: Change) -> tuple[Named, Wish]:
    """Part what names the port from what is to be done to it."""
    named = {name: given.pop(name) for name in Named._fields}
    return Named(**named), Wish(change=change, **given)


@port.command()
@target
@common_options
def show(app: App, **named: Any) -> int:  # noqa: ANN401 - what `target` gives
    """Show a port as it is now, and what forbids to change it."""
    from netguard.cli import port_acts  # noqa: PLC0415 - --help needs none of it

    return port_acts.show(app, Named(**named))


@port.command()
@target
@safeguards("close", liftable("shutdown"))
@common_options
def shutdown(app: App, **given: Any) -> int:  # noqa: ANN401 - what both decorators give
    """Close a port, and see that the trouble ends.

    In order: guards, your word, write-ahead, SET, read back, and a look who answers now. The
    plan stands on stderr; you confirm by typing the port's name (--yes where nobody can
    type). The last line is the command that takes it back.
    """
    from netguard.cli import port_acts  # noqa: PLC0415 - --help needs none of it

    return port_acts.act(app, *_sorted(given, "shutdown"))


@port.command()
@target
@safeguards("open", liftable("restore"))
@common_options
def restore(app: App, **given: Any) -> int:  # noqa: ANN401 - what both decorators give
    """Open a port that netguard closed.

    Not while its trouble is seen elsewhere, and not what others closed (--override not-ours).
    --mac and --finding name the port that was closed because of them.
    """
    from netguard.cli import port_acts  # noqa: PLC0415 - --help needs none of it

    return port_acts.act(app, *_sorted(given, "restore"))


@port.command()
@click.argument("device", metavar="[DEVICE]", required=False)
@click.argument("port_name", metavar="[PORT]", required=False)
@click.option("--verify", is_flag=True, help="Check that no record was changed or taken out.")
@common_options
def history(app: App, device: str | None, port_name: str | None, *, verify: bool) -> int:
    """List what was done to ports, or declined.

    The latest stands last; -v shows every step. Each record carries the digest of the one
    before it; --verify checks them all, and exits 1 at the first that is not as it was written.
    The last digest also stands in syslog.
    """
    from netguard.cli import port_acts  # noqa: PLC0415 - --help needs none of it

    return port_acts.history(app, device, port_name, verify=verify)


@port.command()
@click.option("--reason", metavar="TEXT", default="", help="Why, for whoever reads it next.")
@common_options
def freeze(app: App, reason: str) -> int:
    """Forbid every unattended change.

    People may still act. It holds until `netguard port thaw`. Beside an SQLite store it is a
    file, which any shell can make as well: `netguard port freeze` prints its path. A store in
    PostgreSQL keeps it itself, for all machines that have it.
    """
    from netguard.cli import port_acts  # noqa: PLC0415 - --help needs none of it

    return port_acts.freeze(app, reason)


@port.command()
@common_options
def thaw(app: App) -> int:
    """Allow unattended changes again."""
    from netguard.cli import port_acts  # noqa: PLC0415 - --help needs none of it

    return port_acts.thaw(app)
