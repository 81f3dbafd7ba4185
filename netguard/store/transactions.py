"""Transactions: many may read at a time, one may write, and an error is a `StoreError`."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import Any
from urllib.parse import quote

import msgspec
import sqlalchemy as sa

from netguard.store.failures import explained

PATIENCE = "5s"  # SQLite's driver waits as long for a lock by default (?timeout=SECONDS in the URL)
_POSTGRESQL = {  # libpq's settings: who waits for a server that is gone is told within 12 s
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
_WRITERS = 0x6E677764  # the advisory lock on PostgreSQL that all writers of netguard share


def connectable(url: sa.URL) -> sa.Engine:
    """Return an engine whose connections keep the promises of this module."""
    if url.get_backend_name() != "sqlite":
        from netguard.store import bounded  # noqa: PLC0415 - the driver need not be installed

        engine = sa.create_engine(
            url,
            pool_pre_ping=True,
            connect_args=dict(_POSTGRESQL),
            json_deserializer=msgspec.json.decode,
            # Any other would show who waited for the lock the state from before he had it.
            isolation_level="READ COMMITTED",
        )
        sa.event.listen(engine, "do_connect", bounded.connect)
        sa.event.listen(engine, "handle_error", bounded.give_up)
        sa.event.listen(engine, "connect", _set_up_postgresql)
        return engine
    # Between two transactions the file is whole and nobody has it open: it may be moved, copied or
    # replaced under a process that runs for months. Opening it costs half a millisecond.
    engine = sa.create_engine(url, poolclass=sa.NullPool, json_deserializer=msgspec.json.decode)
    sa.event.listen(engine, "do_connect", _open_what_is_there)
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


@contextmanager
def unhurried(connection: sa.Connection) -> Iterator[None]:
    """Let statements take their time: to rewrite a big table is not to hang."""
    link: Any = connection.connection.driver_connection
    if connection.dialect.name != "postgresql":
        yield
        return
    before, link.patience = link.patience, inf
    try:
        yield
    finally:
        link.patience = before


def _open_what_is_there(
    _dialect: object, _record: object, args: list[str], options: dict[str, Any]
) -> None:
    # Else the driver would make an empty file in place of one that was moved away.
    args[0] = f"file:{quote(args[0])}?mode=rw"
    options["uri"] = True


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
