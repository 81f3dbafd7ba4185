"""Opening a store: what is made, what is refused, and how an old schema becomes the new one."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from netguard.errors import StoreError
from netguard.store import migrations, open_store, schema
from netguard.store.transactions import writing
from tests.netguard.store.holding import goes_on, holds_what_an_older_one_did
from tests.remembering import finding, older_store, remember

ROOT = Path(__file__).parents[3]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_store_belongs_to_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "netguard.db"
    with open_store(f"sqlite:///{path}") as store:
        remember(store, [finding()])
        with writing(store._engine):
            files = sorted(path.parent.iterdir())
            assert {mode(file) for file in files} == {0o600}
            assert len(files) == 3  # the database, its write-ahead log and its index
        assert list(path.parent.iterdir()) == [path]
    assert mode(path.parent) == 0o700


def test_a_store_that_is_only_read_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "netguard.db"
    with pytest.raises(StoreError, match="does not exist: nothing has been swept") as refused:
        open_store(f"sqlite:///{path}", create=False)
    assert "netguard sweep" in refused.value.remedy
    assert not path.parent.exists()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("netguard.db", "not a database URL"),
        ("", "not a database URL"),
        ("mysql://host/netguard", "cannot be mysql://"),
        ("postgresql+asyncpg://host/netguard", "cannot be postgresql\\+asyncpg://"),
        ("sqlite://", "needs a whole path"),
        ("sqlite:///:memory:", "needs a whole path"),
        ("sqlite:///netguard.db", "needs a whole path, not 'netguard.db'"),
    ],
)
def test_a_url_that_leads_to_no_lasting_store_is_refused(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as refused:
        open_store(url)
    assert "sqlite:////var/lib/netguard/netguard.db" in refused.value.remedy


def test_a_password_is_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://netguard:hunter2@127.0.0.1:1/netguard"
    with pytest.raises(StoreError, match=r"store postgresql\+psycopg://netguard:\*\*\*@") as down:
        open_store(url)
    assert "hunter2" not in f"{down.value} {down.value.remedy}"
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match="psycopg is not installed") as missing:
        open_store(url)
    assert missing.value.remedy == "pip install 'netguard[postgresql]'"
    assert "hunter2" not in str(missing.value)


def test_the_folders_above_the_store_are_made_as_a_new_user_lacks_them(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/.local/state/netguard.db"):
        pass
    assert stat.S_IMODE((tmp_path / ".local/state").stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_told_with_the_command_that_makes_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError) as refused:
        open_store(f"sqlite:///{tmp_path}/file/netguard/netguard.db")
    assert "cannot be" in refused.value.message


def test_a_store_that_may_not_be_looked_for_is_not_called_missing(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)  # root may look everywhere else
    with pytest.raises(StoreError, match="cannot be reached: Too many levels") as refused:
        open_store(f"sqlite:///{loop}/netguard.db", create=False)
    assert "Run as the user that owns it" in refused.value.remedy


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}")


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE customers (name)")
    other.close()
    with pytest.raises(StoreError, match="something else than netguard's tables"):
        open_store(f"sqlite:///{path}")
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("customers",)]
    other.close()


def test_a_store_from_a_newer_netguard_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "netguard.db"
    with open_store(f"sqlite:///{path}") as store:
        remember(store, [finding()])
    with sqlite3.connect(path) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.close()
    with pytest.raises(StoreError, match="newer netguard: its schema is 9999") as refused:
        open_store(f"sqlite:///{path}")
    assert "Upgrade netguard" in refused.value.remedy


def test_the_head_is_the_last_step() -> None:
    assert migrations.scripts().get_current_head() == schema.HEAD


def test_the_steps_lead_to_the_tables_that_the_program_uses(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/netguard.db"
    open_store(url).__exit__()
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


@pytest.mark.parametrize("version", ["0001", "0002", "0003", "0004", "0005"])
def test_an_older_store_is_brought_up_to_date_without_loss(tmp_path: Path, version: str) -> None:
    url = f"sqlite:///{tmp_path}/netguard.db"
    older_store(url, version)
    with open_store(url, create=False) as store:
        holds_what_an_older_one_did(store, version)


@pytest.mark.parametrize("version", ["0001", "0002", "0003", "0004", "0005"])
def test_an_older_store_can_be_gone_on_with(tmp_path: Path, version: str) -> None:
    url = f"sqlite:///{tmp_path}/netguard.db"
    older_store(url, version)
    with open_store(url, create=False) as store:
        goes_on(store)


def test_opening_a_current_store_does_without_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/netguard.db"
    open_store(url).__exit__()
    look = (
        "import sys; from netguard.store import open_store;"
        f"open_store({url!r}).__exit__(); print('alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize("statement", [4, 10, 19, 22, 25, 28])
def test_a_migration_that_was_killed_is_made_up_for_at_the_next_opening(
    tmp_path: Path, statement: int
) -> None:
    url = f"sqlite:///{tmp_path}/netguard.db"
    killed = subprocess.run(
        [sys.executable, "-m", "tests.recorder", url, "1", str(statement)], cwd=ROOT, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with sqlite3.connect(tmp_path / "netguard.db") as left:
        assert left.execute("SELECT name FROM sqlite_master").fetchall() == []
    left.close()
    with open_store(url) as store:
        remember(store, [finding()])
        assert store.findings() == (finding(),)


def test_two_processes_may_make_the_same_store_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/netguard.db"
    command = [sys.executable, "-m", "tests.recorder", url]
    both = [subprocess.Popen(command, cwd=ROOT, env=dict(os.environ)) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    with open_store(url) as store:
        assert len(store.findings()) == 1
