"""A real OpenSSH server with keys and a configuration of its own, on the loopback address."""

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

ADDRESS = "127.0.0.1"
USER = getpass.getuser()
_STARTS_WITHIN = 20.0

CONFIG = """\
ListenAddress {address}:{port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
LogLevel ERROR
{more}
"""


class Sshd:
    """What a test has to know of a running server; every path lies in `folder`."""

    def __init__(self, folder: Path, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.folder = folder
        self.process = process
        self.port = port
        self.user_key = folder / "user_key"
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text(f"[{ADDRESS}]:{port} {public(folder / 'host_key')}\n")

    @property
    def target(self) -> str:
        return f"{USER}@{ADDRESS}:{self.port}"

    def sessions(self) -> list[int]:
        """Return the processes that serve one login each."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in task.read_text().split()]


def key(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    """Make a key pair in place of the one that may be there."""
    path.unlink(missing_ok=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "", "-f", path], check=True
    )
    return path


def public(path: Path) -> str:
    return path.with_suffix(".pub").read_text().strip()


@contextmanager
def sshd(folder: Path, *lines: str, signed_by: Path | None = None) -> Iterator[Sshd]:
    """Run a server that lets `user_key` in, with more lines of configuration; end it.

    Its host key may be `signed_by` an authority; the certificate is then `host_key-cert.pub`.

    It runs in the network namespace of the calling thread, and so do the commands of a login.
    """
    host_key = key(folder / "host_key")
    if signed_by is not None:
        sign = ["ssh-keygen", "-q", "-s", f"{signed_by}", "-I", "test", "-h", "-n", ADDRESS]
        subprocess.run([*sign, f"{host_key}.pub"], check=True)
    user_key = key(folder / "user_key")
    (folder / "authorized_keys").write_text(f"{public(user_key)}\n")
    with socket.socket() as spare:
        spare.bind((ADDRESS, 0))
        port = spare.getsockname()[1]
    config = folder / "sshd_config"
    config.write_text(
        CONFIG.format(address=ADDRESS, port=port, folder=folder, more="\n".join(lines))
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it locks itself in
    command = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    assert command, "no sshd: apt-get install openssh-server"
    with subprocess.Popen([command, "-D", "-e", "-f", config]) as process:
        try:
            _await(process, port)
            yield Sshd(folder, process, port)
        finally:
            process.terminate()


def _await(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = monotonic() + _STARTS_WITHIN
    while True:
        try:
            socket.create_connection((ADDRESS, port), timeout=1).close()
        except OSError:
            assert process.poll() is None, "sshd did not start"
            assert monotonic() < deadline, "sshd did not answer"
            sleep(0.02)
        else:
            return
