"""Interfaces out of tables with holes, as real agents leave them."""

from probes.mibs.if_mib import (
    IF_ADMIN_STATUS,
    IF_ALIAS,
    IF_DESCR,
    IF_LAST_CHANGE,
    IF_NAME,
    IF_OPER_STATUS,
    IF_PHYS_ADDRESS,
    IF_TYPE,
    interfaces,
)
from probes.records import Interface
from tests.snmp_agent import GEN_ERR, Mib, Oid, Request, ask, dotted, failure, integer, octets

TIME_TICKS = 0x43
MAC = b"\x00\x00\x5e\x00\x53\x01"


def cell(column: str, if_index: int, value: bytes) -> dict[Oid, bytes]:
    return {(*dotted(column), if_index): value}


WHOLE = (
    cell(IF_NAME, 3, octets(b"Fa0/3"))
    | cell(IF_DESCR, 3, octets(b"FastEthernet0/3"))
    | cell(IF_ALIAS, 3, octets(b"ds0142 \x00"))
    | cell(IF_TYPE, 3, integer(6))
    | cell(IF_PHYS_ADDRESS, 3, octets(MAC))
    | cell(IF_ADMIN_STATUS, 3, integer(1))
    | cell(IF_OPER_STATUS, 3, integer(7))
    | cell(IF_LAST_CHANGE, 3, integer(123_456, TIME_TICKS))
)


def test_a_row_is_put_together_from_its_columns() -> None:
    assert ask(Mib(WHOLE), interfaces).rows == (
        Interface(
            if_index=3,
            name="Fa0/3",
            descr="FastEthernet0/3",
            alias="ds0142",
            phys_address="00:00:5e:00:53:01",
            admin_status="up",
            oper_status="lowerLayerDown",
            if_type=6,
            last_change=1234.56,
        ),
    )


def test_an_agent_without_if_name_is_named_by_its_descriptions() -> None:
    (row,) = ask(Mib(cell(IF_DESCR, 16777271, octets(b"v55"))), interfaces).rows
    assert (row.if_index, row.name) == (16777271, "v55")
    assert (row.admin_status, row.oper_status, row.if_type) == ("unknown", "unknown", None)


def test_a_row_without_any_name_is_an_interface_that_nobody_can_name() -> None:
    (row,) = ask(Mib(cell(IF_ADMIN_STATUS, 9, integer(1))), interfaces).rows
    assert (row.if_index, row.name, row.admin_status) == (9, "", "up")


def test_what_tells_only_of_its_last_change_is_no_interface() -> None:
    assert ask(Mib(cell(IF_LAST_CHANGE, 9, integer(0, TIME_TICKS))), interfaces).rows == ()


def test_what_is_no_mac_of_six_octets_is_none() -> None:
    for value in (b"", b"0000000", b"\0" * 6, b"\xff" * 6, MAC * 2):
        table = WHOLE | cell(IF_PHYS_ADDRESS, 3, octets(value))
        assert ask(Mib(table), interfaces).rows[0].phys_address is None


def test_a_mac_that_happens_to_spell_a_word_is_still_a_mac() -> None:
    table = WHOLE | cell(IF_PHYS_ADDRESS, 3, octets(b"Switch"))
    assert ask(Mib(table), interfaces).rows[0].phys_address == "53:77:69:74:63:68"


def test_digits_in_place_of_the_octets_of_a_mac_are_understood() -> None:
    for value in (b"00:00:5E:00:53:01", b"00005e005301", b"0:0:5e:0:53:1\0"):
        table = WHOLE | cell(IF_PHYS_ADDRESS, 3, octets(value))
        assert ask(Mib(table), interfaces).rows[0].phys_address == "00:00:5e:00:53:01"


def test_a_row_of_one_table_alone_is_an_interface() -> None:
    table = WHOLE | cell(IF_NAME, 8, octets(b"Gi0/0")) | cell(IF_DESCR, 9, octets(b"v55\0"))
    rows = ask(Mib(table), interfaces).rows
    assert [(row.if_index, row.name, row.descr) for row in rows] == [
        (3, "Fa0/3", "FastEthernet0/3"),
        (8, "Gi0/0", ""),
        (9, "v55", "v55"),
    ]


def test_names_that_many_ports_share_are_left_as_they_are() -> None:
    same = b"10/100 utp ethernet (cat 3/5)"
    table = cell(IF_DESCR, 1, octets(same)) | cell(IF_DESCR, 2, octets(same))
    table |= cell(IF_NAME, 1, octets(b"BR0/2/0")) | cell(IF_NAME, 2, octets(b"BR0/2/0"))
    rows = ask(Mib(table), interfaces).rows
    assert [(row.if_index, row.name, row.descr) for row in rows] == [
        (1, "BR0/2/0", same.decode()),
        (2, "BR0/2/0", same.decode()),
    ]


def test_an_index_that_is_no_interface_is_left_out() -> None:
    table = cell(IF_NAME, 0, octets(b"cpu")) | {(*dotted(IF_NAME), 3, 1): octets(b"x")}
    assert ask(Mib(table), interfaces).rows == ()


def test_every_column_costs_a_small_agent_one_request() -> None:
    asked: list[Oid] = []
    behind = {dotted("1.3.6.1.6.3.1.1.6.1.0"): integer(7)}

    def handler(request: Request) -> list[bytes]:
        asked.extend(request.oids)
        return Mib(WHOLE | behind)(request)

    ask(handler, interfaces)
    assert len(asked) == len(set(asked)) == 8


def test_rows_are_in_the_order_of_if_index() -> None:
    table = {k: v for n in (10, 9, 300) for k, v in cell(IF_NAME, n, octets(b"x")).items()}
    assert [row.if_index for row in ask(Mib(table), interfaces).rows] == [9, 10, 300]


def test_a_column_that_fails_is_a_gap_and_the_rest_is_read() -> None:
    alias = dotted(IF_ALIAS)

    def handler(request: Request) -> list[bytes]:
        if request.oids[0][: len(alias)] == alias:
            return [failure(request, GEN_ERR)]
        return Mib(WHOLE)(request)

    table = ask(handler, interfaces)
    assert [gap.kind for gap in table.gaps] == ["snmp-error"]
    assert (table.rows[0].name, table.rows[0].alias) == ("Fa0/3", "")
    assert table.rows[0].oper_status == "lowerLayerDown"


def test_an_agent_that_falls_silent_is_not_asked_for_the_other_columns() -> None:
    asked = []

    def handler(request: Request) -> list[bytes]:
        asked.append(request.oids[0])
        return []

    table = ask(handler, interfaces, timeout=0.02)
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]
    assert set(asked) == {dotted(IF_NAME)}
