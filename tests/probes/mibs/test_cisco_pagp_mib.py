"""Which ports of a Catalyst are in a Port-channel."""

from probes.mibs.cisco_pagp_mib import GROUP_IF_INDEX, members
from probes.records import LagMember
from tests.snmp_agent import Mib, Oid, Request, ask, dotted, integer

GROUP = dotted(GROUP_IF_INDEX)


def port(if_index: int, group: int) -> dict[Oid, bytes]:
    return {(*GROUP, if_index): integer(group)}


def test_a_port_whose_group_is_another_interface_is_its_member() -> None:
    table = ask(Mib(port(10101, 5001) | port(10102, 5001)), members)
    assert table.rows == (
        LagMember(if_index=10101, aggregate=5001),
        LagMember(if_index=10102, aggregate=5001),
    )


def test_a_port_whose_group_is_none_or_itself_stands_alone() -> None:
    table = ask(Mib(port(10101, 10101) | port(10102, 0)), members)
    assert (table.rows, table.gaps) == ((), ())


def test_an_index_that_is_no_interface_is_left_out() -> None:
    assert ask(Mib({(*GROUP, 10101, 1): integer(5001)}), members).rows == ()


def test_an_agent_that_stops_in_the_middle_keeps_its_rows_and_says_so() -> None:
    mib = Mib({oid: v for i in range(1, 101) for oid, v in port(i, 5001).items()})

    def handler(request: Request) -> list[bytes]:
        return [] if request.oids[0] >= (*GROUP, 40) else mib(request)

    table = ask(handler, members, timeout=0.05)
    assert 0 < len(table.rows) < 100
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]


def test_a_switch_without_the_table_is_empty_without_a_gap() -> None:
    table = ask(Mib({}), members)
    assert (table.rows, table.gaps) == ((), ())
