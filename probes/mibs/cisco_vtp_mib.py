"""CISCO-VTP-MIB: the VLANs of a Catalyst, and which of its ports are trunks."""

from collections.abc import Iterator

from probes.mibs.columns import Column, read, text
from probes.records import Table, Tagging, Vlan
from probes.snmp import Index, Session

VLAN_STATE = "1.3.6.1.4.1.9.9.46.1.3.1.1.2"
VLAN_TYPE = "1.3.6.1.4.1.9.9.46.1.3.1.1.3"
VLAN_NAME = "1.3.6.1.4.1.9.9.46.1.3.1.1.4"
TRUNK_PORT_DYNAMIC_STATE = "1.3.6.1.4.1.9.9.46.1.6.1.1.13"
TRUNK_PORT_DYNAMIC_STATUS = "1.3.6.1.4.1.9.9.46.1.6.1.1.14"

_SUSPENDED, _MTU_TOO_BIG_FOR_DEVICE = 2, 3
_ETHERNET = 1
# FDDI and Token Ring have them on every Catalyst; to ask for one is noted as a wrong password.
_VLANS = frozenset(range(1, 4095)) - frozenset(range(1002, 1006))

# What an access port says, or may say. Every other word means a trunk, also one that the MIB does
# not have: what an agent garbles is not taken for an access port.
_ACCESS_STATES = (None, 2, 3, 4)  # off, desirable, auto: the last two leave it to the status
_ACCESS_STATUSES = (None, 2)  # notTrunking


async def vlans(session: Session) -> Table[Vlan]:
    """Read the Ethernet VLANs, each once though it be in several management domains."""
    columns, gaps = await read(session, VLAN_STATE, VLAN_TYPE, VLAN_NAME)
    states, types, names = columns
    rows: dict[int, Vlan] = {}
    for index in sorted(states.keys() | types.keys() | names.keys()):
        if len(index) == 2 and index[1] in _VLANS and _is_ethernet(types, index):  # noqa: PLR2004 - domain, VLAN
            row = _vlan(index, states, names)
            rows[row.vlan] = _merged(rows.get(row.vlan, row), row)
    return Table(tuple(rows[vlan] for vlan in sorted(rows)), gaps)


def _is_ethernet(types: Column, index: Index) -> bool:
    """Tell whether a VLAN is of Ethernet; one whose type is not told, or no number, is."""
    kind = types.get(index, _ETHERNET)
    return kind == _ETHERNET or not isinstance(kind, int)


def _vlan(index: Index, states: Column, names: Column) -> Vlan:
    return Vlan(
        vlan=index[1],
        name=text(names.get(index)),
        # mtuTooBigForTrunk carries frames, on other ports than that trunk.
        operational=states.get(index) not in (_SUSPENDED, _MTU_TOO_BIG_FOR_DEVICE),
    )


def _merged(one: Vlan, other: Vlan) -> Vlan:
    return Vlan(
        vlan=one.vlan,
        name=one.name or other.name,
        operational=one.operational or other.operational,
    )


async def trunks(session: Session) -> Table[Tagging]:
    """Read which ports are trunks, now or as soon as they have a link.

    The status of a trunk without a link is notTrunking, so the configured state counts as well.
    """
    columns, gaps = await read(session, TRUNK_PORT_DYNAMIC_STATE, TRUNK_PORT_DYNAMIC_STATUS)
    known = judged(*columns, complete=not gaps)
    rows = (Tagging(if_index=i[0], tagged=tagged) for i, tagged in known if len(i) == 1)
    return Table(tuple(rows), gaps)


def judged(states: Column, statuses: Column, *, complete: bool) -> Iterator[tuple[Index, bool]]:
    """Yield of each port whether it is a trunk, by its configured state and by its status.

    Where the columns are not complete, only ports are told whose answer the rest cannot change.
    """
    for index in sorted(states.keys() | statuses.keys()):
        is_trunk = (
            states.get(index) not in _ACCESS_STATES or statuses.get(index) not in _ACCESS_STATUSES
        )
        if complete or is_trunk or index in states.keys() & statuses.keys():
            yield index, is_trunk
