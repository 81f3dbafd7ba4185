"""FOUNDRY-SN-IP-VRRP-MIB: the addresses that a router shares by VRRP, or by the vendor's VRRP-E."""

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Literal

from probes.mibs.columns import Column, number, read, read_rows, station
from probes.mibs.foundry_sn_switch_group_mib import IF_INDEXES, port_if_indexes
from probes.mibs.ip_mib import is_unicast
from probes.records import Gap, Table, VirtualGateway
from probes.snmp import Index, Session, Value

GROUP_OPER_MODE = "1.3.6.1.4.1.1991.1.2.12.1.1"
GROUP_OPER_MODE_EXTENDED = "1.3.6.1.4.1.1991.1.2.12.1.6"
VIR_RTR_OWNERSHIP = "1.3.6.1.4.1.1991.1.2.12.3.1.1.3"
VIR_RTR_STATE = "1.3.6.1.4.1.1991.1.2.12.3.1.1.10"
VIR_RTR_IP_ADDR_MASK = "1.3.6.1.4.1.1991.1.2.12.3.1.1.12"
VIR_RTR_ROW_STATUS = "1.3.6.1.4.1.1991.1.2.12.3.1.1.15"
VIR_RTR2_OWNERSHIP = "1.3.6.1.4.1.1991.1.2.12.5.1.1.2"
VIR_RTR2_STATE = "1.3.6.1.4.1.1991.1.2.12.5.1.1.9"
VIR_RTR2_IP_ADDR_MASK = "1.3.6.1.4.1.1991.1.2.12.5.1.1.10"
VIR_RTR2_ROW_STATUS = "1.3.6.1.4.1.1991.1.2.12.5.1.1.13"
VIR_RTR2_VIRTUAL_MAC_ADDR = "1.3.6.1.4.1.1991.1.2.12.5.1.1.29"

_Protocol = Literal["vrrp", "vrrp-e"]
_IP_OCTETS = 4
_STATES: dict[int | None, str] = {0: "init", 1: "master", 2: "backup"}
_OWNER = 1
_ENABLED = 1
_GROUPS = range(1, 256)
_INOPERATIVE = frozenset((0, 1, 3))  # noSuch, invalid, delete


async def virtual_gateways(session: Session) -> Table[VirtualGateway]:
    """Read the virtual routers, a row for each of their addresses.

    The deprecated table, which tells no MAC, is read where there is no other. It numbers virtual
    interfaces in its own way; those that are tied to no interface are a gap.
    """
    columns, gaps = await read_rows(
        session,
        VIR_RTR2_IP_ADDR_MASK,
        VIR_RTR2_ROW_STATUS,
        VIR_RTR2_STATE,
        VIR_RTR2_OWNERSHIP,
        VIR_RTR2_VIRTUAL_MAC_ADDR,
    )
    if not columns[0] and not gaps:
        columns, gaps = await _old_columns(session)
    addresses, row_statuses = columns[:2]
    routers = [i for i in addresses if _is_router(i, row_statuses.get(i))]
    if not routers:
        return Table((), gaps)
    plain, more = await _is_plain(session)
    rows: list[VirtualGateway] = []
    garbled = []
    for index in routers:
        packed = addresses[index]
        if isinstance(packed, bytes) and len(packed) % _IP_OCTETS == 0:
            rows += _rows(index, packed, columns[2:], plain=plain)
        else:
            garbled.append(_garbled(session.subject, index))
    return Table(tuple(rows), (*gaps, *more, *garbled))


async def _old_columns(session: Session) -> tuple[list[Column], tuple[Gap, ...]]:
    """Read the deprecated table, its rows by the interface that their port is."""
    columns, gaps = await read_rows(
        session, VIR_RTR_IP_ADDR_MASK, VIR_RTR_ROW_STATUS, VIR_RTR_STATE, VIR_RTR_OWNERSHIP
    )
    known, more = await port_if_indexes(session) if columns[0] else ({}, ())
    lost = [index for index in columns[0] if index[0] not in known]
    placed: list[Column] = [
        {(known[i[0]], *i[1:]): value for i, value in column.items() if i[0] in known}
        for column in columns
    ]
    gaps += more or tuple(_lost(session.subject, lost))
    return [*placed, {}], gaps


async def _is_plain(session: Session) -> tuple[bool, tuple[Gap, ...]]:
    """Tell whether the device speaks VRRP and not VRRP-E: most cannot speak both."""
    (plain, extended), gaps = await read(session, GROUP_OPER_MODE, GROUP_OPER_MODE_EXTENDED)
    is_plain = plain.get((0,)) == _ENABLED and extended.get((0,)) != _ENABLED
    return is_plain and not gaps, gaps


def _is_router(index: Index, row_status: Value | None) -> bool:
    return (
        len(index) == 2  # noqa: PLR2004 - ifIndex, VRID
        and index[0] in IF_INDEXES
        and index[1] in _GROUPS
        and row_status not in _INOPERATIVE
    )


def _rows(
    index: Index, packed: bytes, columns: list[Column], *, plain: bool
) -> Iterator[VirtualGateway]:
    """Yield a row for each address of a virtual router; old software fills up with zeros."""
    state, ownership, virtual_mac = (column.get(index) for column in columns)
    if_index, group = index
    mac = station(virtual_mac)
    found = (packed[at : at + _IP_OCTETS] for at in range(0, len(packed), _IP_OCTETS))
    for ip in dict.fromkeys(map(IPv4Address, found)):
        if is_unicast(ip):
            yield VirtualGateway(
                ip=ip,
                mac=mac,
                protocol=_protocol(mac, group, plain=plain or ownership == _OWNER),
                if_index=if_index,
                group=group,
                state=_STATES.get(number(state), "unknown"),
            )


def _protocol(mac: str | None, group: int, *, plain: bool) -> _Protocol:
    """Say which of the two it is: by the MAC, and without one by what else is known.

    VRRP's MAC is made of the VRID (RFC 5798, section 7.3), and in VRRP-E nobody owns an address.
    """
    if mac is not None:
        plain = mac == f"00:00:5e:00:01:{group:02x}"
    return "vrrp" if plain else "vrrp-e"


def _garbled(subject: str, index: Index) -> Gap:
    return Gap(
        subject=subject,
        kind="snmp-malformed",
        detail=f"the addresses of virtual router {index[1]} on interface {index[0]}"
        " are not 4 octets each",
        remedy="look on the device itself which addresses it shares",
    )


def _lost(subject: str, indexes: list[Index]) -> Iterator[Gap]:
    if indexes:
        yield Gap(
            subject=subject,
            kind="vrrp-port-unknown",
            detail=f"{len(indexes)} of its virtual routers are on ports that it does not say the"
            " interface of",
            remedy="look on the device itself which addresses it shares, and configure these",
        )
