"""What the daemon says while it runs: one event after another, for people and for machines."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec

from netguard.emergency.report import PortReport
from netguard.findings import Finding
from netguard.life import Happening
from probes.heard import Notice
from probes.records import Gap

Kind = Literal[
    "started",
    "reloaded",
    "not-reloaded",
    "stopping",
    "finding",
    "sweep",
    "servers",
    "gap",
    "gap-over",
    "deed",
    "notice",
    "late",
]


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event, as a line of `watch --json`: `time`, `event`, and what belongs to that kind.

    A `finding` has its `happening` and itself as it stands; a `sweep`, which has just ended, what
    it covered and counted; a `gap` says what cannot be measured from now on, a `gap-over` that it
    can again; a `deed` what was done or declined at a port; a `notice` what a device told; a `late`
    which run took too long, or which `counts` of events were lost, by kind, for want of a reader.
    """

    time: datetime
    event: Kind
    detail: str = ""
    happening: Happening | None = None
    finding: Finding | None = None
    segments: tuple[str, ...] = ()
    counts: dict[str, int] = {}
    duration_s: float | None = None
    gap: Gap | None = None
    deed: PortReport | None = None
    notice: Notice | None = None


Say = Callable[[Event], None]
