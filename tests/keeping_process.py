"""Another process that keeps looks: `python -m tests.keeping_process URL SPOOL FIRST LAST [DEATH]`.

One look a minute, FIRST to LAST, as `look_at` tells, each with BINDINGS (an environment variable)
addresses. It prints a line of JSON for each: what was told, and why not all of it is in the store.
DEATH is how it ends, by SIGKILL: a number is the SQL statement before which it does so, COMMIT
being one; `letting-go` is after the store was given what waited, before that is forgotten.
"""

import json
import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from netguard.findings import Finding
from netguard.keeping import RETRY, Keeper
from netguard.life import Changes
from netguard.store import Look
from netguard.store.spool_file import SpoolFile
from tests.recorder import FIRST, die_before
from tests.remembering import at, binding, finding, said, sweep_record

BINDINGS = int(os.environ.get("BINDINGS", "1"))


class Clock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = at(0)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta = RETRY) -> None:
        self.now += time


def look_at(keeper: Keeper, minute: int, seen: Sequence[Finding] | None = None) -> Changes:
    """Keep the look of this minute; by itself, every other one sees the same trouble."""
    swing = [finding(minute=minute)] if minute % 2 == 0 else []
    look = Look(
        now=at(minute),
        findings=tuple(swing if seen is None else seen),
        sweep=sweep_record(minute),
        bindings=tuple(
            binding(str(ip_address(FIRST + n)), minute=minute, first_seen=at(0))
            for n in range(BINDINGS)
        ),
        identities=(said(minute),),
        moving={},
    )
    return keeper.keep(look, covered=lambda _: True)


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, spool: str, first: str, last: str, death: str = "0") -> None:
    if death == "letting-go":
        SpoolFile.done = die  # type: ignore[method-assign,assignment]
    else:
        die_before(int(death))
    clock = Clock()
    with Keeper(url, Path(spool), clock=clock) as keeper:
        for minute in range(int(first), int(last) + 1):
            clock.pass_by()
            told = [event.happening for event in look_at(keeper, minute).events]
            gap = keeper.gap
            line = {"told": told, "gap": gap and gap.detail, "dropped": keeper.dropped}
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
