"""What goes into the store and comes out of it, besides findings."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from netguard.findings import Finding, Location
from netguard.history import Entry
from netguard.life import Event
from netguard.view import Stay
from probes.records import Gap, IPAddress


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """A station was seen using an address. `location` is the last known one, with its own time."""

    segment: str
    address: IPAddress
    mac: str
    location: Location | None = None
    first_seen: datetime
    last_seen: datetime


class GatewayIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway's MAC as routers themselves stated it, never as ARP did; or one of their own.

    `source` names the routers; `confirmed` when it last said so,
    `first_confirmed` when it first did (filled in by the store).
    """

    segment: str
    address: IPAddress
    mac: str
    source: str
    confirmed: datetime
    first_confirmed: datetime | None = None


class SweepRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One sweep: when, how long (seconds), over which segments, and what could not be measured."""

    started: datetime
    duration: float
    segments: tuple[str, ...]
    counts: dict[str, int]
    gaps: tuple[Gap, ...] = ()


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What one look brought, as it is written down; `now` is its moment.

    `began` is as in `netguard.life.follow`. `keeper` is the process that brings it and `number`
    which of its looks this is, so that it is not written twice; "" does not count. `covered` are
    the ids of the findings that the look would have seen (used only when it is written later),
    `moving` as `View.flights`, this look included: what is kept of the sweep's segments; None
    leaves that as it is. No `sweep` is a partial look, whose `moving` adds to what is kept.
    """

    now: datetime
    began: datetime | None = None
    keeper: str = ""
    number: int = 0
    findings: tuple[Finding, ...] = ()
    covered: frozenset[str] = frozenset()
    sweep: SweepRecord | None = None
    bindings: tuple[Binding, ...] = ()
    identities: tuple[GatewayIdentity, ...] = ()
    moving: Mapping[tuple[str, str], tuple[Stay, ...]] | None = None


class ServerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a server was last seen to be; `states` are its addresses' (as text), as far as asked.

    `sweep` is the number of the sweep over the servers that it was checked in, if it was one.
    """

    server: str
    checked: datetime
    verdict: str
    summary: str
    states: dict[str, str]
    sweep: int | None = None


class ServerSweep(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep over the servers; `done` are those that it has checked already."""

    number: int
    started: datetime
    done: frozenset[str] = frozenset()


class AlertCursor(msgspec.Struct, frozen=True, kw_only=True):
    """How far one alert was told: up to the turn with the number `told`.

    `alert` is a digest of its URL. `attempts` to tell it of what came after that turn have failed,
    the last one is under way, or its process ended; `error` is what the last that failed met.
    """

    alert: str
    told: int
    told_at: datetime | None = None
    attempts: int = 0
    last_attempt: datetime | None = None
    error: str = ""


class News(msgspec.Struct, frozen=True, kw_only=True):
    """One turn in the life of a finding, and the finding as it stands now, if it is still known.

    `sequence` is the turn's number in the history, 0 for one that does not stand there yet.
    """

    sequence: int
    event: Event
    finding: Finding | None


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the history of ports is what was appended.

    The first `count` records hold, and the digest of the last of these is `last`; `broken` is the
    one after them, where there is one, and `detail` says in a sentence what is wrong with it.
    """

    count: int
    last: str
    broken: Entry | None = None
    detail: str = ""
