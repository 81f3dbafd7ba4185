"""The same store on a PostgreSQL server of our own."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from netguard.errors import StoreError
from netguard.freezing import freeze, freeze_file, thaw, why_frozen
from netguard.history import PortBusy
from netguard.journal import LogJournal, StoreJournal, open_journal
from netguard.store import Store, open_store, schema
from netguard.store.transactions import writing
from tests import postgresql
from tests.netguard.store.holding import goes_on, holds_what_an_older_one_did
from tests.remembering import (
    ROUTER,
    THIEF,
    action,
    at,
    binding,
    filled,
    finding,
    location,
    older_store,
    remember,
    said,
    sweep_record,
)

pytest.importorskip("psycopg", reason="NOT TESTED: pip install 'netguard[postgresql]'")
pytestmark = postgresql.needed
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    with postgresql.running() as started:
        yield started


@pytest.fixture
def url(server: postgresql.Server) -> str:
    return server.new_database()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened


def test_the_steps_lead_to_the_tables_that_the_program_uses(url: str) -> None:
    open_store(url).__exit__()
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


def test_a_sweep_comes_back_whole_in_the_next_process(url: str) -> None:
    with open_store(url) as store:
        remember(store, [finding()], bindings=[binding()], identities=[said()])
    with open_store(url) as store:
        assert store.findings() == (finding(),)
        assert store.bindings(ip_address("198.51.100.20")) == (binding(),)
        assert store.gateway_identities()[0].mac == ROUTER
        assert store.last_sweep() == sweep_record()


def test_findings_and_bindings_are_followed_from_sweep_to_sweep(store: Store) -> None:
    remember(store, [finding()], bindings=[binding()])
    store.close(finding().id, who="mara", note="cable pulled", now=at(1))
    unplaced = binding(minute=2, location=None)
    changes = remember(store, [finding(minute=2)], minute=2, bindings=[unplaced])
    assert [event.happening for event in changes.events] == ["reopened"]
    assert [e.happening for e in store.history(finding().id)] == ["opened", "closed", "reopened"]
    assert store.bindings(THIEF) == (binding(last_seen=at(2), location=location()),)


def test_a_writer_does_not_wait_for_ever_for_another(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netguard.store.transactions.PATIENCE", "100ms")
    remember(store, [finding()])
    with open_store(url) as other, writing(store._engine):
        assert other.findings() == (finding(),)
        with pytest.raises(StoreError, match="another process holds it; nothing was written"):
            remember(other, [finding("198.51.100.9")])


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://netguard:hunter2@/none?host={}",
        "postgresql+psycopg://netguard@/none?host={}&password=hunter2",
    ],
)
def test_a_server_that_is_not_there_is_told(server: postgresql.Server, url: str) -> None:
    with pytest.raises(StoreError, match="cannot be used") as refused:
        open_store(url.format(server.folder))
    assert 'database "none" does not exist' in refused.value.message
    assert "hunter2" not in f"{refused.value.message} {refused.value.remedy}"


def test_a_read_only_server_is_told(url: str) -> None:
    open_store(url).__exit__()
    standby = f"{url}&options=-cdefault_transaction_read_only%3Don"
    with (
        open_store(standby) as opened,
        pytest.raises(StoreError, match="read-only; nothing was changed"),
    ):
        remember(opened, [finding()])
    journal, gap = open_journal(standby)
    assert isinstance(journal, LogJournal)
    assert gap is not None
    assert "read-only" in gap.detail
    assert isinstance(open_journal(url)[0], StoreJournal)


@pytest.mark.parametrize("version", ["0001", "0002", "0003", "0004", "0005"])
def test_an_older_store_is_brought_up_to_date_without_loss(url: str, version: str) -> None:
    older_store(url, version)
    with open_store(url) as store:
        holds_what_an_older_one_did(store, version)
        goes_on(store)


def test_a_freeze_stands_in_the_store_for_every_machine_that_has_it(url: str) -> None:
    assert why_frozen(url) == ""
    freeze(url, "noc: maintenance until noon")
    freeze(url, "noc: and after it")
    assert freeze_file(url) is None
    assert why_frozen(url) == "the store says so: noc: maintenance until noon"
    assert thaw(url)
    assert why_frozen(url) == ""
    assert not thaw(url)


def test_a_file_where_this_machine_keeps_its_state_freezes_too(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    (tmp_path / "frozen").write_text("maintenance\n")
    assert why_frozen(url) == f"{tmp_path}/frozen exists: maintenance"
    assert thaw(url)
    assert why_frozen(url) == ""


def test_a_store_that_cannot_say_whether_it_is_frozen_is(server: postgresql.Server) -> None:
    gone = f"postgresql+psycopg://netguard@/none?host={server.folder}"
    assert "cannot be read" in why_frozen(gone)
    with pytest.raises(StoreError):
        freeze(gone, "noc: maintenance")


def test_port_actions_come_back_whole_and_hold(store: Store) -> None:
    last = filled(store).entries()[-1]
    assert store.actions(since=at(2), port=action().port) == (
        action("intent", "a2", minute=2),
        action("found", "a2", minute=3),
    )
    assert store.recent_shutdowns(at(0)) == 2
    assert store.unfinished_actions() == ()
    assert (store.verify().count, store.verify().last) == (4, last.digest)
    assert store.verify().broken is None


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("UPDATE actions SET text = replace(text, 'mara', 'jon')", "the digest differs"),
        ("UPDATE actions SET text = ''", "the digest differs"),
        ("UPDATE actions SET port = 'Fa0/4'", "column port says 'Fa0/4'"),
        ("UPDATE actions SET at = at + interval '1 microsecond'", "04:01:00.250001+00:00'"),
        ("UPDATE actions SET at = 'infinity'", "column at says"),
        ("UPDATE actions SET at = '20000-01-01'", "column at says '20000-"),
        ("DELETE FROM actions", "one is missing"),
    ],
)
def test_tampering_is_found(store: Store, tampering: str, told: str) -> None:
    with writing(filled(store)._engine) as connection:
        connection.execute(sa.text(f"{tampering} WHERE sequence = 2"))
    found = store.verify()
    assert (found.count, found.broken) == (1, store.entries()[1])
    assert told in found.detail


def test_a_number_that_an_undone_transaction_used_up_is_no_missing_record(store: Store) -> None:
    with writing(filled(store)._engine) as connection:
        connection.execute(sa.text("SELECT nextval('actions_sequence_seq')"))
    assert store.append(action("refused", "a3")).sequence == 6
    assert (store.verify().count, store.verify().broken) == (5, None)


def test_a_port_can_be_begun_once_at_a_time(store: Store) -> None:
    store.begin(action())
    with pytest.raises(PortBusy, match="mara has a shutdown under way"):
        store.begin(action("intent", "a2"))
    store.append(action("outcome"))
    store.begin(action("intent", "a3"))


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_of_several_processes_that_begin_at_once_one_does_in_any_isolation(
    url: str, isolation: str
) -> None:
    setting = f"-cdefault_transaction_isolation={isolation}".replace(" ", "\\ ")
    there = sa.make_url(url).update_query_dict({"options": setting}).render_as_string()
    command = [sys.executable, "-m", "tests.recorder", there, "intent"]
    with open_store(url) as store:
        with writing(store._engine):
            racers = [
                subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                for _ in range(4)
            ]
            for racer in racers:
                assert racer.stdout is not None
                assert racer.stdout.readline() == b"ready\n"
        told = [racer.communicate()[1].decode() for racer in racers]
        assert sorted(racer.returncode for racer in racers) == [0, 3, 3, 3]
        assert sum("jon has a shutdown under way for 0 s" in text for text in told) == 3
        assert len(store.actions()) == 1
        assert store.verify().broken is None


@pytest.mark.parametrize("statement", range(4, 8))
def test_a_process_that_is_killed_before_its_record_stands_leaves_none_of_it(
    url: str, store: Store, statement: int
) -> None:
    filled(store)
    command = [sys.executable, "-m", "tests.recorder", url, "outcome", str(statement)]
    killed = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (store.verify().count, store.verify().broken) == (4, None)
