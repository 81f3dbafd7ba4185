"""What is asked at every look is found by an index: a year of history does not slow it down."""

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from netguard.store import Look, Store, open_store
from netguard.store.transactions import reading
from tests.remembering import THIEF, at, binding, finding, remember, said

LOOK = Look(
    now=at(1),
    keeper="k1",
    number=1,
    findings=(finding(minute=1),),
    covered=frozenset({finding().id}),
    bindings=(binding(),),
    identities=(said(),),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/netguard.db") as opened:
        yield opened


def scans(store: Store, statements: list[tuple[str, tuple[object, ...]]]) -> list[str]:
    """Return the steps of these statements that read a whole table."""
    with reading(store._engine) as connection:
        return [
            f"{step.detail} for {statement}"
            for statement, values in statements
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            if step.detail.startswith("SCAN")
        ]


def test_no_question_of_a_look_reads_a_whole_table(store: Store) -> None:
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(_c: object, _k: object, statement: str, values: Any, *_: object) -> None:  # noqa: ANN401 - a row, or many
        rows = values if isinstance(values, list) else [values]
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "INSERT")):
            asked.append((statement, rows[0]))

    sa.event.listen(store._engine, "before_cursor_execute", note)
    remember(store, [finding()], bindings=[binding()], moving={})
    store.keep(LOOK, covered=lambda _: True)
    store.catch_up([msgspec.structs.replace(LOOK, number=2)])
    store.findings(["open", "acknowledged"])
    store.finding(finding().id)
    store.history(finding().id)
    store.bindings(THIEF)
    store.bindings(ip_address("198.51.100.20"))
    store.users([ip_address("198.51.100.1"), ip_address("198.51.100.20")])
    store.flights(["web-226"])
    store.last_stays(["web-226", "web-227"], at(0))
    store.news(1, 100)
    assert len(asked) > 20
    assert scans(store, asked) == []


def test_a_question_that_reads_a_whole_table_would_be_told(store: Store) -> None:
    assert scans(store, [("SELECT * FROM bindings WHERE vlan = ?", (226,))]) != []
