"""Unattended action by policy: proven, confirmed, once, capped, told, and stopped by a file."""

import http.server
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netguard.lab import enter, namespaces
from netguard.lab.control import Lab
from tests.netguard.lab.asking import run
from tests.station import Run, report_of, station

pytestmark = [pytest.mark.packets, pytest.mark.slow]

FINDING = "gateway-hijack/web-226/198.51.100.1"
AUTOMATIC = 'automatic = ["gateway-hijack", "address-conflict"]'
Sweep = Callable[..., dict[str, Any]]


def policy(*lines: str) -> tuple[tuple[str, str], ...]:
    """Return the edit that gives the lab's configuration a [shutdown] of these lines."""
    text = "\n".join(("[shutdown]", *lines))
    return (("[snmp.lab]", f"{text}\n\n[snmp.lab]"),)


@pytest.fixture
def netguard(lab: Lab, tmp_path: Path) -> Run:
    return station(lab, tmp_path)


@pytest.fixture
def sweep(netguard: Run) -> Sweep:
    """Run a sweep under a policy and return its report."""

    def once(*lines: str, gateways: bool = True) -> dict[str, Any]:
        look = ("--gateways",) if gateways else ()
        return report_of(netguard("sweep", "--json", *look, edits=policy(*lines)))

    return once


def deeds(report: dict[str, Any]) -> list[tuple[str, str | None, list[str]]]:
    return [
        (d["report"]["outcome"], d["report"]["port"], d["report"]["refused_by"])
        for d in report["deeds"]
    ]


def history_of(netguard: Run) -> list[dict[str, Any]]:
    records: Any = report_of(netguard("port", "history", "--json"))
    return list(records)


def test_a_taken_gateway_is_freed_by_the_quick_look_and_only_once(
    lab: Lab, netguard: Run, sweep: Sweep
) -> None:
    lab.break_("gateway-hijack")
    report = sweep(AUTOMATIC)
    assert deeds(report) == [("done", "Fa0/4", [])]
    (deed,) = report["deeds"]
    assert deed["report"]["conflict_cleared"] is True
    assert deed["sentence"] == "closed cat1 Fa0/4, and the trouble is over"
    assert [r["order"]["automatic"] for r in history_of(netguard)] == [True, True]
    assert deeds(sweep(AUTOMATIC)) == []  # nobody answers any more


def test_without_a_policy_nothing_is_done(lab: Lab, netguard: Run, sweep: Sweep) -> None:
    lab.break_("gateway-hijack")
    report = sweep()
    assert [f["id"] for f in report["findings"]] == [FINDING]
    assert deeds(report) == []
    assert history_of(netguard) == []


def test_a_whole_sweep_closes_a_proven_duplicate_and_the_victim_keeps_its_port(
    lab: Lab, sweep: Sweep
) -> None:
    lab.break_("duplicate-address-other-switch")
    report = sweep(AUTOMATIC, gateways=False)
    assert deeds(report) == [("done", "Fa0/2", [])]
    assert report["deeds"][0]["report"]["device"] == "cat2"
    assert run(lab, "mon", "ping", "-c1", "-W1", "198.51.100.22").returncode == 0


def test_look_alikes_close_nothing(lab: Lab, netguard: Run, sweep: Sweep) -> None:
    for name in ("vrrp-failover", "arp-flux", "handover"):
        lab.break_(name)
    assert sweep(AUTOMATIC, gateways=False)["deeds"] == []
    assert history_of(netguard) == []


def test_a_conflict_that_nobody_has_decided_closes_nothing_and_is_told_once(
    lab: Lab, netguard: Run, sweep: Sweep
) -> None:
    run(lab, "ds0008", "ip", "address", "add", "198.51.100.40/25", "dev", "eth0")
    try:
        first = sweep(AUTOMATIC, gateways=False)
        assert deeds(first) == [("refused", None, ["ambiguous-station"])]
        assert deeds(sweep(AUTOMATIC, gateways=False)) == []
    finally:
        run(lab, "ds0008", "ip", "address", "del", "198.51.100.40/25", "dev", "eth0")
    (record,) = history_of(netguard)
    assert (record["step"], record["port"]["device"]) == ("refused", "-")


