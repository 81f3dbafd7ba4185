"""A bounded file of lines that wait: each is on the disk before it counts as taken."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


class SpoolFile:
    """The lines of one file, of which the first ones may be done with already.

    `count` are those that wait; `torn` says that the last one is not whole. Nothing here raises.
    """

    def __init__(self, path: Path, *, most: int) -> None:
        self.count = 0
        self.torn = False
        self._path = path
        self._most = most
        self._begin = self._size = 0
        for line in self._read():
            self.torn = not line.endswith(b"\n")
            if not self.torn:
                self._size += len(line)
                self.count += 1

    def append(self, lines: Sequence[bytes]) -> bool:
        """Write lines down; false where they do not fit, or the disk does not take them."""
        data = b"".join(lines)
        if self._size + len(data) > self._most:
            return False
        try:
            with self._open() as file:
                if os.fstat(file.fileno()).st_size < self._size:
                    return False  # somebody has cut it: what comes is not to be lost with that
                file.truncate(self._size)  # half a line may stand there since a disk was full
                file.seek(self._size)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if not self._size:
                self._sync_folder()
        except OSError:
            return False
        self._size += len(data)
        self.count += len(lines)
        return True

    def lines(self) -> Iterator[bytes]:
        """Yield the lines that wait, oldest first; none where the file cannot be read."""
        place = self._begin
        for line in self._read():
            place += len(line)
            if place > self._size:
                break
            yield line

    def done(self, lines: Sequence[bytes]) -> None:
        """Forget the first lines, which these are; the file goes with the last one."""
        self._begin += sum(map(len, lines))
        self.count -= len(lines)
        if not self.count:
            self.clear()

    def clear(self) -> None:
        """Forget all of them."""
        self._begin, self.count = self._size, 0
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
            self._begin = self._size = 0

    def _read(self) -> Iterator[bytes]:
        with suppress(OSError), self._path.open("rb") as file:
            file.seek(self._begin)
            yield from file

    def _open(self) -> BinaryIO:
        return os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")

    def _sync_folder(self) -> None:
        """Make the file's name last too."""
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
