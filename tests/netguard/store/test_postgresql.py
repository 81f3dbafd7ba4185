"""The same store on a PostgreSQL server of our own."""

import glob
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from netguard.errors import StoreError
from netguard.store import Store, open_store, schema
from netguard.store.transactions import writing
from tests.remembering import (
    ROUTER,
    THIEF,
    at,
    binding,
    finding,
    location,
    remember,
    said,
    sweep_record,
)

pytest.importorskip("psycopg", reason="NOT TESTED: pip install 'netguard[postgresql]'")
NOBODY = 65534


def programs() -> Path | None:
    """Return the folder of initdb and pg_ctl; Debian keeps it off PATH."""
    debian = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))  # noqa: PTH207 - Path.glob needs a folder
    found = debian[-1] if debian else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


PROGRAMS = programs()
pytestmark = pytest.mark.skipif(
    PROGRAMS is None, reason="NOT TESTED: no PostgreSQL here; apt-get install postgresql"
)


def run(*command: object) -> None:
    """Run as an ordinary user: PostgreSQL refuses root."""
    as_nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    words = [*(as_nobody if os.geteuid() == 0 else ()), *map(str, command)]
    subprocess.run(words, check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=60)


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """Start a server that listens on a socket in its own folder, and nowhere else."""
    assert PROGRAMS is not None
    pg_ctl = PROGRAMS / "pg_ctl"
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="netguard-pg-")))
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        data = folder / "data"
        run(PROGRAMS / "initdb", "-D", data, "-U", "netguard", "-A", "trust", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run(pg_ctl, "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        cleanup.callback(run, pg_ctl, "-D", data, "-w", "-m", "immediate", "stop")
        yield folder


@pytest.fixture
def url(server: Path) -> str:
    """Return the URL of a new, empty database."""
    base = f"postgresql+psycopg://netguard@/{{}}?host={server}"
    name = f"t{uuid4().hex}"
    engine = sa.create_engine(base.format("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return base.format(name)


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


def test_a_server_that_is_not_there_is_told(server: Path) -> None:
    with pytest.raises(StoreError, match="cannot be used") as refused:
        open_store(f"postgresql+psycopg://netguard:hunter2@/none?host={server}")
    assert 'database "none" does not exist' in refused.value.message
    assert "hunter2" not in f"{refused.value.message} {refused.value.remedy}"


def test_a_read_only_server_is_told(url: str) -> None:
    open_store(url).__exit__()
    with (
        open_store(f"{url}&options=-cdefault_transaction_read_only%3Don") as standby,
        pytest.raises(StoreError, match="read-only; nothing was changed"),
    ):
        remember(standby, [finding()])
