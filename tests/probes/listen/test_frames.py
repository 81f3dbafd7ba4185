from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from probes.arp import craft
from probes.errors import Malformed
from probes.heard import AddressProbe, ArpClaim, Heard, NeighborClaim, RouterAdvert
from probes.listen.frames import ETHERNET, LINUX_SLL, LINUX_SLL2, may_concern, parse
from tests.probes.listen.crafting import (
    HOST,
    IPV4,
    IPV6,
    ROUTER,
    address_probe,
    advertisement,
    cooked,
    cooked2,
    ethernet,
    group_state,
    hsrp_v1,
    hsrp_v2,
    hsrp_v2_ipv6,
    ipv4,
    ipv6,
    link_layer,
    ndp,
    neighbor_advertisement,
    prefix,
    router_advertisement,
    router_solicitation,
    snap,
    solicitation,
    tagged,
    vrrp_v2,
    vrrp_v3,
)
from tests.segment import address, mac, reply, request

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ASKED = request(mac(1), address(1), address(2))
REQUEST = craft(ASKED)
REPLY = craft(reply(ASKED, mac(2)))
PROBE = craft(request(mac(1), IPv4Address(0), address(2)))
ANNOUNCEMENT = craft(request(mac(1), address(2), address(2)))
ADVERT = ndp(
    router_advertisement(1800, link_layer(1, mac(9)) + prefix("2001:db8::", 64)), source=ROUTER
)
GOOD = {
    "ARP request": REQUEST,
    "ARP reply": REPLY,
    "ARP in a VLAN": tagged(REQUEST, 100, 20),
    "ARP in SNAP": snap(REQUEST),
    "ARP probe": PROBE,
    "ARP announcement": ANNOUNCEMENT,
    "NS": ndp(solicitation(HOST, link_layer(1, mac(1))), source=ROUTER),
    "NA": neighbor_advertisement(),
    "DAD": address_probe(),
    "RS": ndp(router_solicitation(link_layer(1, mac(1))), source=HOST, to="ff02::2"),
    "RA": ADVERT,
    "VRRPv2": vrrp_v2("192.0.2.1"),
    "VRRPv3 for IPv4": vrrp_v3("192.0.2.1", source="192.0.2.2"),
    "VRRPv3 for IPv6": vrrp_v3("fe80::1", "2001:db8::1", source="fe80::2"),
    "HSRPv1": hsrp_v1("192.0.2.1"),
    "HSRPv2": hsrp_v2(group_state("192.0.2.1")),
    "HSRPv2 for IPv6": hsrp_v2_ipv6(group_state("fe80::1", version=6)),
}


def read(octets: bytes, link_type: int = ETHERNET) -> tuple[Heard, ...]:
    """Parse, and see to it that nothing which holds a record is passed over at a glance."""
    records = parse(octets, link_type, interface="eth0", seen=NOW)
    assert may_concern(octets, link_type) or not records
    return records


def one(octets: bytes, link_type: int = ETHERNET) -> Heard:
    (record,) = read(octets, link_type)
    return record


def claim(
    kind: str, number: int, ip: int, *, vlan: int | None = None, told: str | None = None
) -> ArpClaim:
    assert kind in {"reply", "request", "announcement"}
    return ArpClaim(
        interface="eth0",
        sender_ip=address(ip),
        sender_hw=mac(number),
        frame_source=mac(number),
        kind=kind,  # type: ignore[arg-type]
        seen=NOW,
        vlan=vlan,
        told=told,
    )


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (REQUEST, claim("request", 1, 1)),
        (REPLY, claim("reply", 2, 2, told=mac(1))),
        (ANNOUNCEMENT, claim("announcement", 1, 2)),
        (PROBE, AddressProbe(interface="eth0", ip=address(2), sender_hw=mac(1), seen=NOW)),
    ],
)
def test_arp_claims_or_probes(octets: bytes, said: Heard) -> None:
    assert one(octets) == said
    assert one(octets + bytes(18)) == said


