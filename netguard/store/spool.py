"""Looks that wait while the store is away: a line each on disk, and no more than is bearable.

What the disk does not take waits in memory, and of what is too much for that the least is lost:
first who was seen where and the record of the sweep, then looks that told nothing new, the oldest
first.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import msgspec

from netguard.store.records import Look
from netguard.store.spool_file import SpoolFile
from netguard.store.wire import Base, decoded, encoded

MOST = 64 << 20  # bytes on disk
MOST_IN_MEMORY = 8 << 20
_AT_ONCE, _BYTES_AT_ONCE = 100, 4 << 20  # looks handed out together, and about how much of them


class _Held(msgspec.Struct, frozen=True):
    """A look in memory. `told`: it told something new; `parts`: it has what can be spared."""

    line: bytes
    told: bool
    parts: bool
    spared: bool = False


class Spool:
    """The looks that wait, oldest first; nothing here raises.

    `base` is what was known before the first of them. `dropped` counts the looks that were lost, or
    something of them; those that cannot be read again are among them.
    """

    def __init__(
        self, path: Path, *, most: int = MOST, most_in_memory: int = MOST_IN_MEMORY
    ) -> None:
        self._file = SpoolFile(path, most=most)
        self._memory: deque[_Held] = deque()
        self._most_in_memory = most_in_memory
        self.dropped = int(self._file.torn)
        self.base = next((base for _, base in _read(self._file.lines()) if base), Base())

    @property
    def in_memory(self) -> int:
        """How many looks wait that the disk did not take."""
        return len(self._memory)

    @property
    def waiting(self) -> int:
        """How many looks wait."""
        return self._file.count + self.in_memory

    def append(self, look: Look, *, base: Base, told: bool) -> None:
        """Let a look wait. `base` is what was known before it, `told` whether it told anything."""
        first = not self.waiting
        if first:
            self.base = base
        try:
            line = encoded(look, base if first else None)
        except ValueError:
            self.dropped += 1
            return
        parts = bool(look.sweep or look.bindings or look.identities)
        self._memory.append(_Held(line, told, parts))
        if self._file.append([held.line for held in self._memory]):
            self._memory.clear()
        while sum(len(held.line) for held in self._memory) > self._most_in_memory:
            self._shed()

    def looks(self) -> Iterator[Look]:
        """Yield all that wait."""
        for look, _ in _read(chain(self._file.lines(), self._held())):
            yield look

    def take(self) -> Iterator[tuple[Look, ...]]:
        """Yield the looks, some at a time; to ask for more is to be done with the last ones."""
        while self.waiting:
            lines = _some(self._file.lines() if self._file.count else self._held())
            if not lines:  # somebody removed the file
                self.dropped += self._file.count
                self._file.clear()
                continue
            looks = tuple(look for look, _ in _read(lines))
            yield looks
            self.dropped += len(lines) - len(looks)
            self._done(lines)

    def _held(self) -> Iterator[bytes]:
        return (held.line for held in self._memory)

    def _done(self, lines: list[bytes]) -> None:
        if self._file.count:
            self._file.done(lines)
        else:
            for _ in lines:
                self._memory.popleft()

    def _shed(self) -> None:
        """Lose a little: of the oldest what can be spared, else the oldest that can be missed."""
        place = next((n for n, held in enumerate(self._memory) if held.parts), None)
        if place is not None:
            self._memory[place] = _stripped(self._memory[place])
            self.dropped += 1
            return
        place = next((n for n, held in enumerate(self._memory) if not held.told), 0)
        self.dropped += not self._memory[place].spared
        del self._memory[place]


def _stripped(held: _Held) -> _Held:
    look, base = decoded(held.line)
    bare = msgspec.structs.replace(look, sweep=None, bindings=(), identities=(), moving=None)
    return _Held(encoded(bare, base), held.told, parts=False, spared=True)


def _read(lines: Iterable[bytes]) -> Iterator[tuple[Look, Base | None]]:
    """Yield what the lines hold, as far as they hold anything."""
    for line in lines:
        try:
            yield decoded(line)
        except ValueError:
            continue


def _some(lines: Iterable[bytes]) -> list[bytes]:
    some: list[bytes] = []
    size = 0
    for line in lines:
        some.append(line)
        size += len(line)
        if len(some) == _AT_ONCE or size > _BYTES_AT_ONCE:
            break
    return some
