"""What is known of the ground: before listening begins, and learnt while it goes on."""

from collections.abc import Iterable
from datetime import timedelta
from ipaddress import ip_address, ip_network

import pytest
from msgspec.structs import replace

from netguard.findings import Finding
from netguard.hearing.ear import Ear, Ground
from probes.heard import Heard, RouterAdvert
from tests.building import mac
from tests.netguard.hearing.frames import (
    GATEWAY,
    IP,
    OTHER,
    OWNER,
    PINNED,
    ROUTER,
    SECOND,
    START,
    THIRD,
    arp,
    in_turns,
    na,
    ra,
)

UNPINNED = Ground(gateways={ip_address(GATEWAY): frozenset()})
VIRTUAL = "00:00:5e:00:02:05"
NETWORK = Ground(networks=(ip_network("198.51.100.0/25"),))


def hear(ear: Ear, *frames: Heard) -> list[Finding]:
    for frame in frames:
        ear.hear(frame)
    return list(ear.findings(frames[-1].seen))


def kinds(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(finding.kind, finding.state) for finding in findings]


# --- learnt while listening


def test_who_claimed_a_gateway_before_it_was_known_is_found_as_soon_as_he_speaks_again() -> None:
    ear = Ear(UNPINNED)
    assert hear(ear, arp(0, mac(1), GATEWAY), arp(1, SECOND, GATEWAY)) == []
    ear.stand_on(PINNED)
    assert kinds(hear(ear, arp(2, SECOND, GATEWAY))) == [("gateway-hijack", "open")]


def test_a_gateway_s_claims_do_not_keep_alive_a_trouble_that_is_over() -> None:
    ear = Ear(PINNED)
    assert len(hear(ear, arp(0, SECOND, GATEWAY), arp(1, SECOND, GATEWAY))) == 1
    alive = [arp(2 + n * 30, mac(1), GATEWAY) for n in range(22)]
    (finding,) = hear(ear, *alive)
    assert (finding.state, finding.last_seen) == ("resolved", START + timedelta(seconds=1))


def test_who_turns_out_to_be_the_gateway_is_no_impostor_any_more() -> None:
    ear = Ear(PINNED)
    assert len(hear(ear, arp(0, SECOND, GATEWAY), arp(1, SECOND, GATEWAY))) == 1
    both = frozenset({mac(1), SECOND})
    ear.stand_on(Ground(gateways={ip_address(GATEWAY): both}))
    again = arp(2, SECOND, GATEWAY)
    assert kinds(hear(ear, again)) == [("gateway-hijack", "resolved")]
    ear.stand_on(PINNED)
    (finding,) = hear(ear, arp(3, SECOND, GATEWAY))
    assert (finding.state, finding.reopened) == ("open", 1)


def test_a_gateway_of_which_nothing_is_known_any_more_acquits_nobody() -> None:
    ear = Ear(PINNED)
    hear(ear, arp(0, SECOND, GATEWAY), arp(1, SECOND, GATEWAY))
    ear.stand_on(UNPINNED)
    assert kinds(ear.findings(START + timedelta(seconds=2))) == [("gateway-hijack", "open")]


def test_a_conflict_over_a_gateway_becomes_a_hijack_once_it_is_pinned() -> None:
    ear = Ear(UNPINNED)
    assert kinds(hear(ear, *in_turns(6, mac(1), SECOND, ip=GATEWAY))) == [
        ("address-conflict", "open")
    ]
    ear.stand_on(PINNED)
    assert set(kinds(hear(ear, arp(6, SECOND, GATEWAY)))) == {
        ("gateway-hijack", "open"),
        ("address-conflict", "resolved"),
    }


def test_who_turns_out_to_be_a_router_is_no_rogue() -> None:
    ear = Ear(Ground(routers=frozenset({mac(1)})))
    assert kinds(hear(ear, ra(0, SECOND))) == [("rogue-router", "open")]
    ear.stand_on(Ground(routers=frozenset({mac(1), SECOND})))
    assert kinds(hear(ear, ra(1, SECOND))) == [("rogue-router", "resolved")]


def test_a_network_that_is_meant_no_more_has_no_troubles() -> None:
    ear = Ear(NETWORK)
    assert kinds(hear(ear, *in_turns())) == [("address-conflict", "open")]
    ear.stand_on(Ground(networks=(ip_network("203.0.113.0/24"),)))
    assert kinds(ear.findings(START + timedelta(seconds=5))) == [("address-conflict", "resolved")]


def test_a_quarrel_outlives_new_knowledge_of_something_else() -> None:
    ear = Ear(NETWORK)
    first, last = in_turns(2), in_turns(6)[2:]
    hear(ear, *first)
    ear.stand_on(replace(NETWORK, gateways=PINNED.gateways))
    assert kinds(hear(ear, *last)) == [("address-conflict", "open")]


