"""FOUNDRY-SN-IP-MIB: the device's own addresses, by interface or by slot and port."""

from ipaddress import IPv4Address, IPv4Network

from probes.mibs.columns import Column, octets, read, text
from probes.mibs.foundry_sn_switch_group_mib import IF_INDEXES, ROW_IS_GONE, port_if_indexes
from probes.mibs.ip_mib import is_unicast
from probes.records import Gap, InterfaceAddress, Table
from probes.snmp import Session, Value

PORT_IF_SUBNET_MASK = "1.3.6.1.4.1.1991.1.2.2.18.1.3"
PORT_IF_ROW_STATUS = "1.3.6.1.4.1.1991.1.2.2.18.1.5"
PORT_SUBNET_MASK = "1.3.6.1.4.1.1991.1.2.2.6.1.3"
PORT_ROW_STATUS = "1.3.6.1.4.1.1991.1.2.2.6.1.5"

_IP_OCTETS = 4


async def addresses(session: Session) -> Table[InterfaceAddress]:
    """Read the device's own IPv4 addresses.

    The deprecated table is read where there is no other. It numbers virtual interfaces and
    loopbacks in its own way too, and what is tied to no interface is left out.
    """
    masks, gaps = await _rows(session, PORT_IF_SUBNET_MASK, PORT_IF_ROW_STATUS)
    if not masks and not gaps:
        masks, gaps = await _old_rows(session)
    rows = (
        _address(index[0], octets(index[1:], _IP_OCTETS), mask) for index, mask in masks.items()
    )
    return Table(tuple(row for row in rows if row is not None), gaps)


async def _rows(session: Session, masks: str, statuses: str) -> tuple[Column, tuple[Gap, ...]]:
    """Read the masks of all rows that are there to stay, an empty text where one has none."""
    (found, gone), gaps = await read(session, masks, statuses)
    indexes = sorted(found.keys() | gone.keys())
    return {i: found.get(i, "") for i in indexes if gone.get(i) not in ROW_IS_GONE}, gaps


async def _old_rows(session: Session) -> tuple[Column, tuple[Gap, ...]]:
    masks, gaps = await _rows(session, PORT_SUBNET_MASK, PORT_ROW_STATUS)
    known, more = await port_if_indexes(session) if masks else ({}, ())
    placed = {(known[i[0]], *i[1:]): mask for i, mask in masks.items() if i[0] in known}
    return placed, gaps + more


def _address(if_index: int, packed: bytes | None, mask: Value) -> InterfaceAddress | None:
    if packed is None or if_index not in IF_INDEXES or not is_unicast(IPv4Address(packed)):
        return None
    return InterfaceAddress(
        ip=IPv4Address(packed), prefix_length=_prefix_length(mask), if_index=if_index
    )


def _prefix_length(mask: Value) -> int | None:
    """Return the length of a netmask, None for what is none: a hostmask, or no bits at all."""
    try:
        network = IPv4Network((0, text(mask)))
    except ValueError:
        return None
    return network.prefixlen or None if str(network.netmask) == mask else None
