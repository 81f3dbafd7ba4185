"""Which ports of a Foundry are tagged, and which are in an aggregate."""

import pytest

from probes.mibs.foundry_sn_switch_group_mib import (
    LAG_IF_INDEX,
    LAG_IF_LIST,
    MS_TRUNK_IF_LIST,
    SW_IF_INFO_TAG_MODE,
    members,
    tagging,
)
from probes.records import LagMember, Tagging
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


@pytest.mark.parametrize(
    ("mode", "tagged"), [(1, True), (2, False), (3, True), (0, True), (4, True)]
)
def test_only_a_port_that_says_untagged_is_untagged(mode: int, *, tagged: bool) -> None:
    table = ask(Mib({(*dotted(SW_IF_INFO_TAG_MODE), 65): integer(mode)}), tagging)
    assert (table.rows, table.gaps) == ((Tagging(if_index=65, tagged=tagged),), ())


def test_an_index_that_is_no_interface_is_left_out() -> None:
    assert ask(Mib({(*dotted(SW_IF_INFO_TAG_MODE), 1, 65): integer(2)}), tagging).rows == ()


def test_an_agent_without_the_tables_is_empty_without_a_gap() -> None:
    modes, ports = ask(Mib({}), tagging), ask(Mib({}), members)
    assert (modes.rows, modes.gaps, ports.rows, ports.gaps) == ((), (), (), ())


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
