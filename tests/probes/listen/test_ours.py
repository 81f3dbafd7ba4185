from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address

import pytest

from probes.heard import (
    AddressProbe,
    ArpClaim,
    Heard,
    NeighborClaim,
    RouterAdvert,
    VirtualHello,
)
from probes.interfaces import LocalInterface
from probes.listen import ours
from probes.listen.ours import Ours, had
from probes.mac import to_bytes
from probes.records import IPAddress
from tests.segment import mac

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CARD, BRIDGE = mac(1), mac(2)
HERE, ALSO_HERE = "198.51.100.30", "2001:db8::30"
SHARED = "fe80::1"  # the bridge has it, and a gateway may


def interface(name: str, hw: str | None, *addresses: str) -> LocalInterface:
    return LocalInterface(
        name=name,
        up=True,
        running=True,
        hardware_type=1,
        mac=to_bytes(hw) if hw else None,
        addresses=tuple(map(IPv4Interface, addresses)),
    )


INTERFACES = {
    "eth1": interface("eth1", CARD, f"{HERE}/27"),
    "docker0": interface("docker0", BRIDGE, "172.17.0.1/16"),
    "tun0": interface("tun0", None),
}
IPV6 = {
    "eth1": (IPv6Interface(f"{ALSO_HERE}/64"), IPv6Interface("fe80::30/64")),
    "docker0": (IPv6Interface(f"{SHARED}/64"),),
    "tun0": (IPv6Interface("fe80::99/64"),),
    "gone": (IPv6Interface("fe80::98/64"),),
}


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Ours:
    monkeypatch.setattr(ours, "local_interfaces", lambda: INTERFACES)
    monkeypatch.setattr(ours, "ipv6_addresses", lambda: IPV6)
    return Ours(INTERFACES)


def arp(hw: str, ip: str, *, frame: str = CARD) -> Heard:
    return ArpClaim(
        interface="eth1",
        sender_ip=IPv4Address(ip),
        sender_hw=hw,
        frame_source=frame,
        kind="reply",
        seen=NOW,
    )


def neighbor(hw: str, ip: str) -> Heard:
    return NeighborClaim(
        interface="eth1",
        sender_ip=IPv6Address(ip),
        sender_hw=hw,
        frame_source=hw,
        kind="solicitation",
        seen=NOW,
    )


def advert(hw: str, ip: str) -> Heard:
    return RouterAdvert(
        interface="eth1",
        router=IPv6Address(ip),
        sender_hw=hw,
        frame_source=mac(9),
        lifetime=0,
        prefixes=(),
        seen=NOW,
    )


def probe(hw: str, ip: str) -> Heard:
    return AddressProbe(interface="eth1", ip=ip_address(ip), sender_hw=hw, seen=NOW)


def hello(hw: str, ip: str) -> Heard:
    return VirtualHello(
        interface="eth1",
        protocol="vrrp",
        group=7,
        speaker=ip_address(ip),
        frame_source=hw,
        addresses=(ip_address(ip),),
        priority=100,
        state="master",
        seen=NOW,
    )


def always(_: IPAddress) -> bool:
    return True


def never(_: IPAddress) -> bool:
    return False


@pytest.mark.parametrize(
    "record",
    [
        arp(CARD, HERE),
        arp(BRIDGE, HERE),
        arp(CARD, "172.17.0.1"),
        neighbor(CARD, ALSO_HERE),
        neighbor(CARD, "fe80::30"),
        neighbor(BRIDGE, SHARED),
        advert(CARD, "fe80::30"),
        probe(CARD, "198.51.100.1"),
        hello(CARD, "198.51.100.1"),
    ],
)
def test_what_we_may_say_is_ours_whatever_is_guarded(here: Ours, record: Heard) -> None:
    assert here.said(record, always)
    assert here.said(record, never)


@pytest.mark.parametrize(
    "record",
    [
        arp(CARD, "198.51.100.1"),
        arp(BRIDGE, "198.51.100.1"),
        neighbor(CARD, "2001:db8::1"),
        neighbor(CARD, SHARED),
        neighbor(BRIDGE, "fe80::30"),
        neighbor(CARD, "fe80::99"),
    ],
)
def test_only_where_it_is_guarded_an_address_is_not_a_container_s(
    here: Ours, record: Heard
) -> None:
    assert not here.said(record, always)
    assert here.said(record, never)


@pytest.mark.parametrize("router", [SHARED, "fe80::bad", "fe80::99"])
def test_a_router_that_we_are_not_is_never_ours(here: Ours, router: str) -> None:
    assert not here.said(advert(CARD, router), never)


@pytest.mark.parametrize(
    "record",
    [
        arp(mac(9), HERE),
        neighbor(mac(9), ALSO_HERE),
        advert(mac(9), "fe80::30"),
        probe(mac(9), HERE),
        hello(mac(9), HERE),
    ],
)
def test_what_other_stations_say_is_not_ours(here: Ours, record: Heard) -> None:
    assert not here.said(record, always)
    assert not here.said(record, never)


def test_addresses_are_read_seldom_under_a_flood_and_anew_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, read = [1000.0], []

    def interfaces() -> dict[str, LocalInterface]:
        read.append(now[0])
        return INTERFACES if now[0] > 1000 else {}

    monkeypatch.setattr(ours, "local_interfaces", interfaces)
    monkeypatch.setattr(ours, "ipv6_addresses", dict)
    monkeypatch.setattr(ours, "monotonic", lambda: now[0])
    here = Ours(INTERFACES)
    assert not any(here.said(arp(CARD, HERE), always) for _ in range(1000))
    assert read == [1000.0]
    now[0] += 0.1
    assert all(here.said(arp(CARD, HERE), always) for _ in range(1000))
    assert len(read) == 2


def test_containers_with_our_mac_cost_no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "local_interfaces", lambda: pytest.fail("read"))
    assert Ours(INTERFACES).said(arp(CARD, "198.51.100.9"), never)


def test_without_interfaces_nothing_is_ours() -> None:
    assert had({}, {}) == frozenset()
