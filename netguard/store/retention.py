"""Forgets what is older than anybody asks for, a little at a time: the statements."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from netguard.store import schema

AT_ONCE = 5000  # rows in one transaction: the next writer waits for no more
_FINDINGS_AT_ONCE = 1000  # each with its history, and each an id in a statement
_FINDINGS, _HISTORY = schema.findings, schema.finding_history


def old_sweeps(connection: sa.Connection, before: datetime) -> dict[str, int]:
    """Forget some sweeps that were started before; the last one stays, it shows what was done."""
    number = schema.sweeps.c.sequence
    old = sa.select(number).where(schema.sweeps.c.started < before, number < _last(number))
    return {"sweeps": _delete(connection, [number], old)}


def old_bindings(connection: sa.Connection, before: datetime) -> dict[str, int]:
    """Forget some bindings that were last seen before."""
    columns = list(schema.bindings.primary_key.columns)
    old = sa.select(*columns).where(schema.bindings.c.last_seen < before)
    return {"bindings": _delete(connection, columns, old)}


def old_findings(connection: sa.Connection, before: datetime) -> dict[str, int]:
    """Forget some findings that were over before, with their history.

    The last turn of all stays, with its finding: the number after it must be a new one, for alerts
    know by the number what they were told. So does what took a turn since, as closed by hand.
    """
    turn = _HISTORY.alias()
    recent = sa.or_(turn.c.at >= before, turn.c.sequence == _last(_HISTORY.c.sequence))
    old = (
        sa.select(_FINDINGS.c.id)
        .where(_FINDINGS.c.state == "resolved", _FINDINGS.c.last_seen < before)
        .where(~sa.exists().where(turn.c.finding == _FINDINGS.c.id, recent))
        .limit(_FINDINGS_AT_ONCE)
    )
    ids = connection.scalars(old).all()
    turns = connection.execute(_HISTORY.delete().where(_HISTORY.c.finding.in_(ids))).rowcount
    gone = connection.execute(_FINDINGS.delete().where(_FINDINGS.c.id.in_(ids))).rowcount
    return {"finding_history": turns, "findings": gone}


def old_keepers(connection: sa.Connection, before: datetime) -> dict[str, int]:
    """Forget processes that have written nothing since: what they left to do is done, or lost."""
    column = schema.keepers.c.keeper
    old = sa.select(column).where(schema.keepers.c.at < before)
    return {"keepers": _delete(connection, [column], old)}


# Each takes a bounded part, and is called again until it finds nothing.
STEPS = (old_sweeps, old_bindings, old_findings, old_keepers)


def _last(number: sa.Column[int]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.max(number)).scalar_subquery()


def _delete(
    connection: sa.Connection, keys: Sequence[sa.Column[object]], old: sa.Select[tuple[object]]
) -> int:
    key = sa.tuple_(*keys) if len(keys) > 1 else keys[0]
    done = connection.execute(keys[0].table.delete().where(key.in_(old.limit(AT_ONCE))))
    return done.rowcount
