import asyncio
import threading
import time
from collections.abc import Awaitable, Iterable

import pytest

from netguard.watch import tasks
from netguard.watch.apart import apart
from netguard.watch.tasks import together, unbroken
from probes.records import Gap


def test_work_that_breaks_is_a_gap_without_its_words_and_is_begun_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "AFTER_FAILURE", 0.0)
    told: list[tuple[str, tuple[Gap, ...]]] = []
    attempts = 0

    async def work() -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            async with asyncio.TaskGroup() as group:
                group.create_task(broken())

    async def broken() -> None:
        raise KeyError("hunter2")

    def report(name: str, gaps: Iterable[Gap]) -> None:
        told.append((name, tuple(gaps)))

    asyncio.run(unbroken("segments", work, report))
    assert attempts == 3
    (_, (gap,)), after, *_ = told
    assert (gap.subject, gap.kind) == ("segments", "broken")
    assert "KeyError" in gap.detail
    assert "hunter2" not in str(gap)
    assert after == ("segments", ())


def test_works_run_side_by_side_until_the_end_and_are_seen_to_end() -> None:
    ended = []

    async def work(name: str) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            ended.append(name)

    asyncio.run(together((work(name) for name in "ab"), asyncio.sleep(0.05)))
    assert sorted(ended) == ["a", "b"]


def test_work_that_takes_its_cancellation_for_a_failure_ends_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "PERSISTENCE", 0.05)

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise ValueError

    def works() -> Iterable[Awaitable[None]]:
        yield unbroken("segments", work, lambda *_: None)

    async def main() -> None:
        async with asyncio.timeout(20):
            await together(works(), asyncio.sleep(0.05))

    asyncio.run(main())


def test_work_apart_that_fails_when_it_is_cancelled_is_cancelled_here() -> None:
    begun = threading.Event()

    async def endless() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            raise ValueError

    async def main() -> None:
        running = asyncio.ensure_future(apart(endless))
        await asyncio.to_thread(begun.wait)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())


def test_work_apart_gives_its_result_while_this_loop_goes_on() -> None:
    async def long() -> str:
        time.sleep(0.3)  # noqa: ASYNC251 - what would hold this loop up
        return threading.current_thread().name

    async def main() -> tuple[str, int]:
        ticks = 0
        running = asyncio.ensure_future(apart(long))
        while not running.done():
            ticks += 1
            await asyncio.sleep(0.01)
        return running.result(), ticks

    name, ticks = asyncio.run(main())
    assert name != threading.current_thread().name
    assert ticks > 5


def test_work_apart_that_is_cancelled_ends_over_there_before_it_ends_here() -> None:
    states = []
    begun = threading.Event()

    async def endless() -> None:
        states.append("begun")
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            states.append("ended")

    async def main() -> None:
        running = asyncio.ensure_future(apart(endless))
        await asyncio.to_thread(begun.wait)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    assert states == ["begun", "ended"]


def test_what_fails_apart_fails_here() -> None:
    async def broken() -> None:
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        asyncio.run(apart(broken))
