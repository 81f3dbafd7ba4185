"""The numbers that are shown, as one frozen record, and those of them that the store knows."""

import importlib.metadata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from netguard.checking import gaps_about
from netguard.findings import Finding
from netguard.inventory import Inventory
from netguard.store import SweepRecord
from netguard.store.sweeps import ended
from probes.listen import Counters


class FindingLabels(NamedTuple):
    """What findings are counted by; the segment is "" where they belong to none."""

    segment: str
    kind: str
    severity: str
    state: str


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """A segment's last sweep: when it ended, its seconds, and the gaps that are about it."""

    ended: datetime
    duration: float
    gaps: int


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be shown; what is None, or has no entry, is not shown at all.

    A counter that appears with its first count has no rate: whoever counts begins each of them at
    0. Counters begin anew with each process.
    """

    version: str = msgspec.field(default_factory=lambda: importlib.metadata.version("netguard"))
    store_up: bool | None = None  # whether the store could be used the last time
    findings: Mapping[FindingLabels, int] = {}  # that are open or acknowledged now
    swept: Mapping[str, Swept] = {}  # by segment
    counts: Mapping[str, int] = {}  # as `SweepRecord.counts`, summed over the last sweeps
    opened: Mapping[str, int] = {}  # findings opened or reopened so far, by kind
    heard: Mapping[str, Counters] = {}  # what the ears on each segment counted so far
    notices: Mapping[str, int] = {}  # syslog lines and notifications so far, by `Notice.kind`
    received: Mapping[str, int] = {}  # as `probes.notices.hearing.Counters`, by its fields
    checks: int | None = None  # targeted checks so far
    alerts_told: int | None = None  # messages that were taken so far
    alert_failures: int | None = None  # attempts that failed so far
    ports_closed: Mapping[str, int] = {}  # unattended closings so far, by outcome
    spooled_looks: int | None = None  # that wait now for the store, on disk or in memory
    late: Mapping[str, int] = {}  # runs so far that took too long for their interval, by task


def from_store(
    inventory: Inventory, findings: Iterable[Finding], sweeps: Mapping[str, SweepRecord]
) -> Numbers:
    """Return what the store knows: findings in any state, and each segment's last sweep by name."""
    return Numbers(
        store_up=True,
        findings=Counter(_labels(f) for f in findings if f.state != "resolved"),
        swept=dict(_swept(inventory, sweeps)),
        counts=_counts(sweeps),
    )


def _labels(finding: Finding) -> FindingLabels:
    return FindingLabels(finding.segment or "", finding.kind, finding.severity, finding.state)


def _swept(inventory: Inventory, sweeps: Mapping[str, SweepRecord]) -> Iterator[tuple[str, Swept]]:
    for segment in inventory.segments:
        if sweep := sweeps.get(segment.name):
            gaps = sum(1 for _ in gaps_about(segment, sweep.gaps, inventory))
            yield segment.name, Swept(ended=ended(sweep), duration=sweep.duration, gaps=gaps)


def _counts(sweeps: Mapping[str, SweepRecord]) -> Counter[str]:
    """Sum the counts of the last sweeps; one of several segments counts once."""
    each = {(sweep.started, sweep.segments): sweep for sweep in sweeps.values()}
    counts: Counter[str] = Counter()
    for sweep in each.values():
        counts.update(sweep.counts)
    return counts
