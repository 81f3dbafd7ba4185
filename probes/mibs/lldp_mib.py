"""LLDP-MIB: what the device calls itself, and what its neighbours call themselves."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from probes.mibs import bridge_mib, if_mib
from probes.mibs.columns import Column, is_silent, read, read_rows, station, text
from probes.mibs.ip_mib import is_unicast, typed_address
from probes.records import BasePort, Chassis, Gap, Interface, IPAddress, Neighbor, Table
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
REM_SYS_DESC = "1.0.8802.1.1.2.1.4.1.1.10"
REM_MAN_ADDR_IF_SUBTYPE = "1.0.8802.1.1.2.1.4.2.1.3"
REM_MAN_ADDR_IF_ID = "1.0.8802.1.1.2.1.4.2.1.4"

_REMOTE = (
    REM_CHASSIS_ID,
    REM_CHASSIS_ID_SUBTYPE,
    REM_PORT_ID,
    REM_PORT_ID_SUBTYPE,
    REM_PORT_DESC,
    REM_SYS_NAME,
    REM_SYS_DESC,
)
_ADDRESSES = (REM_MAN_ADDR_IF_ID, REM_MAN_ADDR_IF_SUBTYPE)

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
    session: Session,
    interfaces: Sequence[Interface] | None = None,
    base_ports: Sequence[BasePort] | None = None,
) -> Table[Neighbor]:
    """Read who says to be at the other end of each port.

    The MIB numbers local ports in its own way, so `interfaces` and `base_ports` are needed: the
    device's own where they have been read already, and completely, else they are read here.
    """
    remote, gaps = await read_remote(session, _REMOTE, _ADDRESSES, arcs=3)
    if not remote.keys:
        return Table((), gaps)
    if interfaces is None:
        own = await if_mib.interfaces(session)
        interfaces, gaps = own.rows, gaps + own.gaps
    local, local_gaps = await read(session, LOC_PORT_ID, LOC_PORT_ID_SUBTYPE, LOC_PORT_DESC)
    ports, port_gaps = await bridge_mib.port_interfaces(session, base_ports)
    if not ports and not port_gaps:
        ports = _if_indexes({key[0] for key in (*remote.keys, *local[0])}, interfaces)
    own_ports = _Ports(interfaces, local, ports)
    return Table(remote.neighbors(own_ports.find), gaps + local_gaps + port_gaps)


class Remote(NamedTuple):
    """What the ends of the ports say of themselves, by a key without the TimeMark.

    A row's TimeMark moves on between the walks of two columns whenever the neighbour changes.
    """

    keys: tuple[Index, ...]
    columns: list[Column]
    addresses: Mapping[Index, tuple[IPAddress, ...]]

    def neighbors(self, find: Callable[[int], tuple[int | None, str]]) -> tuple[Neighbor, ...]:
        """Make a row of each neighbour; `find` tells ifIndex and name of a local port's number.

        One that the agent lists twice on a port is one.
        """
        rows = dict.fromkeys((key[0], self._neighbor(key, *find(key[0]))) for key in self.keys)
        return tuple(row for _, row in rows)

    def _neighbor(self, key: Index, if_index: int | None, port: str) -> Neighbor:
        chassis_id, chassis_subtype, port_id, port_subtype, port_desc, sys_name, sys_desc = (
            column.get(key) for column in self.columns
        )
        return Neighbor(
            protocol="lldp",
            if_index=if_index,
            port=port,
            remote_name=text(sys_name),
            remote_port=_port_id(port_subtype, port_id),
            remote_chassis=_chassis_id(chassis_subtype, chassis_id),
            remote_port_descr=text(port_desc),
            remote_platform=next(iter(text(sys_desc).splitlines()), "").strip(),
            remote_addresses=self.addresses.get(key, ()),
        )


async def read_remote(
    session: Session, oids: Sequence[str], addresses: Sequence[str], *, arcs: int
) -> tuple[Remote, tuple[Gap, ...]]:
    """Read the tables of neighbours and of their addresses, whose indexes begin with `arcs` arcs.

    `oids` are chassis id and its subtype, port id and its subtype, port description, system name
    and description; `addresses` are columns of which one is enough: all is in the index.
    """
    columns, gaps = await read_rows(session, *oids)
    columns = [
        {index[1:]: value for index, value in column.items() if len(index) == arcs}
        for column in columns
    ]
    told: Column = {}
    for oid in addresses if columns[0] else ():
        if not told and not is_silent(gaps):
            (told,), more = await read(session, oid)
            gaps += more
    return Remote(tuple(columns[0]), columns, _addresses(told, arcs)), gaps


def _addresses(told: Column, arcs: int) -> dict[Index, tuple[IPAddress, ...]]:
    """Return each neighbour's addresses: IANA's families 1 and 2 are those of InetAddressType."""
    found: defaultdict[Index, dict[IPAddress, None]] = defaultdict(dict)
    for index in told:
        ip = typed_address(index[arcs:]) if index[arcs : arcs + 1] in ((1,), (2,)) else None
        if ip is not None and is_unicast(ip):
            found[index[1:arcs]][ip] = None
    return {key: tuple(ips) for key, ips in found.items()}


def _if_indexes(numbers: set[int], interfaces: Sequence[Interface]) -> dict[int, int]:
    """Return what local port numbers mean where there is no bridge port: ifIndexes (Junos)."""
    meant = bridge_mib.are_if_indexes(numbers, interfaces)
    return {number: number for number in numbers} if meant else {}


class _Ports(NamedTuple):
    """How to find the interface of a local port number."""

    interfaces: Sequence[Interface]
    local: list[Column]
    base_ports: Mapping[int, int]

    def find(self, number: int) -> tuple[int | None, str]:
        """Return its ifIndex and name, or else what the agent calls the port."""
        own_id, own_subtype, own_desc = (column.get((number,)) for column in self.local)
        own_name = _port_id(own_subtype, own_id)
        interface = _interface((own_name, text(own_desc)), self.interfaces)
        if interface is None:
            if_index = self.base_ports.get(number)
            interface = next((one for one in self.interfaces if one.if_index == if_index), None)
        if interface is None:
            return None, own_name or text(own_desc)
        return interface.if_index, interface.name


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


def _chassis_id(subtype: Value | None, value: Value | None) -> str:
    return _identifier(value, mac=subtype == _CHASSIS_MAC, network=subtype == _CHASSIS_NETWORK)


def _port_id(subtype: Value | None, value: Value | None) -> str:
    return _identifier(value, mac=subtype == _PORT_MAC, network=subtype == _PORT_NETWORK)


def _identifier(value: Value | None, *, mac: bool, network: bool) -> str:
    """Spell an LldpChassisId or LldpPortId as its subtype says, as text where that does not fit.

    Six octets that are no text are a MAC, whatever the agent calls them.
    """
    if (mac or not _is_text(value)) and (found := station(value)) is not None:
        return found
    if network and isinstance(value, bytes) and value:
        family = _FAMILIES.get((value[0], len(value) - 1))
        if family is not None:
            return str(family(value[1:]))
    return text(value)


def _is_text(value: Value | None) -> bool:
    try:
        return not isinstance(value, bytes) or value.decode().strip("\0").isprintable()
    except UnicodeDecodeError:
        return False
