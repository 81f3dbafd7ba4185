import threading
from collections.abc import Collection, Mapping
from ipaddress import IPv4Address
from itertools import pairwise
from time import monotonic

import pytest

from netguard import clock
from netguard.lab import namespaces
from probes import arp
from probes.arp import ArpFrame, craft
from probes.errors import LinkError, ProbeError
from probes.heard import ClaimTest
from probes.records import IPAddress
from tests.segment import (
    BROADCAST,
    NETWORK,
    OWN,
    OWN_MAC,
    Segment,
    Tap,
    address,
    claims_to_have,
    mac,
    proxy,
    repeating,
    request,
)

pytestmark = pytest.mark.packets

CANARY = address(28)
DISPUTED = address(9)


def retest(
    fd: int,
    disputes: Mapping[IPv4Address, Collection[str]],
    *,
    others: Mapping[str, Collection[IPv4Address]] | None = None,
    spacing: float = 0.1,
    **options: object,
) -> dict[tuple[IPAddress, str], ClaimTest]:
    with namespaces.entered(fd):
        tests = arp.retest(
            "eth1",
            disputes,
            others=others or {},
            canaries=[CANARY],
            clock=clock.now,
            spacing=spacing,
            **options,  # type: ignore[arg-type]  # forwarded
        )
    return {(test.address, test.station): test for test in tests}


def counts(test: ClaimTest) -> tuple[int, int]:
    return test.broadcast_answers, test.unicast_answers


def test_two_real_hosts_both_stand_in_every_round_and_are_not_one_host() -> None:
    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 9, 1)
        segment.host(2, 9, 2)
        others = {mac(1): [DISPUTED, address(1)], mac(2): [DISPUTED, address(2)]}
        tests = retest(prober, {DISPUTED: {mac(1), mac(2)}}, others=others, spacing=1.0)
    assert set(tests) == {(DISPUTED, mac(1)), (DISPUTED, mac(2))}
    for test in tests.values():
        assert (test.rounds, *counts(test)) == (3, 3, 3)
        assert test.cross_claims == ()
        assert test.canary is None


@pytest.mark.parametrize("delay", [0.3, 0.8])
def test_a_slow_claimant_is_credited_for_each_kind_of_question(delay: float) -> None:
    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 9)
        segment.station(2, claims_to_have(DISPUTED, hw=mac(2)), delay=delay)
        tests = retest(prober, {DISPUTED: {mac(1), mac(2)}})
    fast, slow = tests[DISPUTED, mac(1)], tests[DISPUTED, mac(2)]
    assert counts(fast) == counts(slow) == (3, 3)
    assert slow.broadcast_delay == pytest.approx(delay, abs=0.1)
    assert slow.unicast_delay == pytest.approx(delay, abs=0.1)
    assert fast.broadcast_delay is not None
    assert fast.broadcast_delay < 0.1


def test_arp_flux_shows_in_cross_claims() -> None:
    with Segment() as segment:
        prober, host = segment.prober(), segment.namespace()
        segment.card(host, mac(1), str(address(1)), name="eth0")
        segment.card(host, mac(2), str(address(2)), name="eth1")
        both = {mac(1), mac(2)}
        others = {hw: [address(1), address(2)] for hw in both}
        tests = retest(prober, {address(1): both, address(2): both}, others=others)
    assert tests[address(1), mac(1)].cross_claims == (address(2),)
    assert tests[address(1), mac(2)].cross_claims == (address(2),)
    assert tests[address(2), mac(1)].cross_claims == (address(1),)
    assert all(counts(test) == (3, 3) for test in tests.values())


def test_flux_shows_although_only_one_of_its_addresses_is_in_dispute() -> None:
    with Segment() as segment:
        prober, host = segment.prober(), segment.namespace()
        segment.card(host, mac(1), str(address(1)), name="eth0")
        segment.card(host, mac(2), str(address(2)), name="eth1")
        others = {mac(1): [address(1)], mac(2): [address(2)]}
        tests = retest(prober, {address(1): {mac(1), mac(2)}}, others=others)
    assert tests[address(1), mac(1)].cross_claims == (address(2),)


