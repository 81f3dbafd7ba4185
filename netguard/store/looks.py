"""How a look is written down: all of it or nothing, and once, however often that is tried."""

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec
import sqlalchemy as sa

from netguard import life
from netguard.findings import Finding
from netguard.life import Changes
from netguard.store import flights, rows, schema
from netguard.store.records import Look

_KEEPERS, _HISTORY = schema.keepers, schema.finding_history


def record(connection: sa.Connection, look: Look, *, covered: Callable[[Finding], bool]) -> Changes:
    """Write one look down, and return what became of the findings."""
    changes = follow(connection, look, covered=covered)
    rows.put_bindings(connection, look.bindings)
    rows.put_identities(connection, look.identities)
    if look.sweep is not None:
        rows.add_sweep(connection, look.sweep)
    if look.moving is not None:
        segments = look.sweep.segments if look.sweep else ()
        flights.put(connection, segments, look.moving, look.now)
    if look.keeper:
        _note(connection, look)
    return changes


def record_late(connection: sa.Connection, look: Look) -> None:
    """Write down a look that had to wait, unless it stands already.

    It says nothing of findings that have taken a turn since: a person closed it, another process
    saw it end. What comes later stands.
    """
    last = sa.select(_KEEPERS.c.number).where(_KEEPERS.c.keeper == look.keeper)
    if look.number <= (connection.scalar(last) or 0):
        return
    later = set(_turned_since(connection, look.now))
    seen = tuple(finding for finding in look.findings if finding.id not in later)

    def covered(finding: Finding) -> bool:
        return finding.id in look.covered - later and finding.last_seen <= look.now

    record(connection, msgspec.structs.replace(look, findings=seen), covered=covered)


def follow(connection: sa.Connection, look: Look, *, covered: Callable[[Finding], bool]) -> Changes:
    """Carry the findings that a look can change to what it saw."""
    known = {f.id: f for f in rows.concerned(connection, [f.id for f in look.findings])}
    changes = life.follow(known, look.findings, covered=covered, began=look.began, now=look.now)
    rows.put_findings(connection, [f for f in changes.findings if known.get(f.id) != f])
    rows.add_events(connection, changes.events)
    return changes


def _turned_since(connection: sa.Connection, moment: datetime) -> Iterator[str]:
    # Without DISTINCT, for which SQLite would rather read the whole history in another order.
    yield from connection.scalars(sa.select(_HISTORY.c.finding).where(_HISTORY.c.at > moment))


def _note(connection: sa.Connection, look: Look) -> None:
    """Note that this look stands: its keeper may not have been told, and would bring it again."""
    row = {"keeper": look.keeper, "number": look.number, "at": look.now}
    rows.put(connection, _KEEPERS, [row])
