"""The ports of a Foundry: their names, VLANs and aggregates, and which of them are tagged."""

import pytest

from probes.mibs.foundry_sn_switch_group_mib import (
    LAG_IF_INDEX,
    LAG_IF_LIST,
    MS_TRUNK_IF_LIST,
    SW_IF_DESCR,
    SW_IF_INFO_ADMIN_STATUS,
    SW_IF_INFO_LINK_STATUS,
    SW_IF_INFO_PHYS_ADDRESS,
    SW_IF_INFO_TAG_MODE,
    SW_IF_NAME,
    SW_PORT_IF_INDEX,
    VLAN_BY_PORT_CFG_ROW_STATUS,
    VLAN_BY_PORT_CFG_VLAN_NAME,
    VLAN_BY_PORT_MEMBER_ROW_STATUS,
    VLAN_BY_PORT_MEMBER_TAG_MODE,
    interfaces,
    members,
    port_if_indexes,
    tagging,
    vlans,
)
from probes.records import Interface, LagMember, Tagging, Vlan
from tests.snmp_agent import Mib, Oid, Request, ask, dotted, integer, octets

NAME = (4, *b"core")  # a LAG is indexed by its name
LAG = 83_886_081


def lag(ports: bytes, if_index: int | None = LAG, name: Oid = NAME) -> dict[Oid, bytes]:
    row = {(*dotted(LAG_IF_LIST), *name): octets(ports)}
    if if_index is not None:
        row[*dotted(LAG_IF_INDEX), *name] = integer(if_index)
    return row


def old_trunk(ports: bytes, leader: int = 1) -> dict[Oid, bytes]:
    return {(*dotted(MS_TRUNK_IF_LIST), leader): octets(ports)}


def packed(*if_indexes: int, width: int = 4) -> bytes:
    return b"".join(if_index.to_bytes(width, "big") for if_index in if_indexes)


def member(if_index: int, aggregate: int) -> LagMember:
    return LagMember(if_index=if_index, aggregate=aggregate)


def in_vlan(vlan: int, if_index: int, mode: bytes | None) -> dict[Oid, bytes]:
    """A port that is a member of a VLAN, with its TagMode as it stands on the wire."""
    row = {(*dotted(VLAN_BY_PORT_MEMBER_ROW_STATUS), vlan, if_index): integer(2)}
    if mode is not None:
        row[*dotted(VLAN_BY_PORT_MEMBER_TAG_MODE), vlan, if_index] = mode
    return row


PORT = {
    (*dotted(SW_IF_DESCR), 65): octets(b"1/2/1\0"),
    (*dotted(SW_IF_NAME), 65): octets(b"to edge2 "),
    (*dotted(SW_IF_INFO_ADMIN_STATUS), 65): integer(1),
    (*dotted(SW_IF_INFO_LINK_STATUS), 65): integer(2),
    (*dotted(SW_IF_INFO_PHYS_ADDRESS), 65): octets(b"\x00\x00\x5e\x00\x53\x41"),
}


def test_a_port_is_named_by_slot_and_number_and_what_people_call_it_is_its_alias() -> None:
    table = ask(Mib(PORT), interfaces)
    assert table.gaps == ()
    assert table.rows == (
        Interface(
            if_index=65,
            name="1/2/1",
            descr="1/2/1",
            alias="to edge2",
            phys_address="00:00:5e:00:53:41",
            admin_status="up",
            oper_status="down",
        ),
    )


def test_a_port_of_which_only_the_description_is_known_is_a_port() -> None:
    table = ask(Mib({(*dotted(SW_IF_DESCR), 1): octets(b"1/1/1")}), interfaces)
    assert table.rows == (Interface(if_index=1, name="1/1/1", descr="1/1/1"),)


def test_a_port_without_a_description_is_no_port() -> None:
    unnamed = {oid: value for oid, value in PORT.items() if oid[:-1] != dotted(SW_IF_DESCR)}
    empty = {(*dotted(SW_IF_DESCR), 65): octets(b"\0 ")}
    assert ask(Mib(unnamed), interfaces).rows == ()
    assert ask(Mib(unnamed | empty), interfaces).rows == ()


@pytest.mark.parametrize("index", [(0,), (1, 65), (2**31,), (2**32 - 1,)])
def test_a_port_by_an_index_that_is_no_interface_is_no_port(index: Oid) -> None:
    assert ask(Mib({(*dotted(SW_IF_DESCR), *index): octets(b"1/2/1")}), interfaces).rows == ()


