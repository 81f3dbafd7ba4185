"""CISCO-CDP-MIB: what the device has heard from its neighbours by CDP."""

from collections.abc import Sequence
from ipaddress import ip_address

from probes.mac import canonical, to_bytes
from probes.mibs import if_mib
from probes.mibs.columns import Column, read_rows, station, text
from probes.records import Interface, IPAddress, Neighbor, Table
from probes.snmp import Index, Session, Value

CACHE_ADDRESS_TYPE = "1.3.6.1.4.1.9.9.23.1.2.1.1.3"
CACHE_ADDRESS = "1.3.6.1.4.1.9.9.23.1.2.1.1.4"
CACHE_DEVICE_ID = "1.3.6.1.4.1.9.9.23.1.2.1.1.6"
CACHE_DEVICE_PORT = "1.3.6.1.4.1.9.9.23.1.2.1.1.7"
CACHE_PLATFORM = "1.3.6.1.4.1.9.9.23.1.2.1.1.8"
CACHE_SYS_NAME = "1.3.6.1.4.1.9.9.23.1.2.1.1.17"

_VERSIONS: dict[Value, int] = {1: 4, 20: 6}  # CiscoNetworkProtocol: ip, ipv6


async def neighbors(
    session: Session, interfaces: Sequence[Interface] | None = None
) -> Table[Neighbor]:
    """Read who says to be at the other end of each port, a row for each of them.

    `interfaces` are the device's own where they have been read already, else they are read here.
    `remote_name` is the neighbour's DeviceId as it says it: CatOS and NX-OS write their serial
    number and their name, one of them in parentheses. `remote_chassis` is the MAC where that is all
    of it.
    """
    columns, gaps = await read_rows(
        session,
        CACHE_DEVICE_ID,
        CACHE_DEVICE_PORT,
        CACHE_PLATFORM,
        CACHE_ADDRESS,
        CACHE_ADDRESS_TYPE,
        CACHE_SYS_NAME,
    )
    indexes = sorted({i for column in columns for i in column if len(i) == 2})  # noqa: PLR2004 - ifIndex, device
    if not indexes:
        return Table((), gaps)
    if interfaces is None:
        own = await if_mib.interfaces(session)
        interfaces, gaps = own.rows, gaps + own.gaps
    names = {one.if_index: one.name for one in interfaces}
    rows = (_neighbor(index, columns, names.get(index[0], "")) for index in indexes)
    return Table(tuple(row for row in rows if row is not None), gaps)


def _neighbor(index: Index, columns: Sequence[Column], port: str) -> Neighbor | None:
    """Make a row, None where the agent has an index but tells nothing of a neighbour."""
    device_id, device_port, platform, address, kind, sys_name = (
        column.get(index) for column in columns
    )
    name, chassis = _identity(device_id)
    found = _address(kind, address)
    row = Neighbor(
        protocol="cdp",
        if_index=index[0],
        port=port,
        remote_name=name or text(sys_name),
        remote_port=_spelled_mac(text(device_port)) or text(device_port),
        remote_chassis=chassis,
        remote_platform=text(platform),
        remote_addresses=() if found is None else (found,),
    )
    told = (row.remote_name, row.remote_port, row.remote_platform, found)
    return row if any(told) else None


def _identity(device_id: Value | None) -> tuple[str, str]:
    """Return the name and the chassis that a DeviceId holds, the latter empty where it has none."""
    if mac := _raw_mac(device_id):
        return mac, mac
    said = text(device_id)
    return said, _spelled_mac(said) or ""


def _raw_mac(value: Value | None) -> str | None:
    """Return the MAC that stands there as six octets, None where they spell a name."""
    if not isinstance(value, bytes):
        return None
    try:
        is_name = value.rstrip(b"\0").decode().isprintable()
    except UnicodeDecodeError:
        is_name = False
    return None if is_name else station(value)


def _spelled_mac(spelling: str) -> str | None:
    try:
        return station(to_bytes(canonical(spelling)))
    except ValueError:
        return None


def _address(kind: Value | None, value: Value | None) -> IPAddress | None:
    """Return a CiscoNetworkAddress, None where it is no station's or not as long as its type."""
    if not isinstance(value, bytes):
        return None
    try:
        found = ip_address(value)
    except ValueError:
        return None
    if kind is not None and _VERSIONS.get(kind) != found.version:
        return None
    nobody = found.is_unspecified or found.is_multicast or found.is_reserved or found.is_loopback
    return None if nobody else found
