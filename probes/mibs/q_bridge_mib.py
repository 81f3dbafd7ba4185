"""Q-BRIDGE-MIB: the forwarding database of a bridge that knows VLANs."""

from collections import defaultdict

from probes.mibs import bridge_mib
from probes.mibs.columns import Column, mac_index, read
from probes.records import FdbEntry, Table
from probes.snmp import Session

TP_FDB_PORT = "1.3.6.1.2.1.17.7.1.2.2.1.2"
TP_FDB_STATUS = "1.3.6.1.2.1.17.7.1.2.2.1.3"
VLAN_FDB_ID = "1.3.6.1.2.1.17.7.1.4.2.1.3"

_VLAN_IDS = range(1, 4095)


async def fdb(session: Session) -> Table[FdbEntry]:
    """Read the forwarding databases of all VLANs.

    A row's VLAN is None where several VLANs share its database (shared VLAN learning).
    """
    (ports, statuses), gaps = await read(session, TP_FDB_PORT, TP_FDB_STATUS)
    if not ports:
        return Table((), gaps)
    (fdb_ids,), vlan_gaps = await read(session, VLAN_FDB_ID)
    known = await bridge_mib.base_ports(session)
    if_indexes = {row.base_port: row.if_index for row in known.rows}
    vlans = _vlans(ports, fdb_ids, complete=not vlan_gaps)
    rows = (
        bridge_mib.entry(
            vlans.get(index[0]), mac_index(index[1:]), port, statuses.get(index), if_indexes
        )
        for index, port in ports.items()
    )
    return Table(tuple(row for row in rows if row is not None), gaps + vlan_gaps + known.gaps)


def _vlans(ports: Column, fdb_ids: Column, *, complete: bool) -> dict[int, int]:
    """Say which VLAN each forwarding database belongs to, where it belongs to exactly one.

    dot1qVlanFdbId is indexed by a TimeMark and the VLAN. Agents without that table number their
    databases by VLAN.
    """
    if not fdb_ids and complete:
        return {index[0]: index[0] for index in ports if index[0] in _VLAN_IDS}
    sharers: defaultdict[int, set[int]] = defaultdict(set)
    for index, fdb_id in fdb_ids.items():
        if len(index) == 2 and isinstance(fdb_id, int):  # noqa: PLR2004 - TimeMark, VLAN
            sharers[fdb_id].add(index[1])
    return {fdb_id: vlans.pop() for fdb_id, vlans in sharers.items() if len(vlans) == 1}
