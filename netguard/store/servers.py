"""What servers were seen to be, and the sweeps over them: the statements."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from netguard.store import schema
from netguard.store.records import ServerRecord, ServerSweep

_SERVERS, _SWEEPS = schema.servers, schema.server_sweeps


def records(connection: sa.Connection) -> Iterator[ServerRecord]:
    """Yield the last record of every server."""
    for row in connection.execute(sa.select(_SERVERS)).mappings():
        yield ServerRecord(**row)


def begin_sweep(connection: sa.Connection, now: datetime, *, oldest: datetime) -> ServerSweep:
    """Take up the last sweep, if it was broken off since `oldest`, or begin another."""
    last = connection.execute(
        sa.select(_SWEEPS).order_by(_SWEEPS.c.sequence.desc()).limit(1)
    ).one_or_none()
    if last is not None and last.finished is None and last.started >= oldest:
        done = sa.select(_SERVERS.c.server).where(_SERVERS.c.sweep == last.sequence)
        names = frozenset(connection.execute(done).scalars())
        return ServerSweep(number=last.sequence, started=last.started, done=names)
    made = connection.execute(_SWEEPS.insert().values(started=now))
    (number,) = made.inserted_primary_key or (0,)
    return ServerSweep(number=number, started=now)


def last_sweep(connection: sa.Connection) -> datetime | None:
    """Return when the last sweep began; None where there was none, or it was broken off."""
    last = sa.select(_SWEEPS.c.started, _SWEEPS.c.finished).order_by(_SWEEPS.c.sequence.desc())
    row = connection.execute(last.limit(1)).one_or_none()
    return None if row is None or row.finished is None else row.started


def end_sweep(connection: sa.Connection, number: int, now: datetime) -> None:
    """Note that a sweep has come to its end."""
    connection.execute(_SWEEPS.update().where(_SWEEPS.c.sequence == number).values(finished=now))
