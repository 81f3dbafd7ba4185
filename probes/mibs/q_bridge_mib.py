"""Q-BRIDGE-MIB: a bridge that knows VLANs: its forwarding database, and which ports are tagged."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from probes.mibs import bridge_mib
from probes.mibs.columns import Column, mac_index, read, read_rows, text
from probes.records import BasePort, FdbEntry, Gap, Table, Tagging, Vlan
from probes.snmp import Index, Session, Value

TP_FDB_PORT = "1.3.6.1.2.1.17.7.1.2.2.1.2"
TP_FDB_STATUS = "1.3.6.1.2.1.17.7.1.2.2.1.3"
VLAN_FDB_ID = "1.3.6.1.2.1.17.7.1.4.2.1.3"
VLAN_CURRENT_EGRESS_PORTS = "1.3.6.1.2.1.17.7.1.4.2.1.4"
VLAN_CURRENT_UNTAGGED_PORTS = "1.3.6.1.2.1.17.7.1.4.2.1.5"
VLAN_STATIC_NAME = "1.3.6.1.2.1.17.7.1.4.3.1.1"
VLAN_STATIC_EGRESS_PORTS = "1.3.6.1.2.1.17.7.1.4.3.1.2"
VLAN_STATIC_UNTAGGED_PORTS = "1.3.6.1.2.1.17.7.1.4.3.1.4"

_VLAN_IDS = range(1, 4095)
_NAMED = 5  # ports that a gap names


async def fdb(session: Session, base_ports: Sequence[BasePort] | None = None) -> Table[FdbEntry]:
    """Read the forwarding databases of all VLANs.

    A row's VLAN is None where several VLANs share its database (shared VLAN learning).
    `base_ports` are the bridge's where they have been read already.
    """
    (ports, statuses, fdb_ids), gaps = await read_rows(
        session, TP_FDB_PORT, TP_FDB_STATUS, VLAN_FDB_ID
    )
    if not ports:
        return Table((), gaps)
    if_indexes, port_gaps = await bridge_mib.port_interfaces(session, base_ports)
    vlans = _vlans(ports, fdb_ids, complete=not gaps)
    rows = (
        bridge_mib.entry(
            vlans.get(index[0]), mac_index(index[1:]), port, statuses.get(index), if_indexes
        )
        for index, port in ports.items()
    )
    return Table(tuple(row for row in rows if row is not None), gaps + port_gaps)


def _vlans(ports: Column, fdb_ids: Column, *, complete: bool) -> dict[int, int]:
    """Say which VLAN each forwarding database belongs to, where it belongs to exactly one.

    dot1qVlanFdbId is indexed by a TimeMark and the VLAN. Agents without that table number their
    databases by VLAN.
    """
    if not fdb_ids and complete:
        return {index[0]: index[0] for index in ports if index[0] in _VLAN_IDS}
    sharers: defaultdict[int, set[int]] = defaultdict(set)
    for index, fdb_id in fdb_ids.items():
        vlan = _current_vlan(index)
        if vlan is not None and isinstance(fdb_id, int):
            sharers[fdb_id].add(vlan)
    return {fdb_id: vlans.pop() for fdb_id, vlans in sharers.items() if len(vlans) == 1}


def _current_vlan(index: Index) -> int | None:
    """Return the VLAN of a row of dot1qVlanCurrentTable: a TimeMark stands before it."""
    return index[1] if len(index) == 2 and index[1] in _VLAN_IDS else None  # noqa: PLR2004 - both


async def vlans(session: Session) -> Table[Vlan]:
    """Read the VLANs that the bridge has now, and those that are only configured.

    The latter carry no frames, unless the agent does not tell which VLANs it has now.
    """
    (current, names), gaps = await read(session, VLAN_FDB_ID, VLAN_STATIC_NAME)
    if not current and not gaps:
        (current,), gaps = await read(session, VLAN_CURRENT_EGRESS_PORTS)
    now = {vlan for vlan in map(_current_vlan, current) if vlan is not None}
    named = {i[0]: text(name) for i, name in names.items() if len(i) == 1 and i[0] in _VLAN_IDS}
    rows = (
        Vlan(vlan=vlan, name=named.get(vlan, ""), operational=vlan in now or not now or bool(gaps))
        for vlan in sorted(now | named.keys())
    )
    return Table(tuple(rows), gaps)


async def tagging(session: Session, base_ports: Sequence[BasePort] | None = None) -> Table[Tagging]:
    """Read of every port in any VLAN whether it is tagged in one.

    The current VLANs decide. Of ports that these do not list (without a link, or in an aggregate,
    or the agent has no current VLANs) the configured ones say it. Where the tables are not
    complete there are only tagged ports: any other may be tagged in what is missing.
    `base_ports` are the bridge's where they have been read already.
    """
    (egress, untagged, static_egress, static_untagged), gaps = await read(
        session,
        VLAN_CURRENT_EGRESS_PORTS,
        VLAN_CURRENT_UNTAGGED_PORTS,
        VLAN_STATIC_EGRESS_PORTS,
        VLAN_STATIC_UNTAGGED_PORTS,
    )
    if not egress and not static_egress:
        return Table((), gaps)
    gaps += tuple(_garbled(session.subject, egress | static_egress))
    ports = _tagged(static_egress, static_untagged, complete=not gaps)
    ports |= _tagged(egress, untagged, complete=not gaps)
    if_indexes, port_gaps = await bridge_mib.port_interfaces(session, base_ports)
    lost = [port for port in sorted(ports) if ports[port] and port not in if_indexes]
    rows = _rows(ports, if_indexes, complete=not gaps)
    return Table(rows, (*gaps, *port_gaps, *_lost(session.subject, lost)))


def _tagged(egress: Column, untagged: Column, *, complete: bool) -> dict[int, bool]:
    """Say of each bridge port in these VLANs whether it is tagged in one of them."""
    # A row's TimeMark moves on between the walks of two columns; the VLAN is the last arc.
    plain = {index[-1]: _ports(value) for index, value in untagged.items()}
    tagged: dict[int, bool] = {}
    for index, value in egress.items():
        ports = _ports(value)
        unsaid = frozenset[int]() if complete else ports
        for port in ports:
            is_tagged = port not in plain.get(index[-1], unsaid)
            tagged[port] = tagged.get(port, False) or is_tagged
    return tagged


def _rows(
    ports: dict[int, bool], if_indexes: dict[int, int], *, complete: bool
) -> tuple[Tagging, ...]:
    tagged: dict[int, bool] = {}
    for port in sorted(ports.keys() & if_indexes.keys()):
        if ports[port] or complete:
            if_index = if_indexes[port]
            tagged[if_index] = tagged.get(if_index, False) or ports[port]
    return tuple(Tagging(if_index=i, tagged=is_tagged) for i, is_tagged in tagged.items())


def _ports(value: Value) -> frozenset[int]:
    """Return the bridge ports of a PortList: the first is the highest bit of the first octet."""
    return frozenset(
        at * 8 + bit + 1
        for at, octet in enumerate(value if isinstance(value, bytes) else b"")
        for bit in range(8)
        if octet & 0x80 >> bit
    )


def _garbled(subject: str, egress: Column) -> Iterator[Gap]:
    if not all(isinstance(value, bytes) for value in egress.values()):
        yield _malformed(subject, "it lists the ports of a VLAN as something that is no PortList")


def _lost(subject: str, ports: list[int]) -> Iterator[Gap]:
    """Yield a gap for tagged ports that the bridge does not list: any interface may be one.

    Some agents write another thing than bits into a PortList, which then names such ports.
    """
    if ports:
        named = ", ".join(map(str, ports[:_NAMED])) + ", ..." * (len(ports) > _NAMED)
        yield _malformed(subject, f"it tags VLANs on bridge ports that it does not have: {named}")


def _malformed(subject: str, detail: str) -> Gap:
    remedy = "look on the device itself which of its ports are tagged"
    return Gap(subject=subject, kind="snmp-malformed", detail=detail, remedy=remedy)
