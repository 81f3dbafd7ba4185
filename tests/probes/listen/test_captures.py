import gzip
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.errors import Malformed
from probes.listen import Packet
from probes.listen.captures import packets, read
from tests.probes.listen.files import (
    SECOND,
    TIME,
    block,
    enhanced,
    interface,
    obsolete,
    pcap,
    section,
    simple,
)

ONE, TWO = b"\x01" * 60, b"\x02" * 61
MICROSECONDS = TIME - TIME % 1000
ORDERS = pytest.mark.parametrize("order", ["<", ">"])


def of(capture: bytes) -> list[Packet]:
    return list(packets([capture], "a capture"))


def two(time: int = TIME, link_type: int = 1) -> list[Packet]:
    return [(time, link_type, "0", ONE, 60), (time + SECOND, link_type, "0", TWO, 1500)]


@ORDERS
def test_pcap_tells_microseconds_or_nanoseconds(order: str) -> None:
    assert of(pcap(*two(), order=order)) == two(MICROSECONDS)
    assert of(pcap(*two(), order=order, nanoseconds=True)) == two()


def test_pcap_has_one_link_type_with_the_length_of_checksums_above_it() -> None:
    assert of(pcap(*two(), nanoseconds=True, link_type=0x50000071)) == two(link_type=113)


def ng(order: str, *blocks: bytes) -> bytes:
    return section(order) + b"".join(blocks)


