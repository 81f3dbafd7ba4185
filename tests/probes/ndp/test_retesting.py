import threading
from collections.abc import Collection, Mapping
from ipaddress import IPv6Address

import pytest

from netguard import clock
from netguard.lab import namespaces
from probes import ndp
from probes.errors import LinkError, ProbeError
from probes.heard import ClaimTest
from tests.probes.listen.crafting import link_layer, router_solicitation, tagged
from tests.probes.listen.crafting import solicitation as question
from tests.probes.ndp.place import (
    OVERRIDE,
    OWN,
    Asked,
    address,
    advertised,
    announced,
    answering,
    claims,
    host,
    is_solicitation,
    link_local,
    prober,
    speak_ipv6,
    tapped,
)
from tests.probes.ndp.test_frames import HOSTILE, asked
from tests.segment import OWN_MAC, Segment, mac, repeating, sysctl

pytestmark = pytest.mark.packets

DISPUTED = address(9)
NOTHING: tuple[str, ...] = ()


def retest(
    fd: int,
    disputes: Mapping[IPv6Address, Collection[str]],
    *,
    spacing: float = 0.1,
    **options: object,
) -> dict[str, ClaimTest]:
    """Return the records by their station: nearly every test is about one address."""
    with namespaces.entered(fd):
        tests = ndp.retest(
            "eth1",
            disputes,
            clock=clock.now,
            spacing=spacing,
            **options,  # type: ignore[arg-type]  # forwarded
        )
    assert {test.address for test in tests} <= set(disputes)
    return {test.station: test for test in tests}


def counts(test: ClaimTest) -> tuple[int, int]:
    return test.broadcast_answers, test.unicast_answers


def test_the_one_owner_answers_every_question() -> None:
    with Segment() as segment:
        here = prober(segment)
        host(segment, 1, 9)
        tests = retest(here, {DISPUTED: {mac(1)}}, spacing=1.0)
    assert set(tests) == {mac(1)}
    owner = tests[mac(1)]
    assert (owner.rounds, *counts(owner), owner.still_answers) == (3, 3, 3, True)
    assert owner.broadcast_delay is not None
    assert owner.unicast_delay is not None
    assert (owner.cross_claims, owner.cross_silent, owner.canary) == ((), (), None)


def test_two_owners_of_one_address_both_stand_in_every_round() -> None:
    with Segment() as segment:
        here = prober(segment)
        host(segment, 1, 9)
        host(segment, 2, 9)
        tests = retest(here, {DISPUTED: {mac(1), mac(2)}})
    assert {who: counts(test) for who, test in tests.items()} == {mac(1): (3, 3), mac(2): (3, 3)}


def test_a_claimant_that_turns_up_on_the_way_gets_its_record() -> None:
    with Segment() as segment:
        here = prober(segment)
        host(segment, 1, 9)
        host(segment, 2, 9)
        tests = retest(here, {DISPUTED: {mac(1)}})
    assert counts(tests[mac(2)]) == (3, 3)


def test_the_owners_of_a_link_local_address_are_asked_alike() -> None:
    shared = IPv6Address("fe80::1")
    with Segment() as segment:
        here = prober(segment)
        for number in (1, 2):
            speak_ipv6(segment, segment.host(number), "eth0", shared)
        tests = retest(here, {shared: NOTHING}, rounds=1)
    assert {who: counts(test) for who, test in tests.items()} == {mac(1): (1, 1), mac(2): (1, 1)}


@pytest.mark.parametrize("forwarding", ["0", "1"])
def test_a_station_that_has_the_address_no_more_is_silent_also_as_a_router(forwarding: str) -> None:
    with Segment() as segment:
        here = prober(segment)
        left = host(segment, 1, 1)
        sysctl(left, "ipv6/conf/all/forwarding", forwarding)
        host(segment, 2, 9)
        tests = retest(here, {DISPUTED: {mac(1), mac(2)}}, patience=0.5)
    assert (counts(tests[mac(1)]), tests[mac(1)].still_answers) == ((0, 0), False)
    assert tests[mac(1)].unasked_rounds == 0
    assert counts(tests[mac(2)]) == (3, 3)


