"""`netguard config`: check what is written, show what is in force, start with a sample."""

import os
import sys
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

import click
import msgspec

import netguard
from netguard.cli import complain
from netguard.cli.common import App, common_options, print_json, print_table
from netguard.cli.problems import report
from netguard.config import Config, load, read, secret_problems
from netguard.config.settings import LogSource, Watch, host_and_port
from netguard.config.unit import hidden, program, service_config, unit
from netguard.secrets import masked


@click.group()
@common_options
def config(app: App) -> None:
    """Check, show or write the configuration."""


@config.command()
@common_options
def check(app: App) -> int:
    """Say everything that is wrong with the configuration, secrets included.

    Exit codes: 0 nothing, or only warnings; 2 errors.
    """
    reading = read(app.config)
    found = (*reading.problems, *secret_problems(reading.config))
    return report(app, found, f"{reading.config.path}: good")


@config.command()
@common_options
def show(app: App) -> None:
    """Show the settings in force, defaults included; secrets only by their references."""
    settings = _settings(load(app.config))
    if app.json:
        print_json(settings)
    else:
        print_table(("setting", "value"), _flat(settings))


@config.command()
@click.option("--systemd", is_flag=True, help="Print the unit of `netguard watch` instead.")
@common_options
def init(app: App, *, systemd: bool) -> None:
    """Print a sample netguard.toml with comments, to begin with, or the unit for systemd.

    The unit runs this netguard with --config FILE, else $NETGUARD_CONFIG, else the system's file.
    """
    if systemd:
        name, text = "unit", _unit(app)
    else:
        name = "sample"
        text = resources.files("netguard.config").joinpath("sample.toml").read_text("utf-8")
    if app.json:
        print_json({name: text})
    else:
        click.echo(text, nl=False)


def _unit(app: App) -> str:
    """Return the unit, and say on stderr what would keep it from running."""
    command = program(sys.argv[0], sys.executable)
    file = service_config(app.config, os.environ)
    parts = (Path(command[0]), Path(sys.executable), Path(netguard.__file__))
    for path in hidden(dict.fromkeys(parts)):
        complain(
            f"{path} is in a home folder, which the unit hides",
            "Install netguard elsewhere, for example with: python3 -m venv /opt/netguard",
        )
        break
    if [*hidden([file])]:
        complain(f"{file} is in a home folder, which the unit hides", _COPY.format(file))
    elif not file.exists():
        complain(f"there is no {file} yet", f"Begin with: netguard config init > {file}")
    return unit(command, file)


_COPY = "Copy it: install -D -m 0644 {} /etc/netguard/netguard.toml"


def _settings(config: Config) -> dict[str, object]:
    """Return what may be shown: the store without password, alerts without their tokens."""
    inventory = config.inventory
    return {
        "file": config.path,
        "store": masked(config.store),
        "retention": config.retention,
        "snmp": config.snmp,
        "ssh": config.ssh,
        "devices": inventory.devices,
        "segments": inventory.segments,
        "servers": len(inventory.servers),
        "vantages": config.vantages,
        "shutdown": {
            **msgspec.structs.asdict(config.shutdown),
            "protected": [str(what) for what in config.shutdown.protected],
        },
        "watch": _watch(config.watch),
        "alerts": [{"url": _address(a.url), "severity": a.severity} for a in config.alerts],
    }


def _watch(watch: Watch) -> dict[str, object]:
    """Return where the daemon listens as it is written in the file."""
    return {
        **msgspec.structs.asdict(watch),
        "syslog": [str(source) for source in watch.syslog],
        "traps": watch.traps and str(LogSource("udp", *watch.traps)),
        "metrics": watch.metrics and host_and_port(*watch.metrics),
    }


def _address(url: str) -> str:
    """Return an alert's reference, or only the scheme of its URL: many services' URLs are keys."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}://{'***' if rest else ''}" if separator else url


def _flat(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Yield nested settings as `snmp.edge.timeout` and the value; entries by their own names."""
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, tuple | list) and any(map(_nested, value)):
        for number, inner in enumerate(value, 1):
            yield from _flat(inner, f"{name}.{getattr(inner, 'name', number)}")
    elif isinstance(value, tuple | list):
        yield name, " ".join(map(str, value))
    else:
        yield name, value


def _nested(value: object) -> bool:
    return isinstance(value, msgspec.Struct | Mapping)
