"""SNMP notifications as net-snmp sends them, v1, v2c and v3, and bytes that are none."""

import asyncio
import gc
import random
import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from ipaddress import ip_address
from shutil import which

import pytest
from msgspec import structs
from pysnmp.carrier.asyncio.dgram import udp

from probes.heard import Notice
from probes.notices import receiving
from probes.notices.hearing import Counters
from probes.notices.notifications import Notifications
from probes.records import Gap
from probes.snmp_link import Credentials
from tests.probes.notices.hearing_there import Ear, run
from tests.snmp_agent import dotted, integer, object_id, octets, tlv

pytestmark = pytest.mark.skipif(not which("snmptrap"), reason="NOT TESTED: no snmptrap (net-snmp)")

FOUNDRY = "1.3.6.1.4.1.1991"
DUPLICATE = f"{FOUNDRY}.0.56"
TEXT = (
    f"{FOUNDRY}.1.1.2.1.44.0",
    "s",
    "Dup IP 192.0.2.1 detected, sent from MAC 0000.5e00.5301 interface 1/1",
)
PUBLIC = Credentials(community="public")
SECRET = Credentials(
    version="3",
    user="trapper",
    auth_protocol="SHA",
    auth_key="authauth1",
    priv_protocol="AES",
    priv_key="privpriv1",
)
OPEN = Credentials(version="3", user="open")
KEYS = ("-a", "SHA", "-A", "authauth1", "-x", "AES", "-X", "privpriv1")
V3 = ("-v3", "-u", "trapper", "-l", "authPriv", *KEYS)
ENGINE = ("-e", "0x8000000001020304")
QUICKLY = ("-t", "1", "-r", "0")


def unexpected(gap: Gap) -> None:
    raise AssertionError(gap)


def received(
    ear: Ear,
    known: Sequence[Credentials],
    address: str = "127.0.0.1",
    lost: Callable[[Gap], None] = unexpected,
) -> AbstractAsyncContextManager[int]:
    return receiving.notifications(ear.hearing, known, 0, address, lost=lost)


async def send(port: int, *options: str, what: Sequence[str] = (DUPLICATE,)) -> int:
    program, *rest = options
    return await run(program, *rest, "-Ln", f"udp:127.0.0.1:{port}", "", *what)


def heard(
    *options: str, what: Sequence[str] = (DUPLICATE, *TEXT), status: int = 0
) -> tuple[Ear, Notice | None]:
    """Send one notification, and return what was heard once it has been counted."""

    async def listen() -> Ear:
        ear = Ear()
        counters = ear.counters
        known = (PUBLIC, SECRET, OPEN)
        async with received(ear, known) as port:
            assert await send(port, *options, what=what) == status
            await ear.until(lambda: counters.traps + counters.refused + counters.malformed > 0)
        return ear

    ear = asyncio.run(listen())
    return ear, ear.told[0] if ear.told else None


@pytest.mark.parametrize(
    "options",
    [
        ("snmptrap", "-v2c", "-c", "public"),
        ("snmpinform", "-v2c", "-c", "public"),
        ("snmptrap", *V3, *ENGINE),
        ("snmpinform", *V3),
        ("snmptrap", "-v3", "-u", "open", "-l", "noAuthNoPriv", *ENGINE),
    ],
)
def test_a_notification_of_either_version_is_told_and_an_inform_answered(
    options: tuple[str, ...],
) -> None:
    ear, notice = heard(*options)
    assert notice is not None
    assert (notice.kind, notice.source) == ("duplicate-address", "127.0.0.1")
    assert (notice.ip, notice.mac) == (ip_address("192.0.2.1"), "00:00:5e:00:53:01")
    assert (ear.counters.traps, ear.counters.refused, ear.counters.malformed) == (1, 0, 0)


def v1(enterprise: str, generic: int, specific: int, *objects: str) -> Ear:
    async def listen() -> Ear:
        ear = Ear()
        counters = ear.counters
        async with received(ear, [PUBLIC], "") as port:
            where = f"udp6:[::1]:{port}"
            told = (enterprise, "192.0.2.9", str(generic), str(specific), "4711", *objects)
            assert await run("snmptrap", "-v1", "-c", "public", "-Ln", where, *told) == 0
            await ear.until(lambda: counters.traps + counters.malformed > 0)
        return ear

    return asyncio.run(listen())


def test_a_v1_trap_is_told_by_its_v2_name_and_for_the_agent_that_sent_it() -> None:
    (notice,) = v1(FOUNDRY, 6, 56, *TEXT).told
    assert (notice.kind, notice.host, notice.source) == ("duplicate-address", "192.0.2.9", "::1")
    assert notice.port == "1/1"


