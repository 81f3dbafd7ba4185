import threading
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue

import pytest

from netguard.watch import outlet as module
from netguard.watch.events import Event, Kind
from netguard.watch.outlet import outlet

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


def event(detail: str, kind: Kind = "deed", second: int = 0) -> Event:
    return Event(time=NOW + timedelta(seconds=second), event=kind, detail=detail)


class Reader:
    """Reads nothing more once it has the first event, until it is let go on."""

    def __init__(self) -> None:
        self.begun, self.goes_on = threading.Event(), threading.Event()
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.begun.set()
        self.goes_on.wait()
        self.events.append(event)

    @property
    def read(self) -> list[str]:
        return [event.detail for event in self.events]


def test_all_is_shown_in_order_before_the_end() -> None:
    shown: list[str] = []
    with outlet(lambda e: shown.append(e.detail), gone=pytest.fail) as say:
        for number in range(100):
            say(event(str(number)))
    assert shown == [str(number) for number in range(100)]


def test_who_reads_nothing_holds_nobody_up_and_not_even_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FAREWELL", 0.1)
    reader = Reader()
    with outlet(reader, gone=pytest.fail) as say:
        for number in range(100):
            say(event(str(number)))
    assert reader.read == []
    reader.goes_on.set()


def test_what_waits_is_bounded_and_what_is_lost_is_counted_and_said_once_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ROOM", 3)
    reader = Reader()
    with outlet(reader, gone=pytest.fail) as say:
        say(event("0"))
        reader.begun.wait()
        for number in range(1, 100):
            say(event(str(number), "gap" if number % 4 else "deed", number))
        reader.goes_on.set()
    assert reader.read[:-1] == ["0", "1", "2", "3"]
    lost = reader.events[-1]
    assert (lost.event, lost.time) == ("late", NOW + timedelta(seconds=4))
    assert lost.counts == {"gap": 72, "deed": 24}
    assert lost.detail == "events were lost, for nobody read them in time: 72 gap, 24 deed"


def test_no_flood_of_notices_crowds_out_a_finding() -> None:
    reader = Reader()
    with outlet(reader, gone=pytest.fail) as say:
        say(event("first"))
        reader.begun.wait()
        for number in range(30_000):
            say(event(str(number), "notice"))
        for number in range(1000):
            say(event(f"hijack {number}", "finding"))
        reader.goes_on.set()
    notices, found = reader.read[1:-1001], reader.read[-1000:]
    assert notices == [str(number) for number in range(len(notices))]
    assert len(notices) == module.ROOM // 2
    assert reader.events[-1001].counts == {"notice": 30_000 - len(notices)}
    assert found == [f"hijack {number}" for number in range(1000)]


def test_another_loss_is_said_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOM", 2)
    begun, go_on = SimpleQueue[Event](), SimpleQueue[None]()
    shown: list[str] = []

    def show(e: Event) -> None:
        begun.put(e)
        go_on.get()
        shown.append(str(e.counts or e.detail))

    with outlet(show, gone=pytest.fail) as say:
        for most in (10, 20):
            say(event("first"))
            begun.get()
            for number in range(most):
                say(event(str(number)))
            go_on.put(None)
            for _ in range(3):
                begun.get()
                go_on.put(None)
    assert shown == ["first", "0", "1", "{'deed': 8}", "first", "0", "1", "{'deed': 18}"]


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