@ORDERS
@pytest.mark.parametrize(
    ("options", "stamp", "time"),
    [
        ([], TIME // 1000, MICROSECONDS),
        ([(9, b"\x06")], TIME // 1000, MICROSECONDS),
        ([(9, b"\x09")], TIME, TIME),
        ([(9, b"\x00")], TIME // SECOND, TIME // SECOND * SECOND),
        ([(9, b"\x0c")], 1_234_567, 1_234),
        ([(9, b"\x8a")], 1536, SECOND * 3 // 2),
        ([(9, b"\xa0")], 5 << 31, SECOND * 5 // 2),
        ([(9, b"\x09"), (14, b"\x00" * 8)], TIME, TIME),
    ],
)
def test_pcapng_times_are_of_the_interface_s_resolution(
    order: str, options: list[tuple[int, bytes]], stamp: int, time: int
) -> None:
    capture = ng(order, interface(order, *options), enhanced(order, 0, stamp, ONE))
    assert of(capture) == [(time, 1, "0", ONE, 60)]


@ORDERS
def test_pcapng_times_may_be_offset(order: str) -> None:
    offset = (14, struct.pack(f"{order}q", -3600))
    capture = ng(order, interface(order, (9, b"\x09"), offset), enhanced(order, 0, TIME, ONE))
    assert of(capture) == [(TIME - 3600 * SECOND, 1, "0", ONE, 60)]


@ORDERS
def test_pcapng_interfaces_have_names_numbers_and_link_types_of_their_own(order: str) -> None:
    capture = ng(
        order,
        interface(order, (2, b"eth0"), (9, b"\x09")),
        interface(order, (9, b"\x09"), link_type=113),
        interface(order, (2, b"et\x1b[2Jh2\0")),
        enhanced(order, 1, TIME, ONE),
        enhanced(order, 0, TIME, TWO, length=1500),
        enhanced(order, 2, 0, ONE),
    )
    assert of(capture) == [
        (TIME, 113, "1", ONE, 60),
        (TIME, 1, "eth0", TWO, 1500),
        (0, 1, "et[2Jh2", ONE, 60),
    ]


@ORDERS
def test_pcapng_has_older_and_simpler_blocks_and_such_as_nobody_knows(order: str) -> None:
    capture = ng(
        order,
        block(order, 0x80000001, b"x" * 333),
        interface(order, (9, b"\x09"), snap=20),
        obsolete(order, 0, TIME, ONE),
        block(order, 5, b"statistics"),
        simple(order, ONE[:20], length=60),
        simple(order, ONE[:12]),
    )
    assert of(capture) == [
        (TIME, 1, "0", ONE, 60),
        (0, 1, "0", ONE[:20], 60),
        (0, 1, "0", ONE[:12], 12),
    ]


def test_pcapng_may_have_sections_of_either_byte_order_each_with_its_own_interfaces() -> None:
    capture = b"".join(
        ng(order, interface(order, (2, name), (9, b"\x09")), enhanced(order, 0, TIME, ONE))
        for order, name in (("<", b"eth0"), (">", b"eth1"), ("<", b"eth2"))
    )
    assert [packet[2] for packet in of(capture)] == ["eth0", "eth1", "eth2"]


GOOD_NG = ng("<", interface("<", (9, b"\x09")), enhanced("<", 0, TIME, ONE))
GOOD = pcap(*two(), nanoseconds=True)


def broken(seen: Iterable[Packet]) -> tuple[list[Packet], str]:
    got: list[Packet] = []
    try:
        got.extend(seen)
    except Malformed as error:
        return got, str(error)
    return got, ""


@pytest.mark.parametrize(
    ("capture", "complaint"),
    [
        (b"", "0 octets are no capture"),
        (GOOD[:23], "23 octets are no capture"),
        (b"GET / HTTP/1.1\r\nHost: example.com", "neither pcap nor pcapng: it begins with 47 45"),
        (GOOD[:4] + b"\x01\x00" + GOOD[6:], "pcap version 1"),
        (pcap() + struct.pack("<IIII", 0, 0, 17 << 20, 0), "claims to have 17825792 octets"),
        (GOOD_NG[:8] + b"\x00" * 4 + GOOD_NG[12:], "no byte order"),
        (GOOD_NG[:4] + b"\x08" + GOOD_NG[5:], "claims to have 8 octets"),
        (GOOD_NG[:4] + b"\x1d" + GOOD_NG[5:], "claims to have 29 octets"),
        (section("<") + struct.pack("<III", 9, 20 << 20, 0), "claims to have 20971520 octets"),
        (section("<")[:-4] + bytes(4), "two lengths differ"),
        (ng("<", enhanced("<", 0, 0, ONE)), "interface 0, which is not described"),
        (ng("<", simple("<", ONE)), "interface 0, which is not described"),
        (ng("<", block("<", 6, bytes(12))), "of 12 octets"),
        (ng("<", block("<", 1, bytes(4))), "of 4 octets"),
        (ng("<", interface("<", (14, b"\x00"))), "of 1 octets"),
        (
            ng("<", block("<", 1, bytes([1] + [0] * 7 + [2, 0, 9, 0]))),
            "option 2 of a pcapng interface is cut off",
        ),
        (
            ng("<", interface("<"), block("<", 6, struct.pack("<IIIII", 0, 0, 0, 61, 61) + ONE)),
            "61 octets in a smaller pcapng block",
        ),
        (ng("<", *[interface("<")] * 65537), "more than 65536 interfaces"),
    ],
)
def test_what_is_no_capture_is_said_to_be_none(capture: bytes, complaint: str) -> None:
    got, said = broken(packets([capture], "a capture"))
    assert got == []
    assert complaint in said
    assert said.startswith("a capture: ")


@pytest.mark.parametrize("capture", [GOOD, GOOD_NG + enhanced("<", 0, TIME, TWO)])
def test_a_capture_cut_off_anywhere_gives_what_was_there_and_then_says_so(capture: bytes) -> None:
    whole = of(capture)
    for cut in range(len(capture)):
        got, said = broken(packets([capture[:cut]], "a capture"))
        assert got == whole[: len(got)]
        ended = said.endswith(f"; {len(got)} packets were read before" if got else said)
        ended = ended and bool(said)
        assert ended or (not said and got != whole), "a cut between two packets is no cut"


@pytest.mark.parametrize(
    "capture",
    [
        pcap(*two()) + struct.pack("<IIII", 0, 0, 1 << 31, 0),
        GOOD_NG + enhanced("<", 0, TIME, ONE) + enhanced("<", 7, TIME, ONE) + GOOD_NG,
    ],
)
def test_what_breaks_in_the_middle_loses_nothing_before_it(capture: bytes) -> None:
    got, said = broken(packets([capture], "a capture"))
    assert len(got) == 2
    assert "2 packets were read before" in said


@given(st.lists(st.integers(1, 40)), st.sampled_from([GOOD, GOOD_NG, gzip.compress(GOOD)]))
def test_it_does_not_matter_in_what_pieces_a_capture_comes(
    sizes: list[int], capture: bytes
) -> None:
    def pieces() -> Iterator[bytes]:
        at = 0
        for size in sizes:
            yield capture[at : at + size]
            at += size
        yield capture[at:]

    assert list(packets(pieces(), "a capture")) == of(capture)


@given(
    st.sampled_from([GOOD, GOOD_NG, gzip.compress(GOOD_NG), GOOD_NG * 2]),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), min_size=1, max_size=5),
)
def test_a_capture_with_wrong_octets_raises_nothing_but_malformed(
    capture: bytes, changes: list[tuple[int, int]]
) -> None:
    octets = bytearray(capture)
    for at, octet in changes:
        octets[at % len(octets)] = octet
    with suppress(Malformed):
        of(bytes(octets))


@given(st.sampled_from([b"", GOOD[:4], GOOD[:24], GOOD_NG[:12], b"\x1f\x8b"]), st.binary())
def test_no_octets_raise_anything_but_malformed(start: bytes, rest: bytes) -> None:
    with suppress(Malformed):
        of(start + rest)


def test_gzip_is_unpacked_whatever_the_file_s_name(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(gzip.compress(GOOD[:50]) + gzip.compress(GOOD[50:]))
    assert list(read(path)) == two()


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda packed: packed[:-1], "cut off within gzip"),
        (lambda packed: packed[:-8] + bytes(8), "broken gzip"),
        (lambda packed: packed + b"rubbish", "broken gzip"),
        (lambda packed: packed[:40], "cut off within gzip"),
    ],
    ids=["end missing", "wrong checksum", "rubbish behind", "half"],
)
def test_broken_gzip_is_told_after_what_could_be_unpacked(
    spoil: Callable[[bytes], bytes], complaint: str
) -> None:
    got, said = broken(packets([spoil(gzip.compress(GOOD))], "a capture"))
    assert got == two()[: len(got)]
    assert complaint in said


def test_a_file_is_read_and_named_in_errors(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(GOOD + b"x")
    got, said = broken(read(path))
    assert got == two()
    assert said.startswith(f"{path}: cut off within a packet")


def test_a_missing_file_is_the_system_s_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(read(tmp_path / "missing.pcap"))


COUNT = """
from probes.listen.captures import read
print(sum(1 for _ in read(None)))
"""


def test_standard_input_is_read_as_it_comes() -> None:
    command = [sys.executable, "-c", COUNT]
    done = subprocess.run(command, input=GOOD, capture_output=True, check=True)
    assert done.stdout == b"2\n"


WITHIN = """
import resource
from probes.listen.captures import read
resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))
print(sum(1 for _ in read(None)))
"""


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_capture_larger_than_memory_is_read(pack: Callable[[bytes], bytes]) -> None:
    megabyte = pcap((TIME, 1, "0", bytes(1008), 1008))[24:] * 1024
    reader = subprocess.Popen(
        [sys.executable, "-c", WITHIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with reader:
        assert reader.stdin
        assert reader.stdout
        reader.stdin.write(pack(pcap()))
        for _ in range(400):
            reader.stdin.write(pack(megabyte))
        reader.stdin.close()
        assert reader.stdout.read() == b"409600\n"


BOMB = """
import resource
from probes.listen.captures import packets
resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))
import sys
print(sum(1 for _ in packets([sys.stdin.buffer.read()], "a capture")))
"""


def test_gzip_that_blows_up_is_unpacked_a_piece_at_a_time() -> None:
    packet = pcap((TIME, 1, "0", bytes(65520), 65520))[24:]
    bomb = gzip.compress(pcap() + packet * 6400)
    done = subprocess.run([sys.executable, "-c", BOMB], input=bomb, capture_output=True, check=True)
    assert len(bomb) < 1 << 20
    assert done.stdout == b"6400\n"
