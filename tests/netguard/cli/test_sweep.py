"""`netguard sweep` as an operator runs it, with everything that can be wrong around it."""

import shutil
import sqlite3
import stat
import subprocess
from pathlib import Path

import pytest

from netguard.lab.control import Lab
from tests.station import Edit, Run, report_of

pytestmark = pytest.mark.packets


def test_a_healthy_sweep_says_so_in_two_lines(netguard: Run) -> None:
    done = netguard("sweep")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1:] == ["Nothing found."]
    assert done.stderr == ""


def test_exit_code_tells_whether_something_was_found(netguard: Run, lab: Lab) -> None:
    assert netguard("sweep", "--exit-code").returncode == 0
    lab.break_("address-squatting")
    assert netguard("sweep").returncode == 0
    assert netguard("sweep", "--exit-code").returncode == 1


def test_an_unknown_segment_is_named_with_the_one_that_was_meant(netguard: Run) -> None:
    done = netguard("sweep", "--segment", "web-225")
    assert done.returncode == 2
    assert "no segment is named 'web-225'" in done.stderr
    assert "Did you mean 'web-226'?" in done.stderr


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (('interface = "eth1"', 'interface = "eth9"'), "eth9"),
        (('interface = "eth1"', 'interface = "lo"'), "lo"),
        (('interface = "eth1"', 'interface = "eth0"'), "198.51.100.0/25"),
    ],
)
def test_a_segment_that_cannot_be_asked_is_a_gap(netguard: Run, edit: Edit, said: str) -> None:
    done = netguard("sweep", "--json", edits=(edit,))
    assert done.returncode == 1
    (gap,) = report_of(done)["gaps"]
    assert gap["subject"] == "web-226"
    assert said in gap["detail"]
    assert gap["remedy"]


def test_without_the_right_to_send_it_says_which_right_is_missing(netguard: Run) -> None:
    drop = ("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw")
    done = netguard("sweep", "--json", prefix=drop)
    assert done.returncode == 1
    (gap,) = report_of(done)["gaps"]
    assert "CAP_NET_RAW" in gap["detail"] + gap["remedy"]


CAT2 = 'address = "192.0.2.12"\nrole = "switch"\nsnmp = "lab"'


@pytest.mark.parametrize(
    "edit",
    [
        (CAT2, CAT2.replace("192.0.2.12", "192.0.2.99")),
        (CAT2, CAT2.replace("lab", "wrong")),
    ],
    ids=["unreachable", "wrong community"],
)
def test_one_dead_switch_is_a_gap_and_the_rest_is_still_found(
    netguard: Run, lab: Lab, tmp_path: Path, edit: Edit
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("not-the-community\n")
    wrong.chmod(0o600)
    lab.break_("gateway-hijack")
    credentials = f'[snmp.wrong]\nversion = "2c"\nread = "file:{wrong}"\n\n[[segment]]'
    done = netguard("sweep", "--json", edits=(edit, ("[[segment]]", credentials)))
    report = report_of(done)
    assert done.returncode == 1
    assert {gap["subject"] for gap in report["gaps"]} == {"cat2"}
    assert "not-the-community" not in done.stdout + done.stderr
    (finding,) = report["findings"]
    (impostor,) = (c for c in finding["claimants"] if c["role"] == "impostor")
    assert impostor["location"]["port"] == "Fa0/4"


def test_a_finding_is_not_ended_across_a_gap(netguard: Run, lab: Lab) -> None:
    lab.break_("address-squatting")
    assert report_of(netguard("sweep", "--json"))["findings"]
    lab.mend()
    dead = ('address = "192.0.2.12"', 'address = "192.0.2.99"')
    report = report_of(netguard("sweep", "--json", edits=(dead,)))
    assert [f["state"] for f in report["findings"]] == ["open"]
    report = report_of(netguard("sweep", "--json"))
    assert report["findings"] == []
    assert [f["state"] for f in report["resolved"]] == ["resolved"]


def test_a_locked_store_costs_the_memory_but_not_the_sweep(
    netguard: Run, lab: Lab, tmp_path: Path
) -> None:
    assert netguard("sweep").returncode == 0
    lab.break_("address-squatting")
    with sqlite3.connect(tmp_path / "netguard.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = netguard("sweep", "--json")
    other.close()
    report = report_of(done)
    assert done.returncode == 1
    assert [gap["subject"] for gap in report["gaps"]] == ["store"]
    assert [f["kind"] for f in report["findings"]] == ["unassigned-address"]


def test_a_corrupted_store_is_left_as_it_is(netguard: Run, tmp_path: Path) -> None:
    database = tmp_path / "netguard.db"
    database.write_bytes(b"this is no database" * 300)
    before = database.read_bytes()
    done = netguard("sweep", "--json")
    assert done.returncode == 1
    (gap,) = report_of(done)["gaps"]
    assert gap["subject"] == "store"
    assert gap["remedy"]
    assert database.read_bytes() == before


def test_a_secret_file_that_others_can_read_is_refused(netguard: Run, tmp_path: Path) -> None:
    secret = tmp_path / "community"
    secret.write_text("s3cret\n")
    secret.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
    done = netguard("sweep", "--json", edits=(('read = "public"', f'read = "file:{secret}"'),))
    assert done.returncode == 1
    gaps = report_of(done)["gaps"]
    assert {gap["subject"] for gap in gaps} == {"edge1", "cat1", "cat2"}
    assert all(gap["kind"] == "no-secret" and str(secret) in gap["detail"] for gap in gaps)
    assert "s3cret" not in done.stdout + done.stderr


def test_ctrl_c_stops_a_sweep_at_once_and_leaves_the_store_whole(
    netguard: Run, tmp_path: Path
) -> None:
    timeout = shutil.which("timeout")
    assert timeout
    done = netguard(
        "sweep", edits=(("pace = 500", "pace = 5"),), prefix=(timeout, "--signal=INT", "3")
    )
    assert "interrupted" in done.stderr
    assert "Traceback" not in done.stderr
    database = tmp_path / "netguard.db"
    with sqlite3.connect(database) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.close()


def test_arp_scan_beside_it_sees_the_same_stations(netguard: Run, lab: Lab, tmp_path: Path) -> None:
    lab.break_("duplicate-address")
    scan = ["arp-scan", "--interface=eth1", "--plain", "--quiet", "198.51.100.0/25"]
    peer = subprocess.run(
        lab.command("mon", scan), capture_output=True, text=True, check=True
    ).stdout
    theirs = {tuple(line.split("\t")[:2]) for line in peer.splitlines()}
    assert netguard("sweep").returncode == 0
    with sqlite3.connect(tmp_path / "netguard.db") as store:
        ours = set(store.execute("SELECT address, mac FROM bindings"))
    store.close()
    assert ours == theirs
    assert len([mac for address, mac in ours if address == "198.51.100.22"]) == 2
