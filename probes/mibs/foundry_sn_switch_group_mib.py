"""FOUNDRY-SN-SWITCH-GROUP-MIB, and FOUNDRY-LAG-MIB beneath it: tagged ports and aggregates."""

from collections.abc import Iterator

from probes.mibs.columns import number, read
from probes.records import Gap, LagMember, Table, Tagging
from probes.snmp import Session, Value

SW_IF_INFO_TAG_MODE = "1.3.6.1.4.1.1991.1.1.3.3.5.1.4"
MS_TRUNK_IF_LIST = "1.3.6.1.4.1.1991.1.1.3.6.3.1.2"
LAG_IF_LIST = "1.3.6.1.4.1.1991.1.1.3.33.1.1.1.4"
LAG_IF_INDEX = "1.3.6.1.4.1.1991.1.1.3.33.1.1.1.9"

_UNTAGGED = 2
_LAG_WIDTH, _MS_TRUNK_WIDTH = 4, 2  # octets of one ifIndex in a list


async def tagging(session: Session) -> Table[Tagging]:
    """Read of every port whether it is tagged, alone or beside an untagged VLAN (dual).

    What an agent garbles is not taken for untagged.
    """
    (modes,), gaps = await read(session, SW_IF_INFO_TAG_MODE)
    rows = (
        Tagging(if_index=index[0], tagged=mode != _UNTAGGED)
        for index, mode in modes.items()
        if len(index) == 1
    )
    return Table(tuple(rows), gaps)


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
