from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from netguard.hearing.claim import ADVERT, Claim, Place
from netguard.hearing.doubts import CLAIMANTS, WAITING, Doubt, Doubts, Known
from probes.records import IPAddress

START = datetime(2026, 1, 1, tzinfo=UTC)
GATEWAY, HOST, FREE = (IPv4Address(f"198.51.100.{n}") for n in (1, 20, 99))
ROUTER, ONE, OTHER, THIRD = (f"00:00:5e:00:53:{n:02x}" for n in (1, 0x20, 0x21, 0x22))
KNOWN = Known(
    networks=(ip_network("198.51.100.0/25"), ip_network("2001:db8::/64")),
    gateways={GATEWAY: frozenset({ROUTER})},
    is_expected=lambda address: address != FREE,
)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def claim(address: IPAddress, mac: str, seconds: float = 0) -> Claim:
    place = Place(address, None, "eth1")
    return Claim(place=place, mac=mac, how="announcement", told=None, seen=at(seconds))


def heard(doubts: Doubts, *claims: Claim) -> list[Doubt]:
    return [doubt for each in claims if (doubt := doubts.hear(each)) is not None]


def settled(doubts: Doubts, doubt: Doubt, answering: Iterable[str], seconds: float) -> None:
    doubts.take(99, urgent=doubt.urgent)
    doubts.answered(doubt, frozenset(answering), at(seconds), found=False)


def test_who_is_alone_on_an_address_raises_no_doubt() -> None:
    doubts = Doubts(KNOWN)
    assert heard(doubts, *(claim(HOST, ONE, n) for n in range(5))) == []


def test_a_second_station_is_asked_about_together_with_the_first() -> None:
    doubts = Doubts(KNOWN)
    (doubt,) = heard(doubts, claim(HOST, ONE), claim(HOST, OTHER, 1), claim(HOST, ONE, 2))
    assert doubt == Doubt(HOST, frozenset({ONE, OTHER}), urgent=False)
    assert doubts.take(9, urgent=False) == (doubt,)
    assert doubts.take(9, urgent=False) == ()


def test_who_was_found_by_asking_counts_as_heard() -> None:
    doubts = Doubts(KNOWN)
    doubts.learn({HOST: [ONE]}, at(0))
    (doubt,) = heard(doubts, claim(HOST, OTHER, 60))
    assert doubt.stations == {ONE, OTHER}


def test_who_was_not_heard_for_long_has_left() -> None:
    doubts = Doubts(KNOWN)
    doubts.learn({HOST: [ONE]}, at(0))
    assert heard(doubts, claim(HOST, OTHER, 3600)) == []


def test_a_gateways_own_station_is_no_doubt_and_any_other_is_urgent() -> None:
    doubts = Doubts(KNOWN)
    (doubt,) = heard(doubts, claim(GATEWAY, ROUTER), claim(GATEWAY, OTHER, 1))
    assert doubt == Doubt(GATEWAY, frozenset({OTHER}), urgent=True)
    assert doubts.take(9, urgent=False) == ()
    assert doubts.take(9, urgent=True) == (doubt,)


def advert(option: str, source: str, seconds: float = 0) -> Claim:
    said = claim(GATEWAY, option, seconds)
    return replace(said, how=ADVERT, source=None if source == option else source)


def test_who_advertises_in_a_gateways_name_from_a_frame_of_its_own_is_asked_about() -> None:
    (doubt,) = heard(Doubts(KNOWN), advert(ROUTER, ROUTER), advert(ROUTER, OTHER, 1))
    assert doubt == Doubt(GATEWAY, frozenset({OTHER}), urgent=True)


def test_a_gateway_that_advertises_one_of_its_macs_from_the_other_is_no_doubt() -> None:
    known = replace(KNOWN, gateways={GATEWAY: frozenset({ROUTER, ONE})})
    assert heard(Doubts(known), advert(ROUTER, ONE), advert(ONE, ROUTER, 1)) == []


def test_an_address_that_is_nobodys_is_asked_about_at_once() -> None:
    (doubt,) = heard(Doubts(KNOWN), claim(FREE, ONE), claim(FREE, ONE, 1))
    assert doubt.stations == {ONE}


def test_addresses_of_other_networks_concern_nobody() -> None:
    elsewhere = ip_address("203.0.113.5")
    assert heard(Doubts(KNOWN), claim(elsewhere, ONE), claim(elsewhere, OTHER)) == []


@pytest.mark.parametrize("edge", ["198.51.100.0", "198.51.100.127", "2001:db8::"])
def test_who_answers_for_a_whole_network_concerns_nobody(edge: str) -> None:
    known = replace(KNOWN, is_expected=lambda _: False)
    assert heard(Doubts(known), claim(ip_address(edge), ONE), claim(ip_address(edge), OTHER)) == []


