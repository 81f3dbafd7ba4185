"""LLDP-V2-MIB (IEEE 802.1AB-2009): the neighbours of agents that number ports by ifIndex."""

from collections.abc import Sequence

from probes.mibs import if_mib
from probes.mibs.lldp_mib import read_remote
from probes.records import Interface, Neighbor, Table
from probes.snmp import Session

REM_CHASSIS_ID_SUBTYPE = "1.3.111.2.802.1.1.13.1.4.1.1.5"
REM_CHASSIS_ID = "1.3.111.2.802.1.1.13.1.4.1.1.6"
REM_PORT_ID_SUBTYPE = "1.3.111.2.802.1.1.13.1.4.1.1.7"
REM_PORT_ID = "1.3.111.2.802.1.1.13.1.4.1.1.8"
REM_PORT_DESC = "1.3.111.2.802.1.1.13.1.4.1.1.9"
REM_SYS_NAME = "1.3.111.2.802.1.1.13.1.4.1.1.10"
REM_SYS_DESC = "1.3.111.2.802.1.1.13.1.4.1.1.11"
REM_MAN_ADDR_IF_SUBTYPE = "1.3.111.2.802.1.1.13.1.4.2.1.3"
REM_MAN_ADDR_IF_ID = "1.3.111.2.802.1.1.13.1.4.2.1.4"

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


async def neighbors(
    session: Session, interfaces: Sequence[Interface] | None = None
) -> Table[Neighbor]:
    """Read who says to be at the other end of each port.

    `interfaces` are the device's own where they have been read already. A neighbour is heard once
    for each group address (nearest bridge, nearest customer bridge), and is one row all the same.
    """
    # An index is TimeMark, ifIndex, group address, neighbour.
    remote, gaps = await read_remote(session, _REMOTE, _ADDRESSES, arcs=4)
    if not remote.keys:
        return Table((), gaps)
    if interfaces is None:
        own = await if_mib.interfaces(session)
        interfaces, gaps = own.rows, gaps + own.gaps
    names = {one.if_index: one.name for one in interfaces}
    return Table(remote.neighbors(lambda number: (number, names.get(number, ""))), gaps)
