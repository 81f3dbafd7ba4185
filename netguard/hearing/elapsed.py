"""How much time has passed, by clocks that may be set: in captures, and under a daemon."""

from datetime import datetime

# Of a leap ahead no more than this counts: whoever was deaf, or had the clock set, has not heard so
# much silence, and by silence troubles end.
_LEAP = 300.0
_LATE = 10.0  # a frame may come late, that much after a later one; if older, the clock was set back


class Elapsed:
    """Seconds that only grow, whatever the clock does."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._latest: datetime | None = None

    def at(self, moment: datetime) -> float:
        """Take in what the clock says now, and return how many seconds have passed."""
        if self._latest is None:
            self._latest = moment
        step = (moment - self._latest).total_seconds()
        if step > 0:
            self._seconds += min(step, _LEAP)
            self._latest = moment
        elif step < -_LATE:
            self._latest = moment
        return self._seconds
