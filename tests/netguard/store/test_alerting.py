"""How far each alert was told: the history of findings is a queue that loses nothing."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from netguard.store import AlertCursor, Store, open_store, schema
from tests.remembering import at, finding, remember


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store/netguard.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened


def begun(store: Store, alert: str = "a", *, minute: float = 0) -> AlertCursor:
    store.begin_alerts([alert], at(minute))
    return store.alert_cursors()[alert]


def happenings(store: Store, after: int = 0, limit: int = 100) -> list[str]:
    return [each.event.happening for each in store.news(after, limit)]


def test_a_new_alert_is_told_only_of_what_is_from_now_on(store: Store) -> None:
    remember(store, [finding()])
    remember(store, [], minute=1)
    cursor = begun(store, minute=2)
    assert cursor == AlertCursor(alert="a", told=2)
    remember(store, [finding(minute=2)], minute=2)
    assert happenings(store, cursor.told) == ["reopened"]


def test_a_new_alert_is_told_of_what_this_run_has_written_already(store: Store) -> None:
    remember(store, [finding()])
    remember(store, [finding(), finding("198.51.100.9")], minute=1)
    assert begun(store, minute=1) == AlertCursor(alert="a", told=1)


def test_in_an_empty_store_an_alert_begins_at_the_start(store: Store) -> None:
    assert begun(store) == AlertCursor(alert="a", told=0)


def test_an_alert_that_was_begun_stays_where_it_is(store: Store) -> None:
    begun(store)
    remember(store, [finding()])
    store.begin_alerts(["a", "b"], at(5))
    assert {name: c.told for name, c in store.alert_cursors().items()} == {"a": 0, "b": 1}


def test_news_are_the_turns_in_their_order_with_the_finding_as_it_stands_now(store: Store) -> None:
    remember(store, [finding(severity="warning"), finding("198.51.100.9")])
    store.acknowledge(finding().id, who="mara", note="on it", now=at(1))
    remember(store, [finding(minute=2), finding("198.51.100.9", minute=2)], minute=2)
    news = store.news(0, 100)
    assert [each.sequence for each in news] == [1, 2, 3, 4]
    assert [(n.event.finding[-1], n.event.happening) for n in news] == [
        ("1", "opened"),
        ("9", "opened"),
        ("1", "acknowledged"),
        ("1", "worsened"),
    ]
    assert news[0].event == store.history(finding().id)[0]
    assert news[0].finding == store.finding(finding().id) == news[3].finding
    assert [n.sequence for n in store.news(2, 1)] == [3]
    assert store.news(4, 100) == ()


def test_thousands_of_news_come_at_once_each_with_its_finding(store: Store) -> None:
    remember(store, [finding(f"198.18.{n // 256}.{n % 256}") for n in range(2500)])
    news = store.news(0, 5000)
    assert len(news) == 2500
    assert all(n.finding is not None and n.finding.id == n.event.finding for n in news)


def test_a_cursor_comes_back_whole_in_the_next_process(url: str) -> None:
    moved = AlertCursor(
        alert="a", told=3, told_at=at(1), attempts=2, last_attempt=at(2), error="json://: no"
    )
    with open_store(url) as store:
        begun(store)
        store.put_alert_cursor(moved)
    with open_store(url) as store:
        assert store.alert_cursors() == {"a": moved}


def test_every_field_of_a_cursor_has_its_column() -> None:
    fields = {field.name for field in msgspec.structs.fields(AlertCursor)}
    assert {column.name for column in schema.alert_cursors.c} == fields


def test_a_cursor_is_never_moved_back(store: Store) -> None:
    late = begun(store)
    further = AlertCursor(alert="a", told=7, told_at=at(3))
    store.put_alert_cursor(further)
    store.put_alert_cursor(msgspec.structs.replace(late, told=5, error="late"))
    assert store.alert_cursors() == {"a": further}


def test_of_two_processes_that_would_tell_the_same_one_does(store: Store, url: str) -> None:
    seen = begun(store)
    with open_store(url) as other:
        assert other.claim_alert(seen, at(1))
        assert not store.claim_alert(seen, at(1))
    after = store.alert_cursors()["a"]
    assert after == AlertCursor(alert="a", told=0, attempts=1, last_attempt=at(1))
    assert store.claim_alert(after, at(2))


def test_what_was_told_meanwhile_cannot_be_claimed(store: Store) -> None:
    seen = begun(store)
    store.put_alert_cursor(msgspec.structs.replace(seen, told=4))
    assert not store.claim_alert(seen, at(1))


def test_the_order_of_news_is_that_of_writing_whatever_the_clock_says(store: Store) -> None:
    remember(store, [finding()], minute=60)
    remember(store, [finding("198.51.100.9", minute=1)], minute=1)
    assert [n.event.at for n in store.news(0, 9)] == [at(60), at(1), at(1)]


def test_retention_leaves_what_a_cursor_counts_by(store: Store) -> None:
    remember(store, [finding()])
    remember(store, [], minute=1)
    cursor = begun(store, minute=2)
    store.prune(at(10_000))
    remember(store, [finding("198.51.100.9", minute=20_000)], minute=20_000)
    assert happenings(store, cursor.told) == ["opened"]
