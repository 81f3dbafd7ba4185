"""Asking at a pace and listening all the while: what all questions to a segment have in common."""

import threading
from collections.abc import Callable
from time import monotonic

from probes.errors import ProbeError
from probes.link import Link
from probes.mmsg import Slots
from probes.pacing import pacing

_LOOK_UP = 0.1  # seconds: no wait is longer before `stop` is looked at


class Conversation:
    """One link, spoken on no faster than `pace`; `take` takes in the frames that wait on it.

    `idle` is called when there is time to spare, and says whether it used any. Raises ProbeError
    (kind `stopped`) as soon as `stop` is set: half a conversation must not pass for a whole one.
    """

    def __init__(
        self,
        link: Link,
        *,
        pace: float | None,
        take: Callable[[], None],
        idle: Callable[[], bool] = lambda: False,
        stop: threading.Event | None = None,
    ) -> None:
        self.last_sent = monotonic()
        self._link = link
        self._pacing = pacing(pace, self.last_sent)
        self._take = take
        self._idle = idle
        self._stop = stop or threading.Event()

    def listen(self, until: float = 0.0) -> None:
        """Take in frames until that monotonic time; by default only those that wait already."""
        while True:
            self._take()
            if self._stop.is_set():
                raise ProbeError(self._link.own.name, "stopped before the end", kind="stopped")
            left = until - monotonic()
            if left <= 0:
                return
            if not self._idle():
                self._link.wait(min(left, _LOOK_UP))

    def allowance(self, most: int) -> int:
        """Listen until the pace allows at least one frame, and return how many may go now."""
        while not (ready := self._pacing.ready(monotonic())):
            now = monotonic()
            self.listen(now + self._pacing.wait(now))
        return min(ready, most)

    def send(self, outbox: Slots, count: int) -> None:
        """Send what `allowance` allowed, then take in what has already come back."""
        self._link.send(outbox, count)
        self.last_sent = monotonic()
        self._pacing = self._pacing.spend(count, self.last_sent)
        self.listen()
