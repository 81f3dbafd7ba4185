"""The store: records sweeps, follows findings through their life, answers who was seen where."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Self

import sqlalchemy as sa

from netguard import life
from netguard.errors import StoreError
from netguard.findings import Finding, State, gravest_first
from netguard.life import Changes, Event
from netguard.store import rows, schema
from netguard.store.records import Binding, GatewayIdentity, SweepRecord
from netguard.store.transactions import reading, writing
from probes.records import IPAddress


class Store:
    """What netguard remembers. A context manager: leaving it closes the connections.

    Every method raises `StoreError` where the database fails; what it holds is then untouched.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._engine.dispose()

    def record(
        self,
        sweep: SweepRecord,
        bindings: Iterable[Binding],
        findings: Sequence[Finding],
        identities: Iterable[GatewayIdentity],
        *,
        covered: Callable[[Finding], bool],
        now: datetime,
    ) -> Changes:
        """Write one sweep down, all of it or nothing, and return what became of the findings.

        `covered` is as in `netguard.life.follow`.
        """
        bindings, identities = tuple(bindings), tuple(identities)  # before others have to wait
        with writing(self._engine) as connection:
            known = {f.id: f for f in rows.concerned(connection, [f.id for f in findings])}
            changes = life.follow(known, findings, covered=covered, now=now)
            rows.put_findings(connection, [f for f in changes.findings if known.get(f.id) != f])
            rows.add_events(connection, changes.events)
            rows.put_bindings(connection, bindings)
            rows.put_identities(connection, identities)
            rows.add_sweep(connection, sweep)
        return changes

    def findings(self, states: Collection[State] | None = None) -> tuple[Finding, ...]:
        """Return the findings in these states, or all of them; the gravest first."""
        columns = schema.findings.c
        where = sa.true() if states is None else columns.state.in_(sorted(states))
        with reading(self._engine) as connection:
            return tuple(sorted(rows.findings(connection, where), key=gravest_first))

    def finding(self, identifier: str) -> Finding | None:
        """Return the finding with this id."""
        with reading(self._engine) as connection:
            return _one(connection, identifier)

    def history(self, identifier: str) -> tuple[Event, ...]:
        """Return the turns in a finding's life, oldest first."""
        table = schema.finding_history
        query = (
            sa.select(*(column for column in table.c if column.name != "sequence"))
            .where(table.c.finding == identifier)
            .order_by(table.c.sequence)
        )
        with reading(self._engine) as connection:
            return tuple(Event(**row) for row in connection.execute(query).mappings())

    def acknowledge(self, identifier: str, *, who: str, note: str, now: datetime) -> Finding:
        """Note that a person knows of a finding; raises `AlreadyResolved` where it is over."""
        return self._turn(identifier, partial(life.acknowledge, who=who, note=note, now=now))

    def close(self, identifier: str, *, who: str, note: str, now: datetime) -> Finding:
        """End a finding by hand until it is seen again; raises `AlreadyResolved`."""
        return self._turn(identifier, partial(life.close, who=who, note=note, now=now))

    def _turn(self, identifier: str, turn: Callable[[Finding], tuple[Finding, Event]]) -> Finding:
        with writing(self._engine) as connection:
            before = _one(connection, identifier)
            if before is None:
                raise StoreError(f"there is no finding {identifier!r} in the store")
            after, event = turn(before)
            rows.put_findings(connection, [after])
            rows.add_events(connection, [event])
        return after

    def bindings(self, of: IPAddress | str) -> tuple[Binding, ...]:
        """Return who used an address, or what addresses a MAC used; the latest first."""
        columns = schema.bindings.c
        where = columns.mac == of if isinstance(of, str) else columns.address == of
        query = (
            sa.select(schema.bindings)
            .where(where)
            .order_by(columns.last_seen.desc(), columns.segment, columns.address, columns.mac)
        )
        with reading(self._engine) as connection:
            return tuple(rows.binding(row) for row in connection.execute(query).mappings())

    def gateway_identities(self) -> tuple[GatewayIdentity, ...]:
        """Return what the routers said of the gateways; of each, the latest word first."""
        table = schema.gateway_identities
        query = sa.select(table).order_by(
            table.c.segment, table.c.address, table.c.confirmed.desc(), table.c.mac
        )
        with reading(self._engine) as connection:
            return tuple(GatewayIdentity(**row) for row in connection.execute(query).mappings())

    def last_sweep(self) -> SweepRecord | None:
        """Return the sweep that was recorded last."""
        table = schema.sweeps
        query = (
            sa.select(*(column for column in table.c if column.name != "sequence"))
            .order_by(table.c.sequence.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
        return SweepRecord(**row) if row else None


def _one(connection: sa.Connection, identifier: str) -> Finding | None:
    return next(rows.findings(connection, schema.findings.c.id == identifier), None)
