from collections.abc import Callable
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard import clock
from probes.mac import from_bytes, to_bytes
from probes.ndp.frames import Claim, claim, solicitation
from probes.retesting import EVERYBODY
from tests.probes.listen import crafting
from tests.probes.listen.crafting import IPV6, ethernet, icmp6, ipv6, link_layer
from tests.probes.ndp.place import OWN, address, advertised, announced
from tests.segment import OWN_MAC, mac

TARGET = address(9)
SEEN = clock.now()

macs = st.binary(min_size=6, max_size=6)
addresses = st.builds(IPv6Address, st.integers(1, (0xFF << 120) - 1))


def claimed(frame: bytes) -> Claim | None:
    return claim(frame, "eth1", SEEN)


def asked(body: bytes, source: IPv6Address, to: IPv6Address, hw: str, to_hw: str) -> bytes:
    packet = ipv6(58, icmp6(body, str(source), str(to)), source=str(source), to=str(to))
    return ethernet(IPV6, packet, source=hw, to=to_hw)


@given(ours=macs, source=addresses, target=addresses)
def test_everybody_is_asked_at_the_solicited_node_group(
    ours: bytes, source: IPv6Address, target: IPv6Address
) -> None:
    last = target.packed[13:]
    group = IPv6Address(IPv6Address("ff02::1:ff00:0").packed[:13] + last)
    body = crafting.solicitation(str(target), link_layer(1, from_bytes(ours)))
    to_hw = "33:33:ff:" + last.hex(":")
    assert solicitation(ours, source.packed, target.packed, EVERYBODY) == asked(
        body, source, group, from_bytes(ours), to_hw
    )


@given(ours=macs, source=addresses, target=addresses, station=macs.filter(EVERYBODY.__ne__))
def test_one_station_is_asked_alone_at_the_address_itself(
    ours: bytes, source: IPv6Address, target: IPv6Address, station: bytes
) -> None:
    body = crafting.solicitation(str(target), link_layer(1, from_bytes(ours)))
    assert solicitation(ours, source.packed, target.packed, station) == asked(
        body, source, target, from_bytes(ours), from_bytes(station)
    )


@given(target=addresses, station=macs, named=st.booleans(), padding=st.binary(max_size=20))
def test_an_advertisement_claims_what_was_put_into_it(
    target: IPv6Address, station: bytes, *, named: bool, padding: bytes
) -> None:
    frame = advertised(target, from_bytes(station), named=named)
    assert claimed(frame + padding) == Claim(target.packed, station, OWN.packed, named)


def test_a_station_is_the_one_that_is_named_whoever_sends_the_frame() -> None:
    frame = bytearray(advertised(TARGET, mac(1)))
    frame[6:12] = to_bytes(mac(2))
    said = claimed(bytes(frame))
    assert said is not None
    assert said.station == to_bytes(mac(1))


def test_an_announcement_answers_nobody_of_us() -> None:
    said = claimed(announced(TARGET, mac(1)))
    assert said == Claim(TARGET.packed, to_bytes(mac(1)), IPv6Address("ff02::1").packed, named=True)


def test_a_question_for_routers_claims_the_address_it_comes_from_and_answers_nobody() -> None:
    body = crafting.router_solicitation(link_layer(1, mac(1)))
    frame = asked(body, TARGET, IPv6Address("ff02::2"), mac(1), "33:33:00:00:00:02")
    assert claimed(frame) == Claim(TARGET.packed, to_bytes(mac(1)), b"", named=True)


@pytest.mark.parametrize(
    "beside",
    [bytes([3, 1]) + bytes(6), bytes([1, 2]) + bytes(14), crafting.prefix("::", 129)],
    ids=["short prefix", "long link-layer address", "prefix of 129 bits"],
)
def test_an_option_that_has_no_place_there_hides_no_claim(beside: bytes) -> None:
    expected = Claim(TARGET.packed, to_bytes(mac(1)), OWN.packed, named=True)
    assert claimed(advertised(TARGET, mac(1), spoil=lambda body: body + beside)) == expected
    frame = advertised(TARGET, mac(1), spoil=lambda body: body[:24] + beside + body[24:])
    assert claimed(frame) == expected


