"""Whatever is done by hand to the history of port actions is named by the check."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from netguard.errors import StoreError
from netguard.history import START, digest, written
from netguard.store import Store, open_store
from tests.remembering import action, at, filled

Row = tuple[object, ...]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "netguard.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{path}") as opened:
        yield opened


def by_hand(path: Path, *statements: str, values: Row = ()) -> list[Row]:
    """Do to the file what anybody could who may write it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        return [row for text in statements for row in database.execute(text, values)]


def test_a_history_that_nobody_touched_holds(store: Store) -> None:
    assert (store.verify().count, store.verify().last) == (0, START)
    last = filled(store).entries()[-1]
    found = store.verify()
    assert (found.count, found.last, found.broken, found.detail) == (4, last.digest, None, "")


COPY = "INSERT INTO actions SELECT {}, at, action_id, device, port, step, {} FROM actions"
AS_IT_IS = "text, previous, digest"
DISORDER = {
    "the first is deleted": (2, "was deleted", "DELETE FROM actions WHERE sequence = 1"),
    "one is deleted": (3, "was deleted", "DELETE FROM actions WHERE sequence = 2"),
    "one is deleted and the rest renumbered": (
        2,
        "one is missing",
        "DELETE FROM actions WHERE sequence = 2",
        "UPDATE actions SET sequence = 2 WHERE sequence = 3",
        "UPDATE actions SET sequence = 3 WHERE sequence = 4",
    ),
    "one is put in": (
        3,
        "out of its place",
        "UPDATE actions SET sequence = 5 WHERE sequence = 4",
        "UPDATE actions SET sequence = 4 WHERE sequence = 3",
        COPY.format(3, AS_IT_IS) + " WHERE sequence = 2",
    ),
    "one is put in where it would follow": (
        3,
        "the digest differs",
        "UPDATE actions SET sequence = 5 WHERE sequence = 4",
        "UPDATE actions SET sequence = 4 WHERE sequence = 3",
        COPY.format(3, "text, digest, digest") + " WHERE sequence = 2",
    ),
    "one is put at the end": (
        5,
        "out of its place",
        COPY.format(5, AS_IT_IS) + " WHERE sequence = 4",
    ),
    "two change places": (
        2,
        "out of its place",
        "UPDATE actions SET sequence = 9 WHERE sequence = 2",
        "UPDATE actions SET sequence = 2 WHERE sequence = 3",
        "UPDATE actions SET sequence = 3 WHERE sequence = 9",
    ),
}


@pytest.mark.parametrize("how", DISORDER)
def test_records_out_of_their_order_are_found(store: Store, path: Path, how: str) -> None:
    broken, told, *statements = DISORDER[how]
    filled(store)
    by_hand(path, *map(str, statements))
    found = store.verify()
    assert found.broken == store.entries()[found.count]
    assert found.detail.startswith(f"Record {broken}: ")
    assert str(told) in found.detail


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("text", "replace(text, 'mara', 'jon')", "text is not the one that was appended"),
        ("text", "5", "the digest differs"),
        ("text", "CAST(x'7bff7d' AS TEXT)", "the digest differs"),
        ("digest", "previous", "the digest differs"),
        ("previous", "digest", "does not follow the record before it"),
        ("at", "replace(at, '.25', '.26')", "column at says '2026-03-01T04:01:00.260000+00:00'"),
        ("at", "'then'", "column at says 'then', the text says '2026-03-01T04:01:00.250000+00:00'"),
        ("action_id", "'a9'", "column action_id says 'a9', the text says 'a1'"),
        ("device", "'cat9'", "column device says 'cat9', the text says 'cat1'"),
        ("port", "'Fa0/4'", "column port says 'Fa0/4', the text says 'Fa0/3'"),
        ("step", "'found'", "column step says 'found', the text says 'outcome'"),
        ("step", "x'1b5b'", r"column step says '\x1b[', the text"),
        ("step", "x'ff'", "column step says"),
    ],
)
def test_a_changed_column_is_found(
    store: Store, path: Path, column: str, value: str, told: str
) -> None:
    filled(store)
    by_hand(path, f"UPDATE actions SET {column} = {value} WHERE sequence = 2")  # noqa: S608 - the point
    found = store.verify()
    assert found.count == 1
    assert found.broken == store.entries()[1]
    assert found.detail.startswith("Record 2: ")
    assert told in found.detail


def test_records_that_were_deleted_at_the_end_show_at_the_next(store: Store, path: Path) -> None:
    noted = filled(store).entries()[-1].digest
    by_hand(path, "DELETE FROM actions WHERE sequence = 4")
    assert store.verify().broken is None
    assert store.verify().last != noted
    assert store.append(action("outcome", "a2", minute=4)).sequence == 5
    assert "record was deleted" in store.verify().detail


def forge(path: Path, text: str | bytes) -> None:
    """Append a text with a digest that is right, as only who may write the file can."""
    ((last,),) = by_hand(path, "SELECT digest FROM actions ORDER BY sequence DESC LIMIT 1")
    spelled = text if isinstance(text, str) else text.decode(errors="replace")
    by_hand(
        path,
        "INSERT INTO actions (at, action_id, device, port, step, text, previous, digest)"
        " SELECT at, 'a8', device, port, 'intent', ?, ?, ? FROM actions LIMIT 1",
        values=(text, last, digest(str(last), spelled)),
    )


@pytest.mark.parametrize(
    "text",
    ["", "{}", "\x00", "\x1b[2J", '{"x":' + "[" * 100_000, b"\xff", b'{"x": 1}'],
    ids=["empty", "no fields", "NUL", "escape", "deep", "no UTF-8", "blob"],
)
def test_a_record_that_cannot_be_read_is_told_and_never_passed_over(
    store: Store, path: Path, text: str | bytes
) -> None:
    filled(store)
    forge(path, text)
    found = store.verify()
    assert (found.count, found.broken) == (4, store.entries()[-1])
    assert found.detail.startswith("Record 5: ")
    assert found.detail.isprintable()
    asked: list[Callable[[], object]] = [
        store.actions,
        store.unfinished_actions,
        lambda: store.recent_shutdowns(at(0)),
        lambda: store.begin(action("intent", "a5", minute=9)),
    ]
    for ask in asked:
        with pytest.raises(StoreError, match="record 5 of the history of ports") as refused:
            ask()
        assert "port history --verify" in refused.value.remedy
    assert store.append(action("refused", "a6")).sequence == 6


def test_a_time_in_no_calendar_is_a_broken_record(store: Store, path: Path) -> None:
    filled(store)
    forge(
        path, written(action()).replace("2026-03-01T04:00:00.250000Z", "0001-01-01T00:00:00+23:00")
    )
    assert "in no calendar" in store.verify().detail
