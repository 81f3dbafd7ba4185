"""A log file that grows, is truncated, and is replaced by a new one of its name."""

import errno
import os
import stat
from io import FileIO
from pathlib import Path

from probes.errors import ProbeError
from probes.notices.syslog import Frames

_AT_A_TIME = 65536  # octets
_REMEDIES = {
    errno.EACCES: "let this user read it: SupplementaryGroups= in the systemd unit",
    None: "name the log itself",  # it is no regular file
}


class Tail:
    """The end of a file, from where it is now; all of a file that comes later.

    The file need not be there. Raises ProbeError where it is, and cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._frames = Frames(counted=False)
        self._replaced = False
        self._file: FileIO | None = None
        try:
            self._file = _opened(path)
        except OSError as error:
            raise _unreadable(path, error) from None
        if self._file:
            self._file.seek(0, os.SEEK_END)

    def cuts(self) -> int:
        """Return how many lines were too long since this was asked last."""
        return self._frames.cuts()

    def read(self) -> list[bytes] | None:
        """Return the next whole lines, perhaps none as yet; None where nothing more is there now.

        Raises OSError where a new file cannot be read.
        """
        if self._file is None:
            self._file = _opened(self._path)
            return None if self._file is None else []
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            return self._again()
        octets = self._file.read(_AT_A_TIME)
        return self._frames.feed(octets) if octets else self._at_the_end()

    def close(self) -> None:
        """Give the file back."""
        if self._file:
            self._file.close()
            self._file = None

    def _again(self) -> list[bytes]:
        """Begin anew: the file was truncated."""
        last = self._frames.end()
        if self._file:
            self._file.seek(0)
        return [last] if last else []

    def _at_the_end(self) -> list[bytes] | None:
        """Change to a new file of this name, but not at once: its writer may know only the old."""
        if not self._file or _is_still(self._path, self._file):
            return None
        if not self._replaced:
            self._replaced = True
            return None
        self._replaced = False
        self.close()
        last = self._frames.end()
        return [last] if last else []


def _opened(path: Path) -> FileIO | None:
    """Open a file, None where there is none yet; a pipe, which would have us wait, is refused."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(None, "it is no regular file")
    return FileIO(descriptor)


def _unreadable(path: Path, error: OSError) -> ProbeError:
    detail = f"the log cannot be read: {error.strerror}"
    remedy = _REMEDIES.get(error.errno, "correct the path")
    return ProbeError(str(path), detail, remedy=remedy, kind="log-unreadable")


def _is_still(path: Path, file: FileIO) -> bool:
    """Say whether the path leads to the open file, or to nothing as yet."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except OSError:
        return True
