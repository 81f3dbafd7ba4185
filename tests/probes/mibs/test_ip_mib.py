"""Addresses and ARP out of the old table, the new one, and the indexes that agents invent."""

from ipaddress import ip_address as ip

import pytest

from probes.mibs.ip_mib import (
    IP_AD_ENT_IF_INDEX,
    IP_AD_ENT_NET_MASK,
    IP_ADDRESS_IF_INDEX,
    IP_ADDRESS_PREFIX,
    IP_ADDRESS_PREFIX_ENTRY,
    IP_ADDRESS_TYPE,
    IP_NET_TO_MEDIA_PHYS_ADDRESS,
    IP_NET_TO_MEDIA_TYPE,
    IP_NET_TO_PHYSICAL_PHYS_ADDRESS,
    IP_NET_TO_PHYSICAL_STATE,
    IP_NET_TO_PHYSICAL_TYPE,
    addresses,
    arp,
)
from probes.records import ArpEntry, InterfaceAddress
from tests.snmp_agent import Mib, Oid, Request, ask, dotted, integer, ip_address, object_id, octets

MAC = octets(b"\x00\x00\x5e\x00\x53\x01")
V6 = tuple(ip("2001:db8::1").packed)
LINK_LOCAL = tuple(ip("fe80::1").packed)


def cell(column: str, index: tuple[int, ...], value: bytes) -> dict[Oid, bytes]:
    return {(*dotted(column), *index): value}


def old_address(address: str, if_index: int, mask: str) -> dict[Oid, bytes]:
    index = tuple(ip(address).packed)
    return cell(IP_AD_ENT_IF_INDEX, index, integer(if_index)) | cell(
        IP_AD_ENT_NET_MASK, index, ip_address(ip(mask).packed)
    )


def test_the_old_table_gives_prefixes_by_netmask() -> None:
    table = old_address("192.0.2.1", 25, "255.255.255.128")
    assert ask(Mib(table), addresses).rows == (
        InterfaceAddress(ip=ip("192.0.2.1"), prefix_length=25, if_index=25),
    )


@pytest.mark.parametrize(
    ("mask", "length"),
    [
        ("255.255.255.255", 32),
        ("128.0.0.0", 1),
        ("0.0.0.0", 0),  # noqa: S104 - a netmask
        ("255.0.255.0", None),
        ("0.0.0.255", None),
    ],
)
def test_a_netmask_is_a_prefix_only_when_its_bits_are_in_one_run(
    mask: str, length: int | None
) -> None:
    (row,) = ask(Mib(old_address("192.0.2.1", 1, mask)), addresses).rows
    assert row.prefix_length == length


def test_the_new_table_gives_ipv6_and_its_prefix() -> None:
    index = (2, 16, *V6)
    prefix = (*dotted(IP_ADDRESS_PREFIX_ENTRY.rstrip(".")), 5, 7, 2, 16, *V6, 64)
    table = cell(IP_ADDRESS_IF_INDEX, index, integer(7)) | cell(
        IP_ADDRESS_PREFIX, index, object_id(prefix)
    )
    assert ask(Mib(table), addresses).rows == (
        InterfaceAddress(ip=ip("2001:db8::1"), prefix_length=64, if_index=7),
    )


@pytest.mark.parametrize(
    ("index", "address"),
    [
        ((1, 4, 192, 0, 2, 1), "192.0.2.1"),
        ((3, 8, 192, 0, 2, 1, 0, 0, 0, 7), "192.0.2.1"),
        ((4, 20, *LINK_LOCAL, 0, 0, 0, 7), "fe80::1"),
        ((4, 16, *LINK_LOCAL), "fe80::1"),  # ASA: a zoned type without its zone
        ((2, *V6), "2001:db8::1"),  # ASA: no length
        ((1, 192, 0, 2, 1), "192.0.2.1"),
        ((1, 3, 0, 2, 1), "3.0.2.1"),  # ... whose first octet looks like one
        ((1, 15, *b"192.000.002.001"), "192.0.2.1"),  # Fabric OS
        ((1, *b"192.000.002.001"), "192.0.2.1"),
        ((1, 9, *b"192.0.2.1"), "192.0.2.1"),
        ((2, 39, *b"2001:0db8:0000:0000:0000:0000:0000:0001"), "2001:db8::1"),
        ((2, 16, *b"2001:db8:0:0::12"), "2001:db8::12"),  # text as long as an address
        ((1, 4, 49, 50, 46, 51), "49.50.46.51"),  # digits and a dot, and yet no text
    ],
)
def test_an_address_index_is_understood_with_and_without_length_and_zone(
    index: tuple[int, ...], address: str
) -> None:
    (row,) = ask(Mib(cell(IP_ADDRESS_IF_INDEX, index, integer(7))), addresses).rows
    assert row.ip == ip(address)


