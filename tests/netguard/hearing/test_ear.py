"""What is a quarrel over an address, and what only looks like one, by listening alone."""

from collections.abc import Iterable
from datetime import timedelta
from ipaddress import ip_address, ip_network

import pytest
from msgspec.structs import replace

from netguard.findings import Finding
from netguard.hearing.ear import Ear, Ground
from probes.heard import AddressProbe, Heard
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
    minutes,
    na,
    ra,
)


def heard(frames: Iterable[Heard], ground: Ground | None = None) -> list[Finding]:
    ear, last = Ear(ground or Ground()), START
    for frame in frames:
        ear.hear(frame)
        last = max(last, frame.seen)
    return list(ear.findings(last))


# --- conflicts


def test_two_stations_that_take_turns_are_a_conflict() -> None:
    (finding,) = heard(in_turns())
    assert (finding.id, finding.severity, finding.state) == (
        f"address-conflict/-/{IP}",
        "warning",
        "open",
    )
    assert {c.mac: c.role for c in finding.claimants} == {OWNER: "unknown", SECOND: "unknown"}
    assert (finding.first_seen, finding.last_seen) == (
        START + timedelta(seconds=1),
        START + timedelta(seconds=3),
    )
    assert finding.summary == f"{IP} is claimed by 2 stations in turns: {OWNER} and {SECOND}."
    assert {e.source for e in finding.evidence} == {"passive"}


def test_both_answers_to_one_hearer_s_questions_are_turns_too() -> None:
    frames = [
        arp(n + delay, who, told=THIRD)
        for n in range(3)
        for delay, who in ((0.001, OWNER), (0.002, SECOND))
    ]
    assert [f.kind for f in heard(frames)] == ["address-conflict"]


def test_hearers_that_are_each_told_another_once_are_no_turns_of_one() -> None:
    hearers = [mac(0x90 + n) for n in range(6)]
    who = (OWNER, SECOND)
    first = [arp(n, who[n % 2], told=each) for n, each in enumerate(hearers)]
    anew = [arp(10 + n, who[(n + 1) % 2], told=each) for n, each in enumerate(hearers)]
    assert heard([*first, *anew]) == []
    again = [arp(20 + n * 2, who[n % 2], told=hearers[0]) for n in range(2)]
    assert heard([*first, *anew, *again[:1]]) == []
    assert [f.kind for f in heard([*first, *anew, *again])] == ["address-conflict"]


def test_of_many_hearers_three_that_are_told_both_at_once_are_enough() -> None:
    frames = [
        arp(n + late, station, told=mac(0x90 + n))
        for n in range(30)
        for late, station in ((0, OWNER), (0.002, SECOND))
    ]
    assert heard(frames[:4]) == []
    (finding,) = heard(frames[:6])
    assert {each.mac for each in finding.claimants} == {OWNER, SECOND}


def test_what_everybody_hears_is_remembered_however_many_are_told_in_between() -> None:
    frames = [
        frame
        for n in range(4)
        for frame in (
            arp(n * 10, (OWNER, SECOND)[n % 2]),
            *(arp(n * 10 + 1 + k / 10, OWNER, told=mac(0x90 + k)) for k in range(40)),
        )
    ]
    assert [f.kind for f in heard(frames)] == ["address-conflict"]


def test_a_handover_is_one_however_many_hearers_are_told_of_it() -> None:
    hearers = [f"02:00:00:00:00:{n:02x}" for n in range(40)]
    before = [arp(9 + n / 40, OWNER, told=each) for n, each in enumerate(hearers)]
    # What the one before still has under way, the other has said already.
    after = [arp(9.5 + n / 40, SECOND, told=each) for n, each in enumerate(hearers)]
    frames = sorted([*before, *after], key=lambda frame: frame.seen)
    assert heard([arp(0, OWNER), *frames]) == []


def test_who_takes_two_addresses_from_two_stations_stands_between_them() -> None:
    frames = [arp(0, OWNER), arp(0.1, THIRD, OTHER)]
    frames += [
        arp(n, SECOND, ip, told=who)
        for n in range(1, 4)
        for ip, who in ((IP, THIRD), (OTHER, OWNER))
    ]
    first, second = heard(frames)
    assert {str(first.address), str(second.address)} == {IP, OTHER}
    assert first.summary == (
        f"{SECOND} claims {IP}, which {OWNER} has, and {OTHER}: it stands between them."
    )
    assert first.advice == f"netguard host locate {SECOND}"


