"""The daemon's life: one for each store, SIGHUP reads the configuration anew, SIGTERM ends it."""

import asyncio
import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netguard.collect import Clock
from netguard.config import Config, load
from netguard.errors import Exit, NetguardError
from netguard.notifying import notify
from netguard.watch.counting import Counting
from netguard.watch.events import Event, Kind, Say
from netguard.watch.gaps import Gaps
from netguard.watch.round import Kept, Round, folder
from netguard.watch.site import Site


class AlreadyWatching(NetguardError):
    """Another daemon watches with the same store: two would tell and do everything twice."""

    exit_code = Exit.REFUSED


class Daemon:
    """Watches what a configuration names, until it is told to stop."""

    def __init__(self, config: Config, *, say: Say, clock: Clock) -> None:
        self._config = config
        self._next = config
        self._clock = clock
        self._counting = Counting()
        self._listener = say
        self._over = asyncio.Event()
        self._stopping = False

    async def run(self) -> None:
        """Watch until a signal ends it. Raises AlreadyWatching, StoreError, ConfigError."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        ears: Kept = {}
        gaps = Gaps(self._say)
        site: Site | None = None
        happening: Kind = "started"
        while not self._stopping:
            self._config = self._next
            self._over.clear()
            site = Site(self._config, self._clock, site)
            with sole_watcher(folder(self._config)):
                self._happened(happening, _what(self._config))
                await Round(site, ears, gaps, say=self._say, counting=self._counting).run(
                    self._over
                )
            happening = "reloaded"
        self._happened("stopping")

    def stop(self) -> None:
        """End, as soon as no port is being changed."""
        notify("STOPPING=1")
        self._stopping = True
        self._over.set()

    def _reload(self) -> None:
        """Read the configuration again; a bad one changes nothing."""
        try:
            config = load(self._config.path)
            if folder(config) != folder(self._config):
                with sole_watcher(folder(config)):
                    pass  # it can be had
        except NetguardError as error:
            self._happened("not-reloaded", f"{error.message}\nthe old configuration stays in force")
        else:
            self._next = config
            notify("RELOADING=1")
            self._over.set()

    def _say(self, event: Event) -> None:
        self._counting.count(event)
        self._listener(event)

    def _happened(self, kind: Kind, detail: str = "") -> None:
        self._say(Event(time=self._clock(), event=kind, detail=detail))


def _what(config: Config) -> str:
    """Say in a line what is watched, and who is told: nobody is worth seeing."""
    inventory = config.inventory
    heard = sum(segment.interface is not None for segment in inventory.segments)
    return (
        f"{config.path}: {len(inventory.segments)} segments, {heard} of them listened to;"
        f" {len(inventory.devices)} devices; {len(config.alerts) or 'no'} alerts"
    )


@contextmanager
def sole_watcher(where: Path) -> Iterator[None]:
    """Hold the lock by which one daemon at a time has this state. Raises AlreadyWatching."""
    path = where / "watch.lock"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        remedy = "Run as the user that owns it, or give this user the right to write there."
        raise NetguardError(f"{path}: {error.strerror}", remedy=remedy) from None
    try:
        _lock(file, path)
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(file)


def _lock(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pid = os.pread(file, 20, 0).decode(errors="replace").strip()
        raise AlreadyWatching(
            f"process {pid or '?'} watches already with the store in {path.parent}",
            remedy="To have it read its configuration again: kill -HUP that process.",
        ) from None
