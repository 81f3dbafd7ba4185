"""The word that a person must give before a port is closed: typed, mistyped or interrupted."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from netguard.lab.control import Lab
from tests.station import Run, command, configured, report_of, station

pytestmark = [pytest.mark.packets, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
SHUT = ("port", "shutdown", "cat1", "Fa0/3", "--reason", "drill")
CTRL_C, CTRL_D = b"\x03", b"\x04"
PATIENCE = 20.0


class Screen(NamedTuple):
    text: str
    code: int


def at_a_terminal(argv: Sequence[str], typed: bytes, *, when: str, pause: float = 0.3) -> Screen:
    """Run a command on a terminal of its own, and type once the screen shows a word.

    Not at once: readline needs a moment to get ready, and no hand is faster.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # whatever the tests were started with
        os.execvpe(argv[0], list(argv), {**os.environ, "TERM": "xterm"})  # noqa: S606
    shown, deadline, waiting = b"", time.monotonic() + PATIENCE, True
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.5)[0]:
            continue
        try:
            more = os.read(terminal, 65536)
        except OSError:  # the kernel's way of saying that the other end is closed
            break
        shown += more
        if waiting and when.encode() in shown:
            time.sleep(pause)
            os.write(terminal, typed)
            waiting = False
        if not more:
            break
    else:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode(errors="replace"))
    return Screen(plain, os.waitstatus_to_exitcode(status))


@pytest.fixture
def netguard(lab: Lab, tmp_path: Path) -> Run:
    return station(lab, tmp_path)


def is_up(netguard: Run) -> bool:
    shown = report_of(netguard("port", "show", "cat1", "Fa0/3", "--json"))
    return bool(shown["before"]["admin"] == "up")


@pytest.mark.parametrize("typed", [b"Fa0/3\r", b"fa0/3\r", b"cat1 Fa0/3\r"])
def test_the_port_s_name_closes_it(lab: Lab, tmp_path: Path, netguard: Run, typed: bytes) -> None:
    argv = command(lab, configured(lab, tmp_path), *SHUT)
    screen = at_a_terminal(argv, typed, when="Type Fa0/3 to close it")
    assert screen.code == 0, screen.text
    assert "ds0003, customer C-20952" in screen.text
    assert "DONE cat1 Fa0/3 closed: admin down, oper down" in screen.text
    assert "undo: netguard" in screen.text
    assert not is_up(netguard)


@pytest.mark.parametrize("typed", [b"yes\r", b"Fa0/4\r", b"cat2 Fa0/3\r", b"\r", CTRL_D, CTRL_C])
def test_anything_else_closes_nothing(
    lab: Lab, tmp_path: Path, netguard: Run, typed: bytes
) -> None:
    argv = command(lab, configured(lab, tmp_path), *SHUT)
    screen = at_a_terminal(argv, typed, when="Type Fa0/3 to close it")
    assert screen.code == 3, screen.text
    assert "not confirmed" in screen.text
    assert "Traceback" not in screen.text
    assert is_up(netguard)
    (record,) = report_of(netguard("port", "history", "--json"))
    assert (record["step"], record["outcome"]) == ("refused", "refused")  # type: ignore[index]


def test_ctrl_c_while_devices_are_read_changes_nothing(lab: Lab, tmp_path: Path) -> None:
    dead = (('address = "192.0.2.12"', 'address = "192.0.2.99"'), ("timeout = 1.0", "timeout = 9"))
    argv = command(lab, configured(lab, tmp_path, dead), *SHUT)
    screen = at_a_terminal(argv, CTRL_C, when="reading devices")
    assert screen.code == 3, screen.text
    assert "interrupted; nothing was changed" in screen.text


def test_ctrl_c_once_the_order_is_under_way_waits_for_its_outcome(
    lab: Lab, tmp_path: Path, netguard: Run
) -> None:
    argv = command(lab, configured(lab, tmp_path), *SHUT, "--yes")
    screen = at_a_terminal(argv, CTRL_C, when="setting ifAdminStatus", pause=0)
    assert screen.code == 0, screen.text
    assert "DONE cat1 Fa0/3 closed" in screen.text
    steps = [r["step"] for r in report_of(netguard("port", "history", "--json"))]  # type: ignore[index]
    assert steps == ["intent", "outcome"]
    assert not is_up(netguard)


def test_a_second_ctrl_c_does_not_claim_that_nothing_was_changed() -> None:
    command = [sys.executable, "-m", "tests.torn"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    report = report_of(done)["report"]
    assert report["outcome"] == "unconfirmed"
    assert "interrupted while the order was under way" in report["detail"]
    assert report_of(done)["steps"] == ["intent"]  # so the next command finds it


@pytest.mark.parametrize("stdin", ["nobody", "closed"])
def test_where_nobody_can_type_yes_is_needed(
    lab: Lab, tmp_path: Path, netguard: Run, stdin: str
) -> None:
    shell = " <&-" if stdin == "closed" else " </dev/null"
    argv = command(lab, configured(lab, tmp_path), *SHUT)
    done = subprocess.run(
        ["sh", "-c", f'"$@"{shell}', "sh", *argv], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "nobody can type here, and --yes was not given" in done.stdout
    assert is_up(netguard)