def test_a_proxy_answers_for_a_canary_late_to_all_and_at_once_when_asked_alone() -> None:
    with Segment() as segment:
        prober, router = segment.prober(), segment.host(1, 1)
        proxy(segment, router)
        segment.host(2, 9)
        tests = retest(prober, {DISPUTED: {mac(1), mac(2)}})
    proxied, real = tests[DISPUTED, mac(1)], tests[DISPUTED, mac(2)]
    assert proxied.canary == CANARY
    assert counts(proxied) == (3, 3)
    assert proxied.broadcast_delay is not None
    assert proxied.unicast_delay is not None
    assert proxied.unicast_delay < 0.05 < proxied.broadcast_delay
    assert (real.canary, counts(real)) == (None, (3, 3))


def test_the_old_station_of_a_handed_over_address_is_silent_also_when_asked_alone() -> None:
    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 1)
        segment.host(2, 9)
        tests = retest(prober, {DISPUTED: {mac(1), mac(2)}})
    old, new = tests[DISPUTED, mac(1)], tests[DISPUTED, mac(2)]
    assert counts(old) == (0, 0)
    assert (old.broadcast_delay, old.unicast_delay) == (None, None)
    assert counts(new) == (3, 3)


def test_one_that_answers_only_everybodys_question_is_told_apart() -> None:
    def shy(asked: ArpFrame) -> ArpFrame | None:
        everybody = asked.frame_destination == BROADCAST
        return claims_to_have(DISPUTED, hw=mac(2))(asked) if everybody else None

    with Segment() as segment:
        prober = segment.prober()
        segment.station(2, shy)
        tests = retest(prober, {DISPUTED: {mac(2)}})
    assert counts(tests[DISPUTED, mac(2)]) == (3, 0)


def test_one_that_answers_many_times_counts_once_a_round() -> None:
    with Segment() as segment:
        prober, chatty = segment.prober(), segment.namespace()
        segment.card(chatty, mac(2))
        answer = claims_to_have(DISPUTED, hw=mac(2))
        for _ in range(3):
            segment.answer(chatty, answer)
        tests = retest(prober, {DISPUTED: {mac(2)}})
    assert counts(tests[DISPUTED, mac(2)]) == (3, 3)


def test_a_claimant_that_turns_up_on_the_way_gets_its_record() -> None:
    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 9)
        segment.host(2, 9)
        tests = retest(prober, {DISPUTED: {mac(1)}})
    assert counts(tests[DISPUTED, mac(2)]) == (3, 3)


def test_an_address_of_unknown_claimants_is_listened_to_for_the_whole_time() -> None:
    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 9)
        segment.station(2, claims_to_have(DISPUTED, hw=mac(2)), delay=0.5)
        tests = retest(prober, {DISPUTED: ()}, rounds=1)
    assert {station: counts(test) for (_, station), test in tests.items()} == {
        mac(1): (1, 1),
        mac(2): (1, 1),
    }


def test_nobody_there_means_no_record() -> None:
    with Segment() as segment:
        assert retest(segment.prober(), {DISPUTED: ()}, rounds=1) == {}


def test_probes_and_announcements_by_others_are_no_answers() -> None:
    said = [
        request(mac(5), IPv4Address(0), DISPUTED),
        request(mac(5), DISPUTED, DISPUTED),
        request(mac(5), DISPUTED, OWN),
    ]
    with Segment() as segment:
        prober, host = segment.prober(), segment.host(5)
        with repeating(host, [craft(frame) for frame in said]):
            tests = retest(prober, {DISPUTED: {mac(5)}}, rounds=1)
    assert counts(tests[DISPUTED, mac(5)]) == (0, 0)


def test_our_own_macs_are_no_claimants() -> None:
    with Segment() as segment:
        prober = segment.prober()
        segment.card(prober, mac(0x60), str(DISPUTED), name="eth2")
        tests = retest(prober, {DISPUTED: {mac(0x60)}}, rounds=1)
    assert tests == {}


