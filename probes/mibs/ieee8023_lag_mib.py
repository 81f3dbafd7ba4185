"""IEEE8023-LAG-MIB: which ports are members of an aggregate, by LACP or by configuration."""

from probes.mibs.columns import number, read
from probes.records import LagMember, Table
from probes.snmp import Index, Session, Value

AGG_PORT_SELECTED_AGG_ID = "1.2.840.10006.300.43.1.2.1.1.12"
AGG_PORT_ATTACHED_AGG_ID = "1.2.840.10006.300.43.1.2.1.1.13"


async def members(session: Session) -> Table[LagMember]:
    """Read the ports that have joined an aggregate, or have chosen one and wait for it."""
    (attached, selected), gaps = await read(
        session, AGG_PORT_ATTACHED_AGG_ID, AGG_PORT_SELECTED_AGG_ID
    )
    rows = (
        member(index, attached.get(index), selected.get(index))
        for index in sorted(attached.keys() | selected.keys())
    )
    return Table(tuple(row for row in rows if row is not None), gaps)


def member(index: Index, *aggregates: Value | None) -> LagMember | None:
    """Make a row of the first aggregate that a port names; None where it stands alone.

    It does so where it names none, or itself. A value that is no number still names one.
    """
    if len(index) != 1 or not index[0]:
        return None
    named = [said for said in aggregates if said not in (None, 0, index[0])]
    return LagMember(if_index=index[0], aggregate=number(named[0]) or 0) if named else None
