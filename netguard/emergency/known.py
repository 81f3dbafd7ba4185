"""What is remembered when a port is to be changed: pins, open findings, and what was done to it."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from netguard.config import Config
from netguard.errors import StoreError
from netguard.findings import Finding
from netguard.history import HOUR, Action
from netguard.inventory import SwitchPort
from netguard.journal import Journal, open_journal
from netguard.remember import Memory, recall
from netguard.store import open_store
from probes.records import Gap


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Memory, journal and the findings that are not over; `gap` says why there is none of it."""

    url: str
    memory: Memory
    journal: Journal
    findings: tuple[Finding, ...] = ()
    gap: Gap | None = None

    def finding(self, identifier: str) -> Finding | None:
        """Return a finding in whatever state; None where there is none, or no store."""
        try:
            with open_store(self.url, create=False) as store:
                return store.finding(identifier)
        except StoreError:
            return None

    def segments_of(self, mac: str) -> tuple[str, ...]:
        """Return the segments on which a station was seen."""
        try:
            with open_store(self.url, create=False) as store:
                return tuple(dict.fromkeys(b.segment for b in store.bindings(mac)))
        except StoreError:
            return ()


def know(config: Config) -> Known:
    """Read what is remembered; without a store there is less, and its gap says so."""
    journal, gap = open_journal(config.store)
    if gap is not None:
        return Known(
            url=config.store, memory=Memory(url=config.store, gap=gap), journal=journal, gap=gap
        )
    return Known(
        url=config.store,
        memory=recall(config.store, config.inventory),
        journal=journal,
        findings=_open_findings(config.store),
    )


def _open_findings(url: str) -> tuple[Finding, ...]:
    try:
        with open_store(url) as store:
            return store.findings(("open", "acknowledged"))
    except StoreError:
        return ()


def standing(actions: Iterable[Action] | None) -> Action | None:
    """Return the closing by which a port still stands closed, as far as its history says."""
    last = None
    for action in actions or ():
        if action.step not in ("outcome", "found"):
            continue
        if action.outcome in ("done", "unconfirmed"):
            last = action if action.order.change == "shutdown" else None
        elif last is not None and action.action_id == last.action_id:
            last = None  # it was found open again
    return last


def handled(known: Known) -> frozenset[str] | None:
    """Return the incidents that something was tried for, unattended; None where nobody knows."""
    actions = known.journal.actions(None)
    if actions is None:
        return None
    tried = (a for a in actions if a.step == "intent" and a.order.automatic)
    return frozenset(a.order.incident for a in tried if a.order.incident)


def closings(known: Known, now: datetime) -> int | None:
    """Return how many ports were closed in the last hour; None where nobody knows."""
    return known.journal.recent_shutdowns(now - HOUR)


def standing_closings(known: Known) -> tuple[Action, ...]:
    """Return, of every port that stands closed by netguard, the closing; the latest last."""
    ports: dict[SwitchPort, list[Action]] = {}
    for action in known.journal.actions(None) or ():
        ports.setdefault(action.port, []).append(action)
    last = (standing(actions) for actions in ports.values())
    return tuple(sorted(filter(None, last), key=lambda action: action.at))


def closed_port(known: Known, *, mac: str | None, finding: str | None) -> SwitchPort | None:
    """Return the port that was closed because of a station or a finding, and still is."""
    for closing in reversed(standing_closings(known)):
        if (mac and mac in closing.stations) or (finding and closing.order.finding == finding):
            return closing.port
    return None
