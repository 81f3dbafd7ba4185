"""CISCO-PAGP-MIB: which ports of a Catalyst are members of a Port-channel."""

from probes.mibs.columns import read
from probes.mibs.ieee8023_lag_mib import member
from probes.records import LagMember, Table
from probes.snmp import Session

GROUP_IF_INDEX = "1.3.6.1.4.1.9.9.98.1.1.1.1.8"


async def members(session: Session) -> Table[LagMember]:
    """Read the ports that are in a Port-channel, however it was made."""
    (groups,), gaps = await read(session, GROUP_IF_INDEX)
    rows = (member(index, group) for index, group in groups.items())
    return Table(tuple(row for row in rows if row is not None), gaps)
