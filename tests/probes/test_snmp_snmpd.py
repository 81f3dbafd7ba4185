"""Sessions against net-snmp's snmpd: every version, every protection, every way to be refused."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from probes.errors import NoAnswer, Refused
from probes.mibs import snmpv2_mib
from probes.mibs.columns import text
from probes.mibs.if_mib import IF_DESCR
from probes.snmp import Credentials, Session, Value, Walk, open_session
from tests.snmp_agent import Mib, Request, agent, dotted, integer
from tests.snmpd import snmpd

Answer = TypeVar("Answer")
SYSTEM = "1.3.6.1.2.1.1"
SYS_NAME = f"{SYSTEM}.5.0"
BASE_PORT_IF_INDEX = "1.3.6.1.2.1.17.1.4.1.2"
AUTH = {"MD5": "MD5", "SHA": "SHA", "SHA224": "SHA-224", "SHA256": "SHA-256"} | {
    "SHA384": "SHA-384",
    "SHA512": "SHA-512",
}
PRIV = ("DES", "AES", "AES192", "AES192C", "AES256", "AES256C")


def put(
    port: int, credentials: Credentials, question: Callable[[Session], Awaitable[Answer]]
) -> Answer:
    async def ask() -> Answer:
        async with open_session(
            "cat1", "127.0.0.1", port, credentials, timeout=0.5, retries=1
        ) as session:
            return await question(session)

    return asyncio.run(ask())


def with_key(name: str, **more: str) -> Credentials:
    return msgspec.convert(
        {"version": "3", "user": name, "auth_key": "authauth1", **more}, Credentials
    )


def private(priv: str, **more: str) -> Credentials:
    settings = {"auth_protocol": "SHA", "priv_protocol": priv, "priv_key": "privpriv1"}
    return with_key(f"priv-{priv}", **(settings | more))


async def sys_name(session: Session) -> Value | None:
    return (await session.get(SYS_NAME)).get(SYS_NAME)


ALL_KINDS = [
    Credentials(version="1", community="public"),
    Credentials(version="2c", community="public"),
    Credentials(version="3", user="open"),
    *(with_key(f"auth-{theirs}", auth_protocol=ours) for ours, theirs in AUTH.items()),
    *(private(priv) for priv in PRIV),
]


@pytest.mark.parametrize("credentials", ALL_KINDS, ids=str)
def test_snmpd_answers_every_kind_of_credentials(snmp_port: int, credentials: Credentials) -> None:
    assert put(snmp_port, credentials, sys_name) == b"cat1"


@pytest.mark.parametrize("credentials", [*ALL_KINDS[:3], private("AES")], ids=str)
def test_a_walk_reads_what_snmpwalk_reads(snmp_port: int, credentials: Credentials) -> None:
    command = ["snmpwalk", "-v2c", "-cpublic", "-OnQ", f"127.0.0.1:{snmp_port}", IF_DESCR]
    output = subprocess.run(command, env={"MIBS": ""}, capture_output=True, text=True, check=True)
    walk = put(snmp_port, credentials, lambda session: session.walk(IF_DESCR))
    assert walk.gap is None
    assert [f'.{IF_DESCR}.{index} = "{text(value)}"' for (index,), value in walk.rows] == (
        output.stdout.splitlines()
    )


@pytest.mark.parametrize("credentials", [*ALL_KINDS[:3], private("AES")], ids=str)
def test_a_table_that_snmpd_does_not_have_is_empty(
    snmp_port: int, credentials: Credentials
) -> None:
    async def absent(session: Session) -> tuple[Walk, dict[str, Value]]:
        # The last one lies behind everything snmpd has: the end of its MIB view.
        empty = [await session.walk(oid) for oid in (BASE_PORT_IF_INDEX, "1.3.6.1.7")]
        assert empty[0] == empty[1]
        return empty[0], await session.get(f"{SYSTEM}.99.0", SYS_NAME)

    assert put(snmp_port, credentials, absent) == (Walk(()), {SYS_NAME: b"cat1"})


@pytest.mark.parametrize("version", ["1", "2c"])
def test_a_wrong_community_is_silence_and_said_to_be_perhaps_that(
    snmp_port: int, version: str
) -> None:
    credentials = msgspec.convert({"version": version, "community": "wrong"}, Credentials)
    with pytest.raises(NoAnswer) as caught:
        put(snmp_port, credentials, sys_name)
    assert caught.value.kind == "snmp-timeout"
    assert "community" in caught.value.remedy


@pytest.mark.parametrize(
    "credentials",
    [
        private("AES", auth_key="notthekey"),
        private("AES", user="nobody"),
        private("AES", auth_protocol="SHA256"),
        with_key("priv-AES", auth_protocol="SHA"),
        Credentials(version="3", user="priv-AES"),
        Credentials(version="3", user="nobody"),
    ],
    ids=["wrong key", "unknown user", "wrong protocol", "no privacy", "no key", "nobody"],
)
def test_a_user_that_snmpd_does_not_accept_is_refused(
    snmp_port: int, credentials: Credentials
) -> None:
    with pytest.raises(Refused) as caught:
        put(snmp_port, credentials, sys_name)
    assert caught.value.kind == "snmp-refused"
    assert "key" in caught.value.remedy


def test_a_wrong_privacy_key_is_silence_from_snmpd_and_the_remedy_says_so(snmp_port: int) -> None:
    with pytest.raises(NoAnswer) as caught:
        put(snmp_port, private("AES", priv_key="notthekey"), sys_name)
    assert "privacy key" in caught.value.remedy


def test_a_refused_walk_is_a_gap(snmp_port: int) -> None:
    walk = put(snmp_port, Credentials(version="3", user="nobody"), lambda s: s.walk(IF_DESCR))
    assert walk.gap is not None
    assert walk.gap.kind == "snmp-refused"


NG = ("sysName cat1", "createUser ng SHA authauth1 AES privpriv1", "rouser ng priv")


def session_of(port: int) -> Session:
    credentials = private("AES", user="ng")
    return open_session("cat1", "127.0.0.1", port, credentials, timeout=0.3, retries=1)


def test_a_session_outlives_an_agent_that_reboots(tmp_path: Path) -> None:
    engine = "exactEngineID 0x80001f888000005e005301"

    async def read() -> list[Value | None]:
        with snmpd(tmp_path, engine, *NG) as port:
            session = session_of(port)
            found = [await sys_name(session)]
        with snmpd(tmp_path, engine, "engineBoots 9", *NG, port=port):
            return [*found, await sys_name(session)]

    assert asyncio.run(read()) == [b"cat1", b"cat1"]


def test_an_agent_with_another_engine_is_met_at_the_second_question(tmp_path: Path) -> None:
    async def read() -> Value | None:
        with snmpd(tmp_path, *NG) as port:
            session = session_of(port)
            await sys_name(session)
        with snmpd(tmp_path, *NG, port=port):
            with pytest.raises(NoAnswer):
                await sys_name(session)
            return await sys_name(session)

    assert asyncio.run(read()) == b"cat1"


def test_a_vlan_is_a_context_of_snmpv3(tmp_path: Path) -> None:
    switch = Mib({(*dotted(BASE_PORT_IF_INDEX), 3): integer(10103)})
    communities = set()

    def catalyst(request: Request) -> Iterable[bytes]:
        communities.add(request.community)
        return switch(request)

    async def both(session: Session) -> tuple[Walk, Walk]:
        context = session.in_vlan(226)
        return await session.walk(BASE_PORT_IF_INDEX), await context.walk(BASE_PORT_IF_INDEX)

    with (
        agent(catalyst) as behind,
        snmpd(
            tmp_path,
            *NG,
            f"proxy -Cn vlan-226 -v2c -c inner 127.0.0.1:{behind} .1.3.6.1.2.1.17",
        ) as port,
    ):
        plain, context = put(port, private("AES", user="ng"), both)
    assert plain == Walk(())
    assert context == Walk((((3,), 10103),))
    assert communities == {b"inner"}


def test_an_unknown_context_is_no_empty_table(snmp_port: int) -> None:
    walk = put(
        snmp_port, private("AES"), lambda session: session.in_vlan(9).walk(BASE_PORT_IF_INDEX)
    )
    assert walk.gap is not None


def test_the_system_group_is_read(snmp_port: int) -> None:
    system = put(snmp_port, ALL_KINDS[1], snmpv2_mib.system)
    assert system.sys_name == "cat1"
    assert system.sys_descr.startswith("Linux")
    assert system.sys_object_id == "1.3.6.1.4.1.8072.3.2.10"
    assert system.up_time is not None
    assert 0 <= system.up_time < 3600


def test_an_agent_that_shows_no_system_group_is_refused(tmp_path: Path) -> None:
    view = ("view little included .1.3.6.1.2.1.2", "rocommunity public default -V little")
    with snmpd(tmp_path, *view) as port, pytest.raises(Refused, match="system group"):
        put(port, ALL_KINDS[1], snmpv2_mib.system)
