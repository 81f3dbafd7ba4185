"""Servers asked through SSH, from a host beyond the edge that has standard tools only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from netguard.lab.control import Lab, up
from tests.forwarding_answers import ANSWERS
from tests.netguard.servers.checking import Report, checked
from tests.netguard.servers.matrix import (
    GATEWAYS,
    HONEST,
    SMALLER,
    break_all,
    reasons,
    unproven,
    wrong,
)
from tests.netguard.servers.vantage_host import VantageHost, vantage_host
from tests.sshd import key, public
from tests.station import Run, configured, report_of, station

pytestmark = [pytest.mark.packets, pytest.mark.slow]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with up(tmp_path_factory.mktemp("afar") / "lab") as lab:
        break_all(lab)
        yield lab


@pytest.fixture(scope="module")
def reports(broken: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """All servers, asked from there alone."""
    folder = tmp_path_factory.mktemp("ssh")
    with vantage_host(broken, "upstream", "203.0.113.10", folder) as host:
        return checked(broken, configured(broken, folder, (SMALLER, host.edit)), "osaka")


@pytest.mark.parametrize("scenario", ANSWERS)
def test_every_address_and_the_verdict_are_true_or_honest(
    reports: dict[str, Report], scenario: str
) -> None:
    report = reports[ANSWERS[scenario].server]
    assert wrong(report, ANSWERS[scenario], on_link=False) == []
    assert (report["gaps"], report["vantages"]) == ([], ["osaka"])


def test_nobody_honest_is_called_a_gateway(reports: dict[str, Report]) -> None:
    guilty = {answer.server for name, answer in ANSWERS.items() if name not in HONEST}
    assert {n for n, report in reports.items() if report["verdict"] in GATEWAYS} <= guilty


def test_whoever_is_said_to_be_behind_a_server_is_so_because_somebody_answered(
    reports: dict[str, Report],
) -> None:
    assert [address for report in reports.values() for address in unproven(report)] == []


@pytest.mark.parametrize("scenario", ["vpn-gateway", "hidden-hop", "echo-only"])
def test_a_tunnel_is_named_with_its_mtu(reports: dict[str, Report], scenario: str) -> None:
    assert "over 1420 octets: a tunnel" in reasons(reports[ANSWERS[scenario].server])


# --- what prevents it


@pytest.fixture
def osaka(broken: Lab, tmp_path: Path) -> Iterator[VantageHost]:
    with vantage_host(broken, "upstream", "203.0.113.10", tmp_path) as host:
        yield host


@pytest.fixture
def netguard(broken: Lab, tmp_path: Path) -> Run:
    return station(broken, tmp_path)


def decided_all_the_same(report: Report) -> bool:
    """Tell whether the other places have found ds0002 out."""
    states = {a["state"] for a in report["addresses"]}
    return report["verdict"] == "vpn-gateway" and states == {"forwarded", "looped"}


def test_all_places_together_are_shown_side_by_side(netguard: Run, osaka: VantageHost) -> None:
    done = netguard("server", "check", "ds0002", "--json", edits=(osaka.edit,))
    report = report_of(done)
    assert (done.returncode, report["gaps"]) == (0, [])
    assert decided_all_the_same(report)
    assert set(report["vantages"]) == {"here", "segment", "osaka"}
    for address in report["addresses"]:
        assert address["seen_from"].keys() == {"here", "segment", "osaka"}


def test_a_vantage_that_is_down_is_one_gap_and_the_others_still_decide(
    netguard: Run, osaka: VantageHost
) -> None:
    osaka.server.process.terminate()
    osaka.server.process.wait()
    done = netguard("server", "check", "ds0002", "--json", edits=(osaka.edit,))
    report = report_of(done)
    assert done.returncode == 1
    (gap,) = report["gaps"]
    assert (gap["subject"], gap["kind"]) == ("osaka", "vantage-unreachable")
    assert "ssh -v -p 2222" in gap["remedy"]
    assert decided_all_the_same(report)
    assert set(report["vantages"]) == {"here", "segment"}


def test_a_host_key_that_has_changed_is_one_gap_and_the_others_still_decide(
    netguard: Run, osaka: VantageHost, tmp_path: Path
) -> None:
    osaka.note(public(key(tmp_path / "another")))
    done = netguard("server", "check", "ds0002", "--json", edits=(osaka.edit,))
    report = report_of(done)
    assert done.returncode == 1
    (gap,) = report["gaps"]
    assert (gap["subject"], gap["kind"]) == ("osaka", "host-key-changed")
    assert "ssh-keygen" in gap["remedy"]
    assert decided_all_the_same(report)


def test_where_it_is_the_only_place_nothing_is_decided(netguard: Run, osaka: VantageHost) -> None:
    osaka.note("")
    command = ("server", "check", "ds0002", "--vantage", "osaka", "--json")
    done = netguard(*command, edits=(osaka.edit,))
    report = report_of(done)
    assert done.returncode == 1
    assert [gap["kind"] for gap in report["gaps"]] == ["host-key-unknown"]
    assert report["verdict"] == "undecided"
    assert {a["state"] for a in report["addresses"]} == {"undecided"}
    assert report["findings"] == []


def test_a_vantage_without_tools_is_one_gap(netguard: Run, osaka: VantageHost) -> None:
    shell = osaka.server.folder / "authorized_keys"
    forced = f'command="echo no such command; cat >/dev/null" {shell.read_text()}'
    shell.write_text(forced)
    done = netguard("server", "check", "ds0002", "--json", edits=(osaka.edit,))
    report = report_of(done)
    assert done.returncode == 1
    (gap,) = report["gaps"]
    assert gap["subject"] == "osaka"
    assert gap["remedy"]
    assert decided_all_the_same(report)


def test_a_vantage_that_is_cut_off_while_it_asks_decides_nothing_by_its_silence(
    netguard: Run, osaka: VantageHost
) -> None:
    scripts, shell = osaka.server.folder / "scripts", osaka.server.folder / "authorized_keys"
    hang_up = f"echo >> {scripts}; sh; [ $(wc -l < {scripts}) -le 2 ] || kill -9 $PPID"
    shell.write_text(f'command="{hang_up}" {shell.read_text()}')
    done = netguard("server", "check", "ds0002", "--json", edits=(osaka.edit,))
    report = report_of(done)
    assert len(scripts.read_text()) > 2
    assert done.returncode == 1
    (gap,) = report["gaps"]
    assert (gap["subject"], gap["kind"]) == ("osaka", "vantage-unreachable")
    assert decided_all_the_same(report)
    assert set(report["vantages"]) == {"here", "segment"}
