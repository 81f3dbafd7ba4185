"""A progress bar on stderr, only for a person, and only for what takes more than a second."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from netguard.meter import Progress

PATIENCE = 1.0  # seconds


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Give a callback that draws a bar once the work has lasted over a second."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.progress import Progress as Bars  # noqa: PLC0415
    from rich.progress import TaskID  # noqa: PLC0415

    bars = Bars(console=Console(stderr=True), transient=True)
    tasks: dict[str, TaskID] = {}
    started = time.monotonic()

    turn = threading.Lock()  # many segments are asked at once, each in a thread

    def tell(what: str, done: int, total: int) -> None:
        if time.monotonic() - started < PATIENCE:
            return
        with turn:
            if what not in tasks:
                bars.start()
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=total)

    try:
        yield tell
    finally:
        bars.stop()
