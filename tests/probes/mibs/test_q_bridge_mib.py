"""The forwarding databases of Q-BRIDGE-MIB with their VLANs, and which ports are tagged."""

import pytest

from probes.mibs.bridge_mib import BASE_PORT_IF_INDEX
from probes.mibs.q_bridge_mib import (
    TP_FDB_PORT,
    TP_FDB_STATUS,
    VLAN_CURRENT_EGRESS_PORTS,
    VLAN_CURRENT_UNTAGGED_PORTS,
    VLAN_FDB_ID,
    VLAN_STATIC_EGRESS_PORTS,
    VLAN_STATIC_NAME,
    VLAN_STATIC_UNTAGGED_PORTS,
    fdb,
    tagging,
    vlans,
)
from probes.records import BasePort, FdbEntry, Tagging, Vlan
from tests.snmp_agent import (
    GEN_ERR,
    Handler,
    Mib,
    Oid,
    Request,
    ask,
    dotted,
    failure,
    integer,
    octets,
)

MAC = (0x00, 0x00, 0x5E, 0x00, 0x53, 0x01)


def seen(fdb_id: int, index: Oid = MAC) -> dict[Oid, bytes]:
    return {
        (*dotted(TP_FDB_PORT), fdb_id, *index): integer(3),
        (*dotted(TP_FDB_STATUS), fdb_id, *index): integer(3),
    }


def vlan(fdb_id: int, vlan_id: int, time_mark: int = 0) -> dict[Oid, bytes]:
    return {(*dotted(VLAN_FDB_ID), time_mark, vlan_id): integer(fdb_id)}


def test_a_row_has_its_vlan_and_its_interface() -> None:
    table = seen(7) | vlan(7, 226, 81234) | {(*dotted(BASE_PORT_IF_INDEX), 3): integer(65)}
    assert ask(Mib(table), fdb).rows == (
        FdbEntry(vlan=226, mac="00:00:5e:00:53:01", base_port=3, if_index=65, status="learned"),
    )


@pytest.mark.parametrize(
    ("vlans", "expected"),
    [
        (vlan(7, 226), 226),
        ({}, 7),  # no dot1qVlanFdbId: databases are numbered by VLAN
        (vlan(8, 226), None),
        (vlan(7, 226) | vlan(7, 227), None),  # shared VLAN learning
        (vlan(7, 226, 1) | vlan(7, 226, 2), 226),
    ],
)
def test_a_database_has_the_one_vlan_that_maps_to_it(
    vlans: dict[Oid, bytes], expected: int | None
) -> None:
    (row,) = ask(Mib(seen(7) | vlans), fdb).rows
    assert row.vlan == expected


def test_a_database_number_that_is_no_vlan_is_not_taken_for_one() -> None:
    (row,) = ask(Mib(seen(4095)), fdb).rows
    assert row.vlan is None


def test_a_vlan_table_that_fails_is_not_taken_for_an_absent_one() -> None:
    at = dotted(VLAN_FDB_ID)

    def handler(request: Request) -> list[bytes]:
        if request.oids[0][: len(at)] == at:
            return [failure(request, GEN_ERR)]
        return Mib(seen(7))(request)

    table = ask(handler, fdb)
    assert [row.vlan for row in table.rows] == [None]
    assert [gap.kind for gap in table.gaps] == ["snmp-error"]


def test_a_mac_behind_its_length_is_understood() -> None:
    (row,) = ask(Mib(seen(7, (6, *MAC))), fdb).rows
    assert row.mac == "00:00:5e:00:53:01"


def test_an_agent_without_the_table_is_empty_without_a_gap() -> None:
    table = ask(Mib({}), fdb)
    assert (table.rows, table.gaps) == ((), ())


def test_database_0_is_no_vlan_and_is_one_that_a_vlan_may_map_to() -> None:
    assert [row.vlan for row in ask(Mib(seen(0)), fdb).rows] == [None]
    assert [row.vlan for row in ask(Mib(seen(0) | vlan(0, 226)), fdb).rows] == [226]


@pytest.mark.parametrize(
    "vlans", [vlan(7, 0), vlan(7, 4095), {(*dotted(VLAN_FDB_ID), 226): integer(7)}]
)
def test_what_is_no_vlan_maps_to_no_database(vlans: dict[Oid, bytes]) -> None:
    assert [row.vlan for row in ask(Mib(seen(7) | vlans), fdb).rows] == [None]


def test_an_index_without_a_database_is_no_row() -> None:
    at = (*dotted(TP_FDB_PORT), *MAC)
    assert ask(Mib({at: integer(3)}), fdb).rows == ()


