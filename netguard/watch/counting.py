"""The daemon's numbers, counted as they come by, for who reads its metrics."""

from collections import Counter
from collections.abc import Mapping
from typing import get_args

from msgspec.structs import replace

from netguard.config import Config
from netguard.errors import StoreError
from netguard.findings import Finding, Kind
from netguard.inventory import Inventory
from netguard.metrics import Numbers, from_store
from netguard.store import SweepRecord, open_store
from netguard.watch.events import Event
from probes.heard import Notice
from probes.listen import Counters

_OUTCOMES = ("done", "unconfirmed", "failed", "refused")
_NOTICES = get_args(Notice.__annotations__["kind"])


class Counting:
    """Counts events; `numbers` may be read from any thread."""

    def __init__(self) -> None:
        self.checks = 0
        self.alerts_told = 0
        self.alert_failures = 0
        self.late: Counter[str] = Counter()
        self._opened: Counter[str] = Counter(dict.fromkeys(get_args(Kind), 0))
        self._notices: Counter[str] = Counter(dict.fromkeys(_NOTICES, 0))
        self._closed: Counter[str] = Counter(dict.fromkeys(_OUTCOMES, 0))
        self._stored = Numbers()

    def count(self, event: Event) -> None:
        """Count one event."""
        if event.finding is not None and event.happening in {"opened", "reopened"}:
            self._opened[event.finding.kind] += 1
        if event.notice is not None:
            self._notices[event.notice.kind] += 1
        if event.deed is not None and event.deed.change == "shutdown":
            self._closed[event.deed.outcome] += 1

    def stored(
        self,
        inventory: Inventory,
        findings: tuple[Finding, ...],
        sweeps: Mapping[str, SweepRecord] | None,
        spooled: int,
    ) -> None:
        """Take in what the store says now; no sweeps where it is away."""
        known = (
            Numbers(store_up=False) if sweeps is None else from_store(inventory, findings, sweeps)
        )
        self._stored = replace(known, spooled_looks=spooled)

    def numbers(self, heard: Mapping[str, Counters], received: Mapping[str, int]) -> Numbers:
        """Return all of it, as it stands now."""
        return replace(
            self._stored,
            opened=dict(self._opened),
            heard=heard,
            received=received,
            notices=dict(self._notices),
            checks=self.checks,
            alerts_told=self.alerts_told,
            alert_failures=self.alert_failures,
            ports_closed=dict(self._closed),
            late=dict(self.late),
        )


def last_sweeps(config: Config) -> dict[str, SweepRecord] | None:
    """Return the last sweep of each segment; None where the store is away."""
    try:
        with open_store(config.store) as store:
            return store.last_sweeps([segment.name for segment in config.inventory.segments])
    except StoreError:
        return None
