"""Runs work again and again: never two runs at once, and what is late is told, not made up for."""

import asyncio
import random
from collections.abc import Awaitable, Callable

LATE = 1.5  # intervals; a run that takes longer is told
JITTER = 0.05  # of the interval: many daemons must not ask the same devices at the same moment


def following(began: float, ended: float, interval: float) -> float:
    """Return when the run after this one comes; those that would have begun in it are left out.

    All in seconds of one clock.
    """
    missed = max(0, int((ended - began) // interval))
    return began + interval * (missed + 1)


async def repeat(
    work: Callable[[], Awaitable[None]],
    interval: float,
    *,
    late: Callable[[float], None],
    first: float | None = None,
) -> None:
    """Run the work every `interval` seconds for ever, `first` after so many, or at any moment.

    `late` is told how many seconds a run took that took longer than LATE intervals.
    """
    loop = asyncio.get_running_loop()
    due = loop.time() + (interval * random.random() if first is None else first)  # noqa: S311
    while True:
        await asyncio.sleep(due - loop.time())
        began = loop.time()
        await work()
        ended = loop.time()
        due = following(began, ended, interval)
        due += interval * JITTER * random.uniform(-1, 1)  # noqa: S311 - any jitter will do
        if ended - began > interval * LATE:
            late(ended - began)
