"""When each segment was swept last: the statements."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from netguard.store import schema
from netguard.store.records import SweepRecord

_TABLE = schema.sweeps
_NAMES = sa.cast(_TABLE.c.segments, sa.Text)  # sweeps of the same segments have the same text
_NEWEST = 5000  # rows, read in milliseconds: whatever is swept regularly is among them


def ended(sweep: SweepRecord) -> datetime:
    """Return when a sweep had seen all that it says."""
    return sweep.started + timedelta(seconds=sweep.duration)


def last(connection: sa.Connection) -> SweepRecord | None:
    """Return the sweep that was recorded last."""
    query = sa.select(_TABLE).order_by(_TABLE.c.sequence.desc()).limit(1)
    return next(_records(connection, query), (0, None))[1]


def last_of_each(connection: sa.Connection, segments: Collection[str]) -> dict[str, SweepRecord]:
    """Return the sweep of each of these segments that was recorded last; none where it has none."""
    numbers = _last_numbers(connection, segments)
    wanted = {name: numbers[name] for name in segments if name in numbers}
    query = sa.select(_TABLE).where(_TABLE.c.sequence.in_(sorted(set(wanted.values()))))
    records = dict(_records(connection, query))
    # On PostgreSQL retention may have taken one between the two questions.
    return {name: records[number] for name, number in wanted.items() if number in records}


def _records(
    connection: sa.Connection, query: sa.Select[tuple[object, ...]]
) -> Iterator[tuple[int, SweepRecord]]:
    """Yield the sweeps that a query finds, each with its number."""
    for row in connection.execute(query).mappings():
        record = SweepRecord(**{name: row[name] for name in row if name != "sequence"})
        yield row["sequence"], record


def _last_numbers(connection: sa.Connection, segments: Collection[str]) -> dict[str, int]:
    """Return the last number of each segment; older rows are read only where one is missing."""
    number = _TABLE.c.sequence
    edge: int = (connection.scalar(sa.select(sa.func.max(number))) or 0) - _NEWEST
    found: dict[str, int] = {}
    for part in (number > edge, number <= edge):
        for name, last in _numbers(connection, part):
            found[name] = max(last, found.get(name, 0))
        if found.keys() >= set(segments):
            break
    return found


def _numbers(connection: sa.Connection, where: sa.ColumnElement[bool]) -> Iterator[tuple[str, int]]:
    """Yield segments of these rows, with the last number of each set that was swept together."""
    query = sa.select(_NAMES, sa.func.max(_TABLE.c.sequence)).where(where).group_by(_NAMES)
    for names, number in connection.execute(query):
        for name in msgspec.json.decode(names, type=tuple[str, ...]):
            yield name, number
