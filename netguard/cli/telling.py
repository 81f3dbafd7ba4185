"""Tells people what a command has found, at its end."""

from datetime import datetime

from netguard import clock
from netguard.config import Config
from probes.records import Gap


async def told(config: Config, *, since: datetime) -> tuple[Gap, ...]:
    """Tell every `[[alert]]` what is new since then; return whom that did not reach."""
    if not config.alerts:
        return ()
    from netguard.alerts.telling import tell_once  # noqa: PLC0415 - most have nobody to tell

    return await tell_once(config, clock=clock.now, since=since)
