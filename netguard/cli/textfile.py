"""What a sweep leaves for Prometheus: the store as it stands after it, or the sweep alone."""

from pathlib import Path

import msgspec

from netguard.config import Config
from netguard.errors import StoreError
from netguard.metrics import Numbers, from_store, write
from netguard.store import SweepRecord, open_store
from netguard.sweep import Report


def write_textfile(path: Path, config: Config, report: Report) -> None:
    """Write the metrics after a sweep; raises NetguardError where the file cannot be written."""
    write(path, _numbers(config, report))


def _numbers(config: Config, report: Report) -> Numbers:
    """Return what the store knows of all segments; where it cannot be used, what was just seen."""
    inventory = config.inventory
    if not any(gap.subject == "store" for gap in report.gaps):
        try:
            with open_store(config.store, create=False) as store:
                findings = store.findings(("open", "acknowledged"))
                sweeps = store.last_sweeps([segment.name for segment in inventory.segments])
        except StoreError:
            pass  # it has just been lost: what was seen is as good as what it would say
        else:
            return from_store(inventory, findings, sweeps)
    sweep = SweepRecord(
        started=report.started,
        duration=report.duration_s,
        segments=report.segments,
        counts=report.counts,
        gaps=report.gaps,
    )
    seen = from_store(inventory, report.findings, dict.fromkeys(report.segments, sweep))
    return msgspec.structs.replace(seen, store_up=False)
