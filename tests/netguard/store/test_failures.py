"""A disk or a neighbour fails the store: one clear line, and nothing already stored is lost."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from netguard.errors import StoreError
from netguard.store import open_store
from tests.remembering import THIEF, binding, finding, remember, said

ROOT = Path(__file__).parents[3]
RECORDER = (sys.executable, "-m", "tests.recorder")
# A private set of mounts; who is not root gets one in a user namespace of his own.
PRIVATELY = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the file of a store that holds one finding, one binding and one identity."""
    file = tmp_path / "store" / "netguard.db"
    with open_store(f"sqlite:///{file}") as store:
        remember(store, [finding()], bindings=[binding()], identities=[said()])
    return file


def is_as_it_was(path: Path) -> bool:
    """Return whether the store holds what the fixture put there, and nothing else."""
    with open_store(f"sqlite:///{path}") as store:
        return (
            store.findings() == (finding(),)
            and len(store.history(finding().id)) == 1
            and store.bindings(THIEF) == (binding(),)
            and [i.confirmed for i in store.gateway_identities()] == [said().confirmed]
        )


@contextmanager
def held(path: Path, *statements: str) -> Iterator[None]:
    """Let another process hold the database by these statements."""
    holder = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "[c.execute(s).fetchall() for s in sys.argv[2:]]; print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, path, *statements],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate("\n")


def test_a_store_that_another_process_writes_can_be_read_but_not_written(path: Path) -> None:
    with held(path, "BEGIN IMMEDIATE"), open_store(f"sqlite:///{path}?timeout=0.1") as store:
        assert store.findings() == (finding(),)
        with pytest.raises(StoreError, match="another process holds it; nothing was written"):
            remember(store, [finding("198.51.100.9")])
    assert is_as_it_was(path)


def test_a_store_that_another_process_keeps_to_itself_is_given_up_after_a_while(path: Path) -> None:
    exclusively = ("PRAGMA locking_mode=EXCLUSIVE", "BEGIN EXCLUSIVE")
    with held(path, *exclusively), pytest.raises(StoreError, match="holds it") as refused:
        open_store(f"sqlite:///{path}?timeout=0.1")
    assert str(path) in refused.value.message
    assert "try again" in refused.value.remedy
    assert is_as_it_was(path)


def test_a_writer_waits_for_the_one_before_it(path: Path) -> None:
    with held(path, "BEGIN IMMEDIATE"):
        waiting = subprocess.Popen([*RECORDER, f"sqlite:///{path}"], cwd=ROOT)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1.5)
    assert waiting.wait() == 0


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged, or is no SQLite database") as refused:
        open_store(f"sqlite:///{path}", create=False)
    assert f"Move it aside together with {path}-wal" in refused.value.remedy
    assert path.read_bytes() == content


def test_a_truncated_store_is_left_alone(path: Path) -> None:
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half)
    with pytest.raises(StoreError, match="nothing was changed") as refused:
        open_store(f"sqlite:///{path}")
    assert "sqlite3 FILE .recover" in refused.value.remedy
    assert path.read_bytes() == half


def test_damage_in_the_middle_is_told_when_it_is_met(path: Path) -> None:
    with sqlite3.connect(path) as database:
        page = database.execute("SELECT rootpage FROM sqlite_master WHERE name='findings'")
        ((number,),) = page.fetchall()
        ((size,),) = database.execute("PRAGMA page_size").fetchall()
    database.close()
    content = bytearray(path.read_bytes())
    content[(number - 1) * size : number * size] = b"\xff" * size
    path.write_bytes(content)
    with open_store(f"sqlite:///{path}") as store:
        for touch in (store.findings, lambda: remember(store, [finding(minute=1)], minute=1)):
            with pytest.raises(StoreError, match="damaged"):
                touch()
        assert store.bindings(THIEF) == (binding(),)
    assert path.read_bytes() == content


def test_what_recover_saves_can_be_used_again(path: Path) -> None:
    """The remedy that the line about damage names."""
    new = path.with_suffix(".new")
    recovered = subprocess.run(["sqlite3", path, ".recover"], capture_output=True, check=False)
    if recovered.returncode:
        pytest.skip("NOT TESTED: this sqlite3 is built without what .recover needs (Debian 12)")
    subprocess.run(["sqlite3", new], input=recovered.stdout, check=True)
    assert is_as_it_was(new)


@pytest.mark.parametrize("statement", [8, 10, 12, 13])
def test_a_process_that_is_killed_while_it_records_leaves_the_last_sweep(
    path: Path, statement: int
) -> None:
    command = [*RECORDER, f"sqlite:///{path}", "2000", str(statement)]
    killed = subprocess.run(command, cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert is_as_it_was(path)


def privately(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a shell script that may mount what it likes."""
    probe = subprocess.run([*PRIVATELY, "mount", "-t", "tmpfs", "none", "/mnt"], check=False)
    if probe.returncode:
        pytest.skip("NOT TESTED: this machine lets nobody mount a file system of his own")
    return subprocess.run(
        [*PRIVATELY, "sh", "-c", script, "sh", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_read_only_file_system_is_told_and_nothing_changes(path: Path) -> None:
    read_only = 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; shift; exec "$@"'
    done = privately(read_only, path.parent, *RECORDER, f"sqlite:///{path}")
    assert done.returncode == 1
    assert f"netguard: store {path}: it cannot be" in done.stderr
    assert "nothing was changed" in done.stderr
    assert "Traceback" not in done.stderr
    assert is_as_it_was(path)


def test_a_new_store_on_a_read_only_file_system_is_told(tmp_path: Path) -> None:
    read_only = 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; shift; exec "$@"'
    done = privately(read_only, tmp_path, *RECORDER, f"sqlite:///{tmp_path}/netguard.db")
    assert done.returncode == 1
    assert "cannot be made: Read-only file system" in done.stderr


def test_a_full_disk_is_told_and_the_last_sweep_stays(path: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    script = """
        mount -t tmpfs -o size=1m none "$1" && cp "$2" "$1/netguard.db" || exit 9
        database="sqlite:///$1/netguard.db"
        shift 2
        "$@" "$database" 20000; echo "exit $?" >&2
        cp "${database#sqlite:///}"* "$OLDPWD"
    """
    done = privately(f'cd "{tmp_path}" && cd "{ROOT}"\n{script}', small, path, *RECORDER)
    assert "the disk is full; nothing was written" in done.stderr
    assert "exit 1" in done.stderr
    assert is_as_it_was(tmp_path / "netguard.db")