def test_an_ipv6_address_is_fought_over_as_an_ipv4_one() -> None:
    assert [f.kind for f in heard([na(n, (OWNER, SECOND)[n % 2]) for n in range(4)])] == [
        "address-conflict"
    ]


# --- what only looks like one


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param(in_turns(2), id="a handover"),
        pytest.param(in_turns(3), id="a failover and its end"),
        pytest.param([arp(0, OWNER), *(arp(n, SECOND) for n in range(1, 20))], id="a new owner"),
        pytest.param(in_turns(4, every=40), id="turns that take minutes"),
        pytest.param(in_turns(9, every=0.01), id="a burst within a moment"),
        pytest.param(
            [arp(n, (OWNER, SECOND)[n % 2], told=mac(n % 2)) for n in range(12)],
            id="a bond that balances its answers",
        ),
        pytest.param(
            [
                arp(n, who, ip, told=THIRD)
                for n in range(4)
                for ip in (IP, OTHER)
                for who in (OWNER, SECOND)
            ],
            id="a host that answers for both addresses from both cards",
        ),
        pytest.param(
            in_turns(8, "00:07:b4:00:05:01", "00:07:b4:00:05:02"), id="forwarders of a GLBP group"
        ),
        pytest.param(
            [arp(0, OWNER), arp(1, "00:00:5e:00:53:23"), arp(2, OWNER), arp(3, OWNER)],
            id="a bit that fell over",
        ),
        pytest.param(
            [arp(n, (OWNER, SECOND)[n % 2], vlan=226 + n % 2) for n in range(8)], id="two VLANs"
        ),
        pytest.param(in_turns(8, ip="169.254.0.1"), id="link-local addresses"),
        pytest.param(
            [na(n, (OWNER, SECOND)[n % 2], override=False) for n in range(8)], id="anycast"
        ),
        pytest.param([ra(0, OWNER), ra(1, SECOND)], id="two routers of one address, once"),
    ],
)
def test_what_only_looks_like_a_conflict_is_none(frames: list[Heard]) -> None:
    assert heard(frames) == []


def test_probes_claim_nothing() -> None:
    probes = [
        AddressProbe(
            interface="eth1", ip=ip_address(IP), sender_hw=SECOND, seen=START + timedelta(seconds=n)
        )
        for n in range(8)
    ]
    assert heard([arp(0, OWNER), *probes, arp(9, OWNER)]) == []


def test_a_new_misprint_each_time_is_no_misprint() -> None:
    assert [f.kind for f in heard(in_turns(4, OWNER, mac(0x23)))] == ["address-conflict"]


def test_an_adjacent_mac_is_no_excuse() -> None:
    assert [f.kind for f in heard(in_turns(6, mac(0x22), mac(0x23)))] == ["address-conflict"]


def test_only_the_networks_that_are_meant_are_judged() -> None:
    ground = Ground(networks=(ip_network("203.0.113.0/24"),))
    assert heard(in_turns(), ground) == []


# --- gateways


def test_whoever_claims_a_pinned_gateway_twice_and_is_not_it_is_an_impostor() -> None:
    frames = [arp(0, mac(1), GATEWAY), arp(1, SECOND, GATEWAY, THIRD), arp(1.1, SECOND, GATEWAY)]
    (finding,) = heard(frames, PINNED)
    assert (finding.kind, finding.severity) == ("gateway-hijack", "critical")
    assert {c.mac: c.role for c in finding.claimants} == {mac(1): "rightful", SECOND: "impostor"}
    assert finding.summary == f"{SECOND} claims {GATEWAY}, the gateway, and is not it."


def test_a_single_frame_hijacks_nothing() -> None:
    assert heard([arp(0, mac(1), GATEWAY), arp(1, SECOND, GATEWAY)], PINNED) == []


def test_the_echo_of_a_frame_is_no_second_one() -> None:
    assert heard([arp(0, SECOND, GATEWAY), arp(0.01, SECOND, GATEWAY)], PINNED) == []


