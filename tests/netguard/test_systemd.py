"""The unit that `netguard config init --systemd` prints, as systemd takes it."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from netguard.config.unit import hidden, program, unit
from netguard.findings import Finding
from netguard.lab.control import Lab
from netguard.store import open_store
from tests.systemd import FOLDER, PYTHON, booted, service

NETGUARD = (PYTHON, "-m", "netguard")
CONFIG = Path(FOLDER, "netguard.toml")
ANALYZE = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="NOT TESTED: systemd is not installed"
)
REAL = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/usr/lib/systemd/systemd").exists(),
    reason="NOT TESTED: only root can start a systemd, where it is installed",
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that the unit's user may look into; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def uncommented(text: str) -> str:
    return re.sub(r"(?m)^# (\w+=)", r"\1", text)


def analyzed(folder: Path, text: str, *command: str) -> subprocess.CompletedProcess[str]:
    path = folder / "netguard.service"
    path.write_text(text)
    return subprocess.run(
        ["systemd-analyze", *command, str(path)], capture_output=True, text=True, check=False
    )


# --- what is printed ---


@ANALYZE
@pytest.mark.parametrize("change", [str, uncommented])
def test_systemd_finds_nothing_wrong_with_the_unit_nor_with_what_it_has_commented_out(
    folder: Path, change: Callable[[str], str]
) -> None:
    text = change(unit(("/bin/true",), Path("/etc/netguard/netguard.toml")))
    done = analyzed(folder, text, "verify")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@ANALYZE
def test_systemd_calls_the_exposure_of_the_unit_low(folder: Path) -> None:
    text = unit(("/bin/true",), Path("/etc/netguard/netguard.toml"))
    most = "--threshold=20"  # of 100; a unit without any hardening has 96
    command = ("security", "--offline=true", "--no-pager", most)
    done = analyzed(folder, text, *command)
    assert done.returncode == 0, done.stdout
    open_wide = re.sub(r"(?m)^(Protect|Restrict|SystemCall|Capab|Private).*", "", text)
    assert analyzed(folder, open_wide, *command).returncode != 0


@ANALYZE
def test_paths_with_blanks_and_signs_of_systemd_are_quoted(folder: Path) -> None:
    odd = folder / "100% of $HOME; its" / "netguard"
    odd.parent.mkdir()
    odd.symlink_to("/bin/true")
    text = unit((str(odd),), odd.parent / 'the "one".toml')
    assert (
        f'ExecStart="{folder}/100%% of $HOME; its/netguard" watch --config'
        f' "{folder}/100%% of $$HOME; its/the \\"one\\".toml"\n' in text
    )
    assert analyzed(folder, text, "verify").returncode == 0


def test_the_program_is_this_netguard_or_this_python_with_its_module(tmp_path: Path) -> None:
    script = tmp_path / "netguard"
    script.touch()
    assert program(str(script), "/usr/bin/python3") == (str(script),)
    module = ("/usr/bin/python3", "-m", "netguard")
    assert program(f"{tmp_path}/__main__.py", "/usr/bin/python3") == module
    assert program(f"{tmp_path}/gone/netguard", "/usr/bin/python3") == module


def test_a_script_that_was_called_by_a_relative_path_gets_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netguard").touch()
    monkeypatch.chdir(tmp_path)
    assert program("./netguard", "/usr/bin/python3") == (f"{tmp_path}/netguard",)


def test_what_leads_into_a_home_folder_is_hidden(tmp_path: Path) -> None:
    link = tmp_path / "netguard"
    link.symlink_to("/root/.local/bin/netguard")
    paths = [Path("/home/noc/netguard"), Path("/opt/home/netguard"), link, Path("/rootless")]
    assert [*hidden(paths)] == [Path("/home/noc/netguard"), link]


# --- a systemd that starts it ---

PROBE = """
import ctypes, json, mmap, os, socket
from pathlib import Path
from netguard.secrets import resolve

def tried(work):
    try:
        work()
    except OSError as error:
        return error.errno and os.strerror(error.errno)
    return "done"

def unshare(kind):
    if ctypes.CDLL(None, use_errno=True).unshare(kind):
        raise OSError(ctypes.get_errno(), "")

def written(path):
    return lambda: Path(path).write_text("x")

def bound(port):
    with socket.socket() as link:
        link.bind(("127.0.0.1", port))

