"""A systemd of a test's own, as process 1 of namespaces where netguard.service is started for real.

It sees this machine's file system, but /run, /var/lib and /tmp are its own, and it knows no units
but those that the test writes. It needs root, and a kernel that lets it have a cgroup.
"""

import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).parents[1]
FOLDER = "/run/ng/folder"  # the test's folder, as the unit sees it
# The same Python, packages and project wherever they are: the unit hides home folders.
PYTHON = f"/run/ng/python/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
_DROP_IN = f"""
[Unit]
DefaultDependencies=no
[Service]
Environment=PYTHONPATH=/run/ng/project:/run/ng/site LD_LIBRARY_PATH=/run/ng/python/lib
StandardOutput=append:{FOLDER}/stdout
StandardError=append:{FOLDER}/stderr
"""
_BOOT = """
set -e
mount --make-rshared /  # credentials come by mounts of their own
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys  # else systemd would set limits of the whole machine
mount -o remount,bind,ro /proc/sys
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for name in python site project folder; do
    mkdir -p /run/ng/$name
    mount --bind "$1" /run/ng/$name
    shift
done
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t tmpfs -o mode=1777 tmpfs /var/tmp
exec env -i PATH="$PATH" container=test SYSTEMD_UNIT_PATH=/run/ng/folder/units \
    /usr/lib/systemd/systemd --system --unit=netguard.service --log-target=null
"""
_DEADLINE = 60.0


class Machine(msgspec.Struct, frozen=True):
    """What systemd runs in: `folder` of the test is FOLDER there, `init` its process here."""

    folder: Path
    init: int

    def run(self, *command: str) -> str:
        """Run a program beside systemd, as root, and return what it prints."""
        enter = ("nsenter", "--target", str(self.init), "--mount", "--pid", "--uts", "--ipc")
        done = subprocess.run([*enter, *command], capture_output=True, text=True, check=True)
        return done.stdout

    def wait_for(self, **wanted: str) -> dict[str, str]:
        """Wait until systemd says this of netguard.service, or that it has failed for good.

        Returns the wanted properties as they are then.
        """
        asked = [f"--property={name}" for name in {*wanted, "ActiveState"}]
        end = time.monotonic() + _DEADLINE
        while True:
            shown = self.run("systemctl", "show", "netguard", *asked)
            properties = dict(line.split("=", 1) for line in shown.splitlines())
            found = {name: properties[name] for name in wanted}
            over = properties["ActiveState"] == "failed" or time.monotonic() > end
            if found == wanted or over:
                return found
            time.sleep(0.05)

    def printed(self) -> str:
        """Return what the unit's programs have written to stdout so far."""
        return (self.folder / "stdout").read_text()


@contextmanager
def booted(folder: Path, unit: str, drop_in: str, prefix: Sequence[str] = ()) -> Iterator[Machine]:
    """Start a unit as netguard.service, with a drop-in, wherever the command `prefix` leads.

    The test is skipped where this machine cannot have a systemd of its own.
    """
    folder.chmod(0o755)
    settings = folder / "units" / "netguard.service.d"
    settings.mkdir(parents=True)
    (folder / "units" / "netguard.service").write_text(unit)
    (settings / "test.conf").write_text(_DROP_IN + drop_in)
    with _cgroup() as group:
        into = ("sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh")
        unshare = ("unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork")
        places = (sys.base_prefix, sysconfig.get_path("purelib"), ROOT, folder)
        boot = ("sh", "-c", _BOOT, "sh", *map(str, places))
        command = [*into, *prefix, *unshare, "--kill-child", *boot]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
            try:
                init = _init(running)
                yield Machine(folder, init)
                os.kill(init, signal.SIGKILL)  # and `unshare` buries it
                running.wait(_DEADLINE)
            finally:
                running.kill()


def _init(unshare: "subprocess.Popen[str]") -> int:
    """Return the process that is systemd, once it can be spoken with."""
    end = time.monotonic() + _DEADLINE
    children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children")
    while time.monotonic() < end and unshare.poll() is None:
        for child in children.read_text().split():
            if Path(f"/proc/{child}/root/run/systemd/private").exists():
                return int(child)
        time.sleep(0.02)
    unshare.kill()
    said = unshare.stderr.read() if unshare.stderr else ""
    pytest.skip(f"NOT TESTED: no systemd can be started here ({said.strip()})")


@contextmanager
def _cgroup() -> Iterator[Path]:
    """Make a cgroup for systemd, and leave nothing of it behind."""
    group = _own_cgroup() / f"netguard-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"NOT TESTED: no systemd can be started here ({error})")
    try:
        yield group
    finally:
        end = time.monotonic() + _DEADLINE
        while group.exists() and time.monotonic() < end:
            for each in (*sorted(group.rglob("*/"), reverse=True), group):
                with suppress(OSError):  # killed, but not quite gone yet
                    each.rmdir()
            time.sleep(0.01)


def _own_cgroup() -> Path:
    mounts = _fields("/proc/self/mounts", " ")
    top = next((line[1] for line in mounts if line[2] == "cgroup2"), "/sys/fs/cgroup")
    own = next((line[2] for line in _fields("/proc/self/cgroup", ":") if line[0] == "0"), "/")
    return Path(top + own)


def _fields(path: str, separator: str) -> list[list[str]]:
    return [line.split(separator) for line in Path(path).read_text().splitlines()]


def service(**settings: str | Sequence[str]) -> str:
    """Return the [Service] section of a drop-in; a setting that is given replaces the unit's."""
    lines = ["[Service]"]
    for name, values in settings.items():
        lines.append(f"{name}=")
        lines += [f"{name}={value}" for value in ([values] if isinstance(values, str) else values)]
    return "\n".join(lines)
