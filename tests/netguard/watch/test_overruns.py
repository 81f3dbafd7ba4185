"""What a flood or a loop costs is said while it lasts, and a minute more; a busy second is none."""

import pytest

from netguard.watch import overruns
from netguard.watch.overruns import LASTING, LOOPING, Overruns
from probes.listen import Counters
from tests.building import segment


class Clock:
    now = 1000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(overruns, "monotonic", lambda: clock.now)
    return clock


def kinds(seen: Overruns, undecided: int = 0, **counts: int) -> list[str]:
    gaps = list(seen.gaps(segment(), Counters(**counts), undecided))
    assert all(gap.remedy and gap.subject == "web-226" for gap in gaps)
    return [gap.kind for gap in gaps]


def test_lost_frames_are_said_until_a_minute_after_the_last(clock: Clock) -> None:
    seen = Overruns()
    assert kinds(seen, frames=10_000) == []
    assert kinds(seen, dropped=7) == ["frames-lost"]
    clock.now += LASTING - 1
    assert kinds(seen, dropped=7) == ["frames-lost"]
    clock.now += 2
    assert kinds(seen, dropped=7) == []


def test_a_loop_is_said_and_a_few_frames_that_come_twice_are_not(clock: Clock) -> None:
    seen = Overruns()
    for second in range(1, 10):
        clock.now += 1
        assert kinds(seen, echoes=second * (LOOPING - 1)) == []
    assert kinds(seen, echoes=9 * LOOPING + LOOPING) == ["frames-repeated"]


def test_doubts_that_found_no_room_are_said(clock: Clock) -> None:
    seen = Overruns()
    assert kinds(seen, undecided=1) == ["doubts-dropped"]
    clock.now += LASTING + 1
    assert kinds(seen, undecided=1) == []


def test_an_interface_that_was_opened_anew_begins_to_count_anew(clock: Clock) -> None:
    seen = Overruns()
    kinds(seen, dropped=1000)
    clock.now += LASTING + 1
    assert kinds(seen, dropped=0) == []
    assert kinds(seen, dropped=1) == ["frames-lost"]
