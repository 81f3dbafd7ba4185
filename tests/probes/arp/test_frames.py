from contextlib import suppress
from ipaddress import IPv4Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from probes.arp import ArpFrame, craft, parse
from probes.errors import Malformed
from probes.mac import from_bytes
from tests.segment import BROADCAST, NOBODY, address, mac, reply, request

macs = st.binary(min_size=6, max_size=6).map(from_bytes)
addresses = st.integers(0, 2**32 - 1).map(IPv4Address)
frames = st.builds(
    ArpFrame,
    frame_destination=macs,
    frame_source=macs,
    operation=st.sampled_from([1, 2]),
    sender_hw=macs,
    sender_ip=addresses,
    target_hw=macs,
    target_ip=addresses,
    vlan=st.none() | st.integers(1, 4094),
)

ASKED = request(mac(1), address(1), address(2))
OCTETS = bytes.fromhex(
    "ffffffffffff 00005e005301 08060001 0800 06 04 0001 00005e005301 c6336401 000000000000 c6336402"
)


def test_a_request_is_the_octets_of_rfc_826() -> None:
    assert craft(ASKED) == OCTETS
    assert parse(OCTETS) == ASKED


@given(frames, st.binary(max_size=20))
def test_what_is_crafted_is_parsed_back_padding_or_not(frame: ArpFrame, padding: bytes) -> None:
    assert parse(craft(frame) + padding) == frame


@given(st.binary(max_size=100))
@example(b"")
@example(OCTETS[:13])
@example(OCTETS[:12] + b"\x81\x00")
def test_arbitrary_octets_never_raise_anything_but_malformed(octets: bytes) -> None:
    with suppress(Malformed):
        parse(octets)


@given(frames, st.data())
def test_a_truncated_frame_is_malformed(frame: ArpFrame, data: st.DataObject) -> None:
    octets = craft(frame)
    cut = data.draw(st.integers(0, len(octets) - 1))
    with pytest.raises(Malformed):
        parse(octets[:cut])


@given(frames, st.data())
def test_a_frame_with_a_wrong_octet_is_parsed_or_malformed(
    frame: ArpFrame, data: st.DataObject
) -> None:
    octets = bytearray(craft(frame))
    octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Malformed):
        parse(bytes(octets))


@pytest.mark.parametrize(
    ("at", "octets", "complaint"),
    [
        (12, "0800", "not ARP"),
        (14, "0006", "not for IPv4 on Ethernet"),
        (16, "86dd", "not for IPv4 on Ethernet"),
        (18, "08", "not for IPv4 on Ethernet"),
        (19, "10", "not for IPv4 on Ethernet"),
        (20, "0000", "neither request nor reply"),
        (20, "0009", "neither request nor reply"),
    ],
)
def test_what_is_not_arp_for_ipv4_is_malformed(at: int, octets: str, complaint: str) -> None:
    wrong = bytes.fromhex(octets)
    with pytest.raises(Malformed, match=complaint):
        parse(OCTETS[:at] + wrong + OCTETS[at + len(wrong) :])


def test_a_priority_tag_is_no_vlan() -> None:
    assert parse(OCTETS[:12] + bytes.fromhex("8100 a000") + OCTETS[12:]) == ASKED


def test_a_frame_in_two_tags_is_malformed() -> None:
    with pytest.raises(Malformed, match="0x8100"):
        parse(OCTETS[:12] + bytes.fromhex("8100 0064 8100 00c8") + OCTETS[12:])


def test_a_reply_goes_to_who_asked() -> None:
    said = parse(craft(reply(ASKED, mac(2))))
    assert (said.frame_destination, said.target_hw) == (mac(1), mac(1))
    assert (said.sender_ip, said.target_ip) == (address(2), address(1))
    assert BROADCAST not in {said.frame_destination, said.target_hw}
    assert ASKED.target_hw == NOBODY
