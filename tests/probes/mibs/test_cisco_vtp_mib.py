"""Which ports of a Catalyst are trunks, also where they have no link."""

import pytest

from probes.mibs.cisco_vtp_mib import (
    TRUNK_PORT_DYNAMIC_STATE,
    TRUNK_PORT_DYNAMIC_STATUS,
    trunks,
)
from probes.records import Tagging
from tests.snmp_agent import Mib, Oid, Request, ask, dotted, integer, octets

ON, OFF, DESIRABLE, AUTO, ON_NO_NEGOTIATE = 1, 2, 3, 4, 5
TRUNKING, NOT_TRUNKING = 1, 2
STATE, STATUS = dotted(TRUNK_PORT_DYNAMIC_STATE), dotted(TRUNK_PORT_DYNAMIC_STATUS)


def port(if_index: int, state: int | None, status: int | None) -> dict[Oid, bytes]:
    columns = {(*STATE, if_index): state, (*STATUS, if_index): status}
    return {oid: integer(value) for oid, value in columns.items() if value is not None}


@pytest.mark.parametrize(
    ("state", "status", "tagged"),
    [
        (ON, TRUNKING, True),
        (ON, NOT_TRUNKING, True),  # without a link
        (ON_NO_NEGOTIATE, NOT_TRUNKING, True),
        (AUTO, TRUNKING, True),
        (DESIRABLE, TRUNKING, True),
        (AUTO, NOT_TRUNKING, False),
        (DESIRABLE, NOT_TRUNKING, False),
        (OFF, NOT_TRUNKING, False),
        (ON, None, True),
        (None, TRUNKING, True),
        (OFF, None, False),
        (None, NOT_TRUNKING, False),
        (OFF, 7, True),
        (0, NOT_TRUNKING, True),
    ],
)
def test_a_port_is_a_trunk_by_what_it_is_or_by_what_it_is_configured_to_be(
    state: int | None, status: int | None, *, tagged: bool
) -> None:
    table = ask(Mib(port(10101, state, status)), trunks)
    assert (table.rows, table.gaps) == ((Tagging(if_index=10101, tagged=tagged),), ())


def test_every_port_with_either_object_has_one_row() -> None:
    objects = port(10101, ON, None) | port(10102, None, NOT_TRUNKING) | port(10103, OFF, 2)
    rows = ask(Mib(objects), trunks).rows
    assert [(row.if_index, row.tagged) for row in rows] == [
        (10101, True),
        (10102, False),
        (10103, False),
    ]


def test_what_is_no_number_is_not_taken_for_an_access_port() -> None:
    garbage = {(*STATE, 10101): octets(b"off"), (*STATUS, 10101): integer(NOT_TRUNKING)}
    assert ask(Mib(garbage), trunks).rows == (Tagging(if_index=10101, tagged=True),)


def test_an_index_that_is_no_interface_is_left_out() -> None:
    assert ask(Mib({(*STATE, 10101, 1): integer(ON)}), trunks).rows == ()


def test_an_agent_without_the_table_is_empty_without_a_gap() -> None:
    table = ask(Mib({}), trunks)
    assert (table.rows, table.gaps) == ((), ())


@pytest.mark.parametrize("dark", [STATE, STATUS])
def test_where_one_column_is_not_read_only_a_sure_trunk_has_a_row(dark: Oid) -> None:
    mib = Mib(port(10101, OFF, NOT_TRUNKING) | port(10102, ON, TRUNKING))

    def handler(request: Request) -> list[bytes]:
        return [] if request.oids[0][: len(dark)] == dark else mib(request)

    table = ask(handler, trunks, timeout=0.05)
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]
    # Silence in the first column ends the reading.
    expected = () if dark == STATE else (Tagging(if_index=10102, tagged=True),)
    assert table.rows == expected


def test_an_agent_that_stops_in_the_middle_leaves_no_port_half_read() -> None:
    mib = Mib({oid: v for i in range(1, 101) for oid, v in port(i, AUTO, NOT_TRUNKING).items()})

    def handler(request: Request) -> list[bytes]:
        return [] if request.oids[0] >= (*STATUS, 40) else mib(request)

    table = ask(handler, trunks, timeout=0.05)
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]
    assert [row.if_index for row in table.rows] == list(range(1, len(table.rows) + 1))
    assert 0 < len(table.rows) < 100
