"""CISCO-HSRP-MIB and CISCO-HSRP-EXT-MIB: addresses that a router shares with others by HSRP."""

from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address

from probes.mibs import if_mib
from probes.mibs.columns import Column, number, octets, read, station
from probes.records import Gap, Table, VirtualGateway
from probes.snmp import Index, Session, Value

GRP_VIRTUAL_IP_ADDR = "1.3.6.1.4.1.9.9.106.1.2.1.1.11"
GRP_STANDBY_STATE = "1.3.6.1.4.1.9.9.106.1.2.1.1.15"
GRP_VIRTUAL_MAC_ADDR = "1.3.6.1.4.1.9.9.106.1.2.1.1.16"
EXT_SEC_ADDR_ROW_STATUS = "1.3.6.1.4.1.9.9.107.1.1.2.1.2"
EXT_IF_USE_BIA = "1.3.6.1.4.1.9.9.107.1.2.1.1.1"

_STATES = {1: "initial", 2: "learn", 3: "listen", 4: "speak", 5: "standby", 6: "active"}
_ACTIVE = 1  # RowStatus
_TRUE = 1
_GROUPS = 4096  # HSRP version 2; version 1 has 256
_GROUP_ARCS = 2  # ifIndex, group


async def virtual_gateways(session: Session) -> Table[VirtualGateway]:
    """Read the virtual addresses of every group, the secondary ones too, each as a row.

    An address that has not been learnt yet is none. On an interface that uses its burned-in
    address (BIA), and on its sub-interfaces, `mac` is the interface's own.
    """
    (primary, states, macs, secondary, use_bia), gaps = await read(
        session,
        GRP_VIRTUAL_IP_ADDR,
        GRP_STANDBY_STATE,
        GRP_VIRTUAL_MAC_ADDR,
        EXT_SEC_ADDR_ROW_STATUS,
        EXT_IF_USE_BIA,
    )
    found = dict.fromkeys((*_primary(primary), *_secondary(secondary)))
    if not found:
        return Table((), gaps)
    burned_in, if_gaps = await _burned_in(session, use_bia)
    rows = (
        VirtualGateway(
            ip=ip,
            mac=burned_in[group[0]] if group[0] in burned_in else station(macs.get(group)),
            protocol="hsrp",
            if_index=group[0],
            group=group[1],
            state=_STATES.get(number(states.get(group)) or 0, "unknown"),
        )
        for group, ip in found
    )
    return Table(tuple(rows), gaps + if_gaps)


def _primary(addresses: Column) -> Iterator[tuple[Index, IPv4Address]]:
    for index, value in addresses.items():
        ip = _ip(value)
        if _is_group(index) and ip is not None:
            yield index, ip


def _secondary(row_statuses: Column) -> Iterator[tuple[Index, IPv4Address]]:
    """Yield the addresses that stand in the index, of rows that are in force."""
    for index, status in row_statuses.items():
        group, ip = index[:_GROUP_ARCS], _ip(octets(index[_GROUP_ARCS:], 4))
        if status == _ACTIVE and _is_group(group) and ip is not None:
            yield group, ip


def _is_group(index: Index) -> bool:
    return len(index) == _GROUP_ARCS and index[0] > 0 and index[1] < _GROUPS


def _ip(value: Value | None) -> IPv4Address | None:
    """Return a host's address, None for 0.0.0.0 and whatever else is none."""
    if not isinstance(value, (str, bytes)):
        return None
    try:
        ip = IPv4Address(value)
    except AddressValueError:
        return None
    return None if ip.is_unspecified or ip.is_multicast or ip.is_reserved else ip


async def _burned_in(
    session: Session, use_bia: Column
) -> tuple[dict[int, str | None], tuple[Gap, ...]]:
    """Read the MAC of each interface that uses its own; None where it does not tell it.

    What an interface is set to goes for its sub-interfaces too.
    """
    told = {index[0] for index, value in use_bia.items() if len(index) == 1 and value == _TRUE}
    if not told:
        return {}, ()
    own = await if_mib.interfaces(session)
    parents = {one.name for one in own.rows if one.if_index in told and one.name}
    burned_in = {
        one.if_index: one.phys_address
        for one in own.rows
        if one.if_index in told or one.name.partition(".")[0] in parents
    }
    return dict.fromkeys(told) | burned_in, own.gaps