def test_what_came_to_nothing_is_asked_about_less_and_less_often() -> None:
    doubts = Doubts(KNOWN)
    doubts.learn({HOST: [ONE, OTHER]}, at(0))
    asked = []
    for second in range(600):
        for doubt in heard(doubts, claim(HOST, (ONE, OTHER)[second % 2], second)):
            asked.append(second)
            settled(doubts, doubt, {ONE, OTHER}, second)
    gaps = [b - a for a, b in pairwise(asked)]
    assert gaps == sorted(gaps)
    assert len(asked) < 10


def test_a_new_station_is_asked_about_although_others_were() -> None:
    doubts = Doubts(KNOWN)
    doubts.learn({HOST: [ONE]}, at(0))
    (first,) = heard(doubts, claim(HOST, OTHER, 1))
    settled(doubts, first, {ONE, OTHER}, 1)
    assert heard(doubts, claim(HOST, OTHER, 2)) == []
    (second,) = heard(doubts, claim(HOST, THIRD, 7))
    assert THIRD in second.stations


def test_a_handover_leaves_the_new_station_alone_on_the_address() -> None:
    doubts = Doubts(KNOWN)
    doubts.learn({HOST: [ONE]}, at(0))
    (doubt,) = heard(doubts, claim(HOST, OTHER, 1))
    settled(doubts, doubt, {OTHER}, 2)
    assert heard(doubts, *(claim(HOST, OTHER, n) for n in range(3, 900, 30))) == []


def test_a_clock_that_was_set_back_does_not_silence_a_doubt() -> None:
    doubts = Doubts(KNOWN)
    (doubt,) = heard(doubts, claim(GATEWAY, OTHER, 10_000))
    settled(doubts, doubt, {ROUTER}, 10_000)
    assert heard(doubts, claim(GATEWAY, OTHER, 5)) != []


def test_a_notice_of_a_device_raises_a_doubt_about_all_who_are_known() -> None:
    doubts = Doubts(KNOWN)
    doubts.learn({HOST: [ONE]}, at(0))
    assert doubts.suspect(HOST, [OTHER], at(1)) == Doubt(HOST, frozenset({ONE, OTHER}), False)  # noqa: FBT003
    doubt = doubts.suspect(GATEWAY, [OTHER], at(1))
    assert doubt == Doubt(GATEWAY, frozenset({OTHER}), True)  # noqa: FBT003


def test_a_flood_of_addresses_is_bounded_and_a_gateways_doubt_still_finds_room() -> None:
    doubts = Doubts(KNOWN, room=100)
    first = int(IPv6Address("2001:db8::1"))
    for number in range(5000):
        address = IPv6Address(first + number)
        doubts.hear(claim(address, ONE, number / 1000))
        doubts.hear(claim(address, OTHER, number / 1000))
    assert doubts.dropped == 5000 - WAITING  # and none of them while only one had claimed it
    (doubt,) = heard(doubts, claim(GATEWAY, OTHER, 6))
    assert doubts.take(9, urgent=True) == (doubt,)


def test_a_station_that_is_another_every_few_minutes_costs_no_memory() -> None:
    doubts = Doubts(KNOWN)
    for number in range(1000):
        doubts.hear(claim(HOST, f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}", number * 300))
    assert len(doubts._users[HOST]) <= CLAIMANTS


def test_a_flood_of_stations_on_a_gateway_asks_about_a_few_a_second() -> None:
    doubts = Doubts(KNOWN)
    asked = []
    for number in range(20_000):
        mac = f"00:00:5e:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
        for doubt in heard(doubts, claim(GATEWAY, mac, number / 2000)):
            assert len(doubt.stations) <= CLAIMANTS
            asked.append(number)
            settled(doubts, doubt, {ROUTER}, number / 2000)
    assert len(asked) <= 11


@given(
    st.lists(
        st.tuples(
            st.sampled_from([GATEWAY, HOST, FREE]),
            st.sampled_from([ROUTER, ONE, OTHER, THIRD]),
            st.floats(-1e6, 1e6),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_whatever_is_heard_each_doubt_waits_once_and_names_who_raised_it(
    turns: list[tuple[IPv4Address, str, float, bool]],
) -> None:
    doubts = Doubts(KNOWN)
    waiting: set[IPAddress] = set()
    for address, mac, seconds, asked in turns:
        doubt = doubts.hear(claim(address, mac, seconds))
        if doubt is not None:
            assert mac in doubt.stations
            assert address not in waiting
            waiting.add(address)
        if asked:
            for taken in (*doubts.take(9, urgent=True), *doubts.take(9, urgent=False)):
                waiting.discard(taken.address)
                doubts.answered(taken, taken.stations, at(seconds), found=False)
