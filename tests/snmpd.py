"""Real net-snmp agents and real LLDP daemons for tests, in whatever network namespace one is in."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

READY = "NET-SNMP version"


def free_port(address: str = "127.0.0.1") -> int:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


@contextmanager
def snmpd(
    folder: Path, *lines: str, address: str = "127.0.0.1", port: int | None = None
) -> Iterator[int]:
    """Run snmpd with these configuration lines and nothing of the machine's own; yield its port."""
    port = port or free_port(address)
    transport = f"udp6:[{address}]" if ":" in address else f"udp:{address}"
    config = folder / "snmpd.conf"
    config.write_text("\n".join((f"agentAddress {transport}:{port}", *lines)) + "\n")
    environment = os.environ | {
        "MIBS": "",
        "SNMP_PERSISTENT_DIR": str(folder / "written"),  # snmpd leaves a file of its own there
        "SNMPCONFPATH": str(folder),
    }
    log = folder / "snmpd.log"
    log.write_text("")
    pid = str(folder / "snmpd.pid")
    command = ["snmpd", "-f", "-Lf", str(log), "-C", "-c", str(config), "-p", pid]
    with subprocess.Popen(command, env=environment) as process:
        try:
            _wait(lambda: READY in log.read_text(), f"snmpd did not start, see {log}")
            yield port
        finally:
            process.terminate()


@contextmanager
def lldpd(*options: str) -> Iterator[Path]:
    """Run lldpd in the foreground; yield the socket that lldpcli speaks to."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # lldpd goes on as a user without rights
        control = Path(folder) / "lldpd.socket"
        command = ["lldpd", "-d", "-u", str(control), *options]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                _wait(control.exists, "lldpd did not start")
                yield control
            finally:
                process.terminate()


def speak_up(*controls: Path) -> None:
    """Make LLDP daemons send now.

    lldpd starts paused, and the child that is to wake it does not always get through.
    """
    for control in controls:
        for order in ("resume", "update"):
            subprocess.run(["lldpcli", "-u", str(control), order], check=True, capture_output=True)


def _wait(ready: Callable[[], bool], complaint: str) -> None:
    deadline = monotonic() + 10
    while not ready():
        if monotonic() > deadline:
            raise TimeoutError(complaint)
        sleep(0.02)
