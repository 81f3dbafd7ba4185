"""A clock that is set, or goes wrong, ends no trouble and holds none up."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard.findings import Finding
from netguard.hearing.ear import Ear, Ground
from netguard.hearing.elapsed import Elapsed
from tests.building import mac
from tests.netguard.hearing.frames import (
    GATEWAY,
    OWNER,
    PINNED,
    SECOND,
    START,
    arp,
    minutes,
)
from tests.netguard.hearing.octets import Cast, found
from tests.netguard.hearing.stories.rule import in_turns

HOUR = 3600
JUMPS = pytest.mark.parametrize("jump", [-20 * 365 * 24 * HOUR, -HOUR, -30, 30, HOUR, 10**8])
TIMES = st.datetimes(timezones=st.just(UTC))


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def listening(times: Iterable[float], ground: Ground | None = None) -> tuple[Ear, list[Finding]]:
    """Hear two stations by turns at these times, and return what was told as it began."""
    ear, told = Ear(ground or Ground()), []
    for n, time in enumerate(times):
        told.append(ear.hear(arp(time, (OWNER, SECOND)[n % 2])))
    return ear, [finding for finding in told if finding]


@JUMPS
def test_a_quarrel_goes_on_while_the_clock_is_set(jump: int) -> None:
    times = [*range(10), *(jump + n for n in range(10, 20))]
    ear, told = listening(times)
    (finding,) = ear.findings(at(times[-1]))
    assert (finding.state, finding.reopened, len(told)) == ("open", 0, 1)
    assert finding.first_seen <= finding.last_seen == at(times[-1])


@JUMPS
def test_a_quarrel_that_is_over_is_over_ten_minutes_later_whatever_the_clock_says(
    jump: int,
) -> None:
    ear, _ = listening(range(10))
    for frame in minutes(jump + 10, jump + 710):
        ear.hear(frame)
    (finding,) = ear.findings(at(jump + 710))
    assert finding.state == "resolved"


@JUMPS
def test_a_quarrel_that_begins_after_the_clock_was_set_is_found(jump: int) -> None:
    ear = Ear(Ground())
    ear.hear(arp(0, OWNER))
    ear.hear(arp(1, SECOND))
    for frame in minutes(jump + 2, jump + 200):
        ear.hear(frame)
    for n in range(6):
        ear.hear(arp(jump + 200 + n, (OWNER, SECOND)[n % 2]))
    assert [f.state for f in ear.findings(at(jump + 206))] == ["open"]


@pytest.mark.parametrize("wrong", [-(10**9), -HOUR, HOUR, 10**10])
def test_a_single_frame_of_another_time_ends_nothing_and_holds_nothing_up(wrong: int) -> None:
    ear, _ = listening([*range(10), wrong])
    (finding,) = ear.findings(at(10))
    assert finding.state == "open"
    for frame in minutes(10, 720):
        ear.hear(frame)
    (finding,) = ear.findings(at(720))
    assert finding.state == "resolved"


@JUMPS
def test_one_frame_before_and_one_after_the_clock_was_set_take_a_gateway(jump: int) -> None:
    ear = Ear(PINNED)
    ear.hear(arp(0, SECOND, GATEWAY))
    ear.hear(arp(1, mac(1), GATEWAY))
    ear.hear(arp(jump + 2, SECOND, GATEWAY))
    assert [f.kind for f in ear.findings(at(jump + 2))] == ["gateway-hijack"]


def test_who_was_deaf_for_an_hour_has_not_heard_an_hour_of_silence() -> None:
    ear, _ = listening(range(10))
    assert [f.state for f in ear.findings(at(HOUR))] == ["open"]


def test_frames_that_come_late_make_no_time_pass() -> None:
    elapsed = Elapsed()
    for n in range(10_000):
        elapsed.at(at(n % 2 * 5))
    assert elapsed.at(at(5)) == 5


@JUMPS
def test_a_capture_in_which_the_clock_is_set_tells_the_quarrel_that_goes_on(jump: int) -> None:
    who = Cast()
    quarrel = [
        *in_turns(who, who.ip, who.owner, who.second, start=0),
        *in_turns(who, who.ip, who.owner, who.second, start=jump + 10),
    ]
    assert [(f.kind, f.state) for f in found(quarrel)] == [("address-conflict", "open")]


@given(st.lists(TIMES, min_size=2))
def test_time_never_goes_back(times: list[datetime]) -> None:
    elapsed = Elapsed()
    assert all(a <= b for a, b in pairwise(map(elapsed.at, times)))


@given(st.lists(TIMES, min_size=1))
def test_no_times_whatever_make_an_ear_fail(times: list[datetime]) -> None:
    ear = Ear(PINNED)
    for n, time in enumerate(times):
        seconds = (time - START).total_seconds()
        ear.hear(arp(seconds, (OWNER, SECOND)[n % 2]))
        ear.hear(arp(seconds, SECOND, GATEWAY))
    for finding in ear.findings(times[-1]):
        assert finding.first_seen <= finding.last_seen
