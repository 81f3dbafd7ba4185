"""Where a change is written down: in the store and syslog, or in whole lines when it is gone."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from netguard.errors import StoreError
from netguard.history import PortBusy, read
from netguard.journal import (
    Journal,
    LogJournal,
    StoreJournal,
    open_journal,
    to_stderr,
    to_syslog,
    whole,
)
from netguard.store import open_store
from probes.records import Gap
from tests.remembering import action, at, order

ROOT = Path(__file__).parents[2]
GAP = Gap(subject="store", kind="store-unusable", detail="the disk is full")
PRIVATELY = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)))


class Lines:
    """What was said on stderr, and what in syslog."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.logged: list[str] = []

    def store(self, url: str) -> StoreJournal:
        return StoreJournal(url, say=self.said.append, log=self.logged.append)

    def log(self) -> LogJournal:
        return LogJournal(GAP, say=self.said.append, log=self.logged.append)


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "netguard.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}?timeout=0.1"


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Let somebody else hold the store for writing."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_what_is_begun_and_ended_stands_in_the_store(lines: Lines, url: str) -> None:
    journal: Journal = lines.store(url)
    journal.begin(action())
    assert journal.unfinished() == (action(),)
    journal.end(action("outcome", minute=1))
    assert journal.unfinished() == ()
    assert journal.actions(action().port) == (action(), action("outcome", minute=1))
    assert journal.actions(None) == journal.actions(action().port)
    assert journal.recent_shutdowns(at(0)) == 1
    assert lines.said == []


def test_each_record_is_pinned_by_a_line_in_syslog(lines: Lines, url: str) -> None:
    journal = lines.store(url)
    journal.begin(action())
    journal.end(action("outcome", minute=1))
    with open_store(url) as store:
        first, second = store.entries()
    what = 'change="shutdown" port="cat1 Fa0/3" who="mara"'
    assert lines.logged == [
        f'record="1" action="a1" step="intent" {what} outcome="" digest="{first.digest}"',
        f'record="2" action="a1" step="outcome" {what} outcome="done" digest="{second.digest}"',
    ]


def test_nobody_s_name_can_end_the_line_or_forge_a_field(lines: Lines, url: str) -> None:
    lines.store(url).begin(action(order=order(who='x" digest="0"\n\x1b[2J\x9b\udcff')))
    (line,) = lines.logged
    assert line.isprintable()
    assert r'who="x\" digest=\"0\"\n\u001b[2J\u009b\udcff" outcome' in line


def test_a_busy_port_is_refused_and_leaves_no_line(lines: Lines, url: str) -> None:
    journal = lines.store(url)
    journal.begin(action())
    with pytest.raises(PortBusy):
        journal.begin(action("intent", "a2"))
    assert len(lines.logged) == 1


def test_an_intent_that_cannot_be_written_is_refused(lines: Lines, url: str, path: Path) -> None:
    journal = lines.store(url)
    journal.begin(action())
    journal.end(action("outcome"))
    with held(path), pytest.raises(StoreError, match="another process holds it"):
        journal.begin(action("intent", "a2"))
    assert len(lines.logged) == 2


def test_an_outcome_that_the_store_misses_is_told_whole(lines: Lines, url: str, path: Path) -> None:
    journal = lines.store(url)
    journal.begin(action())
    with held(path):
        journal.end(action("outcome"))
    (line,) = lines.said
    assert lines.logged[1:] == [line]
    assert line == (
        f"{whole(action('outcome'))} MISSED BY THE STORE: store {path}: another process holds it;"
        " nothing was written"
    )
    assert journal.unfinished() == (action(),)


