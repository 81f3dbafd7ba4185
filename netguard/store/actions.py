"""The history of port actions as it is kept: what stands in it, and whether that is true."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
import sqlalchemy as sa

from netguard import history
from netguard.errors import StoreError
from netguard.history import HOUR, START, Action, Entry, HourFull, PortBusy, shutdowns
from netguard.inventory import SwitchPort
from netguard.store import schema
from netguard.store.failures import named
from netguard.store.records import Verification
from netguard.store.rows import action_row, add_action

_TABLE = schema.actions
_REPEATED = ("at", "action_id", "device", "port", "step")  # columns that the text says too
_MISSING = "the number before it is missing, so a record was deleted"
_ISO = 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'


class Kept(msgspec.Struct, frozen=True):
    """A row as it is, its columns as text, whatever somebody made of them."""

    entry: Entry
    columns: dict[str, str]


def kept(connection: sa.Connection, where: sa.ColumnElement[bool]) -> Iterator[Kept]:
    """Yield the rows that a condition holds for, oldest first."""
    names = [*_REPEATED, "text", "previous", "digest"]
    columns = [_as_text(connection, _TABLE.c[name]).label(name) for name in names]
    query = sa.select(_TABLE.c.sequence, *columns).where(where).order_by(_TABLE.c.sequence)
    for row in connection.execute(query).mappings():
        texts = {name: _text(row[name]) for name in names}
        entry = Entry(
            sequence=row["sequence"],
            text=texts["text"],
            previous=texts["previous"],
            digest=texts["digest"],
        )
        yield Kept(entry, {name: texts[name] for name in _REPEATED})


def actions(connection: sa.Connection, where: sa.ColumnElement[bool]) -> Iterator[Action]:
    """Yield the records that a condition holds for, oldest first."""
    for row in kept(connection, where):
        try:
            yield row.entry.action
        except ValueError as error:
            raise StoreError(
                f"store {named(connection.engine.url)}: record {row.entry.sequence} of the history"
                " of ports cannot be read",
                remedy="`netguard port history --verify` says what is wrong with it.",
            ) from error


def begin(connection: sa.Connection, intent: Action, *, most: int | None) -> Entry:
    """Append an intent, unless its port is being changed, or `most` were closed within the hour."""
    for action in actions(connection, open_intents() & at_port(intent.port)):
        raise PortBusy(action, intent.at)
    if most is not None:
        recent = actions(connection, begun_since(intent.at - HOUR))
        if (count := shutdowns(recent)) >= most:
            raise HourFull(count, most)
    return add_action(connection, intent)


def open_intents() -> sa.ColumnElement[bool]:
    """Return the condition under which a record is an intent without an outcome."""
    later = _TABLE.alias()
    ended = sa.exists().where(
        later.c.action_id == _TABLE.c.action_id,
        later.c.step != "intent",
        later.c.sequence > _TABLE.c.sequence,
    )
    return (_TABLE.c.step == "intent") & ~ended


def at_port(port: SwitchPort) -> sa.ColumnElement[bool]:
    """Return the condition under which a record is about this port."""
    return (_TABLE.c.device == port.device) & (_TABLE.c.port == port.port)


def begun_since(since: datetime) -> sa.ColumnElement[bool]:
    """Return the condition under which a record is of an attempt that began since then."""
    begun = sa.select(_TABLE.c.action_id).where(_TABLE.c.step == "intent", _TABLE.c.at >= since)
    return _TABLE.c.action_id.in_(begun)


def verified(rows: Iterable[Kept], *, gapless: bool) -> Verification:
    """Check rows, oldest first, up to the first that is broken.

    `gapless` says that the database itself leaves no number out.
    """
    count, number, last = 0, 0, START
    for row in rows:
        entry = row.entry
        missing = gapless and entry.sequence != number + 1
        wrong = (_MISSING if missing else "") or history.fault(entry, last) or _untrue(row)
        if wrong:
            detail = f"Record {entry.sequence}: {wrong}."
            return Verification(count=count, last=last, broken=entry, detail=detail)
        count, number, last = count + 1, entry.sequence, entry.digest
    return Verification(count=count, last=last)


def _untrue(row: Kept) -> str:
    """Return in which column the row says something else than its text."""
    said = action_row(row.entry.action)
    try:
        said["at"] = schema.iso(said["at"])
    except OverflowError:
        return "its time is in no calendar"
    for name, text in said.items():
        if row.columns[name] != text:
            return f"column {name} says {row.columns[name]!r}, the text says {text!r}"
    return ""


def _as_text(connection: sa.Connection, column: sa.Column[object]) -> sa.ColumnElement[object]:
    """Return a column so that reading it never fails, whatever stands in it."""
    if connection.dialect.name == "sqlite":
        return sa.cast(column, sa.LargeBinary)  # its driver gives up on text that is no UTF-8
    if isinstance(column.type, schema.Moment):
        return sa.func.to_char(sa.func.timezone("UTC", column), _ISO)
    return sa.type_coerce(column, sa.Text)


def _text(value: object) -> str:
    """Return a column's text; what is none comes in quotes, as nothing that was appended does."""
    if isinstance(value, str):
        return value
    try:
        return value.decode() if isinstance(value, bytes) else repr(value)
    except UnicodeDecodeError:
        return repr(value)
