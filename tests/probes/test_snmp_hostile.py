"""Sessions against bytes: whatever an agent sends, nothing but the declared errors comes out."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.errors import ProbeError
from probes.mibs import bridge_mib, if_mib, ip_mib, lldp_mib, q_bridge_mib
from probes.records import Table
from probes.snmp import Credentials, Session, open_session
from tests.snmp_agent import Handler, Mib, Request, agent, dotted, integer, object_id, octets

COLUMN = "1.3.6.1.2.1.2.2.1.2"
HONEST = Mib({(*dotted(COLUMN), n): octets(b"eth%d" % n) for n in range(1, 4)})
QUICK = settings(deadline=None, max_examples=150)
DAMAGE = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=4)
PUBLIC = Credentials(version="2c", community="public")
Answer = TypeVar("Answer")


class Puppet:
    """An agent that answers by whatever handler it is given next."""

    def __init__(self) -> None:
        self.handler: Handler = HONEST
        self.port = 0

    def __call__(self, request: Request) -> Iterable[bytes]:
        return self.handler(request)

    def ask(
        self,
        handler: Handler,
        question: Callable[[Session], Awaitable[Answer]],
        credentials: Credentials = PUBLIC,
    ) -> Answer:
        async def put() -> Answer:
            async with open_session(
                "cat1", "127.0.0.1", self.port, credentials, timeout=0.02, retries=0, deadline=0.5
            ) as session:
                return await question(session)

        self.handler = handler
        return asyncio.run(put())


@pytest.fixture(scope="module")
def puppet() -> Iterator[Puppet]:
    puppet = Puppet()
    with pytest.MonkeyPatch.context() as patch, agent(puppet) as puppet.port:
        # gufo_snmp panics on some of this, and printing where takes a tenth of a second each.
        patch.setenv("RUST_BACKTRACE", "0")
        yield puppet


async def everything(session: Session) -> None:
    """Ask all there is to ask; anything but a ProbeError fails the test."""
    with suppress(ProbeError):
        await session.get(f"{COLUMN}.1")
    await session.walk(COLUMN)


@QUICK
@given(answer=st.binary(max_size=300))
def test_random_bytes_never_raise_past_the_session(puppet: Puppet, answer: bytes) -> None:
    puppet.ask(lambda _: [answer], everything)


@QUICK
@given(damage=DAMAGE, cut=st.integers(0, 60))
def test_damaged_answers_never_raise_past_the_session(
    puppet: Puppet, damage: list[tuple[int, int]], cut: int
) -> None:
    puppet.ask(lambda request: [damaged(HONEST(request)[0], damage, cut)], everything)


@pytest.mark.parametrize("number", range(15))
def test_damaged_answers_never_raise_past_a_session_of_version_1(
    puppet: Puppet, number: int
) -> None:
    damage = [(17 * number % 50, 37 * number % 256), (11 * number % 50, 0x80 + number)]
    old = Credentials(version="1", community="public")
    puppet.ask(lambda request: [damaged(HONEST(request)[0], damage, number % 5)], everything, old)


def damaged(answer: bytes, damage: list[tuple[int, int]], cut: int) -> bytes:
    spoilt = bytearray(answer)
    for at, octet in damage:
        spoilt[at % len(spoilt)] = octet
    return bytes(spoilt[: len(spoilt) - cut])


VALUES = st.one_of(
    st.integers(-(2**31), 2**31 - 1).map(integer),
    st.binary(max_size=20).map(octets),
    st.lists(st.integers(0, 300), max_size=6).map(lambda arcs: object_id((1, 3, *arcs))),
)
INDEXES = st.lists(
    st.one_of(st.integers(0, 255), st.integers(0, 2**32 - 1)), min_size=1, max_size=24
)
READERS: dict[str, tuple[Callable[[Session], Awaitable[Table[Any]]], tuple[str, ...]]] = {
    "interfaces": (if_mib.interfaces, (if_mib.IF_DESCR, if_mib.IF_NAME, if_mib.IF_PHYS_ADDRESS)),
    "addresses": (
        ip_mib.addresses,
        (
            ip_mib.IP_AD_ENT_IF_INDEX,
            ip_mib.IP_AD_ENT_NET_MASK,
            ip_mib.IP_ADDRESS_IF_INDEX,
            ip_mib.IP_ADDRESS_PREFIX,
        ),
    ),
    "arp": (
        ip_mib.arp,
        (ip_mib.IP_NET_TO_MEDIA_PHYS_ADDRESS, ip_mib.IP_NET_TO_PHYSICAL_PHYS_ADDRESS),
    ),
    "fdb": (
        bridge_mib.fdb,
        (bridge_mib.TP_FDB_PORT, bridge_mib.TP_FDB_STATUS, bridge_mib.BASE_PORT_IF_INDEX),
    ),
    "q-bridge fdb": (
        q_bridge_mib.fdb,
        (q_bridge_mib.TP_FDB_PORT, q_bridge_mib.TP_FDB_STATUS, q_bridge_mib.VLAN_FDB_ID),
    ),
    "neighbors": (
        lldp_mib.neighbors,
        (
            lldp_mib.REM_CHASSIS_ID,
            lldp_mib.REM_CHASSIS_ID_SUBTYPE,
            lldp_mib.REM_PORT_ID,
            lldp_mib.REM_PORT_ID_SUBTYPE,
            lldp_mib.LOC_PORT_ID,
        ),
    ),
}


@pytest.mark.parametrize("name", READERS)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_tables_of_garbage_neither_crash_a_reader_nor_leave_a_gap(
    puppet: Puppet, name: str, data: st.DataObject
) -> None:
    reader, columns = READERS[name]
    cells = st.tuples(st.sampled_from(columns), INDEXES, VALUES)
    objects = {
        (*dotted(column), *index): value
        for column, index, value in data.draw(st.lists(cells, max_size=12))
    }
    table = puppet.ask(Mib(objects), reader)
    assert table.gaps == ()
    assert len(table.rows) <= len(objects)