@pytest.mark.parametrize(
    ("lines", "refused_by"),
    [
        ((AUTOMATIC, "confirmations = 9"), []),
        ((AUTOMATIC, "per_hour = 0"), ["per-hour"]),
        ((AUTOMATIC, 'protected = ["00:00:5e:00:53:24"]'), ["protected"]),
        ((AUTOMATIC, 'protected = ["cat1 Fa0/4"]'), ["protected"]),
        ((AUTOMATIC, 'protected = ["198.51.100.1"]'), []),
    ],
    ids=["more rounds", "cap", "protected MAC", "protected port", "a taken address hides nobody"],
)
def test_the_guards_hold_for_the_program_too(
    lab: Lab, netguard: Run, sweep: Sweep, lines: tuple[str, ...], refused_by: list[str]
) -> None:
    lab.break_("gateway-hijack")
    (deed,) = deeds(sweep(*lines))
    assert (deed[0], deed[2]) == ("refused" if refused_by else "done", refused_by)
    assert deeds(sweep(*lines)) == []  # told once
    if refused_by:
        (record,) = history_of(netguard)
        assert (record["order"]["automatic"], record["refused_by"]) == (True, refused_by)


def test_a_file_that_any_shell_makes_freezes_it(
    lab: Lab, netguard: Run, sweep: Sweep, tmp_path: Path
) -> None:
    (tmp_path / "frozen").touch()
    lab.break_("gateway-hijack")
    assert deeds(sweep(AUTOMATIC)) == [("refused", "Fa0/4", ["frozen"])]
    assert netguard("port", "thaw").returncode == 0
    assert deeds(sweep(AUTOMATIC)) == [("done", "Fa0/4", [])]


def test_what_a_person_has_acknowledged_is_left_to_that_person(
    lab: Lab, netguard: Run, sweep: Sweep
) -> None:
    lab.break_("gateway-hijack")
    assert sweep()["findings"]
    assert netguard("findings", "ack", FINDING).returncode == 0
    assert deeds(sweep(AUTOMATIC)) == []


def test_a_hijacker_who_comes_back_elsewhere_is_the_same_incident(lab: Lab, sweep: Sweep) -> None:
    lab.break_("gateway-hijack")
    assert deeds(sweep(AUTOMATIC))[0][0] == "done"
    run(lab, "ds0006", "ip", "address", "add", "198.51.100.1/25", "dev", "eth0")
    try:
        assert deeds(sweep(AUTOMATIC)) == [("refused", "Fa0/2", ["already-handled"])]
    finally:
        run(lab, "ds0006", "ip", "address", "del", "198.51.100.1/25", "dev", "eth0")


def test_what_was_closed_is_opened_when_its_time_is_over_and_the_trouble_too(
    lab: Lab, sweep: Sweep
) -> None:
    patient = (AUTOMATIC, 'restore_after = "1s"')
    lab.break_("gateway-hijack")
    assert deeds(sweep(*patient)) == [("done", "Fa0/4", [])]
    lab.mend("gateway-hijack")
    report = sweep(*patient, gateways=False)
    assert [f["id"] for f in report["resolved"]] == [FINDING]
    assert [d["sentence"] for d in report["deeds"]] == [
        "opened cat1 Fa0/4, and the trouble is over"
    ]
    assert deeds(sweep(*patient, gateways=False)) == []


