"""FOUNDRY-SN-SWITCH-GROUP-MIB, its snFdpMIB: neighbours that speak FDP, or CDP to a Foundry."""

from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Literal

from probes.mac import canonical, to_bytes
from probes.mibs import if_mib
from probes.mibs.columns import Column, read_rows, station, text
from probes.mibs.foundry_sn_switch_group_mib import IF_INDEXES
from probes.mibs.ip_mib import is_unicast
from probes.records import Interface, Neighbor, Table
from probes.snmp import Index, Session, Value

FDP_CACHE_DEVICE_ID = "1.3.6.1.4.1.1991.1.1.3.20.1.2.1.1.3"
FDP_CACHE_ADDRESS_TYPE = "1.3.6.1.4.1.1991.1.1.3.20.1.2.1.1.4"
FDP_CACHE_ADDRESS = "1.3.6.1.4.1.1991.1.1.3.20.1.2.1.1.5"
FDP_CACHE_DEVICE_PORT = "1.3.6.1.4.1.1991.1.1.3.20.1.2.1.1.7"
FDP_CACHE_PLATFORM = "1.3.6.1.4.1.1991.1.1.3.20.1.2.1.1.8"
FDP_CACHE_VENDOR_ID = "1.3.6.1.4.1.1991.1.1.3.20.1.2.1.1.10"

_IP = 1  # snFdpCacheAddressType
_IP_OCTETS = 4
_CDP = 2  # snFdpCacheVendorId


async def neighbors(
    session: Session, interfaces: Sequence[Interface] | None = None
) -> Table[Neighbor]:
    """Read who says to be at the other end of each port.

    `interfaces` are the device's own where they have been read already, else they are read here.
    A row that does not say by which protocol it was heard is FDP's, whose table it is.
    """
    columns, gaps = await read_rows(
        session,
        FDP_CACHE_DEVICE_ID,
        FDP_CACHE_DEVICE_PORT,
        FDP_CACHE_PLATFORM,
        FDP_CACHE_ADDRESS,
        FDP_CACHE_ADDRESS_TYPE,
        FDP_CACHE_VENDOR_ID,
    )
    indexes = sorted({index for column in columns for index in column if _is_neighbor(index)})
    if indexes and interfaces is None:
        own = await if_mib.interfaces(session)
        interfaces, gaps = own.rows, gaps + own.gaps
    ports = {one.if_index: one.name for one in interfaces or ()}
    rows = (_neighbor(index, columns, ports) for index in indexes)
    return Table(tuple(row for row in rows if row is not None), gaps)


def _is_neighbor(index: Index) -> bool:
    return len(index) == 2 and index[0] in IF_INDEXES  # noqa: PLR2004 - ifIndex, neighbour


def _neighbor(index: Index, columns: list[Column], ports: dict[int, str]) -> Neighbor | None:
    """Make a row, None where the agent has an index but tells nothing of a neighbour."""
    device, port, platform, address, kind, vendor = (column.get(index) for column in columns)
    protocol: Literal["cdp", "fdp"] = "cdp" if vendor == _CDP else "fdp"
    row = Neighbor(
        protocol=protocol,
        if_index=index[0],
        port=ports.get(index[0], ""),
        remote_name=text(device),
        remote_port=_mac(text(port)) or text(port),
        remote_chassis=_mac(text(device)),
        remote_platform=text(platform),
        remote_addresses=_addresses(kind, address),
    )
    told = (row.remote_name, row.remote_port, row.remote_platform, row.remote_addresses)
    return row if any(told) else None


def _mac(spelling: str) -> str:
    try:
        return station(to_bytes(canonical(spelling))) or ""
    except ValueError:
        return ""


def _addresses(kind: Value | None, value: Value | None) -> tuple[IPv4Address, ...]:
    if kind not in (None, _IP) or not isinstance(value, bytes) or len(value) != _IP_OCTETS:
        return ()
    address = IPv4Address(value)
    return (address,) if is_unicast(address) else ()
