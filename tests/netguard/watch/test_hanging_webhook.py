"""A web service that takes an alert and never answers holds up neither watching nor others."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import msgspec
import pytest

from netguard.lab import namespaces
from netguard.lab.control import Lab
from tests.benchmarks.hijack import inside
from tests.netguard.alerts.webhook import Webhook, running
from tests.station import Edit, station
from tests.watching import PATIENCE, Said, watching

pytestmark = [pytest.mark.packets, pytest.mark.slow]


@pytest.fixture
def hook(lab: Lab) -> Iterator[Webhook]:
    with inside(lab, "mon") as mon:
        with namespaces.entered(mon):
            running_there = running()
            webhook = running_there.__enter__()
        try:
            yield webhook
        finally:
            running_there.__exit__(None, None, None)


def asked(hook: Webhook, name: str, times: int) -> None:
    """Wait until the service of this name was asked so often."""
    deadline = monotonic() + PATIENCE
    while hook.asked.count(name) < times:
        assert monotonic() < deadline
        sleep(0.1)


def failed(said: Said, event: str = "gap") -> bool:
    return bool(said["event"] == event and said["gap"]["kind"] == "alert-failed")


def test_it_holds_up_nobody_is_a_gap_and_is_told_once_it_answers(
    lab: Lab, tmp_path: Path, hook: Webhook
) -> None:
    alerts = "".join(f'[[alert]]\nurl = "{hook.url(name)}"\n\n' for name in ("slow", "team"))
    edits: tuple[Edit, ...] = (
        ("[watch]", '[watch]\nsegments = "1h"\ndevices = "1h"'),
        ("[snmp.lab]", f"{alerts}[snmp.lab]"),
    )
    with watching(lab, tmp_path, edits) as daemon:
        daemon.swept()
        lab.break_("gateway-hijack")
        first = daemon.turn("opened")
        asked(hook, "slow", 1)
        asked(hook, "team", 1)
        lab.break_("duplicate-address")
        second = daemon.turn("opened")
        asked(hook, "team", 2)
        gap = daemon.until(failed)["gap"]
        assert gap["subject"] == "alert #1"
        assert gap["remedy"]
        listed = station(lab, tmp_path)("alert", "list", "--json", edits=edits)
        slow, team = msgspec.json.decode(listed.stdout)
        assert (slow["attempts"] > 0, slow["waiting"], team["attempts"]) == (True, 2, 0)
        hook.manners["slow"] = "take"
        daemon.until(lambda said: failed(said, "gap-over"))
        assert "2 new findings" in str(hook.received[-1]["title"])
        assert daemon.turns() == [("opened", first["id"]), ("opened", second["id"])]
        assert daemon.end() == 0
        assert daemon.complaints() == ""
    assert "s3cret" not in f"{daemon.said} {listed.stdout} {listed.stderr}"