def test_the_frame_s_source_is_told_apart_from_the_sender() -> None:
    said = one(REQUEST[:6] + bytes.fromhex("00005e005309") + REQUEST[12:])
    assert isinstance(said, ArpClaim)
    assert (said.frame_source, said.sender_hw) == (mac(9), mac(1))


def test_arp_for_ieee_802_hardware_claims_as_well() -> None:
    assert one(REQUEST[:14] + b"\x00\x06" + REQUEST[16:]) == claim("request", 1, 1)


@pytest.mark.parametrize(
    "octets",
    [
        craft(request(mac(1), IPv4Address(0), IPv4Address(0))),
        craft(reply(request(mac(1), address(1), IPv4Address(0)), mac(2))),
    ],
)
def test_nobody_claims_and_nobody_is_asked_about(octets: bytes) -> None:
    assert read(octets) == ()


@pytest.mark.parametrize(
    ("octets", "vlan"),
    [
        (tagged(REQUEST, 100), 100),
        (tagged(REQUEST, 0xE064), 100),
        (tagged(REQUEST, 0xE000), None),
        (tagged(REQUEST, 100, tpid=0x88A8), 100),
        (tagged(REQUEST, 0, 100), 100),
        (tagged(REQUEST, 100, 0), 100),
        (snap(REQUEST), None),
        (snap(REQUEST) + bytes(10), None),
        (tagged(snap(REQUEST), 100), 100),
    ],
)
def test_tags_and_llc_are_taken_off(octets: bytes, vlan: int | None) -> None:
    assert one(octets) == claim("request", 1, 1, vlan=vlan)


@pytest.mark.parametrize("tpid", [0x8100, 0x88A8, 0x9100])
def test_of_two_tags_the_outer_one_makes_it_another_segment_of_the_interface(tpid: int) -> None:
    said = one(tagged(tagged(REQUEST, 20), 100, tpid=tpid))
    assert (said.interface, said.vlan) == ("eth0.100", 20)


@pytest.mark.parametrize(
    ("tags", "why"), [([4095], "reserved"), ([1, 2, 3, 4, 5], "more than 4"), ([1] * 5000, "more")]
)
def test_impossible_tags_are_malformed(tags: list[int], why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read(tagged(REQUEST, *tags))


@pytest.mark.parametrize("octets", GOOD.values(), ids=GOOD)
def test_a_cooked_frame_says_the_same_but_for_whom_it_went_to(octets: bytes) -> None:
    for said in (octets, tagged(octets, 100)):
        expected = tuple(map(untold, read(said)))
        assert read(cooked(said), LINUX_SLL) == expected
        numbered = tuple(renumbered(record) for record in expected)
        assert read(cooked2(said), LINUX_SLL2) == numbered


def untold(record: Heard) -> Heard:
    if isinstance(record, ArpClaim | NeighborClaim):
        return replace(record, told=None)
    return record


def renumbered(record: Heard) -> Heard:
    return replace(record, interface=record.interface.replace("eth0", "eth0#7"))


@pytest.mark.parametrize("index", [0, 3, 0xFFFF_FFFF])
def test_a_frame_of_all_interfaces_tells_by_which_it_came(index: int) -> None:
    said = one(cooked2(REQUEST, index=index), LINUX_SLL2)
    assert (said.interface, said.vlan) == (f"eth0#{index}", None)
    said = one(cooked2(tagged(REQUEST, 100, 20), index=index), LINUX_SLL2)
    assert (said.interface, said.vlan) == (f"eth0#{index}.100", 20)


def test_a_cooked_frame_may_hold_llc() -> None:
    llc = snap(REQUEST)
    assert one(cooked(llc[:12] + b"\x00\x04" + llc[14:]), LINUX_SLL) == claim("request", 1, 1)


@pytest.mark.parametrize(("hardware", "length"), [(772, 6), (1, 0), (65534, 0), (1, 8)])
def test_what_was_cooked_of_something_else_than_ethernet_claims_nothing(
    hardware: int, length: int
) -> None:
    assert read(cooked(REQUEST, hardware=hardware, length=length), LINUX_SLL) == ()
    assert read(cooked2(REQUEST, hardware=hardware, length=length), LINUX_SLL2) == ()


def test_another_link_type_is_malformed() -> None:
    with pytest.raises(Malformed, match="link type 105"):
        parse(REQUEST, 105, interface="eth0", seen=NOW)


def neighbor(kind: str, *, override: bool = False, router: bool = False) -> NeighborClaim:
    assert kind in {"advertisement", "solicitation"}
    return NeighborClaim(
        interface="eth0",
        sender_ip=IPv6Address(HOST),
        sender_hw=mac(2),
        frame_source=mac(1),
        kind=kind,  # type: ignore[arg-type]
        seen=NOW,
        override=override,
        router=router,
    )


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (0x00, neighbor("advertisement")),
        (0x20, neighbor("advertisement", override=True)),
        (0x80, neighbor("advertisement", router=True)),
        (0xA0, neighbor("advertisement", override=True, router=True)),
    ],
)
def test_an_advertisement_claims_its_target(flags: int, said: Heard) -> None:
    assert one(ndp(advertisement(HOST, flags, link_layer(2, mac(2))), source=ROUTER)) == said


