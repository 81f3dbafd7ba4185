"""Log lines with every header that devices and relays give them, and the frames they come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.notices.syslog import LONGEST, Frames, Line, read

CISCO = "%SYS-5-CONFIG_I: Configured"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (CISCO, Line("", CISCO)),
        (
            f"<189>29: *Mar  1 18:48:50.483 UTC: {CISCO}",
            Line("", CISCO),
        ),
        (f"<189>29: .Mar  1 18:48:50: {CISCO}", Line("", CISCO)),
        (
            f"<189>29: sw1: 000030: Mar  1 2026 18:48:50 CET: {CISCO}",
            Line("sw1", CISCO),
        ),
        (f"<189>sw1: 000030: Mar  1 18:48:50: {CISCO}", Line("sw1", CISCO)),
        (
            f"<189>Mar  1 18:53:00 192.0.2.1 181: Mar  1 18:48:50: {CISCO}",
            Line("192.0.2.1", CISCO),
        ),
        (
            f"<189>Mar  1 18:53:00 2001:db8::1 181: {CISCO}",
            Line("2001:db8::1", CISCO),
        ),
        (f"<189>29: 00:01:01: {CISCO}", Line("", CISCO)),
        (f"<189>29: 1w2d: {CISCO}", Line("", CISCO)),
        (
            f"<189>: 2026 Jan 11 19:27:57 CET: {CISCO}",
            Line("", CISCO),
        ),
        (f"<189>2026 Jan 11 19:27:57 n9k {CISCO}", Line("n9k", CISCO)),
        (
            f"<189>2026-01-11T19:27:57.123+01:00 sw1 {CISCO}",
            Line("sw1", CISCO),
        ),
        (f"Router#{CISCO}", Line("Router", CISCO)),
        (f"sw1(config-if)#*Mar  1 18:48:50: {CISCO}", Line("sw1", CISCO)),
        (
            "<189>RP/0/RSP0/CPU0:Jan  1 00:00:00.000 UTC: arp[1]: %IP-ARP-6-X : y",
            Line("", "%IP-ARP-6-X : y"),
        ),
        (
            "<13>Aug 9 09:22:59 FI800 System: Interface down",
            Line("FI800", "Interface down"),
        ),
        ("<13>hp93_1, Interface ethernet 2/6", Line("hp93_1", "Interface ethernet 2/6")),
        ("Jul 14 10:01:21 /kernel: arp", Line("", "arp")),
        (
            "<30>Nov 1 01:03:23 zul arpwatch[77]: flip flop",
            Line("zul", "flip flop"),
        ),
        (
            "Feb  8 2026 08:41:57 h1 L2IFPPI/4/X:OID 1",
            Line("h1", "L2IFPPI/4/X:OID 1"),
        ),
        ("kernel: arp: text", Line("", "arp: text")),
        ("just text, and no header", Line("", "just text, and no header")),
    ],
)
def test_a_header_of_habit_is_taken_apart(line: str, expected: Line) -> None:
    assert read(line.encode()) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "<34>1 2026-01-11T19:27:57.003Z host.example su 123 ID47 - text",
            Line("host.example", "text"),
        ),
        ("<34>1 - - - - - - text", Line("", "text")),
        ("<34>1 - h su - - -", Line("h", "")),
        (
            '<34>1 - h su - - [a@1 x="]\\"" y="\\\\"][b] text [not data]',
            Line("h", "text [not data]"),
        ),
        ("<34>1 - h su - - [broken text", Line("h", "[broken text")),
    ],
)
def test_a_header_of_rfc_5424_is_taken_apart(line: str, expected: Line) -> None:
    assert read(line.encode()) == expected


def test_a_byte_order_mark_is_not_part_of_a_message() -> None:
    assert read(b"<34>1 - h su - - - \xef\xbb\xbftext").message == "text"
    assert read(b"\xef\xbb\xbf<34>text").message == "text"


def test_octets_that_are_no_utf_8_are_latin_1() -> None:
    assert read(b"<34>caf\xe9 and \xff").message == "caf\xe9 and \xff"


def test_no_character_of_a_message_acts_on_a_terminal() -> None:
    line = read("<34>a\x1b[2Jb\x00c\rd\ne\x9bf\u202eg\u2028h".encode())
    assert line.message == "a [2Jb c d e f g h"


@given(st.binary(max_size=300))
def test_no_octets_raise(octets: bytes) -> None:
    read(octets)
    read(b"<13>" + octets)
    read(b"<13>1 " + octets)


PARTS = [
    "<13>",
    "1 ",
    "- ",
    "[a ",
    'b="',
    '"]',
    "Jan  1 00:00:00 ",
    ": ",
    "h ",
    "%A-1-B:",
    "x[1]: ",
    "\\",
]


@given(st.lists(st.sampled_from(PARTS), max_size=30))
def test_no_mixture_of_headers_raises(parts: list[str]) -> None:
    line = read("".join(parts).encode())
    assert "\n" not in line.message


def test_lines_end_with_a_newline_or_a_nul() -> None:
    assert Frames().feed(b"<1>a\n<2>b\r\n\n<3>c\0<4>d") == [b"<1>a", b"<2>b\r", b"<3>c"]


def test_lines_may_be_counted_and_hold_newlines() -> None:
    assert Frames().feed(b"6 <1>a\nb5 <2>cd<3>e\n4 <4>f") == [
        b"<1>a\nb",
        b"<2>cd",
        b"<3>e",
        b"<4>f",
    ]


def test_a_line_that_only_begins_with_a_number_is_not_counted() -> None:
    assert Frames().feed(b"2026 Jan 1 text\n12: text\n") == [b"2026 Jan 1 text", b"12: text"]


def test_nothing_is_counted_in_a_file() -> None:
    assert Frames(counted=False).feed(b"3 <b> text\n12\n") == [b"3 <b> text", b"12"]


def test_the_end_of_a_stream_ends_a_line() -> None:
    frames = Frames()
    assert frames.feed(b"<1>a\n<2>b") == [b"<1>a"]
    assert frames.end() == b"<2>b"
    assert frames.feed(b"100 <3>c") == []
    assert frames.end() == b"<3>c"
    assert frames.end() == b""


def test_a_line_that_is_too_long_is_cut_and_counted() -> None:
    frames = Frames()
    found = frames.feed(b"<1>" + b"x" * (3 * LONGEST) + b"\n<2>b\n")
    assert [len(found[0]), *found[1:]] == [LONGEST, b"<2>b"]
    assert (frames.cuts(), frames.cuts()) == (1, 0)


def test_a_counted_line_that_is_too_long_is_cut_and_counted() -> None:
    frames = Frames()
    found = frames.feed(b"%d <1>" % (LONGEST + 7) + b"x" * (LONGEST + 4) + b"4 <2>b")
    assert [len(found[0]), *found[1:]] == [LONGEST, b"<2>b"]
    assert frames.cuts() == 1


def test_a_line_of_just_the_greatest_length_is_whole() -> None:
    frames = Frames()
    assert frames.feed(b"x" * LONGEST + b"\n") == [b"x" * LONGEST]
    assert frames.cuts() == 0


STREAM = b"<1>a\n5 <2>\ncd" + b"<3>" + b"y" * 40 + b"\n\n7 <4>1 <5" + b"<6>end\n"


@given(st.lists(st.integers(1, 9), max_size=100))
def test_how_a_stream_is_cut_into_pieces_changes_nothing(sizes: list[int]) -> None:
    frames, rest, found = Frames(), STREAM, []
    for size in sizes:
        piece, rest = rest[:size], rest[size:]
        found += frames.feed(piece)
    assert found + frames.feed(rest) == Frames().feed(STREAM)


@given(st.lists(st.binary(max_size=50)))
def test_no_stream_raises_or_makes_an_empty_line(pieces: list[bytes]) -> None:
    frames = Frames()
    assert all(line for piece in pieces for line in frames.feed(piece))
    frames.end()
