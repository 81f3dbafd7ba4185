"""LLDP-MIB: what the device calls itself, and what its neighbours call themselves."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

from probes.mac import canonical
from probes.mibs import bridge_mib, if_mib
from probes.mibs.columns import Column, read, station, text
from probes.records import BasePort, Chassis, Interface, Neighbor, Table
from probes.snmp import Index, Session, Value

LOC_CHASSIS_ID_SUBTYPE = "1.0.8802.1.1.2.1.3.1.0"
LOC_CHASSIS_ID = "1.0.8802.1.1.2.1.3.2.0"
LOC_SYS_NAME = "1.0.8802.1.1.2.1.3.3.0"
LOC_PORT_ID_SUBTYPE = "1.0.8802.1.1.2.1.3.7.1.2"
LOC_PORT_ID = "1.0.8802.1.1.2.1.3.7.1.3"
LOC_PORT_DESC = "1.0.8802.1.1.2.1.3.7.1.4"
REM_CHASSIS_ID_SUBTYPE = "1.0.8802.1.1.2.1.4.1.1.4"
REM_CHASSIS_ID = "1.0.8802.1.1.2.1.4.1.1.5"
REM_PORT_ID_SUBTYPE = "1.0.8802.1.1.2.1.4.1.1.6"
REM_PORT_ID = "1.0.8802.1.1.2.1.4.1.1.7"
REM_PORT_DESC = "1.0.8802.1.1.2.1.4.1.1.8"
REM_SYS_NAME = "1.0.8802.1.1.2.1.4.1.1.9"

_CHASSIS_MAC, _CHASSIS_NETWORK = 4, 5  # LldpChassisIdSubtype
_PORT_MAC, _PORT_NETWORK = 3, 4  # LldpPortIdSubtype
_FAMILIES = {(1, 4): IPv4Address, (2, 16): IPv6Address}  # IANA address family, octets


async def chassis(session: Session) -> Chassis | None:
    """Read what the device tells its neighbours, None where it has no LLDP; raises as `get`."""
    found = await session.get(LOC_CHASSIS_ID_SUBTYPE, LOC_CHASSIS_ID, LOC_SYS_NAME)
    if LOC_CHASSIS_ID not in found:
        return None
    subtype = found.get(LOC_CHASSIS_ID_SUBTYPE)
    return Chassis(
        chassis_id=_chassis_id(subtype, found[LOC_CHASSIS_ID]),
        sys_name=text(found.get(LOC_SYS_NAME)),
    )


async def neighbors(
    session: Session, interfaces: Sequence[Interface] | None = None
) -> Table[Neighbor]:
    """Read who says to be at the other end of each port.

    `interfaces` are the device's own where they have been read already, else they are read here:
    the MIB numbers local ports in its own way.
    """
    remote, gaps = await read(
        session,
        REM_CHASSIS_ID,
        REM_CHASSIS_ID_SUBTYPE,
        REM_PORT_ID,
        REM_PORT_ID_SUBTYPE,
        REM_PORT_DESC,
        REM_SYS_NAME,
    )
    remote = [_without_time(column) for column in remote]
    if not remote[0]:
        return Table((), gaps)
    if interfaces is None:
        own = await if_mib.interfaces(session)
        interfaces, gaps = own.rows, gaps + own.gaps
    local, local_gaps = await read(session, LOC_PORT_ID, LOC_PORT_ID_SUBTYPE, LOC_PORT_DESC)
    bridge = await bridge_mib.base_ports(session)
    rows = (_neighbor(index, remote, local, interfaces, bridge.rows) for index in remote[0])
    return Table(tuple(rows), gaps + local_gaps + bridge.gaps)


def _without_time(column: Column) -> Column:
    """Key rows by local port and neighbour alone.

    Their TimeMark moves on between the walks of two columns whenever the neighbour changes.
    """
    return {index[1:]: value for index, value in column.items() if len(index) == 3}  # noqa: PLR2004 - TimeMark, port, neighbour


def _neighbor(
    index: Index,
    remote: list[Column],
    local: list[Column],
    interfaces: Sequence[Interface],
    base_ports: Sequence[BasePort],
) -> Neighbor:
    chassis_id, chassis_subtype, port_id, port_subtype, port_desc, sys_name = (
        column.get(index) for column in remote
    )
    number, _ = index
    own_id, own_subtype, own_desc = (column.get((number,)) for column in local)
    own_name = _port_id(own_subtype, own_id)
    interface = _interface((own_name, text(own_desc)), interfaces)
    if interface is None:
        interface = _bridge_interface(number, interfaces, base_ports)
    return Neighbor(
        protocol="lldp",
        if_index=interface.if_index if interface else None,
        port=interface.name if interface else own_name or text(own_desc),
        remote_name=text(sys_name),
        remote_port=_port_id(port_subtype, port_id),
        remote_chassis=_chassis_id(chassis_subtype, chassis_id),
        remote_port_descr=text(port_desc),
    )


def _interface(spellings: Sequence[str], interfaces: Sequence[Interface]) -> Interface | None:
    """Return the one interface that a port's id or description names, best kind of name first.

    A kind of name that fits several interfaces names none of them.
    """
    wanted = {spelling for spelling in spellings if spelling}
    for kind in ("name", "descr", "alias", "phys_address"):
        found = [one for one in interfaces if getattr(one, kind) in wanted]
        if len(found) == 1:
            return found[0]
    return None


def _bridge_interface(
    number: int, interfaces: Sequence[Interface], base_ports: Sequence[BasePort]
) -> Interface | None:
    """Return the interface of a local port number that is the bridge's (LldpPortNumber)."""
    if_indexes = {row.if_index for row in base_ports if row.base_port == number}
    return next((one for one in interfaces if one.if_index in if_indexes), None)


def _chassis_id(subtype: Value | None, value: Value | None) -> str:
    return _identifier(value, mac=subtype == _CHASSIS_MAC, network=subtype == _CHASSIS_NETWORK)


def _port_id(subtype: Value | None, value: Value | None) -> str:
    return _identifier(value, mac=subtype == _PORT_MAC, network=subtype == _PORT_NETWORK)


def _identifier(value: Value | None, *, mac: bool, network: bool) -> str:
    """Spell an LldpChassisId or LldpPortId as its subtype says, as text where that does not fit."""
    if mac:
        return station(value) or _spelled_mac(text(value))
    if network and isinstance(value, bytes) and value:
        family = _FAMILIES.get((value[0], len(value) - 1))
        if family is not None:
            return str(family(value[1:]))
    return text(value)


def _spelled_mac(spelling: str) -> str:
    try:
        return canonical(spelling)
    except ValueError:
        return spelling