def test_garbled_statuses_and_addresses_of_a_port_are_not_known() -> None:
    garbage = {
        (*dotted(SW_IF_NAME), 65): octets(b"\xff"),
        (*dotted(SW_IF_INFO_ADMIN_STATUS), 65): octets(b"up"),
        (*dotted(SW_IF_INFO_LINK_STATUS), 65): integer(9),
        (*dotted(SW_IF_INFO_PHYS_ADDRESS), 65): octets(b"\x00\x00\x5e\x00\x53"),
    }
    (row,) = ask(Mib(PORT | garbage), interfaces).rows
    assert (row.admin_status, row.oper_status, row.phys_address) == ("unknown", "unknown", None)


def test_a_port_by_slot_and_number_is_the_interface_that_the_device_says() -> None:
    column = dotted(SW_PORT_IF_INDEX)
    known = {(*column, 257): integer(1), (*column, 513): integer(65)}
    garbage = {
        (*column, 258): integer(0),
        (*column, 259): integer(-1),
        (*column, 260): octets(b"2"),
        (*column, 1, 257): integer(3),
    }
    assert ask(Mib(known | garbage), port_if_indexes) == ({257: 1, 513: 65}, ())


def test_a_vlan_has_the_name_that_it_was_given() -> None:
    names = dotted(VLAN_BY_PORT_CFG_VLAN_NAME)
    table = ask(Mib({(*names, 1): octets(b"DEFAULT-VLAN"), (*names, 10): octets(b"")}), vlans)
    assert table.gaps == ()
    assert table.rows == (Vlan(vlan=1, name="DEFAULT-VLAN"), Vlan(vlan=10))


def test_a_vlan_without_a_name_column_is_a_vlan() -> None:
    table = ask(Mib({(*dotted(VLAN_BY_PORT_CFG_ROW_STATUS), 10): integer(2)}), vlans)
    assert table.rows == (Vlan(vlan=10),)


@pytest.mark.parametrize("status", [0, 3])
def test_a_vlan_that_is_being_deleted_is_no_vlan(status: int) -> None:
    names, statuses = dotted(VLAN_BY_PORT_CFG_VLAN_NAME), dotted(VLAN_BY_PORT_CFG_ROW_STATUS)
    objects = {(*names, 10): octets(b"old"), (*statuses, 10): integer(status)}
    assert ask(Mib(objects), vlans).rows == ()


@pytest.mark.parametrize("index", [(0,), (4096,), (10, 1), (2**32 - 1,)])
def test_an_index_that_is_no_vlan_is_left_out(index: Oid) -> None:
    assert ask(Mib({(*dotted(VLAN_BY_PORT_CFG_VLAN_NAME), *index): octets(b"x")}), vlans).rows == ()


@pytest.mark.parametrize(
    ("mode", "tagged"), [(1, True), (2, False), (3, True), (0, True), (4, True)]
)
def test_only_a_port_that_says_untagged_is_untagged(mode: int, *, tagged: bool) -> None:
    table = ask(Mib({(*dotted(SW_IF_INFO_TAG_MODE), 65): integer(mode)}), tagging)
    assert (table.rows, table.gaps) == ((Tagging(if_index=65, tagged=tagged),), ())


def test_an_index_that_is_no_interface_is_left_out() -> None:
    assert ask(Mib({(*dotted(SW_IF_INFO_TAG_MODE), 1, 65): integer(2)}), tagging).rows == ()


def test_where_the_ports_say_nothing_their_vlans_say_which_are_tagged() -> None:
    objects = in_vlan(10, 1, integer(2)) | in_vlan(10, 2, integer(2)) | in_vlan(20, 2, integer(1))
    table = ask(Mib(objects | in_vlan(20, LAG, integer(1))), tagging)
    assert table.gaps == ()
    assert {row.if_index: row.tagged for row in table.rows} == {1: False, 2: True, LAG: True}


def test_where_the_ports_say_something_their_vlans_are_not_read() -> None:
    own = {(*dotted(SW_IF_INFO_TAG_MODE), 1): integer(2)}
    table = ask(Mib(own | in_vlan(20, 2, integer(1))), tagging)
    assert table.rows == (Tagging(if_index=1, tagged=False),)


@pytest.mark.parametrize("mode", [None, integer(0), integer(3), octets(b"untagged")])
def test_a_member_of_a_vlan_that_does_not_say_untagged_is_tagged(mode: bytes | None) -> None:
    table = ask(Mib(in_vlan(10, 1, integer(2)) | in_vlan(20, 1, mode)), tagging)
    assert table.rows == (Tagging(if_index=1, tagged=True),)


