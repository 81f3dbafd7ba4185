"""What comes faster than it can be heard or asked about: said while it lasts, and a minute more."""

from collections.abc import Iterator
from time import monotonic

from netguard.inventory import Segment
from probes.listen import Counters
from probes.records import Gap

LASTING = 60.0  # seconds for which it is said that something was lost
LOOPING = 500  # frames in a second that are the same again at once: no healthy segment has that


class Overruns:
    """Looks at what the ears on a segment count; is to be asked about every second."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._last: dict[str, float] = {}

    def gaps(self, segment: Segment, counters: Counters, undecided: int) -> Iterator[Gap]:
        """Yield what was lost within the last minute; `undecided` doubts found no room."""
        if self._grows("lost", counters.dropped):
            yield Gap(
                subject=segment.name,
                kind="frames-lost",
                detail=f"{segment.interface}: more frames come than can be heard",
                remedy="look for a flood or a loop on the segment; net.core.rmem_max may be raised",
            )
        if self._grows("echoes", counters.echoes, LOOPING):
            yield Gap(
                subject=segment.name,
                kind="frames-repeated",
                detail=f"{segment.interface}: the same frames come again and again, as in a loop",
                remedy="look for two ports joined by a cable or a bridge, and at spanning tree",
            )
        if self._grows("doubts", undecided):
            yield Gap(
                subject=segment.name,
                kind="doubts-dropped",
                detail="more addresses are claimed by strangers than can be asked about at once",
                remedy="look for a flood on the segment; sweeps still ask for every address",
            )

    def _grows(self, what: str, count: int, least: int = 1) -> bool:
        """Tell whether a count grew that much between two looks within the last minute."""
        before = self._counts.get(what, 0)
        self._counts[what] = count
        if count - before >= least:
            self._last[what] = monotonic()
        return what in self._last and monotonic() - self._last[what] < LASTING
