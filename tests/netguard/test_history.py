"""The chain of port actions: whatever is done to it by hand shows."""

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard.errors import Exit
from netguard.history import (
    START,
    Action,
    Entry,
    PortBusy,
    digest,
    fault,
    one_line,
    read,
    shutdowns,
    written,
)
from netguard.inventory import SwitchPort
from tests.remembering import action, at, order


def broken_link(entries: Iterable[Entry]) -> Entry | None:
    """Return the first record in a chain that has a fault."""
    last = START
    for entry in entries:
        if fault(entry, last):
            return entry
        last = entry.digest
    return None


def chain(*texts: str) -> list[Entry]:
    """Return these texts as records that follow each other."""
    entries: list[Entry] = []
    last = START
    for sequence, text in enumerate(texts, 1):
        entries.append(
            Entry(sequence=sequence, text=text, previous=last, digest=digest(last, text))
        )
        last = entries[-1].digest
    return entries


def whole() -> list[Entry]:
    steps = [action(), action("outcome"), action("intent", "a2"), action("found", "a2")]
    return chain(*(written(step) for step in steps))


def changed(entry: Entry, **fields: str) -> Entry:
    return msgspec.structs.replace(entry, **fields)


def test_a_record_comes_back_from_its_text_with_every_field() -> None:
    assert read(written(action("outcome"))) == action("outcome")


def test_a_digest_can_be_computed_by_sha256sum() -> None:
    """`printf '%s\\n%s' PREVIOUS TEXT | sha256sum`: nobody needs netguard to check it."""
    assert digest(START, "{}") == "5649d09ed68c17156095d175eef152856c5b1a81c117c409c1e00f096aa6838e"


def test_what_was_appended_holds() -> None:
    assert broken_link([]) is None
    assert broken_link(whole()) is None


@pytest.mark.parametrize("field", ["text", "previous", "digest"])
def test_a_changed_record_is_found(field: str) -> None:
    entries = whole()
    other = {"text": written(action("outcome", order=order(who="jon")))}
    entries[1] = changed(entries[1], **{field: other.get(field, "f" * 64)})
    assert broken_link(entries) == entries[1]


def test_a_changed_record_with_a_new_digest_breaks_the_one_after_it() -> None:
    entries = whole()
    text = written(action("outcome", order=order(who="jon")))
    entries[1] = changed(entries[1], text=text, digest=digest(entries[0].digest, text))
    assert broken_link(entries) == entries[2]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_record_that_was_taken_out_is_missed_by_the_next(number: int) -> None:
    entries = whole()
    after = entries[number + 1]
    del entries[number]
    assert broken_link(entries) == after
    assert "one is missing" in fault(after, entries[number - 1].digest if number else START)


def test_a_record_that_was_put_in_between_is_found_at_the_next() -> None:
    entries = whole()
    text = written(action("refused", "a9"))
    last = entries[1].digest
    forged = Entry(sequence=9, text=text, previous=last, digest=digest(last, text))
    entries.insert(2, forged)
    assert broken_link(entries) == entries[3]


def test_two_records_that_changed_places_are_found() -> None:
    entries = whole()
    entries[1], entries[2] = entries[2], entries[1]
    assert broken_link(entries) == entries[1]


def test_missing_records_at_the_end_show_only_by_a_digest_that_was_noted() -> None:
    assert broken_link(whole()[:2]) is None
    assert whole()[1].digest != whole()[-1].digest


@pytest.mark.parametrize(
    "text",
    ["", "{}", "null", "not json", "\x00", '{"step": 5}', '{"x":' + "[" * 100_000],
)
def test_a_text_that_spells_no_record_is_a_broken_link_and_no_traceback(text: str) -> None:
    (entry,) = chain(text)
    assert broken_link([entry]) == entry
    assert "cannot be read" in fault(entry, START)


@given(
    number=st.integers(0, 3),
    place=st.floats(0, 1, exclude_max=True),
    character=st.characters(exclude_categories=["Cs"]),
)
def test_no_single_character_can_be_changed(number: int, place: float, character: str) -> None:
    entries = whole()
    text = entries[number].text
    at_ = int(place * len(text))
    tampered = text[:at_] + character + text[at_ + 1 :]
    entries[number] = changed(entries[number], text=tampered)
    assert broken_link(entries) == (None if tampered == text else entries[number])


def test_an_argument_that_is_no_utf_8_can_be_written_down() -> None:
    """Python hands on such bytes of a command line as lone surrogates (PEP 383)."""
    odd = action(order=order(reason="K\udcfcndigung"), stations=("\udcff",), customer="Kü")
    back = read(written(odd))
    assert back.order.reason == "K\\udcfcndigung"
    assert back.stations == ("\\udcff",)
    assert (back.customer, back.at, back.before) == ("Kü", odd.at, odd.before)


@given(st.text(st.characters()))
def test_one_line_is_printable_and_means_the_same_in_json(text: str) -> None:
    try:
        spelled = msgspec.json.encode(text).decode()
    except UnicodeEncodeError:
        spelled = text
    line = one_line(spelled)
    assert line.isprintable()
    assert spelled == text or msgspec.json.decode(line) == text


@pytest.mark.parametrize(
    ("records", "count"),
    [
        ([], 0),
        ([action()], 1),
        ([action(), action("outcome")], 1),
        ([action(), action("outcome", outcome="unconfirmed")], 1),
        ([action(), action("found")], 1),
        ([action(), action("outcome", outcome="failed")], 0),
        ([action(), action("outcome", outcome="refused")], 0),
        (
            [action(), action("outcome", outcome="unconfirmed"), action("found", outcome="failed")],
            0,
        ),
        ([action("refused")], 0),
        ([action(order=order(change="restore")), action("outcome")], 0),
        ([action(), action("intent", "a2"), action("outcome"), action("outcome", "a2")], 2),
    ],
)
def test_a_shutdown_counts_unless_it_surely_closed_nothing(
    records: list[Action], count: int
) -> None:
    assert shutdowns(records) == count


def test_a_busy_port_is_told_with_who_holds_it_and_since_when() -> None:
    busy = PortBusy(action(), at(0.5))
    assert busy.exit_code == Exit.REFUSED
    assert busy.message == (
        "cat1 Fa0/3: mara has a shutdown under way for 30 s, on noc1 (pid 4711, action a1)"
    )
    assert "`netguard port show cat1 Fa0/3`" in busy.remedy


def test_a_busy_port_is_told_in_one_line_whoever_holds_it_and_whatever_the_clock_says() -> None:
    busy = PortBusy(action(order=order(who="ma\nra\x1b[2J"), minute=5), at(0))
    assert "ma\\u000ara\\u001b[2J has a shutdown under way for 0 s" in busy.message


def test_a_port_s_name_may_hold_anything() -> None:
    odd = action(port=SwitchPort('sw"1', "Gi 0/1\n"))
    assert read(written(odd)).port == odd.port
