import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.pacing import CATCH_UP, pacing


@pytest.mark.parametrize(
    ("pace", "sent_at", "now", "ready", "wait"),
    [
        (15, None, 0.0, 1, 0.0),  # a new bucket lets one go
        (15, 0.0, 0.0, 0, 1 / 15),
        (15, 0.0, 0.05, 0, 1 / 15 - 0.05),
        (15, 0.0, 1 / 15, 1, 0.0),
        (15, 0.0, 60.0, 1, 0.0),  # a minute of silence buys no burst
        (1, 0.0, 0.25, 0, 0.75),
        (500, None, 0.0, 2, 0.0),
        (500, 0.0, 0.0, 1, 0.0),
        (500, 0.0, 9.9, 2, 0.0),
        (100_000, None, 0.0, 400, 0.0),
    ],
)
def test_what_may_go_and_when(
    pace: float, sent_at: float | None, now: float, ready: int, wait: float
) -> None:
    bucket = pacing(pace, 0.0)
    if sent_at is not None:
        bucket = bucket.spend(1, sent_at)
    assert bucket.ready(now) == ready
    assert bucket.wait(now) == pytest.approx(wait)


def test_without_a_pace_nothing_ever_waits() -> None:
    bucket = pacing(None, 0.0).spend(1_000_000, 0.0)
    assert bucket.ready(0.0) >= 1_000_000
    assert bucket.wait(0.0) == 0.0


@pytest.mark.parametrize("pace", [0, -1, math.nan, math.inf])
def test_a_pace_that_is_none_is_refused(pace: float) -> None:
    with pytest.raises(ValueError, match="packets per second"):
        pacing(pace, 0.0)


@given(
    pace=st.floats(0.5, 20_000),
    lateness=st.lists(st.floats(0, 0.05), min_size=2, max_size=50),
)
def test_no_window_ever_holds_more_than_the_pace_and_one_burst(
    pace: float, lateness: list[float]
) -> None:
    bucket, now, sent = pacing(pace, 0.0), 0.0, []
    for late in lateness:
        now += bucket.wait(now) + late
        sent.append((now, bucket.ready(now)))
        bucket = bucket.spend(bucket.ready(now), now)
    burst = max(1, int(pace * CATCH_UP))
    for first, (start, _) in enumerate(sent):
        in_window = 0
        for at, count in sent[first:]:
            in_window += count
            assert in_window <= burst + pace * (at - start) + 1e-3


@given(st.floats(0.5, 499), st.lists(st.floats(0, 0.5), min_size=2, max_size=50))
def test_a_slow_pace_never_brings_two_packets_closer_than_its_interval(
    pace: float, lateness: list[float]
) -> None:
    bucket, now, sent = pacing(pace, 0.0), 0.0, []
    for late in lateness:
        now += bucket.wait(now) + late
        if bucket.ready(now):
            bucket = bucket.spend(1, now)
            sent.append(now)
    assert all(later - earlier >= 1 / pace - 1e-6 for earlier, later in pairwise(sent))


@given(st.floats(0.5, 20_000))
def test_who_waits_as_told_may_always_go(pace: float) -> None:
    bucket, now = pacing(pace, 0.0), 0.0
    for _ in range(100):
        now += bucket.wait(now)
        assert bucket.ready(now) >= 1
        bucket = bucket.spend(bucket.ready(now), now)