def test_a_proxy_of_the_kernel_answers_late_to_all_and_at_once_when_asked_alone() -> None:
    with Segment() as segment:
        here = prober(segment)
        router = host(segment, 1, 1)
        sysctl(router, "ipv6/conf/all/forwarding", "1")
        sysctl(router, "ipv6/conf/eth0/proxy_ndp", "1")
        sysctl(router, "ipv6/conf/all/proxy_ndp", "1")
        with segment.ip(router) as ip:
            index = ip.link_lookup(ifname="eth0")[0]
            ip.link("add", ifname="behind", kind="bridge")
            behind = ip.link_lookup(ifname="behind")[0]
            ip.link("set", index=behind, state="up")
            sysctl(router, "ipv6/conf/behind/disable_ipv6", "0")
            ip.route("add", dst=f"{DISPUTED}/128", oif=behind)
            ip.neigh("add", dst=str(DISPUTED), ifindex=index, flags=8)  # NTF_PROXY
        tests = retest(here, {DISPUTED: {mac(1)}})
    assert counts(tests[mac(1)]) == (3, 3)


def test_a_station_that_is_silent_has_a_record_without_answers() -> None:
    with Segment() as segment:
        tests = retest(prober(segment), {DISPUTED: {mac(7)}}, rounds=1, patience=0.2)
    assert (counts(tests[mac(7)]), tests[mac(7)].broadcast_delay) == ((0, 0), None)


def test_nobody_there_means_no_record() -> None:
    with Segment() as segment:
        here = prober(segment)
        host(segment, 1, 1)
        assert retest(here, {DISPUTED: NOTHING}, rounds=1) == {}


def test_a_slow_claimant_is_credited_for_each_kind_of_question() -> None:
    with Segment() as segment:
        here, slow = prober(segment), segment.host(2)
        with answering(slow, claims(DISPUTED, mac(2)), delay=0.5):
            tests = retest(here, {DISPUTED: {mac(2)}}, patience=2.0)
    assert counts(tests[mac(2)]) == (3, 3)
    assert (tests[mac(2)].broadcast_delay or 0) >= 0.5
    assert (tests[mac(2)].unicast_delay or 0) >= 0.5


def test_who_is_asked_alone_need_not_name_itself() -> None:
    def shy(asked: Asked) -> bytes | None:
        return claims(DISPUTED, mac(2), named=False)(asked) if asked.alone else None

    with Segment() as segment:
        here, station = prober(segment), segment.host(2)
        with answering(station, shy):
            tests = retest(here, {DISPUTED: {mac(2)}}, patience=0.3)
    assert counts(tests[mac(2)]) == (0, 3)


def test_who_names_nobody_to_everybody_has_said_nothing() -> None:
    with Segment() as segment:
        here, station = prober(segment), segment.host(2)
        with answering(station, claims(DISPUTED, mac(2), named=False)):
            tests = retest(here, {DISPUTED: {mac(1)}}, patience=0.3)
    assert set(tests) == {mac(1)}


def test_a_forger_who_answers_too_stands_beside_the_owner() -> None:
    with Segment() as segment:
        here, forger = prober(segment), segment.host(0x66)
        host(segment, 1, 9)
        with answering(forger, claims(DISPUTED, mac(0x66))):
            tests = retest(here, {DISPUTED: NOTHING})
    assert {w: counts(t) for w, t in tests.items()} == {mac(1): (3, 3), mac(0x66): (3, 3)}


def announcing_by_question() -> bytes:
    body = question(str(OWN), link_layer(1, mac(0x66)))
    return asked(body, DISPUTED, OWN, mac(0x66), OWN_MAC)


def announcing_by_question_for_routers() -> bytes:
    body = router_solicitation(link_layer(1, mac(0x66)))
    return asked(body, DISPUTED, IPv6Address("ff02::2"), mac(0x66), "33:33:00:00:00:02")


@pytest.mark.parametrize(
    "frame",
    [
        announced(DISPUTED, mac(0x66)),
        advertised(DISPUTED, mac(0x66), to=link_local(OWN_MAC), flags=OVERRIDE),
        announcing_by_question(),
        announcing_by_question_for_routers(),
    ],
    ids=["announcement", "to another address of ours", "question", "question for routers"],
)
def test_a_forger_who_only_ever_announces_is_overheard(frame: bytes) -> None:
    with Segment() as segment:
        here, forger = prober(segment), segment.host(0x66)
        host(segment, 1, 9)
        with repeating(forger, [frame]):
            tests = retest(here, {DISPUTED: {mac(1)}}, patience=0.5)
    assert counts(tests[mac(1)]) == (3, 3)
    assert (counts(tests[mac(0x66)]), tests[mac(0x66)].unasked_rounds) == ((0, 0), 3)


def test_a_claim_behind_an_extension_header_is_a_claim() -> None:
    options = bytes([58, 0, 1, 4, 0, 0, 0, 0])  # padding, as RA guards are passed by
    with Segment() as segment:
        here, forger = prober(segment), segment.host(0x66)
        with repeating(forger, [advertised(DISPUTED, mac(0x66), before=options)]):
            tests = retest(here, {DISPUTED: NOTHING}, rounds=1)
    assert counts(tests[mac(0x66)]) == (1, 1)


