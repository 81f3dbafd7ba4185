"""Neighbours of agents that number ports by ifIndex, and tell them once for each group address."""

from ipaddress import ip_address as ip

import pytest

from probes.mibs import if_mib
from probes.mibs.lldp_v2_mib import (
    REM_CHASSIS_ID,
    REM_CHASSIS_ID_SUBTYPE,
    REM_MAN_ADDR_IF_ID,
    REM_PORT_DESC,
    REM_PORT_ID,
    REM_PORT_ID_SUBTYPE,
    REM_SYS_DESC,
    REM_SYS_NAME,
    neighbors,
)
from probes.records import Interface, Neighbor
from tests.snmp_agent import Mib, Oid, ask, dotted, integer, octets

MAC = b"\x00\x00\x5e\x00\x53\x02"
INTERFACE = {(*dotted(if_mib.IF_NAME), 10009): octets(b"xe9")}


def remote(index: Oid = (0, 10009, 1, 6)) -> dict[Oid, bytes]:
    return {
        (*dotted(REM_CHASSIS_ID_SUBTYPE), *index): integer(4),
        (*dotted(REM_CHASSIS_ID), *index): octets(MAC),
        (*dotted(REM_PORT_ID_SUBTYPE), *index): integer(5),
        (*dotted(REM_PORT_ID), *index): octets(b"ethernet1/1/1"),
        (*dotted(REM_PORT_DESC), *index): octets(b"downlink"),
        (*dotted(REM_SYS_NAME), *index): octets(b"edge1"),
        (*dotted(REM_SYS_DESC), *index): octets(b"IronWare\n07.4"),
        (*dotted(REM_MAN_ADDR_IF_ID), *index, 1, 192, 0, 2, 9): integer(7),
    }


NEIGHBOR = Neighbor(
    protocol="lldp",
    if_index=10009,
    port="xe9",
    remote_name="edge1",
    remote_port="ethernet1/1/1",
    remote_chassis="00:00:5e:00:53:02",
    remote_port_descr="downlink",
    remote_platform="IronWare",
    remote_addresses=(ip("192.0.2.9"),),
)


def test_a_neighbour_is_on_the_interface_in_its_index() -> None:
    table = ask(Mib(INTERFACE | remote()), neighbors)
    assert (table.rows, table.gaps) == ((NEIGHBOR,), ())


def test_a_neighbour_of_two_group_addresses_is_one() -> None:
    objects = INTERFACE | remote() | remote((0, 10009, 2, 7)) | remote((90, 10009, 1, 6))
    assert ask(Mib(objects), neighbors).rows == (NEIGHBOR,)


def test_interfaces_already_read_are_not_read_again() -> None:
    known = [Interface(if_index=10009, name="xe9", descr="")]
    assert ask(Mib(remote()), lambda session: neighbors(session, known)).rows == (NEIGHBOR,)


def test_an_interface_without_a_name_keeps_its_number() -> None:
    (row,) = ask(Mib(remote()), neighbors).rows
    assert (row.if_index, row.port) == (10009, "")


@pytest.mark.parametrize("index", [(10009, 1, 6), (0, 10009, 1, 6, 1), (6,)])
def test_an_index_of_garbage_is_no_neighbour(index: Oid) -> None:
    table = ask(Mib(INTERFACE | remote(index)), neighbors)
    assert (table.rows, table.gaps) == ((), ())
