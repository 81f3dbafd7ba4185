"""When the next message to one alert may go: a few at once, then one each while; failures wait."""

from datetime import datetime, timedelta

import msgspec

from netguard.store.records import AlertCursor

BURST = 5  # messages that may follow each other at once
EVERY = timedelta(seconds=10)  # and then one in this time
_FIRST_RETRY, _LAST_RETRY = timedelta(seconds=10), timedelta(minutes=10)
_DOUBLINGS = 6  # after so many a retry waits the longest


class Pace(msgspec.Struct, frozen=True):
    """A token bucket: how many messages might have gone at a moment, None before the first."""

    tokens: float = 0
    at: datetime | None = None

    def spent(self, now: datetime) -> "Pace":
        """Return the bucket after one more message."""
        return Pace(max(0.0, self._filled(now) - 1), now)

    def due(self, now: datetime) -> datetime:
        """Return when the next message may go; not after `now` if it may go at once."""
        missing = 1 - self._filled(now)
        return now + EVERY * missing if missing > 0 else now

    def _filled(self, now: datetime) -> float:
        if self.at is None or self.at > now:  # a clock that was set back must not silence an alert
            return BURST
        return min(BURST, self.tokens + (now - self.at) / EVERY)


def retry_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts that failed: 10 s, doubled up to 10 min."""
    if attempts < 1:
        return timedelta()
    return min(_FIRST_RETRY * (1 << min(attempts - 1, _DOUBLINGS)), _LAST_RETRY)


def due(pace: Pace, cursor: AlertCursor, now: datetime) -> datetime:
    """Return when the next message to an alert may go; not after `now` if it may go at once."""
    last = cursor.last_attempt
    if last is None or last > now:  # as above
        return pace.due(now)
    return max(pace.due(now), last + retry_after(cursor.attempts))
