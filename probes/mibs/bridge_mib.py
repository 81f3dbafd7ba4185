"""BRIDGE-MIB: the bridge, its ports, and on which of them it has learned each station."""

import re
from collections.abc import Sequence

from msgspec.structs import replace

from probes.mibs.columns import mac_index, number, read, read_rows, station
from probes.records import BasePort, FdbEntry, Gap, Interface, Table
from probes.snmp import Session, Value

BASE_BRIDGE_ADDRESS = "1.3.6.1.2.1.17.1.1.0"
BASE_PORT_IF_INDEX = "1.3.6.1.2.1.17.1.4.1.2"
TP_FDB_PORT = "1.3.6.1.2.1.17.4.3.1.2"
TP_FDB_STATUS = "1.3.6.1.2.1.17.4.3.1.3"

# IANAifType: Ethernet as it was called over the years, aggregates (161; Nortel 54, Cisco 53) and
# radio. Logical units of Junos are 53 as well, and so are the VLAN interfaces of Catalysts.
_PORT_TYPES = frozenset((6, 7, 26, 53, 54, 62, 69, 71, 117, 161))
_VLAN_NAME = re.compile(r"(vl|irb|bdi|bvi|ve ?\d|lo)", re.IGNORECASE)
_DARK = frozenset(("down", "notPresent", "lowerLayerDown"))

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


async def fdb(
    session: Session, *, vlan: int | None = None, base_ports: Sequence[BasePort] | None = None
) -> Table[FdbEntry]:
    """Read the forwarding database, in the context of a VLAN where one is given.

    `base_ports` are the bridge's where they have been read already; those of a context are its
    own, and always read with its stations.
    """
    if vlan is not None:
        async with session.in_vlan(vlan) as context:
            return await fdb(context)
    (ports, statuses), gaps = await read_rows(session, TP_FDB_PORT, TP_FDB_STATUS)
    if not ports:
        return Table((), gaps)
    if_indexes, port_gaps = await port_interfaces(session, base_ports)
    rows = (
        entry(session.vlan, mac_index(index), port, statuses.get(index), if_indexes)
        for index, port in ports.items()
    )
    return Table(tuple(row for row in rows if row is not None), gaps + port_gaps)


async def port_interfaces(
    session: Session, known: Sequence[BasePort] | None
) -> tuple[dict[int, int], tuple[Gap, ...]]:
    """Return the ifIndex of each bridge port, read here unless the bridge's ports are known.

    A VLAN's context numbers its ports as it likes, so what is known of the bridge is not asked.
    """
    own = known is None or session.vlan is not None
    table = await base_ports(session) if own else Table(tuple(known or ()))
    return {row.base_port: row.if_index for row in table.rows}, table.gaps


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
    if mac is None or not isinstance(port, int) or port < 0:
        return None
    unsaid = "learned" if port else "other"
    return FdbEntry(
        vlan=vlan,
        mac=mac,
        base_port=port,
        if_index=if_indexes.get(port),
        status=_STATUS.get(number(status) or 0, "other") if status is not None else unsaid,
    )


def as_if_indexes(
    entries: Sequence[FdbEntry], interfaces: Sequence[Interface]
) -> tuple[FdbEntry, ...]:
    """Return the entries with their ports taken as ifIndex, where they can be nothing else.

    `entries` are one whole table, read like the bridge's ports and `interfaces` without a gap.
    Agents that do not list its ports as the bridge's (Junos, Alcatel) write the ifIndex there.
    All entries are believed or none: not where one has its interface already, or where a station
    was learned on an interface without a link.
    """
    ports = {entry.base_port for entry in entries if entry.base_port}
    learned = {entry.base_port for entry in entries if entry.status == "learned"}
    dark = {one.if_index for one in interfaces if one.oper_status in _DARK}
    is_mapped = any(entry.if_index is not None for entry in entries)
    if is_mapped or learned & dark or not are_if_indexes(ports, interfaces):
        return tuple(entries)
    return tuple(
        replace(entry, if_index=entry.base_port) if entry.base_port else entry for entry in entries
    )


def are_if_indexes(ports: set[int], interfaces: Sequence[Interface]) -> bool:
    """Tell whether port numbers of the device's own can be nothing but ifIndexes.

    All of them are ports by that number. Numbers that are counted from 1 may be so by chance, so
    they are either beyond the count of interfaces, or those of all ports and of nothing else.
    """
    known = {one.if_index for one in interfaces if can_be_port(one)}
    return min(ports, default=0) > 0 and (
        ports == known or (ports < known and min(ports) > len(interfaces))
    )


def can_be_port(interface: Interface) -> bool:
    """Tell whether frames come in by this interface: not a loopback, a tunnel or a VLAN's own."""
    return interface.if_type in _PORT_TYPES and not _VLAN_NAME.match(interface.name)
