"""The system's clock is set while the daemon runs: that is no trouble, and hides none."""

import sys
from pathlib import Path

import pytest

from netguard.lab.control import Lab
from tests.station import Edit, configured
from tests.watching import Watching, running

pytestmark = [pytest.mark.packets, pytest.mark.slow]
OFTEN: Edit = ("[watch]", '[watch]\nsegments = "4s"\ndevices = "1h"')
HOUR = 3600
NETGUARD = Path(__file__).parents[2] / "another_clock.py"


class Clock:
    """What the daemon's clock is ahead by."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(0)

    def set(self, seconds: int) -> None:
        ahead = self.file.with_suffix(".new")
        ahead.write_text(f"{seconds:+d}\n")
        ahead.rename(self.file)


def on_a_clock(lab: Lab, folder: Path, clock: Clock) -> list[str]:
    """Return the command line of a daemon that goes by this clock."""
    config = configured(lab, folder, (OFTEN,))
    words = (NETGUARD, clock.file, "--config", config, "watch", "--json")
    return lab.command("mon", [sys.executable, "-P", *map(str, words)])


def swept_since(daemon: Watching) -> None:
    """Wait until a look has ended that began after this."""
    daemon.swept()
    daemon.swept()


def test_a_clock_that_jumps_and_jumps_back_is_no_trouble_and_hides_none(
    lab: Lab, tmp_path: Path
) -> None:
    clock, expected = Clock(tmp_path / "clock"), []
    with running(on_a_clock(lab, tmp_path, clock), tmp_path) as daemon:
        daemon.swept()
        for trouble, ahead in (("gateway-hijack", HOUR), ("duplicate-address", 0)):
            lab.break_(trouble)
            began = daemon.turn("opened")["id"]
            clock.set(ahead)  # while looks are under way
            lab.mend(trouble)
            assert daemon.turn("resolved")["id"] == began
            expected += [("opened", began), ("resolved", began)]
            swept_since(daemon)
        assert daemon.turns() == expected
        assert [said for said in daemon.said if said["event"] == "gap"] == []
        assert daemon.end() == 0
        assert daemon.complaints() == ""
    times = [said["time"] for said in daemon.said if said["event"] == "finding"]
    assert sorted(times) == [times[0], times[3], times[1], times[2]]
