"""Goes through all servers once: what was broken off is taken up, and only changes are told."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec

from netguard.collect import Clock
from netguard.config import Config
from netguard.findings import Finding
from netguard.forwarding.changes import Change
from netguard.forwarding.records import STATES, ServerReport
from netguard.inventory import Server, index
from netguard.meter import Progress
from netguard.servers.check import check
from netguard.servers.ground import segment_of
from netguard.servers.memory import Kept, ServerMemory
from netguard.servers.places import Places
from netguard.store import ServerSweep
from probes.records import Gap


class SweepReport(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep over the servers; `resumed` where it took up one that was broken off.

    `verdicts` counts the servers checked, `counts` has what a sweep of segments counts, and more.
    `findings` are also those about the servers that were checked before it was broken off.
    """

    started: datetime
    duration_s: float
    segments: tuple[str, ...]
    counts: dict[str, int]
    verdicts: dict[str, int]
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    resolved: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    resumed: bool = False


async def sweep_servers(
    config: Config,
    servers: Sequence[Server],
    places: Places,
    *,
    clock: Clock,
    progress: Progress,
) -> SweepReport:
    """Check the servers that have blocks; every one is on disk as soon as it is decided.

    Other hosts are asked only about servers that are not plain from here: a second opinion.
    """
    began = clock()
    first, second = _looks(places)
    with ServerMemory(config.store) as memory:
        sweep = memory.begin(began)
        night = _Night(config, memory, sweep)
        left = [server for server in servers if server.blocks and server.name not in sweep.done]

        def done(report: ServerReport) -> None:
            if report.verdict == "plain" or second is None:
                night.keep(report)

        looked = await check(config, left, first, clock=clock, progress=progress, done=done)
        doubtful = [server for server in left if server.name not in night.kept]
        if second is not None and doubtful:
            again = await check(config, doubtful, second, clock=clock, progress=progress)
            for report in again.reports:
                night.keep(report)
        memory.end(sweep, clock())
        before = memory.standing(sweep.done & {server.name for server in servers})
        return night.report(began, clock(), before, devices_read=len(looked.devices_read))


def _looks(places: Places) -> tuple[Places, Places | None]:
    """Return where all servers are asked from, and from where the doubtful ones are again."""
    near = msgspec.structs.replace(places, remote=())
    if not places.remote or not (near.here or near.segment):
        return places, None
    return near, places


class _Night:
    def __init__(self, config: Config, memory: ServerMemory, sweep: ServerSweep) -> None:
        self.kept: dict[str, Kept] = {}
        self._memory = memory
        self._sweep = sweep
        known = index(config.inventory)
        self._segments = {
            server.name: segment.name
            for server in config.inventory.servers
            if (segment := segment_of(server, config, known)) is not None
        }

    def keep(self, report: ServerReport) -> None:
        segment = self._segments.get(report.server)
        self.kept[report.server] = self._memory.keep(report, segment, self._sweep.number or None)

    def report(
        self, began: datetime, ended: datetime, before: Sequence[Finding], *, devices_read: int
    ) -> SweepReport:
        kept = self.kept.values()
        reports = [each.report for each in kept]
        asked = [address for report in reports for address in report.addresses]
        gaps = [gap for report in reports for gap in report.gaps]
        gaps += [self._memory.gap] if self._memory.gap is not None else []
        names = (self._segments.get(name) for name in self.kept)
        return SweepReport(
            started=began,
            duration_s=round((ended - began).total_seconds(), 3),
            segments=tuple(sorted({name for name in names if name})),
            counts={
                "servers_checked": len(reports),
                "addresses_probed": len(asked),
                "addresses_answered": sum(address.alive for address in asked),
                "devices_read": devices_read,
                "probes_sent": sum(report.probes_sent for report in reports),
                **{state: sum(a.state == state for a in asked) for state in STATES},
            },
            verdicts=dict(Counter(report.verdict for report in reports)),
            changes=tuple(k.change for k in kept if k.change is not None),
            findings=(*before, *(f for report in reports for f in report.findings)),
            resolved=tuple(f for each in kept for f in each.resolved),
            gaps=tuple(dict.fromkeys(gaps)),
            resumed=bool(self._sweep.done),
        )
