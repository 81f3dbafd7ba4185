"""Opens a store: its URL, its file and the rights on it, and the version of its schema."""

import os
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from netguard.errors import StoreError
from netguard.store.failures import named
from netguard.store.schema import HEAD
from netguard.store.store import Store
from netguard.store.transactions import connectable, reading, unhurried, writing

_EXAMPLES = (
    "Write sqlite:////var/lib/netguard/netguard.db (four slashes) or"
    " postgresql+psycopg://user@host/database."
)
_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def open_store(url: str, *, create: bool = True) -> Store:
    """Open the store at an SQLAlchemy URL and bring its schema up to date.

    A missing SQLite file is made (0600, its folder 0700) unless `create` is false. Raises
    `StoreError` where the store cannot be used; what it holds is then untouched.
    """
    engine = _engine(_parsed(url), create=create)
    try:
        _bring_up_to_date(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine)


def _parsed(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except ArgumentError:
        raise StoreError("`store` is not a database URL", remedy=_EXAMPLES) from None
    if url.drivername not in _DRIVERS:
        raise StoreError(f"`store` cannot be {url.drivername}://", remedy=_EXAMPLES)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_absolute():
        # Else it would be another store in every folder that netguard is started from.
        raise StoreError(f"`store` needs a whole path, not {url.database!r}", remedy=_EXAMPLES)
    return url.set(drivername=_DRIVERS[url.drivername])


def _engine(url: sa.URL, *, create: bool) -> sa.Engine:
    if url.get_backend_name() == "sqlite":
        _make_file(Path(url.database or ""), create=create)
    try:
        return connectable(url)
    except ModuleNotFoundError as missing:
        raise StoreError(
            f"store {named(url)}: {missing.name} is not installed",
            remedy="pip install 'netguard[postgresql]'",
        ) from missing


def _make_file(path: Path, *, create: bool) -> None:
    if _is_there(path):
        return
    if not create:
        raise StoreError(
            f"store {path} does not exist: nothing has been swept yet, or it was moved away",
            remedy="`netguard sweep` makes it, unless you put it back.",
        )
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StoreError(
            f"store {path} cannot be made: {error.strerror}",
            remedy=make_folder(path.parent),
        ) from error


def make_folder(folder: Path) -> str:
    """Return the command by which somebody who may makes the store's folder for this user."""
    return f"Make its folder: sudo install -d -m 0700 -o {os.geteuid()} {folder}"


def _is_there(path: Path) -> bool:
    """Tell a file that is missing from one that this user may not even look for."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(
            f"store {path} cannot be reached: {error.strerror}",
            remedy="Run as the user that owns it, for example with sudo.",
        ) from error
    return True


def _bring_up_to_date(engine: sa.Engine) -> None:
    with reading(engine) as connection:
        if _version(connection) == HEAD:
            return
    with writing(engine) as connection:
        version = _version(connection)  # again: another process may have been faster
        from netguard.store import migrations  # noqa: PLC0415 - Alembic costs 0.2 s, once

        if version is not None and version not in migrations.known():
            raise StoreError(
                f"store {named(engine.url)} was written by a newer netguard: its schema is"
                f" {version}, this one knows up to {HEAD}",
                remedy="Upgrade netguard; the store was not changed.",
            )
        with unhurried(connection):
            migrations.upgrade(connection)


def _version(connection: sa.Connection) -> str | None:
    """Return the version of the schema, None where there is nothing at all yet."""
    tables = sa.inspect(connection).get_table_names()
    if "alembic_version" in tables:
        version: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        return version
    if tables:
        raise StoreError(
            f"store {named(connection.engine.url)} holds something else than netguard's tables",
            remedy="Give netguard a file or database of its own.",
        )
    return None
