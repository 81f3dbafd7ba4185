"""`netguard port` on the practice network: the right port, proven and undone, and what may fail."""

import shlex
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from netguard.lab.control import Lab
from tests.netguard.lab.asking import run
from tests.station import Run, report_of

pytestmark = pytest.mark.packets

HIJACKER = "00:00:5e:00:53:24"
FINDING = "gateway-hijack/web-226/198.51.100.1"
WHY = ("--reason", "took the gateway", "--yes")
SOMEBODY = ("--reason", "drill", "--yes")


def ports(lab: Lab) -> dict[str, bool]:
    """Return whether each wire of the practice network carries a signal, by switch port."""
    return {
        f"{host.name} {interface.name}": interface.up
        for host in lab.status().hosts
        if host.role == "switch"
        for interface in host.interfaces
    }


def reaches_upstream(lab: Lab, host: str) -> bool:
    """Ask whether a server's packets pass through the gateway."""
    return run(lab, host, "ping", "-c1", "-W1", "203.0.113.10").returncode == 0


def poison(lab: Lab, host: str) -> None:
    """Let a server believe that the hijacker is its gateway, as an announcement does."""
    entry = ("198.51.100.1", "lladdr", HIJACKER, "dev", "eth0", "nud", "reachable")
    assert run(lab, host, "ip", "neigh", "replace", *entry).returncode == 0


def history_of(netguard: Run) -> list[dict[str, Any]]:
    records: Any = report_of(netguard("port", "history", "--json"))
    return list(records)


def outcomes(netguard: Run) -> list[tuple[str, str | None]]:
    return [(r["step"], r["outcome"]) for r in history_of(netguard)]


@pytest.fixture
def taken(lab: Lab, netguard: Run) -> Lab:
    """The gateway is taken by ds0004, and a sweep has found it."""
    lab.break_("gateway-hijack")
    report = report_of(netguard("sweep", "--gateways", "--json"))
    assert [f["id"] for f in report["findings"]] == [FINDING]
    return lab


def test_the_hijacker_s_port_goes_down_the_gateway_is_back_and_the_undo_works(
    taken: Lab, netguard: Run
) -> None:
    healthy = ports(taken)
    poison(taken, "ds0002")
    assert not reaches_upstream(taken, "ds0002")
    heal = (("[snmp.lab]", "[shutdown]\nannounce = true\n\n[snmp.lab]"),)
    done = netguard("port", "shutdown", "--finding", "198.51.100.1", *WHY, "--json", edits=heal)
    report = report_of(done)
    assert (done.returncode, report["outcome"]) == (0, "done"), done.stderr
    assert (report["device"], report["port"], report["if_index"]) == ("cat1", "Fa0/4", 10004)
    assert report["before"] == {"admin": "up", "oper": "up"}
    assert report["after"] == {"admin": "down", "oper": "down"}
    assert report["conflict_cleared"] is True
    assert (report["server"], report["customer"]) == ("ds0004", "C-20952")
    assert [s["mac"] for s in report["stations"] if s["target"]] == [HIJACKER]
    assert {p for p, up in ports(taken).items() if up != healthy[p]} == {"cat1 Fa0/4"}
    assert reaches_upstream(taken, "ds0002")
    assert outcomes(netguard) == [("intent", None), ("outcome", "done")]

    taken.mend("gateway-hijack")
    undo = shlex.split(report["undo"])
    assert undo[:2] == ["netguard", "--config"]
    restored = netguard(*undo[3:], "--yes", "--json")
    assert (restored.returncode, report_of(restored)["outcome"]) == (0, "done"), restored.stderr
    assert report_of(restored)["conflict_cleared"] is True
    assert ports(taken) == healthy