def test_a_solicitation_claims_its_source() -> None:
    octets = ndp(solicitation("2001:db8::9", link_layer(1, mac(2))), source=HOST)
    assert one(octets) == neighbor("solicitation")


def test_a_solicitation_of_routers_claims_its_source_as_well() -> None:
    octets = ndp(router_solicitation(link_layer(1, mac(2))), source=HOST, to="ff02::2")
    assert one(octets) == neighbor("solicitation")


def test_who_has_no_address_yet_and_asks_for_routers_claims_nothing() -> None:
    assert read(ndp(router_solicitation(), source="::", to="ff02::2")) == ()


def test_duplicate_address_detection_claims_nothing() -> None:
    said = AddressProbe(interface="eth0", ip=IPv6Address(HOST), sender_hw=mac(1), seen=NOW)
    assert one(address_probe()) == said


def test_of_several_link_layer_addresses_the_first_counts_as_in_kernels() -> None:
    options = link_layer(2, mac(2)) + link_layer(2, mac(3))
    assert one(ndp(advertisement(HOST, 0, options), source=HOST)) == neighbor("advertisement")


@pytest.mark.parametrize(
    "body",
    [
        solicitation(HOST),
        advertisement(HOST, 0x20),
        router_solicitation(),
        bytes([137]) + bytes(39),
        bytes([128]) + bytes(7),
    ],
    ids=["NS", "NA", "RS", "redirect", "echo"],
)
def test_without_a_link_layer_address_nothing_is_claimed(body: bytes) -> None:
    assert read(ndp(body, source=HOST)) == ()


def test_a_router_advertises_prefixes_and_a_lifetime() -> None:
    assert one(ADVERT) == RouterAdvert(
        interface="eth0",
        router=IPv6Address(ROUTER),
        sender_hw=mac(9),
        frame_source=mac(1),
        lifetime=1800,
        prefixes=(IPv6Network("2001:db8::/64"),),
        seen=NOW,
    )


def test_a_router_without_link_layer_option_is_known_by_its_frame() -> None:
    options = bytes([5, 1, 0, 0, 0, 0, 5, 0xDC]) + prefix("2001:db8::1", 64) + prefix("::", 0)
    said = one(ndp(router_advertisement(0, options), source=ROUTER))
    assert isinstance(said, RouterAdvert)
    assert (said.sender_hw, said.lifetime) == (mac(1), 0)
    assert said.prefixes == (IPv6Network("2001:db8::/64"), IPv6Network("::/0"))


