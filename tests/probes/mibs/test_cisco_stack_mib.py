"""The ports of CatOS: which bridge port and which interface each is, and which are trunks."""

import pytest

from probes.mibs import bridge_mib, cisco_vtp_mib
from probes.mibs.cisco_stack_mib import (
    PORT_CROSS_INDEX,
    PORT_IF_INDEX,
    VLAN_PORT_ISL_ADMIN_STATUS,
    VLAN_PORT_ISL_OPER_STATUS,
    base_ports,
    trunks,
)
from probes.records import BasePort, Tagging
from tests.probes.mibs.test_recordings import CORPUS, agent_of
from tests.snmp_agent import Mib, Oid, Request, ask, dotted, integer, octets

ON, OFF, DESIRABLE, AUTO = 1, 2, 3, 4
TRUNKING, NOT_TRUNKING = 1, 2
recorded = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"NO RECORDINGS at {CORPUS}: set NETGUARD_CORPUS"
)


def port(number: int, cross_index: int, if_index: int, module: int = 2) -> dict[Oid, bytes]:
    return {
        (*dotted(PORT_CROSS_INDEX), module, number): integer(cross_index),
        (*dotted(PORT_IF_INDEX), module, number): integer(if_index),
    }


def trunk(number: int, admin: int | None, oper: int | None, module: int = 2) -> dict[Oid, bytes]:
    cells = {VLAN_PORT_ISL_ADMIN_STATUS: admin, VLAN_PORT_ISL_OPER_STATUS: oper}
    return {
        (*dotted(column), module, number): integer(value)
        for column, value in cells.items()
        if value is not None
    }


# --- Bridge ports


def test_a_port_is_a_bridge_port_by_one_column_and_an_interface_by_another() -> None:
    table = ask(Mib(port(1, 65, 9) | port(1, 129, 59, module=3)), base_ports)
    assert table.gaps == ()
    assert table.rows == (
        BasePort(base_port=65, if_index=9),
        BasePort(base_port=129, if_index=59),
    )


def test_a_bridge_port_that_a_channel_shares_is_none_of_its_ports() -> None:
    table = port(1, 1, 10101) | port(9, 64, 10109) | port(10, 64, 10110)
    assert ask(Mib(table), base_ports).rows == (BasePort(base_port=1, if_index=10101),)


@pytest.mark.parametrize("missing", [PORT_CROSS_INDEX, PORT_IF_INDEX])
def test_a_port_without_either_number_is_left_out(missing: str) -> None:
    table = port(1, 65, 9) | port(2, 66, 10)
    del table[*dotted(missing), 2, 1]
    assert ask(Mib(table), base_ports).rows == (BasePort(base_port=66, if_index=10),)


@pytest.mark.parametrize("column", [PORT_CROSS_INDEX, PORT_IF_INDEX])
@pytest.mark.parametrize("value", [octets(b"9"), integer(0), integer(-1)])
def test_what_numbers_no_port_is_left_out(column: str, value: bytes) -> None:
    table = port(1, 65, 9) | {(*dotted(column), 2, 1): value}
    assert ask(Mib(table), base_ports).rows == ()


@pytest.mark.parametrize("index", [(), (2,), (2, 1, 1)])
def test_an_index_that_is_no_port_is_left_out(index: Oid) -> None:
    table = {
        (*dotted(PORT_CROSS_INDEX), *index): integer(65),
        (*dotted(PORT_IF_INDEX), *index): integer(9),
    }
    assert ask(Mib(table), base_ports).rows == ()


@recorded
def test_the_bridge_ports_of_the_recorded_cat_os_are_those_of_its_bridge() -> None:
    mib = agent_of("nms7467_172-20-1-7")
    found = ask(mib, base_ports, deadline=20)
    assert found.gaps == ()
    assert len(found.rows) == 50
    assert set(found.rows) == set(ask(mib, bridge_mib.base_ports, deadline=20).rows)


@recorded
@pytest.mark.parametrize(
    "name", ["cisco-c3750", "nms17216_switch1", "nms17216_switch2", "nms17216_switch3"]
)
def test_no_recorded_bridge_port_is_another_interface_than_the_bridge_says(name: str) -> None:
    rows = ask(agent_of(name), bridge_mib.base_ports, deadline=20).rows
    bridge = {row.base_port: row.if_index for row in rows}
    found = ask(agent_of(name), base_ports, deadline=20).rows
    assert found
    assert all(bridge.get(row.base_port, row.if_index) == row.if_index for row in found)