def test_a_claim_does_not_hide_behind_many_extension_headers() -> None:
    before = (bytes([60, 0, 1, 4]) + bytes(4)) * 20 + bytes([58, 0, 1, 4]) + bytes(4)
    said = claimed(advertised(TARGET, mac(1), before=before))
    assert said == Claim(TARGET.packed, to_bytes(mac(1)), OWN.packed, named=True)


def test_a_question_claims_the_address_it_comes_from_and_answers_nobody() -> None:
    body = crafting.solicitation(str(OWN), link_layer(1, mac(1)))
    frame = asked(body, TARGET, OWN, mac(1), OWN_MAC)
    assert claimed(frame) == Claim(TARGET.packed, to_bytes(mac(1)), b"", named=True)


@pytest.mark.parametrize(
    "frame",
    [
        crafting.address_probe(str(TARGET)),
        asked(crafting.solicitation(str(OWN)), TARGET, OWN, mac(1), OWN_MAC),
        asked(crafting.router_solicitation(), TARGET, OWN, mac(1), OWN_MAC),
        asked(crafting.router_solicitation(), IPv6Address("::"), OWN, mac(1), OWN_MAC),
        crafting.ndp(crafting.router_advertisement(1800), source="fe80::1"),
        ethernet(
            IPV6, ipv6(58, icmp6(bytes([128]) + bytes(7), "::1", "::1"), source="::1", to="::1")
        ),
        ethernet(IPV6, ipv6(17, crafting.udp(53, b"?"), source=str(TARGET), to=str(OWN))),
        ethernet(IPV6, ipv6(58, b"", source=str(TARGET), to=str(OWN))),
    ],
    ids=[
        "address probe",
        "unnamed question",
        "unnamed question for routers",
        "question of nobody's for routers",
        "router",
        "echo",
        "UDP",
        "empty",
    ],
)
def test_what_is_no_claim_claims_nothing(frame: bytes) -> None:
    assert claimed(frame) is None


def wrong_checksum(frame: bytes) -> bytes:
    return frame[:56] + bytes([frame[56] ^ 1]) + frame[57:]


def fragmented(frame: bytes) -> bytes:
    header = bytes([58, 0, 0, 1, 0, 0, 0, 7])  # the first of several
    length = len(frame) - 54 + len(header)
    return frame[:18] + length.to_bytes(2) + b"\x2c" + frame[21:54] + header + frame[54:]


HOSTILE = {
    "through a router": advertised(TARGET, mac(0x66), hop_limit=254),
    "checksum": wrong_checksum(advertised(TARGET, mac(0x66))),
    "code": advertised(TARGET, mac(0x66), spoil=lambda b: b[:1] + b"\1" + b[2:]),
    "multicast target": advertised(IPv6Address("ff02::9"), mac(0x66)),
    "no target": advertised(IPv6Address("::"), mac(0x66)),
    "solicited, to all": advertised(TARGET, mac(0x66), to=IPv6Address("ff02::1")),
    "empty option": advertised(TARGET, mac(0x66), spoil=lambda b: b[:25] + b"\0" + b[26:]),
    "long option": advertised(TARGET, mac(0x66), spoil=lambda b: b[:25] + b"\2" + b[26:]),
    "half a target": advertised(TARGET, mac(0x66), spoil=lambda b: b[:16]),
    "cut off": advertised(TARGET, mac(0x66))[:70],
    "fragment": fragmented(advertised(TARGET, mac(0x66))),
}


@pytest.mark.parametrize("frame", HOSTILE.values(), ids=HOSTILE)
def test_what_a_station_throws_away_claims_nothing(frame: bytes) -> None:
    assert claimed(frame) is None


@given(st.binary(max_size=200))
def test_no_bytes_raise(octets: bytes) -> None:
    assert claimed(octets) is None or len(octets) >= 78


@pytest.mark.parametrize("make", [advertised, announced])
@given(data=st.data())
def test_no_damage_raises(make: Callable[[IPv6Address, str], bytes], data: st.DataObject) -> None:
    frame = bytearray(make(TARGET, mac(1)))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(14, len(frame) - 1))] = data.draw(st.integers(0, 255))
    said = claimed(bytes(frame[: data.draw(st.integers(0, len(frame)))]))
    assert said is None or len(said.address) == 16