WRONG_SIZE = bytes([1, 2]) + bytes(14)  # of no address of Ethernet's


@pytest.mark.parametrize(
    "body",
    [
        solicitation(HOST, WRONG_SIZE),
        router_solicitation(WRONG_SIZE),
        advertisement(HOST, 0x20, b"\x02" + WRONG_SIZE[1:]),
    ],
    ids=["NS", "RS", "NA"],
)
def test_a_link_layer_address_of_another_size_is_none(body: bytes) -> None:
    assert read(ndp(body, source=HOST)) == ()
    right = link_layer(2 if body[0] == 136 else 1, mac(2))
    (said,) = read(ndp(body + right, source=HOST))
    assert isinstance(said, NeighborClaim)
    assert said.sender_hw == mac(2)


def test_a_router_whose_link_layer_address_is_of_another_size_is_known_by_its_frame() -> None:
    said = one(ndp(router_advertisement(0, WRONG_SIZE), source=ROUTER))
    assert isinstance(said, RouterAdvert)
    assert (said.sender_hw, said.lifetime) == (mac(1), 0)


# Whatever stands there, not zero long: it has no place in an advertisement of a neighbour.
foreign_options = st.lists(
    st.builds(
        lambda kind, units, octet: bytes([kind, units]) + bytes([octet]) * (units * 8 - 2),
        st.integers(0, 255).filter(lambda kind: kind != 2),
        st.integers(1, 6),
        st.integers(0, 255),
    ),
    max_size=6,
).map(b"".join)


@given(foreign_options, foreign_options)
@example(b"", bytes([3, 1]) + bytes(6))
@example(WRONG_SIZE, prefix("::", 129))
def test_no_option_beside_it_hides_a_claim(before: bytes, after: bytes) -> None:
    options = before + link_layer(2, mac(2)) + after
    said = one(ndp(advertisement(HOST, 0x20, options), source=ROUTER))
    assert said == neighbor("advertisement", override=True)


@pytest.mark.parametrize(
    "wrong",
    [prefix("2001:db8:1::", 129), prefix("2001:db8:1::", 255), bytes([3, 1]) + bytes(6)],
    ids=["129", "255", "short"],
)
def test_a_prefix_that_is_none_is_left_out_of_what_a_router_advertises(wrong: bytes) -> None:
    right = prefix("2001:db8::", 64), prefix("2001:db8:2::", 128)
    said = one(ndp(router_advertisement(1800, right[0] + wrong + right[1]), source=ROUTER))
    assert isinstance(said, RouterAdvert)
    assert said.prefixes == (IPv6Network("2001:db8::/64"), IPv6Network("2001:db8:2::/128"))


def test_a_prefix_option_that_is_longer_than_it_must_be_is_read_as_by_kernels() -> None:
    longer = bytes([3, 5]) + prefix("2001:db8::", 64)[2:] + bytes(8)
    said = one(ndp(router_advertisement(1800, longer), source=ROUTER))
    assert isinstance(said, RouterAdvert)
    assert said.prefixes == (IPv6Network("2001:db8::/64"),)


def wrong_checksum(octets: bytes) -> bytes:
    return octets[:56] + bytes([octets[56] ^ 1]) + octets[57:]


