"""Keeps what servers were seen to be, and says what changed; without a store it goes on without."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Self, TypeVar

import msgspec

from netguard.errors import StoreError
from netguard.findings import Finding
from netguard.forwarding.changes import Change, change
from netguard.forwarding.records import ServerReport
from netguard.rules.forwarding_server import forwarding_server
from netguard.store import ServerRecord, ServerSweep, Store, open_store, store_gap
from probes.records import Gap

T = TypeVar("T")

RESUME = timedelta(hours=12)  # a sweep broken off longer ago is begun anew


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a report: its finding is in it; what changed, and what ended."""

    report: ServerReport
    change: Change | None = None
    resolved: tuple[Finding, ...] = ()


class ServerMemory:
    """The store's part about servers, a context manager.

    `gap` says why something could not be remembered; the work goes on without.
    """

    def __init__(self, url: str) -> None:
        self.gap: Gap | None = None
        self._url = url
        self._store: Store | None = None
        self._before: dict[str, ServerRecord] = {}

    def __enter__(self) -> Self:
        try:
            self._store = open_store(self._url)
        except StoreError as error:
            self.gap = store_gap(error)
        known = self._try(lambda store: store.servers()) or ()
        self._before = {record.server: record for record in known}
        return self

    def __exit__(self, *_error: object) -> None:
        if self._store is not None:
            self._store.__exit__()

    def _try(self, use: Callable[[Store], T]) -> T | None:
        """Use the store; None where there is none, or where it fails."""
        if self._store is None:
            return None
        try:
            return use(self._store)
        except StoreError as error:
            self.gap = store_gap(error)
            return None

    def keep(self, report: ServerReport, segment: str | None, sweep: int | None = None) -> Kept:
        """Write a report down. Only a whole one that finds the server plain ends a finding."""
        finding = forwarding_server(report, segment)
        plain = report.verdict == "plain" and not report.gaps
        changes = self._try(
            lambda store: store.record_server(
                _record(report, sweep),
                finding,
                covered=lambda f: plain and _about(f, report.server),
                now=report.started,
            )
        )
        if changes is None:
            found = () if finding is None else (finding,)
            return Kept(report=msgspec.structs.replace(report, findings=found))
        standing = tuple(f for f in changes.findings if _about(f, report.server))
        ended = {event.finding for event in changes.events if event.happening == "resolved"}
        before = self._before.get(report.server)
        return Kept(
            report=msgspec.structs.replace(
                report, findings=tuple(f for f in standing if f.state != "resolved")
            ),
            change=change(
                before.verdict if before else None, before.states if before else {}, report
            ),
            resolved=tuple(f for f in standing if f.id in ended),
        )

    def standing(self, servers: Collection[str]) -> tuple[Finding, ...]:
        """Return the findings about these servers that have not ended."""
        found = self._try(lambda store: store.findings({"open", "acknowledged"})) or ()
        return tuple(f for f in found if any(_about(f, server) for server in servers))

    def begin(self, now: datetime) -> ServerSweep:
        """Take up a sweep over the servers that was broken off, or begin one."""
        oldest = now - RESUME
        begun = self._try(lambda store: store.begin_server_sweep(now, oldest=oldest))
        return begun or ServerSweep(number=0, started=now)

    def end(self, sweep: ServerSweep, now: datetime) -> None:
        """Note that a sweep has come to its end."""
        self._try(lambda store: store.end_server_sweep(sweep.number, now))


def _about(finding: Finding, server: str) -> bool:
    return finding.kind == "forwarding-server" and finding.server == server


def _record(report: ServerReport, sweep: int | None) -> ServerRecord:
    return ServerRecord(
        server=report.server,
        checked=report.started,
        verdict=report.verdict,
        summary=report.summary,
        states={str(each.address): each.state for each in report.addresses},
        sweep=sweep,
    )
