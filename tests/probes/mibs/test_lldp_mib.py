"""Neighbours, and which of the device's own interfaces each is on."""

from ipaddress import ip_address as ip

import pytest

from probes.mibs import if_mib
from probes.mibs.bridge_mib import BASE_PORT_IF_INDEX
from probes.mibs.lldp_mib import (
    LOC_CHASSIS_ID,
    LOC_CHASSIS_ID_SUBTYPE,
    LOC_PORT_DESC,
    LOC_PORT_ID,
    LOC_PORT_ID_SUBTYPE,
    LOC_SYS_NAME,
    REM_CHASSIS_ID,
    REM_CHASSIS_ID_SUBTYPE,
    REM_MAN_ADDR_IF_ID,
    REM_MAN_ADDR_IF_SUBTYPE,
    REM_PORT_DESC,
    REM_PORT_ID,
    REM_PORT_ID_SUBTYPE,
    REM_SYS_DESC,
    REM_SYS_NAME,
    chassis,
    neighbors,
)
from probes.records import BasePort, Chassis, Neighbor
from tests.snmp_agent import Mib, Oid, Request, ask, dotted, integer, octets

INTERFACE_NAME, INTERFACE_ALIAS, PORT_MAC, LOCAL = 5, 1, 3, 7
CHASSIS_MAC = 4
MAC = b"\x00\x00\x5e\x00\x53\x02"
INTERFACES = {
    (*dotted(if_mib.IF_NAME), 10101): octets(b"Gi1/0/1"),
    (*dotted(if_mib.IF_DESCR), 10101): octets(b"GigabitEthernet1/0/1"),
    (*dotted(if_mib.IF_ALIAS), 10101): octets(b"to edge1"),
    (*dotted(if_mib.IF_PHYS_ADDRESS), 10101): octets(b"\x00\x00\x5e\x00\x53\xa1"),
    (*dotted(if_mib.IF_NAME), 10102): octets(b"Gi1/0/2"),
    (*dotted(if_mib.IF_DESCR), 10102): octets(b"GigabitEthernet1/0/2"),
    (*dotted(if_mib.IF_PHYS_ADDRESS), 10102): octets(b"\x00\x00\x5e\x00\x53\xa2"),
}


def remote(
    port: bytes = b"ethernet1/1/1", subtype: int = INTERFACE_NAME, index: Oid = (99, 1, 4)
) -> dict[Oid, bytes]:
    return {
        (*dotted(REM_CHASSIS_ID_SUBTYPE), *index): integer(CHASSIS_MAC),
        (*dotted(REM_CHASSIS_ID), *index): octets(MAC),
        (*dotted(REM_PORT_ID_SUBTYPE), *index): integer(subtype),
        (*dotted(REM_PORT_ID), *index): octets(port),
        (*dotted(REM_PORT_DESC), *index): octets(b"downlink"),
        (*dotted(REM_SYS_NAME), *index): octets(b"edge1\x00\x00"),
    }


def local(port: bytes, subtype: int, desc: bytes = b"") -> dict[Oid, bytes]:
    return {
        (*dotted(LOC_PORT_ID_SUBTYPE), 1): integer(subtype),
        (*dotted(LOC_PORT_ID), 1): octets(port),
        (*dotted(LOC_PORT_DESC), 1): octets(desc),
    }


def test_a_neighbour_is_on_the_interface_its_local_port_names() -> None:
    table = ask(Mib(INTERFACES | remote() | local(b"Gi1/0/1", INTERFACE_NAME)), neighbors)
    assert table.gaps == ()
    assert table.rows == (
        Neighbor(
            protocol="lldp",
            if_index=10101,
            port="Gi1/0/1",
            remote_name="edge1",
            remote_port="ethernet1/1/1",
            remote_chassis="00:00:5e:00:53:02",
            remote_port_descr="downlink",
        ),
    )


@pytest.mark.parametrize(
    "names",
    [
        local(b"Gi1/0/1", INTERFACE_NAME),
        local(b"Gi1/0/1", LOCAL),
        local(b"to edge1", INTERFACE_ALIAS),
        local(b"GigabitEthernet1/0/1", INTERFACE_NAME),
        local(b"\x00\x00\x5e\x00\x53\xa1", PORT_MAC),
        local(b"\x00\x00\x5e\x00\x53\xa1", PORT_MAC, b"Gi1/0/1"),
        local(b"1", LOCAL, b"Gi1/0/1"),  # NX-OS swaps the two
        local(b"Gi1/0/1\x00", INTERFACE_NAME),
        {(*dotted(BASE_PORT_IF_INDEX), 1): integer(10101)},
        local(b"1", LOCAL) | {(*dotted(BASE_PORT_IF_INDEX), 1): integer(10101)},
    ],
)
def test_every_way_to_name_a_local_port_leads_to_the_interface(names: dict[Oid, bytes]) -> None:
    (row,) = ask(Mib(INTERFACES | remote() | names), neighbors).rows
    assert (row.if_index, row.port) == (10101, "Gi1/0/1")


