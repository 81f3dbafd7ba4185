from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.errors import Malformed
from probes.listen.ip import Datagram, unwrap4, unwrap6
from tests.probes.listen.crafting import ipv4, ipv6

BODY = b"\x85" + bytes(23)
V4 = ipv4(112, BODY, source="192.0.2.1", to="224.0.0.18")
V6 = ipv6(58, BODY, source="fe80::1", to="ff02::1")
OPTIONS = bytes([58, 0]) + bytes(6)


def test_what_follows_the_packet_in_its_frame_is_padding() -> None:
    assert unwrap4(V4 + bytes(18)) == unwrap4(V4)
    assert unwrap6(V6 + bytes(18)) == unwrap6(V6)
    assert unwrap4(V4) == Datagram(V4[12:16], V4[16:20], 255, 112, BODY)
    assert unwrap6(V6) == Datagram(V6[8:24], V6[24:40], 255, 58, BODY)


@pytest.mark.parametrize("cut", range(len(V4)))
def test_an_ipv4_packet_that_is_not_whole_is_malformed(cut: int) -> None:
    with pytest.raises(Malformed):
        unwrap4(V4[:cut])


@pytest.mark.parametrize("cut", range(len(V6)))
def test_an_ipv6_packet_that_is_not_whole_is_malformed(cut: int) -> None:
    with pytest.raises(Malformed):
        unwrap6(V6[:cut])


@pytest.mark.parametrize("size", range(8))
def test_an_extension_header_that_is_not_whole_is_malformed(size: int) -> None:
    with pytest.raises(Malformed, match="within an IPv6 extension header"):
        unwrap6(ipv6(60, OPTIONS[:size], source="fe80::1", to="ff02::1"))


AGAIN = bytes([60, 0]) + bytes(6)
MOST = 0xFFFF // 8  # headers that a packet can hold


@pytest.mark.parametrize("count", [0, 8, MOST - 4])
def test_a_packet_may_have_as_many_extension_headers_as_it_holds(count: int) -> None:
    before = AGAIN * count + OPTIONS
    packet = ipv6(60, BODY, source="fe80::1", to="ff02::1", before=before)
    assert unwrap6(packet + bytes(18)) == Datagram(V6[8:24], V6[24:40], 255, 58, BODY)


@pytest.mark.parametrize("count", [1, 9, MOST])
def test_headers_that_never_end_end_with_the_packet(count: int) -> None:
    packet = ipv6(60, b"", source="fe80::1", to="ff02::1", before=AGAIN * count)
    with pytest.raises(Malformed, match="within an IPv6 extension header"):
        unwrap6(packet + AGAIN)


@given(st.sampled_from([0, 43, 44, 60]), st.binary(max_size=200))
def test_no_octets_where_headers_should_be_raise_anything_but_malformed(
    first: int, octets: bytes
) -> None:
    with suppress(Malformed):
        datagram = unwrap6(ipv6(first, octets, source="fe80::1", to="ff02::1"))
        assert datagram is None or octets.endswith(datagram.body)