# --- routers


def test_a_router_that_is_known_may_advertise_itself_and_others_may_not() -> None:
    ground = Ground(routers=frozenset({mac(1)}))
    assert hear(Ear(ground), ra(0, mac(1)), ra(1, mac(1))) == []
    assert kinds(hear(Ear(ground), ra(0, SECOND))) == [("rogue-router", "open")]


def test_the_gateway_of_ipv4_may_advertise_itself_too() -> None:
    ground = replace(PINNED, routers=frozenset({THIRD}))
    assert hear(Ear(ground), ra(0, mac(1))) == []


def test_where_no_router_is_known_none_is_a_rogue() -> None:
    assert hear(Ear(PINNED), ra(0, SECOND)) == []


def test_who_says_he_is_no_router_is_none() -> None:
    ear = Ear(Ground(routers=frozenset({mac(1)})))
    assert hear(ear, ra(0, SECOND, 0), ra(1, SECOND, 0)) == []


def test_who_says_so_of_a_router_s_address_is_a_rogue_at_once() -> None:
    ear = Ear(Ground(routers=frozenset({mac(1)})))
    (finding,) = hear(ear, ra(0, mac(1)), ra(1, SECOND, 0))
    assert (finding.kind, finding.claimants[0].mac) == ("rogue-router", SECOND)
    assert any("of lifetime 0" in each.detail for each in finding.evidence)


def test_one_advertisement_is_enough_to_take_a_pinned_router() -> None:
    ground = Ground(gateways={ip_address(ROUTER): frozenset({mac(1)})})
    assert kinds(hear(Ear(ground), ra(0, SECOND, 0))) == [("gateway-hijack", "open")]


def masked(at: float, option: str, source: str, lifetime: int = 0) -> RouterAdvert:
    return replace(ra(at, option, lifetime), frame_source=source)


def test_who_ends_a_pinned_router_in_its_own_name_is_found_by_the_frame_s_source() -> None:
    ground = Ground(gateways={ip_address(ROUTER): frozenset({mac(1)})})
    (finding,) = hear(Ear(ground), ra(0, mac(1)), masked(1, mac(1), SECOND))
    assert (finding.kind, finding.severity) == ("gateway-hijack", "critical")
    assert {c.mac: c.role for c in finding.claimants} == {mac(1): "rightful", SECOND: "impostor"}
    assert finding.advice == f"netguard host locate {SECOND}"
    said = f"{SECOND} claimed {ROUTER} once (router advertisement of lifetime 0 in a router's name)"
    assert any(each.detail.startswith(said) for each in finding.evidence)


@pytest.mark.parametrize(
    ("ground", "option", "source"),
    [
        pytest.param(Ground(), mac(1), SECOND, id="no router is known"),
        pytest.param(PINNED, mac(1), SECOND, id="none of IPv6 is"),
        pytest.param(
            Ground(routers=frozenset({mac(1), THIRD})), mac(1), THIRD, id="both are known"
        ),
        pytest.param(
            Ground(gateways={ip_address(ROUTER): frozenset({VIRTUAL, THIRD})}),
            VIRTUAL,
            THIRD,
            id="its own MAC, the virtual one in the option",
        ),
        pytest.param(
            Ground(gateways={ip_address(ROUTER): frozenset({VIRTUAL, mac(1)})}),
            mac(1),
            VIRTUAL,
            id="the virtual MAC, its own in the option",
        ),
        pytest.param(
            replace(PINNED, routers=frozenset({THIRD})), THIRD, mac(1), id="IPv4's gateway is it"
        ),
        pytest.param(
            Ground(gateways={ip_address(ROUTER): frozenset({VIRTUAL})}),
            VIRTUAL,
            SECOND,
            id="only the virtual MAC is known, and no router's own",
        ),
    ],
)
@pytest.mark.parametrize("lifetime", [0, 1800])
def test_a_router_that_names_another_mac_of_its_own_is_none_to_complain_of(
    ground: Ground, option: str, source: str, lifetime: int
) -> None:
    frames = [masked(at, option, source, lifetime) for at in range(0, 60, 10)]
    assert hear(Ear(ground), *frames) == []


@pytest.mark.parametrize("lifetime", [0, 1800])
def test_who_has_a_virtual_mac_that_is_nobody_s_is_no_router_by_that(lifetime: int) -> None:
    ear = Ear(Ground(routers=frozenset({mac(1)})))
    (finding,) = hear(ear, masked(0, mac(1), VIRTUAL, lifetime))
    assert (finding.kind, finding.claimants[0].mac) == ("rogue-router", VIRTUAL)


