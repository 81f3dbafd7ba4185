from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from probes.errors import Malformed
from probes.heard import Heard, VirtualHello
from probes.listen.frames import ETHERNET, parse
from tests.probes.listen.crafting import (
    IPV4,
    IPV6,
    ethernet,
    group_state,
    hsrp_v1,
    hsrp_v2,
    hsrp_v2_ipv6,
    ipv4,
    ipv6,
    udp,
    vrrp_v2,
    vrrp_v3,
)
from tests.segment import mac

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def read(octets: bytes) -> tuple[Heard, ...]:
    return parse(octets, ETHERNET, interface="eth0", seen=NOW)


def hello(octets: bytes) -> VirtualHello:
    (record,) = read(octets)
    assert isinstance(record, VirtualHello)
    return record


def test_vrrp_2_names_the_group_and_who_speaks_for_it() -> None:
    assert hello(vrrp_v2("192.0.2.1", "192.0.2.9")) == VirtualHello(
        interface="eth0",
        protocol="vrrp",
        group=7,
        speaker=ip_address("192.0.2.2"),
        frame_source=mac(1),
        addresses=(ip_address("192.0.2.1"), ip_address("192.0.2.9")),
        priority=100,
        state="master",
        seen=NOW,
    )


@pytest.mark.parametrize(
    ("addresses", "source"),
    [(["192.0.2.1"], "192.0.2.2"), (["fe80::1", "2001:db8::1"], "fe80::2")],
)
def test_vrrp_3_speaks_for_either_family(addresses: list[str], source: str) -> None:
    said = hello(vrrp_v3(*addresses, source=source))
    assert [str(each) for each in said.addresses] == addresses
    assert (str(said.speaker), said.group, said.state) == (source, 7, "master")


def test_vrrp_3_for_ipv4_may_leave_the_pseudo_header_out_as_some_routers_do() -> None:
    assert hello(vrrp_v3("192.0.2.1", source="192.0.2.2", pseudo_header=False)).group == 7


def test_vrrp_3_for_ipv6_may_not() -> None:
    with pytest.raises(Malformed, match="checksum"):
        read(vrrp_v3("fe80::1", source="fe80::2", pseudo_header=False))


@pytest.mark.parametrize(
    "octets",
    [vrrp_v2("192.0.2.1", priority=0), vrrp_v3("fe80::1", source="fe80::2", priority=0)],
)
def test_priority_0_means_that_the_master_leaves(octets: bytes) -> None:
    assert hello(octets).state == "leaving"


def vrrp(body: bytes, *, to: str = "224.0.0.18", ttl: int = 255, fragment: int = 0) -> bytes:
    packet = ipv4(112, body, source="192.0.2.2", to=to, ttl=ttl, fragment=fragment)
    return ethernet(IPV4, packet)


GOOD = vrrp_v2("192.0.2.1")[34:]


@pytest.mark.parametrize(
    ("octets", "complaint"),
    [
        (vrrp(GOOD, ttl=254), "TTL 254"),
        (vrrp(GOOD, fragment=0x2000), "fragment"),
        (vrrp(GOOD[:7]), "7 octets"),
        (vrrp(GOOD[:12]), "with 1 addresses"),
        (vrrp(b"\x22" + GOOD[1:]), "type 2"),
        (vrrp(b"\x41" + GOOD[1:]), "version 4"),
        (vrrp(b"\x21\x00" + GOOD[2:]), "VRID 0"),
        (vrrp(GOOD[:3] + b"\x00" + GOOD[4:]), "0 addresses"),
        (vrrp(GOOD[:6] + b"\x00\x00" + GOOD[8:]), "checksum"),
        (
            ethernet(IPV6, ipv6(112, GOOD, source="fe80::2", to="ff02::12")),
            "version 2",
        ),
    ],
)
def test_vrrp_that_routers_throw_away_is_malformed(octets: bytes, complaint: str) -> None:
    with pytest.raises(Malformed, match=complaint):
        read(octets)


def test_vrrp_to_one_station_is_no_hello() -> None:
    assert read(vrrp(GOOD, to="192.0.2.3")) == ()


def test_carp_is_not_taken_for_vrrp() -> None:
    assert read(vrrp(bytes([0x21, 7, 0, 7, 0, 1]) + bytes(30))) == ()


