"""Makes one forwarding database of the tables that show it, and says what these lack."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from probes.platforms.platform import Platform
from probes.records import BasePort, FdbEntry, Gap, Table


def both(shared: Table[FdbEntry], plain: Table[FdbEntry]) -> Table[FdbEntry]:
    """Add to Q-BRIDGE-MIB's table what only BRIDGE-MIB's has: most agents show one twice.

    A station without a known port says nothing new of one that has any.
    """
    known = {(row.mac, row.if_index) for row in shared.rows}
    stations = {row.mac for row in shared.rows}
    more = (
        row
        for row in plain.rows
        if (row.mac, row.if_index) not in known
        and (row.if_index is not None or row.mac not in stations)
    )
    gaps = tuple(dict.fromkeys((*shared.gaps, *plain.gaps)))
    return Table((*shared.rows, *more), gaps)


def with_ports(rows: Sequence[FdbEntry], base_ports: Sequence[BasePort]) -> tuple[FdbEntry, ...]:
    """Fill in the interfaces of bridge ports that the FDB's own context does not list."""
    if_indexes = {port.base_port: port.if_index for port in base_ports}
    return tuple(
        replace(row, if_index=if_indexes[row.base_port])
        if row.if_index is None and row.base_port in if_indexes
        else row
        for row in rows
    )


def missing(subject: str, platform: Platform, table: Table[FdbEntry]) -> tuple[Gap, ...]:
    """Return what the table does not show, though it could be read."""
    if not table.rows and not table.gaps and not platform.bridges:
        return (_no_fdb(subject, platform),)
    return tuple(_without_ports(subject, table.rows))


def _no_fdb(subject: str, platform: Platform) -> Gap:
    return Gap(
        subject=subject,
        kind="no-fdb",
        detail=f"a {platform.name} device keeps no forwarding database that SNMP shows",
        remedy="stations are located by the switches beside it: configure these",
    )


def _without_ports(subject: str, rows: Sequence[FdbEntry]) -> Iterator[Gap]:
    learned = [row for row in rows if row.status == "learned"]
    lost = [row for row in learned if row.if_index is None]
    portless = [
        row for row in rows if row.status == "other" and not row.base_port and row.if_index is None
    ]
    if lost:
        yield Gap(
            subject=subject,
            kind="fdb-port-unknown",
            detail=f"of {len(learned)} stations, {len(lost)} are on bridge ports"
            " that it does not say the interface of",
            remedy="these stations cannot be located here: ask the device's command line",
        )
    if rows and len(portless) == len(rows):
        yield Gap(
            subject=subject,
            kind="fdb-port-unknown",
            detail=f"it lists {len(rows)} stations and says of none on which port it is",
            remedy="stations cannot be located here: ask the device's command line",
        )
