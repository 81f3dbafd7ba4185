"""Transactions: many may read at a time, one may write, and an error is a `StoreError`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from netguard.store.failures import explained

PATIENCE = "5s"  # SQLite's driver waits as long for a lock by default (?timeout=SECONDS in the URL)
_WRITERS = 0x6E677764  # the advisory lock on PostgreSQL that all writers of netguard share


def connectable(url: sa.URL) -> sa.Engine:
    """Return an engine whose connections keep the promises of this module."""
    if url.get_backend_name() != "sqlite":
        engine = sa.create_engine(
            url,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 5},
            # Any other would show who waited for the lock the state from before he had it.
            isolation_level="READ COMMITTED",
        )
        sa.event.listen(engine, "connect", _set_up_postgresql)
        return engine
    engine = sa.create_engine(url)
    sa.event.listen(engine, "connect", _set_up_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection that sees one state of the store; writers are not held up."""
    with explained(engine.url), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection whose changes all happen at the end, or not at all; writers take turns."""
    with explained(engine.url), engine.connect() as connection:
        connection.execution_options(netguard_writes=True)
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS)))
            yield connection


def _set_up_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - any driver's
    # The driver begins transactions late and never around DDL; _begin_sqlite does both.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # some builds let a power cut undo a commit


def _begin_sqlite(connection: sa.Connection) -> None:
    # A transaction that reads first and writes later cannot wait for another writer: it fails.
    writes = connection.get_execution_options().get("netguard_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _set_up_postgresql(connection: Any, _record: object) -> None:  # noqa: ANN401 - any driver's
    connection.execute(f"SET lock_timeout = '{PATIENCE}'")
    connection.commit()
