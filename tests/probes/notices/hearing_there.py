"""What the tests of receivers share: one that keeps what it is told, and patience."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from probes.heard import Notice
from probes.notices.hearing import Hearing

SEEN = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE = 30.0  # seconds; only ever waited on a machine that is very busy, or by a failing test


class Ear:
    """A hearing whose notices are kept in `told`."""

    def __init__(self) -> None:
        self.told: list[Notice] = []
        self.hearing = Hearing(self.told.append, lambda: SEEN)
        self.counters = self.hearing.counters

    async def until(self, come: Callable[[], bool]) -> None:
        """Wait until it has come about, whatever it is."""
        async with asyncio.timeout(PATIENCE):
            while not come():  # noqa: ASYNC110 - sockets and programs set no event
                await asyncio.sleep(0.01)

    async def counted(self, name: str, number: int) -> None:
        """Wait until one of the counters has come so far."""
        await self.until(lambda: getattr(self.counters, name) >= number)


async def run(*command: str) -> int:
    """Run a program to its end, and return its exit status."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait()