status = dict(line.split(":\\t") for line in Path("/proc/self/status").read_text().splitlines())
state = Path(os.environ["STATE_DIRECTORY"])
kept = Path("/var/lib/netguard/kept")
executable = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
print(json.dumps({
    "root": os.geteuid() == 0,
    "rights": {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}.pop(),
    "no new": status["NoNewPrivs"],
    "state": tried(written(kept)),
    "mode": oct(kept.stat().st_mode),
    "same folder": state.samefile(kept.parent),
    "/etc": tried(written("/etc/netguard-test")),
    "/usr": tried(written("/usr/netguard-test")),
    "/var/tmp": tried(written("/var/tmp/netguard-test")),
    "homes": [tried(lambda home=home: os.listdir(home)) for home in ("/root", "/home")],
    "executable memory": tried(lambda: mmap.mmap(-1, 4096, prot=executable)),
    "packet": tried(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()),
    "raw": tried(lambda: socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58).close()),
    "crypto": tried(lambda: socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET).close()),
    "namespace": tried(lambda: unshare(0x40000000)),
    "nice": tried(lambda: os.nice(-5)),
    "port 80": tried(lambda: bound(80)),
    "another process": Path("/proc/1").exists(),
    "secrets": [resolve("env:NG_READ"), resolve("credential:write")],
}))
"""
CONFINED = {
    "root": False,
    "rights": f"{1 << 13:016x}",  # CAP_NET_RAW
    "no new": "1",
    "state": "done",
    "mode": "0o100600",
    "same folder": True,
    "/etc": "Read-only file system",
    "/usr": "Read-only file system",
    "/var/tmp": "done",  # noqa: S108 - its own, see below
    "homes": ["Permission denied", "Permission denied"],
    "executable memory": "Operation not permitted",
    "packet": "done",
    "raw": "done",
    "crypto": "Address family not supported by protocol",
    "namespace": "Operation not permitted",
    "nice": "Operation not permitted",
    "port 80": "Permission denied",
    "another process": True,
    "secrets": ["community", "another"],
}


def probed(folder: Path, text: str) -> dict[str, object]:
    """Return what a program finds that is started in place of the daemon."""
    (folder / "probe.py").write_text(PROBE)
    (folder / "environment").write_text("NG_READ=community\n")
    (folder / "write").write_text("another\n")
    for secret in ("environment", "write"):
        (folder / secret).chmod(0o600)
    more = service(
        Type="oneshot",
        ExecStart=f"{PYTHON} {FOLDER}/probe.py",
        Restart="no",
        EnvironmentFile=f"{FOLDER}/environment",
        LoadCredential=f"write:{FOLDER}/write",
    )
    with booted(folder, text, more) as machine:
        done = machine.wait_for(ActiveState="inactive")
        assert done == {"ActiveState": "inactive"}, (folder / "stderr").read_text()
        found: dict[str, object] = msgspec.json.decode(machine.printed())
    assert not Path("/var/tmp/netguard-test").exists()  # noqa: S108 - no other has this name
    return found


@REAL
def test_the_daemon_has_one_right_one_folder_and_nothing_else(folder: Path) -> None:
    assert probed(folder, unit(NETGUARD, CONFIG)) == CONFINED


@REAL
def test_what_is_commented_out_grants_low_ports(folder: Path) -> None:
    text = unit(NETGUARD, CONFIG)
    more = re.sub(r"(?m)^# (\w+=CAP_NET_BIND_SERVICE)", r"\1", text)
    both = {"rights": f"{1 << 13 | 1 << 10:016x}", "port 80": "done"}
    assert probed(folder, more) == CONFINED | both


@REAL
@pytest.mark.packets
def test_everything_works_under_the_unit_and_is_kept_in_its_folder(folder: Path, lab: Lab) -> None:
    lab.break_("gateway-hijack")
    written = lab.config.read_text()
    (folder / "netguard.toml").write_text(re.sub(r"(?m)^(store|write) = .*\n", "", written))
    commands = [f"{PYTHON} -m netguard {what} --config {CONFIG} --json" for what in WHAT]
    more = service(Type="oneshot", ExecStart=commands, Restart="no")
    with booted(folder, unit(NETGUARD, CONFIG), more, lab.command("mon", [])) as machine:
        wanted = {"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"}
        assert machine.wait_for(**wanted) == wanted
        machine.run("cp", "/var/lib/netguard/netguard.db", FOLDER)
        doctor, swept = msgspec.json.decode("[" + machine.printed().replace("]\n{", "],{") + "]")
    assert [(c["subject"], c["detail"]) for c in doctor if c["status"] != "ok"] == []
    assert [finding["kind"] for finding in swept["findings"]] == ["gateway-hijack"]
    with open_store(f"sqlite:///{folder}/netguard.db") as store:
        found: tuple[Finding, ...] = store.findings()
    assert [finding.id for finding in found] == [f["id"] for f in swept["findings"]]


WHAT = ("doctor", "sweep")


@REAL
@pytest.mark.packets
def test_the_daemon_itself_keeps_watch_takes_up_settings_and_ends(folder: Path, lab: Lab) -> None:
    written = re.sub(r"(?m)^(store|write) = .*\n", "", lab.config.read_text())
    file = folder / "netguard.toml"
    file.write_text(written.replace("[watch]", '[watch]\nmetrics = "127.0.0.1:9477"'))
    with booted(folder, unit(NETGUARD, CONFIG), "", lab.command("mon", [])) as machine:
        healthy = {"ActiveState": "active", "StatusText": "0 findings open, 0 gaps"}
        assert machine.wait_for(**healthy) == healthy, (folder / "stderr").read_text()
        file.write_text(written.replace("[watch]", '[watch]\nmetrics = "127.0.0.1:9478"'))
        machine.run("systemctl", "reload", "netguard")
        ports = lab.command("mon", ["ss", "-Hlnt"])
        eventually(lambda: ":9478 " in subprocess.check_output(ports, text=True))
        lab.break_("gateway-hijack")
        told = folder / "stdout"
        eventually(lambda: "gateway-hijack" in told.read_text())
        machine.run("systemctl", "stop", "netguard")
        over = {"ActiveState": "inactive", "Result": "success", "NRestarts": "0"}
        assert machine.wait_for(**over) == over
        machine.run("cp", "/var/lib/netguard/netguard.db", FOLDER)
    with open_store(f"sqlite:///{folder}/netguard.db") as store:
        assert "gateway-hijack" in [finding.kind for finding in store.findings()]


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


DAEMON = """
import signal
from netguard.notifying import notify, watchdog_interval