def test_bridge_ports_that_are_known_are_not_read_again() -> None:
    objects = seen(7) | current(7, port_list(3), port_list())
    known = [BasePort(base_port=3, if_index=65)]
    rows = ask(Mib(objects), lambda session: fdb(session, known)).rows
    assert [row.if_index for row in rows] == [65]
    tagged = ask(Mib(objects), lambda session: tagging(session, known))
    assert tagged.rows == (Tagging(if_index=65, tagged=True),)


def name(vlan_id: int, value: bytes) -> dict[Oid, bytes]:
    return {(*dotted(VLAN_STATIC_NAME), vlan_id): octets(value)}


def test_vlans_are_those_that_the_bridge_has_now_with_their_names() -> None:
    objects = vlan(7, 226, 81234) | vlan(7, 227) | name(226, b"web\0") | name(300, b"spare")
    assert ask(Mib(objects), vlans).rows == (
        Vlan(vlan=226, name="web"),
        Vlan(vlan=227),
        Vlan(vlan=300, name="spare", operational=False),
    )


def test_vlans_may_be_told_only_by_their_ports_or_only_by_their_names() -> None:
    assert ask(Mib(current(226, port_list(1), None)), vlans).rows == (Vlan(vlan=226),)
    assert ask(Mib(name(226, b"web")), vlans).rows == (Vlan(vlan=226, name="web"),)


@pytest.mark.parametrize("objects", [vlan(7, 0), vlan(7, 4095), name(0, b"x"), name(5000, b"x")])
def test_what_is_no_vlan_id_is_no_vlan(objects: dict[Oid, bytes]) -> None:
    assert ask(Mib(objects), vlans).rows == ()


def test_a_vlan_that_may_be_missing_only_by_a_gap_is_taken_for_operational() -> None:
    def handler(request: Request) -> list[bytes]:
        at = dotted(VLAN_FDB_ID)
        if request.oids[0][: len(at)] == at:
            return [failure(request, GEN_ERR)]
        return Mib(name(226, b"web"))(request)

    table = ask(handler, vlans)
    assert table.rows == (Vlan(vlan=226, name="web"),)
    assert [gap.kind for gap in table.gaps] == ["snmp-error"]


