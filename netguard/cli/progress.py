"""A progress bar on stderr, only for a person, and only for what takes more than a second."""

import sys
import threading
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
    latest: dict[str, tuple[int, int]] = {}
    turn = threading.Lock()  # many segments are asked at once, each in a thread
    shown = False

    def draw() -> None:
        for what, (done, total) in latest.items():
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=total)

    def begin() -> None:
        nonlocal shown
        with turn:
            shown = True
            bars.start()
            draw()

    def tell(what: str, done: int, total: int) -> None:
        with turn:
            latest[what] = done, total
            if shown:
                draw()

    # By a timer and not by what is told: one thing that hangs tells nothing.
    patience = threading.Timer(PATIENCE, begin)
    patience.daemon = True
    patience.start()
    try:
        yield tell
    finally:
        patience.cancel()
        patience.join()
        bars.stop()
