"""Every command of the README is run here, as it stands there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from netguard.lab.control import Lab

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [
    block.splitlines()
    for block in re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
]
COMMANDS = [line for block in BLOCKS for line in block]

DEMO = next(line for line in COMMANDS if line.endswith("netguard demo"))
TESTS = "tests/run"
PRACTICE = [line for line in COMMANDS if line.startswith("netguard lab ")]
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
AT_HOME = [line for line in COMMANDS if line not in (DEMO, TESTS, *PRACTICE)]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh clone in an empty folder: what is tracked, and nothing that was installed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_two_commands_are_single_lines_of_their_own() -> None:
    assert [DEMO] in BLOCKS
    assert [TESTS] in BLOCKS


def test_ci_runs_the_readme_s_test_command() -> None:
    assert TESTS in (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()


@pytest.mark.packets
@pytest.mark.slow
def test_the_main_job_works_as_pasted_in_a_fresh_clone(clone: Path) -> None:
    outside = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        ["sh", "-c", DEMO],
        cwd=clone,
        env=outside,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Right:") == 5
    assert "Wrong:" not in done.stdout


@pytest.mark.packets
def test_the_five_minutes_work_in_order(lab: Lab, tmp_path: Path) -> None:
    at_home = {
        **os.environ,
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": f"{tmp_path}/.config",
        "NETGUARD_STORE": f"sqlite:///{tmp_path}/netguard.db",
    }
    assert any("config init" in line for line in AT_HOME)
    for line in AT_HOME:
        here = ["env", "-u", "NETGUARD_CONFIG", "sh", "-c", line]
        done = subprocess.run(
            lab.command("mon", here), env=at_home, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        if "config init" in line:  # "put your router, switches and one segment into it"
            shutil.copy(lab.config, tmp_path / ".config/netguard/netguard.toml")


@pytest.mark.packets
def test_the_practice_works_in_order(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "PATH": PATH}
    assert PRACTICE[-1] == "netguard lab down"
    try:
        for line in PRACTICE:
            done = subprocess.run(
                ["sh", "-c", line], env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
            if line.endswith("netguard sweep"):
                assert "gateway-hijack/web-226/198.51.100.1" in done.stdout
    finally:
        subprocess.run(
            ["sh", "-c", "netguard lab down"], env=environment, capture_output=True, check=False
        )
    assert list(tmp_path.iterdir()) == []
