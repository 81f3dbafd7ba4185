"""What nobody asks for any more is forgotten; what others build on is not."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path

import pytest
import sqlalchemy as sa

from netguard.store import Look, Store, open_store, retention, schema
from netguard.store.transactions import writing
from tests import postgresql
from tests.remembering import (
    ROUTER,
    THIEF,
    at,
    binding,
    filled,
    finding,
    remember,
    said,
)

OTHER = "198.51.100.9"
NOTHING = {"sweeps": 0, "bindings": 0, "finding_history": 0, "findings": 0, "keepers": 0}


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    with postgresql.running() as started:
        yield started


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=postgresql.needed)],
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/netguard.db"
    else:
        pytest.importorskip("psycopg", reason="NOT TESTED: pip install 'netguard[postgresql]'")
        url = request.getfixturevalue("server").new_database()
    with ExitStack() as ending:
        yield ending.enter_context(open_store(url))


def rows(store: Store, table: sa.Table) -> int:
    with writing(store._engine) as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_nothing_is_forgotten_that_is_not_old(store: Store) -> None:
    remember(store, [finding()], bindings=[binding()])
    remember(store, [], minute=1)
    assert store.prune(at(0)) == NOTHING
    assert len(store.history(finding().id)) == 2


def test_a_store_with_nothing_in_it_has_nothing_to_forget(store: Store) -> None:
    assert store.prune(at(0)) == NOTHING


def test_old_sweeps_and_bindings_go(store: Store) -> None:
    for minute in range(4):
        address = f"198.51.100.{20 + minute}"
        remember(store, minute=minute, bindings=[binding(address, minute=minute)])
    assert store.prune(at(2)) == {**NOTHING, "sweeps": 2, "bindings": 2}
    assert [str(b.address) for b in store.bindings(THIEF)] == ["198.51.100.23", "198.51.100.22"]


def test_a_binding_that_is_still_seen_stays_however_old_it_is(store: Store) -> None:
    remember(store, bindings=[binding()])
    remember(store, minute=5, bindings=[binding(minute=5)])
    store.prune(at(5))
    assert [b.first_seen for b in store.bindings(THIEF)] == [at(0)]


def test_the_last_sweep_stays_whenever_it_was(store: Store) -> None:
    remember(store)
    remember(store, minute=1)
    assert store.prune(at(60))["sweeps"] == 1
    last = store.last_sweep()
    assert last is not None
    assert last.started == at(1)


def test_findings_that_are_over_go_with_their_history(store: Store) -> None:
    remember(store, [finding()])
    remember(store, [finding(OTHER, minute=1)], minute=1)
    remember(store, [], minute=2)
    remember(store, [finding(OTHER, minute=9)], minute=9)
    assert store.prune(at(5)) == {**NOTHING, "sweeps": 3, "finding_history": 2, "findings": 1}
    assert [str(f.address) for f in store.findings()] == [OTHER]
    assert len(store.history(finding(OTHER).id)) == 3


@pytest.mark.parametrize("acknowledged", [False, True])
def test_a_finding_that_is_not_over_stays_with_all_its_history(
    store: Store,
    acknowledged: bool,  # noqa: FBT001 - a column of the table
) -> None:
    remember(store, [finding(), finding(OTHER)])
    if acknowledged:
        store.acknowledge(finding().id, who="mara", note="", now=at(1))
    assert store.prune(at(60))["findings"] == 0
    assert len(store.findings()) == 2


def test_a_finding_that_a_person_closed_lately_stays_however_long_it_was_not_seen(
    store: Store,
) -> None:
    remember(store, [finding()])
    store.close(finding().id, who="mara", note="gone", now=at(50))
    remember(store, [finding(OTHER, minute=51)], minute=51)
    assert store.prune(at(50))["findings"] == 0
    assert store.prune(at(51))["findings"] == 1


def test_the_number_of_a_forgotten_turn_is_given_to_no_other(store: Store) -> None:
    """Else an alert that was told of the old one would not be told of the new one."""
    remember(store, [finding(), finding(OTHER)])
    remember(store, [], minute=1)
    before = max(turn.sequence for turn in store.news(0, 100))
    gone = store.prune(at(60))
    assert gone == {**NOTHING, "sweeps": 1, "finding_history": 2, "findings": 1}
    remember(store, [finding("198.51.100.10", minute=61)], minute=61)
    assert [turn.event.happening for turn in store.news(before, 100)] == ["opened"]


def test_what_the_routers_said_and_what_was_done_to_ports_is_never_forgotten(store: Store) -> None:
    remember(store, identities=[said()])
    filled(store)
    store.prune(at(10_000_000))
    assert [i.mac for i in store.gateway_identities()] == [ROUTER]
    assert (store.verify().count, store.verify().broken) == (4, None)


def test_processes_that_write_no_more_are_forgotten(store: Store) -> None:
    for minute, keeper in enumerate(("old", "new")):
        store.keep(Look(now=at(minute), keeper=keeper, number=1), covered=lambda _: True)
    assert store.prune(at(1)) == {**NOTHING, "keepers": 1}


def test_much_is_forgotten_a_little_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 10)
    monkeypatch.setattr(retention, "_FINDINGS_AT_ONCE", 10)
    many = [f"198.18.0.{n}" for n in range(25)]
    remember(store, [finding(a) for a in many], bindings=[binding(a) for a in many])
    remember(store, [], minute=1)
    remember(store, [finding(minute=2)], minute=2)
    deleted: list[int] = []

    def count(_connection: object, cursor: sqlite3.Cursor, statement: str, *_: object) -> None:
        if statement.startswith("DELETE"):
            deleted.append(cursor.rowcount)

    sa.event.listen(store._engine, "after_cursor_execute", count)
    gone = store.prune(at(2))
    assert gone == {
        **NOTHING,
        "sweeps": 2,
        "bindings": 25,
        "findings": 25,
        "finding_history": 50,
    }
    assert max(deleted) <= 20  # ten findings, with two turns each
    assert rows(store, schema.bindings) == 0
    assert store.bindings(ip_address("198.18.0.1")) == ()
