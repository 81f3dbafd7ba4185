"""Where a port's change is written down before and after: the store, or log lines without one.

Each record's digest goes to syslog too, so that the head of the chain stands elsewhere as well.
"""

import json
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from netguard.errors import StoreError
from netguard.history import Action, Entry, one_line, written
from netguard.inventory import SwitchPort
from netguard.store import Store, open_store, store_gap
from probes.records import Gap

AnswerT = TypeVar("AnswerT")
Write = Callable[[str], None]  # takes one line to where it stands, and never fails

SYSLOG = "/dev/log"
_PRIORITY = 3 * 8 + 5  # RFC 5424: facility daemon, severity notice
_PATIENCE = 1.0  # seconds for a syslog that does not read; an emergency does not wait for it


class Journal(Protocol):
    """What changes a port writes down here, and asks what was written before."""

    def begin(self, intent: Action, *, most: int | None = None) -> None:
        """Write an intent down, before anything is sent.

        Raises `PortBusy` where somebody else is at this port, `HourFull` where `most` ports were
        closed within the hour, `StoreError` where it cannot be written: then nothing may be sent.
        """

    def end(self, record: Action) -> None:
        """Write down what became of an attempt, or that there was none; never fails."""

    def recent_shutdowns(self, since: datetime) -> int | None:
        """Return how many attempts since then closed a port, or may have; None: nobody knows."""

    def actions(self, port: SwitchPort | None) -> tuple[Action, ...] | None:
        """Return what was done to a port, or to all, oldest first; None: nobody knows."""

    def unfinished(self) -> tuple[Action, ...]:
        """Return the intents of which no outcome is known, as far as anybody knows."""


def open_journal(url: str) -> tuple[Journal, Gap | None]:
    """Return the store as a journal where it can be written now, else log lines and the reason."""
    try:
        with open_store(url) as store:
            store.prove_writable()
    except StoreError as error:
        gap = store_gap(error)
        return LogJournal(gap), gap
    return StoreJournal(url), None


def to_stderr(line: str) -> None:
    """Write one line on stderr, where there is one."""
    with suppress(OSError, ValueError, AttributeError):  # a broken pipe, closed, or none at all
        sys.stderr.write(f"netguard: {line}\n")
        sys.stderr.flush()


def to_syslog(line: str, *, address: str = SYSLOG) -> None:
    """Give one line to syslog, where there is one that reads.

    The standard library's `syslog` would wait for ever for one that has stopped reading.
    """
    message = f"<{_PRIORITY}>netguard[{os.getpid()}]: {line}".encode(errors="replace")
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(_PATIENCE)
        sender.connect(address)
        sender.send(message)


class StoreJournal:
    """The history in the store, which is opened for each call."""

    def __init__(self, url: str, *, say: Write = to_stderr, log: Write = to_syslog) -> None:
        self._open = partial(open_store, url)
        self._say = say
        self._log = log

    def begin(self, intent: Action, *, most: int | None = None) -> None:
        """Append an intent; as `Journal.begin`."""
        with self._open() as store:
            entry = store.begin(intent, most=most)
        self._log(summary(entry, intent))

    def end(self, record: Action) -> None:
        """Append a record, or say all of it in one line where the store fails now."""
        try:
            with self._open() as store:
                entry = store.append(record)
        except Exception as error:  # noqa: BLE001 - what was sent must stand somewhere, come what may
            self._missed(record, error)
        else:
            self._log(summary(entry, record))

    def _missed(self, record: Action, error: Exception) -> None:
        # Any other error's own words might hold a password.
        why = error.message if isinstance(error, StoreError) else type(error).__name__
        line = f"{whole(record)} MISSED BY THE STORE: {one_line(why)}"
        self._say(line)
        self._log(line)

    def recent_shutdowns(self, since: datetime) -> int | None:
        """Return how many attempts since then closed a port, or may have."""
        return self._asked(lambda store: store.recent_shutdowns(since))

    def actions(self, port: SwitchPort | None) -> tuple[Action, ...] | None:
        """Return what was done to a port, or to all, oldest first."""
        return self._asked(lambda store: store.actions(port=port))

    def unfinished(self) -> tuple[Action, ...]:
        """Return the intents of which no outcome is known."""
        return self._asked(Store.unfinished_actions) or ()

    def _asked(self, question: Callable[[Store], AnswerT]) -> AnswerT | None:
        """Return an answer of the store; None, and the reason on stderr, where it has none."""
        try:
            with self._open(create=False) as store:
                return question(store)
        except StoreError as error:
            why = f"the history of ports is not known: {error.message}. {error.remedy}"
            self._say(one_line(why).strip())
            return None


class LogJournal:
    """Each record as one whole line on stderr and in syslog, for when the store is gone.

    It remembers nothing, so it can neither see that a port is busy nor count.
    """

    def __init__(self, gap: Gap, *, say: Write = to_stderr, log: Write = to_syslog) -> None:
        self.gap = gap
        self._say = say
        self._log = log

    def begin(self, intent: Action, *, most: int | None = None) -> None:  # noqa: ARG002 - as Journal
        """Write an intent down."""
        self.end(intent)

    def end(self, record: Action) -> None:
        """Write a record down."""
        line = whole(record)
        self._say(line)
        self._log(line)

    def recent_shutdowns(self, since: datetime) -> int | None:  # noqa: ARG002 - as Journal
        """Return None: nobody knows."""
        return None

    def actions(self, port: SwitchPort | None) -> tuple[Action, ...] | None:  # noqa: ARG002 - as Journal
        """Return None: nobody knows."""
        return None

    def unfinished(self) -> tuple[Action, ...]:
        """Return nothing: nobody knows."""
        return ()


def whole(record: Action) -> str:
    """Return a record as one line that holds all of it, as JSON."""
    return f"record {one_line(written(record))}"


def summary(entry: Entry, record: Action) -> str:
    """Return the line that pins a record of the store: which one, of what, and its digest."""
    fields = {
        "record": str(entry.sequence),
        "action": record.action_id,
        "step": record.step,
        "change": record.order.change,
        "port": str(record.port),
        "who": record.order.who,
        "outcome": record.outcome or "",
        "digest": entry.digest,
    }
    return " ".join(f"{name}={_quoted(text)}" for name, text in fields.items())


def _quoted(text: str) -> str:
    """Return a value that cannot be taken for the end of itself, nor for another field."""
    return one_line(json.dumps(text, ensure_ascii=False))
