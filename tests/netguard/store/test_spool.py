"""Looks that wait: they come back whole, in order, and no more of them than is bearable."""

import os
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard.inventory import SwitchPort
from netguard.store import Look
from netguard.store.spool import Spool
from netguard.store.wire import Base, decoded, encoded
from netguard.view import Stay
from probes.records import Gap
from tests.remembering import THIEF, at, binding, finding, said, sweep_record

GAPS = (Gap(subject="cat1", kind="no-answer", detail="no answer in 1.5 s", remedy="Ping it."),)
BARE = msgspec.structs.replace(
    finding(), segment=None, address=None, server=None, claimants=(), evidence=()
)
FULL = Look(
    now=at(1),
    began=at(0),
    keeper="k1",
    number=7,
    findings=(finding(flaps=2, quiet_since=at(1)), finding("2001:db8::1"), BARE),
    covered=frozenset({"one", "another"}),
    sweep=sweep_record(1, gaps=GAPS),
    bindings=(binding(), binding("2001:db8::20", location=None)),
    identities=(said(), msgspec.structs.replace(said(), first_confirmed=at(0))),
    moving={("web-226", THIEF): (Stay(port=SwitchPort("cat1", "Fa0/3"), vlan=None, seen=at(0)),)},
)
BASE = Base(findings=(finding(),), reached=True)


def look(number: int, **parts: object) -> Look:
    return Look(now=at(number), keeper="k1", number=number, **parts)  # type: ignore[arg-type]


def heavy(number: int) -> Look:
    """Return a look of which much can be spared."""
    return look(number, findings=(finding(),), bindings=(binding(),) * 20, sweep=sweep_record())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "waiting"


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """Return the path of a file that no disk takes."""
    return tmp_path / "missing" / "waiting"


def filled(spool: Spool, looks: int, *, told: bool = True) -> Spool:
    for number in range(1, looks + 1):
        spool.append(look(number), base=BASE, told=told)
    return spool


def numbers(spool: Spool) -> list[int]:
    return [waiting.number for waiting in spool.looks()]


def test_a_look_comes_back_whole() -> None:
    assert decoded(encoded(FULL)) == (FULL, None)
    assert decoded(encoded(FULL, BASE)) == (FULL, BASE)
    assert decoded(encoded(look(1))) == (look(1), None)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.ip_addresses())
