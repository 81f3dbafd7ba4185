"""Sessions against an agent made here: what is asked of it, and every lie it can tell."""

import asyncio
import resource
import socket
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from typing import Literal

import msgspec
import pytest
from rich.pretty import pretty_repr

from probes import snmp
from probes.errors import Malformed, NoAnswer, ProbeError, Refused
from probes.snmp import Credentials, Session, Value, Walk, open_session
from tests.snmp_agent import (
    END_OF_MIB_VIEW,
    GEN_ERR,
    GET,
    GET_BULK,
    GET_NEXT,
    NO_SUCH_NAME,
    NO_SUCH_OBJECT,
    NULL,
    PUBLIC,
    TOO_BIG,
    Handler,
    Mib,
    Request,
    agent,
    ask,
    dotted,
    failure,
    integer,
    ip_address,
    object_id,
    octets,
    response,
    tlv,
    varbind,
)

COLUMN = "1.3.6.1.2.1.2.2.1.2"
AT = dotted(COLUMN)
NAMES = {(*AT, n): octets(b"eth%d" % n) for n in range(1, 101)}
BEHIND = {(*AT[:-1], 3, 1): integer(6)}
MIB = Mib(NAMES | BEHIND)
ROWS = tuple(((n,), b"eth%d" % n) for n in range(1, 101))
V1 = Credentials(version="1", community="public")
V3 = Credentials(version="3", user="ng")
SECRETS = ("s3cret-community", "s3cret-auth", "s3cret-priv")


async def walk(session: Session) -> Walk:
    return await session.walk(COLUMN)


async def get_then_walk(session: Session) -> Walk:
    await session.get(f"{COLUMN}.1")
    return await session.walk(COLUMN)


# --- what an honest agent's answers become


@pytest.mark.parametrize("version", ["1", "2c"])
def test_a_walk_reads_the_whole_column_and_nothing_behind_it(version: Literal["1", "2c"]) -> None:
    credentials = Credentials(version=version, community="public")
    assert ask(MIB, walk, credentials=credentials) == Walk(ROWS)


@pytest.mark.parametrize("version", ["1", "2c"])
def test_a_walk_ends_where_the_mib_ends(version: Literal["1", "2c"]) -> None:
    credentials = Credentials(version=version, community="public")
    assert ask(Mib(NAMES), walk, credentials=credentials) == Walk(ROWS)


@pytest.mark.parametrize("version", ["1", "2c"])
def test_a_table_the_agent_does_not_have_is_empty_without_a_gap(
    version: Literal["1", "2c"],
) -> None:
    credentials = Credentials(version=version, community="public")
    assert ask(Mib({}), walk, credentials=credentials) == Walk(())
    assert ask(Mib(BEHIND), walk, credentials=credentials) == Walk(())


@pytest.mark.parametrize("version", ["1", "2c"])
def test_get_leaves_out_what_the_agent_does_not_have(version: Literal["1", "2c"]) -> None:
    async def three(session: Session) -> dict[str, Value]:
        return await session.get(f"{COLUMN}.7", f"{COLUMN}.777", f"{COLUMN}.1")

    found = ask(MIB, three, credentials=Credentials(version=version, community="public"))
    assert found == {f"{COLUMN}.7": b"eth7", f"{COLUMN}.1": b"eth1"}


def test_get_of_nothing_but_absent_objects_is_empty() -> None:
    assert ask(MIB, lambda session: session.get("1.3.6.1.9.1", "1.3.6.1.9.2")) == {}


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        (octets(b"\x00\x00\x5e\x00\x53\x01"), b"\x00\x00\x5e\x00\x53\x01"),
        (octets(b"GigaEt"), b"GigaEt"),  # six letters are still octets, never a MAC or a text
        (octets(b""), b""),
        (integer(-5), -5),
        (integer(0xFFFFFFFF, 0x42), 0xFFFFFFFF),
        (integer(0xFFFFFFFF, 0x43), 0xFFFFFFFF),
        (ip_address(b"\xc0\x00\x02\x01"), "192.0.2.1"),
        (object_id(dotted("1.3.6.1.4.1.1991.1.3.51.7")), "1.3.6.1.4.1.1991.1.3.51.7"),
        (tlv(0x44, b"\x9f\x78\x04\x3f\x80\x00\x00"), b"\x9f\x78\x04\x3f\x80\x00\x00"),
    ],
)
@pytest.mark.parametrize("version", ["1", "2c"])
def test_values_have_one_python_type_whatever_the_version(
    version: Literal["1", "2c"], encoded: bytes, value: Value
) -> None:
    credentials = Credentials(version=version, community="public")
    assert ask(Mib({(*AT, 1): encoded}), walk, credentials=credentials).rows == (((1,), value),)


