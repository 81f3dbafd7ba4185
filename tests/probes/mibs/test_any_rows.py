"""Readers against rows that no MIB foresees: none raises, none makes a row of what is not there.

The agent is honest about the protocol here and about nothing else; what it may do to the protocol
stands in test_snmp_hostile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.mibs import (
    bridge_mib,
    cisco_pagp_mib,
    ieee8023_lag_mib,
    if_mib,
    ip_mib,
    lldp_mib,
    lldp_v2_mib,
    q_bridge_mib,
    vrrp_mib,
    vrrpv3_mib,
)
from probes.mibs.columns import station
from probes.records import ArpEntry, FdbEntry, InterfaceAddress, Table, VirtualGateway
from probes.snmp import Session, open_session
from tests.snmp_agent import (
    GEN_ERR,
    PUBLIC,
    Handler,
    Mib,
    Oid,
    Request,
    agent,
    dotted,
    failure,
    integer,
    ip_address,
    object_id,
    octets,
    response,
    varbind,
)

Reader = Callable[[Session], Awaitable[Table[Any]]]
READERS: tuple[tuple[Reader, Any], ...] = (
    (if_mib.interfaces, if_mib),
    (ip_mib.addresses, ip_mib),
    (ip_mib.arp, ip_mib),
    (bridge_mib.fdb, bridge_mib),
    (bridge_mib.base_ports, bridge_mib),
    (q_bridge_mib.fdb, q_bridge_mib),
    (q_bridge_mib.vlans, q_bridge_mib),
    (q_bridge_mib.tagging, q_bridge_mib),
    (lldp_mib.neighbors, lldp_mib),
    (lldp_v2_mib.neighbors, lldp_v2_mib),
    (ieee8023_lag_mib.members, ieee8023_lag_mib),
    (cisco_pagp_mib.members, cisco_pagp_mib),
    (vrrp_mib.virtual_gateways, vrrp_mib),
    (vrrpv3_mib.virtual_gateways, vrrpv3_mib),
)

V4, V6 = (192, 0, 2, 1), (0x20, 1, 0x0D, 0xB8, *(0,) * 11, 1)
MAC = (0, 0, 94, 0, 83, 1)
ARCS = st.one_of(st.integers(0, 9), st.integers(0, 255), st.integers(0, 2**32 - 1))
# What real indexes are made of, in orders and with holes that they do not have.
PIECES = st.one_of(
    st.lists(ARCS, max_size=4).map(tuple),
    st.sampled_from((V4, V6, MAC, (6, *MAC), (1, 4, *V4), (2, 16, *V6), (4, 20, *V6))),
    st.sampled_from((tuple(b"192.000.002.001"), (1, 15, *b"192.000.002.001"))),
)
INDEXES = st.lists(PIECES, min_size=1, max_size=4).map(lambda found: sum(found, ()))
VALUES = st.one_of(
    st.integers(-(2**31), 2**31 - 1).map(integer),
    st.integers(0, 9).map(integer),
    st.binary(max_size=20).map(octets),
    st.sampled_from((bytes(MAC), b"00:00:5e:00:53:01", b"", b"\0" * 6, b"\xff" * 6)).map(octets),
    st.lists(st.integers(0, 300), max_size=6).map(lambda arcs: object_id((1, 3, *arcs))),
    st.binary(min_size=4, max_size=4).map(ip_address),
)
# Where a MIB ends, which an agent is asked twice about, is no matter of the readers.
BEHIND = {dotted("1.4.1"): integer(1)}


class Puppet:
    """An agent that answers by whatever handler it is given next."""

    def __init__(self) -> None:
        self.handler: Handler = Mib({})
        self.port = 0

    def __call__(self, request: Request) -> Iterable[bytes]:
        return self.handler(request)

    def ask(self, handler: Handler, reader: Reader) -> Table[Any]:
        async def put() -> Table[Any]:
            async with open_session("cat1", "127.0.0.1", self.port, PUBLIC) as session:
                return await reader(session)

        self.handler = handler
        return asyncio.run(put())


@pytest.fixture(scope="module")
def puppet() -> Iterator[Puppet]:
    puppet = Puppet()
    with agent(puppet) as puppet.port:
        yield puppet


def columns(module: Any) -> list[Oid]:  # noqa: ANN401 - a module
    """Return the columns that a reader may ask for."""
    found = (value for name, value in vars(module).items() if name.isupper())
    return [dotted(oid) for oid in found if isinstance(oid, str) and oid[-1] != "."]


def holds(index: Oid, part: Iterable[int]) -> bool:
    wanted = tuple(part)
    return any(index[at : at + len(wanted)] == wanted for at in range(len(index)))


def stands_in(row: object, index: Oid) -> bool:
    """Tell whether an index spells what the row's key must come from."""
    match row:
        case FdbEntry(mac=mac):
            return holds(index, bytes.fromhex(mac.replace(":", "")))
        case InterfaceAddress(ip=ip) | ArpEntry(ip=ip) | VirtualGateway(ip=ip):
            return holds(index, ip.packed) or holds(index, b"192.000.002.001")
        case _:
            return True