@pytest.mark.parametrize(
    "index",
    [
        (24558368, 16, *V6),  # ICX6430
        (1, 15, *b"192.000.002.256"),
        (1, 11, *b"192.000.002"),
        (1, 9, *b"2001:db8:"),
        (2, 11, *b"2001:db8:1:"),
        (2, 39, *b"2001:0db8:0000:0000:0000:0000:0000:000g"),
        (2, 9, *b"192.0.2.1"),
        (1, 16, *V6),
        (2, 4, 192, 0, 2, 1),
        (1, 4, 192, 0, 2, 300),
        (1, 4, 192, 0),
        (1,),
        (0, 0),
        (16, 3, *b"dns"),
        (1, 4, 0, 0, 0, 0),
        (1, 4, 0, 255, 255, 1),  # Catalyst 1200
        (1, 4, 224, 0, 0, 18),
        (1, 4, 255, 255, 255, 255),
        (2, 16, *bytes(16)),
        (2, 16, *ip("ff02::1").packed),
    ],
)
def test_an_index_of_garbage_is_no_address(index: tuple[int, ...]) -> None:
    table = ask(Mib(cell(IP_ADDRESS_IF_INDEX, index, integer(7))), addresses)
    assert (table.rows, table.gaps) == ((), ())


def test_an_address_in_both_tables_is_one_row_with_the_prefix_that_is_known() -> None:
    index = (1, 4, 192, 0, 2, 1)
    both = old_address("192.0.2.1", 7, "255.255.255.0") | cell(
        IP_ADDRESS_IF_INDEX, index, integer(7)
    )
    assert ask(Mib(both), addresses).rows == (
        InterfaceAddress(ip=ip("192.0.2.1"), prefix_length=24, if_index=7),
    )


@pytest.mark.parametrize(("kind", "count"), [(1, 1), (2, 0), (3, 0), (9, 1)])
def test_an_anycast_or_broadcast_address_is_not_the_devices_own(kind: int, count: int) -> None:
    index = (1, 4, 192, 0, 2, 255)
    table = cell(IP_ADDRESS_IF_INDEX, index, integer(7)) | cell(
        IP_ADDRESS_TYPE, index, integer(kind)
    )
    assert len(ask(Mib(table), addresses).rows) == count


def new_address(address: str, length: int | None) -> dict[Oid, bytes]:
    packed = ip(address).packed
    index = (2 if len(packed) == 16 else 1, len(packed), *packed)
    table = cell(IP_ADDRESS_IF_INDEX, index, integer(7)) | cell(IP_ADDRESS_TYPE, index, integer(1))
    if length is None:
        return table | cell(IP_ADDRESS_PREFIX, index, object_id((0, 0)))
    pointer = (*dotted(IP_ADDRESS_PREFIX_ENTRY.rstrip(".")), 5, 7, *index, length)
    return table | cell(IP_ADDRESS_PREFIX, index, object_id(pointer))


@pytest.mark.parametrize(
    ("address", "length", "prefix_length"),
    [
        ("2001:db8:1::", 127, 127),  # one end of a link between two routers
        ("2001:db8:1::", 128, 128),
        ("2001:db8:1::", None, None),
        ("2001:db8:1::1", 64, 64),
        ("192.0.2.0", 31, 31),
        ("192.0.2.1", 0, None),
        ("192.0.2.1", 64, None),
        ("2001:db8:1::1", 129, None),
    ],
)
def test_an_address_has_the_prefix_that_its_family_may_have(
    address: str, length: int | None, prefix_length: int | None
) -> None:
    (row,) = ask(Mib(new_address(address, length)), addresses).rows
    assert (row.ip, row.prefix_length) == (ip(address), prefix_length)


@pytest.mark.parametrize("length", [32, 48, 64, 126])
def test_the_address_of_all_routers_of_a_subnet_is_not_the_devices_own(length: int) -> None:
    table = new_address("2001:db8::", length) | new_address("2001:db8::1", length)
    assert [row.ip for row in ask(Mib(table), addresses).rows] == [ip("2001:db8::1")]


def test_the_old_table_has_its_phantoms_too() -> None:
    table = old_address("0.255.255.1", 7, "0.0.0.0")  # noqa: S104 - a netmask
    assert ask(Mib(table), addresses).rows == ()