def test_a_counter_of_64_bits_is_whole() -> None:
    assert ask(Mib({(*AT, 1): integer(2**64 - 1, 0x46)}), walk).rows == (((1,), 2**64 - 1),)


def test_an_index_keeps_arcs_of_32_bits() -> None:
    index = (0xFFFFFFFF, 0, 300)
    assert ask(Mib({AT + index: integer(1)}), walk).rows == ((index, 1),)


# --- lies


def outside(request: Request) -> Iterable[bytes]:
    """Turn back to the MIB's beginning after the last row, as some agents do."""
    if request.oids[0] >= (*AT, 100):
        return [response(request, [varbind(dotted("1.3.6.1.2.1.1.1.0"), octets(b"x"))])]
    return Mib(NAMES)(request)


def downwards(request: Request) -> Iterable[bytes]:
    after = request.oids[0][-1] if len(request.oids[0]) > len(AT) else 1000
    return [response(request, [varbind((*AT, after - 1), integer(1))])]


def endless(request: Request) -> Iterable[bytes]:
    (oid,) = request.oids
    after = oid[-1] if len(oid) > len(AT) else 0
    rows = range(after + 1, after + 1 + max(request.repetitions, 1))
    return [response(request, [varbind((*AT, n), integer(1)) for n in rows])]


def dies_half_way(request: Request) -> Iterable[bytes]:
    return [] if request.oids[0] >= (*AT, 40) else MIB(request)