@pytest.mark.parametrize(
    ("number", "state"),
    [(0, "initial"), (1, "learn"), (2, "listen"), (4, "speak"), (8, "standby"), (16, "active")],
)
def test_hsrp_1_tells_its_state(number: int, state: str) -> None:
    said = hello(hsrp_v1("192.0.2.1", state=number))
    assert (said.protocol, said.group, said.priority, said.state) == ("hsrp", 5, 110, state)
    assert said.addresses == (ip_address("192.0.2.1"),)


def test_hsrp_without_a_virtual_address_is_heard_without() -> None:
    assert hello(hsrp_v1("0.0.0.0", state=1)).addresses == ()  # noqa: S104 - not yet learnt
    assert hello(hsrp_v2(group_state("0.0.0.0"))).addresses == ()  # noqa: S104 - the same


@pytest.mark.parametrize(
    "octets",
    [
        hsrp_v1("192.0.2.1", operation=2),
        hsrp_v2(group_state("192.0.2.1", operation=2)),
    ],
)
def test_who_resigns_is_leaving(octets: bytes) -> None:
    assert hello(octets).state == "leaving"


def test_hsrp_advertisements_of_interfaces_tell_of_no_group() -> None:
    assert read(hsrp_v1("192.0.2.1", operation=3)) == ()


@pytest.mark.parametrize(
    ("number", "state"), [(1, "initial"), (3, "listen"), (5, "standby"), (6, "active")]
)
def test_hsrp_2_tells_its_state_by_other_numbers(number: int, state: str) -> None:
    said = hello(hsrp_v2(group_state("192.0.2.1", state=number)))
    assert (said.group, said.priority, said.state) == (920, 90, state)
    assert said.addresses == (ip_address("192.0.2.1"),)


def test_hsrp_2_speaks_for_ipv6_too() -> None:
    said = hello(hsrp_v2_ipv6(group_state("fe80::1", version=6)))
    assert (str(said.speaker), said.addresses) == ("fe80::2", (ip_address("fe80::1"),))


def test_other_parts_of_an_hsrp_packet_are_passed_over() -> None:
    authentication = bytes([3, 8]) + b"cisco".ljust(8, b"\0")
    assert hello(hsrp_v2(authentication + group_state("192.0.2.1"))).group == 920
    assert read(hsrp_v2(authentication)) == ()


@pytest.mark.parametrize(
    ("octets", "complaint"),
    [
        (hsrp_v1("192.0.2.1", state=3), "state 3"),
        (hsrp_v2(group_state("192.0.2.1", state=9)), "state 9"),
        (hsrp_v2(group_state("192.0.2.1", version=5)), "IP version 5"),
        (hsrp_v2(group_state("192.0.2.1", operation=7)), "operation 7"),
        (hsrp_v2(group_state("192.0.2.1")[:-1]), "longer than the packet"),
        (hsrp_v2(b"\x01"), "longer than the packet"),
        (hsrp_v2(b"\x01\x02\x00\x00"), "2 octets"),
        (hsrp_v2(b"\x00\x00"), "2 octets"),
        (hsrp_v2(b""), "in UDP of 8"),
    ],
)
def test_hsrp_that_makes_no_sense_is_malformed(octets: bytes, complaint: str) -> None:
    with pytest.raises(Malformed, match=complaint):
        read(octets)


def test_other_udp_to_all_routers_is_no_hello() -> None:
    assert read(hsrp_v1("192.0.2.1", port=646)) == ()


@pytest.mark.parametrize("said", [b"", b"\x07\xc1\x07\xc1", udp(1985, bytes(20))[:-1]])
def test_udp_cut_short_is_malformed(said: bytes) -> None:
    octets = ethernet(IPV4, ipv4(17, said, source="192.0.2.2", to="224.0.0.2"))
    with pytest.raises(Malformed, match="UDP"):
        read(octets)


@pytest.mark.parametrize("change", [(14, 0x65), (14, 0x44), (16, 0xFF), (24, 0xFF)])
def test_a_wrong_ipv4_header_is_malformed(change: tuple[int, int]) -> None:
    octets = bytearray(vrrp_v2("192.0.2.1"))
    octets[change[0]] = change[1]
    with pytest.raises(Malformed, match="IPv4 header"):
        read(bytes(octets))