def test_a_v1_trap_of_cisco_s_log_is_told() -> None:
    entry = "1.3.6.1.4.1.9.9.41.1.2.3.1"
    text = "Duplicate address 192.0.2.1 on Vlan10, sourced by 0000.5e00.5301"
    objects = (
        *(f"{entry}.2.9", "s", "IP"),
        *(f"{entry}.3.9", "i", "5"),
        *(f"{entry}.4.9", "s", "DUPADDR"),
        *(f"{entry}.5.9", "s", text),
    )
    (notice,) = v1("1.3.6.1.4.1.9.9.41.2", 6, 1, *objects).told
    assert notice.message == f"%IP-4-DUPADDR: {text}"
    assert notice.vlan == 10


def test_a_v1_trap_that_is_unknown_is_counted() -> None:
    ear = v1("1.3.6.1.4.1.9", 2, 0)
    assert (ear.told, ear.counters.unknown) == ([], 1)


def test_a_v1_trap_of_a_generic_kind_that_there_is_not_is_malformed() -> None:
    assert v1(FOUNDRY, 9, 56).counters.malformed == 1


@pytest.mark.parametrize(
    "options",
    [
        ("snmptrap", "-v2c", "-c", "wrong"),
        ("snmptrap", "-v3", "-u", "stranger", "-l", "noAuthNoPriv", *ENGINE),
        ("snmptrap", "-v3", "-u", "trapper", "-l", "noAuthNoPriv", *ENGINE),
        ("snmptrap", "-v3", "-u", "trapper", "-l", "authNoPriv", *KEYS[:4], *ENGINE),
        ("snmptrap", *V3[:-5], "wrongwrong", *V3[-4:], *ENGINE),
        ("snmptrap", *V3[:-1], "wrongwrong", *ENGINE),
    ],
)
def test_a_stranger_and_a_message_less_protected_than_agreed_are_refused(
    options: tuple[str, ...],
) -> None:
    ear, notice = heard(*options)
    assert notice is None
    assert (ear.counters.traps, ear.counters.refused, ear.counters.malformed) == (0, 1, 0)


def test_keys_that_snmpv3_does_not_allow_are_a_gap_without_naming_them_and_lose_nobody_else() -> (
    None
):
    wrong = Credentials(version="3", user="trapper", auth_protocol="SHA", auth_key="short")
    long = Credentials(version="3", user="u" * 40)
    lost: list[Gap] = []

    async def listen() -> None:
        ear = Ear()
        known = (SECRET, wrong, long, PUBLIC)
        async with received(ear, known, lost=lost.append) as port:
            for number, options in enumerate((V3 + ENGINE, ("-v2c", "-c", "public")), 1):
                assert await send(port, "snmptrap", *options) == 0
                await ear.counted("notices", number)

    asyncio.run(listen())
    assert [gap.subject.rpartition(" ")[2] for gap in lost] == ["trapper", "u" * 40]
    assert all(gap.remedy for gap in lost)
    assert "short" not in str(lost)


OTHER = Credentials(version="3", user="trapper", auth_protocol="SHA256", auth_key="otherauth1")
WITH_OTHER = ("-v3", "-u", "trapper", "-l", "authNoPriv", "-a", "SHA-256", "-A", "otherauth1")
PLAIN = Credentials(version="3", user="trapper", auth_protocol="SHA", auth_key="authauth1")
AS_PLAIN = ("-v3", "-u", "trapper", "-l", "authNoPriv", *KEYS[:4])
NOBODY = Credentials(version="3", user="trapper")
AS_NOBODY = ("-v3", "-u", "trapper", "-l", "noAuthNoPriv")


@pytest.mark.parametrize(
    ("second", "as_second"), [(OTHER, WITH_OTHER), (PLAIN, AS_PLAIN), (NOBODY, AS_NOBODY)]
)
@pytest.mark.parametrize("turned", [False, True])
def test_several_users_of_one_name_are_told_apart_by_their_signatures(
    second: Credentials, as_second: Sequence[str], *, turned: bool
) -> None:
    """Informs are all signed for one engine, which is ours."""
    known = (second, SECRET) if turned else (SECRET, second)
    lost: list[Gap] = []

    async def listen() -> None:
        ear = Ear()
        async with received(ear, known, lost=lost.append) as port:
            for _ in range(2):
                assert await send(port, "snmptrap", *V3, *ENGINE) == 0
                assert await send(port, "snmptrap", *as_second, "-e", "0x8000000001020305") == 0
                assert await send(port, "snmpinform", *V3) == 0
                assert await send(port, "snmpinform", *as_second) == 0
            await ear.counted("notices", 8)
            assert ear.counters.refused == 0

    asyncio.run(listen())
    assert lost == []


def test_a_user_of_the_same_name_lets_nobody_send_less_protected_than_agreed() -> None:
    async def listen() -> None:
        ear = Ear()
        async with received(ear, (SECRET, OTHER)) as port:
            for _ in range(2):
                for options in (AS_PLAIN, AS_NOBODY):
                    assert await send(port, "snmptrap", *options, *ENGINE) == 0
                assert await send(port, "snmptrap", *V3, *ENGINE) == 0
            await ear.counted("notices", 2)
            await ear.counted("refused", 4)

    asyncio.run(listen())