@pytest.mark.parametrize(
    ("names", "port"),
    [
        ({}, ""),
        (local(b"9", LOCAL), "9"),
        (local(b"", LOCAL, b"uplink"), "uplink"),
        ({(*dotted(BASE_PORT_IF_INDEX), 10101): integer(1)}, ""),  # 1 is no ifIndex
    ],
)
def test_a_local_port_that_leads_nowhere_has_no_interface(
    names: dict[Oid, bytes], port: str
) -> None:
    (row,) = ask(Mib(INTERFACES | remote() | names), neighbors).rows
    assert (row.if_index, row.port) == (None, port)


def test_a_mac_that_several_interfaces_share_names_none_of_them() -> None:
    shared = INTERFACES | {
        (*dotted(if_mib.IF_PHYS_ADDRESS), 10102): octets(b"\x00\x00\x5e\x00\x53\xa1")
    }
    names = local(b"\x00\x00\x5e\x00\x53\xa1", PORT_MAC)
    (row,) = ask(Mib(shared | remote() | names), neighbors).rows
    assert row.if_index is None


@pytest.mark.parametrize(
    ("port", "subtype", "spelled"),
    [
        (b"Gi0/1", INTERFACE_NAME, "Gi0/1"),
        (MAC, PORT_MAC, "00:00:5e:00:53:02"),
        (b"0000.5e00.5302", PORT_MAC, "00:00:5e:00:53:02"),
        (b"not a mac", PORT_MAC, "not a mac"),
        (b"\x01\xc0\x00\x02\x09", 4, "192.0.2.9"),
        (b"\x02" + b"\x20\x01\x0d\xb8" + b"\0" * 11 + b"\x01", 4, "2001:db8::1"),
        (b"\x07ab", 4, "\x07ab"),
        (b"", LOCAL, ""),
    ],
)
def test_a_remote_port_is_spelled_as_its_subtype_says(
    port: bytes, subtype: int, spelled: str
) -> None:
    (row,) = ask(Mib(INTERFACES | remote(port, subtype)), neighbors).rows
    assert row.remote_port == spelled


def test_interfaces_already_read_are_not_read_again() -> None:
    mib = Mib(remote() | local(b"Gi1/0/1", INTERFACE_NAME))
    known = ask(Mib(INTERFACES), if_mib.interfaces).rows
    (row,) = ask(mib, lambda session: neighbors(session, known)).rows
    assert row.if_index == 10101


def test_a_row_is_whole_though_its_time_mark_moved_between_two_columns() -> None:
    later = {(*dotted(REM_SYS_NAME), 100, 1, 4): octets(b"edge1")}
    before = remote()
    del before[*dotted(REM_SYS_NAME), 99, 1, 4]
    (row,) = ask(Mib(INTERFACES | before | later), neighbors).rows
    assert row.remote_name == "edge1"


def test_bridge_ports_already_read_are_not_read_again() -> None:
    asked: list[Oid] = []

    def handler(request: Request) -> list[bytes]:
        asked.extend(request.oids)
        return Mib(INTERFACES | remote())(request)

    ports = [BasePort(base_port=1, if_index=10102)]
    (row,) = ask(handler, lambda session: neighbors(session, None, ports)).rows
    assert row.if_index == 10102
    assert dotted(BASE_PORT_IF_INDEX) not in asked


def unit(if_index: int, name: bytes, kind: int = 53) -> dict[Oid, bytes]:
    return {
        (*dotted(if_mib.IF_NAME), if_index): octets(name),
        (*dotted(if_mib.IF_TYPE), if_index): integer(kind),
    }


JUNOS = unit(520, b"ge-0/0/0.0") | unit(525, b"ge-0/0/1.0") | unit(16, b"lo0.0", 24)
NUMBERED = {(*dotted(LOC_PORT_ID), n): octets(b"%d" % n) for n in (520, 525)}


def test_without_bridge_ports_a_local_port_number_is_an_if_index() -> None:
    (row,) = ask(Mib(JUNOS | NUMBERED | remote(index=(99, 520, 4))), neighbors).rows
    assert (row.if_index, row.port) == (520, "ge-0/0/0.0")


@pytest.mark.parametrize(
    ("objects", "number"),
    [
        (JUNOS | NUMBERED, 16),  # a loopback
        (JUNOS | NUMBERED, 521),
        (JUNOS | unit(1, b"fxp0", 6) | unit(2, b"ge-0/0/8", 6), 1),  # may be counted from 1
        (JUNOS | {(*dotted(BASE_PORT_IF_INDEX), 7): integer(525)}, 520),
    ],
)
def test_a_local_port_number_that_may_be_another_thing_is_no_if_index(
    objects: dict[Oid, bytes], number: int
) -> None:
    (row,) = ask(Mib(objects | remote(index=(99, number, 4))), neighbors).rows
    assert row.if_index is None


