"""Starts a lab, and speaks with the process that holds it."""

import contextlib
import os
import select
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from netguard.errors import NetguardError
from netguard.lab import state
from netguard.lab.report import Reply, Request, Status
from netguard.lab.scenarios import find

_START = 20.0  # seconds; it takes one or two
_ANSWER = 10.0
_END = 10.0


class Lab:
    """A lab that is up. As a context manager, it is taken down at the end.

    `owner` is the open end of the pipe by which the holder notices that whoever started it is gone.
    """

    def __init__(self, directory: Path, owner: int | None = None) -> None:
        self.directory = directory
        self.config = directory / state.CONFIG
        self._owner = owner

    def break_(self, name: str) -> Status:
        """Do what a scenario says; a second time changes nothing. See `scenarios.SCENARIOS`."""
        return _status(ask(self.directory, Request("break", find(name).name)))

    def mend(self, name: str | None = None) -> tuple[str, ...]:
        """Undo a scenario, or all of them and every closed port; return what was mended."""
        return ask(self.directory, Request("mend", name and find(name).name)).mended

    def status(self) -> Status:
        """Return every host as it is now, and what is broken."""
        return _status(ask(self.directory, Request("status")))

    def command(self, host: str, argv: Sequence[str]) -> list[str]:
        """Return the command that runs a program inside a host, with the lab's configuration."""
        return [sys.executable, "-P", "-m", "netguard.lab.enter", str(self.directory), host, *argv]

    def leave_running(self) -> None:
        """Let the lab stay up when this process ends."""
        if self._owner is not None:
            os.write(self._owner, b"\n")
        self._let_go()

    def down(self) -> None:
        """Take the lab down, and wait until nothing of it is left; being down already is well."""
        self._let_go()
        down(self.directory)

    def _let_go(self) -> None:
        if self._owner is not None:
            os.close(self._owner)
            self._owner = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down()


def up(directory: Path | None = None) -> Lab:
    """Start a lab and return it when every agent answers.

    It ends with this process, however that ends, unless `Lab.leave_running` is called. Raises
    NetguardError, and leaves nothing, where it cannot be.
    """
    directory = directory or state.default_directory()
    lock = state.claim(directory)
    try:
        with os.fdopen(lock, "wb"), contextlib.ExitStack() as undoing:
            owner, said = _start(directory, lock)
            undoing.callback(os.close, owner)
            _await_ready(said, directory)
            undoing.pop_all()
    except BaseException:
        down(directory)
        raise
    return Lab(directory, owner)


def _start(directory: Path, lock: int) -> tuple[int, int]:
    """Start the holder; return the pipe to its stdin, and the one from its stdout."""
    stdin, owner = os.pipe()
    said, stdout = os.pipe()
    log = os.open(directory / state.LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    theirs = (stdin, stdout, log, lock)
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-P", "-m", "netguard.lab.holder", str(directory)],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(theirs)],
        setsid=True,
    )
    os.pwrite(lock, b"%d\n" % pid, 0)
    for fd in (stdin, stdout, log):
        os.close(fd)
    return owner, said


def _await_ready(said: int, directory: Path) -> None:
    with os.fdopen(said, "rb") as pipe:
        ready, _, _ = select.select([pipe], [], [], _START)
        line = pipe.readline() if ready else b""
    if line:
        _or_raise(msgspec.json.decode(line, type=Reply))
        return
    log = (directory / state.LOG).read_text("utf-8", "replace").splitlines()
    raise NetguardError(
        f"the lab did not start: {log[-1] if log else 'it said nothing'}",
        remedy="Run it again; `netguard doctor` says what this machine lacks.",
    )


def attach(directory: Path | None = None) -> Lab:
    """Return the lab that is up. Raises NoLab where there is none."""
    directory = directory or state.default_directory()
    connect(directory).close()
    return Lab(directory)


def down(directory: Path | None = None) -> bool:
    """End the lab that is up, and remove what a dead one left; return whether one was up."""
    directory = directory or state.default_directory()
    pid = state.holder(directory)
    if pid is not None:
        _end(pid)
    state.clean(directory)
    return pid is not None


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError), os.fdopen(os.pidfd_open(pid)) as process:
        for number in (signal.SIGTERM, signal.SIGKILL):
            signal.pidfd_send_signal(process.fileno(), number)
            if select.select([process], [], [], _END)[0]:
                break
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def connect(directory: Path) -> socket.socket:
    """Open the control socket. Raises NoLab, and removes what a dead lab left, where none is up."""
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(_ANSWER)
    try:
        with state.short_path(directory / state.CONTROL) as path:
            sock.connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        sock.close()
        state.clean(directory)
        raise state.NoLab("no lab is up", remedy="Start one: netguard lab up") from None
    return sock


def ask(directory: Path, request: Request) -> Reply:
    """Send a request to the holder and return its reply. Raises the NetguardError that it names."""
    try:
        with connect(directory) as sock, sock.makefile("rwb") as stream:
            stream.write(msgspec.json.encode(request) + b"\n")
            stream.flush()
            line = stream.readline()
    except (TimeoutError, ConnectionError):
        line = b""
    if not line:
        raise NetguardError("the lab does not answer", remedy="End it: netguard lab down")
    return _or_raise(msgspec.json.decode(line, type=Reply))


def _or_raise(reply: Reply) -> Reply:
    if reply.error:
        raise NetguardError(reply.error, remedy=reply.remedy)
    return reply


def _status(reply: Reply) -> Status:
    if reply.status is None:
        raise NetguardError("the lab is of another version", remedy="End it: netguard lab down")
    return reply.status
