"""A lab's life: it comes up whole or not at all, and leaves nothing, however it ends."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netguard.errors import NetguardError
from netguard.lab import control, state
from netguard.lab.topology import HOSTS
from tests.netguard.lab.asking import run
from tests.netguard.lab.remains import gone, holder_of, interfaces, namespaces_of, processes

pytestmark = pytest.mark.packets

UP = (
    "import sys, pathlib; from netguard.lab import control;"
    "lab = control.up(pathlib.Path(sys.argv[1]))"
)
PAUSE = "import signal; signal.pause()"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "lab"


def test_down_leaves_no_process_no_namespace_and_no_file(directory: Path) -> None:
    before = interfaces()
    lab = control.up(directory)
    held = namespaces_of(holder_of(directory))
    assert len(held) == len(HOSTS)
    lab.down()
    assert gone(held, directory)
    assert interfaces() == before == set()


def test_the_context_manager_takes_it_down_even_when_the_body_fails(directory: Path) -> None:
    with contextlib.suppress(ZeroDivisionError), control.up(directory):
        held = namespaces_of(holder_of(directory))
        raise ZeroDivisionError
    assert gone(held, directory)


def test_down_twice_is_well(directory: Path) -> None:
    lab = control.up(directory)
    lab.down()
    lab.down()
    assert not control.down(directory)


def test_killing_the_holder_takes_the_network_with_it_and_down_cleans_the_files(
    directory: Path,
) -> None:
    lab = control.up(directory)
    holder = holder_of(directory)
    held = namespaces_of(holder)
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    lab.down()
    assert gone(held, directory)


@pytest.mark.parametrize("command", ["attach", "up"])
def test_what_a_killed_holder_left_is_cleaned_by_the_next_command(
    directory: Path, command: str
) -> None:
    lab = control.up(directory)
    os.kill(holder_of(directory), signal.SIGKILL)
    os.waitpid(holder_of(directory), 0)
    if command == "up":
        control.up(directory).down()
    else:
        with pytest.raises(state.NoLab):
            control.attach(directory)
    assert not directory.exists()
    lab.down()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_holder_cleanly(directory: Path, number: signal.Signals) -> None:
    lab = control.up(directory)
    holder = holder_of(directory)
    held = namespaces_of(holder)
    os.kill(holder, number)
    os.waitpid(holder, 0)
    assert gone(held, directory)
    lab.down()


def start(directory: Path, then: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", f"{UP}; {then}", str(directory)], stderr=subprocess.DEVNULL
    )


def press_ctrl_c(process: subprocess.Popen[bytes]) -> None:
    """Interrupt, and again if nothing happens: an interpreter that only starts may miss one."""
    try:
        for _ in range(5):
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(3)
                return
        pytest.fail("Ctrl-C five times, and it is still there")
    finally:
        process.kill()


@pytest.mark.parametrize("after", [0.05, 0.2, 0.35, 0.5, 0.7, 0.9, 1.1])
def test_ctrl_c_at_any_moment_of_up_leaves_nothing(directory: Path, after: float) -> None:
    with start(directory, PAUSE) as starting:
        time.sleep(after)  # a person's finger
        press_ctrl_c(starting)
    assert gone({}, directory)


def test_a_lab_ends_with_whoever_started_it_even_by_kill_9(directory: Path) -> None:
    with start(directory, PAUSE) as owner:
        await_socket(directory)
        held = namespaces_of(holder_of(directory))
        owner.kill()
        owner.wait(10)
    assert gone(held, directory)


def test_a_lab_that_is_left_running_outlives_whoever_started_it(directory: Path) -> None:
    with start(directory, "lab.leave_running()") as owner:
        assert owner.wait(20) == 0
    with control.attach(directory) as lab:
        assert lab.status().broken == ()
        held = namespaces_of(holder_of(directory))
    assert gone(held, directory)


def await_socket(directory: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not (directory / state.CONTROL).exists():
        time.sleep(0.02)
    control.attach(directory)


def test_two_labs_live_side_by_side(tmp_path: Path) -> None:
    with control.up(tmp_path / "one") as one, control.up(tmp_path / "two") as two:
        one.break_("gateway-hijack")
        assert two.status().broken == ()
        assert one.status().pid != two.status().pid


def test_a_second_up_in_the_same_place_is_refused_and_harms_nothing(directory: Path) -> None:
    with control.up(directory) as lab:
        with pytest.raises(NetguardError, match="up already"):
            control.up(directory)
        assert lab.status().broken == ()


def test_a_program_left_inside_a_host_is_ended_with_the_lab(directory: Path) -> None:
    with control.up(directory) as lab:
        held = namespaces_of(holder_of(directory))
        inside = subprocess.Popen(lab.command("ds0001", ["sleep", "60"]))
        deadline = time.monotonic() + 5
        while (
            time.monotonic() < deadline
            and Path(f"/proc/{inside.pid}/comm").read_text() != "sleep\n"
        ):
            time.sleep(0.02)
    assert inside.wait(5) == -signal.SIGHUP
    assert gone(held, directory)


def test_a_daemon_left_inside_ends_with_the_lab_and_leaves_nothing(
    directory: Path,
) -> None:
    """It would take a closed terminal for an order to reload."""
    watch = [sys.executable, "-P", "-m", "netguard", "watch", "--json"]
    lab = control.up(directory)
    with subprocess.Popen(lab.command("mon", watch), stdout=subprocess.PIPE) as daemon:
        assert daemon.stdout is not None
        assert b'"started"' in daemon.stdout.readline()
        lab.down()
        assert daemon.wait(10) == 0
    assert not directory.exists()


def test_a_long_path_is_no_obstacle_to_the_control_socket(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-directory-name"] * 6)
    with control.up(deep / "lab") as lab:
        assert len(str(lab.directory)) > 108
        assert lab.status().broken == ()


def test_files_that_no_lab_left_are_not_touched(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    precious = tmp_path / "thesis.tex"
    precious.write_text("...")
    with pytest.raises(NetguardError, match="holds files that no lab left"):
        control.up(tmp_path)
    assert precious.exists()


def test_a_directory_that_others_may_read_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(NetguardError, match="not private"):
        control.up(tmp_path)


def test_without_a_lab_the_remedy_is_named(directory: Path) -> None:
    with pytest.raises(state.NoLab) as raised:
        control.attach(directory)
    assert (raised.value.message, raised.value.remedy) == (
        "no lab is up",
        "Start one: netguard lab up",
    )


def test_all_files_are_for_this_user_alone(directory: Path) -> None:
    with control.up(directory) as lab:
        assert directory.stat().st_mode & 0o777 == 0o700
        for name in (state.CONFIG, state.WRITE_COMMUNITY, state.LOG, state.PID):
            assert (directory / name).stat().st_mode & 0o777 == 0o600
        assert str(directory) in lab.config.read_text()


def test_a_command_has_the_labs_configuration_and_its_exit_code_is_kept(directory: Path) -> None:
    with control.up(directory) as lab:
        told = run(lab, "mon", "sh", "-c", "echo $NETGUARD_CONFIG; exit 7")
        assert (told.stdout.strip(), told.returncode) == (str(lab.config), 7)


@pytest.mark.parametrize(
    ("host", "program", "complaint"),
    [
        ("ds9999", "true", "ds9999 is no host of the lab"),
        ("oob", "true", "oob is no host of the lab"),
        ("mon", "no-such-program", "no-such-program: No such file or directory"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(
    practice: control.Lab, host: str, program: str, complaint: str
) -> None:
    told = run(practice, host, program)
    assert told.returncode == 1
    assert told.stderr.startswith(f"netguard: {complaint}\n  ")


def test_a_broken_start_is_told_and_leaves_nothing(
    directory: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "modules" / "pyroute2"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('pyroute2 is broken here')")
    monkeypatch.setenv("PYTHONPATH", str(broken.parent))
    with pytest.raises(NetguardError, match="pyroute2 is broken here"):
        control.up(directory)
    assert gone({}, directory)
    assert processes(directory) == []


def unprivileged(*command: str) -> list[str]:
    """Return a command that runs without any capability, as for an ordinary user."""
    if os.geteuid() != 0:
        return list(command)
    if not shutil.which("setpriv"):
        pytest.skip("NOT TESTED: setpriv of util-linux is not installed")
    # the kernel asks for setfcap when uid 0 itself is mapped, as it is only in this test
    return ["setpriv", "--bounding-set=-all,+setfcap", "--inh-caps=-all", *command]


def test_it_works_without_any_capability_through_a_user_namespace(directory: Path) -> None:
    then = "lab.break_('gateway-hijack'); print(lab.status().broken); lab.down()"
    command = unprivileged(sys.executable, "-c", f"{UP}; {then}", str(directory))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if "nor a user namespace" in done.stderr:
        pytest.skip("NOT TESTED: user namespaces are forbidden here")
    assert done.stdout == "('gateway-hijack',)\n", done.stderr
    assert gone({}, directory)


def test_without_root_and_user_namespaces_it_says_what_is_missing(directory: Path) -> None:
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    inner = unprivileged(sys.executable, "-c", UP, str(directory))
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", forbid, "sh", *inner]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if "unshare failed" in done.stderr:
        pytest.skip("NOT TESTED: user namespaces are forbidden here")
    assert "may not make network namespaces, nor a user namespace" in done.stderr
    assert not directory.exists()
