"""BRIDGE-MIB: the bridge, its ports, and on which of them it has learned each station."""

from probes.mibs.columns import mac_index, number, read, station
from probes.records import BasePort, FdbEntry, Table
from probes.snmp import Session, Value

BASE_BRIDGE_ADDRESS = "1.3.6.1.2.1.17.1.1.0"
BASE_PORT_IF_INDEX = "1.3.6.1.2.1.17.1.4.1.2"
TP_FDB_PORT = "1.3.6.1.2.1.17.4.3.1.2"
TP_FDB_STATUS = "1.3.6.1.2.1.17.4.3.1.3"

_STATUS = {1: "other", 2: "invalid", 3: "learned", 4: "self", 5: "mgmt"}


async def base_address(session: Session) -> str | None:
    """Read the bridge's own MAC, None where there is no bridge; raises as `Session.get`."""
    found = await session.get(BASE_BRIDGE_ADDRESS)
    return station(found.get(BASE_BRIDGE_ADDRESS))


async def base_ports(session: Session) -> Table[BasePort]:
    """Read which interface each bridge port is; on Catalyst, only those of the session's VLAN."""
    (if_indexes,), gaps = await read(session, BASE_PORT_IF_INDEX)
    rows = (
        BasePort(base_port=index[0], if_index=if_index)
        for index, if_index in if_indexes.items()
        if len(index) == 1 and isinstance(if_index, int) and if_index > 0
    )
    return Table(tuple(rows), gaps)


async def fdb(session: Session, *, vlan: int | None = None) -> Table[FdbEntry]:
    """Read the forwarding database, in the context of a VLAN where one is given.

    A context numbers its ports as it likes, so they are looked up in that same context.
    """
    if vlan is not None:
        async with session.in_vlan(vlan) as context:
            return await fdb(context)
    (ports, statuses), gaps = await read(session, TP_FDB_PORT, TP_FDB_STATUS)
    known = await base_ports(session) if ports else Table[BasePort](())
    if_indexes = {row.base_port: row.if_index for row in known.rows}
    rows = (
        entry(session.vlan, mac_index(index), port, statuses.get(index), if_indexes)
        for index, port in ports.items()
    )
    return Table(tuple(row for row in rows if row is not None), gaps + known.gaps)


def entry(
    vlan: int | None,
    mac: str | None,
    port: Value,
    status: Value | None,
    if_indexes: dict[int, int],
) -> FdbEntry | None:
    """Make a row, None where its index held no MAC or its port is no number.

    Without a status, a port number says that the station was seen there (dot1dTpFdbPort).
    """
    if mac is None or not isinstance(port, int):
        return None
    unsaid = "learned" if port else "other"
    return FdbEntry(
        vlan=vlan,
        mac=mac,
        base_port=port,
        if_index=if_indexes.get(port),
        status=_STATUS.get(number(status) or 0, "other") if status is not None else unsaid,
    )
