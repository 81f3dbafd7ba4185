"""FOUNDRY-SN-SWITCH-GROUP-MIB: ports, VLANs and aggregates, with FOUNDRY-LAG-MIB beneath it.

Its forwarding database is in `foundry_sn_switch_group_fdb`, its neighbours are in
`foundry_sn_switch_group_fdp`.
"""

from collections.abc import Iterator

from probes.mibs.columns import Column, number, read, read_rows, station, text
from probes.records import Gap, Interface, LagMember, Table, Tagging, Vlan
from probes.snmp import Index, Session, Value

VLAN_BY_PORT_MEMBER_ROW_STATUS = "1.3.6.1.4.1.1991.1.1.3.2.6.1.3"
VLAN_BY_PORT_MEMBER_TAG_MODE = "1.3.6.1.4.1.1991.1.1.3.2.6.1.4"
VLAN_BY_PORT_CFG_VLAN_NAME = "1.3.6.1.4.1.1991.1.1.3.2.7.1.21"
VLAN_BY_PORT_CFG_ROW_STATUS = "1.3.6.1.4.1.1991.1.1.3.2.7.1.23"
SW_PORT_IF_INDEX = "1.3.6.1.4.1.1991.1.1.3.3.1.1.38"
SW_IF_INFO_TAG_MODE = "1.3.6.1.4.1.1991.1.1.3.3.5.1.4"
SW_IF_INFO_ADMIN_STATUS = "1.3.6.1.4.1.1991.1.1.3.3.5.1.10"
SW_IF_INFO_LINK_STATUS = "1.3.6.1.4.1.1991.1.1.3.3.5.1.11"
SW_IF_INFO_PHYS_ADDRESS = "1.3.6.1.4.1.1991.1.1.3.3.5.1.13"
SW_IF_NAME = "1.3.6.1.4.1.1991.1.1.3.3.5.1.17"
SW_IF_DESCR = "1.3.6.1.4.1.1991.1.1.3.3.5.1.18"
MS_TRUNK_IF_LIST = "1.3.6.1.4.1.1991.1.1.3.6.3.1.2"
LAG_IF_LIST = "1.3.6.1.4.1.1991.1.1.3.33.1.1.1.4"
LAG_IF_INDEX = "1.3.6.1.4.1.1991.1.1.3.33.1.1.1.9"

ROW_IS_GONE = frozenset((0, 3))  # noSuch, delete: what a RowStatus of these MIBs may say
IF_INDEXES = range(1, 2**31)  # InterfaceIndex (IF-MIB)
VLAN_IDS = range(1, 4096)  # as this MIB numbers them

_UNTAGGED = 2
_STATUS = {1: "up", 2: "down", 3: "testing"}
_LAG_WIDTH, _MS_TRUNK_WIDTH = 4, 2  # octets of one ifIndex in a list


async def interfaces(session: Session) -> Table[Interface]:
    """Read the ports, for a device whose IF-MIB is empty; named by slot and number (1/1/24)."""
    columns, gaps = await read_rows(
        session,
        SW_IF_DESCR,
        SW_IF_NAME,
        SW_IF_INFO_ADMIN_STATUS,
        SW_IF_INFO_LINK_STATUS,
        SW_IF_INFO_PHYS_ADDRESS,
    )
    named = (index for index, descr in columns[0].items() if text(descr))
    return Table(tuple(_interface(index, columns) for index in named if _is_port(index)), gaps)


def _interface(index: Index, columns: list[Column]) -> Interface:
    descr, name, admin, link, phys_address = (column.get(index) for column in columns)
    return Interface(
        if_index=index[0],
        name=text(descr),
        descr=text(descr),
        alias=text(name),  # snSwIfName is what people call the port, not the device
        phys_address=station(phys_address),
        admin_status=_STATUS.get(number(admin) or 0, "unknown"),
        oper_status=_STATUS.get(number(link) or 0, "unknown"),
    )


def _is_port(index: Index) -> bool:
    return len(index) == 1 and index[0] in IF_INDEXES


