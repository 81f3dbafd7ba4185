"""What cannot be measured at the moment: each gap is told when it begins and when it is over."""

from collections.abc import Container, Iterable
from datetime import datetime

from netguard.watch.events import Event, Say
from probes.records import Gap


class Gaps:
    """The gaps that stand, by who reports them."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._of: dict[str, dict[tuple[str, str], Gap]] = {}

    def standing(self) -> tuple[Gap, ...]:
        """Return all of them, each once."""
        known = {key: gap for gaps in self._of.values() for key, gap in gaps.items()}
        return tuple(known.values())

    def only(self, reporters: Container[str], now: datetime) -> None:
        """End what was reported by who is none of these: nobody else would."""
        for reporter in [name for name in self._of if name not in reporters]:
            self.report(reporter, (), now)
            del self._of[reporter]

    def report(self, reporter: str, gaps: Iterable[Gap], now: datetime) -> None:
        """Take in all the gaps that one reporter sees now, and say what has changed."""
        before = self._of.pop(reporter, {})
        after = {(gap.subject, gap.kind): gap for gap in gaps}
        elsewhere = {key for known in self._of.values() for key in known}
        self._of[reporter] = after
        for key in after.keys() - before.keys() - elsewhere:
            self._say(Event(time=now, event="gap", gap=after[key]))
        for key in before.keys() - after.keys() - elsewhere:
            self._say(Event(time=now, event="gap-over", gap=before[key]))
