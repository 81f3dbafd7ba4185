"""A PostgreSQL server that hangs and keeps its sockets open: nobody waits for it for ever."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from netguard.errors import StoreError
from netguard.keeping import Keeper
from netguard.store import open_store
from netguard.store.transactions import _POSTGRESQL, reading, writing
from tests import keeping_process, postgresql
from tests.keeping_process import Clock, look_at
from tests.netguard.store.holding import holds_what_an_older_one_did
from tests.remembering import finding, older_store

pytest.importorskip("psycopg", reason="NOT TESTED: pip install 'netguard[postgresql]'")
pytestmark = postgresql.needed


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    with postgresql.running() as started:
        yield started


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netguard.store.bounded.Bounded.patience", 0.3)
    monkeypatch.setitem(_POSTGRESQL, "connect_timeout", 2)


def hang_before(
    statement: int, server: postgresql.Server, hanging: ExitStack
) -> Callable[..., None]:
    """Have the server hang before so many statements are sent to it, COMMIT being one."""
    sent = count(1)

    def watch(*_: object) -> None:
        if next(sent) == statement:
            hanging.enter_context(server.hanging())

    return watch


def sweeps(url: str) -> list[int]:
    with open_store(url) as store, reading(store._engine) as connection:
        started = connection.scalars(sa.text("SELECT started FROM sweeps ORDER BY sequence"))
        return [moment.minute for moment in started]


def test_a_server_that_hangs_is_given_up_and_told(server: postgresql.Server) -> None:
    url = server.new_database()
    with open_store(url) as store:
        with server.hanging():
            with pytest.raises(StoreError, match="it has not answered for"):
                store.findings()
            with pytest.raises(StoreError, match="timeout expired"):
                open_store(url)
        assert store.findings() == ()


def test_wherever_it_hangs_every_look_stands_in_it_once_when_it_goes_on(
    server: postgresql.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping_process, "BINDINGS", 100)
    url, clock, minutes = server.new_database(), Clock(), count(1)
    with Keeper(url, tmp_path / "waiting", clock=clock) as keeper:
        look_at(keeper, 0)
        for statement in count(1):
            with ExitStack() as hanging:
                watch = hang_before(statement, server, hanging)
                sa.event.listen(sa.Engine, "before_cursor_execute", watch)
                sa.event.listen(sa.Engine, "commit", watch)
                look_at(keeper, next(minutes))
                sa.event.remove(sa.Engine, "before_cursor_execute", watch)
                sa.event.remove(sa.Engine, "commit", watch)
                if keeper.gap is None:
                    break  # it takes fewer statements than that
                assert "it has not answered for 0.3 s" in keeper.gap.detail
            clock.pass_by()
            look_at(keeper, next(minutes))
            assert keeper.gap is None
        assert statement > 8
        last = next(minutes) - 1
        assert keeper.dropped == 0
    assert sweeps(url) == [minute % 60 for minute in range(last + 1)]
    with open_store(url) as store:
        assert store.finding(finding().id) is not None


def test_a_statement_that_takes_too_long_is_given_up(server: postgresql.Server) -> None:
    with (
        open_store(server.new_database()) as store,
        pytest.raises(StoreError, match="not answered"),
        writing(store._engine) as connection,
    ):
        connection.execute(sa.text("SELECT pg_sleep(1)"))


def test_to_bring_a_big_store_up_to_date_may_take_its_time(server: postgresql.Server) -> None:
    url = server.new_database()
    older_store(url, "0003")
    engine = sa.create_engine(url)
    with engine.connect() as other:
        other.execute(sa.text("LOCK TABLE findings IN ACCESS EXCLUSIVE MODE"))
        end = threading.Timer(1, other.rollback)
        end.start()
        with open_store(url) as store:
            holds_what_an_older_one_did(store, "0003")
        end.join()
    engine.dispose()


def test_an_answer_that_comes_bit_by_bit_is_waited_for(server: postgresql.Server) -> None:
    much = "SELECT repeat('x', 100000), pg_sleep(0.05) FROM generate_series(1, 20)"
    with (
        open_store(server.new_database()) as store,
        reading(store._engine) as connection,
    ):
        assert len(connection.execute(sa.text(much)).all()) == 20
