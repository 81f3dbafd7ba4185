"""What the daemon says goes out by a thread of its own: who reads it slowly holds nothing up."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from queue import SimpleQueue

from netguard.watch.events import Event, Say

ROOM = 10_000  # events that wait to be read; later ones are lost
FOR_NOTICES = ROOM // 2  # of which anybody on the network may cause any number
FAREWELL = 5.0  # seconds that an end waits for what is still to be read


@contextmanager
def outlet(show: Say, gone: Callable[[], object]) -> Iterator[Say]:
    """Yield a way to say something that never waits; `show` does it, one event after another.

    Where events were lost for want of room, `show` is told how many. `gone` is called, in another
    thread, when nobody will read any more.
    """
    waiting = _Waiting()
    thread = threading.Thread(target=_empty, args=(waiting, show, gone), daemon=True)
    thread.start()
    try:
        yield waiting.put
    finally:
        waiting.end()
        thread.join(FAREWELL)


@dataclass(slots=True)
class _Lost:
    """Events that had no room, from the first of them on, by kind."""

    since: datetime
    counts: Counter[str] = field(default_factory=Counter)

    def told(self) -> Event:
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.counts.most_common())
        detail = f"events were lost, for nobody read them in time: {kinds}"
        return Event(time=self.since, event="late", detail=detail, counts=dict(self.counts))


class _Waiting:
    """Events that wait, oldest first, with at most one mark where others were lost."""

    def __init__(self) -> None:
        self._all: SimpleQueue[Event | _Lost | None] = SimpleQueue()
        self._lost: _Lost | None = None  # the mark
        self._lock = threading.Lock()

    def put(self, event: Event) -> None:
        """Let an event wait, or count it as lost."""
        room = FOR_NOTICES if event.event == "notice" else ROOM
        with self._lock:
            if self._all.qsize() < room:
                self._all.put(event)
                return
            if self._lost is None:
                self._lost = _Lost(event.time)
                self._all.put(self._lost)
            self._lost.counts[event.event] += 1

    def end(self) -> None:
        """Let the end wait behind all the others."""
        self._all.put(None)

    def get(self) -> Event | None:
        """Return the next event as soon as there is one, None at the end."""
        event = self._all.get()
        if not isinstance(event, _Lost):
            return event
        with self._lock:
            self._lost = None
        return event.told()


def _empty(waiting: _Waiting, show: Say, gone: Callable[[], object]) -> None:
    while (event := waiting.get()) is not None:
        try:
            show(event)
        except BrokenPipeError:
            gone()
            return
        except OSError:  # a log's disk is full: no reason to stop watching
            continue
