from ipaddress import ip_address, ip_network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netguard.config.consistency import inconsistencies
from netguard.inventory import Gateway, Inventory, IPNetwork, Segment, Server

EVERYTHING = Segment(
    name="all", networks=(ip_network("0.0.0.0/0"), ip_network("::/0")), gateways=()
)


def said(*servers: Server, segments: tuple[Segment, ...] = (EVERYTHING,)) -> list[tuple[str, str]]:
    """Return (name, key) of each problem."""
    inventory = Inventory(segments=segments, servers=servers)
    return [(p.name, p.key) for p in inconsistencies(inventory, snmp=(), ssh=())]


def server(name: str, address: str, *blocks: str, mac: str | None = None) -> Server:
    networks = tuple(ip_network(b) for b in blocks)
    return Server(name=name, address=ip_address(address), blocks=networks, mac=mac)


def test_a_server_may_have_its_address_in_its_own_block() -> None:
    assert said(server("a", "192.0.2.1", "192.0.2.0/24", "192.0.2.128/25")) == []


def test_servers_side_by_side_do_not_overlap() -> None:
    assert (
        said(
            server("a", "192.0.2.1", "203.0.113.0/26"),
            server("b", "192.0.2.2", "203.0.113.64/26"),
            server("c", "2001:db8::1", "2001:db8:1::/48"),
        )
        == []
    )


def test_an_ipv4_block_does_not_overlap_the_ipv6_block_of_the_same_number() -> None:
    six = server("b", "2001:db8::1", "::cb00:7100/120")
    assert said(server("a", "192.0.2.1", "203.0.113.0/24"), six) == []


@pytest.mark.parametrize(
    ("servers", "problem"),
    [
        ((("a", "192.0.2.1"), ("b", "192.0.2.1")), ("b", "address")),
        ((("a", "192.0.2.1", "203.0.113.0/24"), ("b", "203.0.113.7")), ("b", "address")),
        ((("b", "203.0.113.7"), ("a", "192.0.2.1", "203.0.113.0/24")), ("b", "address")),
        ((("a", "192.0.2.1"), ("b", "192.0.2.2", "192.0.2.1/32")), ("b", "blocks")),
        (
            (("a", "192.0.2.1", "203.0.113.0/24"), ("b", "192.0.2.2", "203.0.113.0/25")),
            ("b", "blocks"),
        ),
        (
            (("a", "2001:db8::1", "2001:db8:1::/48"), ("b", "2001:db8::2", "2001:db8:1:2::/64")),
            ("b", "blocks"),
        ),
    ],
)
def test_what_two_servers_have_is_held_against_the_inner_one(
    servers: tuple[tuple[str, ...], ...], problem: tuple[str, str]
) -> None:
    assert said(*(server(*words) for words in servers)) == [problem]


def test_an_overlap_is_seen_through_a_block_of_ones_own_in_between() -> None:
    outer = server("outer", "192.0.2.1", "203.0.113.0/24")
    inner = server("inner", "192.0.2.2", "203.0.113.0/25", "203.0.113.0/26")
    assert said(outer, inner) == [("inner", "blocks"), ("inner", "blocks")]


def test_a_mac_of_two_servers_is_told() -> None:
    mac = "00:00:5e:00:53:20"
    assert said(server("a", "192.0.2.1", mac=mac), server("b", "192.0.2.2", mac=mac)) == [
        ("b", "mac")
    ]


def segment(name: str, *networks: str, gateway: str | None = None) -> Segment:
    return Segment(
        name=name,
        networks=tuple(ip_network(n) for n in networks),
        gateways=(Gateway(address=ip_address(gateway)),) if gateway else (),
    )


def test_a_link_local_gateway_is_in_every_segment() -> None:
    assert said(segments=(segment("web", "2001:db8::/64", gateway="fe80::1"),)) == []


def test_a_gateway_inside_a_servers_block_is_told() -> None:
    web = segment("web", "198.51.100.0/25", gateway="198.51.100.1")
    block = server("a", "198.51.100.20", "198.51.100.0/28")
    assert said(block, segments=(web,)) == [("web", "gateways")]


def test_a_server_may_be_placed_by_name_where_its_address_says_nothing() -> None:
    web = segment("web", "198.51.100.0/25")
    placed = Server(name="a", address=ip_address("192.0.2.1"), segment="web")
    assert said(placed, segments=(web,)) == []


def test_a_server_that_names_another_segment_than_its_address_is_told() -> None:
    segments = (segment("web", "198.51.100.0/25"), segment("db", "198.51.100.128/25"))
    wrong = Server(name="a", address=ip_address("198.51.100.130"), segment="web")
    assert said(wrong, segments=segments) == [("a", "segment")]


def test_each_wrong_name_of_three_is_told_once() -> None:
    names = said(server("a", "192.0.2.1"), server("a", "192.0.2.2"), server("a", "192.0.2.3"))
    assert names == [("a", "name")]


NETWORKS = st.builds(
    lambda number, length: ip_network((0xC6336400 | number, length), strict=False),
    st.integers(0, 31),
    st.integers(24, 32),
)


@given(st.lists(st.tuples(st.sampled_from("abcd"), NETWORKS), max_size=12))
def test_segments_overlap_if_and_only_if_two_of_their_networks_do(
    pairs: list[tuple[str, IPNetwork]],
) -> None:
    segments = tuple(
        Segment(name=name, networks=tuple(n for owner, n in pairs if owner == name))
        for name in sorted({owner for owner, _ in pairs})
    )
    overlapping = {
        frozenset((a, b))
        for (a, one), (b, other) in combinations(pairs, 2)
        if a != b and one.overlaps(other)
    }
    told = {name for name, key in said(segments=segments) if key == "networks"}
    assert bool(told) == bool(overlapping)
    assert all(told & pair for pair in overlapping)  # one of each overlapping two is named