def port_list(*ports: int) -> bytes:
    bits = [0] * (max(ports, default=0) // 8 + 1)
    for port in ports:
        bits[(port - 1) // 8] |= 0x80 >> (port - 1) % 8
    return octets(bytes(bits))


def current(
    vlan_id: int, egress: bytes, untagged: bytes | None, marks: tuple[int, int] = (0, 0)
) -> dict[Oid, bytes]:
    row = {(*dotted(VLAN_CURRENT_EGRESS_PORTS), marks[0], vlan_id): egress}
    if untagged is not None:
        row[*dotted(VLAN_CURRENT_UNTAGGED_PORTS), marks[1], vlan_id] = untagged
    return row


def static(vlan_id: int, egress: bytes, untagged: bytes) -> dict[Oid, bytes]:
    return {
        (*dotted(VLAN_STATIC_EGRESS_PORTS), vlan_id): egress,
        (*dotted(VLAN_STATIC_UNTAGGED_PORTS), vlan_id): untagged,
    }


def base_ports(*numbers: int) -> dict[Oid, bytes]:
    """Return bridge ports, each an interface with a number a hundred higher."""
    return {(*dotted(BASE_PORT_IF_INDEX), n): integer(n + 100) for n in numbers}


def tagged_ports(objects: dict[Oid, bytes]) -> dict[int, bool]:
    table = ask(Mib(objects), tagging)
    assert table.gaps == ()
    return {row.if_index: row.tagged for row in table.rows}


def silent_after(oid: Oid, mib: Mib) -> Handler:
    return lambda request: [] if request.oids[0] >= oid else mib(request)


def test_a_port_is_tagged_in_a_vlan_that_it_sends_but_not_untagged() -> None:
    objects = (
        current(226, port_list(1, 8, 9), port_list(1, 8))
        | current(227, port_list(9), port_list())
        | base_ports(1, 8, 9, 10)
    )
    assert tagged_ports(objects) == {101: False, 108: False, 109: True}


def test_one_tagged_vlan_among_untagged_ones_is_enough() -> None:
    objects = (
        current(1, port_list(1), port_list(1))
        | current(2, port_list(1), port_list())
        | current(3, port_list(1), port_list(1))
    )
    assert tagged_ports(objects | base_ports(1)) == {101: True}


def test_the_first_port_is_the_highest_bit_of_the_first_octet() -> None:
    objects = current(226, octets(b"\x80\x01"), octets(b"\x80")) | base_ports(1, 16)
    assert tagged_ports(objects) == {101: False, 116: True}


def test_rows_whose_time_mark_moved_on_between_the_columns_belong_together() -> None:
    objects = current(226, port_list(1), port_list(1), marks=(800, 900)) | base_ports(1)
    assert tagged_ports(objects) == {101: False}


def test_a_vlan_without_a_list_of_untagged_ports_has_tagged_ones() -> None:
    assert tagged_ports(current(226, port_list(1), None) | base_ports(1)) == {101: True}


def test_without_current_vlans_the_configured_ones_say_it() -> None:
    objects = static(226, port_list(1, 2), port_list(1)) | base_ports(1, 2)
    assert tagged_ports(objects) == {101: False, 102: True}
    assert tagged_ports(objects | current(226, octets(b""), octets(b""))) == {101: False, 102: True}


def test_the_configured_vlans_speak_only_of_ports_that_the_current_ones_do_not_list() -> None:
    objects = (
        current(226, port_list(1, 2), port_list(1))
        | static(226, port_list(1, 2, 3, 4), port_list(2, 4))
        | base_ports(1, 2, 3, 4)
    )
    assert tagged_ports(objects) == {101: False, 102: True, 103: True, 104: False}


def test_an_untagged_port_that_the_bridge_does_not_list_is_nobodys() -> None:
    objects = current(226, port_list(1, 40), port_list(1, 40)) | base_ports(1)
    assert tagged_ports(objects) == {101: False}


def test_two_bridge_ports_of_one_interface_are_tagged_if_one_is() -> None:
    objects = current(226, port_list(1, 2), port_list(2))
    objects |= {(*dotted(BASE_PORT_IF_INDEX), n): integer(7) for n in (1, 2)}
    assert tagged_ports(objects) == {7: True}


def test_a_tagged_port_that_the_bridge_does_not_list_is_a_gap() -> None:
    objects = current(226, port_list(1, *range(40, 50)), port_list(1)) | base_ports(1)
    table = ask(Mib(objects), tagging)
    assert table.rows == (Tagging(if_index=101, tagged=False),)
    (gap,) = table.gaps
    assert (gap.subject, gap.kind) == ("cat1", "snmp-malformed")
    assert gap.detail.endswith("does not have: 40, 41, 42, 43, 44, ...")


def test_numbers_of_ports_in_plain_text_are_a_gap_and_never_an_untagged_trunk() -> None:
    objects = current(226, octets(b"513,514"), octets(b"")) | base_ports(513, 514)
    assert [gap.kind for gap in ask(Mib(objects), tagging).gaps] == ["snmp-malformed"]


def test_a_list_that_is_no_octets_is_a_gap_and_leaves_no_port_untagged() -> None:
    objects = current(226, port_list(1, 2), port_list(1)) | current(227, integer(1), port_list())
    table = ask(Mib(objects | base_ports(1, 2)), tagging)
    assert table.rows == (Tagging(if_index=102, tagged=True),)
    assert [gap.kind for gap in table.gaps] == ["snmp-malformed"]


def test_an_agent_without_vlans_is_empty_without_a_gap() -> None:
    table = ask(Mib(base_ports(1)), tagging)
    assert (table.rows, table.gaps) == ((), ())


def test_an_agent_that_stops_in_the_middle_leaves_only_ports_that_are_tagged_for_sure() -> None:
    objects = base_ports(1, 2)
    for vlan_id in range(1, 101):
        objects |= current(vlan_id, port_list(1, 2), port_list(1))
    egress, untagged = dotted(VLAN_CURRENT_EGRESS_PORTS), dotted(VLAN_CURRENT_UNTAGGED_PORTS)
    for stop in ((*egress, 0, 40), (*untagged, 0, 40)):
        table = ask(silent_after(stop, Mib(objects)), tagging, timeout=0.05)
        assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]
        sure = (Tagging(if_index=102, tagged=True),)
        assert table.rows == (() if stop[: len(egress)] == egress else sure)


def test_silence_while_the_bridge_ports_are_read_is_a_gap() -> None:
    base = dotted(BASE_PORT_IF_INDEX)
    mib = Mib(current(226, port_list(1), port_list(1)))

    def handler(request: Request) -> list[bytes]:
        return [] if request.oids[0][: len(base)] == base else mib(request)

    table = ask(handler, tagging, timeout=0.05)
    assert table.rows == ()
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]
