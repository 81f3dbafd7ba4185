"""The store: records sweeps, follows findings through their life, answers who was seen where."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from functools import partial
from typing import Self

import sqlalchemy as sa

from netguard import life
from netguard.findings import Finding, State, gravest_first
from netguard.history import Action, Entry, shutdowns
from netguard.inventory import SwitchPort
from netguard.life import Changes, Event
from netguard.store import (
    actions,
    alerting,
    bindings,
    findings,
    flights,
    freezes,
    looks,
    retention,
    rows,
    schema,
    servers,
    sweeps,
)
from netguard.store.records import (
    AlertCursor,
    Binding,
    GatewayIdentity,
    Look,
    News,
    ServerRecord,
    ServerSweep,
    SweepRecord,
    Verification,
)
from netguard.store.transactions import reading, writing
from netguard.view import Stay
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

    def keep(self, look: Look, *, covered: Callable[[Finding], bool]) -> Changes:
        """Write one look down, all of it or nothing, and return what became of the findings.

        `covered` is as in `netguard.life.follow`.
        """
        with writing(self._engine) as connection:
            return looks.record(connection, look, covered=covered)

    def catch_up(self, waiting: Iterable[Look]) -> None:
        """Write down looks that had to wait, all or nothing; what stands already is left out.

        Of a finding that took a turn after such a look, the look says nothing.
        """
        with writing(self._engine) as connection:
            for look in waiting:
                looks.record_late(connection, look)

    def prune(self, before: datetime) -> dict[str, int]:
        """Forget what is older, and return how many rows of each table went.

        That is: sweeps, but the last; bindings not seen since; findings that were over, with their
        history. Identities of gateways and the history of ports stay. Others may write meanwhile.
        An SQLite file does not shrink by it: what is written next takes that room.
        """
        gone: Counter[str] = Counter()
        for step in retention.STEPS:
            while True:
                with writing(self._engine) as connection:
                    some = step(connection, before)
                gone.update(some)
                if not any(some.values()):
                    break
        return dict(gone)

    def record_server(
        self,
        record: ServerRecord,
        finding: Finding | None,
        *,
        covered: Callable[[Finding], bool],
        now: datetime,
    ) -> Changes:
        """Write down what a server was seen to be, with the finding about it, all or nothing.

        `covered` is as in `netguard.life.follow`.
        """
        look = Look(now=now, findings=() if finding is None else (finding,))
        with writing(self._engine) as connection:
            changes = looks.follow(connection, look, covered=covered)
            rows.put_server(connection, record)
        return changes

    def servers(self) -> tuple[ServerRecord, ...]:
        """Return what each server was last seen to be."""
        with reading(self._engine) as connection:
            return tuple(servers.records(connection))

    def begin_server_sweep(self, now: datetime, *, oldest: datetime) -> ServerSweep:
        """Take up the last sweep over the servers, if broken off since `oldest`, or begin one."""
        with writing(self._engine) as connection:
            return servers.begin_sweep(connection, now, oldest=oldest)

    def end_server_sweep(self, number: int, now: datetime) -> None:
        """Note that a sweep over the servers has come to its end."""
        with writing(self._engine) as connection:
            servers.end_sweep(connection, number, now)

    def last_server_sweep(self) -> datetime | None:
        """Return when the last sweep over the servers began; None where it was broken off."""
        with reading(self._engine) as connection:
            return servers.last_sweep(connection)

    def findings(self, states: Collection[State] | None = None) -> tuple[Finding, ...]:
        """Return the findings in these states, or all of them; the gravest first."""
        columns = schema.findings.c
        where = sa.true() if states is None else columns.state.in_(sorted(states))
        with reading(self._engine) as connection:
            return tuple(sorted(rows.findings(connection, where), key=gravest_first))

    def recent_findings(self, since: datetime) -> tuple[Finding, ...]:
        """Return the findings that are not over, and those that were seen since then."""
        with reading(self._engine) as connection:
            return tuple(rows.findings(connection, findings.recent(since)))

    def findings_named(self, text: str) -> tuple[Finding, ...]:
        """Return the findings whose id is this text, or begins or ends with it at a slash."""
        with reading(self._engine) as connection:
            found = rows.findings(connection, findings.named(text))
            return tuple(sorted(found, key=gravest_first))

    def finding(self, identifier: str) -> Finding | None:
        """Return the finding with this id."""
        with reading(self._engine) as connection:
            return findings.with_id(connection, identifier)

    def history(self, identifier: str) -> tuple[Event, ...]:
        """Return the turns in a finding's life, oldest first."""
        with reading(self._engine) as connection:
            return tuple(findings.history(connection, identifier))

    def acknowledge(self, identifier: str, *, who: str, note: str, now: datetime) -> Finding:
        """Note that a person knows of a finding; raises `AlreadyResolved` where it is over."""
        taken = partial(life.acknowledge, who=who, note=note, now=now)
        with writing(self._engine) as connection:
            return findings.turn(connection, identifier, taken)

    def close(self, identifier: str, *, who: str, note: str, now: datetime) -> Finding:
        """End a finding by hand until it is seen again; raises `AlreadyResolved`."""
        taken = partial(life.close, who=who, note=note, now=now)
        with writing(self._engine) as connection:
            return findings.turn(connection, identifier, taken)

    def bindings(self, of: IPAddress | str) -> tuple[Binding, ...]:
        """Return who used an address, or what addresses a MAC used; the latest first."""
        with reading(self._engine) as connection:
            return tuple(bindings.of(connection, of))

    def users(self, addresses: Iterable[IPAddress]) -> dict[tuple[str, IPAddress], list[Binding]]:
        """Return who used each of these addresses, by (segment, address)."""
        found: dict[tuple[str, IPAddress], list[Binding]] = {}
        with reading(self._engine) as connection:
            for one in bindings.of_each(connection, list(set(addresses))):
                found.setdefault((one.segment, one.address), []).append(one)
        return found

    def gateway_identities(self) -> tuple[GatewayIdentity, ...]:
        """Return what the routers said of the gateways; of each, the latest word first."""
        with reading(self._engine) as connection:
            return tuple(bindings.identities(connection))

    def flights(self, segments: Collection[str]) -> dict[tuple[str, str], tuple[Stay, ...]]:
        """Return where the moving stations of these segments were, by (segment, MAC)."""
        with reading(self._engine) as connection:
            return flights.flights(connection, segments)

    def last_stays(self, segments: Collection[str], since: datetime) -> dict[tuple[str, str], Stay]:
        """Return the end port on which each station of these segments was seen last, since then."""
        with reading(self._engine) as connection:
            return flights.last_stays(connection, segments, since)

    def last_sweep(self) -> SweepRecord | None:
        """Return the sweep that was recorded last."""
        with reading(self._engine) as connection:
            return sweeps.last(connection)

    def last_sweeps(self, segments: Collection[str]) -> dict[str, SweepRecord]:
        """Return the sweep of each of these segments that was recorded last, by segment.

        A sweep of several segments stands for each of them; one never swept is left out.
        """
        with reading(self._engine) as connection:
            return sweeps.last_of_each(connection, segments)

    def frozen(self) -> tuple[str, ...]:
        """Return what those said who froze unattended action here, oldest first."""
        with reading(self._engine) as connection:
            return freezes.said(connection)

    def freeze(self, said: str) -> None:
        """Freeze unattended action for everybody who has this store."""
        with writing(self._engine) as connection:
            freezes.add(connection, said)

    def thaw(self) -> bool:
        """Allow it again; return whether it was frozen."""
        with writing(self._engine) as connection:
            return freezes.remove(connection)

    def begin(self, intent: Action, *, most: int | None = None) -> Entry:
        """Append an intent, before anything is sent.

        Raises `PortBusy` where an intent for this port stands that has no outcome: of any number
        of processes that begin at the same moment, one does. Raises `HourFull` where `most` ports
        were closed within the hour.
        """
        with writing(self._engine) as connection:
            return actions.begin(connection, intent, most=most)

    def append(self, action: Action) -> Entry:
        """Append a record to the history of ports, which nothing ever changes."""
        with writing(self._engine) as connection:
            return rows.add_action(connection, action)

    def actions(
        self, *, since: datetime | None = None, port: SwitchPort | None = None
    ) -> tuple[Action, ...]:
        """Return what was done to ports, or to one, and what was declined; oldest first."""
        recent = sa.true() if since is None else schema.actions.c.at >= since
        return self._actions(recent if port is None else recent & actions.at_port(port))

    def unfinished_actions(self) -> tuple[Action, ...]:
        """Return the intents of which no outcome is known: under way, or broken off."""
        return self._actions(actions.open_intents())

    def recent_shutdowns(self, since: datetime) -> int:
        """Return how many attempts since then closed a port, or may have."""
        return shutdowns(self._actions(actions.begun_since(since)))

    def _actions(self, where: sa.ColumnElement[bool]) -> tuple[Action, ...]:
        with reading(self._engine) as connection:
            return tuple(actions.actions(connection, where))

    def entries(self) -> tuple[Entry, ...]:
        """Return the history of ports as it is kept, oldest first, whatever stands in it."""
        with reading(self._engine) as connection:
            return tuple(row.entry for row in actions.kept(connection, sa.true()))

    def verify(self) -> Verification:
        """Check the history of ports: the chain, and that each column says what the text says.

        That the last records were deleted shows only to who has noted a later digest elsewhere,
        or, on SQLite, once another was appended: its numbers have no gaps of their own.
        """
        gapless = self._engine.dialect.name == "sqlite"  # a PostgreSQL rollback uses numbers up
        with reading(self._engine) as connection:
            return actions.verified(actions.kept(connection, sa.true()), gapless=gapless)

    def begin_alerts(self, alerts: Collection[str], since: datetime) -> None:
        """Make the cursors that are missing: those alerts are told of what is from `since` on."""
        with writing(self._engine) as connection:
            alerting.begin(connection, alerts, since)

    def alert_cursors(self) -> dict[str, AlertCursor]:
        """Return how far each alert was told, by the alert's digest."""
        with reading(self._engine) as connection:
            return {cursor.alert: cursor for cursor in alerting.cursors(connection)}

    def put_alert_cursor(self, cursor: AlertCursor) -> None:
        """Write a cursor as it stands now, unless another process moved it further meanwhile."""
        with writing(self._engine) as connection:
            alerting.put(connection, cursor)

    def claim_alert(self, cursor: AlertCursor, now: datetime) -> bool:
        """Write down that an attempt begins; false where another process was faster."""
        with writing(self._engine) as connection:
            return alerting.claim(connection, cursor, now)

    def news(self, after: int, limit: int) -> tuple[News, ...]:
        """Return the turns of findings after the one with this number, oldest first."""
        with reading(self._engine) as connection:
            return alerting.news(connection, after, limit)

    def prove_writable(self) -> None:
        """Write something that changes nothing; raises `StoreError` where that fails."""
        with writing(self._engine) as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = version_num"))
