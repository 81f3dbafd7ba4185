"""Addresses and neighbours of IPv6 out of the table that only older IOS has."""

from ipaddress import ip_address as ip

import pytest

from probes.mibs.cisco_ietf_ip_mib import (
    ADDRESS_IF_INDEX,
    ADDRESS_PREFIX,
    ADDRESS_PREFIX_ENTRY,
    ADDRESS_TYPE,
    NET_TO_MEDIA_PHYS_ADDRESS,
    NET_TO_MEDIA_TYPE,
    addresses,
    arp,
)
from probes.records import ArpEntry, InterfaceAddress
from tests.probes.mibs.test_recordings import CORPUS, agent_of
from tests.snmp_agent import Mib, Oid, Request, ask, dotted, integer, object_id, octets

MAC = b"\x00\x00\x5e\x00\x53\x01"
V6 = tuple(ip("2001:db8::1").packed)
NET = tuple(ip("2001:db8::").packed)
LINK_LOCAL = tuple(ip("fe80::1").packed)
ENTRY = dotted(ADDRESS_PREFIX_ENTRY.rstrip("."))
OWN = (2, 16, *V6)
NEAR = (7, 2, 16, *V6)


def cell(column: str, index: Oid, value: bytes) -> dict[Oid, bytes]:
    return {(*dotted(column), *index): value}


def test_an_address_has_an_interface_and_a_prefix() -> None:
    table = cell(ADDRESS_IF_INDEX, OWN, integer(7)) | cell(
        ADDRESS_PREFIX, OWN, object_id((*ENTRY, 5, 7, 2, 16, *NET, 64))
    )
    found = ask(Mib(table), addresses)
    assert found.gaps == ()
    assert found.rows == (InterfaceAddress(ip=ip("2001:db8::1"), prefix_length=64, if_index=7),)


@pytest.mark.parametrize(
    "pointer",
    [
        None,
        object_id((0, 0)),
        object_id((*ENTRY, 5)),
        object_id((*ENTRY, 5, 7)),
        object_id((*ENTRY, 5, 7, 64)),
        object_id((*ENTRY, 5, 7, 2, 16, *NET, 129)),
        object_id((*ENTRY, 5, 7, 2, 16, *NET, 4294967295)),
        object_id((*ENTRY, 5, 7, 2, 16, *LINK_LOCAL, 64)),  # not the prefix of this address
        object_id((*ENTRY, 5, 7, 1, 4, 192, 0, 2, 0, 24)),
        object_id((1, 3, 6, 1, 2, 1, 4, 32, 1, 5, 7, 2, 16, *NET, 64)),
        octets(b"64"),
        integer(64),
    ],
)
def test_a_pointer_that_leads_to_no_prefix_of_the_address_gives_none(
    pointer: bytes | None,
) -> None:
    table = cell(ADDRESS_IF_INDEX, OWN, integer(7))
    if pointer is not None:
        table |= cell(ADDRESS_PREFIX, OWN, pointer)
    (row,) = ask(Mib(table), addresses).rows
    assert row.prefix_length is None


@pytest.mark.parametrize(
    ("index", "address"),
    [
        ((2, 16, *V6), "2001:db8::1"),
        ((2, *V6), "2001:db8::1"),  # no length
        ((4, 20, *LINK_LOCAL, 0, 0, 0, 7), "fe80::1"),
        ((4, 16, *LINK_LOCAL), "fe80::1"),
        ((1, 4, 192, 0, 2, 1), "192.0.2.1"),
    ],
)
def test_an_address_index_is_understood_as_in_ip_mib(index: Oid, address: str) -> None:
    (row,) = ask(Mib(cell(ADDRESS_IF_INDEX, index, integer(7))), addresses).rows
    assert row.ip == ip(address)
    (entry,) = ask(Mib(cell(NET_TO_MEDIA_PHYS_ADDRESS, (7, *index), octets(MAC))), arp).rows
    assert entry.ip == ip(address)


GARBAGE: list[Oid] = [
    (),
    (2,),
    (2, 16),
    (0, 0),
    (2, 16, *V6[:15]),
    (2, 16, *V6[:15], 256),
    (4294967295, 16, *V6),
    (2, 16, *([0] * 16)),
    (2, 16, *ip("ff02::1").packed),
    (16, 3, *b"dns"),
]


