"""The forwarding database of BRIDGE-MIB, in one VLAN's context or without."""

from probes.mibs.bridge_mib import (
    BASE_BRIDGE_ADDRESS,
    BASE_PORT_IF_INDEX,
    TP_FDB_PORT,
    TP_FDB_STATUS,
    base_address,
    base_ports,
    fdb,
)
from probes.records import BasePort, FdbEntry
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
