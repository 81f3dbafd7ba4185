"""`netguard doctor` as an operator runs it: on the practice network, and where little is right."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netguard.cli import run
from netguard.lab.control import Lab
from tests.config_files import write

Captured = pytest.CaptureFixture[str]


def told(out: str) -> dict[str, dict[str, Any]]:
    checks: list[dict[str, Any]] = msgspec.json.decode(out)
    return {check["subject"]: check for check in checks}


@pytest.mark.packets
def test_on_a_healthy_network_nothing_fails(lab: Lab) -> None:
    command = [sys.executable, "-P", "-m", "netguard", "doctor", "--json"]
    done = subprocess.run(lab.command("mon", command), capture_output=True, text=True, check=False)
    checks = told(done.stdout)
    assert done.returncode == 0, done.stdout
    assert list(checks) == [
        "clock",
        "configuration",
        "secrets",
        "store",
        "unattended",
        "raw sockets",
        "segment web-226",
        "traps udp:0.0.0.0:5162",
        "tracing",
        "router edge1",
        "switch cat1",
        "switch cat2",
    ]
    ok = {subject for subject, check in checks.items() if check["status"] == "ok"}
    assert ok >= checks.keys() - {"clock"}  # a machine of its own may keep its own time
    assert checks["switch cat1"]["detail"].startswith("answered in ")


def test_without_a_configuration_the_doctor_says_so_and_exits_1(
    tmp_path: Path, capsys: Captured
) -> None:
    assert run(["doctor", "--json", "--config", f"{tmp_path}/none.toml"]) == 1
    check = told(capsys.readouterr().out)["configuration"]
    assert check["status"] == "failed"
    assert check["remedy"] == "`netguard config init` prints one."


def test_with_a_faulty_configuration_nothing_beyond_it_is_tried(
    tmp_path: Path, capsys: Captured
) -> None:
    path = write(tmp_path, old='role = "router"', new='role = "ruter"')
    assert run(["doctor", "--json", "--config", str(path)]) == 1
    assert told(capsys.readouterr().out).keys() == {"clock", "configuration"}


def test_the_doctor_speaks_one_line_for_each_check(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "netguard.toml"
    path.write_text(f'store = "sqlite:///{tmp_path}/netguard.db"\n')
    assert run(["doctor", "-v", "--config", str(path)]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[1] for line in lines[:6]] == [
        "clock",
        "configuration",
        "secrets",
        "store",
        "unattended",
        "raw sockets",
    ]
    assert "Python" in [line[1] for line in lines]
    assert {len(line) for line in lines} == {4}


def test_a_device_that_does_not_answer_is_one_failed_line(tmp_path: Path, capsys: Captured) -> None:
    path = write(tmp_path, old='read = "public"', new='read = "public"\ntimeout = 0.05')
    path.write_text(
        path.read_text()
        .replace('192.0.2.1"', '127.0.0.1:1"')
        .replace('192.0.2.11"', '127.0.0.1:2"')
        .replace("/var/lib/netguard", str(tmp_path))
    )
    assert run(["doctor", "--config", str(path)]) == 1
    failed = [
        line.split("\t")[1]
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("failed")
    ]
    assert failed == ["router edge1", "switch cat1"]
