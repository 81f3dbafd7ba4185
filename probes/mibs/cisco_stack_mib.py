"""CISCO-STACK-MIB: the ports of CatOS, which it numbers by module and port."""

from collections import Counter
from collections.abc import Iterator

from probes.mibs.cisco_vtp_mib import judged
from probes.mibs.columns import Column, read
from probes.records import BasePort, Gap, Table, Tagging
from probes.snmp import Index, Session

PORT_CROSS_INDEX = "1.3.6.1.4.1.9.5.1.4.1.1.3"
PORT_IF_INDEX = "1.3.6.1.4.1.9.5.1.4.1.1.11"
VLAN_PORT_ISL_ADMIN_STATUS = "1.3.6.1.4.1.9.5.1.9.3.1.7"
VLAN_PORT_ISL_OPER_STATUS = "1.3.6.1.4.1.9.5.1.9.3.1.8"

_NAMED = 5  # ports that a gap names


async def base_ports(session: Session) -> Table[BasePort]:
    """Read which interface each bridge port is, also those that BRIDGE-MIB leaves out.

    Ports in a channel share a bridge port, which is then none of them.
    """
    (cross_indexes, if_indexes), gaps = await read(session, PORT_CROSS_INDEX, PORT_IF_INDEX)
    numbers = _positive(cross_indexes)
    shared = Counter(numbers.values())
    known = _positive(if_indexes)
    rows = (
        BasePort(base_port=number, if_index=known[index])
        for index, number in numbers.items()
        if index in known and shared[number] == 1
    )
    return Table(tuple(rows), gaps)


async def trunks(session: Session) -> Table[Tagging]:
    """Read which ports are trunks, now or as soon as they have a link.

    A trunk that has no interface is a gap, `snmp-malformed`: any interface may be it.
    """
    (admin, oper, column), gaps = await read(
        session, VLAN_PORT_ISL_ADMIN_STATUS, VLAN_PORT_ISL_OPER_STATUS, PORT_IF_INDEX
    )
    if_indexes = _positive(column)
    tagged: dict[int, bool] = {}
    lost = []
    for index, is_trunk in judged(admin, oper, complete=not gaps):
        if index in if_indexes:
            if_index = if_indexes[index]
            tagged[if_index] = tagged.get(if_index, False) or is_trunk
        elif is_trunk and not gaps:
            lost.append(index)
    rows = (Tagging(if_index=i, tagged=is_trunk) for i, is_trunk in tagged.items())
    return Table(tuple(rows), (*gaps, *_lost(session.subject, lost)))


def _positive(column: Column) -> dict[Index, int]:
    """Keep the cells of real ports: module.port in the index, a number in the value."""
    return {
        index: value
        for index, value in column.items()
        if len(index) == 2 and isinstance(value, int) and value > 0  # noqa: PLR2004 - module, port
    }


def _lost(subject: str, ports: list[Index]) -> Iterator[Gap]:
    if ports:
        named = ", ".join("/".join(map(str, port)) for port in ports[:_NAMED])
        yield Gap(
            subject=subject,
            kind="snmp-malformed",
            detail=f"trunks without an interface: {named}{', ...' * (len(ports) > _NAMED)}",
            remedy="look on the device itself which of its ports are trunks",
        )