# --- Trunks


@pytest.mark.parametrize(
    ("admin", "oper", "tagged"),
    [
        (AUTO, TRUNKING, True),
        (ON, NOT_TRUNKING, True),  # without a link
        (AUTO, NOT_TRUNKING, False),
        (DESIRABLE, NOT_TRUNKING, False),
        (OFF, NOT_TRUNKING, False),
        (None, NOT_TRUNKING, False),
        (None, TRUNKING, True),
        (OFF, None, False),
        (0, 0, True),
        (None, 7, True),
    ],
)
def test_a_port_is_a_trunk_by_what_it_is_or_by_what_it_is_configured_to_be(
    admin: int | None, oper: int | None, *, tagged: bool
) -> None:
    table = ask(Mib(port(1, 65, 9) | trunk(1, admin, oper)), trunks)
    assert (table.rows, table.gaps) == ((Tagging(if_index=9, tagged=tagged),), ())


def test_what_is_no_number_is_not_taken_for_an_access_port() -> None:
    garbage = {(*dotted(VLAN_PORT_ISL_OPER_STATUS), 2, 1): octets(b"notTrunking")}
    assert ask(Mib(port(1, 65, 9) | garbage), trunks).rows == (Tagging(if_index=9, tagged=True),)


def test_two_ports_of_one_interface_make_it_a_trunk_if_either_is() -> None:
    ports = port(1, 65, 9) | port(2, 66, 9)
    for one, other in ((TRUNKING, NOT_TRUNKING), (NOT_TRUNKING, TRUNKING)):
        table = ports | trunk(1, AUTO, one) | trunk(2, AUTO, other)
        assert ask(Mib(table), trunks).rows == (Tagging(if_index=9, tagged=True),)


def test_a_trunk_without_an_interface_is_a_gap() -> None:
    table = port(1, 65, 9) | trunk(1, AUTO, NOT_TRUNKING)
    for number in range(2, 9):
        table |= trunk(number, ON, TRUNKING)
    found = ask(Mib(table), trunks)
    assert found.rows == (Tagging(if_index=9, tagged=False),)
    (gap,) = found.gaps
    assert (gap.kind, gap.subject) == ("snmp-malformed", "cat1")
    assert gap.detail == "trunks without an interface: 2/2, 2/3, 2/4, 2/5, 2/6, ..."


def test_an_access_port_without_an_interface_is_left_out() -> None:
    found = ask(Mib(trunk(1, OFF, NOT_TRUNKING)), trunks)
    assert (found.rows, found.gaps) == ((), ())


@pytest.mark.parametrize("index", [(2,), (2, 1, 1), (4294967295, 4294967295, 0)])
def test_an_index_that_is_no_port_is_no_access_port(index: Oid) -> None:
    table = port(1, 65, 9) | {(*dotted(VLAN_PORT_ISL_OPER_STATUS), *index): integer(NOT_TRUNKING)}
    assert ask(Mib(table), trunks).rows == ()


def test_an_agent_without_the_tables_is_empty_without_a_gap() -> None:
    for question in (ask(Mib({}), trunks), ask(Mib({}), base_ports)):
        assert (question.rows, question.gaps) == ((), ())


@pytest.mark.parametrize(
    "dark", [VLAN_PORT_ISL_ADMIN_STATUS, VLAN_PORT_ISL_OPER_STATUS, PORT_IF_INDEX]
)
def test_where_one_column_is_not_read_no_port_is_called_an_access_port(dark: str) -> None:
    mib = Mib(port(1, 65, 9) | trunk(1, OFF, NOT_TRUNKING))

    def handler(request: Request) -> list[bytes]:
        return [] if request.oids[0][: len(dotted(dark))] == dotted(dark) else mib(request)

    table = ask(handler, trunks, timeout=0.05)
    assert table.rows == ()
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]


@recorded
@pytest.mark.parametrize("name", ["nms7467_172-20-1-7", "cisco-c3750"])
def test_recorded_trunks_are_those_that_the_same_switch_tells_by_its_other_table(
    name: str,
) -> None:
    found = ask(agent_of(name), trunks, deadline=20)
    assert found.gaps == ()
    assert found.rows
    assert set(found.rows) == set(ask(agent_of(name), cisco_vtp_mib.trunks, deadline=20).rows)
