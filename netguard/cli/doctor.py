"""`netguard doctor`: can this machine do its job, and if not, what is in the way."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import click

from netguard import clock
from netguard.cli.common import App, common_options, print_json, print_table
from netguard.cli.progress import progress_bar
from netguard.config import Config, Reading, read
from netguard.config.problems import errors
from netguard.doctor import devices, machine, tracing
from netguard.doctor.check import Check, failed
from netguard.doctor.listening import listening
from netguard.errors import ConfigError, Exit
from netguard.meter import Progress


@click.command()
@common_options
def doctor(app: App) -> int:
    """Try everything that a sweep needs; -v names the versions of what is installed.

    Exit codes: 0 all works, or only warnings; 1 something failed.
    """
    checks = (*_checks(app.config), *(machine.versions() if app.verbose else ()))
    if app.json:
        print_json(checks)
    else:
        rows = ((c.status, c.subject, c.detail, c.remedy) for c in checks)
        print_table(("", "what", "seen", "remedy"), rows)
    return Exit.FAILED if any(check.status == "failed" for check in checks) else Exit.DONE


def _checks(path: Path | None) -> Iterator[Check]:
    """Yield every check; what needs the configuration only if there is a sound one."""
    yield machine.system_clock(clock.now())
    try:
        reading = read(path)
    except ConfigError as error:
        yield failed("configuration", error.message, error.remedy)
        return
    yield from machine.configuration(reading, environ=os.environ)
    if not errors(reading.problems):
        yield from _site(reading)


def _site(reading: Reading) -> Iterator[Check]:
    config = reading.config
    yield machine.store(config.store)
    yield machine.unattended(config)
    yield machine.raw_sockets(config)
    yield from map(machine.segment, config.inventory.segments)
    yield from listening(config.watch)
    with progress_bar() as progress:
        yield from asyncio.run(_network(config, progress))


async def _network(config: Config, progress: Progress) -> tuple[Check, ...]:
    """Try tracing, the devices and the vantages, all at once."""
    own, known, others = await asyncio.gather(
        tracing.tracing(config),
        devices.devices(config, environ=os.environ, progress=progress),
        tracing.vantages(config, environ=os.environ, progress=progress),
    )
    return own, *known, *others
