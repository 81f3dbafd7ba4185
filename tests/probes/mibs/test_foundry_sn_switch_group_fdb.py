"""The forwarding database that only a Foundry has, and the filter on the one that all have."""

import pytest

from probes.mibs.foundry_sn_switch_group_fdb import (
    FDB_ROW_STATUS,
    FDB_STATION_ADDR,
    FDB_STATION_IF,
    FDB_STATION_PORT,
    FDB_VLAN_ID,
    MAC_STATION_VLAN_ID,
    fdb,
    filtered,
)
from probes.mibs.foundry_sn_switch_group_mib import SW_PORT_IF_INDEX
from probes.records import FdbEntry
from tests.snmp_agent import Mib, Oid, Request, ask, dotted, integer, octets

MAC = b"\x00\x00\x5e\x00\x53\x01"
SLOT_1_PORT_2 = 0x0102
# Interface 258 is another port than slot 1, port 2: a slot and port are never an ifIndex.
PORTS = {
    (*dotted(SW_PORT_IF_INDEX), SLOT_1_PORT_2): integer(2),
    (*dotted(SW_PORT_IF_INDEX), 0x0202): integer(258),
}
COLUMNS = {
    "address": FDB_STATION_ADDR,
    "port": FDB_STATION_PORT,
    "vlan": FDB_VLAN_ID,
    "status": FDB_ROW_STATUS,
    "if_index": FDB_STATION_IF,
}


def row(number: int = 1, **changes: bytes | None) -> dict[Oid, bytes]:
    values: dict[str, bytes | None] = {
        "address": octets(MAC),
        "port": integer(SLOT_1_PORT_2),
        "vlan": integer(10),
        "status": integer(2),
        "if_index": integer(65),
        **changes,
    }
    return {
        (*dotted(COLUMNS[name]), number): value
        for name, value in values.items()
        if value is not None
    }


def entry(vlan: int | None = 10, if_index: int | None = 65) -> FdbEntry:
    return FdbEntry(
        vlan=vlan, mac="00:00:5e:00:53:01", base_port=0, if_index=if_index, status="other"
    )


def test_a_station_is_on_the_interface_that_its_row_names() -> None:
    table = ask(Mib(row() | PORTS), fdb)
    assert (table.rows, table.gaps) == ((entry(),), ())


def test_a_station_of_old_software_is_on_the_interface_that_its_port_is() -> None:
    table = ask(Mib(row(if_index=None) | PORTS), fdb)
    assert (table.rows, table.gaps) == ((entry(if_index=2),), ())


@pytest.mark.parametrize("port", [integer(0x0103), octets(b"1/2"), None])
def test_a_station_on_a_port_that_is_tied_to_no_interface_is_on_none(port: bytes | None) -> None:
    table = ask(Mib(row(if_index=None, port=port) | PORTS), fdb)
    assert (table.rows, table.gaps) == ((entry(if_index=None),), ())


@pytest.mark.parametrize("if_index", [integer(0), integer(-1), integer(2**40, 0x46), octets(b"1")])
def test_an_interface_that_is_none_is_not_replaced_by_the_port(if_index: bytes) -> None:
    table = ask(Mib(row(if_index=if_index) | PORTS), fdb)
    assert table.rows == (entry(if_index=None),)


@pytest.mark.parametrize("vlan", [integer(0), integer(4096), octets(b"10"), None])
def test_a_vlan_that_is_none_is_not_known(vlan: bytes | None) -> None:
    assert ask(Mib(row(vlan=vlan)), fdb).rows == (entry(vlan=None),)


@pytest.mark.parametrize("status", [0, 3])
def test_a_row_that_is_being_deleted_is_no_station(status: int) -> None:
    assert ask(Mib(row(status=integer(status))), fdb).rows == ()


@pytest.mark.parametrize("status", [integer(1), integer(2), None])
def test_a_row_that_is_there_is_a_station(status: bytes | None) -> None:
    assert ask(Mib(row(status=status)), fdb).rows == (entry(),)


@pytest.mark.parametrize(
    "address",
    [integer(1), octets(b""), octets(MAC[:5]), octets(MAC + b"\0"), octets(bytes(6)), None],
)
def test_an_address_that_is_no_mac_is_no_station(address: bytes | None) -> None:
    assert ask(Mib(row(address=address)), fdb).rows == ()


def test_a_station_whose_row_moved_to_another_number_is_listed_once() -> None:
    assert ask(Mib(row(1) | row(2)), fdb).rows == (entry(),)


def test_a_station_in_two_vlans_is_listed_in_both() -> None:
    table = ask(Mib(row(1) | row(2, vlan=integer(20))), fdb)
    assert table.rows == (entry(), entry(vlan=20))


def test_an_index_of_garbage_is_no_station() -> None:
    assert ask(Mib({(*dotted(FDB_STATION_ADDR), 1, 1): octets(MAC)}), fdb).rows == ()


def test_an_agent_without_the_table_is_empty_without_a_gap() -> None:
    table = ask(Mib(PORTS), fdb)
    assert (table.rows, table.gaps) == ((), ())


def test_an_agent_that_falls_silent_before_the_interfaces_is_not_asked_for_ports() -> None:
    mib, asked = Mib(row() | PORTS), []

    def handler(request: Request) -> list[bytes]:
        asked.append(request.oids[0])
        return [] if request.oids[0] >= dotted(FDB_STATION_IF) else mib(request)

    table = ask(handler, fdb, timeout=0.05)
    assert table.rows == (entry(if_index=None),)
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]
    assert dotted(SW_PORT_IF_INDEX) not in asked


@pytest.mark.parametrize("objects", [{}, {dotted(MAC_STATION_VLAN_ID): integer(0)}])
def test_a_table_that_is_not_filtered_is_no_gap(objects: dict[Oid, bytes]) -> None:
    assert ask(Mib(objects), filtered) == ()


@pytest.mark.parametrize(
    ("value", "shown"), [(integer(30), "VLAN 30"), (octets(b"30"), "does not name properly")]
)
def test_a_filtered_table_is_a_gap_that_says_how_to_mend_it(value: bytes, shown: str) -> None:
    (gap,) = ask(Mib({dotted(MAC_STATION_VLAN_ID): value}), filtered)
    assert (gap.subject, gap.kind) == ("cat1", "fdb-filtered")
    assert shown in gap.detail
    assert MAC_STATION_VLAN_ID in gap.remedy


def test_whether_a_silent_agent_filters_is_not_known() -> None:
    (gap,) = ask(lambda _: [], filtered, timeout=0.05)
    assert gap.kind == "snmp-timeout"
