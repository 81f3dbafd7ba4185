import pytest

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
