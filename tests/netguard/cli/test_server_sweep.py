"""`netguard sweep --servers` as a nightly job runs it: only changes, broken off, taken up."""

import re
import sqlite3
from pathlib import Path

import pytest

from netguard.cli import run
from netguard.lab.control import Lab
from tests.config_files import write
from tests.netguard.cli.screens import on_terminal
from tests.station import Run, command, configured, report_of

pytestmark = pytest.mark.slow

Captured = pytest.CaptureFixture[str]

SWEEP = ("sweep", "--servers")
UNCHANGED = "Nothing has changed since each was last asked."


@pytest.mark.packets
def test_a_change_is_told_once_and_its_end_too(netguard: Run, lab: Lab) -> None:
    first = netguard(*SWEEP)
    assert (first.returncode, first.stderr) == (0, "")
    lines = first.stdout.splitlines()
    assert re.fullmatch(r"11 servers, 0 of 225 addresses answered, \d+\.\d s", lines[0])
    assert lines[1:] == ["11 plain", UNCHANGED]

    lab.break_("vpn-gateway")
    second = netguard(*SWEEP)
    assert second.returncode == 0
    told = second.stdout
    assert "\n10 plain, 1 vpn-gateway\n" in told
    (change,) = re.findall(r"^ds0002: .*\n(?:  .*\n)*WARNING .*\n(?:  .*\n)*", told, re.MULTILINE)
    assert change.splitlines()[0] == "ds0002: plain -> vpn-gateway"
    assert "  203.0.113.144-151: silent -> forwarded\n" in change
    assert "WARNING forwarding-server/web-226/ds0002  (first seen " in change
    assert "  next: netguard server check ds0002\n" in change
    assert UNCHANGED not in told

    third = netguard(*SWEEP, "--exit-code")
    assert third.returncode == 1  # the gateway is still there,
    assert "ds0002" not in third.stdout  # which was told last night

    lab.mend("vpn-gateway")
    fourth = netguard(*SWEEP, "--exit-code")
    assert fourth.returncode == 0
    assert "ds0002: vpn-gateway -> plain\n" in fourth.stdout
    assert "\nresolved: forwarding-server/web-226/ds0002\n" in fourth.stdout


@pytest.mark.packets
def test_the_json_has_what_changed_and_what_was_found(netguard: Run, lab: Lab) -> None:
    lab.break_("vpn-gateway")
    done = netguard(*SWEEP, "--json", "--segment", "web-226")
    report = report_of(done)
    assert (done.returncode, done.stderr) == (0, "")
    assert report["segments"] == ["web-226"]
    assert report["verdicts"] == {"plain": 10, "vpn-gateway": 1}
    assert report["counts"]["addresses_probed"] == 225
    assert report["counts"]["devices_read"] == 3
    (finding,) = report["findings"]
    assert finding["id"] == "forwarding-server/web-226/ds0002"
    (change,) = report["changes"]
    assert (change["server"], change["before"], change["after"]) == ("ds0002", None, "vpn-gateway")


@pytest.mark.packets
def test_ctrl_c_keeps_what_was_decided_and_the_next_sweep_goes_on_from_there(
    netguard: Run, lab: Lab, tmp_path: Path
) -> None:
    lab.break_("rationed-errors")  # ds0007 takes a minute, all others a few seconds
    argv = command(lab, configured(lab, tmp_path), *SWEEP)
    screen = on_terminal(argv, stop_when=lambda _: len(decided(tmp_path)) >= 5)
    assert screen.code == 1
    assert "Traceback" not in screen.text
    assert screen.raw.rfind("\x1b[?25h") >= screen.raw.rfind("\x1b[?25l")
    done = decided(tmp_path)
    assert 5 <= len(done) < 11
    message = " ".join(screen.lines[-4:])
    assert (
        f"netguard: interrupted: {len(done)} of 11 servers decided and stored;"
        " the next `netguard sweep --servers` goes on from there"
    ) in re.sub(r" +", " ", message)

    lab.mend("rationed-errors")
    after = netguard(*SWEEP)
    assert after.returncode == 0
    lines = after.stdout.splitlines()
    assert lines[0].startswith(f"{11 - len(done)} server")
    assert lines[1].startswith("The last sweep was broken off")
    assert len(decided(tmp_path)) == 11
    assert netguard(*SWEEP).stdout.startswith("11 servers, ")


def decided(folder: Path) -> set[str]:
    """Return the servers that the store knows."""
    file = folder / "netguard.db"
    if not file.exists():
        return set()
    with sqlite3.connect(file) as store:
        try:
            return {name for (name,) in store.execute("SELECT server FROM servers")}
        except sqlite3.OperationalError:  # its tables are being made
            return set()
        finally:
            store.rollback()


@pytest.mark.packets
def test_ctrl_c_before_anything_was_decided_says_that(lab: Lab, tmp_path: Path) -> None:
    argv = command(lab, configured(lab, tmp_path), *SWEEP)
    screen = on_terminal(argv, stop_when=lambda seen: "reading devices" in seen)
    assert screen.code == 1
    assert screen.lines[-1] == "netguard: interrupted before any server was decided"
    assert "Traceback" not in screen.text


@pytest.mark.packets
def test_without_a_store_the_sweep_is_told_and_the_gap_too(netguard: Run, tmp_path: Path) -> None:
    (tmp_path / "netguard.db").write_bytes(b"this is no database" * 300)
    done = netguard(*SWEEP)
    assert done.returncode == 1
    assert "\n11 plain\n" in done.stdout
    assert f"{UNCHANGED[:-1]}, as far as could be asked.\n" in done.stdout
    assert "gap: store: " in done.stderr


def test_an_unknown_segment_is_named_with_the_one_that_was_meant(
    tmp_path: Path, capsys: Captured
) -> None:
    path = write(tmp_path)
    assert run([*SWEEP, "--segment", "web-225", "--config", str(path)]) == 2
    assert "Did you mean 'web-226'?" in capsys.readouterr().err


def test_a_configuration_without_blocks_has_nothing_to_ask(
    tmp_path: Path, capsys: Captured
) -> None:
    path = write(tmp_path, old='blocks = ["203.0.113.64/26"]\n')
    assert run([*SWEEP, "--config", str(path)]) == 2
    assert "no [[server]] has blocks" in capsys.readouterr().err
