"""FOUNDRY-SN-SWITCH-GROUP-MIB, its snFdbInfo: the vendor's own forwarding database."""

from probes.errors import ProbeError
from probes.mibs.columns import Column, read, read_rows, station
from probes.mibs.foundry_sn_switch_group_mib import (
    IF_INDEXES,
    ROW_IS_GONE,
    VLAN_IDS,
    port_if_indexes,
)
from probes.records import FdbEntry, Gap, Table
from probes.snmp import Session, Value

MAC_STATION_VLAN_ID = "1.3.6.1.4.1.1991.1.1.3.1.32.0"
FDB_STATION_ADDR = "1.3.6.1.4.1.1991.1.1.3.4.1.1.2"
FDB_STATION_PORT = "1.3.6.1.4.1.1991.1.1.3.4.1.1.3"
FDB_VLAN_ID = "1.3.6.1.4.1.1991.1.1.3.4.1.1.4"
FDB_ROW_STATUS = "1.3.6.1.4.1.1991.1.1.3.4.1.1.7"
FDB_STATION_IF = "1.3.6.1.4.1.1991.1.1.3.4.1.1.8"


async def fdb(session: Session) -> Table[FdbEntry]:
    """Read the stations that a device without BRIDGE-MIB knows.

    Nothing tells a station that was learned from one that was configured (snFdbStationType says
    `host` of both), so the status is always `other`. The table numbers its rows, and has
    interfaces instead of bridge ports: `base_port` is 0.
    """
    (stations, vlans, statuses, if_indexes), gaps = await read_rows(
        session, FDB_STATION_ADDR, FDB_VLAN_ID, FDB_ROW_STATUS, FDB_STATION_IF
    )
    if not gaps and stations.keys() - if_indexes.keys():
        old, gaps = await _old_ports(session)
        if_indexes = old | if_indexes
    rows = (
        _entry(value, vlans.get(index), if_indexes.get(index))
        for index, value in stations.items()
        if len(index) == 1 and statuses.get(index) not in ROW_IS_GONE
    )
    return Table(tuple(dict.fromkeys(row for row in rows if row is not None)), gaps)


def _entry(address: Value, vlan: Value | None, if_index: Value | None) -> FdbEntry | None:
    mac = station(address)
    if mac is None:
        return None
    return FdbEntry(
        vlan=_within(VLAN_IDS, vlan),
        mac=mac,
        base_port=0,
        if_index=_within(IF_INDEXES, if_index),
        status="other",
    )


def _within(valid: range, value: Value | None) -> int | None:
    # Only an int is looked up in a range by arithmetic: anything else is compared one by one.
    return value if isinstance(value, int) and value in valid else None


async def _old_ports(session: Session) -> tuple[Column, tuple[Gap, ...]]:
    """Read the interface of each row from its slot and port, as software before ifIndex has it."""
    (ports,), gaps = await read(session, FDB_STATION_PORT)
    known, more = await port_if_indexes(session) if ports else ({}, ())
    found: Column = {
        index: known[port]
        for index, port in ports.items()
        if isinstance(port, int) and port in known
    }
    return found, gaps + more


async def filtered(session: Session) -> tuple[Gap, ...]:
    """Return a gap where the device has been told to show only one VLAN in dot1dTpFdbTable."""
    try:
        found = await session.get(MAC_STATION_VLAN_ID)
    except ProbeError as trouble:
        return (trouble.gap(),)
    vlan = found.get(MAC_STATION_VLAN_ID, 0)
    if vlan == 0:
        return ()
    shown = f"VLAN {vlan}" if isinstance(vlan, int) else "a VLAN that it does not name properly"
    return (
        Gap(
            subject=session.subject,
            kind="fdb-filtered",
            detail=f"its BRIDGE-MIB shows only the stations of {shown} (snMacStationVLanId)",
            remedy=f"set snMacStationVLanId ({MAC_STATION_VLAN_ID}) on the device to 0 again, and"
            " find out which management system sets it: all of them get the filtered table",
        ),
    )
