"""Findings that somebody asks for, their history, and a person's word on them: the statements."""

from collections.abc import Callable, Iterator
from datetime import datetime

import sqlalchemy as sa

from netguard.errors import StoreError
from netguard.findings import Finding
from netguard.life import Event
from netguard.store import rows, schema

_FINDINGS, _HISTORY = schema.findings, schema.finding_history


def with_id(connection: sa.Connection, identifier: str) -> Finding | None:
    """Return the finding with this id."""
    return next(rows.findings(connection, _FINDINGS.c.id == identifier), None)


def named(text: str) -> sa.ColumnElement[bool]:
    """Return the condition under which an id is a text, or begins or ends with it at a slash."""
    identifier = _FINDINGS.c.id
    return (
        (identifier == text)
        | identifier.startswith(f"{text}/", autoescape=True)
        | identifier.endswith(f"/{text}", autoescape=True)
    )


def recent(since: datetime) -> sa.ColumnElement[bool]:
    """Return the condition under which a finding is not over, or was seen since then."""
    return _FINDINGS.c.state.in_(rows.UNRESOLVED) | (_FINDINGS.c.last_seen >= since)


def history(connection: sa.Connection, identifier: str) -> Iterator[Event]:
    """Yield the turns in a finding's life, oldest first."""
    query = (
        sa.select(*(column for column in _HISTORY.c if column.name != "sequence"))
        .where(_HISTORY.c.finding == identifier)
        .order_by(_HISTORY.c.sequence)
    )
    for row in connection.execute(query).mappings():
        yield Event(**row)


def turn(
    connection: sa.Connection, identifier: str, taken: Callable[[Finding], tuple[Finding, Event]]
) -> Finding:
    """Have a finding take a turn, and return it; raises StoreError where there is none."""
    before = with_id(connection, identifier)
    if before is None:
        raise StoreError(f"there is no finding {identifier!r} in the store")
    after, event = taken(before)
    rows.put_findings(connection, [after])
    rows.add_events(connection, [event])
    return after
