"""A store that is away for a while loses nothing: every look gets there, in order, and once."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netguard.errors import StoreError
from netguard.findings import Finding
from netguard.keeping import RETRY, Keeper
from netguard.life import Changes
from netguard.store import Look, Store, open_store
from probes.records import Gap
from tests.keeping_process import Clock, look_at
from tests.remembering import THIEF, at, binding, finding, location, older_store, sweep_record

ROOT = Path(__file__).parents[2]
OTHER = "198.51.100.9"
PROCESS = (sys.executable, "-m", "tests.keeping_process")


class Place:
    """A daemon's state folder: a store, the looks that wait for it, and how to keep it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.file = folder / "netguard.db"
        self.aside = folder / "aside.db"
        self.spool = folder / "waiting"
        self.url = f"sqlite:///{self.file}?timeout=0.1"
        self.clock = Clock()

    def keeper(self) -> Keeper:
        return Keeper(self.url, self.spool, clock=self.clock)

    def move_away(self) -> None:
        self.file.rename(self.aside)

    def put_back(self) -> None:
        self.aside.rename(self.file)
        self.clock.pass_by()

    def run(self, first: int, last: int, death: str = "0") -> int:
        """Keep looks in another process, and return how it ended."""
        words = [*PROCESS, self.url, str(self.spool), str(first), str(last), death]
        done = subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        return done.returncode


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "state")


def history(url: str, identifier: str = finding().id) -> list[tuple[str, float]]:
    """Return the turns of a finding, each with its minute."""
    with open_store(url, create=False) as store:
        return [(e.happening, minutes(e.at)) for e in store.history(identifier)]


def sweeps(file: Path) -> list[int]:
    """Return the minutes of the sweeps, in the order in which they were recorded."""
    with sqlite3.connect(file) as database:
        rows = database.execute("SELECT started FROM sweeps ORDER BY sequence").fetchall()
    database.close()
    return [round(minutes(datetime.fromisoformat(started))) for (started,) in rows]


def minutes(moment: datetime) -> float:
    return (moment - at(0)) / timedelta(minutes=1)


def gap(keeper: Keeper) -> Gap | None:
    return keeper.gap  # which changes: a type checker would think that it cannot


def told(changes: Changes) -> list[str]:
    return [event.happening for event in changes.events]


def test_while_the_store_answers_every_look_is_written_down_at_once(place: Place) -> None:
    with place.keeper() as keeper:
        assert [told(look_at(keeper, minute)) for minute in range(2)] == [["opened"], ["resolved"]]
        look_at(keeper, 2)
        assert gap(keeper) is None
        assert [f.state for f in keeper.findings()] == ["open"]
        assert not place.spool.exists()
        assert history(place.url) == [("opened", 0), ("resolved", 1), ("reopened", 2)]
        assert sweeps(place.file) == [0, 1, 2]


def test_what_a_person_says_meanwhile_counts(place: Place) -> None:
    with place.keeper() as keeper:
        look_at(keeper, 0)
        with open_store(place.url) as store:
            store.acknowledge(finding().id, who="mara", note="on it", now=at(1))
        assert [f.acknowledged_by for f in keeper.findings()] == ["mara"]
        look_at(keeper, 2)
        assert [f.state for f in keeper.findings()] == ["acknowledged"]
        with open_store(place.url) as store:
            store.close(finding().id, who="mara", note="", now=at(3))
        assert keeper.findings() == ()
        assert told(look_at(keeper, 4)) == ["reopened"]


@contextmanager
def moved_away(place: Place) -> Iterator[None]:
    place.move_away()
    yield
    place.put_back()


