"""The forwarding database of BRIDGE-MIB, in one VLAN's context or without."""

import pytest
from msgspec.structs import replace

from probes.mibs.bridge_mib import (
    BASE_BRIDGE_ADDRESS,
    BASE_PORT_IF_INDEX,
    TP_FDB_PORT,
    TP_FDB_STATUS,
    as_if_indexes,
    base_address,
    base_ports,
    fdb,
)
from probes.records import BasePort, FdbEntry, Interface
from tests.snmp_agent import Mib, Oid, Request, ask, dotted, integer, octets

MAC = (0x00, 0x00, 0x5E, 0x00, 0x53, 0xFE)


def port(base_port: int, if_index: int) -> dict[Oid, bytes]:
    return {(*dotted(BASE_PORT_IF_INDEX), base_port): integer(if_index)}


def seen(base_port: int, status: int | None = 3, index: Oid = MAC) -> dict[Oid, bytes]:
    row = {(*dotted(TP_FDB_PORT), *index): integer(base_port)}
    if status is not None:
        row[*dotted(TP_FDB_STATUS), *index] = integer(status)
    return row


def entry(base_port: int, if_index: int | None, status: str, vlan: int | None = None) -> FdbEntry:
    return FdbEntry(
        vlan=vlan,
        mac="00:00:5e:00:53:fe",
        base_port=base_port,
        if_index=if_index,
        status=status,
    )


def test_a_station_is_on_the_interface_that_its_bridge_port_is() -> None:
    table = ask(Mib(seen(3) | port(3, 10103) | port(10103, 9)), fdb)
    assert table.rows == (entry(3, 10103, "learned"),)


def test_a_port_that_the_bridge_does_not_list_has_no_interface() -> None:
    assert ask(Mib(seen(3) | port(4, 3)), fdb).rows == (entry(3, None, "learned"),)


def test_the_status_is_told_in_words() -> None:
    words = {1: "other", 2: "invalid", 3: "learned", 4: "self", 5: "mgmt", 9: "other"}
    for number, word in words.items():
        assert ask(Mib(seen(3, number)), fdb).rows == (entry(3, None, word),)


def test_without_a_status_a_port_says_that_the_station_was_seen_there() -> None:
    assert ask(Mib(seen(3, None)), fdb).rows == (entry(3, None, "learned"),)
    assert ask(Mib(seen(0, None)), fdb).rows == (entry(0, None, "other"),)


def test_the_mac_is_taken_from_the_index_also_behind_its_length() -> None:
    assert ask(Mib(seen(3, 3, (6, *MAC))), fdb).rows == (entry(3, None, "learned"),)


def test_an_index_that_is_no_mac_is_left_out() -> None:
    for index in (MAC[:5], (*MAC, 1), (300, *MAC[1:]), (1,)):
        assert ask(Mib(seen(3, 3, index)), fdb).rows == ()


def test_a_status_without_a_port_is_no_row() -> None:
    assert ask(Mib({(*dotted(TP_FDB_STATUS), *MAC): integer(3)}), fdb).rows == ()


def test_a_port_and_its_interface_are_read_in_the_same_vlan() -> None:
    vlans = {
        b"public": Mib(seen(2482) | port(2482, 138)),
        b"public@24": Mib(seen(2482) | port(2482, 130)),
    }

    def catalyst(request: Request) -> list[bytes]:
        return vlans[request.community](request)

    assert ask(catalyst, lambda session: fdb(session, vlan=24)).rows == (
        entry(2482, 130, "learned", 24),
    )
    assert ask(catalyst, lambda session: fdb(session.in_vlan(24))).rows == (
        entry(2482, 130, "learned", 24),
    )
    assert ask(catalyst, fdb).rows == (entry(2482, 138, "learned"),)


def test_base_ports_without_an_interface_are_left_out() -> None:
    table = ask(Mib(port(1, 10101) | port(2, 0)), base_ports)
    assert table.rows == (BasePort(base_port=1, if_index=10101),)


def test_a_bridge_without_stations_is_empty_without_a_gap() -> None:
    table = ask(Mib(port(1, 10101)), fdb)
    assert (table.rows, table.gaps) == ((), ())


def test_silence_while_the_ports_are_read_is_a_gap() -> None:
    def handler(request: Request) -> list[bytes]:
        base = dotted(BASE_PORT_IF_INDEX)
        return [] if request.oids[0][: len(base)] == base else Mib(seen(3))(request)

    table = ask(handler, fdb, timeout=0.02)
    assert table.rows == (entry(3, None, "learned"),)
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]


def test_the_bridge_has_an_address_or_is_none() -> None:
    bridge = Mib({dotted(BASE_BRIDGE_ADDRESS): octets(bytes(MAC))})
    assert ask(bridge, base_address) == "00:00:5e:00:53:fe"
    assert ask(Mib({}), base_address) is None


BEHIND = {dotted("1.3.6.1.6.3.1.1.6.1.0"): integer(7)}  # as every agent has: its MIB goes on


def asked_of(objects: dict[Oid, bytes], known: list[BasePort]) -> list[Oid]:
    asked: list[Oid] = []

    def handler(request: Request) -> list[bytes]:
        asked.extend(request.oids)
        return Mib(objects | BEHIND)(request)

    ask(handler, lambda session: fdb(session, base_ports=known))
    return asked