def test_hostile_frames_and_other_vlans_claim_nothing() -> None:
    other_vlan = tagged(advertised(DISPUTED, mac(0x66)), 7)
    with Segment() as segment:
        here, forger = prober(segment), segment.host(0x66)
        host(segment, 1, 9)
        with repeating(forger, [*HOSTILE.values(), other_vlan]):
            tests = retest(here, {DISPUTED: NOTHING}, rounds=2)
    assert {who: counts(test) for who, test in tests.items()} == {mac(1): (2, 2)}


def test_a_flood_of_claimants_is_bounded_and_the_owner_is_found() -> None:
    flood = [advertised(DISPUTED, f"02:00:00:00:00:{number:02x}") for number in range(200)]
    with Segment() as segment:
        here, forger = prober(segment), segment.host(5)
        host(segment, 1, 9)
        with repeating(forger, flood):
            tests = retest(here, {DISPUTED: {mac(1)}}, rounds=1)
    assert len(tests) == 32
    assert counts(tests[mac(1)]) == (1, 1)


def test_a_flood_about_other_addresses_leaves_the_answers_whole() -> None:
    flood = [announced(address(0x1000 + number), mac(5)) for number in range(500)]
    with Segment() as segment:
        here, forger = prober(segment), segment.host(5)
        host(segment, 1, 9)
        with repeating(forger, flood, every=0.01):
            tests = retest(here, {DISPUTED: {mac(1)}})
    assert {who: counts(test) for who, test in tests.items()} == {mac(1): (3, 3)}


@pytest.mark.parametrize(
    ("target", "source"),
    [
        (DISPUTED, OWN),
        (IPv6Address("2001:db8:9::9"), link_local(OWN_MAC)),
        (IPv6Address("fe80::9"), link_local(OWN_MAC)),
    ],
    ids=["our network", "another network", "link-local"],
)
def test_the_question_comes_from_our_address_of_that_network_or_the_link_local_one(
    target: IPv6Address, source: IPv6Address
) -> None:
    with Segment() as segment:
        here = prober(segment)
        with tapped(segment.switch, "port1") as frames:
            retest(here, {target: {mac(1)}}, rounds=1, patience=0.2)
            sent = [Asked(f) for f in frames() if is_solicitation(f)]
    sent = [each for each in sent if each.target == target]
    assert {each.by for each in sent} == {source}
    assert [each.alone for each in sent] == [False, True]
    assert sent[1].to_hw == mac(1)


def test_our_own_addresses_are_not_asked_about() -> None:
    with Segment() as segment:
        here = prober(segment)
        segment.card(here, mac(0x60), name="eth2")
        speak_ipv6(segment, here, "eth2", address(0x60))
        own = {OWN, address(0x60), link_local(OWN_MAC)}
        with tapped(segment.switch, "port1") as frames:
            assert retest(here, dict.fromkeys(own, NOTHING)) == {}
            sent = {Asked(f).target for f in frames() if is_solicitation(f)}
    assert not sent & own


def test_the_link_local_address_of_another_card_of_ours_may_be_somebodys_here() -> None:
    shared = IPv6Address("fe80::1")
    with Segment() as segment, Segment() as elsewhere:
        here = prober(segment)
        elsewhere.card(here, mac(0x60), name="eth2")
        speak_ipv6(segment, here, "eth2", shared)
        speak_ipv6(segment, segment.host(1), "eth0", shared)
        tests = retest(here, {shared: NOTHING}, rounds=1)
    assert set(tests) == {mac(1)}


def test_our_own_macs_are_no_claimants() -> None:
    with Segment() as segment:
        tests = retest(prober(segment), {DISPUTED: {OWN_MAC}}, rounds=1, patience=0.2)
    assert tests == {}


def test_it_stops_soon_when_told_to() -> None:
    stop = threading.Event()
    stop.set()
    with Segment() as segment, pytest.raises(ProbeError, match="stopped"):
        retest(prober(segment), {DISPUTED: {mac(1)}}, stop=stop)


def test_without_ipv6_there_is_no_honest_question() -> None:
    with Segment() as segment:
        here = segment.prober()
        with pytest.raises(LinkError, match="no IPv6 address") as caught:
            retest(here, {DISPUTED: {mac(1)}})
    assert "sysctl -w net/ipv6/conf/eth1/disable_ipv6=0" in caught.value.remedy