@contextmanager
def locked(place: Place) -> Iterator[None]:
    other = sqlite3.connect(place.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()
    place.clock.pass_by()


@contextmanager
def garbage(place: Place) -> Iterator[None]:
    shutil.copy(place.file, place.aside)
    place.file.write_bytes(b"garbage" * 1000)
    yield
    place.put_back()


@contextmanager
def something_else(place: Place) -> Iterator[None]:
    place.move_away()
    other = sqlite3.connect(place.file)
    other.execute("CREATE TABLE customers (name)")
    other.close()
    yield
    place.put_back()


@pytest.mark.parametrize("away", [moved_away, locked, garbage, something_else])
def test_looks_of_a_time_in_which_the_store_is_away_are_in_it_afterwards(
    place: Place, away: object
) -> None:
    with place.keeper() as keeper:
        look_at(keeper, 0)
        with away(place):  # type: ignore[operator]
            turns = [told(look_at(keeper, minute)) for minute in range(1, 5)]
            assert turns == [["resolved"], ["reopened"], [], []]
            assert "4 waiting" in str(gap(keeper))
            assert [(f.flaps, f.state) for f in keeper.findings()] == [(1, "open")]
        assert told(look_at(keeper, 5)) == []
        assert gap(keeper) is None
        assert [f.quiet_since for f in keeper.findings()] == [at(5)]
    assert history(place.url) == [("opened", 0), ("resolved", 1), ("reopened", 2)]
    assert sweeps(place.file) == [0, 1, 2, 3, 4, 5]
    with open_store(place.url) as store:
        assert {b.last_seen for b in store.bindings(THIEF)} == {at(5)}
        assert [i.confirmed for i in store.gateway_identities()] == [at(5)]
    assert not place.spool.exists()


def test_the_gap_says_since_when_and_what_to_do(place: Place) -> None:
    with place.keeper() as keeper:
        look_at(keeper, 0)
        place.move_away()
        place.clock.now = at(7)
        for minute in (7, 8, 9):
            place.clock.pass_by()
            look_at(keeper, minute)
        found = gap(keeper)
        assert found is not None
        assert (found.subject, found.kind) == ("store", "store-unusable")
        assert f"store {place.file} does not exist" in found.detail
        assert "(since 2026-03-01T04:07:05+00:00); looks: 3 waiting" in found.detail
        assert "put it back" in found.remedy


def test_a_store_that_is_away_is_not_tried_at_every_look(place: Place) -> None:
    with place.keeper() as keeper:
        look_at(keeper, 0)
        place.move_away()
        look_at(keeper, 1)
        place.aside.rename(place.file)
        place.clock.pass_by(RETRY / 2)
        look_at(keeper, 2)
        assert gap(keeper) is not None
        place.clock.pass_by(RETRY / 2)
        look_at(keeper, 3)
        assert gap(keeper) is None
    assert sweeps(place.file) == [0, 1, 2, 3]


@pytest.mark.parametrize("jump", [-1000, 1000])
def test_a_clock_that_jumps_does_not_keep_it_from_being_tried(place: Place, jump: int) -> None:
    with place.keeper() as keeper:
        look_at(keeper, 0)
        place.move_away()
        look_at(keeper, 1)
        place.aside.rename(place.file)
        place.clock.pass_by(jump * RETRY)
        look_at(keeper, 2)
        assert gap(keeper) is None


def test_a_store_that_was_moved_away_is_never_made_anew_but_by_a_sweep(place: Place) -> None:
    with place.keeper() as keeper:
        look_at(keeper, 0)
        place.move_away()
        look_at(keeper, 1)
    with place.keeper() as keeper:
        look_at(keeper, 2)
        assert gap(keeper) is not None
        assert not place.file.exists()
        open_store(place.url).__exit__()
        place.clock.pass_by()
        look_at(keeper, 3)
        assert gap(keeper) is None
    assert history(place.url) == [("opened", 2), ("resolved", 3)]
    assert sweeps(place.file) == [1, 2, 3]


def test_a_store_that_could_never_be_made_is_made_once_it_can_be(place: Place) -> None:
    blocked = place.file.parent / "folder"
    blocked.touch()
    place.url = f"sqlite:///{blocked}/netguard.db"
    with place.keeper() as keeper:
        assert gap(keeper) is not None
        assert told(look_at(keeper, 0)) == ["opened"]
    blocked.unlink()
    with place.keeper() as keeper:
        assert gap(keeper) is None
        assert [f.state for f in keeper.findings()] == ["open"]
    assert history(place.url) == [("opened", 0)]


def test_an_older_store_put_in_its_place_is_brought_up_to_date_and_gone_on_with(
    place: Place,
) -> None:
    with place.keeper() as keeper:
        look_at(keeper, 0)
        place.file.unlink()
        older_store(place.url, "0004")
        look_at(keeper, 10)
        assert gap(keeper) is not None
        place.clock.pass_by()
        look_at(keeper, 12)
        assert gap(keeper) is None
    assert history(place.url) == [("opened", 0), ("acknowledged", 1)]
    assert sweeps(place.file) == [0, 2, 10, 12]


def test_between_two_looks_the_file_is_whole_and_nobody_has_it_open(place: Place) -> None:
    with place.keeper() as keeper:
        look_at(keeper, 0)
        assert sorted(f.name for f in place.file.parent.iterdir()) == ["netguard.db"]
        shutil.copy(place.file, place.aside)
        look_at(keeper, 1)
        place.aside.replace(place.file)
        look_at(keeper, 3)
        assert gap(keeper) is None
    assert sweeps(place.file) == [0, 3]


def test_a_person_who_closed_it_meanwhile_is_not_contradicted_by_what_was_seen_before(
    place: Place,
) -> None:
    with place.keeper() as keeper:
        look_at(keeper, 0)
        place.move_away()
        look_at(keeper, 2)
        with open_store(f"sqlite:///{place.aside}") as store:
            store.close(finding().id, who="mara", note="cable pulled", now=at(3))
        place.put_back()
        assert told(look_at(keeper, 5)) == []
        assert keeper.findings() == ()
        assert told(look_at(keeper, 6)) == ["reopened"]
    assert history(place.url) == [("opened", 0), ("closed", 3), ("reopened", 6)]


def test_what_another_process_saw_later_is_not_ended_by_an_earlier_miss(place: Place) -> None:
    with place.keeper() as keeper:
        look_at(keeper, 0)
        place.move_away()
        look_at(keeper, 1)
        with open_store(f"sqlite:///{place.aside}") as store:
            store.keep(Look(now=at(2), findings=(finding(minute=2),)), covered=lambda _: False)
        place.put_back()
        assert told(look_at(keeper, 4)) == []
    assert history(place.url) == [("opened", 0)]


def long_look(keeper: Keeper, *seen: Finding) -> Changes:
    """Keep a look at everything that took from minute 1 to minute 9."""
    sweep = msgspec.structs.replace(sweep_record(1), duration=480)
    look = Look(now=at(9), began=at(1), findings=seen, sweep=sweep)
    return keeper.keep(look, covered=lambda _: True)


@pytest.mark.parametrize("away", [False, True])
def test_a_long_look_undoes_nothing_that_another_saw_meanwhile(
    place: Place,
    away: bool,  # noqa: FBT001 - a column of the table
) -> None:
    early, late = finding(minute=9), finding(OTHER, minute=5)
    with place.keeper() as keeper:
        look_at(keeper, 0)
        if away:
            place.move_away()
        look_at(keeper, 5, [late])  # which sees the early one end, and the late one begin
        assert told(long_look(keeper, early)) == []
        assert [str(f.address) for f in keeper.findings()] == [OTHER]
        if away:
            place.put_back()
        look_at(keeper, 10, [finding(OTHER, minute=10)])
    assert history(place.url) == [("opened", 0), ("resolved", 5)]
    assert history(place.url, late.id) == [("opened", 5)]


def test_what_was_closed_meanwhile_is_what_a_process_knows_that_comes_after(place: Place) -> None:
    with place.keeper() as keeper:
        look_at(keeper, 0)
        look_at(keeper, 2, [finding(minute=2), finding(OTHER, minute=2)])
        with open_store(place.url) as store:
            store.close(finding().id, who="mara", note="", now=at(3))
        look_at(keeper, 4, [finding(OTHER, minute=4)])
        place.move_away()
        assert [str(f.address) for f in keeper.findings()] == [OTHER]


def test_a_reply_that_got_lost_does_not_write_the_look_twice(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Store.keep

    def lost(store: Store, *look: object, **how: object) -> Changes:
        keep(store, *look, **how)  # type: ignore[arg-type]
        raise StoreError("server closed the connection unexpectedly")

    with place.keeper() as keeper:
        look_at(keeper, 0)
        with monkeypatch.context() as patched:
            patched.setattr(Store, "keep", lost)
            assert told(look_at(keeper, 1)) == ["resolved"]
            assert gap(keeper) is not None
        place.clock.pass_by()
        look_at(keeper, 2)
    assert history(place.url) == [("opened", 0), ("resolved", 1), ("reopened", 2)]
    assert sweeps(place.file) == [0, 1, 2]


UNFIT = binding(location=msgspec.structs.replace(location(), if_index=1 << 70))


def test_a_look_that_fits_in_no_store_is_lost_and_told_and_holds_up_no_other(place: Place) -> None:
    with place.keeper() as keeper:
        look_at(keeper, 0)
        keeper.keep(Look(now=at(1), bindings=(UNFIT,)), covered=lambda _: True)
        assert (keeper.dropped, place.spool.exists()) == (1, False)
        assert "does not fit in it" in str(gap(keeper))
        place.move_away()
        look_at(keeper, 2)
        keeper.keep(Look(now=at(3), bindings=(UNFIT,)), covered=lambda _: False)
        look_at(keeper, 4)
        place.put_back()
        look_at(keeper, 6)
        assert (keeper.dropped, gap(keeper)) == (2, None)
    assert sweeps(place.file) == [0, 2, 4, 6]


def test_looks_that_still_wait_hold_up_no_new_one(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.keeper() as keeper:
        look_at(keeper, 0)
        place.move_away()
        for minute in range(1, 150):
            look_at(keeper, minute, [])
        monkeypatch.setattr("netguard.keeping._CATCHING_UP", 0)
        place.put_back()
        assert told(look_at(keeper, 200, [finding(minute=200)])) == ["opened"]
        found = gap(keeper)
        assert found is not None
        assert found.detail == "the store is back and catches up; looks: 50 waiting"
        assert [f.state for f in keeper.findings()] == ["open"]
    with place.keeper() as keeper:
        assert [f.state for f in keeper.findings()] == ["open"]
        look_at(keeper, 202)
        assert gap(keeper) is None
    assert len(sweeps(place.file)) == 152
    # In memory it was forgotten, as it was over for more than an hour; the store knows better.
    assert history(place.url) == [("opened", 0), ("resolved", 1), ("reopened", 200)]


# -- whatever happens ---------------------------------------------------------------------------

steps = st.lists(
    st.sampled_from(["look", "look", "away", "back", "killed"]), min_size=5, max_size=30
)


@settings(max_examples=30, deadline=None)
@given(steps, st.data())
def test_whenever_it_was_away_the_store_ends_up_as_if_it_never_had_been(
    tmp_path_factory: pytest.TempPathFactory, story: Sequence[str], data: st.DataObject
) -> None:
    place = Place(tmp_path_factory.mktemp("story"))
    never = Place(tmp_path_factory.mktemp("never"))
    with ExitStack() as ending:
        always = ending.enter_context(never.keeper())
        keeper = ending.enter_context(place.keeper())
        for minute, step in enumerate([*story, "back"]):
            if step == "away" and place.file.exists():
                place.move_away()
            elif step == "back" and place.aside.exists():
                place.put_back()
            elif step == "killed" and (place.file.exists() or place.spool.exists()):
                keeper = ending.enter_context(place.keeper())
            seen = [finding(a, minute=minute) for a in data.draw(st.sets(_ADDRESSES))]
            expected = look_at(always, minute, seen)
            assert sorted(_turns(look_at(keeper, minute, seen))) == sorted(_turns(expected))
            assert keeper.findings() == always.findings()
        assert gap(keeper) is None
    assert _all(place.url) == _all(never.url)
    assert sweeps(place.file) == sweeps(never.file)


_ADDRESSES = st.sampled_from(["198.51.100.1", OTHER])


def _turns(changes: Changes) -> list[tuple[str, str]]:
    return [(event.finding, event.happening) for event in changes.events]


def _all(url: str) -> list[tuple[Finding, tuple[object, ...]]]:
    with open_store(url) as store:
        return [(found, store.history(found.id)) for found in store.findings()]


# -- a process that dies ------------------------------------------------------------------------


@pytest.mark.parametrize("death", ["3", "5", "6", "9", "11", "letting-go"])
def test_a_process_that_is_killed_while_it_hands_over_has_lost_and_doubled_nothing(
    place: Place, death: str
) -> None:
    with place.keeper() as keeper:
        look_at(keeper, 0)
        place.move_away()
        for minute in (1, 2, 3):
            look_at(keeper, minute)
    place.put_back()
    assert place.run(4, 4, death) == -signal.SIGKILL
    assert place.spool.exists()
    with place.keeper() as keeper:
        look_at(keeper, 5)
    assert history(place.url) == [
        *(("opened", 0), ("resolved", 1), ("reopened", 2)),
        ("resolved", 5),  # quiet since minute 3
    ]
    assert sweeps(place.file) == [0, 1, 2, 3, 5]


@pytest.mark.parametrize("looks", [1, 7, 20])
def test_a_process_that_is_killed_while_the_store_is_away_leaves_all_that_it_had_told(
    place: Place, looks: int
) -> None:
    with place.keeper() as keeper:
        look_at(keeper, 0)
        place.move_away()
        look_at(keeper, 1)
    words = [*PROCESS, place.url, str(place.spool), "2", "100000"]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(looks):
            assert process.stdout.readline()
        process.kill()
    place.put_back()
    with place.keeper() as keeper:
        assert gap(keeper) is None
        assert keeper.dropped <= 1
    assert sweeps(place.file)[: looks + 2] == list(range(looks + 2))
    assert history(place.url)[:2] == [("opened", 0), ("resolved", 1)]


# -- a disk that is full, or may not be written -------------------------------------------------


def test_what_a_full_or_read_only_disk_does_not_take_waits_until_it_does(tmp_path: Path) -> None:
    private = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)))
    mount = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"'
    scenario = (sys.executable, "-m", "tests.keeping_on_a_bad_disk", str(tmp_path))
    if subprocess.run([*private, "sh", "-c", mount, tmp_path, "true"], check=False).returncode:
        pytest.skip("NOT TESTED: this machine lets nobody mount a file system of his own")
    done = subprocess.run(
        [*private, "sh", "-c", mount, tmp_path, *scenario],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    *gaps, lost, turns = json.loads(done.stdout)
    told = dict(gaps)
    assert [minute for minute, why in gaps if why is None] == [0, 4, 7]
    assert "is full" in told[1]
    assert "looks: 2 waiting, 2 of these in memory only" in told[2]
    assert told[3].endswith("looks: 3 waiting")
    assert "it cannot be" in told[5]
    assert "looks: 2 waiting, 2 of these in memory only" in told[6]
    assert lost == 0
    assert turns == ["opened", "resolved", "reopened"]