@pytest.mark.parametrize("index", [(10,), (10, 0), (10, 1, 1), (10, 2**32 - 1)])
def test_a_member_by_an_index_that_is_no_interface_is_left_out(index: Oid) -> None:
    table = ask(Mib({(*dotted(VLAN_BY_PORT_MEMBER_TAG_MODE), *index): integer(1)}), tagging)
    assert (table.rows, table.gaps) == ((), ())


def test_where_the_members_are_not_all_read_only_a_sure_trunk_has_a_row() -> None:
    modes = dotted(VLAN_BY_PORT_MEMBER_TAG_MODE)
    objects = {oid: v for i in range(1, 101) for oid, v in in_vlan(10, i, integer(2)).items()}
    mib = Mib(objects | in_vlan(10, 1, integer(1)))

    def handler(request: Request) -> list[bytes]:
        unread = (*modes, 10, 40) <= request.oids[0] <= (*modes, 11)
        return [] if unread else mib(request)

    table = ask(handler, tagging, timeout=0.05)
    assert table.rows == (Tagging(if_index=1, tagged=True),)
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]


def test_an_agent_without_the_tables_is_empty_without_a_gap() -> None:
    tables = (
        ask(Mib({}), tagging),
        ask(Mib({}), members),
        ask(Mib({}), interfaces),
        ask(Mib({}), vlans),
    )
    assert all((table.rows, table.gaps) == ((), ()) for table in tables)
    assert ask(Mib({}), port_if_indexes) == ({}, ())


def test_an_agent_that_stops_in_the_middle_keeps_its_rows_and_says_so() -> None:
    column = dotted(SW_IF_INFO_TAG_MODE)
    mib = Mib({(*column, i): integer(2) for i in range(1, 101)})

    def handler(request: Request) -> list[bytes]:
        return [] if request.oids[0] >= (*column, 40) else mib(request)

    table = ask(handler, tagging, timeout=0.05)
    assert 0 < len(table.rows) < 100
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]


def test_a_lag_lists_its_ports_in_four_octets_each() -> None:
    table = ask(Mib(lag(packed(1, 257, LAG + 1))), members)
    assert table.rows == (member(1, LAG), member(257, LAG), member(LAG + 1, LAG))


@pytest.mark.parametrize("if_index", [None, 0])
def test_a_port_of_a_lag_without_an_interface_is_a_member_all_the_same(
    if_index: int | None,
) -> None:
    table = ask(Mib(lag(packed(1, 2), if_index)), members)
    assert table.rows == (member(1, 0), member(2, 0))


def test_an_old_trunk_lists_its_ports_in_two_octets_each_under_the_port_that_leads_it() -> None:
    table = ask(Mib(old_trunk(packed(1, 2, 257, width=2))), members)
    assert table.rows == (member(1, 1), member(2, 1), member(257, 1))


def test_empty_lists_and_empty_places_in_them_are_no_ports() -> None:
    objects = lag(b"", name=(1, 97)) | lag(packed(0, 5, 0), name=(1, 98)) | old_trunk(bytes(4))
    table = ask(Mib(objects), members)
    assert (table.rows, table.gaps) == ((member(5, LAG),), ())


@pytest.mark.parametrize(
    "garbage",
    [
        lag(packed(1, 2)[:-1], name=(1, 97)),
        lag(packed(1, 2)[:6], name=(1, 97)),
        {(*dotted(LAG_IF_LIST), 1, 97): integer(1)},
        old_trunk(b"\0\1\0"),
    ],
)
def test_a_list_whose_length_does_not_fit_is_a_gap_and_costs_no_other_list(
    garbage: dict[Oid, bytes],
) -> None:
    table = ask(Mib(lag(packed(1, 2)) | garbage), members)
    assert table.rows == (member(1, LAG), member(2, LAG))
    (gap,) = table.gaps
    assert (gap.subject, gap.kind) == ("cat1", "snmp-malformed")
    assert gap.remedy


def test_silence_while_the_old_lists_are_read_is_a_gap() -> None:
    old = dotted(MS_TRUNK_IF_LIST)

    def handler(request: Request) -> list[bytes]:
        return [] if request.oids[0][: len(old)] == old else Mib(lag(packed(1)))(request)

    table = ask(handler, members, timeout=0.05)
    assert table.rows == (member(1, LAG),)
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]
