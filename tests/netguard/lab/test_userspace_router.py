"""One packet in, and what leaves: every oddity alone, and bytes that are no packets."""

import struct
from ipaddress import IPv4Address, IPv4Network

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard.lab.checksums import completed
from netguard.lab.userspace_router import Router, Sent, route

NOC = IPv4Address("192.0.2.10")
SERVER = IPv4Address("198.51.100.26")
BLOCK = IPv4Network("203.0.113.208/28")
BEHIND = IPv4Network("192.0.2.208/28")
TARGET = BLOCK[5]
ROUTER = Router(address=SERVER, block=BLOCK)

ECHO, ECHO_REPLY, UNREACHABLE, TIME_EXCEEDED = 8, 0, 3, 11
ICMP, UDP = 1, 17
DONT_FRAGMENT = 0x4000


def ones_complement(data: bytes) -> int:
    """Return RFC 1071's sum, bit by bit from its text: 0xffff over data that holds its checksum."""
    total = 0
    for at in range(0, len(data), 2):
        total += int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return total


def sealed(data: bytes, at: int, before: bytes = b"") -> bytes:
    value = 0xFFFF - ones_complement(before + data)
    return data[:at] + value.to_bytes(2, "big") + data[at + 2 :]


def packet(
    source: IPv4Address = NOC,
    target: IPv4Address = TARGET,
    *,
    ttl: int = 64,
    protocol: int = ICMP,
    body: bytes | None = None,
    fragment: int = 0,
) -> bytes:
    body = sealed(struct.pack("!BBHHH", ECHO, 0, 0, 7, 1), 2) if body is None else body
    ends = source.packed + target.packed
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 9, fragment, ttl, protocol, 0) + ends
    return sealed(head, 10) + body


def udp(source: IPv4Address = NOC, target: IPv4Address = TARGET) -> bytes:
    body = struct.pack("!HHHH", 33434, 7, 12, 0) + b"ping"
    pseudo = source.packed + target.packed + struct.pack("!HH", UDP, len(body))
    return packet(source, target, protocol=UDP, body=sealed(body, 6, pseudo))


def ends(data: bytes) -> tuple[IPv4Address, IPv4Address]:
    return IPv4Address(data[12:16]), IPv4Address(data[16:20])


def right(data: bytes) -> bool:
    """Return whether the checksums of a packet are right."""
    header = ones_complement(data[:20]) == 0xFFFF
    if data[9] == UDP:
        pseudo = data[12:20] + struct.pack("!HH", UDP, len(data) - 20)
        return header and ones_complement(pseudo + data[20:]) == 0xFFFF
    return header and ones_complement(data[20:]) == 0xFFFF


def odd(**policy: object) -> Router:
    return msgspec.structs.replace(ROUTER, **policy)


def only(sent: list[Sent]) -> Sent:
    (one,) = sent
    return one


def error_of(sent: list[Sent]) -> tuple[str, IPv4Address, IPv4Address, int, int]:
    """Return where the one error goes, from whom to whom, and its type and code."""
    one = only(sent)
    assert one.error
    assert right(one.packet)
    return one.toward, *ends(one.packet), one.packet[20], one.packet[21]


def test_a_packet_for_the_block_goes_inside_with_its_ttl_counted_down() -> None:
    sent = only(route(packet(ttl=2), "outside", ROUTER))
    assert (sent.toward, sent.packet[8], sent.error) == ("inside", 1, False)
    assert right(sent.packet)
    assert sent.packet[20:] == packet()[20:]


@pytest.mark.parametrize("came", ["outside", "inside"])
def test_a_packet_for_anybody_else_goes_outside(came: str) -> None:
    sent = only(route(packet(target=NOC), "inside" if came == "inside" else "outside", ROUTER))
    assert (sent.toward, sent.packet[8]) == ("outside", 63)


@pytest.mark.parametrize("target", [TARGET, NOC])
def test_a_ttl_that_is_used_up_is_told_to_the_sender_with_the_packet(target: IPv4Address) -> None:
    asked = packet(target=target, ttl=1)
    sent = route(asked, "outside", ROUTER)
    assert error_of(sent) == ("outside", SERVER, NOC, TIME_EXCEEDED, 0)
    assert sent[0].packet[28:] == asked


def test_a_silent_hop_passes_on_and_says_nothing() -> None:
    silent = odd(time_exceeded=False)
    assert route(packet(ttl=1), "outside", silent) == []
    assert only(route(packet(ttl=2), "outside", silent)).packet[8] == 1


def test_a_hidden_hop_leaves_even_a_used_up_ttl_alone() -> None:
    asked = packet(ttl=1)
    assert route(asked, "outside", odd(decrement=False)) == [Sent("inside", asked)]


def test_a_filter_drops_what_is_passed_on_but_counts_the_ttl_first() -> None:
    filtering = odd(forward=False)
    assert route(packet(ttl=2), "outside", filtering) == []
    assert error_of(route(packet(ttl=1), "outside", filtering))[3] == TIME_EXCEEDED


