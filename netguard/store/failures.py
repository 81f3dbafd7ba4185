"""What a database's error means to a person: one line, and the remedy."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, IntegrityError

from netguard.errors import StoreError
from netguard.secrets import masked
from probes.records import Gap

_OWNER = "Run as the user that owns it, or give this user the right to write file and folder."
_LOCKED = (
    "another process holds it; nothing was written",
    "Wait for the other netguard to end and try again.",
)
_FULL = ("the disk is full; nothing was written", "Make room on that file system and try again.")

# https://sqlite.org/rescode.html: the primary result codes
_SQLITE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: ("it cannot be written; nothing was changed", _OWNER),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened; nothing was changed", _OWNER),
    sqlite3.SQLITE_PERM: ("it cannot be opened; nothing was changed", _OWNER),
    sqlite3.SQLITE_IOERR: (
        "the disk failed, or is full; the transaction was undone",
        "Look at the disk (dmesg, df) and try again.",
    ),
}
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = {
    "55P03": _LOCKED,
    "53100": _FULL,
    "25006": (
        "the server is read-only; nothing was changed",
        "Point `store` at the primary, not at a standby.",
    ),
    "42501": ("no right to do that", "Make this user the owner of the database."),
}


class Unfit(StoreError):
    """What was to be written cannot stand in this store, now or ever; nothing was written."""


def store_gap(error: StoreError) -> Gap:
    """Write down that the store could not be used."""
    return Gap(
        subject="store",
        kind="store-unusable",
        detail=error.message,
        remedy=error.remedy,
    )


def named(url: sa.URL) -> str:
    """Return how a person knows this store: its file, or its URL without the password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return masked(url.render_as_string())  # which shows a password that is a parameter


@contextmanager
def explained(url: sa.URL) -> Iterator[None]:
    """Turn a database's error into a `StoreError` about this store."""
    try:
        yield
    except (DataError, IntegrityError, UnicodeEncodeError, OverflowError) as error:
        raise Unfit(
            f"store {named(url)}: what was to be written does not fit in it:"
            f" {_first_line(_cause(error), url)}",
            remedy="Nothing was written. Please report it: netguard should have kept it out.",
        ) from error
    except DBAPIError as error:
        meaning, remedy = _meaning(error.orig, url)
        raise StoreError(f"store {named(url)}: {meaning}", remedy=remedy) from error
    except (ValueError, msgspec.MsgspecError) as error:
        raise StoreError(
            f"store {named(url)}: a row in it cannot be understood; nothing was changed",
            remedy="It is damaged, or was changed by hand: restore a copy, or move it aside.",
        ) from error


def _meaning(error: BaseException | None, url: sa.URL) -> tuple[str, str]:
    if isinstance(error, sqlite3.Error):
        return _sqlite_meaning(error, named(url))
    known = _POSTGRESQL.get(getattr(error, "sqlstate", None) or "")
    return known or (
        f"the database cannot be used: {_first_line(error, url)}",
        "Is PostgreSQL running there, and does it know this user and database?",
    )


def _cause(error: Exception) -> BaseException:
    """Return the driver's own error, whose first line names the fault."""
    return (error.orig or error) if isinstance(error, DatabaseError) else error


def _sqlite_meaning(error: sqlite3.Error, path: str) -> tuple[str, str]:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # extended codes: the low byte is primary
    if code in _DAMAGED:
        # Its -wal, left behind, would be applied to the new file and damage that too.
        aside = f"Move it aside together with {path}-wal and {path}-shm, and sweep again"
        return (
            "the file is damaged, or is no SQLite database; nothing was changed",
            f"{aside}. `sqlite3 FILE .recover` may save its history.",
        )
    return _SQLITE.get(code) or (f"the database cannot be used: {error}", "")


def _first_line(error: BaseException | None, url: sa.URL) -> str:
    text = str(error).partition("\n")[0]
    return text.replace(str(url.password), "***") if url.password else text