@pytest.mark.parametrize(
    ("octets", "complaint"),
    [
        (ndp(solicitation(HOST, link_layer(1, mac(1))), source=HOST, hop_limit=254), "hop limit"),
        (wrong_checksum(neighbor_advertisement()), "checksum"),
        (ndp(b"\x87\x01" + solicitation(HOST)[2:], source=HOST), "code 01"),
        (ndp(solicitation(HOST)[:20], source=HOST), "of 20 octets"),
        (ndp(solicitation("ff02::1"), source=HOST), "no station's"),
        (ndp(solicitation("::"), source=HOST), "no station's"),
        (ndp(solicitation(HOST, link_layer(1, mac(1))), source="ff02::1"), "no station's"),
        (ndp(solicitation(HOST), source="::"), "duplicate address detection"),
        (
            ndp(solicitation(HOST, link_layer(1, mac(1))), source="::", to="ff02::1:ff00:5"),
            "duplicate address detection",
        ),
        (ndp(advertisement(HOST, 0x40, link_layer(2, mac(1))), source=HOST), "solicited"),
        (ndp(router_advertisement(1800), source=HOST), "not link-local"),
        (ndp(solicitation(HOST, bytes([1, 0])), source=HOST), "option 1 of 0"),
        (ndp(solicitation(HOST, bytes([1])), source=HOST), "option 1 of 0"),
        (ndp(solicitation(HOST, bytes([9, 9]) + bytes(6)), source=HOST), "option 9 of 72"),
        (ndp(router_solicitation(link_layer(1, mac(1))), source="::", to="ff02::2"), "6.1.1"),
        (ndp(router_solicitation(bytes([9, 0])), source=HOST), "option 9 of 0"),
        (ndp(router_solicitation(link_layer(1, mac(1))), source="ff02::1"), "no station's"),
        (ndp(solicitation(HOST, WRONG_SIZE), source="::", to="ff02::1:ff00:5"), "7.1.1"),
        (ndp(advertisement(HOST, 0, link_layer(2, mac(2)) + bytes([3, 0])), source=HOST), "of 0"),
        (ndp(router_advertisement(1, prefix("::", 64) + bytes([3, 0])), source=ROUTER), "of 0"),
        (ethernet(IPV6, ipv6(58, b"", source=HOST, to=HOST)), "without a type"),
    ],
)
def test_what_stations_throw_away_is_malformed(octets: bytes, complaint: str) -> None:
    with pytest.raises(Malformed, match=complaint):
        read(octets)


def behind(octets: bytes, *headers: tuple[int, bytes]) -> bytes:
    """Put extension headers (number, octets from the second on) before a frame's ICMPv6."""
    following = [number for number, _ in headers[1:]] + [58]
    before = b"".join(
        bytes([after]) + rest for after, (_, rest) in zip(following, headers, strict=True)
    )
    first = headers[0][0]
    length = int.from_bytes(octets[18:20]) + len(before)
    head = octets[:18] + length.to_bytes(2) + bytes([first]) + octets[21:54]
    return head + before + octets[54:]


NOTHING = bytes(7)


@pytest.mark.parametrize("number", [0, 43, 60])
def test_ndp_does_not_hide_behind_extension_headers(number: int) -> None:
    advert = neighbor_advertisement()
    assert read(behind(advert, (number, NOTHING))) == read(advert)
    assert read(behind(advert, *[(number, NOTHING)] * 8)) == read(advert)
    assert read(behind(advert, *[(number, NOTHING)] * 180)) == read(advert)
    assert read(behind(advert, (number, b"\x01" + bytes(14)))) == read(advert)


@pytest.mark.parametrize(
    "headers",
    [
        [(44, bytes(7))],
        [(44, bytes([0, 0, 1, 0, 0, 0, 0]))],
        [(0, NOTHING), (44, bytes(7))],
        [(60, NOTHING)] * 9 + [(44, bytes(7))] + [(60, NOTHING)] * 9,
        [(60, b"\xff" + bytes(6))],
        [(60, NOTHING)] * 9 + [(60, b"\xff" + bytes(6))],
    ],
    ids=["atomic", "first", "behind options", "between options", "overlong", "overlong at last"],
)
def test_ndp_in_fragments_or_behind_an_overlong_header_is_malformed(
    headers: list[tuple[int, bytes]],
) -> None:
    with pytest.raises(Malformed):
        read(behind(neighbor_advertisement(), *headers))


def test_a_later_fragment_says_nothing() -> None:
    later = bytes([0, 0x01, 0x00, 0, 0, 0, 0])
    assert read(behind(neighbor_advertisement(), (44, later))) == ()


