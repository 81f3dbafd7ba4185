"""The command line: `netguard <noun> <verb>`. Commands are imported only when they are run."""

import importlib
import os
import signal
import sys
from collections.abc import Sequence

import click

from netguard.cli.common import App, common_options
from netguard.errors import Exit, NetguardError
from netguard.suggest import did_you_mean

# name -> (module that defines it, attribute, one line for --help)
COMMANDS = {
    "demo": ("netguard.cli.demo", "demo", "The whole story on a practice network."),
    "sweep": ("netguard.cli.sweep", "sweep", "Measure, judge and remember, once."),
    "watch": ("netguard.cli.watch", "watch", "Listen, sweep on schedule, tell people: the daemon."),
    "replay": ("netguard.cli.replay", "replay", "What is wrong in a pcap or pcapng file."),
    "findings": ("netguard.cli.findings", "findings", "What was found, and what became of it."),
    "check": ("netguard.cli.check", "check", "Nagios/Icinga plugin over the store."),
    "host": ("netguard.cli.host", "host", "Find a station: switch, port, VLAN, path."),
    "server": ("netguard.cli.server", "server", "Are its addresses on it, or behind it?"),
    "port": ("netguard.cli.port", "port", "The emergency stop: close a port, open it again."),
    "alert": ("netguard.cli.alert", "alert", "Who is told, and whether it reaches them."),
    "device": ("netguard.cli.device", "device", "Everything read from a router or switch."),
    "inventory": ("netguard.cli.inventory", "inventory", "The servers and their addresses."),
    "config": ("netguard.cli.config", "config", "Check, show or write the configuration."),
    "lab": ("netguard.cli.lab", "lab", "A practice network for drills and tests."),
    "doctor": ("netguard.cli.doctor", "doctor", "Can this machine do its job?"),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, everyday commands first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command."""
        if cmd_name not in COMMANDS:
            ctx.fail(f"No such command {cmd_name!r}. {did_you_mean(cmd_name, COMMANDS)}")
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="netguard")
@common_options
def cli(app: App) -> None:
    """Find the server that breaks the network, and the switch port it hangs on.

    Exit codes: 0 done, 1 failed or incomplete, 2 usage, 3 refused and nothing changed, 4 a change
    was sent but not confirmed.
    """


def colour() -> bool | None:
    """Return whether click may colour: never under NO_COLOR (no-color.org), else by itself."""
    return False if os.environ.get("NO_COLOR") else None


def complain(message: str, remedy: str = "") -> None:
    """Write one line that says what is wrong, and one that says what to do, on stderr."""
    click.secho(f"netguard: {message}", fg="red", err=True, color=colour())
    if remedy:
        click.echo(f"  {remedy}", err=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line and exit with a code from `netguard.errors`."""
    code = run(arguments)
    # Nothing is left but to wait for threads: another Ctrl-C ends that, without a word.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; the one place where errors become codes."""
    try:
        result = cli.main(arguments, prog_name="netguard", standalone_mode=False, color=colour())
    except NetguardError as error:
        complain(error.message, error.remedy)
        return error.exit_code
    except click.Abort as stopped:
        return _stopped(stopped)
    except click.ClickException as error:
        error.show()
        return Exit.USAGE if isinstance(error, click.UsageError) else Exit.FAILED
    except BrokenPipeError:  # `netguard ... | head`
        return Exit.FAILED
    except OSError as error:  # a full disk behind stdout, for one
        complain(str(error))
        return Exit.FAILED
    return result if isinstance(result, int) else Exit.DONE


def _stopped(stopped: click.Abort) -> int:
    """Tell Ctrl-C in the middle of work from a question that was not answered."""
    if isinstance(stopped.__cause__, KeyboardInterrupt):
        complain("interrupted")
        return Exit.FAILED
    complain("not confirmed; nothing was changed")
    return Exit.REFUSED