LIES: dict[str, tuple[Handler, str]] = {
    "silence": (lambda _: [], "snmp-timeout"),
    "silence half way": (dies_half_way, "snmp-timeout"),
    "the same row again": (
        lambda request: [response(request, [varbind((*AT, 1), integer(1))])],
        "snmp-malformed",
    ),
    "rows that go down": (downwards, "snmp-malformed"),
    "back to the beginning": (outside, "snmp-malformed"),
    "a table without end": (endless, "snmp-deadline"),
    "genErr": (lambda request: [failure(request, GEN_ERR)], "snmp-error"),
    "tooBig, always": (lambda request: [failure(request, TOO_BIG)], "snmp-error"),
    "noSuchName in v2c": (lambda request: [failure(request, NO_SUCH_NAME)], "snmp-error"),
    "an answer without varbinds": (lambda request: [response(request, [])], "snmp-error"),
    "no BER at all": (lambda _: [b"\xff\x00garbage"], "snmp-malformed"),
    "an answer cut short": (lambda request: [MIB(request)[0][:-3]], "snmp-malformed"),
    "an empty datagram": (lambda _: [b""], "snmp-malformed"),
    "a value of no type": (
        lambda request: [response(request, [varbind((*AT, 1), tlv(0x4F, b"x"))])],
        "snmp-malformed",
    ),
    "an address of three octets": (
        lambda request: [response(request, [varbind((*AT, 1), ip_address(b"\x01\x02\x03"))])],
        "snmp-malformed",
    ),
    "the answer to another question": (
        lambda request: MIB(request._replace(request_id=b"\x01")),
        "snmp-timeout",
    ),
    "somebody else's community": (
        lambda request: MIB(request._replace(community=b"private")),
        "snmp-timeout",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_every_lie_ends_in_a_gap_within_the_deadline(lie: str) -> None:
    handler, kind = LIES[lie]
    begun = monotonic()
    found = ask(handler, walk, timeout=0.1, deadline=0.8)
    assert monotonic() - begun < 2
    assert found.gap is not None
    assert (found.gap.subject, found.gap.kind) == ("cat1", kind)
    assert found.gap.remedy


@pytest.mark.parametrize(
    "lie", ["silence", "genErr", "the same row again", "a table without end", "rows that go down"]
)
def test_an_old_agent_that_lies_ends_in_the_same_gap(lie: str) -> None:
    handler, kind = LIES[lie]
    gap = ask(handler, walk, credentials=V1, timeout=0.2, deadline=4).gap
    assert gap is not None
    assert gap.kind == kind


def test_rows_out_of_order_are_all_kept_and_told() -> None:
    order = (3, 1, 2, 7, 5)

    def handler(request: Request) -> Iterable[bytes]:
        after = request.oids[0][-1] if len(request.oids[0]) > len(AT) else 0
        at = order.index(after) + 1 if after else 0
        if at == len(order):
            return [response(request, [varbind(dotted("1.3.6.1.2.1.99.1.0"), octets(b"x"))])]
        return [response(request, [varbind((*AT, order[at]), integer(order[at]))])]

    found = ask(handler, walk)
    assert found.rows == tuple(((n,), n) for n in order)
    assert found.gap is not None
    assert found.gap.kind == "snmp-malformed"


def test_a_row_behind_the_end_of_its_column_is_kept_and_told() -> None:
    beyond = varbind(dotted("1.3.6.1.2.1.99.1.0"), octets(b"x"))

    def handler(request: Request) -> Iterable[bytes]:
        rows = [varbind((*AT, 1), integer(1)), beyond, varbind((*AT, 2), integer(2))]
        return [response(request, rows if len(request.oids[0]) == len(AT) else [beyond])]

    found = ask(handler, walk)
    assert found.rows == (((1,), 1), ((2,), 2))
    assert found.gap is not None


def test_rows_read_before_the_silence_are_kept() -> None:
    assert ask(dies_half_way, walk, timeout=0.1).rows == ROWS[:40]


def test_a_v1_agent_that_fails_is_not_taken_for_the_end_of_its_mib() -> None:
    gap = ask(lambda request: [failure(request, GEN_ERR)], walk, credentials=V1).gap
    assert gap is not None
    assert "genErr" in gap.detail


def test_an_endless_table_ends_at_the_row_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snmp, "ROW_LIMIT", 200)
    found = ask(endless, walk)
    assert found.gap is not None
    assert found.gap.kind == "snmp-endless"
    assert len(found.rows) == 200


def test_no_such_object_as_an_answer_to_getnext_ends_the_walk() -> None:
    def handler(request: Request) -> Iterable[bytes]:
        return [response(request, [varbind(request.oids[0], NO_SUCH_OBJECT)])]

    assert ask(handler, walk) == Walk(())


# --- agents that are merely bad at GETBULK


def without_bulk(request: Request) -> Iterable[bytes]:
    return [] if request.pdu == GET_BULK else MIB(request)


def bulk_is_garbage(request: Request) -> Iterable[bytes]:
    return [b"\x30\x03abc"] if request.pdu == GET_BULK else MIB(request)


def bulk_is_empty(request: Request) -> Iterable[bytes]:
    if request.pdu != GET_BULK:
        return MIB(request)
    return [response(request, [varbind(request.oids[0], NULL)])]


def bulk_says_the_end(request: Request) -> Iterable[bytes]:
    if request.pdu != GET_BULK:
        return MIB(request)
    return [response(request, [varbind(request.oids[0], END_OF_MIB_VIEW)])]


def bulk_repeats_rows(request: Request) -> Iterable[bytes]:
    rows = [varbind((*AT, 1), octets(b"eth1"))]
    return [response(request, rows)] if request.pdu == GET_BULK else MIB(request)


def too_big_over_eight(request: Request) -> Iterable[bytes]:
    return [failure(request, TOO_BIG)] if request.repetitions > 8 else MIB(request)


@pytest.mark.parametrize(
    "handler",
    [
        without_bulk,
        bulk_is_garbage,
        bulk_is_empty,
        bulk_says_the_end,
        bulk_repeats_rows,
        too_big_over_eight,
    ],
)
def test_an_agent_that_cannot_do_getbulk_is_read_whole_all_the_same(handler: Handler) -> None:
    assert ask(handler, get_then_walk, timeout=0.1) == Walk(ROWS)


def test_an_agent_that_never_answered_getbulk_is_not_asked_again_by_it() -> None:
    seen = []

    def handler(request: Request) -> Iterable[bytes]:
        seen.append(request.pdu)
        return without_bulk(request)

    async def twice(session: Session) -> Walk:
        await get_then_walk(session)
        seen.clear()
        return await walk(session)

    assert ask(handler, twice, timeout=0.05) == Walk(ROWS)
    assert GET_BULK not in seen


def test_a_device_never_heard_is_not_waited_for_twice() -> None:
    seen = []

    def handler(request: Request) -> Iterable[bytes]:
        seen.append(request.pdu)
        return []

    ask(handler, walk, timeout=0.05, retries=1)
    assert seen == [GET_BULK, GET_BULK]


def test_answers_too_big_for_one_read_are_asked_for_in_parts() -> None:
    wide = {(*AT, n): octets(b"x" * 250) for n in range(1, 61)}
    found = ask(Mib(wide), walk)
    assert found.gap is None
    assert len(found.rows) == 60


# --- a bad network


def test_a_lost_request_is_sent_again() -> None:
    seen = []

    def handler(request: Request) -> Iterable[bytes]:
        seen.append(request)
        return [] if len(seen) % 2 else MIB(request)

    assert ask(handler, walk, timeout=0.1) == Walk(ROWS)


def test_duplicates_and_late_answers_are_dropped() -> None:
    earlier: list[bytes] = []

    def handler(request: Request) -> Iterable[bytes]:
        fresh = list(MIB(request))
        late, earlier[:] = list(earlier), fresh
        return [*late, *fresh, *fresh]

    assert ask(handler, walk) == Walk(ROWS)


def test_a_port_where_nothing_listens_is_no_answer_and_said_so() -> None:
    async def read(port: int) -> None:
        async with open_session("cat1", "127.0.0.1", port, Credentials(community="x")) as session:
            await session.get(COLUMN)

    with agent(MIB) as port:
        pass
    with pytest.raises(NoAnswer, match="nothing listens"):
        asyncio.run(read(port))


def test_a_name_without_an_address_is_no_answer_and_said_so() -> None:
    async def read() -> None:
        async with open_session("cat1", "cat1.invalid", 161, Credentials()) as session:
            await session.get(COLUMN)

    with pytest.raises(NoAnswer) as caught:
        asyncio.run(read())
    assert caught.value.kind == "snmp-unresolved"


@pytest.mark.parametrize("version", ["1", "2c"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_agents_are_reached_by_ipv4_and_ipv6(host: str, version: Literal["1", "2c"]) -> None:
    async def read(port: int) -> Walk:
        credentials = Credentials(version=version, community="public")
        async with open_session("cat1", host, port, credentials) as session:
            return await session.walk(COLUMN)

    with agent(MIB, host) as port:
        assert asyncio.run(read(port)) == Walk(ROWS)


def test_a_host_name_is_looked_up() -> None:
    async def read(port: int) -> dict[str, Value]:
        async with open_session("cat1", "localhost", port, Credentials(community="p")) as session:
            return await session.get(f"{COLUMN}.1")

    with agent(MIB, "127.0.0.1") as port:
        assert asyncio.run(read(port)) == {f"{COLUMN}.1": b"eth1"}


# --- get


@pytest.mark.parametrize(
    ("handler", "error", "kind"),
    [
        (LIES["silence"][0], NoAnswer, "snmp-timeout"),
        (LIES["genErr"][0], Refused, "snmp-error"),
        (LIES["an answer cut short"][0], Malformed, "snmp-malformed"),
    ],
)
def test_get_raises_what_went_wrong_with_the_remedy(
    handler: Handler, error: type[ProbeError], kind: str
) -> None:
    with pytest.raises(error) as caught:
        ask(handler, lambda session: session.get(COLUMN), timeout=0.05)
    assert (caught.value.subject, caught.value.kind) == ("cat1", kind)
    assert caught.value.remedy


def test_silence_is_said_to_be_perhaps_a_wrong_community() -> None:
    with pytest.raises(NoAnswer) as caught:
        ask(LIES["silence"][0], lambda session: session.get(COLUMN), timeout=0.05)
    assert "check address, community and the device's access list" in caught.value.remedy


def test_an_agent_that_answers_only_single_objects_is_asked_singly() -> None:
    def handler(request: Request) -> Iterable[bytes]:
        return [failure(request, TOO_BIG)] if len(request.oids) > 1 else MIB(request)

    found = ask(handler, lambda session: session.get(f"{COLUMN}.1", f"{COLUMN}.2"))
    assert found == {f"{COLUMN}.1": b"eth1", f"{COLUMN}.2": b"eth2"}


# --- contexts, sharing, secrets


def test_a_vlan_is_asked_for_by_the_community_and_the_base_stays_as_it_was() -> None:
    seen = []

    def handler(request: Request) -> Iterable[bytes]:
        seen.append(request.community)
        return MIB(request)

    async def question(session: Session) -> tuple[int | None, int | None]:
        context = session.in_vlan(226).in_vlan(505)
        await context.get(COLUMN)
        await session.get(COLUMN)
        return session.vlan, context.vlan

    assert ask(handler, question) == (None, 505)
    assert set(seen) == {b"public", b"public@505"}


def test_walks_that_share_a_session_do_not_take_each_others_answers() -> None:
    async def all_at_once(session: Session) -> tuple[Walk, Walk, Walk]:
        behind = session.walk(COLUMN[:-2] + ".3")
        one, two, three = await asyncio.gather(walk(session), walk(session), behind)
        return one, two, three

    assert ask(MIB, all_at_once) == (Walk(ROWS), Walk(ROWS), Walk((((1,), 6),)))


def test_a_thousand_sessions_are_open_at_once() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))

    async def read(port: int) -> int:
        sessions = [
            open_session(f"cat{n}", "127.0.0.1", port, Credentials(community="p"), retries=5)
            for n in range(1000)
        ]
        found = await asyncio.gather(*(session.get(f"{COLUMN}.1") for session in sessions))
        return sum(map(len, found))

    try:
        with agent(MIB) as port:
            assert asyncio.run(read(port)) == 1000
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- pace


@pytest.mark.parametrize("version", ["1", "2c"])
def test_all_who_ask_one_agent_keep_its_pace_together(version: Literal["1", "2c"]) -> None:
    seen = []

    def handler(request: Request) -> Iterable[bytes]:
        seen.append(request.community)
        return MIB(request)

    async def read(port: int) -> float:
        loop = asyncio.get_running_loop()
        credentials = Credentials(version=version, community="p")
        async with (
            open_session("cat1", "127.0.0.1", port, credentials, pace=50) as session,
            session.in_vlan(226) as context,
        ):
            begun = loop.time()
            one = f"{COLUMN}.1"
            await asyncio.gather(*(who.get(one) for who in 4 * (session, context)))
        return loop.time() - begun

    with agent(handler) as port:
        assert asyncio.run(read(port)) >= 7 / 50
    assert sorted(seen) == [b"p"] * 4 + [b"p@226"] * 4


@pytest.mark.parametrize("version", ["1", "2c"])
def test_a_request_that_is_sent_again_keeps_the_pace_too(version: Literal["1", "2c"]) -> None:
    async def read(port: int) -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with open_session(
            "cat1",
            "127.0.0.1",
            port,
            Credentials(version=version, community="p"),
            timeout=0.01,
            retries=3,
            pace=4,
        ) as session:
            with pytest.raises(NoAnswer):
                await session.get(COLUMN)
        return loop.time() - begun

    with agent(lambda _: []) as port:
        assert asyncio.run(read(port)) >= 3 / 4


@pytest.mark.parametrize("pace", [-1, float("nan"), float("inf")])
def test_a_pace_that_is_no_number_of_requests_is_refused(pace: float) -> None:
    with pytest.raises(ValueError, match="pace"):
        open_session("cat1", "127.0.0.1", 161, PUBLIC, pace=pace)


# --- given up from outside


@pytest.mark.parametrize("credentials", [PUBLIC, V3])
def test_a_walk_that_is_cancelled_leaves_no_reader_and_no_socket(credentials: Credentials) -> None:
    async def give_up(silent: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        readers_before, sockets_before = readers(loop), sockets()
        session = open_session("cat1", "127.0.0.1", silent.getsockname()[1], credentials)
        walking = asyncio.create_task(walk(session))
        await loop.sock_recv(silent, 2048)
        walking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await walking
        assert readers(loop) == readers_before
        await session.close()
        assert sockets() == sockets_before

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.setblocking(False)  # noqa: FBT003 - the library's own signature
        asyncio.run(give_up(silent))


def test_a_walk_of_version_1_that_is_cancelled_disturbs_nobody_later() -> None:
    trouble: list[object] = []

    async def give_up(port: int) -> Walk:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: trouble.append(context))
        async with open_session("cat1", "127.0.0.1", port, V1, timeout=0.1) as session:
            walking = asyncio.create_task(walk(session))
            await asked.wait()
            walking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await walking
        async with open_session("cat1", "127.0.0.1", port, V1, timeout=0.1) as session:
            return await walk(session)

    asked = asyncio.Event()

    def handler(_: Request) -> Iterable[bytes]:
        loop.call_soon_threadsafe(asked.set)
        return []

    with agent(handler) as port, asyncio.Runner() as runner:
        loop = runner.get_loop()
        assert runner.run(give_up(port)).gap is not None
    assert trouble == []


def readers(loop: asyncio.AbstractEventLoop) -> int:
    assert isinstance(loop, asyncio.SelectorEventLoop)
    return len(loop._selector.get_map())  # type: ignore[attr-defined]


def sockets() -> int:
    """Return how many sockets this process has open."""
    return sum(str(link.resolve()).startswith("socket") for link in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("version", ["1", "2c", "3"])
def test_no_secret_is_ever_shown(version: Literal["1", "2c", "3"]) -> None:
    credentials = Credentials(
        version=version,
        community=SECRETS[0],
        user="ng",
        auth_protocol="SHA",
        auth_key=SECRETS[1],
        priv_protocol="AES",
        priv_key=SECRETS[2],
    )

    async def read(port: int) -> None:
        async with open_session("cat1", "127.0.0.1", port, credentials, timeout=0.05) as session:
            await session.get(COLUMN)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(NoAnswer) as caught:
            asyncio.run(read(silent.getsockname()[1]))
    shown = (repr(credentials), str(credentials), f"{credentials}", pretty_repr(credentials))
    for text in (*shown, str(caught.value), caught.value.remedy, repr(caught.value)):
        assert not any(secret in text for secret in SECRETS)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"version": "3"}, "needs a user"),
        ({"version": "3", "user": "ng", "auth_protocol": "SHA"}, "auth_key"),
        ({"version": "3", "user": "ng", "priv_protocol": "AES"}, "priv_key"),
        (
            {"version": "3", "user": "ng", "priv_protocol": "AES", "priv_key": "x"},
            "needs authentication",
        ),
    ],
)
def test_credentials_that_snmp_does_not_have_are_refused(
    settings: dict[str, str], complaint: str
) -> None:
    with pytest.raises(msgspec.ValidationError, match=complaint):
        msgspec.convert(settings, Credentials)


def test_the_agent_of_these_tests_knows_what_it_was_asked() -> None:
    seen = []

    def handler(request: Request) -> Iterable[bytes]:
        seen.append((request.version, request.pdu, request.repetitions))
        return MIB(request)

    ask(handler, get_then_walk)
    ask(handler, walk, credentials=V1)
    assert seen[:2] == [(1, GET, 0), (1, GET_BULK, snmp.REPETITIONS)]
    assert seen[-1] == (0, GET_NEXT, 0)
