"""What is done with everything that arrives, by whichever way: read it, tell it, count it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from probes.heard import Notice
from probes.notices import messages, syslog, traps


@dataclass(slots=True)
class Counters:
    """What has arrived so far.

    `lines` and `traps` are all that could be read, `notices` what was told. `countable` ones speak
    of duplicates, conflicts or flapping in words that no form knows, or name no address; `unknown`
    are notifications of other kinds. `cut` lines were too long, `malformed` are lines without a
    message and datagrams that are no SNMP, `refused` notifications from strangers, `closed`
    connections that had to make room, `unreadable` the times that a file could not be read.
    """

    lines: int = 0
    traps: int = 0
    notices: int = 0
    countable: int = 0
    unknown: int = 0
    cut: int = 0
    malformed: int = 0
    refused: int = 0
    closed: int = 0
    unreadable: int = 0


class Hearing:
    """Tells every notice to `told`, with the time of `clock`: a device's own is for people only."""

    def __init__(self, told: Callable[[Notice], None], clock: Callable[[], datetime]) -> None:
        self.counters = Counters()
        self._told = told
        self._clock = clock

    def line(self, octets: bytes, source: str) -> None:
        """Take one line of a log, header and all."""
        line = syslog.read(octets)
        if not line.message:
            self.counters.malformed += 1
            return
        self.counters.lines += 1
        self._tell(
            messages.notice(line.message, source=source, seen=self._clock(), host=line.host),
            lambda: messages.countable(line.message),
        )

    def objects(self, source: str, objects: traps.Objects) -> None:
        """Take the objects of one SNMP notification."""
        self.counters.traps += 1
        found = traps.notice(objects, source=source, seen=self._clock())
        self.counters.unknown += found is None
        self._tell(found, lambda: traps.countable(objects))

    def _tell(self, found: Notice | None, countable: Callable[[], bool]) -> None:
        if found is None:
            self.counters.countable += countable()
            return
        self.counters.notices += 1
        self.counters.countable += found.kind == "duplicate-address" and found.ip is None
        self._told(replace(found, message=found.message[: messages.LONGEST]))
