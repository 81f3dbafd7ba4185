"""The VLANs of a Catalyst, and which of its ports are trunks, also where they have no link."""

import pytest

from probes.mibs.cisco_vtp_mib import (
    TRUNK_PORT_DYNAMIC_STATE,
    TRUNK_PORT_DYNAMIC_STATUS,
    VLAN_NAME,
    VLAN_STATE,
    VLAN_TYPE,
    trunks,
    vlans,
)
from probes.records import Tagging, Vlan
from tests.probes.mibs.test_recordings import CORPUS, agent_of, column
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


# --- VLANs

OPERATIONAL, SUSPENDED, TOO_BIG_FOR_DEVICE, TOO_BIG_FOR_TRUNK = 1, 2, 3, 4
ETHERNET, FDDI = 1, 2
RECORDED = (
    "cisco-c3750",
    "cisco-unmarked-0",
    "ios_2960x",
    "ios_c3560",
    "ios_stp-vlans",
    "iosxe_c9400-svl",
    "nms0002ciscojuniper_s-de-juet-luck-001",
    "nms17216_router1",
    "nms17216_switch1",
    "nms7467_172-20-1-7",
)


def vlan(
    number: int,
    name: bytes = b"web",
    state: int = OPERATIONAL,
    kind: int = ETHERNET,
    domain: int = 1,
) -> dict[Oid, bytes]:
    return {
        (*dotted(VLAN_STATE), domain, number): integer(state),
        (*dotted(VLAN_TYPE), domain, number): integer(kind),
        (*dotted(VLAN_NAME), domain, number): octets(name),
    }


def test_vlans_have_a_number_and_a_name() -> None:
    table = ask(Mib(vlan(226, b"web\x00") | vlan(1, b"default")), vlans)
    assert table.gaps == ()
    assert table.rows == (Vlan(vlan=1, name="default"), Vlan(vlan=226, name="web"))


@pytest.mark.parametrize("number", [0, 1002, 1003, 1004, 1005, 4095, 4096, 4294967295])
def test_a_number_that_no_frame_can_carry_here_is_no_vlan(number: int) -> None:
    assert ask(Mib(vlan(number)), vlans).rows == ()


@pytest.mark.parametrize("number", [1, 1001, 1006, 4094])
def test_every_other_number_is_a_vlan(number: int) -> None:
    assert [row.vlan for row in ask(Mib(vlan(number)), vlans).rows] == [number]


def test_a_vlan_of_another_medium_is_left_out() -> None:
    assert ask(Mib(vlan(226, kind=FDDI) | vlan(227, kind=0)), vlans).rows == ()


@pytest.mark.parametrize(
    ("state", "operational"),
    [
        (OPERATIONAL, True),
        (SUSPENDED, False),
        (TOO_BIG_FOR_DEVICE, False),
        (TOO_BIG_FOR_TRUNK, True),
        (0, True),
    ],
)
def test_a_vlan_that_the_switch_cannot_take_part_in_is_not_operational(
    state: int, *, operational: bool
) -> None:
    (row,) = ask(Mib(vlan(226, state=state)), vlans).rows
    assert row.operational == operational


def test_a_vlan_in_two_management_domains_is_one() -> None:
    table = vlan(226, b"", SUSPENDED) | vlan(226, b"web", OPERATIONAL, domain=2)
    assert ask(Mib(table), vlans).rows == (Vlan(vlan=226, name="web"),)


@pytest.mark.parametrize("missing", [VLAN_STATE, VLAN_TYPE, VLAN_NAME])
def test_a_vlan_is_one_though_a_column_is_missing(missing: str) -> None:
    table = vlan(226)
    del table[*dotted(missing), 1, 226]
    (row,) = ask(Mib(table), vlans).rows
    assert (row.vlan, row.operational) == (226, True)


def test_columns_of_garbage_change_nothing_in_what_the_index_says() -> None:
    garbage = {
        (*dotted(VLAN_STATE), 1, 226): octets(b"active"),
        (*dotted(VLAN_TYPE), 1, 226): octets(b""),
        (*dotted(VLAN_NAME), 1, 226): integer(7),
    }
    assert ask(Mib(garbage), vlans).rows == (Vlan(vlan=226, name="7"),)


@pytest.mark.parametrize("index", [(), (226,), (1, 1, 226)])
def test_an_index_that_is_no_vlan_is_left_out(index: Oid) -> None:
    assert ask(Mib({(*dotted(VLAN_STATE), *index): integer(OPERATIONAL)}), vlans).rows == ()


def test_vlans_of_an_agent_without_the_table_are_none_without_a_gap() -> None:
    table = ask(Mib({}), vlans)
    assert (table.rows, table.gaps) == ((), ())


def test_an_agent_that_falls_silent_keeps_the_vlans_it_told_of() -> None:
    mib = Mib(vlan(226))

    def handler(request: Request) -> list[bytes]:
        return [] if request.oids[0] >= dotted(VLAN_NAME) else mib(request)

    table = ask(handler, vlans, timeout=0.05)
    assert table.rows == (Vlan(vlan=226),)
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"NO RECORDINGS at {CORPUS}: set NETGUARD_CORPUS")
@pytest.mark.parametrize("name", RECORDED)
def test_vlans_are_those_recorded(name: str) -> None:
    table = ask(agent_of(name), vlans, deadline=20)
    assert table.gaps == ()
    entry = "1.3.6.1.4.1.9.9.46.1.3.1.1"
    types, names = column(name, f"{entry}.3"), column(name, f"{entry}.4")
    states = column(name, f"{entry}.2")
    assert {(row.vlan, row.name, row.operational) for row in table.rows} == {
        (int(index.split(".")[1]), bytes.fromhex(names[index]).decode(), states[index] == "1")
        for index, kind in types.items()
        if kind == "1"
    }
