"""A process killed at any step: the next command finds it, and says what the port is like."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from netguard.lab.control import Lab
from tests.station import Run, configured, report_of, station

pytestmark = [pytest.mark.packets, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
SHUT = ("port", "shutdown", "cat1", "Fa0/3", "--reason", "drill", "--yes")

# The step it dies at, what the port is like then, and what the history then says of it.
STEPS = {
    "writing down": ("up", []),
    "looking up": ("up", ["intent", "found failed"]),
    "setting": ("up", ["intent", "found failed"]),
    "reading back": ("down", ["intent", "found done"]),
    "looking whether": ("down", ["intent", "found done"]),
}


@pytest.fixture
def netguard(lab: Lab, tmp_path: Path) -> Run:
    return station(lab, tmp_path)


def die_at(step: str, lab: Lab, config: Path) -> None:
    """Run the shutdown until the step, and be killed there."""
    command = [sys.executable, "-m", "tests.dying", step, "--config", str(config), *SHUT]
    done = subprocess.run(
        lab.command("mon", command),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -9, done.stdout + done.stderr


@pytest.mark.parametrize("step", STEPS)
def test_what_was_broken_off_is_found_and_shown_by_the_next_command(
    lab: Lab, netguard: Run, tmp_path: Path, step: str
) -> None:
    status, history = STEPS[step]
    die_at(step, lab, configured(lab, tmp_path))
    done = netguard("port", "history", "--json")
    records = report_of(done)
    words = [" ".join(filter(None, (r["step"], r["outcome"]))) for r in records]  # type: ignore[index]
    assert words == history
    assert ("unfinished: " in done.stderr) == bool(history)
    if history:
        assert f"the port is {status}/{status} now" in done.stderr
        assert "cat1 Fa0/3 (drill)" in done.stderr
    assert "unfinished: " not in netguard("port", "history").stderr  # told once
    shown = report_of(netguard("port", "show", "cat1", "Fa0/3", "--json"))
    assert shown["before"]["admin"] == status
    if status == "down":
        undone = netguard("port", "restore", "cat1", "Fa0/3", "--reason", "undo", "--yes")
        assert undone.returncode == 0, undone.stdout + undone.stderr
    assert netguard(*SHUT).returncode == 0
    assert "as it was written" in netguard("port", "history", "--verify").stdout


def test_a_sweep_finds_it_too(lab: Lab, netguard: Run, tmp_path: Path) -> None:
    die_at("reading back", lab, configured(lab, tmp_path))
    done = netguard("sweep")
    assert "unfinished: " in done.stderr
    assert "the port is down/down now" in done.stderr


def test_a_device_that_cannot_be_read_leaves_it_unfinished(
    lab: Lab, netguard: Run, tmp_path: Path
) -> None:
    die_at("reading back", lab, configured(lab, tmp_path))
    dead = (('address = "192.0.2.11"', 'address = "192.0.2.99"'),)
    for _ in range(2):
        done = netguard("port", "history", edits=dead)
        assert "its port cannot be read now" in done.stderr
    assert "the port is down/down now" in netguard("port", "history").stderr
