"""What goes into the store and comes out of it, besides findings."""

from datetime import datetime

import msgspec

from netguard.findings import Location
from netguard.history import Entry
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
    """A gateway's MAC as the router itself stated it, never as ARP did.

    `source` is the router and the table it stood in; `confirmed` when it last said so,
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


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the history of ports is what was appended.

    The first `count` records hold, and the digest of the last of these is `last`; `broken` is the
    one after them, where there is one, and `detail` says in a sentence what is wrong with it.
    """

    count: int
    last: str
    broken: Entry | None = None
    detail: str = ""
