import time
from ipaddress import ip_address, ip_network

import pytest

from netguard.inventory import Inventory, Segment, Server, index, servers_on

WEB = Segment(name="web", networks=(ip_network("198.51.100.0/25"), ip_network("2001:db8:1::/64")))
DB = Segment(name="db", networks=(ip_network("198.51.100.128/25"),))
ONE = Server(
    name="one",
    address=ip_address("198.51.100.20"),
    blocks=(ip_network("203.0.113.64/26"), ip_network("2001:db8:64::/48")),
    mac="00:00:5e:00:53:20",
)
TWO = Server(
    name="two",
    address=ip_address("198.51.100.21"),
    blocks=(ip_network("203.0.113.128/32"),),
    mac="00:00:5e:00:53:21",
)
INDEX = index(Inventory(segments=(WEB, DB), servers=(ONE, TWO)))


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("198.51.100.0", "web"),
        ("198.51.100.127", "web"),
        ("198.51.100.128", "db"),
        ("2001:db8:1::7", "web"),
        ("198.51.101.0", None),
        ("2001:db8:2::1", None),
    ],
)
def test_a_segment_is_found_by_any_address_in_its_networks(address: str, name: str | None) -> None:
    found = INDEX.segment_of(ip_address(address))
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("198.51.100.20", "one"),
        ("198.51.100.21", "two"),
        ("198.51.100.22", None),
        ("203.0.113.63", None),
        ("203.0.113.64", "one"),
        ("203.0.113.127", "one"),
        ("203.0.113.128", "two"),
        ("203.0.113.129", None),
        ("2001:db8:64:ffff::1", "one"),
        ("2001:db8:65::1", None),
    ],
)
def test_an_address_belongs_to_the_server_that_has_it_or_its_block(
    address: str, name: str | None
) -> None:
    found = INDEX.assigned_to(ip_address(address))
    assert (found.name if found else None) == name


def test_an_ipv4_number_is_not_taken_for_the_same_ipv6_number() -> None:
    assert INDEX.assigned_to(ip_address(int(ip_address("198.51.100.20")))) is ONE
    assert INDEX.assigned_to(ip_address("::c633:6414")) is None
    assert INDEX.segment_of(ip_address("::c633:6414")) is None


def test_the_narrowest_block_wins_over_the_one_around_it() -> None:
    wide = Server(
        name="wide", address=ip_address("192.0.2.1"), blocks=(ip_network("203.0.113.0/24"),)
    )
    look = index(Inventory(servers=(wide, ONE)))
    assert look.assigned_to(ip_address("203.0.113.70")) is ONE
    assert look.assigned_to(ip_address("203.0.113.1")) is wide


def test_a_server_is_found_by_its_mac() -> None:
    assert INDEX.server_with("00:00:5e:00:53:21") is TWO
    assert INDEX.server_with("00:00:5e:00:53:99") is None


def test_a_mac_that_two_servers_share_names_neither() -> None:
    twin = Server(name="twin", address=ip_address("192.0.2.7"), mac=ONE.mac)
    look = index(Inventory(servers=(ONE, twin, TWO)))
    assert ONE.mac is not None
    assert look.server_with(ONE.mac) is None
    assert look.server_with("00:00:5e:00:53:21") is TWO


def test_servers_on_a_segment_lie_in_it_or_say_so() -> None:
    stated = Server(name="stated", address=ip_address("192.0.2.8"), segment="web")
    inventory = Inventory(segments=(WEB, DB), servers=(ONE, stated))
    assert [s.name for s in servers_on(inventory, WEB)] == ["one", "stated"]
    assert list(servers_on(inventory, DB)) == []


def test_looking_up_costs_the_same_in_a_hundred_thousand_servers_as_in_a_hundred() -> None:
    def cost(count: int) -> float:
        servers = tuple(
            Server(name=str(n), address=ip_address((10 << 24) + n)) for n in range(count)
        )
        look = index(Inventory(servers=servers))
        last = servers[-1].address
        started = time.process_time()
        for _ in range(2000):
            assert look.assigned_to(last) is servers[-1]
        return time.process_time() - started

    assert cost(100_000) < 20 * cost(100)