@given(st.binary(max_size=120), st.sampled_from([ETHERNET, LINUX_SLL, LINUX_SLL2]))
@example(b"", ETHERNET)
@example(REQUEST[:13], ETHERNET)
def test_no_octets_raise_anything_but_malformed(octets: bytes, link_type: int) -> None:
    with suppress(Malformed):
        read(octets, link_type)


@given(
    st.sampled_from(sorted(GOOD)),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_a_frame_with_wrong_octets_is_parsed_or_malformed(
    name: str, changes: list[tuple[int, int]]
) -> None:
    octets = bytearray(GOOD[name])
    for at, octet in changes:
        octets[at % len(octets)] = octet
    with suppress(Malformed):
        read(bytes(octets))


protocols = st.sampled_from([(IPV4, 17), (IPV4, 112), (IPV6, 58), (IPV6, 112), (IPV6, 17)])


@given(protocols, st.binary(max_size=80), st.sampled_from([133, 134, 135, 136, 137, 0x21, 0x31]))
def test_no_body_within_good_headers_raises_anything_but_malformed(
    protocol: tuple[bytes, int], rest: bytes, first: int
) -> None:
    kind, number = protocol
    body = bytes([first]) + rest
    if number == 58:
        octets = ndp(body.ljust(4, b"\0"), source="fe80::1")
    elif kind == IPV4:
        to = "224.0.0.2" if number == 17 else "224.0.0.18"
        octets = ethernet(IPV4, ipv4(number, body, source="192.0.2.2", to=to))
    else:
        to = "ff02::66" if number == 17 else "ff02::12"
        octets = ethernet(IPV6, ipv6(number, body, source="fe80::2", to=to))
    with suppress(Malformed):
        read(octets)


@pytest.mark.parametrize("octets", GOOD.values(), ids=GOOD)
def test_a_frame_cut_anywhere_says_nothing_or_the_same(octets: bytes) -> None:
    whole = read(octets)
    for cut in range(len(octets)):
        with suppress(Malformed):
            assert read(octets[:cut]) == ()
    assert read(octets + bytes(20)) == whole


CHECKED = {name: octets for name, octets in GOOD.items() if not name.startswith(("ARP", "HSRP"))}


@pytest.mark.parametrize("octets", CHECKED.values(), ids=CHECKED)
def test_one_wrong_bit_in_what_a_checksum_covers_is_never_heard(octets: bytes) -> None:
    covered = range(22 if octets[12:14] == IPV6 else 14, len(octets))
    for at in covered:
        wrong = octets[:at] + bytes([octets[at] ^ 4]) + octets[at + 1 :]
        with suppress(Malformed):
            assert read(wrong) == ()


@pytest.mark.parametrize(
    ("octets", "concerns"),
    [
        (ethernet(IPV4, ipv4(6, bytes(20), source="192.0.2.1", to="192.0.2.2")), False),
        (ethernet(IPV4, ipv4(17, bytes(20), source="192.0.2.1", to="192.0.2.2")), False),
        (ethernet(IPV6, ipv6(6, bytes(20), source=HOST, to=HOST)), False),
        (ethernet(IPV6, ipv6(17, bytes(20), source=HOST, to=HOST)), False),
        (ethernet(b"\x88\xcc", bytes(40)), False),
        (REQUEST, True),
    ],
)
def test_other_traffic_is_passed_over_at_a_glance_tagged_or_not(
    octets: bytes, *, concerns: bool
) -> None:
    assert may_concern(octets, ETHERNET) is concerns
    assert may_concern(tagged(octets, 5), ETHERNET) is concerns
    assert may_concern(tagged(octets, 5, 6), ETHERNET) is concerns
    assert may_concern(cooked(octets), LINUX_SLL) is concerns
    assert may_concern(cooked2(octets), LINUX_SLL2) is concerns
