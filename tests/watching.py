"""`netguard watch --json` on the practice network's monitoring station, and what it says."""

import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

from netguard import clock
from netguard.lab.control import Lab
from tests.station import Edit, command, configured

Said = dict[str, Any]
PATIENCE = 60.0  # seconds, on a machine that does other work too


class Watching:
    """A daemon that runs; `said` is all that it has said so far, in order, and when it was read."""

    def __init__(self, process: subprocess.Popen[bytes], errors: Path) -> None:
        self.process = process
        self.said: list[Said] = []
        self._errors = errors
        self._lines: queue.Queue[Said | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put({**msgspec.json.decode(line), "read": clock.now().timestamp()})
        self._lines.put(None)

    def until(self, wanted: Callable[[Said], bool], patience: float = PATIENCE) -> Said:
        """Return the next event that is wanted."""
        deadline = monotonic() + patience
        while (said := self._next(deadline)) is not None:
            if wanted(said):
                return said
        what = [(s["event"], s.get("happening"), s.get("detail")) for s in self.said[-9:]]
        raise AssertionError(f"not said; the last: {what} {self._errors.read_text()[-2000:]}")

    def _next(self, deadline: float) -> Said | None:
        try:
            said = self._lines.get(timeout=max(0.0, deadline - monotonic()))
        except queue.Empty:
            return None
        if said is not None:
            self.said.append(said)
        return said

    def turn(self, happening: str, kind: str | None = None) -> Said:
        """Return the finding that next takes this turn."""
        finding: Said = self.turned(happening, kind)["finding"]
        return finding

    def turned(self, happening: str, kind: str | None = None) -> Said:
        """Return the event in which a finding next takes this turn."""
        return self.until(
            lambda s: (
                s["event"] == "finding"
                and s["happening"] == happening
                and kind in {None, s["finding"]["kind"]}
            )
        )

    def swept(self) -> Said:
        """Wait for the next whole look."""
        return self.until(lambda s: s["event"] == "sweep")

    def turns(self) -> list[tuple[str, str]]:
        """Return the turns that findings have taken so far."""
        while self._next(0) is not None:
            pass
        return [
            (s["happening"], s["finding"]["id"] if "finding" in s else s["detail"])
            for s in self.said
            if s["event"] == "finding"
        ]

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join()
        return code

    def complaints(self) -> str:
        """Return what it wrote to stderr."""
        return self._errors.read_text()


@contextmanager
def watching(
    lab: Lab, folder: Path, edits: tuple[Edit, ...] = (), *, prefix: tuple[str, ...] = ()
) -> Iterator[Watching]:
    """Run the daemon on the station with an edited configuration, until the end of the `with`."""
    config = configured(lab, folder, edits)
    with running(command(lab, config, "watch", "--json", prefix=prefix), folder) as daemon:
        yield daemon


@contextmanager
def running(argv: Sequence[str], folder: Path) -> Iterator[Watching]:
    """Run a daemon by its command line until the end of the `with`."""
    errors = folder / "stderr"
    with errors.open("wb") as file:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=file,
        )
    daemon = Watching(process, errors)
    try:
        yield daemon
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        daemon._reader.join()
        if process.stdout:
            process.stdout.close()
