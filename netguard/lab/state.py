"""The lab's directory: where its control socket, configuration and store lie, and who owns it.

The holder locks the pid file for as long as it lives. A directory whose lock is free belonged to a
holder that died: the kernel has already taken its network down, only the files are left.
"""

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from netguard.errors import NetguardError

PID = "holder.pid"
LOG = "holder.log"
CONTROL = "control"
CONFIG = "netguard.toml"
WRITE_COMMUNITY = "write-community"


class NoLab(NetguardError):
    """Nothing is up here."""


def default_directory() -> Path:
    """Return where this user's lab lives: under the runtime directory, else the temporary one."""
    own = os.environ.get("XDG_RUNTIME_DIR", "")
    for place in (own, "/run"):
        if place and _is_ours(Path(place)):
            return Path(place, "netguard-lab")
    return Path(tempfile.gettempdir(), f"netguard-lab-{os.getuid()}")


def _is_ours(directory: Path) -> bool:
    with contextlib.suppress(OSError):
        found = directory.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return False


def claim(directory: Path) -> int:
    """Make the directory, empty, and return the open file whose lock makes it ours.

    Raises NetguardError where a lab is up already, or where the directory is somebody else's.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_foreign(directory)
        lock = os.open(directory / PID, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise NetguardError(
            f"{directory}: {error.strerror}", remedy="Is XDG_RUNTIME_DIR yours, and writable?"
        ) from None
    if not _locked(lock):
        os.close(lock)
        raise NetguardError(
            "a lab is up already",
            remedy="`netguard lab status` shows it, `netguard lab down` ends it.",
        )
    _empty(directory)
    return lock


def _refuse_foreign(directory: Path) -> None:
    if not _is_ours(directory) or stat.S_IMODE(directory.stat().st_mode) & 0o077:
        raise NetguardError(
            f"{directory} is not private to this user",
            remedy=f"Look at it, then: rm -r {directory}",
        )
    if any(directory.iterdir()) and not (directory / PID).exists():
        raise NetguardError(
            f"{directory} holds files that no lab left there", remedy="Choose an empty directory."
        )


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(lock).st_nlink > 0  # else its last owner removed it under our hands


def _empty(directory: Path) -> None:
    for left in directory.iterdir():
        if left.name != PID:
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def remove(directory: Path) -> None:
    """Remove the directory and all in it; the caller holds the lock."""
    shutil.rmtree(directory, ignore_errors=True)


def holder(directory: Path) -> int | None:
    """Return the process that holds the lab here, if one does; others' files are not believed."""
    if not _is_ours(directory):
        return None
    with contextlib.suppress(FileNotFoundError), (directory / PID).open("rb") as lock:
        if not _locked(lock.fileno()):
            return int(lock.read() or 0) or None
    return None


def clean(directory: Path) -> None:
    """Remove what a dead holder left; a living one's, or another user's, is left alone."""
    if not _is_ours(directory):
        return
    with contextlib.suppress(FileNotFoundError), (directory / PID).open("rb") as lock:
        if _locked(lock.fileno()):
            remove(directory)


@contextlib.contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Lend a name for a path that fits a UNIX socket's 107 bytes, however long the path is."""
    fd = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{path.name}"
    finally:
        os.close(fd)
