import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard.watch.schedule import following, repeat


@given(st.floats(0, 1e6), st.floats(0, 1e4), st.floats(0.1, 1e4))
def test_the_next_run_comes_after_the_last_has_ended_and_within_an_interval(
    began: float, took: float, interval: float
) -> None:
    due = following(began, began + took, interval)
    assert due > began + took - 1e-6 * (1 + began)
    assert due <= began + took + interval * 1.001 + 1e-6 * (1 + began)


def run_for(work: object, interval: float, seconds: float) -> list[float]:
    late: list[float] = []

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await repeat(work, interval, late=late.append, first=0)  # type: ignore[arg-type]

    asyncio.run(main())
    return late


def test_work_is_repeated_and_never_runs_twice_at_once() -> None:
    running, runs = 0, 0

    async def work() -> None:
        nonlocal running, runs
        running += 1
        assert running == 1
        await asyncio.sleep(0.01)
        running -= 1
        runs += 1

    assert run_for(work, 0.05, 1.0) == []
    assert runs > 3


def test_a_run_that_takes_longer_than_its_interval_is_told_and_not_made_up_for() -> None:
    runs = 0

    async def work() -> None:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0.25)

    late = run_for(work, 0.1, 1.0)
    assert late
    assert min(late) >= 0.25
    assert runs <= 4
