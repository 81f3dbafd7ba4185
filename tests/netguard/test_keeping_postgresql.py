"""A PostgreSQL server that stops and comes back under a process that keeps looks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from netguard.keeping import Keeper
from netguard.store import open_store
from netguard.store.transactions import writing
from probes.records import Gap
from tests import postgresql
from tests.keeping_process import Clock, look_at
from tests.remembering import at, finding

pytest.importorskip("psycopg", reason="NOT TESTED: pip install 'netguard[postgresql]'")
pytestmark = postgresql.needed


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    with postgresql.running() as started:
        yield started


def gap(keeper: Keeper) -> Gap | None:
    return keeper.gap  # which changes: a type checker would think that it cannot


def turns(url: str) -> list[str]:
    with open_store(url) as store:
        return [event.happening for event in store.history(finding().id)]


def test_a_server_that_stops_and_comes_back_has_every_look(
    server: postgresql.Server, tmp_path: Path
) -> None:
    url, clock = server.new_database(), Clock()
    with Keeper(url, tmp_path / "waiting", clock=clock) as keeper:
        look_at(keeper, 0)
        server.stop()
        try:
            told = [[e.happening for e in look_at(keeper, n).events] for n in range(1, 4)]
            assert told == [["resolved"], ["reopened"], []]
            assert "3 waiting" in str(gap(keeper))
            assert [f.flaps for f in keeper.findings()] == [1]
            clock.pass_by()
            look_at(keeper, 4)
            assert "4 waiting" in str(gap(keeper))
        finally:
            server.start()
        clock.pass_by()
        look_at(keeper, 5)
        assert gap(keeper) is None
        assert keeper.dropped == 0
    assert turns(url) == ["opened", "resolved", "reopened"]
    with open_store(url) as store, writing(store._engine) as connection:
        started = connection.scalars(sa.text("SELECT started FROM sweeps ORDER BY sequence"))
        assert list(started) == [at(minute) for minute in range(6)]


def test_a_server_that_was_restarted_between_two_looks_is_not_even_missed(
    server: postgresql.Server, tmp_path: Path
) -> None:
    url = server.new_database()
    with Keeper(url, tmp_path / "waiting", clock=Clock()) as keeper:
        look_at(keeper, 0)
        server.stop()
        server.start()
        look_at(keeper, 1)
        assert gap(keeper) is None
    assert turns(url) == ["opened", "resolved"]


def test_a_server_whose_writers_stand_still_is_away(
    server: postgresql.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, clock = server.new_database(), Clock()
    monkeypatch.setattr("netguard.store.transactions.PATIENCE", "100ms")
    with Keeper(url, tmp_path / "waiting", clock=clock) as keeper, open_store(url) as other:
        look_at(keeper, 0)
        with writing(other._engine):
            look_at(keeper, 1)
            assert "another process holds it" in str(gap(keeper))
            assert [f.state for f in keeper.findings()] == []
        clock.pass_by()
        look_at(keeper, 3)
        assert gap(keeper) is None
    assert turns(url) == ["opened", "resolved"]


def test_text_that_postgresql_cannot_hold_is_lost_and_told_and_holds_up_no_other(
    server: postgresql.Server, tmp_path: Path
) -> None:
    url, clock = server.new_database(), Clock()
    with Keeper(url, tmp_path / "waiting", clock=clock) as keeper:
        changes = look_at(keeper, 0, [finding(summary="a name with \0 in it")])
        assert [event.happening for event in changes.events] == ["opened"]
        assert keeper.dropped == 1
        assert "does not fit in it" in str(gap(keeper))
        look_at(keeper, 2)
        assert gap(keeper) is None
    assert turns(url) == ["opened"]
