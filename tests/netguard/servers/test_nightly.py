"""The nightly sweep over the servers: killed and taken up, beside other sweeps, second opinions."""

import os
import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from netguard.lab.control import Lab, up
from tests.netguard.servers.checking import Report
from tests.netguard.servers.vantage_host import VantageHost, vantage_host
from tests.station import Edit, Run, command, configured, report_of, station

pytestmark = [pytest.mark.packets, pytest.mark.slow]

SWEEP = ("sweep", "--servers", "--json")
SERVERS = {"vr2", *(f"ds{number:04}" for number in range(1, 11))}  # those with blocks
FINDING = "forwarding-server/web-226/ds0002"
PATIENCE = 60.0  # seconds


@pytest.fixture
def netguard(lab: Lab, tmp_path: Path) -> Run:
    return station(lab, tmp_path)


def stored(folder: Path) -> dict[str, str]:
    """Return which servers the last sweep has put into the store, and when each was checked."""
    file = folder / "netguard.db"
    if not file.exists():
        return {}
    query = (
        "SELECT server, checked FROM servers"
        " WHERE sweep = (SELECT max(sequence) FROM server_sweeps)"
    )
    with closing(sqlite3.connect(file, timeout=10)) as store:
        try:
            return dict(store.execute(query))
        except sqlite3.OperationalError:  # its tables are still being made
            return {}


