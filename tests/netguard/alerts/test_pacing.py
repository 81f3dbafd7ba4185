from datetime import timedelta
from itertools import pairwise

import pytest

from netguard.alerts.pacing import BURST, EVERY, Pace, due, retry_after
from netguard.store import AlertCursor
from tests.remembering import at

NOW = at(0)


def cursor(*, attempts: int = 0, ago: float | None = None) -> AlertCursor:
    last = None if ago is None else NOW - timedelta(seconds=ago)
    return AlertCursor(alert="a", told=7, attempts=attempts, last_attempt=last)


def emptied() -> Pace:
    pace = Pace()
    for _ in range(BURST):
        pace = pace.spent(NOW)
    return pace


def test_the_first_five_go_at_once_and_the_sixth_ten_seconds_later() -> None:
    pace = Pace()
    for _ in range(BURST):
        assert due(pace, cursor(), NOW) == NOW
        pace = pace.spent(NOW)
    assert due(pace, cursor(), NOW) == NOW + EVERY == NOW + timedelta(seconds=10)


def test_an_hour_of_events_every_second_is_a_message_every_ten_seconds() -> None:
    pace, went = Pace(), []
    for second in range(3600):
        now = NOW + timedelta(seconds=second)
        if due(pace, cursor(), now) <= now:
            pace = pace.spent(now)
            went.append(now)
    assert len(went) == BURST - 1 + 360
    assert min(later - sooner for sooner, later in pairwise(went[10:])) == EVERY


def test_a_quiet_time_fills_the_burst_again_and_no_further() -> None:
    pace, later = emptied(), NOW + timedelta(days=1)
    for _ in range(BURST):
        assert due(pace, cursor(), later) == later
        pace = pace.spent(later)
    assert due(pace, cursor(), later) > later


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 0), (1, 10), (2, 20), (3, 40), (6, 320), (7, 600), (8, 600), (10**9, 600)],
)
def test_each_failure_doubles_the_wait_up_to_ten_minutes(attempts: int, seconds: int) -> None:
    assert retry_after(attempts) == timedelta(seconds=seconds)


def test_what_failed_waits_from_the_last_attempt_on() -> None:
    assert due(Pace(), cursor(attempts=2, ago=5), NOW) == NOW + timedelta(seconds=15)
    assert due(Pace(), cursor(attempts=2, ago=20), NOW) == NOW
    assert due(Pace(), cursor(attempts=2, ago=500), NOW) == NOW


def test_a_failure_does_not_go_past_the_pace() -> None:
    assert due(emptied(), cursor(attempts=1, ago=10), NOW) == NOW + EVERY


def test_after_a_success_only_the_pace_counts() -> None:
    assert due(Pace(), cursor(ago=0), NOW) == NOW


def test_a_clock_that_was_set_back_silences_nobody() -> None:
    assert due(Pace(), cursor(attempts=9, ago=-86400), NOW) == NOW
    pace = emptied().spent(NOW + timedelta(days=365))
    assert due(pace, cursor(), NOW) == NOW