def test_where_both_macs_are_unknown_the_one_that_hosts_believe_is_told() -> None:
    ear = Ear(Ground(routers=frozenset({mac(1)})))
    (finding,) = hear(ear, masked(0, SECOND, THIRD, 1800))
    assert [c.mac for c in finding.claimants] == [SECOND]


def test_a_single_source_that_a_torn_frame_may_have_is_none_and_the_second_is_a_rogue() -> None:
    near, ear = mac(3), Ear(Ground(routers=frozenset({mac(1)})))
    assert hear(ear, ra(0, mac(1)), masked(1, mac(1), near)) == []
    assert kinds(hear(ear, masked(200, mac(1), near))) == [("rogue-router", "open")]


# --- which addresses are meant


@pytest.mark.parametrize("networks", [(), NETWORK.networks], ids=["all", "some"])
def test_a_router_s_link_local_address_is_meant_whatever_the_networks(
    networks: tuple[()],
) -> None:
    ear = Ear(Ground(networks=networks))
    frames = [na(n, (OWNER, SECOND)[n % 2], ip=ROUTER) for n in range(6)]
    assert kinds(hear(ear, ra(0, OWNER), *frames)) == [("rogue-router", "open")]


def test_other_link_local_addresses_are_not_meant_where_networks_are_named() -> None:
    frames = [na(n, (OWNER, SECOND)[n % 2]) for n in range(6)]
    assert hear(Ear(NETWORK), *frames) == []
    assert len(hear(Ear(Ground()), *frames)) == 1


@pytest.mark.parametrize(
    ("network", "ip", "meant"),
    [
        ("", "198.51.100.0", False),
        ("", "198.51.100.255", False),
        ("", "255.255.255.255", False),
        ("", "224.0.0.18", False),
        ("", "127.0.0.2", False),
        ("", "0.1.2.3", False),
        ("198.51.100.0/23", "198.51.100.0", False),
        ("198.51.100.0/23", "198.51.100.255", True),
        ("198.51.100.0/23", "198.51.101.255", False),
        ("198.51.100.0/25", "198.51.100.127", False),
        ("198.51.100.8/31", "198.51.100.8", True),
        ("198.51.100.8/31", "198.51.100.9", True),
        ("198.51.100.8/32", "198.51.100.8", True),
    ],
)
def test_addresses_of_whole_networks_are_nobody_s(network: str, ip: str, *, meant: bool) -> None:
    networks = (ip_network(network),) if network else ()
    assert bool(hear(Ear(Ground(networks=networks)), *in_turns(6, ip=ip))) == meant


def test_the_first_address_of_an_ipv6_network_is_every_router_s() -> None:
    ground = Ground(networks=(ip_network("2001:db8::/64"),))
    for ip, many in (("2001:db8::", 0), ("2001:db8::ffff:ffff:ffff:ffff", 1)):
        frames = [na(n, (OWNER, SECOND)[n % 2], ip=ip) for n in range(6)]
        assert len(hear(Ear(ground), *frames)) == many


def test_a_pinned_gateway_is_judged_outside_the_networks_too() -> None:
    ground = Ground(networks=(ip_network("203.0.113.0/24"),), gateways=PINNED.gateways)
    assert kinds(hear(Ear(ground), arp(0, SECOND, GATEWAY), arp(1, SECOND, GATEWAY))) == [
        ("gateway-hijack", "open")
    ]


# --- who is in whose way


def test_a_router_that_answers_for_others_is_no_rival_but_for_its_own_address() -> None:
    """It has that from which it asks, too; to answer is also a proxy's."""
    router = mac(1)
    answers = [arp(n, (router, OWNER)[n % 2], IP, told=THIRD) for n in range(8)]
    assert hear(Ear(PINNED), *answers) == []
    asks = [arp(n, (router, OWNER)[n % 2], OTHER) for n in range(8)]
    assert kinds(hear(Ear(PINNED), *asks)) == [("address-conflict", "open")]


def test_an_impostor_with_another_mac_each_time_is_one_all_the_same() -> None:
    frames = [arp(n, mac(0xA0 + n), GATEWAY) for n in range(4)]
    (finding,) = hear(Ear(PINNED), *frames)
    assert {c.mac for c in finding.claimants} == {frame.sender_hw for frame in frames}
    assert hear(Ear(PINNED), *frames[:3]) == []


def test_what_is_told_grows_with_what_is_heard() -> None:
    ear = Ear(PINNED)
    (early,) = hear(ear, arp(0, SECOND, GATEWAY), arp(1, SECOND, GATEWAY))
    (late,) = hear(ear, *(arp(n, who, GATEWAY) for n in range(2, 9) for who in (SECOND, THIRD)))
    assert early.first_seen == late.first_seen
    assert late.last_seen == START + timedelta(seconds=8)
    assert {claimant.mac for claimant in late.claimants} == {SECOND, THIRD}
