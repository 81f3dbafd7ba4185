"""Which ports have joined an aggregate, or want to."""

import pytest

from probes.mibs.ieee8023_lag_mib import (
    AGG_PORT_ATTACHED_AGG_ID,
    AGG_PORT_SELECTED_AGG_ID,
    members,
)
from probes.records import LagMember
from tests.snmp_agent import GEN_ERR, Mib, Oid, Request, ask, dotted, failure, integer, octets

ATTACHED, SELECTED = dotted(AGG_PORT_ATTACHED_AGG_ID), dotted(AGG_PORT_SELECTED_AGG_ID)


def port(if_index: int, attached: int | None, selected: int | None) -> dict[Oid, bytes]:
    columns = {(*ATTACHED, if_index): attached, (*SELECTED, if_index): selected}
    return {oid: integer(value) for oid, value in columns.items() if value is not None}


@pytest.mark.parametrize(
    ("attached", "selected", "aggregate"),
    [
        (5001, 5001, 5001),
        (0, 5001, 5001),  # has chosen, and waits for its partner
        (5001, 0, 5001),
        (5001, None, 5001),
        (None, 5001, 5001),
        (7, 5001, 5001),
        (0, 0, None),
        (7, 7, None),  # its own aggregate: stands alone
        (0, None, None),
    ],
)
def test_a_port_is_a_member_of_the_aggregate_it_names_unless_that_is_itself(
    attached: int | None, selected: int | None, aggregate: int | None
) -> None:
    table = ask(Mib(port(7, attached, selected)), members)
    expected = () if aggregate is None else (LagMember(if_index=7, aggregate=aggregate),)
    assert (table.rows, table.gaps) == (expected, ())


def test_an_aggregate_that_is_no_number_still_has_a_member() -> None:
    table = ask(Mib({(*ATTACHED, 7): octets(b"Po1")}), members)
    assert table.rows == (LagMember(if_index=7, aggregate=0),)


def test_an_index_that_is_no_interface_is_left_out() -> None:
    assert ask(Mib({(*ATTACHED, 7, 1): integer(5001)}), members).rows == ()


def test_an_agent_without_the_table_is_empty_without_a_gap() -> None:
    table = ask(Mib({}), members)
    assert (table.rows, table.gaps) == ((), ())


def test_members_that_one_column_names_are_kept_where_the_other_fails() -> None:
    def handler(request: Request) -> list[bytes]:
        if request.oids[0][: len(SELECTED)] == SELECTED:
            return [failure(request, GEN_ERR)]
        return Mib(port(7, 5001, 5001) | port(8, 0, 5001))(request)

    table = ask(handler, members)
    assert table.rows == (LagMember(if_index=7, aggregate=5001),)
    assert [gap.kind for gap in table.gaps] == ["snmp-error"]


def test_silence_is_a_gap() -> None:
    table = ask(lambda _request: [], members, timeout=0.02)
    assert table.rows == ()
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]
