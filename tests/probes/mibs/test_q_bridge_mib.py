"""The forwarding databases of Q-BRIDGE-MIB, and which VLAN each belongs to."""

import pytest

from probes.mibs.bridge_mib import BASE_PORT_IF_INDEX
from probes.mibs.q_bridge_mib import TP_FDB_PORT, TP_FDB_STATUS, VLAN_FDB_ID, fdb
from probes.records import FdbEntry
from tests.snmp_agent import GEN_ERR, Mib, Oid, Request, ask, dotted, failure, integer

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
