"""Every trouble is found with its culprit and port; every look-alike stays silent.

`NETGUARD_SWEEPS=20 tests/run tests/netguard/test_scenarios.py` runs the whole matrix.
"""

import os
import subprocess
import sys
import threading
from typing import Any

import msgspec
import pytest

from netguard.lab.control import Lab
from netguard.lab.forwarding import FORWARDING
from netguard.lab.scenarios import SCENARIOS

pytestmark = [pytest.mark.packets, pytest.mark.slow]

SWEEPS = int(os.environ.get("NETGUARD_SWEEPS", "2"))
LOOK_ALIKES = sorted(s.name for s in SCENARIOS.values() if s.kind == "look-alike")

TROUBLES = {
    "duplicate-address": ("address-conflict", "198.51.100.22", "ds0003", "cat1 Fa0/3"),
    "duplicate-address-quiet": ("address-conflict", "198.51.100.22", "ds0003", "cat1 Fa0/3"),
    "duplicate-address-other-switch": (
        "address-conflict",
        "198.51.100.22",
        "ds0006",
        "cat2 Fa0/2",
    ),
    "gateway-hijack": ("gateway-hijack", "198.51.100.1", "ds0004", "cat1 Fa0/4"),
    "gateway-hijack-quiet": ("gateway-hijack", "198.51.100.1", "ds0004", "cat1 Fa0/4"),
    "gateway-silent-and-taken": ("gateway-hijack", "198.51.100.1", "ds0005", "cat2 Fa0/1"),
    "address-squatting": ("unassigned-address", "198.51.100.90", "ds0007", "cat2 Fa0/3"),
    "fake-neighbor": ("neighbor-unconfirmed", None, "ds0003", "cat1 Fa0/3"),
}


def sweep(lab: Lab, *options: str) -> tuple[dict[str, Any], int]:
    """Run a sweep as an operator does on the monitoring station."""
    command = [sys.executable, "-P", "-m", "netguard", "sweep", "--json", *options]
    done = subprocess.run(lab.command("mon", command), capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    report: dict[str, Any] = msgspec.json.decode(done.stdout)
    return report, done.returncode


def test_every_trouble_of_the_lab_is_in_the_table() -> None:
    troubles = {s.name for s in SCENARIOS.values() if s.kind == "trouble"}
    assert {*TROUBLES, "flapping-mac"} == troubles - {s.name for s in FORWARDING}


def test_a_healthy_network_is_silent(lab: Lab) -> None:
    report, code = sweep(lab)
    assert (report["findings"], report["gaps"], code) == ([], [], 0)
    assert report["counts"]["devices_read"] == 3


@pytest.mark.parametrize("trouble", sorted(TROUBLES))
def test_a_trouble_is_found_with_its_culprit_and_port(lab: Lab, trouble: str) -> None:
    kind, address, culprit, port = TROUBLES[trouble]
    lab.break_(trouble)
    report, code = sweep(lab)
    assert (code, report["gaps"]) == (0, [])
    (finding,) = report["findings"]
    assert (finding["kind"], finding["address"]) == (kind, address)
    blamed = [c for c in finding["claimants"] if c["role"] != "rightful"]
    assert [c["server"] for c in blamed] == [culprit]
    assert [f"{c['location']['device']} {c['location']['port']}" for c in blamed] == [port]
    lab.mend(trouble)
    report, _ = sweep(lab)
    assert report["findings"] == []
    assert [f["id"] for f in report["resolved"]] == [finding["id"]]


@pytest.mark.slow
def test_a_mac_on_two_switches_in_turn_is_found_in_the_course_of_several_sweeps(lab: Lab) -> None:
    lab.break_("flapping-mac")
    reports = (sweep(lab)[0] for _ in range(40))
    (finding,) = next(report["findings"] for report in reports if report["findings"])
    assert (finding["kind"], finding["address"]) == ("mac-flapping", "198.51.100.22")
    places = [f"{c['location']['device']} {c['location']['port']}" for c in finding["claimants"]]
    assert places == ["cat1 Fa0/2", "cat2 Fa0/2"]
    assert [c["server"] for c in finding["claimants"]] == ["ds0002", "ds0006"]
    lab.mend("flapping-mac")
    (ended,) = next(report["resolved"] for report in reports if report["resolved"])
    assert ended["id"] == finding["id"]


@pytest.mark.parametrize("look_alike", LOOK_ALIKES)
def test_a_look_alike_stays_silent_before_during_and_after_it_happens(
    lab: Lab, look_alike: str
) -> None:
    for number in range(SWEEPS):
        happens = lab.break_ if number % 2 == 0 else lab.mend
        turn = threading.Timer(0.4 + 0.17 * (number % 7), happens, [look_alike])
        turn.start()
        report, code = sweep(lab)
        turn.join()
        assert (report["findings"], report["gaps"], code) == ([], [], 0), f"sweep {number}"


def test_two_troubles_at_once_are_two_findings(lab: Lab) -> None:
    lab.break_("duplicate-address")
    lab.break_("gateway-hijack")
    report, _ = sweep(lab)
    assert [f["kind"] for f in report["findings"]] == ["gateway-hijack", "address-conflict"]


def test_a_sweep_of_the_segment_is_silent_about_what_servers_route_onward(lab: Lab) -> None:
    for scenario in FORWARDING:
        lab.break_(scenario.name)
    report, code = sweep(lab)
    assert (report["findings"], report["gaps"], code) == ([], [], 0)
