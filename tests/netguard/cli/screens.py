"""A terminal of its own for a command, and what stood on it in the end; Ctrl-C when it is time."""

import contextlib
import os
import pty
import re
import select
import signal
import termios
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import NamedTuple

import pytest

CTRL_C = b"\x03"
PATIENCE = 120.0


class Screen(NamedTuple):
    """What appeared: `raw` with all control sequences, `text` without, and the exit code."""

    raw: str
    text: str
    code: int

    @property
    def lines(self) -> list[str]:
        return self.text.replace("\r", "").splitlines()


def on_terminal(
    argv: Sequence[str],
    *,
    columns: int = 80,
    stop_when: Callable[[str], bool] | None = None,
    **environment: str,
) -> Screen:
    """Run a command on a terminal; once `stop_when` says so of what is seen, press Ctrl-C."""
    known = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # whatever the tests were started with
            termios.tcsetwinsize(0, (60, columns))
            os.execvpe(argv[0], list(argv), {**known, "TERM": "xterm", **environment})  # noqa: S606
        finally:
            os._exit(127)  # there is no such program: these are not the tests
    shown, deadline = b"", monotonic() + PATIENCE
    while monotonic() < deadline:
        if stop_when and stop_when(_plain(shown)):
            os.write(terminal, CTRL_C)
            stop_when = None
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            shown += os.read(terminal, 65536)
        except OSError:  # the kernel's way of saying that the other end is closed
            break
    else:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    raw = shown.decode(errors="replace")
    return Screen(raw, _plain(shown), os.waitstatus_to_exitcode(status))


def _plain(shown: bytes) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode(errors="replace"))


def drawn(draw: Callable[[], None], columns: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the lines, without colour, that a function draws on a terminal so wide."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLUMNS", raising=False)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (60, columns))
    shown: list[bytes] = []
    reader = threading.Thread(target=_read, args=(ours, shown))
    reader.start()
    with os.fdopen(theirs, "w") as terminal, contextlib.redirect_stdout(terminal):
        draw()
    reader.join()
    os.close(ours)
    return _plain(b"".join(shown)).replace("\r", "").splitlines()


def _read(terminal: int, shown: list[bytes]) -> None:
    with contextlib.suppress(OSError):  # the other end is closed
        while more := os.read(terminal, 65536):
            shown.append(more)
