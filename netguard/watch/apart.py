"""Long work in a thread and an event loop of its own, so that listening goes on meanwhile."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def apart(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine elsewhere and await it; to cancel this cancels that, and waits for it."""
    started: asyncio.Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[T]]]
    here = asyncio.get_running_loop()
    started = here.create_future()

    async def body() -> T:
        task = asyncio.ensure_future(work())
        here.call_soon_threadsafe(started.set_result, (asyncio.get_running_loop(), task))
        return await task

    running = asyncio.ensure_future(asyncio.to_thread(asyncio.run, body()))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        loop, task = await started
        with suppress(RuntimeError):  # it has ended by itself
            loop.call_soon_threadsafe(task.cancel)
        await asyncio.gather(running, return_exceptions=True)  # cancelled is more than failed
        raise
