"""Bridges of which each VLAN has its own, in a context of the agent: Catalyst switches."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from probes.mibs import bridge_mib
from probes.platforms.platform import Reader, RowT
from probes.records import BasePort, FdbEntry, Gap, Table
from probes.snmp import Session

_BARE = 1  # the VLAN whose bridge an agent shows where no context is named
_ENOUGH = 2  # contexts that say nothing, of an agent that has not answered in any
_SILENT = frozenset(("snmp-timeout", "snmp-deadline"))
_NAMED = 5  # VLANs that a gap names


async def fdb(
    session: Session, vlans: Sequence[int], tables: dict[int, Table[FdbEntry]]
) -> Table[FdbEntry]:
    """Read the FDB of each of these VLANs, also into `tables` as they come.

    Who has to stop in between has `joined` of these.
    """
    gaps = await _in_each(session, vlans, bridge_mib.fdb, tables)
    return Table(joined(tables).rows, gaps)


def joined(tables: Mapping[int, Table[FdbEntry]]) -> Table[FdbEntry]:
    """Make one FDB of those of several VLANs."""
    rows = (replace(row, vlan=vlan) for vlan, table in tables.items() for row in table.rows)
    return Table(tuple(rows), tuple(_gaps(tables)))


async def base_ports(session: Session, vlans: Sequence[int]) -> Table[BasePort]:
    """Read which interface each bridge port is, in any of these VLANs."""
    tables: dict[int, Table[BasePort]] = {}
    gaps = await _in_each(session, vlans, bridge_mib.base_ports, tables)
    rows = dict.fromkeys(row for table in tables.values() for row in table.rows)
    return Table(tuple(rows), gaps)


async def _in_each(
    session: Session,
    vlans: Sequence[int],
    reader: Reader[RowT],
    tables: dict[int, Table[RowT]],
) -> tuple[Gap, ...]:
    """Read a table in each VLAN's context, until it is plain that the agent answers in none."""
    contexts: list[int] = []
    for vlan in vlans:
        if vlan == _BARE:
            tables[vlan] = await reader(session)
            continue
        async with session.in_vlan(vlan) as context:
            tables[vlan] = await reader(context)
        contexts.append(vlan)
        if len(contexts) >= _ENOUGH and all(_is_silent(tables[one]) for one in contexts):
            break
    gaps = list(_gaps(tables))
    if unasked := [vlan for vlan in vlans if vlan not in tables]:
        gaps.append(_unanswered(session.subject, len(unasked)))
    return tuple(gaps)


def _gaps(tables: Mapping[int, Table[RowT]]) -> Iterator[Gap]:
    """Yield what is missing once, with the VLANs that it is missing of."""
    vlans: defaultdict[Gap, list[int]] = defaultdict(list)
    for vlan, table in tables.items():
        for gap in table.gaps:
            vlans[gap].append(vlan)
    for gap, those in vlans.items():
        named = ", ".join(map(str, those[:_NAMED])) + ", ..." * (len(those) > _NAMED)
        yield replace(gap, detail=f"in VLAN {named}: {gap.detail}")


def _is_silent(table: Table[RowT]) -> bool:
    return not table.rows and any(gap.kind in _SILENT for gap in table.gaps)


def _unanswered(subject: str, number: int) -> Gap:
    return Gap(
        subject=subject,
        kind="snmp-timeout",
        detail=f"it answers in no VLAN's context, so {number} more VLANs were not asked for",
        remedy="let the community be used as community@vlan, or the SNMPv3 group see the contexts"
        " (on IOS: snmp-server group GROUP v3 auth context vlan- match prefix)",
    )
