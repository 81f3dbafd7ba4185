"""The daemon on the practice network: it says one thing for each trouble, and nothing else.

`NETGUARD_MINUTES=60 tests/run tests/netguard/watch/test_watch.py -k churn` lets it run for an hour.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from time import monotonic, sleep

import pytest

from netguard.lab.control import Lab
from netguard.lab.scenarios import SCENARIOS
from tests.netguard.test_scenarios import TROUBLES
from tests.station import report_of, station
from tests.watching import Said, Watching, watching

pytestmark = [pytest.mark.packets, pytest.mark.slow]

MINUTES = float(os.environ.get("NETGUARD_MINUTES", "0.75"))
LOOK_ALIKES = sorted(s.name for s in SCENARIOS.values() if s.kind == "look-alike")
OFTEN = (
    (
        '[[device]]\nname = "edge1"',
        '[watch]\nsegments = "5s"\ndevices = "20s"\n\n[[device]]\nname = "edge1"',
    ),
)
# the second of them is the same trouble come again, which is another test's
APART = sorted(
    TROUBLES.keys()
    - {"duplicate-address-other-switch", "gateway-hijack-quiet", "gateway-silent-and-taken"}
)


def blamed(finding: Said) -> list[tuple[str | None, str]]:
    return [
        (c["server"], f"{c['location']['device']} {c['location']['port']}")
        for c in finding["claimants"]
        if c["role"] != "rightful"
    ]


@pytest.fixture
def daemon(lab: Lab, tmp_path: Path) -> Iterator[Watching]:
    with watching(lab, tmp_path, OFTEN) as running:
        running.swept()
        yield running


def test_each_trouble_is_said_once_with_its_port_and_then_that_it_is_over(
    lab: Lab, daemon: Watching
) -> None:
    expected = []
    for trouble in APART:
        kind, address, culprit, port = TROUBLES[trouble]
        lab.break_(trouble)
        finding = daemon.turn("opened")
        assert (finding["kind"], finding["address"]) == (kind, address)
        assert blamed(finding) == [(culprit, port)]
        lab.mend(trouble)
        ended = daemon.turn("resolved")
        assert ended["id"] == finding["id"]
        expected += [("opened", finding["id"]), ("resolved", finding["id"])]
    sleep(7)  # longer than it takes to ask about it again
    assert daemon.turns() == expected
    assert daemon.end() == 0
    assert daemon.complaints() == ""


def test_harmless_churn_is_met_with_silence_and_trouble_after_it_with_one_word(
    lab: Lab, daemon: Watching
) -> None:
    deadline = monotonic() + MINUTES * 60
    for number, look_alike in enumerate(cycle(LOOK_ALIKES)):
        lab.break_(look_alike)
        sleep(1.1 + 0.37 * (number % 5))
        lab.mend(look_alike)
        sleep(0.9)
        if monotonic() > deadline and number >= len(LOOK_ALIKES):
            break
    assert daemon.turns() == []
    assert [s for s in daemon.said if s["event"] in {"gap", "deed"}] == []
    lab.break_("gateway-hijack")
    found = daemon.turn("opened")
    assert blamed(found) == [("ds0004", "cat1 Fa0/4")]
    lab.mend("gateway-hijack")
    assert daemon.turn("resolved")["id"] == found["id"]
    assert len(daemon.turns()) == 2


@pytest.mark.parametrize("trouble", ["gateway-hijack-quiet", "gateway-silent-and-taken"])
def test_a_gateway_that_is_taken_quietly_is_found_by_asking(
    lab: Lab, daemon: Watching, trouble: str
) -> None:
    lab.break_(trouble)
    finding = daemon.turn("opened", "gateway-hijack")
    assert blamed(finding) == [TROUBLES[trouble][2:]]
    lab.mend(trouble)
    assert daemon.turn("resolved")["id"] == finding["id"]


def test_what_swings_is_said_twice_and_then_held_until_it_is_really_over(
    lab: Lab, daemon: Watching
) -> None:
    for happening in ("opened", "resolved", "reopened"):
        if happening == "resolved":
            lab.mend("gateway-hijack")
        else:
            lab.break_("gateway-hijack")
        daemon.turn(happening)
    for _ in range(3):
        lab.mend("gateway-hijack")
        sleep(4)
        lab.break_("gateway-hijack")
        sleep(4)
    lab.mend("gateway-hijack")
    assert [happening for happening, _ in daemon.turns()] == ["opened", "resolved", "reopened"]


def test_the_port_is_closed_where_the_policy_allows_it_and_the_alert_says_so(
    lab: Lab, tmp_path: Path
) -> None:
    policy = ("[snmp.lab]", '[shutdown]\nautomatic = ["gateway-hijack"]\n\n[snmp.lab]')
    with watching(lab, tmp_path, (*OFTEN, policy)) as daemon:
        daemon.swept()
        lab.break_("gateway-hijack")
        deed = daemon.until(lambda s: s["event"] == "deed")
        assert (deed["deed"]["outcome"], deed["deed"]["port"]) == ("done", "Fa0/4"), deed
        daemon.turn("resolved", "gateway-hijack")
        assert daemon.end() == 0
    edits = (*OFTEN, policy)
    undo = ("port", "restore", "cat1", "Fa0/4", "--reason", "mended", "--yes", "--json")
    lab.mend("gateway-hijack")
    assert report_of(station(lab, tmp_path)(*undo, edits=edits))["outcome"] == "done"


def test_a_second_daemon_with_the_same_store_is_refused(
    lab: Lab, daemon: Watching, tmp_path: Path
) -> None:
    other = station(lab, tmp_path)("watch", edits=OFTEN)
    assert other.returncode == 3
    assert f"process {daemon.process.pid}" in other.stderr
    assert "kill -HUP" in other.stderr


def test_a_better_configuration_is_taken_up_and_a_bad_one_is_not(
    lab: Lab, daemon: Watching, tmp_path: Path
) -> None:
    config = tmp_path / "netguard.toml"
    good = config.read_text()
    config.write_text(good + "\nnonsense = 1\n[")
    daemon.process.send_signal(signal.SIGHUP)
    told = daemon.until(lambda s: s["event"] == "not-reloaded")
    assert "the old configuration stays in force" in told["detail"]
    config.write_text(good.replace('segments = "5s"', 'segments = "4s"'))
    daemon.process.send_signal(signal.SIGHUP)
    daemon.until(lambda s: s["event"] == "reloaded")
    daemon.swept()
    lab.break_("gateway-hijack")
    assert blamed(daemon.turn("opened")) == [("ds0004", "cat1 Fa0/4")]


def test_what_was_found_survives_a_kill_and_is_not_said_again(lab: Lab, tmp_path: Path) -> None:
    with watching(lab, tmp_path, OFTEN) as first:
        first.swept()
        lab.break_("gateway-hijack")
        finding = first.turn("opened")
        assert first.end(signal.SIGKILL) == -signal.SIGKILL
    with watching(lab, tmp_path, OFTEN) as second:
        second.swept()
        second.swept()
        assert second.turns() == []
        lab.mend("gateway-hijack")
        assert second.turn("resolved")["id"] == finding["id"]
        assert second.end(signal.SIGINT) == 0


def test_a_device_that_logs_a_duplicate_has_the_address_asked_about(
    lab: Lab, tmp_path: Path
) -> None:
    """A quiet duplicate: nothing of it is heard, and the next sweep is an hour away."""
    listens = (
        OFTEN[0][0],
        OFTEN[0][1]
        .replace("5s", "1h")
        .replace("20s", "1h")
        .replace("\n\n", '\nsyslog = "udp:127.0.0.1:5514"\n\n', 1),
    )
    with watching(lab, tmp_path, (listens,)) as daemon:
        daemon.swept()
        lab.break_("duplicate-address")
        log = (
            "<188>%IP-4-DUPADDR: Duplicate address 198.51.100.22 on Vlan226, sourced by"
            " 0000.5e00.5323"
        )
        say = f"import socket; socket.socket(2, 2).sendto({log.encode()!r}, ('127.0.0.1', 5514))"
        subprocess.run(lab.command("mon", [sys.executable, "-c", say]), check=True)
        daemon.until(lambda s: s["event"] == "notice")
        finding = daemon.turn("opened")
        assert (finding["kind"], blamed(finding)) == (
            "address-conflict",
            [("ds0003", "cat1 Fa0/3")],
        )


def test_without_the_right_to_listen_it_goes_on_by_snmp_and_says_so(
    lab: Lab, tmp_path: Path
) -> None:
    prefix = ("setpriv", "--bounding-set", "-net_raw")
    with watching(lab, tmp_path, OFTEN, prefix=prefix) as daemon:
        gaps = {daemon.until(lambda s: s["event"] == "gap")["gap"]["kind"] for _ in range(1)}
        daemon.swept()
        assert gaps
        assert daemon.end() == 0