def test_a_packet_too_large_for_the_tunnel_is_refused_with_the_mtu_when_it_may_not_be_cut() -> None:
    large = packet(body=packet()[20:] + bytes(1472), fragment=DONT_FRAGMENT)
    sent = route(large, "outside", odd(mtu=1420))
    assert error_of(sent) == ("outside", SERVER, NOC, UNREACHABLE, 4)
    assert int.from_bytes(sent[0].packet[26:28], "big") == 1420
    assert len(sent[0].packet) == 576
    assert not only(route(packet(fragment=DONT_FRAGMENT), "outside", odd(mtu=1420))).error


def test_no_error_is_answered_with_an_error() -> None:
    complaint = packet(ttl=1, body=sealed(struct.pack("!BBHI", 3, 1, 0, 0) + packet(), 2))
    assert route(complaint, "outside", ROUTER) == []


def test_only_the_first_fragment_is_complained_about() -> None:
    assert route(packet(ttl=1, fragment=185), "outside", ROUTER) == []
    assert error_of(route(packet(ttl=1, fragment=0x2000), "outside", ROUTER))[3] == TIME_EXCEEDED


def test_pings_are_answered_for_the_whole_block_and_all_else_goes_on() -> None:
    pretending = odd(echo=True)
    sent = only(route(packet(ttl=1), "outside", pretending))
    assert (sent.toward, *ends(sent.packet), sent.packet[20]) == (
        "outside",
        TARGET,
        NOC,
        ECHO_REPLY,
    )
    assert right(sent.packet)
    assert sent.packet[24:] == packet()[24:]
    assert only(route(udp(), "outside", pretending)).toward == "inside"
    assert only(route(packet(target=NOC), "outside", pretending)).toward == "outside"


@pytest.mark.parametrize("made", [packet, udp])
def test_every_address_is_translated_and_back_with_right_checksums(made: type) -> None:
    translating = odd(nat=BEHIND)
    asked: bytes = made()
    there = only(route(asked, "outside", translating))
    assert (there.toward, *ends(there.packet)) == ("inside", NOC, BEHIND[5])
    assert right(there.packet)
    back = only(route(made(BEHIND[5], NOC), "inside", translating))
    assert (back.toward, *ends(back.packet)) == ("outside", TARGET, NOC)
    assert right(back.packet)


def test_an_error_from_behind_quotes_the_packet_as_its_sender_knows_it() -> None:
    translating = odd(nat=BEHIND)
    arrived = only(route(udp(), "outside", translating)).packet
    complaint = sealed(struct.pack("!BBHI", UNREACHABLE, 3, 0, 0) + arrived, 2)
    sent = only(route(packet(BEHIND[5], NOC, body=complaint), "inside", translating))
    assert ends(sent.packet) == (TARGET, NOC)
    assert right(sent.packet)
    quoted = sent.packet[28:]
    assert ends(quoted) == (NOC, TARGET)
    assert right(quoted)


def test_a_translated_address_complains_for_itself() -> None:
    translating = odd(nat=BEHIND)
    assert error_of(route(packet(ttl=1), "outside", translating))[1] == TARGET
    assert error_of(route(packet(target=NOC, ttl=1), "outside", translating))[1] == SERVER


def test_the_padding_of_a_frame_is_not_passed_on() -> None:
    assert only(route(packet() + bytes(20), "outside", ROUTER)).packet[20:] == packet()[20:]


def test_what_no_router_forwards_is_dropped() -> None:
    broken = packet()[:10] + b"\0\0" + packet()[12:]
    to_many = packet(target=IPv4Address("224.0.0.5"))
    for each in (broken, to_many, packet()[:19], b"\x60" + packet()[1:], packet()[:-1]):
        assert route(each, "outside", ROUTER) == []


@given(data=st.binary(max_size=80), echo=st.booleans(), nat=st.booleans(), seal=st.booleans())
def test_no_octets_whatever_break_it(*, data: bytes, echo: bool, nat: bool, seal: bool) -> None:
    if seal and len(data) >= 20:  # let it past the header's checksum
        length = len(data).to_bytes(2, "big")
        head = b"\x45\0" + length + data[4:10] + bytes(2) + data[12:16] + TARGET.packed
        data = sealed(head, 10) + data[20:]
    for sent in route(data, "outside", odd(echo=echo, nat=BEHIND if nat else None)):
        assert ones_complement(sent.packet[:20]) == 0xFFFF


@pytest.mark.parametrize("extra", [b"", b"!"])
def test_a_checksum_that_was_left_to_the_card_is_filled_in(extra: bytes) -> None:
    body = struct.pack("!HHHH", 33434, 7, 12, 0xBEEF) + b"ping" + extra
    assert right(completed(packet(protocol=UDP, body=body)))
