"""Asks all servers whether they route onward, once a night, while listening goes on."""

from collections.abc import Collection
from datetime import datetime

from netguard.collect import Clock
from netguard.config import Config
from netguard.errors import StoreError
from netguard.findings import Finding
from netguard.life import Happening
from netguard.servers.nightly import SweepReport, sweep_servers
from netguard.servers.places import places
from netguard.store import open_store
from netguard.watch.apart import apart
from netguard.watch.events import Event, Say
from probes.records import Gap

SETTLED = 60.0  # seconds after which the first looks are over


async def ask_servers(
    config: Config, known: Collection[str], *, clock: Clock, say: Say
) -> tuple[Gap, ...]:
    """Ask them, say what has turned, and return what could not be asked; `known` findings stand."""
    report = await apart(
        lambda: sweep_servers(
            config,
            config.inventory.servers,
            places(config),
            clock=clock,
            progress=lambda *_: None,
        )
    )
    say(_asked(report, clock()))
    for finding in (*report.findings, *report.resolved):
        if finding.state == "resolved" or finding.id not in known:
            say(_turned(finding, clock()))
    return report.gaps


def until_night(config: Config, now: datetime) -> float:
    """Return in how many seconds the servers are to be asked; soon, if that was broken off."""
    try:
        with open_store(config.store) as store:
            last = store.last_server_sweep()
    except StoreError:
        return SETTLED
    left = config.watch.servers - (now - last).total_seconds() if last else 0.0
    return max(SETTLED, min(left, config.watch.servers))  # last was later: the clock was set back


def _turned(finding: Finding, now: datetime) -> Event:
    happening: Happening = "resolved" if finding.state == "resolved" else "opened"
    return Event(
        time=now, event="finding", happening=happening, finding=finding, detail=finding.summary
    )


def _asked(report: SweepReport, now: datetime) -> Event:
    return Event(
        time=now,
        event="servers",
        segments=report.segments,
        counts=report.counts,
        duration_s=report.duration_s,
    )
