"""Pacing without sleeping: how many packets may go now, and how long until the next may."""

import math
from dataclasses import dataclass, replace

CATCH_UP = 0.004  # seconds of lateness that may be made up for
_UNPACED = 1 << 30
_ROUNDING = 1e-9  # a token short by a float's rounding is a whole token


@dataclass(frozen=True, slots=True)
class Pacing:
    """A token bucket at one moment: `pace` packets per second, None for no limit.

    In any window of `w` seconds at most `burst + pace * w` packets go. The burst is what the
    timer's lateness costs: 4 ms worth, and at least one packet. Below 500 packets a second it is
    exactly one, so that two packets are never closer than 1/pace: a port that counts 15 a second
    never counts 16.
    """

    pace: float | None
    burst: int
    tokens: float
    at: float

    def _filled(self, now: float) -> float:
        if self.pace is None:
            return _UNPACED
        return min(self.burst, self.tokens + (now - self.at) * self.pace)

    def ready(self, now: float) -> int:
        """Return how many packets may go at `now`."""
        return int(self._filled(now) + _ROUNDING)

    def wait(self, now: float) -> float:
        """Return the seconds from `now` until the next packet may go; 0.0 if it may go at once."""
        missing = 1 - self._filled(now)
        return 0.0 if self.pace is None or missing <= _ROUNDING else missing / self.pace

    def spend(self, count: int, now: float) -> "Pacing":
        """Return the bucket after `count` packets.

        `now` is read after the sending: time then only ever stretches the gap to the next packet.
        """
        return replace(self, tokens=self._filled(now) - count, at=now)


def pacing(pace: float | None, now: float) -> Pacing:
    """Start a full bucket. Raises ValueError for a pace that is no positive number."""
    if pace is None:
        return Pacing(pace=None, burst=_UNPACED, tokens=_UNPACED, at=now)
    if not (pace > 0 and math.isfinite(pace)):
        raise ValueError(f"pace must be packets per second above 0, not {pace}")
    burst = max(1, int(pace * CATCH_UP))
    return Pacing(pace=pace, burst=burst, tokens=burst, at=now)