@pytest.mark.parametrize(("reader", "module"), READERS)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_rows_that_no_mib_foresees_make_no_reader_raise_or_invent(
    puppet: Puppet,
    reader: Reader,
    module: Any,  # noqa: ANN401
    data: st.DataObject,
) -> None:
    cells = st.tuples(st.sampled_from(columns(module)), INDEXES, VALUES)
    cells_drawn = data.draw(st.lists(cells, max_size=16))
    objects = {(*column, *index): value for column, index, value in cells_drawn}
    table = puppet.ask(Mib(objects | BEHIND), reader)
    assert {gap.kind for gap in table.gaps} <= {"snmp-malformed"}  # a PortList that is none
    indexes = [index for _, index, _ in cells_drawn]
    for row in table.rows:
        assert any(stands_in(row, index) for index in indexes)


# --- honest rows, told by agents that are not

WHOLE: dict[Oid, bytes] = BEHIND | {
    (*dotted(column), *index, n): value
    for n in range(1, 60)
    for column, index, value in (
        (if_mib.IF_NAME, (), octets(b"Gi1/0/%d" % n)),
        (if_mib.IF_PHYS_ADDRESS, (), octets(bytes((*MAC[:5], n)))),
        (ip_mib.IP_AD_ENT_IF_INDEX, V4[:3], integer(n)),
        (ip_mib.IP_NET_TO_PHYSICAL_PHYS_ADDRESS, (7, 2, 16, *V6[:15]), octets(bytes(MAC))),
        (bridge_mib.BASE_PORT_IF_INDEX, (), integer(n)),
        (bridge_mib.TP_FDB_PORT, MAC[:5], integer(n)),
        (q_bridge_mib.TP_FDB_PORT, (226, *MAC[:5]), integer(n)),
        (lldp_mib.REM_CHASSIS_ID, (9, 1), octets(bytes((*MAC[:5], n)))),
        (vrrp_mib.ASSO_IP_ADDR_ROW_STATUS, (7, 10, *V4[:3]), integer(1)),
    )
}
TOLD: dict[Reader, Callable[[Any], object]] = {
    if_mib.interfaces: lambda row: (row.if_index, row.name),
    ip_mib.addresses: lambda row: row,
    ip_mib.arp: lambda row: row,
    bridge_mib.fdb: lambda row: row.mac,
    q_bridge_mib.fdb: lambda row: row.mac,
    lldp_mib.neighbors: lambda row: row.remote_chassis,
    vrrp_mib.virtual_gateways: lambda row: row.ip,
}


def reordering(request: Request) -> list[bytes]:
    """Answer what an honest agent answers, the rows of each answer last to first."""
    (oid,), count = request.oids, max(1, request.repetitions)
    after = [one for one in sorted(WHOLE) if one > oid][:count]
    return [response(request, [varbind(one, WHOLE[one]) for one in reversed(after)])]


def repeating(request: Request) -> list[bytes]:
    """Answer each row twice."""
    (oid,), count = request.oids, max(1, request.repetitions)
    after = [one for one in sorted(WHOLE) if one > oid][:count]
    return [response(request, [varbind(one, WHOLE[one]) for one in after for _ in range(2)])]


def truncating(request: Request) -> list[bytes]:
    """Answer nothing but an error behind the fortieth row of a table."""
    if request.oids[0][-1] >= 40:
        return [failure(request, GEN_ERR)]
    return Mib(WHOLE)(request)


@pytest.mark.parametrize(
    "reader", TOLD, ids=lambda reader: f"{reader.__module__}.{reader.__name__}"
)
@pytest.mark.parametrize("lying", [reordering, repeating, truncating])
def test_an_agent_that_loses_its_way_in_a_table_costs_rows_and_invents_none(
    puppet: Puppet, lying: Handler, reader: Reader
) -> None:
    told = TOLD[reader]
    honest = {told(row) for row in puppet.ask(Mib(WHOLE), reader).rows}
    table = puppet.ask(lying, reader)
    found = {told(row) for row in table.rows}
    assert len(honest) == 59
    assert found <= honest
    assert table.gaps or found == honest


@given(st.one_of(st.binary(max_size=20), st.integers(), st.text(max_size=20), st.none()))
def test_a_value_is_a_mac_in_canonical_form_or_none(value: bytes | int | str | None) -> None:
    found = station(value)
    assert found is None or (len(found) == 17 and found == found.lower())


@given(INDEXES)
def test_an_index_is_an_address_that_stands_in_it_or_none(index: Oid) -> None:
    found = ip_mib.typed_address(index)
    assert (
        found is None
        or holds(index, found.packed)
        or found == ip_mib.typed_address((1, *b"192.000.002.001"))
    )
