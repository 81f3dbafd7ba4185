import threading
from datetime import UTC, datetime

import pytest

from netguard.watch import outlet as module
from netguard.watch.events import Event
from netguard.watch.outlet import outlet

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


def event(detail: str) -> Event:
    return Event(time=NOW, event="late", detail=detail)


def test_all_is_shown_in_order_before_the_end() -> None:
    shown: list[str] = []
    with outlet(lambda e: shown.append(e.detail), gone=pytest.fail) as say:
        for number in range(100):
            say(event(str(number)))
    assert shown == [str(number) for number in range(100)]


def test_who_reads_nothing_holds_nobody_up_and_what_waits_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ROOM", 3)
    monkeypatch.setattr(module, "FAREWELL", 0.1)
    stuck, shown = threading.Event(), list[str]()

    def show(e: Event) -> None:
        stuck.wait()
        shown.append(e.detail)

    with outlet(show, gone=pytest.fail) as say:
        for number in range(100):
            say(event(str(number)))
    assert shown == []
    stuck.set()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.daemon:
            thread.join(0.5)
    assert shown[:3] == ["0", "1", "2"]
    assert len(shown) <= 4


def test_a_full_disk_behind_it_loses_that_line_only() -> None:
    shown: list[str] = []

    def show(e: Event) -> None:
        if e.detail == "1":
            raise OSError(28, "No space left on device")
        shown.append(e.detail)

    with outlet(show, gone=pytest.fail) as say:
        for number in range(3):
            say(event(str(number)))
    assert shown == ["0", "2"]


def test_it_is_told_once_when_nobody_will_read_any_more() -> None:
    told: list[str] = []

    def show(_: Event) -> None:
        raise BrokenPipeError

    with outlet(show, gone=lambda: told.append("gone")) as say:
        for number in range(3):
            say(event(str(number)))
    assert told == ["gone"]
