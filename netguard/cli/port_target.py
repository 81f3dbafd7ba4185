"""How people name a port on the command line, what they mean by it, and what they want."""

from typing import NamedTuple

import click

from netguard.cli.findings import find
from netguard.config import Config
from netguard.emergency.placing import NoSuchThing, Wanted
from netguard.history import Change
from netguard.inventory import SwitchPort
from netguard.suggest import did_you_mean
from probes.mac import canonical


class Named(NamedTuple):
    """What stood on the command line."""

    device: str | None
    port_name: str | None
    mac: str | None
    finding: str | None


class Wish(NamedTuple):
    """What a person wants done, and how."""

    change: Change
    reason: str | None
    lifted: tuple[str, ...]
    dry_run: bool
    yes: bool


def wanted(config: Config, named: Named, change: Change) -> Wanted:
    """Return what is meant; a click error says how to name it in one way."""
    ways = (named.device, named.mac, named.finding)
    if sum(way is not None for way in ways) != 1:
        raise click.UsageError("Name the port in one way: DEVICE PORT, --mac MAC or --finding ID.")
    if named.device is not None:
        return Wanted(change=change, port=switch_port(config, named.device, named.port_name))
    if named.mac is not None:
        return Wanted(change=change, mac=_mac(named.mac))
    from netguard.store import open_store  # noqa: PLC0415 - SQLAlchemy costs 0.2 s

    with open_store(config.store, create=False) as store:
        return Wanted(change=change, finding=find(str(named.finding), store))


def switch_port(config: Config, device: str, port: str | None) -> SwitchPort:
    """Return DEVICE PORT as typed, if there is such a device; blanks at the ends do not count."""
    known = [one.name for one in config.inventory.devices]
    if device not in known:
        raise NoSuchThing(
            f"no device is named {device!r} in {config.path}", remedy=did_you_mean(device, known)
        )
    if port is None or not port.strip():
        raise click.UsageError(f"Which port of {device}? Write e.g. {device} Fa0/3.")
    return SwitchPort(device, port.strip())


def _mac(text: str) -> str:
    try:
        return canonical(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--mac") from None
