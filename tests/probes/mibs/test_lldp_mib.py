"""Neighbours, and which of the device's own interfaces each is on."""

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
    REM_PORT_DESC,
    REM_PORT_ID,
    REM_PORT_ID_SUBTYPE,
    REM_SYS_NAME,
    chassis,
    neighbors,
)
from probes.records import Chassis, Neighbor
from tests.snmp_agent import Mib, Oid, ask, dotted, integer, octets

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