@contextmanager
def under_way(lab: Lab, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Begin a sweep that has only ds0010 left: 62 dead addresses, of which one a second is told."""
    lab.break_("proxy-arp")
    with subprocess.Popen(
        command(lab, configured(lab, folder), *SWEEP),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as sweep:
        deadline = monotonic() + PATIENCE
        while len(stored(folder)) < len(SERVERS) - 1:
            assert sweep.poll() is None, "it ended too soon"
            assert monotonic() < deadline, stored(folder)
            sleep(0.1)
        yield sweep


def killed(lab: Lab, folder: Path) -> None:
    """Begin a sweep, and end it in the middle with no chance to say goodbye."""
    with under_way(lab, folder) as sweep:
        sweep.kill()
        assert sweep.wait() == -signal.SIGKILL
        assert sweep.stdout is not None
        assert sweep.stdout.read() == ""
    lab.mend("proxy-arp")


def test_a_sweep_that_was_killed_is_taken_up_and_asks_nobody_twice(
    netguard: Run, lab: Lab, tmp_path: Path
) -> None:
    killed(lab, tmp_path)
    before = stored(tmp_path)
    assert set(before) == SERVERS - {"ds0010"}

    done = netguard("sweep", "--servers")
    first, second, *_ = done.stdout.splitlines()
    assert first.startswith("1 server, 0 of 64 addresses answered")
    assert second.startswith("The last sweep was broken off")
    after = stored(tmp_path)
    assert set(after) == SERVERS
    assert before.items() <= after.items()

    report = report_of(netguard(*SWEEP))
    assert (report["resumed"], report["counts"]["servers_checked"]) == (False, len(SERVERS))
    assert not after.items() & stored(tmp_path).items()


def test_what_a_killed_sweep_found_is_in_the_report_of_the_one_that_takes_it_up(
    netguard: Run, lab: Lab, tmp_path: Path
) -> None:
    lab.break_("vpn-gateway")
    killed(lab, tmp_path)
    done = netguard(*SWEEP, "--exit-code")
    report = report_of(done)
    assert (done.returncode, report["gaps"]) == (1, [])
    assert (report["resumed"], report["counts"]["servers_checked"]) == (True, 1)
    assert [finding["id"] for finding in report["findings"]] == [FINDING]


def test_an_ordinary_sweep_neither_ends_nor_repeats_what_was_found(netguard: Run, lab: Lab) -> None:
    lab.break_("vpn-gateway")
    (found,) = report_of(netguard(*SWEEP))["findings"]
    assert (found["id"], found["state"]) == (FINDING, "open")
    ordinary = report_of(netguard("sweep", "--json"))
    assert (ordinary["findings"], ordinary["resolved"]) == ([], [])
    assert [f["id"] for f in listed(netguard)] == [FINDING]
    lab.mend()
    ordinary = report_of(netguard("sweep", "--json"))
    assert (ordinary["findings"], ordinary["resolved"]) == ([], [])
    assert [f["id"] for f in listed(netguard)] == [FINDING]
    report = report_of(netguard(*SWEEP))
    assert [f["id"] for f in report["resolved"]] == [FINDING]
    assert listed(netguard) == []


def listed(netguard: Run) -> list[Report]:
    found: list[Report] = report_of(netguard("findings", "list", "--json"))  # type: ignore[assignment]
    return found


def test_a_store_in_a_place_that_cannot_be_written_costs_the_memory_and_nothing_else(
    netguard: Run, lab: Lab, tmp_path: Path
) -> None:
    lab.break_("vpn-gateway")
    nowhere: Edit = (f'store = "sqlite:///{tmp_path}', 'store = "sqlite:////proc')
    for words in (("server", "check", "ds0002", "--json"), SWEEP):
        done = netguard(*words, edits=(nowhere,))
        report = report_of(done)
        assert done.returncode == 1
        (gap,) = report["gaps"]
        assert (gap["subject"], gap["kind"], bool(gap["remedy"])) == (
            "store",
            "store-unusable",
            True,
        )
        assert [f["id"] for f in report["findings"]] == [FINDING]


# --- a second opinion


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Lab]:
    with up(tmp_path / "lab") as lab:
        yield lab


@pytest.fixture
def osaka(fresh: Lab, tmp_path: Path) -> Iterator[VantageHost]:
    """A vantage that writes down what it is told to run."""
    with vantage_host(fresh, "upstream", "203.0.113.10", tmp_path) as host:
        allowed = tmp_path / "authorized_keys"
        allowed.write_text(f'command="tee -a {tmp_path}/scripts | sh" {allowed.read_text()}')
        yield host


def asked_about(folder: Path) -> set[str]:
    """Return which addresses the vantage was told to ask."""
    scripts = folder / "scripts"
    text = scripts.read_text() if scripts.exists() else ""
    return set(re.findall(r"(?:203\.0\.113|198\.51\.100)\.\d+", text))


def test_other_hosts_are_asked_about_those_only_who_are_not_plain(
    fresh: Lab, osaka: VantageHost, tmp_path: Path
) -> None:
    netguard = station(fresh, tmp_path)
    done = netguard(*SWEEP, edits=(osaka.edit,))
    assert (done.returncode, report_of(done)["verdicts"]) == (0, {"plain": len(SERVERS)})
    assert asked_about(tmp_path) == set()

    fresh.break_("aliases")
    fresh.break_("vpn-gateway")
    done = netguard(*SWEEP, edits=(osaka.edit,))
    report = report_of(done)
    assert done.returncode == 0
    assert report["verdicts"] == {"plain": len(SERVERS) - 1, "vpn-gateway": 1}
    block = {f"203.0.113.{number}" for number in range(144, 160)}
    assert asked_about(tmp_path) == block | {"198.51.100.22"}
    (found,) = report["findings"]
    assert any(each["detail"].startswith("osaka: ") for each in found["evidence"])


def test_a_second_opinion_that_cannot_be_had_is_a_gap_and_the_first_one_is_kept(
    fresh: Lab, osaka: VantageHost, tmp_path: Path
) -> None:
    netguard = station(fresh, tmp_path)
    fresh.break_("vpn-gateway")
    os.kill(osaka.server.process.pid, signal.SIGKILL)
    osaka.server.process.wait()
    done = netguard(*SWEEP, edits=(osaka.edit,))
    report = report_of(done)
    assert done.returncode == 1
    assert [gap["kind"] for gap in report["gaps"]] == ["vantage-unreachable"]
    assert report["verdicts"] == {"plain": len(SERVERS) - 1, "vpn-gateway": 1}
    assert [f["id"] for f in report["findings"]] == [FINDING]
    assert set(stored(tmp_path)) == SERVERS