def test_who_has_our_own_address_is_asked_by_probe() -> None:
    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 30)
        with Tap(segment.switch, "port1") as tap:
            tests = retest(prober, {OWN: {mac(1)}})
            probes = [frame for _, frame in tap.frames() if frame.target_ip == OWN]
    assert counts(tests[OWN, mac(1)]) == (3, 3)
    assert {frame.sender_ip for frame in probes} == {IPv4Address(0)}
    assert len(probes) == 6


def test_many_disputes_are_settled_together_and_no_faster_than_the_pace() -> None:
    disputed = [address(number) for number in range(1, 25)]
    with Segment() as segment:
        prober = segment.prober()
        segment.host(0x41, *range(1, 25))
        segment.host(0x42, *range(1, 25))
        began = monotonic()
        with Tap(segment.switch, "port1") as tap:
            tests = retest(prober, dict.fromkeys(disputed, (mac(0x41), mac(0x42))), pace=200)
            sent = [at for at, frame in tap.frames() if frame.frame_source == OWN_MAC]
        took = monotonic() - began
    assert len(tests) == 48
    assert all(counts(test) == (3, 3) for test in tests.values())
    assert all(b - a >= 1 / 200 - 1e-4 for a, b in pairwise(sent))
    assert took < 6


def test_rounds_are_apart_and_it_listens_on_after_the_last_question() -> None:
    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 9)
        began = monotonic()
        with Tap(segment.switch, "port1") as tap:
            retest(prober, {DISPUTED: {mac(1)}}, rounds=3, spacing=0.7)
            took = monotonic() - began
            asked = [
                at
                for at, frame in tap.frames()
                if (frame.frame_destination, frame.target_ip) == (BROADCAST, DISPUTED)
            ]
    assert len(asked) == 3
    assert all(0.7 <= gap < 0.9 for gap in (b - a for a, b in pairwise(asked)))
    assert took >= 2 * 0.7 + 1.0


def test_a_flood_of_claimants_is_bounded() -> None:
    flood = [
        craft(
            ArpFrame(
                frame_destination=OWN_MAC,
                frame_source=mac(5),
                operation=2,
                sender_hw=f"02:00:00:00:00:{number:02x}",
                sender_ip=DISPUTED,
                target_hw=OWN_MAC,
                target_ip=OWN,
            )
        )
        for number in range(200)
    ]
    with Segment() as segment:
        prober, host = segment.prober(), segment.host(5)
        with repeating(host, flood):
            tests = retest(prober, {DISPUTED: {mac(1)}}, rounds=1)
    assert len(tests) == 32
    assert (DISPUTED, mac(1)) in tests


def test_it_stops_soon_when_told_to() -> None:
    stop = threading.Event()
    stop.set()
    with Segment() as segment, pytest.raises(ProbeError, match="stopped"):
        retest(segment.prober(), {DISPUTED: {mac(1)}}, stop=stop)


def test_progress_counts_the_rounds() -> None:
    told: list[tuple[int, int]] = []
    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 9)
        retest(
            prober,
            {DISPUTED: {mac(1)}},
            rounds=2,
            progress=lambda done, of: told.append((done, of)),
        )
    assert told == [(1, 2), (2, 2)]


def test_without_an_address_there_is_no_honest_question() -> None:
    with Segment() as segment:
        prober = segment.namespace()
        segment.card(prober, OWN_MAC, name="eth1")
        with pytest.raises(LinkError, match="no IPv4 address"):
            retest(prober, {DISPUTED: {mac(1)}})


def test_an_address_outside_our_network_is_asked_from_our_first() -> None:
    stranger = IPv4Address("203.0.113.9")
    with Segment() as segment:
        prober = segment.prober()
        segment.station(2, claims_to_have(stranger, hw=mac(2)))
        with Tap(segment.switch, "port1") as tap:
            tests = retest(prober, {stranger: {mac(2)}}, rounds=1)
            senders = {f.sender_ip for _, f in tap.frames() if f.target_ip == stranger}
    assert counts(tests[stranger, mac(2)]) == (1, 1)
    assert senders == {OWN}
    assert stranger not in NETWORK
