"""A Foundry's own addresses, where its IP-MIB has none."""

from ipaddress import IPv4Address

import pytest

from probes.mibs.foundry_sn_ip_mib import (
    PORT_IF_ROW_STATUS,
    PORT_IF_SUBNET_MASK,
    PORT_ROW_STATUS,
    PORT_SUBNET_MASK,
    addresses,
)
from probes.mibs.foundry_sn_switch_group_mib import SW_PORT_IF_INDEX
from probes.records import InterfaceAddress
from tests.snmp_agent import Mib, Oid, Request, ask, dotted, integer, ip_address, octets

VE_55 = 16_777_271
SLOT_1_PORT_2, OLD_VE_55 = 0x0102, 0x010037
MASK = ip_address(b"\xff\xff\xff\x80")
PORTS = {(*dotted(SW_PORT_IF_INDEX), SLOT_1_PORT_2): integer(2)}


def row(
    index: Oid = (VE_55, 192, 0, 2, 1), mask: bytes | None = MASK, status: int | None = 2
) -> dict[Oid, bytes]:
    found = {} if mask is None else {(*dotted(PORT_IF_SUBNET_MASK), *index): mask}
    if status is not None:
        found[*dotted(PORT_IF_ROW_STATUS), *index] = integer(status)
    return found


def old_row(index: Oid, status: int = 2) -> dict[Oid, bytes]:
    return {
        (*dotted(PORT_SUBNET_MASK), *index): MASK,
        (*dotted(PORT_ROW_STATUS), *index): integer(status),
    }


def address(if_index: int = VE_55, prefix_length: int | None = 25) -> InterfaceAddress:
    return InterfaceAddress(
        ip=IPv4Address("192.0.2.1"), prefix_length=prefix_length, if_index=if_index
    )


def test_an_address_is_on_the_interface_that_its_index_names() -> None:
    table = ask(Mib(row()), addresses)
    assert (table.rows, table.gaps) == ((address(),), ())


@pytest.mark.parametrize(
    ("mask", "length"),
    [
        (ip_address(b"\xff\xff\xff\xff"), 32),
        (ip_address(bytes(4)), None),
        (ip_address(b"\xff\x00\xff\x00"), None),
        (ip_address(b"\x00\x00\x00\xff"), None),
        (integer(24), None),
        (octets(b"\xff\xff\xff\x80"), None),
        (octets(b"255.255.255.128"), None),
        (octets(b""), None),
        (None, None),
    ],
)
def test_a_mask_that_is_no_mask_leaves_the_length_unknown(
    mask: bytes | None, length: int | None
) -> None:
    assert ask(Mib(row(mask=mask)), addresses).rows == (address(prefix_length=length),)


@pytest.mark.parametrize("status", [0, 3])
def test_a_row_that_is_being_deleted_is_no_address(status: int) -> None:
    assert ask(Mib(row(status=status)), addresses).rows == ()


def test_a_row_without_a_status_is_an_address() -> None:
    assert ask(Mib(row(status=None)), addresses).rows == (address(),)


@pytest.mark.parametrize(
    "index",
    [
        (VE_55, 192, 0, 2),
        (VE_55, 192, 0, 2, 1, 1),
        (VE_55, 192, 0, 2, 256),
        (VE_55, 0, 0, 0, 0),
        (VE_55, 224, 0, 0, 1),
        (0, 192, 0, 2, 1),
        (2**32 - 1, 192, 0, 2, 1),
        (VE_55,),
    ],
)
def test_an_index_of_garbage_is_no_address(index: Oid) -> None:
    table = ask(Mib(row(index)), addresses)
    assert (table.rows, table.gaps) == ((), ())


def test_an_address_of_old_software_is_on_the_interface_that_its_port_is() -> None:
    table = ask(Mib(old_row((SLOT_1_PORT_2, 192, 0, 2, 1)) | PORTS), addresses)
    assert (table.rows, table.gaps) == ((address(2),), ())


@pytest.mark.parametrize(
    "objects",
    [
        old_row((OLD_VE_55, 192, 0, 2, 1)),
        old_row((SLOT_1_PORT_2, 192, 0, 2, 1), status=3),
        old_row((SLOT_1_PORT_2,)),
        old_row((SLOT_1_PORT_2, 192, 0, 2, 1, 1)),
    ],
)
def test_an_old_address_that_is_tied_to_no_interface_is_left_out(objects: dict[Oid, bytes]) -> None:
    table = ask(Mib(objects | PORTS), addresses)
    assert (table.rows, table.gaps) == ((), ())


def test_the_deprecated_table_is_not_read_beside_the_current_one() -> None:
    table = ask(Mib(row() | old_row((SLOT_1_PORT_2, 192, 0, 2, 9)) | PORTS), addresses)
    assert table.rows == (address(),)


def test_an_agent_without_the_tables_is_empty_without_a_gap() -> None:
    table = ask(Mib(PORTS), addresses)
    assert (table.rows, table.gaps) == ((), ())


def test_a_silent_agent_is_asked_for_one_table_only() -> None:
    asked = []

    def handler(request: Request) -> list[bytes]:
        asked.append(request.oids[0])
        return []

    table = ask(handler, addresses, timeout=0.05)
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]
    assert set(asked) == {dotted(PORT_IF_SUBNET_MASK)}
