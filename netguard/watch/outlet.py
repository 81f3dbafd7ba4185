"""What the daemon says goes out by a thread of its own: who reads it slowly holds nothing up."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from netguard.watch.events import Event, Say

ROOM = 10_000  # events that wait to be read; later ones are lost
FAREWELL = 5.0  # seconds that an end waits for what is still to be read


@contextmanager
def outlet(show: Say, gone: Callable[[], object]) -> Iterator[Say]:
    """Yield a way to say something that never waits; `show` does it, one event after another.

    `gone` is called, in another thread, when nobody will read any more.
    """
    waiting: queue.Queue[Event | None] = queue.Queue(ROOM)
    thread = threading.Thread(target=_empty, args=(waiting, show, gone), daemon=True)
    thread.start()
    try:
        yield lambda event: _put(waiting, event)
    finally:
        _put(waiting, None)
        thread.join(FAREWELL)


def _put(waiting: queue.Queue[Event | None], event: Event | None) -> None:
    try:
        waiting.put_nowait(event)
    except queue.Full:
        return  # the store has it, and whoever is alerted


def _empty(waiting: queue.Queue[Event | None], show: Say, gone: Callable[[], object]) -> None:
    while (event := waiting.get()) is not None:
        try:
            show(event)
        except BrokenPipeError:
            gone()
            return
        except OSError:  # a log's disk is full: no reason to stop watching
            continue