def test_a_station_is_enough_to_name_the_port(taken: Lab, netguard: Run) -> None:
    done = netguard("port", "shutdown", "--mac", "0000.5e00.5324", *WHY, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert report_of(done)["port"] == "Fa0/4"
    assert report_of(done)["conflict_cleared"] is True
    assert not ports(taken)["cat1 Fa0/4"]


@pytest.mark.parametrize("name", ["Fa0/3", "fa0/3", "FastEthernet0/3", "fast0/3", "0/3"])
def test_a_port_is_named_as_people_write_it(lab: Lab, netguard: Run, name: str) -> None:
    done = netguard("port", "shutdown", "cat1", name, *SOMEBODY, "--json")
    report = report_of(done)
    assert (done.returncode, report["port"], report["outcome"]) == (0, "Fa0/3", "done"), report
    assert report["conflict_cleared"] is None
    assert not ports(lab)["cat1 Fa0/3"]


@pytest.mark.usefixtures("taken")
def test_show_says_who_is_behind_a_port_and_what_forbids_to_close_it(netguard: Run) -> None:
    report = report_of(netguard("port", "show", "cat1", "Fa0/4", "--json"))
    assert report["outcome"] == "planned"
    assert report["refused_by"] == []
    assert report["server"] == "ds0004"
    text = netguard("port", "show", "cat1", "Gi0/2")
    assert text.returncode == 0
    assert "refused by uplink: it leads to cat2 Gi0/1: both ends say so" in text.stdout


def test_a_dry_run_says_all_and_changes_nothing(taken: Lab, netguard: Run) -> None:
    done = netguard("port", "shutdown", "--mac", HIJACKER, "--dry-run", "--json")
    assert (done.returncode, report_of(done)["outcome"]) == (0, "planned")
    assert "nothing forbids to close it" in done.stderr
    assert all(up for name, up in ports(taken).items() if name == "cat1 Fa0/4")
    assert history_of(netguard) == []
    refused = netguard("port", "shutdown", "cat1", "Gi0/2", "--dry-run", "--json")
    assert refused.returncode == 3
    assert "uplink" in report_of(refused)["refused_by"]


REFUSED = {
    "Gi0/2": {"uplink", "trunk"},  # to cat2
    "Gi0/1": {"uplink", "trunk", "gateway-station"},  # to edge1
    "Fa0/24": {"own-path"},  # netguard's own station
    "Fa0/11": {"gateway-station"},  # vr1, the virtual router in charge
    "Fa0": {"not-a-managed-port"},  # out-of-band management
}


@pytest.mark.parametrize("name", REFUSED)
def test_yes_lifts_no_guard_and_what_was_refused_stands_in_the_history(
    lab: Lab, netguard: Run, name: str
) -> None:
    before = ports(lab)
    done = netguard("port", "shutdown", "cat1", name, *SOMEBODY, "--json")
    report = report_of(done)
    assert (done.returncode, report["outcome"]) == (3, "refused")
    assert set(report["refused_by"]) >= REFUSED[name]
    assert ports(lab) == before
    (record,) = history_of(netguard)
    assert (record["step"], record["outcome"]) == ("refused", "refused")
    assert set(record["refused_by"]) == set(report["refused_by"])


def test_an_override_lifts_one_guard_and_is_written_down(lab: Lab, netguard: Run) -> None:
    edits = (("[snmp.lab]", '[shutdown]\nprotected = ["cat1 Fa0/3"]\n\n[snmp.lab]'),)
    refused = netguard("port", "shutdown", "cat1", "Fa0/3", *SOMEBODY, "--json", edits=edits)
    assert report_of(refused)["refused_by"] == ["protected"]
    other = ("--override", "uplink")
    still = netguard("port", "shutdown", "cat1", "Fa0/3", *SOMEBODY, *other, "--json", edits=edits)
    assert report_of(still)["refused_by"] == ["protected"]
    lifted = ("--override", "protected")
    done = netguard("port", "shutdown", "cat1", "Fa0/3", *SOMEBODY, *lifted, "--json", edits=edits)
    assert report_of(done)["outcome"] == "done"
    assert history_of(netguard)[-1]["lifted"] == ["protected"]
    assert not ports(lab)["cat1 Fa0/3"]


def test_the_environment_answers_for_nobody(lab: Lab, netguard: Run) -> None:
    names = ("YES", "REASON", "OVERRIDE", "DRY_RUN")
    answers = ("yes", "drill", "uplink", "")
    forged = [
        f"{prefix}{name}={answer}"
        for name, answer in zip(names, answers, strict=True)
        for prefix in ("NETGUARD_", "NETGUARD_PORT_", "NETGUARD_PORT_SHUTDOWN_")
    ]
    done = netguard("port", "shutdown", "cat1", "Fa0/3", prefix=("env", *forged))
    assert done.returncode == 2  # no reason
    done = netguard("port", "shutdown", "cat1", "Fa0/3", "--reason", "x", prefix=("env", *forged))
    assert done.returncode == 3
    assert "not confirmed" in done.stdout
    done = netguard("port", "shutdown", "cat1", "Gi0/2", *SOMEBODY, prefix=("env", *forged))
    assert done.returncode == 3
    assert all(ports(lab)[name] for name in ("cat1 Fa0/3", "cat1 Gi0/2"))


BAD_INPUT: dict[tuple[str, ...], tuple[int, str]] = {
    ("cat1", "Fa0/33"): (2, "cat1 has no port 'Fa0/33'"),
    ("cat1", "0/1"): (2, "'0/1' could be any of Fa0/1, Gi0/1 on cat1"),
    ("cat9", "Fa0/3"): (2, "no device is named 'cat9'"),
    ("cat1",): (2, "Which port of cat1?"),
    (): (2, "Name the port in one way"),
    ("cat1", "Fa0/3", "--mac", HIJACKER): (2, "Name the port in one way"),
    ("--mac", "rubbish"): (2, "not a MAC address"),
    ("--mac", "00:00:5e:00:53:ee"): (3, "00:00:5e:00:53:ee is in no FDB that was read"),
    ("--finding", "nothing"): (2, "there is no finding 'nothing'"),
    ("edge1", "ethernet1/1"): (3, "not-a-managed-port: edge1 is a router"),
}


@pytest.mark.parametrize("named", BAD_INPUT, ids=" ".join)
def test_bad_input_gets_one_clear_line_and_changes_nothing(
    lab: Lab, netguard: Run, named: tuple[str, ...]
) -> None:
    code, line = BAD_INPUT[named]
    before = ports(lab)
    done = netguard("port", "shutdown", *named, *SOMEBODY)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert line in done.stdout + done.stderr
    assert ports(lab) == before


def speak_as(lab: Lab, host: str, mac: str, destination: str) -> None:
    """Send one frame with another's source MAC, as a cloned card does when it speaks."""
    frame = f"{destination} {mac} 88b5".replace(":", "")  # IEEE 802: for local experiments
    send = (
        "import socket; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(('eth0', 0));"
        f"s.send(bytes.fromhex('{frame}') + bytes(46))"
    )
    assert run(lab, host, sys.executable, "-c", send).returncode == 0


def test_a_mac_on_two_ports_closes_neither(lab: Lab, netguard: Run) -> None:
    before = ports(lab)
    # Each to the switch it hangs on, so that the frame goes no further. Everything else that
    # ds0008 says carries its own MAC: what the hosts say by themselves moves nothing.
    speak_as(lab, "ds0008", "00:00:5e:00:53:23", "00:00:5e:00:53:c2")
    speak_as(lab, "ds0003", "00:00:5e:00:53:23", "00:00:5e:00:53:c1")
    try:
        done = netguard("port", "shutdown", "--mac", "00:00:5e:00:53:23", *SOMEBODY, "--json")
    finally:
        run(lab, "ds0003", "ping", "-c1", "-W1", "198.51.100.99")  # both switches learn it anew
    report = report_of(done)
    assert (done.returncode, report["refused_by"]) == (3, ["ambiguous-station"])
    assert "cat1 Fa0/3, cat2 Fa0/4" in report["detail"]
    assert ports(lab) == before


def test_a_resolved_finding_closes_nothing(taken: Lab, netguard: Run) -> None:
    taken.mend()
    assert netguard("sweep").returncode == 0
    done = netguard("port", "shutdown", "--finding", FINDING, *WHY)
    assert done.returncode == 3
    assert "is resolved" in done.stdout


def test_a_finding_that_ended_since_the_sweep_closes_nothing(taken: Lab, netguard: Run) -> None:
    taken.mend()
    done = netguard("port", "shutdown", "--finding", FINDING, *WHY, "--json")
    assert done.returncode == 3
    assert "stale-location" in report_of(done)["refused_by"]


def test_a_blank_reason_is_none(netguard: Run) -> None:
    done = netguard("port", "shutdown", "cat1", "Fa0/3", "--yes", "--reason", "  ")
    assert done.returncode == 2
    assert "--reason" in done.stderr


def test_a_port_that_is_down_already_is_left_alone(netguard: Run) -> None:
    assert netguard("port", "shutdown", "cat1", "Fa0/3", *SOMEBODY).returncode == 0
    done = netguard("port", "shutdown", "cat1", "Fa0/3", *SOMEBODY, "--json")
    assert done.returncode == 3
    assert "already-down" in report_of(done)["refused_by"]


def test_restore_opens_only_what_netguard_closed(lab: Lab, netguard: Run) -> None:
    by_hand = "1.3.6.1.2.1.2.2.1.7.10003"
    run(lab, "mon", "snmpset", "-v2c", "-cprivate", "192.0.2.11", by_hand, "i", "2")
    done = netguard("port", "restore", "cat1", "Fa0/3", *SOMEBODY, "--json")
    assert (done.returncode, report_of(done)["refused_by"]) == (3, ["not-ours"])
    lifted = ("--override", "not-ours")
    done = netguard("port", "restore", "cat1", "Fa0/3", *SOMEBODY, *lifted, "--json")
    assert (done.returncode, report_of(done)["outcome"]) == (0, "done")
    assert ports(lab)["cat1 Fa0/3"]
    again = netguard("port", "restore", "cat1", "Fa0/3", *SOMEBODY, "--json")
    assert "already-up" in report_of(again)["refused_by"]


def test_restore_refuses_while_the_trouble_is_seen_elsewhere(taken: Lab, netguard: Run) -> None:
    assert netguard("port", "shutdown", "--finding", FINDING, *WHY).returncode == 0
    shown = report_of(netguard("port", "show", "cat1", "Fa0/4", "--json"))
    assert (shown["change"], shown["refused_by"]) == ("restore", [])
    run(taken, "ds0006", "ip", "address", "add", "198.51.100.1/25", "dev", "eth0")
    try:
        for named in (("--finding", FINDING), ("--mac", HIJACKER), ("cat1", "Fa0/4")):
            done = netguard("port", "restore", *named, *SOMEBODY, "--json")
            assert (done.returncode, report_of(done)["refused_by"]) == (3, ["still-in-trouble"])
    finally:
        run(taken, "ds0006", "ip", "address", "del", "198.51.100.1/25", "dev", "eth0")
    taken.mend("gateway-hijack")
    done = netguard("port", "restore", "--finding", FINDING, *SOMEBODY, "--json")
    assert (done.returncode, report_of(done)["outcome"]) == (0, "done"), done.stdout


def test_a_missing_write_credential_is_a_refusal_and_sweeps_do_without(netguard: Run) -> None:
    edits = (('write = "file:', '# write = "file:'),)
    assert netguard("sweep", edits=edits).returncode == 0
    done = netguard("port", "shutdown", "cat1", "Fa0/3", *SOMEBODY, "--json", edits=edits)
    assert (done.returncode, report_of(done)["refused_by"]) == (3, ["no-write-credential"])


def test_a_read_only_community_fails_and_the_port_is_as_it_was(lab: Lab, netguard: Run) -> None:
    edits = ((f'write = "file:{lab.directory}/write-community"', 'write = "public"'),)
    done = netguard("port", "shutdown", "cat1", "Fa0/3", *SOMEBODY, "--json", edits=edits)
    report = report_of(done)
    assert (done.returncode, report["outcome"]) == (1, "failed")
    assert report["after"]["admin"] == "up"
    assert "noAccess" in report["detail"]
    assert outcomes(netguard)[-1] == ("outcome", "failed")
    assert ports(lab)["cat1 Fa0/3"]


def test_more_closings_than_an_hour_may_have_need_a_person_s_word(netguard: Run) -> None:
    edits = (("[snmp.lab]", "[shutdown]\nper_hour = 1\n\n[snmp.lab]"),)
    assert netguard("port", "shutdown", "cat1", "Fa0/3", *SOMEBODY, edits=edits).returncode == 0
    done = netguard("port", "shutdown", "cat2", "Fa0/1", *SOMEBODY, "--json", edits=edits)
    assert (done.returncode, report_of(done)["refused_by"]) == (3, ["per-hour"])
    lifted = ("--override", "per-hour")
    done = netguard("port", "shutdown", "cat2", "Fa0/1", *SOMEBODY, *lifted, edits=edits)
    assert done.returncode == 0


@pytest.mark.usefixtures("taken")
def test_half_the_switches_dead_is_no_reason_to_wait(netguard: Run) -> None:
    dead = (('address = "192.0.2.12"', 'address = "192.0.2.99"'),)
    done = netguard("port", "shutdown", "--finding", FINDING, *WHY, "--json", edits=dead)
    assert (done.returncode, report_of(done)["outcome"]) == (0, "done"), done.stdout + done.stderr


def test_it_works_with_the_store_gone_and_says_so(lab: Lab, netguard: Run) -> None:
    lab.break_("gateway-hijack")
    gone = (('store = "sqlite:///', 'store = "sqlite:////proc/nowhere'),)
    done = netguard("port", "shutdown", "--mac", HIJACKER, *WHY, "--json", edits=gone)
    report = report_of(done)
    assert (done.returncode, report["outcome"]) == (0, "done"), done.stderr
    assert "without history" in done.stderr
    assert '"step":"intent"' in done.stderr
    assert '"outcome":"done"' in done.stderr
    undo = shlex.split(report["undo"])
    restored = netguard(*undo[3:], "--yes", "--json", edits=gone)
    assert report_of(restored)["outcome"] == "done", restored.stdout + restored.stderr
    assert ports(lab)["cat1 Fa0/4"]


@pytest.mark.usefixtures("taken")
def test_it_works_under_sudo_from_a_bare_shell(netguard: Run) -> None:
    bare = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SUDO_USER=oncall", "TERM=dumb")
    done = netguard("port", "shutdown", "--finding", FINDING, *WHY, prefix=bare)
    assert done.returncode == 0, done.stderr
    assert history_of(netguard)[0]["order"]["who"] == "oncall"


def test_the_history_is_verified_and_a_changed_word_is_found(netguard: Run, tmp_path: Path) -> None:
    assert netguard("port", "shutdown", "cat1", "Fa0/3", *SOMEBODY).returncode == 0
    sound = netguard("port", "history", "--verify")
    assert (sound.returncode, "2 records" in sound.stdout) == (0, True)
    with sqlite3.connect(tmp_path / "netguard.db") as store:
        store.execute(
            "UPDATE actions SET text = replace(text, 'drill', 'other') WHERE sequence = 1"
        )
    store.close()
    broken = netguard("port", "history", "--verify")
    assert broken.returncode == 1
    assert "Record 1" in broken.stdout + broken.stderr


def test_freezing_is_a_file_and_thawing_removes_it(netguard: Run, tmp_path: Path) -> None:
    done = netguard("port", "freeze", "--reason", "maintenance")
    assert (done.returncode, str(tmp_path / "frozen") in done.stdout) == (0, True)
    assert "nobody has used the store" in done.stderr  # the daemon may have another one
    assert "maintenance" in (tmp_path / "frozen").read_text()
    assert netguard("port", "thaw").stdout == "Thawed.\n"
    assert not (tmp_path / "frozen").exists()
    assert netguard("port", "thaw").stdout == "It was not frozen.\n"


def test_two_people_at_one_port_at_the_same_moment_close_it_once(netguard: Run) -> None:
    done: list[subprocess.CompletedProcess[str]] = []

    def close() -> None:
        done.append(netguard("port", "shutdown", "cat1", "Fa0/3", *SOMEBODY, "--json"))

    people = [threading.Thread(target=close) for _ in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(report_of(d)["outcome"] for d in done) == ["done", "refused"]
    assert [o for o in outcomes(netguard) if o[0] == "outcome"] == [("outcome", "done")]