def test_whatever_it_says_takes_one_line(text: str, address: object) -> None:
    said_so = look(1, findings=(finding(str(address), summary=text),))
    line = encoded(said_so)
    assert line.count(b"\n") == 1
    assert decoded(line)[0] == said_so


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"\xff", b"[" * 100_000, encoded(FULL)[:-20], encoded(FULL)[20:]]
)
def test_what_nobody_wrote_is_no_look(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decoded(line)


def test_looks_wait_for_the_next_process_in_a_file_of_their_own(path: Path) -> None:
    filled(Spool(path), 3)
    again = Spool(path)
    assert numbers(again) == [1, 2, 3]
    assert (again.waiting, again.in_memory, again.dropped, again.base) == (3, 0, 0, BASE)
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_handed_over_is_forgotten_once_more_is_asked_for(path: Path) -> None:
    spool = filled(Spool(path), 250)
    handing = spool.take()
    assert [one.number for one in next(handing)] == list(range(1, 101))
    assert spool.waiting == 250
    assert next(handing)[0].number == 101
    assert (spool.waiting, numbers(spool)[0]) == (150, 101)
    assert [len(some) for some in spool.take()] == [100, 50]
    assert (spool.waiting, path.exists()) == (0, False)


def test_looks_that_come_while_others_are_handed_over_wait_behind_them(path: Path) -> None:
    spool = filled(Spool(path), 101)
    handing = spool.take()
    next(handing)
    next(handing)
    spool.append(look(102), base=BASE, told=True)
    assert [one.number for some in spool.take() for one in some] == [101, 102]
    assert not path.exists()


def test_a_new_wait_begins_with_what_is_known_then(path: Path) -> None:
    spool = filled(Spool(path), 1)
    list(spool.take())
    later = Base(findings=(), reached=True)
    spool.append(look(2), base=later, told=True)
    assert Spool(path).base == later


@given(st.data())
def test_wherever_the_file_is_cut_the_whole_lines_before_count(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cut") / "waiting"
    filled(Spool(path), 3)
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    whole = content[:cut].count(b"\n")
    spool = Spool(path)
    assert spool.dropped == (0 if content[:cut].endswith(b"\n") or not cut else 1)
    spool.append(look(9), base=BASE, told=True)
    assert numbers(spool) == [*range(1, whole + 1), 9]
    assert numbers(Spool(path)) == [*range(1, whole + 1), 9]


def test_a_line_that_cannot_be_read_is_passed_over_and_counted(path: Path) -> None:
    filled(Spool(path), 3)
    first, _, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b"\0" * 30 + b"\n" + last)
    spool = Spool(path)
    assert [one.number for some in spool.take() for one in some] == [1, 3]
    assert (spool.dropped, spool.waiting, path.exists()) == (1, 0, False)


def test_a_file_that_somebody_removed_is_lost_and_counted(path: Path) -> None:
    spool = filled(Spool(path), 3)
    path.unlink()
    assert list(spool.take()) == []
    assert (spool.dropped, spool.waiting) == (3, 0)
    spool.append(look(4), base=BASE, told=True)
    assert numbers(Spool(path)) == [4]


@pytest.mark.parametrize("left", [0, 100])
def test_a_look_that_comes_after_the_file_was_emptied_is_not_lost_with_it(
    path: Path, left: int
) -> None:
    spool = filled(Spool(path), 3)
    os.truncate(path, left)
    spool.append(look(4), base=BASE, told=True)
    assert [one.number for some in spool.take() for one in some] == [4]
    assert (spool.dropped, spool.waiting, path.exists()) == (3, 0, False)


def test_what_the_disk_does_not_take_waits_in_memory_until_it_does(nowhere: Path) -> None:
    spool = filled(Spool(nowhere), 2)
    assert (spool.waiting, spool.in_memory) == (2, 2)
    nowhere.parent.mkdir()
    spool.append(look(3), base=BASE, told=True)
    assert (spool.waiting, spool.in_memory) == (3, 0)
    assert numbers(Spool(nowhere)) == [1, 2, 3]


def test_a_file_grows_to_its_bound_and_what_comes_later_waits_in_memory(path: Path) -> None:
    spool = filled(Spool(path, most=1000), 50)
    assert 500 < path.stat().st_size <= 1000
    assert 0 < spool.in_memory < 50
    assert numbers(spool) == list(range(1, 51))
    assert [one.number for some in spool.take() for one in some] == list(range(1, 51))
    assert (spool.waiting, spool.dropped, path.exists()) == (0, 0, False)


@pytest.fixture
def crowded(nowhere: Path) -> Spool:
    """Return a spool that has nothing but a little memory."""
    return Spool(nowhere, most_in_memory=20_000)


def test_of_what_is_too_much_the_oldest_loses_first_what_can_be_spared(crowded: Spool) -> None:
    for number in range(1, 6):
        crowded.append(heavy(number), base=BASE, told=True)
    waiting = list(crowded.looks())
    bare = [one.number for one in waiting if not one.bindings]
    assert [one.number for one in waiting] == [1, 2, 3, 4, 5]
    assert bare == list(range(1, len(bare) + 1))
    assert crowded.dropped == len(bare) > 0
    assert all(one.findings for one in waiting)
    assert {one.sweep for one in waiting if not one.bindings} == {None}


def test_then_looks_go_that_told_nothing_new(crowded: Spool) -> None:
    for number in range(1, 101):
        crowded.append(look(number, findings=(finding(),)), base=BASE, told=number % 10 == 0)
    assert numbers(crowded)[:4] == [10, 20, 30, 40]
    assert numbers(crowded)[-1] == 100
    assert crowded.dropped == 100 - crowded.waiting


def test_and_last_those_that_did_the_oldest_first(crowded: Spool) -> None:
    for number in range(1, 101):
        crowded.append(heavy(number), base=BASE, told=True)
    left = numbers(crowded)
    assert left == list(range(101 - len(left), 101))
    assert crowded.dropped == 100


def test_a_look_that_is_too_much_by_itself_is_lost(nowhere: Path) -> None:
    spool = Spool(nowhere, most_in_memory=10)
    spool.append(heavy(1), base=BASE, told=True)
    assert (spool.waiting, spool.dropped) == (0, 1)


def test_text_that_no_json_can_hold_is_lost_and_counted(path: Path) -> None:
    spool = Spool(path)
    spool.append(look(1, findings=(finding(summary="\udcff"),)), base=BASE, told=True)
    assert (spool.waiting, spool.dropped) == (0, 1)


def test_a_disk_that_takes_half_a_line_has_not_taken_it(path: Path, tmp_path: Path) -> None:
    spool = filled(Spool(path), 1)
    with path.open("ab") as file:
        file.write(encoded(look(2))[:30])
    spool.append(look(3), base=BASE, told=True)
    assert numbers(Spool(path)) == [1, 3]
    assert os.listdir(tmp_path) == ["waiting"]  # noqa: PTH208 - names


def test_an_address_comes_back_as_one() -> None:
    read, _ = decoded(encoded(FULL))
    assert read.findings[1].address == ip_address("2001:db8::1")
    assert read.bindings[1].address == ip_address("2001:db8::20")