def test_an_outcome_is_told_whatever_fails(
    lines: Lines, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = lines.store(url)
    journal.begin(action())

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("postgresql://netguard:hunter2@db")

    monkeypatch.setattr("netguard.store.Store.append", fails)
    journal.end(action("outcome"))
    assert lines.said == [f"{whole(action('outcome'))} MISSED BY THE STORE: RuntimeError"]


def test_a_store_that_went_away_is_not_taken_for_an_empty_one(
    lines: Lines, url: str, path: Path
) -> None:
    journal = lines.store(url)
    journal.begin(action())
    shutil.move(path, path.with_suffix(".old"))
    assert journal.actions(action().port) is None
    assert journal.recent_shutdowns(at(0)) is None
    assert journal.unfinished() == ()
    assert len(lines.said) == 3
    assert f"not known: store {path} does not exist" in lines.said[0]
    assert not path.exists()


def test_a_history_that_cannot_be_read_is_not_taken_for_an_empty_one(
    lines: Lines, url: str, path: Path
) -> None:
    journal = lines.store(url)
    journal.begin(action())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE actions SET text = 'x'")
    assert journal.actions(None) is None
    assert journal.recent_shutdowns(at(0)) is None
    assert len(lines.said) == 2
    assert "not known" in lines.said[0]
    assert "record 1 of the history of ports cannot be read. `netguard port" in lines.said[0]


def test_without_a_store_every_record_is_one_line_that_holds_all_of_it(lines: Lines) -> None:
    journal: Journal = lines.log()
    records = [action(), action("outcome", order=order(reason="two\nlines\x7f\x1b[2J\u2028\x00"))]
    journal.begin(records[0])
    journal.end(records[1])
    assert lines.said == lines.logged
    assert all(line.isprintable() for line in lines.said)
    assert [read(line.removeprefix("record ")) for line in lines.said] == records


def test_without_a_store_nobody_knows_anything(lines: Lines) -> None:
    journal = lines.log()
    journal.begin(action())
    assert journal.recent_shutdowns(at(0)) is None
    assert journal.actions(action().port) is None
    assert journal.unfinished() == ()


def test_a_store_that_can_be_written_is_the_journal(url: str) -> None:
    journal, gap = open_journal(url)
    assert gap is None
    assert isinstance(journal, StoreJournal)
    with open_store(url) as store:
        assert store.entries() == ()


def gone(url: str) -> Gap:
    """Return why the store is not the journal."""
    journal, gap = open_journal(url)
    assert isinstance(journal, LogJournal)
    assert gap is not None
    assert journal.gap == gap
    assert (gap.subject, gap.kind) == ("store", "store-unusable")
    return gap


def test_a_store_that_somebody_holds_is_not_the_journal(url: str, path: Path) -> None:
    open_journal(url)
    with held(path):
        assert "another process holds it" in gone(url).detail


def test_a_damaged_store_is_not_the_journal(url: str, path: Path) -> None:
    path.write_bytes(b"garbage" * 1000)
    gap = gone(url)
    assert "damaged" in gap.detail
    assert "Move it aside" in gap.remedy


def test_a_store_in_a_folder_that_cannot_be_is_not_the_journal(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be" in gone(f"sqlite:///{tmp_path}/file/netguard.db").detail


def test_a_database_that_is_not_there_is_not_the_journal_and_its_password_not_told() -> None:
    pytest.importorskip("psycopg", reason="NOT TESTED: pip install 'netguard[postgresql]'")
    gap = gone("postgresql+psycopg://netguard:hunter2@127.0.0.1:1/netguard")
    assert "cannot be used" in gap.detail
    assert "hunter2" not in f"{gap} {StoreJournal('sqlite://:hunter2@/x')!r}"


PROBE = """
import sys
from netguard.journal import open_journal
journal, gap = open_journal(sys.argv[1])
print(type(journal).__name__, gap and gap.detail)
"""


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ('mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"', "it cannot be"),
        (
            'mount -t tmpfs -o size=1m none "$1"; cp "$2" "$1"; cat /dev/zero >"$1/zeros"',
            "the disk failed, or is full",
        ),
    ],
    ids=["read-only", "full"],
)
def test_a_store_on_a_disk_that_takes_nothing_is_not_the_journal(
    tmp_path: Path, script: str, told: str
) -> None:
    probe = subprocess.run([*PRIVATELY, "mount", "-t", "tmpfs", "none", "/mnt"], check=False)
    if probe.returncode:
        pytest.skip("NOT TESTED: this machine lets nobody mount a file system of his own")
    disk = tmp_path / "disk"
    disk.mkdir()
    open_journal(f"sqlite:///{disk}/netguard.db")
    shutil.copy(disk / "netguard.db", tmp_path)
    command = [sys.executable, "-c", PROBE, f"sqlite:///{disk}/netguard.db"]
    shell = [*PRIVATELY, "sh", "-c", f'{script}; shift 2; exec "$@"', "sh"]
    done = subprocess.run(
        [*shell, disk, tmp_path / "netguard.db", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith(f"LogJournal store {disk}/netguard.db: {told}"), done


def test_syslog_takes_a_line_with_the_program_and_its_process(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "log"))
        to_syslog('record="1" who="K\u00fc\udcff"', address=str(tmp_path / "log"))
        line = daemon.recv(1000).decode()
    assert line == f'<29>netguard[{os.getpid()}]: record="1" who="Kü?"'


def test_a_missing_syslog_is_no_hindrance(tmp_path: Path) -> None:
    to_syslog("record", address=str(tmp_path / "none"))


def test_a_syslog_that_reads_nothing_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netguard.journal._PATIENCE", 0.01)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "log"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as busy, suppress(BlockingIOError):
            busy.settimeout(0)
            while True:
                busy.sendto(b"its queue is full", str(tmp_path / "log"))
        to_syslog("record", address=str(tmp_path / "log"))


def test_stderr_takes_a_line_and_a_missing_or_broken_one_is_no_hindrance(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    to_stderr("record")
    assert capsys.readouterr().err == "netguard: record\n"
    monkeypatch.setattr("sys.stderr", None)
    to_stderr("record")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as broken:
        monkeypatch.setattr("sys.stderr", broken)
        to_stderr("")
        os.dup2(os.open(os.devnull, os.O_WRONLY), writer)  # else closing it would fail as well


def test_no_field_of_a_record_is_missing_from_the_whole_line() -> None:
    spelled = msgspec.json.decode(whole(action("refused")).removeprefix("record "))
    assert set(spelled) == set(action().__struct_fields__)