async def port_if_indexes(session: Session) -> tuple[dict[int, int], tuple[Gap, ...]]:
    """Read which interface each port of the deprecated tables is: slot * 256 + number.

    Only ports have a row. Virtual interfaces and loopbacks, which some of these tables number as
    well, are tied to no interface.
    """
    (if_indexes,), gaps = await read(session, SW_PORT_IF_INDEX)
    ports = {
        index[0]: if_index
        for index, if_index in if_indexes.items()
        if len(index) == 1 and isinstance(if_index, int) and if_index in IF_INDEXES
    }
    return ports, gaps


async def vlans(session: Session) -> Table[Vlan]:
    """Read the VLANs that are configured, with their names."""
    (names, statuses), gaps = await read(
        session, VLAN_BY_PORT_CFG_VLAN_NAME, VLAN_BY_PORT_CFG_ROW_STATUS
    )
    rows = (
        Vlan(vlan=index[0], name=text(names.get(index)))
        for index in sorted(names.keys() | statuses.keys())
        if len(index) == 1 and index[0] in VLAN_IDS and statuses.get(index) not in ROW_IS_GONE
    )
    return Table(tuple(rows), gaps)


async def tagging(session: Session) -> Table[Tagging]:
    """Read of every port whether it is tagged, alone or beside an untagged VLAN (dual).

    What an agent garbles is not taken for untagged. Where the ports say nothing themselves
    (NetIron), their VLANs do.
    """
    (modes,), gaps = await read(session, SW_IF_INFO_TAG_MODE)
    if not modes and not gaps:
        return await _member_tagging(session)
    rows = (
        Tagging(if_index=index[0], tagged=mode != _UNTAGGED)
        for index, mode in modes.items()
        if len(index) == 1
    )
    return Table(tuple(rows), gaps)


async def _member_tagging(session: Session) -> Table[Tagging]:
    """Read of every port in any VLAN whether it is in one otherwise than untagged.

    Where the table is not complete there are only tagged ports: any other may be tagged in what
    is missing.
    """
    (statuses, modes), gaps = await read(
        session, VLAN_BY_PORT_MEMBER_ROW_STATUS, VLAN_BY_PORT_MEMBER_TAG_MODE
    )
    tagged: dict[int, bool] = {}
    for index in sorted(statuses.keys() | modes.keys()):
        # A member without a mode is not taken for untagged, unless its mode is still to be read.
        if len(index) == 2 and index[1] in IF_INDEXES:  # noqa: PLR2004 - VLAN, ifIndex
            is_tagged = modes.get(index, _UNTAGGED if gaps else None) != _UNTAGGED
            tagged[index[1]] = tagged.get(index[1], False) or is_tagged
    rows = (Tagging(if_index=i, tagged=is_tagged) for i, is_tagged in tagged.items())
    return Table(tuple(row for row in rows if row.tagged or not gaps), gaps)


async def members(session: Session) -> Table[LagMember]:
    """Read the ports of every aggregate, as new software lists them (LAG) and as old (trunk).

    The aggregate is 0 where it has no interface; an old trunk's is the port that leads it.
    """
    (lists, aggregates), gaps = await read(session, LAG_IF_LIST, LAG_IF_INDEX)
    (old_lists,), old_gaps = await read(session, MS_TRUNK_IF_LIST)
    found = [
        *((number(aggregates.get(i)) or 0, ports, _LAG_WIDTH) for i, ports in lists.items()),
        *((index[0], ports, _MS_TRUNK_WIDTH) for index, ports in old_lists.items()),
    ]
    rows: list[LagMember] = []
    garbled = []
    for aggregate, ports, width in found:
        if isinstance(ports, bytes) and len(ports) % width == 0:
            rows += (LagMember(if_index=i, aggregate=aggregate) for i in _unpacked(ports, width))
        else:
            garbled.append(_garbled(session.subject, ports, width))
    return Table(tuple(dict.fromkeys(rows)), (*gaps, *old_gaps, *garbled))


def _unpacked(ports: bytes, width: int) -> Iterator[int]:
    for at in range(0, len(ports), width):
        if if_index := int.from_bytes(ports[at : at + width], "big"):
            yield if_index


def _garbled(subject: str, ports: Value, width: int) -> Gap:
    size = f"{len(ports)} octets" if isinstance(ports, bytes) else "no octets at all"
    return Gap(
        subject=subject,
        kind="snmp-malformed",
        detail=f"an aggregate's list of ports has {size}, not {width} for each port",
        remedy="look on the device itself which ports are aggregated",
    )
