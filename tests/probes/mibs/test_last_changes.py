"""Change stamps: what one GET tells of tables, and when it may be believed."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from probes.errors import NoAnswer
from probes.mibs import snmpv2_mib
from probes.mibs.last_changes import (
    CDP_GLOBAL_LAST_CHANGE,
    ENT_LAST_CHANGE_TIME,
    IF_STACK_LAST_CHANGE,
    IF_TABLE_LAST_CHANGE,
    LLDP_REM_TABLES_LAST_CHANGE,
    SNMP_ENGINE_BOOTS,
    Stamps,
    stamps,
)
from probes.snmp import Credentials, open_session
from tests.snmp_agent import GEN_ERR, GET, Mib, Request, ask, dotted, failure, integer, octets
from tests.snmpd import snmpd

TIME_TICKS = 0x43
UP_TIME = dotted(snmpv2_mib.SYS_UP_TIME)
ALL = {
    snmpv2_mib.SYS_UP_TIME: 500000,
    IF_TABLE_LAST_CHANGE: 1001,
    IF_STACK_LAST_CHANGE: 1002,
    ENT_LAST_CHANGE_TIME: 1003,
    LLDP_REM_TABLES_LAST_CHANGE: 400000,
    CDP_GLOBAL_LAST_CHANGE: 400001,
}
MIB = {dotted(oid): integer(ticks, TIME_TICKS) for oid, ticks in ALL.items()}
BOOTS = {dotted(SNMP_ENGINE_BOOTS): integer(7)}
READ = Stamps(
    up_time=500000,
    boots=7,
    interfaces=1001,
    stack=1002,
    entities=1003,
    lldp=400000,
    cdp=400001,
)
LATER = replace(READ, up_time=530000)


def test_all_stamps_are_read_in_one_request() -> None:
    seen = []

    def handler(request: Request) -> list[bytes]:
        seen.append(request.pdu)
        return Mib(MIB | BOOTS)(request)

    assert ask(handler, stamps) == READ
    assert seen == [GET]


def test_an_agent_without_stamps_says_only_how_long_it_is_up() -> None:
    objects = {UP_TIME: MIB[UP_TIME]}
    assert ask(Mib(objects), stamps) == Stamps(up_time=500000)
    assert ask(Mib({}), stamps) == Stamps()


def test_a_stamp_that_is_no_number_is_none() -> None:
    odd = {dotted(LLDP_REM_TABLES_LAST_CHANGE): octets(b"yesterday")}
    assert ask(Mib(MIB | BOOTS | odd), stamps) == replace(READ, lldp=None)


def test_an_agent_of_version_1_is_asked_for_them_singly() -> None:
    assert (
        ask(Mib(MIB | BOOTS), stamps, credentials=Credentials(version="1", community="x")) == READ
    )


def test_an_agent_that_fails_at_the_question_has_no_stamps() -> None:
    assert ask(lambda request: [failure(request, GEN_ERR)], stamps) == Stamps()


def test_silence_is_no_answer_and_not_a_table_without_changes() -> None:
    with pytest.raises(NoAnswer):
        ask(lambda _: [], stamps, timeout=0.05)


def test_what_was_not_stamped_since_is_unchanged() -> None:
    assert LATER.unchanged("lldp", READ)
    assert READ.unchanged("lldp", READ)


def test_a_stamp_that_moved_is_a_change() -> None:
    assert not replace(LATER, lldp=520000).unchanged("lldp", READ)
    assert replace(LATER, lldp=520000).unchanged("cdp", READ)


@pytest.mark.parametrize("value", [None, 0])
def test_a_stamp_that_says_nothing_proves_nothing(value: int | None) -> None:
    assert not replace(LATER, lldp=value).unchanged("lldp", replace(READ, lldp=value))
    assert not LATER.unchanged("lldp", replace(READ, lldp=value))
    assert not replace(LATER, lldp=value).unchanged("lldp", READ)


def test_nothing_is_unchanged_where_the_agent_began_anew() -> None:
    assert not replace(LATER, up_time=450000).unchanged("lldp", READ)
    assert not replace(LATER, boots=8).unchanged("lldp", READ)
    assert not replace(LATER, boots=None).unchanged("lldp", READ)


def test_nothing_is_unchanged_where_nobody_knows_how_long_the_agent_is_up() -> None:
    assert not replace(LATER, up_time=None).unchanged("lldp", READ)
    assert not LATER.unchanged("lldp", replace(READ, up_time=None))


def test_a_change_in_the_moment_of_reading_may_have_been_followed_by_another() -> None:
    at_once = replace(READ, lldp=READ.up_time)
    assert not replace(at_once, up_time=530000).unchanged("lldp", at_once)


def test_snmpd_has_stamps_that_are_of_one_beginning(tmp_path: Path) -> None:
    async def twice(port: int) -> tuple[Stamps, Stamps]:
        async with open_session("h1", "127.0.0.1", port, Credentials(community="x")) as session:
            return await stamps(session), await stamps(session)

    with snmpd(tmp_path, "rocommunity x") as port:
        before, after = asyncio.run(twice(port))
    assert before.up_time is not None
    assert before.boots == after.boots is not None