def test_numbers_that_are_those_of_all_ports_are_if_indexes() -> None:
    ports = unit(1, b"port1", 6) | unit(2, b"port2", 6) | unit(3, b"lo", 24)
    numbers = {(*dotted(LOC_PORT_ID), n): octets(b"") for n in (1, 2)}
    (row,) = ask(Mib(ports | numbers | remote()), neighbors).rows
    assert (row.if_index, row.port) == (1, "port1")


def test_what_a_neighbour_says_of_itself_is_one_line_and_where_it_can_be_managed() -> None:
    said = {(*dotted(REM_SYS_DESC), 99, 1, 4): octets(b"Foundry FCX648\r\nIronWare 07.4\0")}
    for address in ((1, 4, 192, 0, 2, 9), (1, 192, 0, 2, 10), (2, 16, *ip("2001:db8::9").packed)):
        said[*dotted(REM_MAN_ADDR_IF_ID), 99, 1, 4, *address] = integer(7)
    (row,) = ask(Mib(INTERFACES | remote() | said), neighbors).rows
    assert row.remote_platform == "Foundry FCX648"
    assert row.remote_addresses == (ip("192.0.2.9"), ip("192.0.2.10"), ip("2001:db8::9"))


def test_the_address_of_a_neighbour_may_stand_in_the_other_column_alone() -> None:
    at = (*dotted(REM_MAN_ADDR_IF_SUBTYPE), 80, 1, 4, 1, 4, 192, 0, 2, 9)
    (row,) = ask(Mib(INTERFACES | remote() | {at: integer(2)}), neighbors).rows
    assert row.remote_addresses == (ip("192.0.2.9"),)


@pytest.mark.parametrize(
    "index",
    [
        (99, 1, 4, 6, 6, 0, 0, 94, 0, 83, 1),  # a MAC
        (99, 1, 4, 3, 8, 192, 0, 2, 9, 0, 0, 0, 7),  # NSAP, and no zoned IPv4
        (99, 1, 4, 1, 4, 0, 0, 0, 0),
        (99, 1, 4, 1, 4, 224, 0, 0, 9),
        (99, 1, 4, 1),
        (99, 1, 4, 2, 4, 192, 0, 2, 9),
        (99, 1, 5, 1, 4, 192, 0, 2, 9),  # of another neighbour
        (99, 1),
    ],
)
def test_what_is_no_address_of_a_neighbour_is_left_out(index: Oid) -> None:
    at = (*dotted(REM_MAN_ADDR_IF_ID), *index)
    (row,) = ask(Mib(INTERFACES | remote() | {at: integer(7)}), neighbors).rows
    assert row.remote_addresses == ()


def test_the_same_neighbour_twice_is_one() -> None:
    twice = remote() | remote(index=(99, 1, 5)) | remote(index=(120, 1, 4))
    assert len(ask(Mib(INTERFACES | twice), neighbors).rows) == 1
    others = twice | remote(b"ethernet1/1/2", index=(99, 1, 6)) | remote(index=(99, 2, 4))
    assert len(ask(Mib(INTERFACES | others), neighbors).rows) == 3


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (MAC, "00:00:5e:00:53:02"),
        (b"\xa4\x0c\xc3\x4e\xac\xc6", "a4:0c:c3:4e:ac:c6"),
        (b"Gi0/1\x00", "Gi0/1"),
        (b"Switch", "Switch"),
        ("B\u00fcro1".encode(), "B\u00fcro1"),
    ],
)
def test_a_port_of_six_octets_is_a_mac_unless_it_is_text(value: bytes, spelled: str) -> None:
    (row,) = ask(Mib(INTERFACES | remote(value, LOCAL)), neighbors).rows
    assert row.remote_port == spelled


def test_a_row_with_holes_is_still_a_neighbour() -> None:
    chassis_alone = {(*dotted(REM_CHASSIS_ID), 99, 1, 4): octets(MAC)}
    (row,) = ask(Mib(INTERFACES | chassis_alone), neighbors).rows
    assert row == Neighbor(
        protocol="lldp",
        if_index=None,
        port="",
        remote_name="",
        remote_port="",
        remote_chassis="00:00:5e:00:53:02",
    )


def test_a_device_without_neighbours_is_empty_without_a_gap() -> None:
    table = ask(Mib(INTERFACES), neighbors)
    assert (table.rows, table.gaps) == ((), ())


def test_an_index_of_garbage_is_no_neighbour() -> None:
    assert ask(Mib(INTERFACES | remote(index=(1, 2))), neighbors).rows == ()


def test_the_device_itself_has_a_chassis_or_none() -> None:
    own = {
        dotted(LOC_CHASSIS_ID_SUBTYPE): integer(CHASSIS_MAC),
        dotted(LOC_CHASSIS_ID): octets(MAC),
        dotted(LOC_SYS_NAME): octets(b"cat1"),
    }
    assert ask(Mib(own), chassis) == Chassis(chassis_id="00:00:5e:00:53:02", sys_name="cat1")
    assert ask(Mib({}), chassis) is None
