"""Rows from records and records from rows, and the statements that most others are made of."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from netguard import history
from netguard.findings import Finding, Location, State
from netguard.history import START, Action, Entry
from netguard.life import Event
from netguard.store import schema
from netguard.store.records import Binding, GatewayIdentity, ServerRecord, SweepRecord

PartT = TypeVar("PartT")
Row = dict[str, Any]
Insert = sqlite.Insert | postgresql.Insert
_INSERTS: dict[str, Callable[[sa.Table], Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
UNRESOLVED: tuple[State, ...] = ("acknowledged", "open")
_AT_ONCE = 1000  # values in one question; SQLite allows 32766 parameters
_PLACE = ("device", "port", "if_index", "vlan", "located")


def concerned(connection: sa.Connection, seen: Sequence[str]) -> Iterator[Finding]:
    """Yield the findings that a sweep can change: those not over, and those it saw again."""
    state = schema.findings.c.state
    over = state == "resolved"
    yield from findings(connection, state.in_(UNRESOLVED))  # an index finds these, not `~over`
    for some in parts(seen):
        yield from findings(connection, over & schema.findings.c.id.in_(some))


def parts(whole: Sequence[PartT]) -> Iterator[Sequence[PartT]]:
    """Yield as much at a time as one question can hold."""
    return (whole[start : start + _AT_ONCE] for start in range(0, len(whole), _AT_ONCE))


def findings(connection: sa.Connection, where: sa.ColumnElement[bool]) -> Iterator[Finding]:
    """Yield the findings that a condition holds for."""
    for row in connection.execute(sa.select(schema.findings).where(where)).mappings():
        yield Finding(**row)


def put_findings(connection: sa.Connection, changed: Iterable[Finding]) -> None:
    """Write findings as they stand now."""
    put(connection, schema.findings, [msgspec.structs.asdict(finding) for finding in changed])


def add_events(connection: sa.Connection, events: Iterable[Event]) -> None:
    """Append to the history, which nothing ever changes."""
    if history := [msgspec.structs.asdict(event) for event in events]:
        connection.execute(schema.finding_history.insert(), history)


def put_bindings(connection: sa.Connection, seen: Iterable[Binding]) -> None:
    """Write who uses which address; a station that was not located keeps its last known port."""
    insert = _insert(connection, schema.bindings)
    known, new = schema.bindings.c, insert.excluded
    change: Row = {
        name: sa.case((new.device.is_(None), known[name]), else_=new[name]) for name in _PLACE
    }
    change["last_seen"] = _later(known.last_seen, new.last_seen)
    _upsert(connection, insert, change, [_binding_row(binding) for binding in seen])


def put_identities(connection: sa.Connection, confirmed: Iterable[GatewayIdentity]) -> None:
    """Write what the routers confirmed; when they first did so stays."""
    insert = _insert(connection, schema.gateway_identities)
    known, new = schema.gateway_identities.c, insert.excluded
    change = {"source": new.source, "confirmed": _later(known.confirmed, new.confirmed)}
    _upsert(connection, insert, change, [_identity_row(identity) for identity in confirmed])


def add_sweep(connection: sa.Connection, sweep: SweepRecord) -> None:
    """Append one sweep."""
    connection.execute(schema.sweeps.insert(), msgspec.structs.asdict(sweep))


def put_server(connection: sa.Connection, record: ServerRecord) -> None:
    """Write what a server was last seen to be."""
    put(connection, schema.servers, [msgspec.structs.asdict(record)])


def add_action(connection: sa.Connection, action: Action) -> Entry:
    """Append to the history of ports, chained to its last record."""
    table = schema.actions
    last = sa.select(table.c.digest).order_by(table.c.sequence.desc()).limit(1)
    previous: str = connection.scalar(last) or START
    text = history.written(action)
    digest = history.digest(previous, text)
    chained = {"text": text, "previous": previous, "digest": digest}
    insert = table.insert().values(**action_row(history.read(text)), **chained)
    (sequence,) = connection.execute(insert).inserted_primary_key or (0,)
    return Entry(sequence=sequence, **chained)


def action_row(action: Action) -> Row:
    """Return the columns that repeat what a record's text says."""
    return {
        "at": action.at,
        "action_id": action.action_id,
        "device": action.port.device,
        "port": action.port.port,
        "step": action.step,
    }


def binding(row: sa.RowMapping) -> Binding:
    """Return the binding that a row holds."""
    device, port, if_index, vlan, located = (row[name] for name in _PLACE)
    return Binding(
        segment=row["segment"],
        address=row["address"],
        mac=row["mac"],
        location=Location(device=device, port=port, if_index=if_index, vlan=vlan, seen=located)
        if device is not None
        else None,
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
    )


def _binding_row(seen: Binding) -> Row:
    place = seen.location
    return {
        "segment": seen.segment,
        "address": seen.address,
        "mac": seen.mac,
        "device": place and place.device,
        "port": place and place.port,
        "if_index": place and place.if_index,
        "vlan": place and place.vlan,
        "located": place and place.seen,
        "first_seen": seen.first_seen,
        "last_seen": seen.last_seen,
    }


def _identity_row(identity: GatewayIdentity) -> Row:
    row = msgspec.structs.asdict(identity)
    return {**row, "first_confirmed": identity.first_confirmed or identity.confirmed}


def put(connection: sa.Connection, table: sa.Table, records: Sequence[Row]) -> None:
    """Insert rows; where the key is there already, the new row takes the old one's place."""
    insert = _insert(connection, table)
    new = {column.name: column for column in insert.excluded if not column.primary_key}
    _upsert(connection, insert, new, records)


def _insert(connection: sa.Connection, table: sa.Table) -> Insert:
    return _INSERTS[connection.dialect.name](table)


def _upsert(connection: sa.Connection, insert: Insert, change: Row, rows: Sequence[Row]) -> None:
    """Insert rows; where the key is there already, make this change to it instead."""
    if not rows:
        return
    keys = insert.table.primary_key
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=change), rows)


def _later(known: sa.ColumnElement[Any], new: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.case((new > known, new), else_=known)
