"""The history of port actions in the store: appended whole or not at all, one at a time."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from netguard.errors import Exit
from netguard.history import START, HourFull, PortBusy, digest, written
from netguard.inventory import SwitchPort
from netguard.store import Store, open_store
from tests.remembering import action, at, filled, order

ROOT = Path(__file__).parents[3]
RECORDER = (sys.executable, "-m", "tests.recorder")
OTHER = SwitchPort("cat2", "Fa0/3")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "netguard.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{path}") as opened:
        yield opened


def test_records_come_back_whole_in_the_next_process(path: Path) -> None:
    with open_store(f"sqlite:///{path}") as store:
        store.begin(action())
        store.append(action("outcome", minute=1))
    with open_store(f"sqlite:///{path}") as store:
        assert store.actions() == (action(), action("outcome", minute=1))


def test_each_record_follows_the_one_before_it(store: Store) -> None:
    first, second = store.begin(action()), store.append(action("outcome"))
    assert (first.sequence, first.previous) == (1, START)
    assert first.digest == digest(START, written(action()))
    assert (second.sequence, second.previous) == (2, first.digest)
    assert store.entries() == (first, second)


def test_records_can_be_asked_for_by_time_and_by_port(store: Store) -> None:
    filled(store).append(action("refused", "a3", minute=4, port=OTHER))
    assert [a.action_id for a in store.actions(port=OTHER)] == ["a3"]
    assert [a.step for a in store.actions(since=at(2))] == ["intent", "found", "refused"]
    assert store.actions(since=at(4), port=action().port) == ()
    assert store.actions(port=SwitchPort("cat1", "Fa0/30")) == ()


def test_an_intent_stands_as_unfinished_until_its_outcome(store: Store) -> None:
    store.begin(action())
    store.begin(action("intent", "a2", port=OTHER))
    store.append(action("refused", "a3"))
    assert [a.action_id for a in store.unfinished_actions()] == ["a1", "a2"]
    store.append(action("found"))
    assert [a.action_id for a in store.unfinished_actions()] == ["a2"]


def test_a_port_can_be_begun_once_at_a_time(store: Store) -> None:
    store.begin(action())
    with pytest.raises(PortBusy, match="mara has a shutdown under way for 60 s, on noc1") as busy:
        store.begin(action("intent", "a2", minute=1, order=order(who="jon")))
    assert busy.value.exit_code == Exit.REFUSED
    assert [a.action_id for a in store.actions()] == ["a1"]
    store.begin(action("intent", "a3", port=OTHER))
    store.append(action("outcome"))
    store.begin(action("intent", "a4"))


def test_shutdowns_are_counted_by_when_they_began(store: Store) -> None:
    filled(store).begin(action("intent", "a3", minute=5))
    store.append(action("refused", "a4", minute=6))
    assert store.recent_shutdowns(at(-60)) == 3
    assert store.recent_shutdowns(at(2)) == 2
    assert store.recent_shutdowns(at(5.1)) == 0
    store.append(action("outcome", "a3", minute=6, outcome="failed"))
    assert store.recent_shutdowns(at(2)) == 1


def test_a_time_in_another_zone_is_the_same_time(store: Store) -> None:
    tokyo = datetime.fromisoformat("2026-03-01T13:00:00.25+09:00")
    store.begin(action())
    assert store.actions(since=tokyo) == (action(),)
    assert store.actions(since=tokyo + timedelta(microseconds=1)) == ()


def test_words_that_are_no_utf_8_are_kept_legibly(store: Store) -> None:
    odd = SwitchPort("cat1", "Fa\udcff")
    store.append(action("refused", order=order(reason="K\udcfc"), port=odd))
    assert store.actions()[0].order.reason == "K\\udcfc"
    assert store.verify().broken is None


@pytest.mark.parametrize(
    ("step", "statement"),
    [*(("intent", n) for n in range(5, 10)), *(("outcome", n) for n in range(5, 9))],
)
def test_a_process_that_is_killed_before_its_record_stands_leaves_none_of_it(
    store: Store, path: Path, step: str, statement: int
) -> None:
    filled(store)
    command = [*RECORDER, f"sqlite:///{path}", step, str(statement)]
    killed = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (store.verify().count, store.verify().broken) == (4, None)
    assert store.append(action("refused", "a8")).sequence == 5


def test_a_process_that_is_killed_once_its_record_stands_leaves_it(
    store: Store, path: Path
) -> None:
    filled(store)
    script = (
        "import os, signal, sys; from netguard.store import open_store;"
        "from tests.remembering import action;"
        "open_store(sys.argv[1]).begin(action('intent', 'a7'));"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, f"sqlite:///{path}"], cwd=ROOT, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert [a.action_id for a in store.unfinished_actions()] == ["a7"]
    assert store.verify().count == 5


def test_of_several_processes_that_begin_at_once_one_does(store: Store, path: Path) -> None:
    command = [*RECORDER, f"sqlite:///{path}", "intent"]
    with closing(sqlite3.connect(path, isolation_level=None)) as gate:
        gate.execute("BEGIN IMMEDIATE")
        racers = [
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(4)
        ]
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == b"ready\n"
        gate.execute("COMMIT")
    told = [racer.communicate()[1].decode() for racer in racers]
    assert sorted(racer.returncode for racer in racers) == [0, 3, 3, 3]
    (begun,) = store.actions()
    losers = [line for line in told if line]
    assert len(losers) == 3
    assert all(
        f"jon has a shutdown under way for 0 s, on noc1 (pid {begun.pid}," in t for t in losers
    )


def test_every_commit_reaches_the_disk_before_it_is_said_to_be_one(store: Store) -> None:
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def test_no_more_closings_begin_within_an_hour_than_may(store: Store) -> None:
    store.begin(action(), most=1)
    store.append(action("outcome", outcome="done"))
    with pytest.raises(HourFull, match="1 ports were closed within the hour; 1 may be"):
        store.begin(action("intent", "a2", minute=59, port=OTHER), most=1)
    assert store.begin(action("intent", "a2", minute=59, port=OTHER)).sequence == 3  # a person may
    assert store.begin(action("intent", "a3", minute=125), most=1).sequence == 4
