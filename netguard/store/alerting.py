"""How far each alert was told the history of findings, which is the queue: the statements.

Numbers of turns only grow: whoever writes one holds the writers' lock until it stands, and the
last turn is never forgotten.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
import sqlalchemy as sa

from netguard.life import Event
from netguard.store import rows, schema
from netguard.store.records import AlertCursor, News

_CURSORS, _HISTORY = schema.alert_cursors, schema.finding_history
_TURN = tuple(column for column in _HISTORY.c if column.name != "sequence")


def begin(connection: sa.Connection, alerts: Iterable[str], since: datetime) -> None:
    """Make the cursors that are missing: such an alert is told only of what is from `since` on."""
    known = set(connection.scalars(sa.select(_CURSORS.c.alert)))
    if missing := [alert for alert in alerts if alert not in known]:
        first = sa.select(sa.func.min(_HISTORY.c.sequence)).where(_HISTORY.c.at >= since)
        begun: int | None = connection.scalar(first)
        last = sa.select(sa.func.max(_HISTORY.c.sequence))
        told: int | None = connection.scalar(last) if begun is None else begun - 1
        fresh = [AlertCursor(alert=alert, told=told or 0) for alert in missing]
        connection.execute(_CURSORS.insert(), [msgspec.structs.asdict(each) for each in fresh])


def cursors(connection: sa.Connection) -> Iterator[AlertCursor]:
    """Yield every alert's cursor."""
    for row in connection.execute(sa.select(_CURSORS)).mappings():
        yield AlertCursor(**row)


def put(connection: sa.Connection, cursor: AlertCursor) -> None:
    """Write a cursor as it stands now, unless it was moved further meanwhile."""
    connection.execute(
        _CURSORS.update()
        .where(_CURSORS.c.alert == cursor.alert, _CURSORS.c.told <= cursor.told)
        .values(msgspec.structs.asdict(cursor))
    )


def claim(connection: sa.Connection, cursor: AlertCursor, now: datetime) -> bool:
    """Write down that an attempt begins; false where another process was faster."""
    table = _CURSORS.c
    unchanged = (table.told == cursor.told) & (table.attempts == cursor.attempts)
    return bool(
        connection.execute(
            _CURSORS.update()
            .where(table.alert == cursor.alert, unchanged)
            .values(attempts=cursor.attempts + 1, last_attempt=now)
        ).rowcount
    )


def news(connection: sa.Connection, after: int, limit: int) -> tuple[News, ...]:
    """Return the turns after this one, oldest first, with their findings as they stand now."""
    query = (
        sa.select(_HISTORY)
        .where(_HISTORY.c.sequence > after)
        .order_by(_HISTORY.c.sequence)
        .limit(limit)
    )
    turns = connection.execute(query).mappings().all()
    about = list(dict.fromkeys(turn["finding"] for turn in turns))
    found = {
        finding.id: finding
        for some in rows.parts(about)
        for finding in rows.findings(connection, schema.findings.c.id.in_(some))
    }
    return tuple(
        News(
            sequence=turn["sequence"],
            event=Event(**{column.name: turn[column.name] for column in _TURN}),
            finding=found.get(turn["finding"]),
        )
        for turn in turns
    )