def test_a_table_or_a_status_that_the_agent_does_not_have_costs_one_request() -> None:
    assert asked_of({}, []) == [dotted(TP_FDB_PORT)]
    assert asked_of(seen(3, None), []) == [dotted(TP_FDB_PORT), dotted(TP_FDB_STATUS)]


def test_bridge_ports_that_are_known_are_not_read_again() -> None:
    known = [BasePort(base_port=3, if_index=10103)]
    table = ask(Mib(seen(3) | port(3, 9)), lambda session: fdb(session, base_ports=known))
    assert table.rows == (entry(3, 10103, "learned"),)
    assert dotted(BASE_PORT_IF_INDEX) not in asked_of(seen(3), known)


def test_the_bridge_ports_of_a_vlan_are_read_whatever_is_known_of_the_bridge() -> None:
    known = [BasePort(base_port=3, if_index=10103)]
    agent = Mib(seen(3) | port(3, 130))
    for found in (
        ask(agent, lambda session: fdb(session, vlan=24, base_ports=known)),
        ask(agent, lambda session: fdb(session.in_vlan(24), base_ports=known)),
    ):
        assert found.rows == (entry(3, 130, "learned", 24),)


def test_a_port_that_is_no_port_number_makes_no_row() -> None:
    at = (*dotted(TP_FDB_PORT), *MAC)
    for value in (integer(-1), octets(b"3")):
        assert ask(Mib({at: value}), fdb).rows == ()


# --- ports that are ifIndexes

ETHERNET, LOOPBACK, TUNNEL, VLAN, LAG, VIRTUAL = 6, 24, 131, 135, 161, 53


def interface(if_index: int, name: str = "", if_type: int | None = ETHERNET) -> Interface:
    name = name or f"1/{if_index}"
    return Interface(if_index=if_index, name=name, descr=name, if_type=if_type, oper_status="up")


SWITCH = [interface(1000 + n) for n in range(1, 5)] + [interface(13, "lo", LOOPBACK)]


def resolved(entries: list[FdbEntry], interfaces: list[Interface]) -> list[int | None]:
    return [one.if_index for one in as_if_indexes(entries, interfaces)]


def test_ports_that_can_only_be_if_indexes_are_taken_for_these() -> None:
    entries = [entry(1001, None, "learned"), entry(0, None, "self"), entry(1003, None, "learned")]
    assert resolved(entries, SWITCH) == [1001, None, 1003]


def test_ports_of_logical_units_and_aggregates_are_ports() -> None:
    entries = [entry(520, None, "learned"), entry(501, None, "learned")]
    units = [interface(520, "ge-0/0/0.0", VIRTUAL), interface(501, "ae0", LAG), interface(518)]
    assert resolved(entries, units) == [520, 501]


@pytest.mark.parametrize(
    "other",
    [
        interface(2000, "lo0", LOOPBACK),
        interface(2000, "gre", TUNNEL),
        interface(2000, "vlan.2", VLAN),
        interface(2000, "Vlan20", VIRTUAL),
        interface(2000, "irb.5", VIRTUAL),
        interface(2000, "1/20", None),
        replace(interface(2000), oper_status="down"),
    ],
)
def test_one_port_that_is_no_port_with_a_link_spoils_the_whole_table(other: Interface) -> None:
    entries = [entry(1001, None, "learned"), entry(2000, None, "learned")]
    assert resolved(entries, [*SWITCH, other]) == [None, None]


def test_a_port_without_an_interface_spoils_the_whole_table() -> None:
    entries = [entry(1001, None, "learned"), entry(1793, None, "self")]
    assert resolved(entries, SWITCH) == [None, None]


def test_a_table_that_the_bridge_lists_a_port_of_is_left_as_it_is() -> None:
    entries = [entry(1001, None, "learned"), entry(1002, 1003, "learned")]
    assert resolved(entries, SWITCH) == [None, 1003]


def test_small_numbers_may_be_bridge_ports_by_chance_and_are_not_believed() -> None:
    offset = [interface(1, "mgmt0"), *(interface(n) for n in range(2, 10))]
    assert resolved([entry(2, None, "learned"), entry(3, None, "learned")], offset) == [None, None]
    mixed = [*offset, interface(1001)]
    assert resolved([entry(2, None, "learned"), entry(1001, None, "learned")], mixed) == [
        None,
        None,
    ]


def test_small_numbers_that_are_those_of_all_ports_are_believed() -> None:
    cheap = [interface(1), interface(2), interface(3, "Vlan1", VLAN)]
    assert resolved([entry(1, None, "learned"), entry(2, None, "learned")], cheap) == [1, 2]


def test_a_table_without_ports_has_none() -> None:
    assert resolved([], SWITCH) == []
    assert resolved([entry(0, None, "self")], SWITCH) == [None]
    assert resolved([entry(1001, None, "learned")], []) == [None]


def test_a_station_behind_a_static_entry_may_have_lost_its_link() -> None:
    off = [replace(SWITCH[0], oper_status="down"), *SWITCH[1:]]
    assert resolved([entry(1001, None, "mgmt")], off) == [1001]