@pytest.mark.parametrize("index", GARBAGE)
def test_an_index_of_garbage_is_no_row(index: Oid) -> None:
    own = ask(Mib(cell(ADDRESS_IF_INDEX, index, integer(7))), addresses)
    assert (own.rows, own.gaps) == ((), ())
    near = ask(Mib(cell(NET_TO_MEDIA_PHYS_ADDRESS, (7, *index), octets(MAC))), arp)
    assert (near.rows, near.gaps) == ((), ())


def test_a_broadcast_address_is_not_the_devices_own() -> None:
    index = (1, 4, 192, 0, 2, 255)
    table = cell(ADDRESS_IF_INDEX, index, integer(7)) | cell(ADDRESS_TYPE, index, integer(3))
    assert ask(Mib(table), addresses).rows == ()


def test_an_interface_that_is_no_number_is_none() -> None:
    assert ask(Mib(cell(ADDRESS_IF_INDEX, OWN, octets(b"7"))), addresses).rows == ()


def test_a_neighbour_of_ipv6_is_an_arp_entry() -> None:
    found = ask(Mib(cell(NET_TO_MEDIA_PHYS_ADDRESS, NEAR, octets(MAC))), arp)
    assert found.gaps == ()
    assert found.rows == (ArpEntry(ip=ip("2001:db8::1"), mac="00:00:5e:00:53:01", if_index=7),)


def test_octets_after_a_mac_are_left_out() -> None:
    (row,) = ask(Mib(cell(NET_TO_MEDIA_PHYS_ADDRESS, NEAR, octets(MAC + b"\0\0"))), arp).rows
    assert row.mac == "00:00:5e:00:53:01"


@pytest.mark.parametrize(
    "value", [octets(b""), octets(b"\0" * 6), octets(b"\xff" * 6), octets(b"abc"), integer(7)]
)
def test_what_names_no_station_is_no_arp_entry(value: bytes) -> None:
    assert ask(Mib(cell(NET_TO_MEDIA_PHYS_ADDRESS, NEAR, value)), arp).rows == ()


@pytest.mark.parametrize(("kind", "count"), [(1, 1), (2, 0), (3, 1), (4, 1), (5, 1), (9, 1)])
def test_only_an_invalid_entry_is_left_out(kind: int, count: int) -> None:
    table = cell(NET_TO_MEDIA_PHYS_ADDRESS, NEAR, octets(MAC)) | cell(
        NET_TO_MEDIA_TYPE, NEAR, integer(kind)
    )
    assert len(ask(Mib(table), arp).rows) == count


def test_the_same_neighbour_in_two_forms_of_index_is_one() -> None:
    table = cell(NET_TO_MEDIA_PHYS_ADDRESS, NEAR, octets(MAC)) | cell(
        NET_TO_MEDIA_PHYS_ADDRESS, (7, 2, *V6), octets(MAC)
    )
    assert len(ask(Mib(table), arp).rows) == 1


def test_a_router_without_the_tables_is_empty_without_a_gap() -> None:
    own, near = ask(Mib({}), addresses), ask(Mib({}), arp)
    assert (own.rows, own.gaps, near.rows, near.gaps) == ((), (), (), ())


def test_an_agent_that_falls_silent_keeps_what_it_told_and_says_so() -> None:
    mib = Mib(cell(NET_TO_MEDIA_PHYS_ADDRESS, NEAR, octets(MAC)))

    def handler(request: Request) -> list[bytes]:
        return [] if request.oids[0] >= dotted(NET_TO_MEDIA_TYPE) else mib(request)

    table = ask(handler, arp, timeout=0.05)
    assert [row.if_index for row in table.rows] == [7]
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"NO RECORDINGS at {CORPUS}: set NETGUARD_CORPUS")
def test_a_recorded_router_with_other_tables_of_this_mib_has_none_of_these() -> None:
    mib = agent_of("nms17216_router1")
    own, near = ask(mib, addresses, deadline=20), ask(mib, arp, deadline=20)
    assert (own.rows, own.gaps, near.rows, near.gaps) == ((), (), (), ())