def test_a_virtual_mac_that_is_not_pinned_is_an_impostor_s_and_named_as_what_it_is() -> None:
    virtual = "00:00:5e:00:01:06"
    (finding,) = heard([arp(n, virtual, GATEWAY) for n in range(2)], PINNED)
    assert f"{virtual} is from the vrrp range: proof of nothing" in {
        e.detail for e in finding.evidence
    }


def test_a_gateway_that_is_not_pinned_is_a_grave_conflict_and_nobody_is_the_impostor() -> None:
    ground = Ground(gateways={ip_address(GATEWAY): frozenset()})
    (finding,) = heard(in_turns(ip=GATEWAY), ground)
    assert (finding.kind, finding.severity) == ("address-conflict", "critical")
    assert {c.role for c in finding.claimants} == {"unknown"}


# --- routers


def test_whoever_advertises_and_is_none_of_the_pinned_routers_is_a_rogue() -> None:
    ground = Ground(gateways={ip_address(ROUTER): frozenset({mac(1)})})
    (finding,) = heard([ra(0, mac(1)), ra(1, SECOND), ra(2, SECOND)], ground)
    assert finding.kind == "gateway-hijack"
    other = Ground(gateways={ip_address("fe80::2"): frozenset({mac(1)})})
    (finding,) = heard([ra(1, SECOND)], other)
    assert (finding.kind, finding.severity) == ("rogue-router", "critical")
    assert finding.claimants[0].role == "impostor"


def test_a_rogue_that_advertises_itself_every_half_an_hour_is_one_trouble_all_the_time() -> None:
    ground = Ground(gateways={ip_address("fe80::2"): frozenset({mac(1)})})
    (finding,) = heard([ra(at, SECOND) for at in (0, 1800, 3600)], ground)
    assert (finding.state, finding.reopened) == ("open", 0)
    assert finding.first_seen == START


def test_a_router_that_another_ends_in_its_name_is_fought_over() -> None:
    frames = [ra(0, SECOND, 0), ra(0.7, OWNER), ra(3, SECOND, 0), ra(6, OWNER), ra(6.1, SECOND, 0)]
    (finding,) = heard(frames)
    assert (finding.kind, str(finding.address)) == ("rogue-router", ROUTER)


# --- over time


def test_a_quarrel_that_nobody_has_heard_of_for_ten_minutes_is_over() -> None:
    (finding,) = heard([*in_turns(), *minutes(60, 600)])
    assert finding.state == "open"
    (finding,) = heard([*in_turns(), *minutes(60, 700)])
    assert finding.state == "resolved"
    assert finding.last_seen == START + timedelta(seconds=3)


def test_one_that_begins_again_after_that_begins_anew() -> None:
    later = [arp(2000 + n, (OWNER, SECOND)[n % 2]) for n in range(4)]
    (finding,) = heard([*in_turns(), *minutes(60, 2000), *later])
    assert finding.state == "open"
    assert (finding.reopened, finding.first_seen) == (1, START + timedelta(seconds=2002))


def test_it_says_once_when_it_begins() -> None:
    ear = Ear(Ground())
    told = [ear.hear(frame) for frame in in_turns(12)]
    assert len([one for one in told if one]) == 1


def test_who_goes_on_alone_is_in_no_quarrel_any_more() -> None:
    alone = [arp(100 + n * 10, SECOND) for n in range(100)]
    (finding,) = heard([*in_turns(), *alone])
    assert finding.state == "resolved"


def test_one_address_in_two_customers_vlans_is_two_troubles() -> None:
    """Both have VLAN 10, each inside another one (802.1ad)."""
    frames = [
        replace(frame, vlan=10, interface=f"eth1.{outer}")
        for outer, who in ((100, (OWNER, SECOND)), (200, (mac(0x31), mac(0x32))))
        for frame in in_turns(4, *who)
    ]
    found = heard(sorted(frames, key=lambda frame: frame.seen))
    assert sorted(finding.id for finding in found) == [
        f"address-conflict/vlan-100.10/{IP}",
        f"address-conflict/vlan-200.10/{IP}",
    ]
