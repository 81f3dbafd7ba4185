"""Several endless works side by side: what breaks is told and begun again, and all end together."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterable

from probes.records import Gap

Work = Callable[[], Awaitable[None]]
AFTER_FAILURE = 5.0  # seconds
PERSISTENCE = 5.0  # seconds, after which what has not ended is cancelled again


async def unbroken(name: str, work: Work, report: Callable[[str, Iterable[Gap]], None]) -> None:
    """Do endless work; where it breaks, that is a gap, and it is begun again."""
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - one broken part must not end all the others
            report(name, [_broken(name, error)])
        else:
            return
        await asyncio.sleep(AFTER_FAILURE)
        report(name, ())


def _broken(name: str, error: Exception) -> Gap:
    """Say what broke, and where; the error's own words might hold a secret."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return Gap(
        subject=name,
        kind="broken",
        detail=f"{type(error).__name__}{where}",
        remedy="it is begun again by itself; please report it",
    )


async def together(works: Iterable[Awaitable[None]], until: Awaitable[object]) -> None:
    """Run all works until that has come, then cancel them and see them end.

    An error at the moment of cancelling may be met in its stead (TaskGroup, before Python 3.13),
    and work that goes on after errors would then never end: it is cancelled again.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await until
    finally:
        while going_on := [task for task in tasks if not task.done()]:
            for task in going_on:
                task.cancel()
            await asyncio.wait(going_on, timeout=PERSISTENCE)
        await asyncio.gather(*tasks, return_exceptions=True)  # or they were never looked at