def test_two_users_whom_no_signature_tells_apart_are_a_gap() -> None:
    lost: list[Gap] = []

    async def listen() -> None:
        ear = Ear()
        twin = structs.replace(SECRET, priv_key="privpriv2")
        async with received(ear, (SECRET, SECRET, twin), lost=lost.append) as port:
            assert await send(port, "snmptrap", *V3, *ENGINE) == 0
            await ear.counted("notices", 1)

    asyncio.run(listen())
    (gap,) = lost
    assert "one authentication key" in gap.detail
    assert gap.remedy


def test_invented_engines_are_refused_and_keep_nobody_out() -> None:
    async def listen() -> None:
        ear = Ear()
        async with received(ear, [SECRET, OPEN]) as port:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger:
                for number in range(100):
                    forger.sendto(forged(number), ("127.0.0.1", port))
                    await ear.counted("refused", number + 1)
            for number in (1, 2):
                assert await send(port, "snmptrap", *V3, *ENGINE) == 0
                await ear.counted("notices", number)
        assert ear.counters.refused == 100

    asyncio.run(listen())


def test_nothing_is_kept_of_messages_that_are_not_delivered() -> None:
    async def listen() -> int:
        counters = Counters()
        entity = Notifications([PUBLIC, SECRET], lambda *_: None, counters, lost=unexpected)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
            bound.bind(("127.0.0.1", 0))
            await entity.open(bound)
            port = entity._engine.transport_dispatcher.get_transport(udp.DOMAIN_NAME)

            def flood() -> None:
                for number in range(100):
                    for datagram in (forged(number), request(number)):
                        port.datagram_received(datagram, ("127.0.0.1", 9))
                gc.collect()

            flood()
            before = len(gc.get_objects())
            flood()
            after = len(gc.get_objects())
            await entity.close()
        assert counters.refused == 200
        return after - before

    assert asyncio.run(listen()) < 100


def request(number: int) -> bytes:
    """Return an SNMPv2c GET, which has no business at a notification receiver."""
    binding = tlv(0x30, object_id(dotted("1.3.6.1.2.1.1.3.0")) + tlv(0x05, b""))
    pdu = integer(number) + integer(0) + integer(0) + tlv(0x30, binding)
    return tlv(0x30, integer(1) + octets(b"public") + tlv(0xA0, pdu))


def forged(number: int, flags: int = 3) -> bytes:
    """Return an SNMPv3 message of a known user and an engine that nobody has."""
    sequence = 0x30
    engine = b"\x80\x00\x00\x00" + number.to_bytes(4)
    parameters = (engine, 0, 0, b"trapper", bytes(12), bytes(8))
    security = b"".join(octets(p) if isinstance(p, bytes) else integer(p) for p in parameters)
    header = integer(number + 1) + integer(65507) + octets(bytes([flags])) + integer(3)
    parts = (integer(3), tlv(sequence, header), octets(tlv(sequence, security)), octets(bytes(16)))
    return tlv(sequence, b"".join(parts))


def trap_v2(*, name: str = DUPLICATE) -> bytes:
    binding = tlv(0x30, object_id(dotted("1.3.6.1.6.3.1.1.4.1.0")) + object_id(dotted(name)))
    up_time = tlv(0x30, object_id(dotted("1.3.6.1.2.1.1.3.0")) + tlv(0x43, b"\x01"))
    pdu = integer(1) + integer(0) + integer(0) + tlv(0x30, up_time + binding)
    return tlv(0x30, integer(1) + octets(b"public") + tlv(0xA7, pdu))


def test_bytes_that_are_no_snmp_are_counted_and_the_next_trap_is_told() -> None:
    async def listen() -> None:
        ear = Ear()
        async with received(ear, [PUBLIC, SECRET]) as port:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                whole = trap_v2()
                for datagram in (b"", b"\x30", b"\x30\x80", b"\xff" * 50, whole[:-3], whole):
                    sender.sendto(datagram, ("127.0.0.1", port))
            await ear.until(lambda: bool(ear.told))
        assert (ear.counters.malformed, ear.counters.refused) == (5, 0)

    asyncio.run(listen())


def test_no_damage_to_a_trap_raises_or_silences_the_receiver() -> None:
    async def listen() -> None:
        ear = Ear()
        source = random.Random(20260101)  # noqa: S311 - damage, not secrets
        failed: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: failed.append(what))
        async with received(ear, [PUBLIC, SECRET]) as port:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for number in range(300):
                    damaged = bytearray(trap_v2() if number % 2 else forged(number))
                    damaged[source.randrange(len(damaged))] = source.randrange(256)
                    sender.sendto(damaged, ("127.0.0.1", port))
                    await asyncio.sleep(0)
                told = len(ear.told)
                sender.sendto(trap_v2(name="1.3.6.1.4.1.9.9.215.2.0.2"), ("127.0.0.1", port))
            await ear.until(lambda: len(ear.told) > told and ear.told[-1].kind == "mac-moved")
        assert failed == []

    asyncio.run(listen())
