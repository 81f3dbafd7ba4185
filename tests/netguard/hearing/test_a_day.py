"""An ordinary day: nothing is found in it, and a duplicate in the middle of it is."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from netguard.hearing.ear import Ear
from probes.heard import ArpClaim
from tests.netguard.hearing.day import START, Day, address, ground, station

HOURS = 6


@pytest.mark.parametrize("segment", range(1, 4))
def test_on_an_ordinary_day_nothing_is_found(segment: int) -> None:
    ear = Ear(ground(segment), room=4096)
    for heard in Day(segment, hosts=100).minutes(HOURS * 60):
        assert ear.hear(heard) is None, heard
    assert ear.findings(START + timedelta(hours=HOURS)) == ()
    assert ear.claims > HOURS * 60 * 100
    assert ear.forgotten == 0


def test_a_duplicate_among_it_is_found_and_it_is_told_when_it_is_over() -> None:
    """Somebody uses another's address for an hour, whenever that one speaks too."""
    ear, told = Ear(ground(1), room=4096), []
    wanted, intruder = address(1, 8), station(1, 240, 77)
    for heard in Day(1, hosts=100).minutes(HOURS * 60):
        told.append(ear.hear(heard))
        asked = isinstance(heard, ArpClaim) and heard.sender_ip == wanted
        if asked and timedelta(hours=1) < heard.seen - START < timedelta(hours=2):
            for late in (2, 4):
                again = replace(heard, seen=heard.seen + timedelta(seconds=late))
                told.append(ear.hear(replace(again, sender_hw=intruder)))
                told.append(ear.hear(replace(again, seen=again.seen + timedelta(seconds=1))))
    (begun,) = filter(None, told)
    assert (begun.kind, begun.address) == ("address-conflict", wanted)
    assert begun.first_seen - START < timedelta(hours=1, minutes=2)
    (finding,) = ear.findings(START + timedelta(hours=HOURS))
    assert (finding.state, finding.reopened) == ("resolved", 0)
    assert (
        timedelta(hours=1, minutes=58) < finding.last_seen - START < timedelta(hours=2, minutes=1)
    )