def reload(*_):
    notify("RELOADING=1")
    notify("READY=1", "STATUS=taken up")

def end(*_):
    notify("STOPPING=1", "STATUS=over")
    raise SystemExit

signal.signal(signal.SIGHUP, reload)
signal.signal(signal.SIGTERM, end)
notify("READY=1", f"STATUS=alive every {watchdog_interval():g} s")
while True:
    signal.pause()
"""


@REAL
def test_ready_reload_and_stop_are_understood_by_systemd(folder: Path) -> None:
    (folder / "daemon.py").write_text(DAEMON)
    more = service(ExecStart=f"{PYTHON} {FOLDER}/daemon.py")
    with booted(folder, unit(NETGUARD, CONFIG), more) as machine:
        ready = {"ActiveState": "active", "StatusText": "alive every 30 s"}
        assert machine.wait_for(**ready) == ready
        machine.run("systemctl", "reload", "netguard")
        again = {"ActiveState": "active", "StatusText": "taken up"}
        assert machine.wait_for(**again) == again
        machine.run("systemctl", "stop", "netguard")
        over = {"ActiveState": "inactive", "Result": "success"}
        assert machine.wait_for(**over) == over


@REAL
def test_a_daemon_that_says_nothing_any_more_is_started_again(folder: Path) -> None:
    (folder / "daemon.py").write_text(DAEMON)
    more = service(ExecStart=f"{PYTHON} {FOLDER}/daemon.py", WatchdogSec="200ms", RestartSec="0")
    with booted(folder, unit(NETGUARD, CONFIG), more) as machine:
        assert machine.wait_for(NRestarts="1") == {"NRestarts": "1"}
        assert "alive every 0.1 s" in machine.wait_for(StatusText="alive every 0.1 s").values()


@REAL
@pytest.mark.parametrize(
    ("code", "state"), [(2, {"SubState": "failed"}), (1, {"SubState": "auto-restart"})]
)
def test_only_what_may_mend_itself_is_started_again(
    folder: Path, code: int, state: dict[str, str]
) -> None:
    more = service(ExecStart=f"/bin/sh -c 'exit {code}'", RestartSec="1h")
    with booted(folder, unit(NETGUARD, CONFIG), more) as machine:
        assert machine.wait_for(**state) == state
