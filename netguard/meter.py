"""Progress over several things that run at once: one number done, one number in all."""

from collections.abc import Callable

# Told what is being done, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


class Meter:
    """Adds up the parts of each kind of work and tells the sum."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._parts: dict[str, list[tuple[int, int]]] = {}

    def part(self, what: str, total: int = 0) -> Callable[[int, int], None]:
        """Begin a part of the work called `what`; call the result with done and total."""
        parts = self._parts.setdefault(what, [])
        parts.append((0, total))
        number = len(parts) - 1

        def tell(done: int, total: int) -> None:
            parts[number] = (done, total)
            self._progress(what, sum(d for d, _ in parts), sum(t for _, t in parts))

        return tell