def test_tables_that_the_agent_does_not_have_cost_one_request_each() -> None:
    asked: list[Oid] = []
    behind = {dotted("1.3.6.1.6.3.1.1.6.1.0"): integer(7)}

    def handler(request: Request) -> list[bytes]:
        asked.extend(request.oids)
        return Mib(behind)(request)

    ask(handler, addresses)
    ask(handler, arp)
    assert asked == [
        dotted(IP_AD_ENT_IF_INDEX),
        dotted(IP_ADDRESS_IF_INDEX),
        dotted(IP_NET_TO_MEDIA_PHYS_ADDRESS),
        dotted(IP_NET_TO_PHYSICAL_PHYS_ADDRESS),
    ]


# --- ARP

MEDIA = (7, 192, 0, 2, 9)
PHYSICAL = (7, 1, 4, 192, 0, 2, 9)
ENTRY = ArpEntry(ip=ip("192.0.2.9"), mac="00:00:5e:00:53:01", if_index=7)


@pytest.mark.parametrize(
    "table",
    [
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, MEDIA, MAC),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, (7, 4, 192, 0, 2, 9), MAC),  # a length before it
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, (7, 1, 4, 192, 0, 2, 9), MAC),
        cell(IP_NET_TO_PHYSICAL_PHYS_ADDRESS, (7, 1, 192, 0, 2, 9), MAC),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, MEDIA, octets(b"00:00:5E:00:53:01")),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, MEDIA, octets(b"0:0:5e:0:53:1")),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, MEDIA, octets(b"00005e005301\0")),
        cell(IP_NET_TO_PHYSICAL_PHYS_ADDRESS, PHYSICAL, octets(b"0000.5e00.5301")),
        cell(IP_NET_TO_PHYSICAL_PHYS_ADDRESS, PHYSICAL, MAC)
        | cell(IP_NET_TO_PHYSICAL_STATE, PHYSICAL, integer(2)),
        cell(IP_NET_TO_PHYSICAL_PHYS_ADDRESS, PHYSICAL, MAC),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, MEDIA, MAC)
        | cell(IP_NET_TO_PHYSICAL_PHYS_ADDRESS, PHYSICAL, MAC),
    ],
)
def test_arp_is_read_from_either_table_and_once(table: dict[Oid, bytes]) -> None:
    assert ask(Mib(table), arp).rows == (ENTRY,)


def test_tables_that_disagree_are_both_heard() -> None:
    other = octets(b"\x00\x00\x5e\x00\x53\x02")
    table = cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, MEDIA, MAC) | cell(
        IP_NET_TO_PHYSICAL_PHYS_ADDRESS, PHYSICAL, other
    )
    assert {row.mac for row in ask(Mib(table), arp).rows} == {
        "00:00:5e:00:53:01",
        "00:00:5e:00:53:02",
    }


def test_neighbours_of_ipv6_are_read() -> None:
    table = cell(IP_NET_TO_PHYSICAL_PHYS_ADDRESS, (7, 2, 16, *V6), MAC)
    assert [row.ip for row in ask(Mib(table), arp).rows] == [ip("2001:db8::1")]


@pytest.mark.parametrize(
    "table",
    [
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, MEDIA, MAC)
        | cell(IP_NET_TO_MEDIA_TYPE, MEDIA, integer(2)),
        cell(IP_NET_TO_PHYSICAL_PHYS_ADDRESS, PHYSICAL, MAC)
        | cell(IP_NET_TO_PHYSICAL_TYPE, PHYSICAL, integer(2)),
        cell(IP_NET_TO_PHYSICAL_PHYS_ADDRESS, PHYSICAL, MAC)
        | cell(IP_NET_TO_PHYSICAL_STATE, PHYSICAL, integer(5)),
        cell(IP_NET_TO_PHYSICAL_PHYS_ADDRESS, PHYSICAL, MAC)
        | cell(IP_NET_TO_PHYSICAL_STATE, PHYSICAL, integer(7)),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, MEDIA, octets(b"\0" * 6)),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, MEDIA, octets(b"00:00:00:00:00:00")),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, MEDIA, octets(b"incomplete")),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, (7, 0, 255, 255, 1), MAC),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, (7, 0, 0, 0, 0), MAC),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, (7, 255, 255, 255, 255), MAC),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, MEDIA, octets(b"\xff" * 6)),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, MEDIA, octets(b"")),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, MEDIA, integer(5)),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, (7, 224, 0, 0, 22), MAC),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, (7, 192, 0, 2), MAC),
        cell(IP_NET_TO_MEDIA_PHYS_ADDRESS, (7,), MAC),
    ],
)
def test_what_names_no_station_is_no_arp_entry(table: dict[Oid, bytes]) -> None:
    assert ask(Mib(table), arp).rows == ()