def test_what_a_person_closed_stays_closed_and_is_told_when_it_is_open_again(
    lab: Lab, netguard: Run, sweep: Sweep
) -> None:
    shut = ("port", "shutdown", "cat1", "Fa0/3", "--reason", "drill", "--yes")
    assert netguard(*shut).returncode == 0
    assert deeds(sweep(AUTOMATIC, 'restore_after = "1s"', gateways=False)) == []
    lab.mend()  # opens what was closed, as a restart of the switch does
    (deed,) = sweep(gateways=False)["deeds"]
    assert deed["sentence"].startswith("cat1 Fa0/3, which netguard closed, is up again: ")
    assert sweep(gateways=False)["deeds"] == []  # told once
    undo = netguard("port", "restore", "cat1", "Fa0/3", "--reason", "x", "--yes", "--json")
    assert set(report_of(undo)["refused_by"]) == {"already-up", "not-ours"}


class Hook(http.server.BaseHTTPRequestHandler):
    """Takes what an alert posts."""

    received: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hook(lab: Lab) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """A web server on the station's loopback: its port, and what was posted to it."""
    received: list[dict[str, Any]] = []
    handler = type("Handler", (Hook,), {"received": received})
    user, station_ = enter._namespaces(lab.directory, "mon")
    with namespaces.entered(station_):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    os.close(user)
    os.close(station_)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1], received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_everything_done_or_declined_is_alerted_with_the_command_to_run_next(
    lab: Lab, sweep: Sweep, hook: tuple[int, list[dict[str, Any]]]
) -> None:
    port, received = hook
    alert = f'[[alert]]\nurl = "json://127.0.0.1:{port}/"\nseverity = "warning"'
    lab.break_("gateway-hijack")
    assert deeds(sweep(AUTOMATIC, "per_hour = 0", "", alert))[0][0] == "refused"
    assert deeds(sweep(AUTOMATIC, "", alert))[0][0] == "done"
    refused, found, closed = received
    assert refused["title"] == "netguard: did not close cat1 Fa0/4: per-hour"
    assert "netguard port history" in refused["message"]
    assert "gateway-hijack 198.51.100.1" in found["title"]
    assert closed["title"] == "netguard: closed cat1 Fa0/4, and the trouble is over"
    assert "undo: netguard port restore cat1 Fa0/4" in closed["message"]


def test_an_alert_that_reaches_nobody_is_a_gap_and_the_port_is_closed_all_the_same(
    lab: Lab, netguard: Run
) -> None:
    lab.break_("gateway-hijack")
    alert = '[[alert]]\nurl = "json://127.0.0.1:9/secret-token"\nseverity = "warning"'
    done = netguard("sweep", "--json", "--gateways", edits=policy(AUTOMATIC, "", alert))
    report = report_of(done)
    assert (done.returncode, deeds(report)) == (1, [("done", "Fa0/4", [])])
    assert {gap["kind"] for gap in report["gaps"]} == {"alert-failed"}
    assert "secret-token" not in done.stdout + done.stderr


def test_without_its_history_a_program_does_nothing(lab: Lab, netguard: Run) -> None:
    lab.break_("gateway-hijack")
    gone = (*policy(AUTOMATIC), ('store = "sqlite:///', 'store = "sqlite:////proc/nowhere'))
    report = report_of(netguard("sweep", "--json", "--gateways", edits=gone))
    assert deeds(report) == [("refused", "Fa0/4", ["per-hour", "already-handled"])]


def test_an_unpinned_gateway_closes_nothing_unless_the_inventory_proves_it(
    lab: Lab, netguard: Run
) -> None:
    unpinned = ('routers = ["edge1"]', "routers = []")
    nowhere = (
        ('mac = "00:00:5e:00:53:24"', 'segment = "web-226"'),
        ('port = "cat1 Fa0/4"', ""),
    )
    lab.break_("gateway-hijack")
    edits = (*policy(AUTOMATIC), unpinned)
    report = report_of(netguard("sweep", "--json", edits=(*edits, *nowhere)))
    assert deeds(report) == [("refused", None, ["ambiguous-station"])]
    report = report_of(netguard("sweep", "--json", edits=edits))
    assert deeds(report) == [("done", "Fa0/4", [])]
