"""The last sweep of each segment, however the segments were swept."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from netguard.store import Look, Store, SweepRecord, open_store, schema, sweeps
from netguard.store.transactions import writing
from probes.records import Gap
from tests.remembering import at, sweep_record


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/netguard.db") as opened:
        yield opened


def swept(store: Store, *segments: str, minute: float = 0) -> SweepRecord:
    record = msgspec.structs.replace(
        sweep_record(minute, gaps=(Gap(subject="cat1", kind="x", detail="y"),)), segments=segments
    )
    store.keep(Look(now=at(minute), sweep=record), covered=lambda _: False)
    return record


def crowd(store: Store, count: int) -> None:
    """Put that many sweeps of another segment on top."""
    row = msgspec.structs.asdict(msgspec.structs.replace(sweep_record(), segments=("crowd",)))
    with writing(store._engine) as connection:
        connection.execute(schema.sweeps.insert(), [row] * count)


def test_each_segment_has_its_own_last_sweep(store: Store) -> None:
    together = swept(store, "web-226", "web-227", "web-228")
    swept(store, "web-226", minute=1)
    last = swept(store, "web-226", minute=2)
    pair = swept(store, "web-228", "web-229", minute=3)
    known = store.last_sweeps(["web-226", "web-227", "web-228", "web-229"])
    assert known == {"web-226": last, "web-227": together, "web-228": pair, "web-229": pair}


def test_only_what_is_asked_for_comes_back_and_what_was_never_swept_does_not(store: Store) -> None:
    assert store.last_sweeps(["web-226"]) == {}
    last = swept(store, "web-226", "web-227")
    assert store.last_sweeps(["web-227", "web-22", "WEB-226"]) == {"web-227": last}
    assert store.last_sweeps([]) == {}


def test_a_name_may_hold_anything(store: Store) -> None:
    names = ('a"b', "a,b", "[a]", "Zürich \N{SNOWMAN}", "%", "\\")
    last = swept(store, *names)
    assert store.last_sweeps(names) == dict.fromkeys(names, last)


@pytest.mark.parametrize("above", [sweeps._NEWEST - 1, sweeps._NEWEST, sweeps._NEWEST + 1])
def test_a_sweep_is_found_under_any_number_of_others(store: Store, above: int) -> None:
    swept(store, "web-226")
    last = swept(store, "web-226", "web-227", minute=1)
    crowd(store, above)
    assert store.last_sweeps(["web-226"]) == {"web-226": last}
    assert set(store.last_sweeps(["web-227", "crowd"])) == {"web-227", "crowd"}


def test_a_newer_sweep_is_not_hidden_by_an_older_one_deep_down(store: Store) -> None:
    swept(store, "web-226", "web-227")
    crowd(store, sweeps._NEWEST)
    last = swept(store, "web-226", minute=1)
    assert store.last_sweeps(["web-226", "web-227"])["web-226"] == last


def test_old_rows_are_read_only_when_a_segment_is_missing_among_the_newest(store: Store) -> None:
    swept(store, "web-227")
    crowd(store, sweeps._NEWEST)
    swept(store, "web-226", minute=1)
    asked: list[str] = []
    sa.event.listen(store._engine, "before_cursor_execute", lambda *words: asked.append(words[2]))
    store.last_sweeps(["web-226", "crowd"])
    few = len(asked)
    store.last_sweeps(["web-226", "web-227"])
    assert len(asked) - few == few + 1


def test_what_retention_took_leaves_the_numbers_above_it(store: Store) -> None:
    swept(store, "web-226")
    last = swept(store, "web-226", minute=1)
    swept(store, "web-227", minute=2)
    with writing(store._engine) as connection:
        connection.execute(sa.delete(schema.sweeps).where(schema.sweeps.c.sequence == 1))
    assert store.last_sweeps(["web-226"]) == {"web-226": last}


def test_a_sweep_ended_its_duration_after_its_start() -> None:
    assert (sweeps.ended(sweep_record()) - at(0)).total_seconds() == 2.4
