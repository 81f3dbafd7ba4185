"""Writes looks down for a process that runs for months; while the store is away, nothing is lost.

Away is whatever makes it fail: a lock, a full disk, a server that is down, a file that is gone.
Looks then wait in a file of this process, findings are followed in memory, and once the store is
back it gets every look in its order, each once, whatever became of this process in between. An
SQLite file that was moved away is waited for, not made anew; one put in its place is taken as it
is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Self
from uuid import uuid4

import msgspec

from netguard import life
from netguard.errors import StoreError
from netguard.findings import Finding, State, gravest_first
from netguard.life import FLAP_WINDOW, Changes
from netguard.store import Look, Store, Unfit, open_store, store_gap
from netguard.store.spool import Spool
from netguard.store.wire import Base
from probes.records import Gap

RETRY = timedelta(seconds=5)  # between attempts, each of which may take as long to fail
_CATCHING_UP = 1.0  # seconds that a look waits for those before it
_UNRESOLVED: tuple[State, ...] = ("open", "acknowledged")

Known = Mapping[str, Finding]  # by id


class _Away(msgspec.Struct, frozen=True):
    """Since when the store is away, when it was tried last, and what that met."""

    since: datetime
    tried: datetime
    error: StoreError


class Keeper:
    """Keeps the store of a daemon. A context manager; any thread may call any of it.

    `spool` is the file in which looks wait; no other process may use it. `clock` tells the time.
    A call takes as long as the store does: some seconds where that is away, or catches up.
    """

    def __init__(self, url: str, spool: Path, *, clock: Callable[[], datetime]) -> None:
        self._url = url
        self._clock = clock
        self._lock = Lock()
        self._spool = Spool(spool)
        self._store: Store | None = None
        self._reached = self._spool.base.reached
        self._away: _Away | None = None
        self._refused: Unfit | None = None
        self._known: Known = {}
        self._name, self._number = uuid4().hex, 0

    def __enter__(self) -> Self:
        with self._lock:
            last = self._spool.base.findings
            self._reach()
            since = self._clock() - FLAP_WINDOW
            stored = self._asked(lambda store: store.recent_findings(since))
            self._known = self._after_the_waiting(_by_id(last if stored is None else stored))
        return self

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self._close()

    @property
    def dropped(self) -> int:
        """How many looks were lost since this process began, or something of them."""
        return self._spool.dropped

    @property
    def waiting(self) -> int:
        """How many looks wait for the store."""
        return self._spool.waiting

    @property
    def gap(self) -> Gap | None:
        """Why not everything stands in the store, since when, and what waits or was lost."""
        away, refused = self._away, self._refused
        if away is not None:
            detail = f"{away.error.message} (since {away.since.isoformat(timespec='seconds')})"
            return self._gap(detail, away.error.remedy)
        if self._spool.waiting:
            return self._gap("the store is back and catches up", "")
        return None if refused is None else self._gap(refused.message, refused.remedy)

    def _gap(self, detail: str, remedy: str) -> Gap:
        counts = {
            "waiting": self._spool.waiting,
            "of these in memory only": self._spool.in_memory,
            "lost, or something of them": self._spool.dropped,
        }
        looks = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        text = f"{detail}; looks: {looks}" if looks else detail
        return store_gap(StoreError(text, remedy=remedy))

    def findings(self) -> tuple[Finding, ...]:
        """Return the findings that are open or acknowledged; the gravest first."""
        with self._lock:
            stored = (
                None
                if self._spool.waiting
                else self._asked(lambda store: store.findings(_UNRESOLVED))
            )
            known = self._known.values() if stored is None else stored
        return tuple(sorted((f for f in known if f.state != "resolved"), key=gravest_first))

    def keep(self, look: Look, *, covered: Callable[[Finding], bool]) -> Changes:
        """Write one look down, now or later, and return what became of the findings.

        `covered` is as in `netguard.life.follow`. Never raises `StoreError`. While the store is
        away, a trouble that comes back after more than an hour is told as opened; the store will
        have it as reopened.
        """
        with self._lock:
            self._number += 1
            look = msgspec.structs.replace(look, keeper=self._name, number=self._number)
            changes = self._written(look, covered) if self._reach() else None
            if changes is None:
                changes = self._put_off(look, covered)
            self._known = _worth_knowing(self._known, changes, look.now)
        return changes

    def _reach(self) -> bool:
        """Return whether the store answers and has all that came before."""
        now = self._clock()
        if self._away is not None and abs(now - self._away.tried) < RETRY:
            return False
        try:
            if self._store is None:
                self._store = open_store(self._url, create=not self._reached)
                self._reached = True
            self._catch_up(self._store)
        except StoreError as error:
            self._leave(error)
            return False
        self._away = None
        return not self._spool.waiting

    def _leave(self, error: StoreError) -> None:
        """Note that the store is away; it is opened anew when it is tried again."""
        now = self._clock()
        self._away = _Away(self._away.since if self._away else now, now, error)
        self._close()

    def _close(self) -> None:
        if self._store is not None:
            self._store.__exit__()
            self._store = None

    def _catch_up(self, store: Store) -> None:
        until = None  # some are handed over at every look, however long that takes
        for looks in self._spool.take():
            if until is not None and monotonic() > until:
                return
            until = until or monotonic() + _CATCHING_UP
            self._hand_over(store, looks)

    def _hand_over(self, store: Store, looks: Sequence[Look]) -> None:
        try:
            store.catch_up(looks)
        except Unfit as error:
            if len(looks) == 1:
                self._refuse(error)
                return
            for look in looks:  # the others are not to wait for ever for one
                self._hand_over(store, [look])

    def _refuse(self, error: Unfit) -> None:
        self._refused = error
        self._spool.dropped += 1

    def _asked(
        self, question: Callable[[Store], tuple[Finding, ...]]
    ) -> tuple[Finding, ...] | None:
        """Return what the store answers; None where it is away."""
        if self._store is None:
            return None
        try:
            return question(self._store)
        except StoreError as error:
            self._leave(error)
            return None

    def _written(self, look: Look, covered: Callable[[Finding], bool]) -> Changes | None:
        if self._store is None:
            return None
        try:
            changes = self._store.keep(look, covered=covered)
        except Unfit as error:  # it would not fit later either
            self._refuse(error)
            return _followed(self._known, look, covered)
        except StoreError as error:
            self._leave(error)
            return None
        self._refused = None
        return changes

    def _put_off(self, look: Look, covered: Callable[[Finding], bool]) -> Changes:
        changes = _followed(self._known, look, covered)
        asked = {**_unresolved(self._known), **_by_id(look.findings)}
        ids = frozenset(finding.id for finding in asked.values() if covered(finding))
        self._spool.append(
            msgspec.structs.replace(look, covered=ids),
            base=Base(findings=tuple(self._known.values()), reached=self._reached),
            told=bool(changes.events),
        )
        return changes

    def _after_the_waiting(self, known: Known) -> Known:
        """Return what is known once the looks that still wait are followed from there."""
        for look in self._spool.looks():
            changes = _followed(known, look, partial(_is_among, look.covered))
            known = _worth_knowing(known, changes, look.now)
        return known


def _is_among(ids: frozenset[str], finding: Finding) -> bool:
    return finding.id in ids


def _followed(known: Known, look: Look, covered: Callable[[Finding], bool]) -> Changes:
    """Follow what a look can change, as the store would."""
    seen = {finding.id for finding in look.findings}
    concerned = {i: f for i, f in known.items() if f.state != "resolved" or i in seen}
    return life.follow(concerned, look.findings, covered=covered, began=look.began, now=look.now)


def _worth_knowing(before: Known, changes: Changes, now: datetime) -> Known:
    """Return what stands after these changes, and what may yet come back as a flap."""
    over = {i: f for i, f in before.items() if f.state == "resolved"}
    return {
        i: f
        for i, f in {**over, **_by_id(changes.findings)}.items()
        if f.state != "resolved" or abs(now - f.last_seen) <= FLAP_WINDOW
    }


def _unresolved(known: Known) -> Known:
    return {i: f for i, f in known.items() if f.state != "resolved"}


def _by_id(findings: Iterable[Finding]) -> Known:
    return {finding.id: finding for finding in findings}
