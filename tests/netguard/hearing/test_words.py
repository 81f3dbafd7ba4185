"""What routers say of themselves is told beside a trouble, and accuses or excuses nobody."""

from datetime import timedelta
from ipaddress import ip_address, ip_network

import msgspec
import pytest

from netguard.hearing.ear import Ear, Ground
from netguard.hearing.words import ROOM, SPEAKERS, Words
from probes.heard import VirtualHello
from probes.records import IPAddress
from tests.building import mac
from tests.netguard.hearing.frames import GATEWAY, PINNED, START, arp, ra

ROUTER, OTHER = mac(1), mac(0x24)


def hello(station: str, at: float = 0, *addresses: str, **fields: object) -> VirtualHello:
    known: dict[str, object] = {
        "interface": "eth1",
        "protocol": "vrrp",
        "group": 5,
        "speaker": ip_address("198.51.100.24"),
        "frame_source": station,
        "addresses": tuple(map(ip_address, addresses or (GATEWAY,))),
        "priority": 255,
        "state": "master",
        "seen": START + timedelta(seconds=at),
    }
    return VirtualHello(**{**known, **fields})  # type: ignore[arg-type]


def said(words: Words, address: str = GATEWAY) -> list[str]:
    return [evidence.detail for evidence in words.about(ip_address(address))]


def test_who_takes_a_gateway_and_speaks_vrrp_is_told_with_its_group() -> None:
    ear = Ear(PINNED)
    for frame in (
        hello(OTHER),
        arp(0, ROUTER, GATEWAY),
        arp(1, OTHER, GATEWAY),
        arp(2, OTHER, GATEWAY),
    ):
        ear.hear(frame)
    (finding,) = ear.findings(START + timedelta(seconds=3))
    assert finding.kind == "gateway-hijack"
    assert finding.evidence[-1].detail == (
        f"{OTHER} (198.51.100.24) says by VRRP that it is master in group 5, priority 255:"
        " proof of nothing"
    )


@pytest.mark.parametrize("protocol", ["vrrp", "hsrp"])
def test_a_hello_alone_is_no_finding(protocol: str) -> None:
    ear = Ear(PINNED)
    for at in range(60):
        assert ear.hear(hello(OTHER, at, protocol=protocol)) is None
    assert ear.findings(START + timedelta(seconds=60)) == ()


def test_a_rogue_router_is_told_with_the_prefixes_that_it_advertises() -> None:
    advert = ra(0, OTHER)
    ear = Ear(Ground(routers=frozenset({ROUTER})))
    ear.hear(msgspec.structs.replace(advert, prefixes=(ip_network("2001:db8:bad::/64"),)))
    (finding,) = ear.findings(START)
    assert finding.evidence[-1].detail == (
        f"{OTHER} advertises that it is a router for 2001:db8:bad::/64 for 1800 s"
    )


def test_of_each_router_the_last_word_counts() -> None:
    words = Words()
    words.hear(hello(OTHER, 0))
    words.hear(hello(ROUTER, 1))
    words.hear(hello(OTHER, 2, state="leaving", priority=0))
    assert [detail.split()[0] for detail in said(words)] == [ROUTER, OTHER]
    assert "leaving" in said(words)[1]
    words.hear(ra(3, OTHER, lifetime=0))
    assert "no default router, within" in said(words, str(ra(3, OTHER).router))[0]


def test_two_masters_that_send_from_one_virtual_mac_are_both_told() -> None:
    words, virtual = Words(), "00:00:5e:00:01:05"
    for at, speaker in enumerate(("198.51.100.2", "198.51.100.3", "198.51.100.2")):
        words.hear(hello(virtual, at, speaker=ip_address(speaker), priority=200 + at))
    assert [detail.split(" says")[0] for detail in said(words)] == [
        f"{virtual} (198.51.100.3)",
        f"{virtual} (198.51.100.2)",
    ]
    assert "priority 202" in said(words)[1]


def test_whoever_speaks_by_ever_more_names_costs_no_memory() -> None:
    words = Words()
    for n in range(100):
        words.hear(hello(OTHER, n, speaker=ip_address(f"198.51.100.{n + 1}")))
    assert len(said(words)) == SPEAKERS


def test_who_speaks_for_everything_costs_no_memory() -> None:
    words = Words()
    words.hear(hello(OTHER, 0, GATEWAY))
    for n in range(ROOM):
        words.hear(hello(OTHER, n, f"203.0.113.{n % 256}", f"198.51.101.{n % 256}"))
    assert said(words) == []
    for n in range(100):
        words.hear(hello(f"02:00:00:00:00:{n:02x}", n))
    assert len(said(words)) == SPEAKERS
    many: tuple[IPAddress, ...] = tuple(map(ip_address, range(2**31, 2**31 + 255)))
    words.hear(hello(OTHER, 0, addresses=many))
    assert len(said(words, str(many[0]))) == 1
    assert said(words, str(many[-1])) == []
