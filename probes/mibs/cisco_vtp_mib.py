"""CISCO-VTP-MIB: which ports of a Catalyst are trunks."""

from probes.mibs.columns import Column, read
from probes.records import Table, Tagging
from probes.snmp import Index, Session

TRUNK_PORT_DYNAMIC_STATE = "1.3.6.1.4.1.9.9.46.1.6.1.1.13"
TRUNK_PORT_DYNAMIC_STATUS = "1.3.6.1.4.1.9.9.46.1.6.1.1.14"

# What an access port says, or may say. Every other word means a trunk, also one that the MIB does
# not have: what an agent garbles is not taken for an access port.
_ACCESS_STATES = (None, 2, 3, 4)  # off, desirable, auto: the last two leave it to the status
_ACCESS_STATUSES = (None, 2)  # notTrunking


async def trunks(session: Session) -> Table[Tagging]:
    """Read which ports are trunks, now or as soon as they have a link.

    The status of a trunk without a link is notTrunking, so the configured state counts as well.
    """
    columns, gaps = await read(session, TRUNK_PORT_DYNAMIC_STATE, TRUNK_PORT_DYNAMIC_STATUS)
    states, statuses = columns
    indexes = sorted(index for index in states.keys() | statuses.keys() if len(index) == 1)
    rows = (
        Tagging(if_index=index[0], tagged=_is_trunk(index, states, statuses))
        for index in indexes
        if not gaps or _is_known(index, states, statuses)
    )
    return Table(tuple(rows), gaps)


def _is_trunk(index: Index, states: Column, statuses: Column) -> bool:
    return states.get(index) not in _ACCESS_STATES or statuses.get(index) not in _ACCESS_STATUSES


def _is_known(index: Index, states: Column, statuses: Column) -> bool:
    """Tell whether what was not read of the tables could change the answer."""
    return index in states.keys() & statuses.keys() or _is_trunk(index, states, statuses)
