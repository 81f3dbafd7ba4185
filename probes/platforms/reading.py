"""Reads a device table by table: the standards' tables, and those of its platform.

The agent is the slow part, so it is asked one thing after the other, and no more once it has
fallen silent. What cannot be read, or does not exist on this kind of device, is a gap.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import Any

from probes.mibs import (
    bridge_mib,
    ieee8023_lag_mib,
    if_mib,
    ip_mib,
    lldp_mib,
    lldp_v2_mib,
    q_bridge_mib,
    vrrp_mib,
    vrrpv3_mib,
)
from probes.platforms import vlan_contexts
from probes.platforms.fdb import both, missing, with_ports
from probes.platforms.platform import Platform, Reader, RowT
from probes.records import (
    ArpEntry,
    BasePort,
    FdbEntry,
    Gap,
    Interface,
    InterfaceAddress,
    LagMember,
    Neighbor,
    Table,
    Tagging,
    VirtualGateway,
    Vlan,
)
from probes.snmp import Session


class _SilentError(Exception):
    """The agent does not answer any more: the last table read has the gap."""


class Reading:
    """The tables of one device, as far as they have been read; `gaps` are not one table's.

    Where each VLAN has an FDB of its own, those of `vlans` are wanted (none: of all that the
    device has). A switch is asked for just these; any other only if it has VLANs at all.
    """

    def __init__(
        self, session: Session, platform: Platform, vlans: tuple[int, ...], *, is_switch: bool
    ) -> None:
        self._session = session
        self.platform = platform
        self._vlans = vlans
        self._is_switch = is_switch
        self.tables: dict[str, Table[Any]] = {}
        self.gaps: tuple[Gap, ...] = ()
        self._by_vlan: dict[int, Table[FdbEntry]] = {}

    async def read(
        self,
        names: Sequence[str],
        deadline: float,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        """Read these of `TABLES`, until the agent falls silent or `deadline` seconds are over.

        What has been read until then stays. `progress` is told how many are done, and of how many.
        """
        try:
            async with asyncio.timeout(deadline):
                for done, name in enumerate(names, 1):
                    await self._rows(name)
                    progress(done, len(names))
        except _SilentError:
            return
        except TimeoutError:
            self.gaps += (self._too_late(deadline),)
            if self._by_vlan:
                self.tables.setdefault("fdb", vlan_contexts.joined(self._by_vlan))

    def _too_late(self, deadline: float) -> Gap:
        read = ", ".join(self.tables) or "nothing"
        return Gap(
            subject=self._session.subject,
            kind="snmp-deadline",
            detail=f"reading it was given up after {deadline:g} s; read by then: {read}",
            remedy="its agent is slow: give it a higher `deadline` in its [snmp.NAME]",
        )

    async def _table(self, name: str) -> Table[Any]:
        """Return a table, read here if it has not been."""
        if name not in self.tables:
            self.tables[name] = await TABLES[name](self)
        return self.tables[name]

    async def _rows(self, name: str) -> tuple[Any, ...]:
        """Return the rows of a table after which something else is to be asked."""
        table = await self._table(name)
        if _is_silent(table):
            raise _SilentError
        return table.rows

    async def interfaces(self) -> Table[Interface]:
        """Read ifTable and ifXTable."""
        return await self._first(if_mib.interfaces, *self.platform.interfaces)

    async def addresses(self) -> Table[InterfaceAddress]:
        """Read the device's own addresses."""
        return await self._all(ip_mib.addresses, *self.platform.addresses, key=_where)

    async def arp(self) -> Table[ArpEntry]:
        """Read the ARP and ND caches."""
        return await self._all(ip_mib.arp, *self.platform.arp)

    async def vlans(self) -> Table[Vlan]:
        """Read which VLANs the device has."""
        return await self._first(*self.platform.vlans, q_bridge_mib.vlans)

    async def base_ports(self) -> Table[BasePort]:
        """Read which interface each bridge port is."""
        return await self._all(bridge_mib.base_ports, *self.platform.base_ports, key=_port)

    async def base_ports_by_vlan(self) -> Table[BasePort]:
        """Read which interface each bridge port is, in all the VLANs that are wanted."""
        contexts = await self._contexts()
        table = await vlan_contexts.base_ports(self._session, contexts.rows)
        if table.rows or table.gaps:
            return Table(table.rows, contexts.gaps + table.gaps)
        plain = await self._table("base_ports")
        return Table(plain.rows, contexts.gaps + plain.gaps)

    async def fdb(self) -> Table[FdbEntry]:
        """Read on which port each station was seen last, in every VLAN that is wanted."""
        contexts = await self._contexts()
        table = await self._fdb(contexts.rows)
        rows = table.rows
        if self.platform.base_ports:
            rows = with_ports(rows, (await self._table("base_ports")).rows)
        gaps = missing(self._session.subject, self.platform, Table(rows, table.gaps))
        if self.platform.fdb_gaps is not None and not _is_silent(table):
            gaps += await self.platform.fdb_gaps(self._session)
        return Table(rows, (*contexts.gaps, *table.gaps, *gaps))

    async def _fdb(self, contexts: Sequence[int]) -> Table[FdbEntry]:
        """Read it where the device keeps it: by VLAN, for all VLANs, or in the vendor's own."""
        by_vlan = await vlan_contexts.fdb(self._session, contexts, self._by_vlan)
        if by_vlan.rows:
            return by_vlan
        ports = await self._rows("base_ports")
        interfaces = await self._rows("interfaces")
        shared = self._resolved(await q_bridge_mib.fdb(self._session, ports), interfaces)
        if contexts or _is_silent(shared):
            return shared if shared.rows else merged([by_vlan, shared])
        plain = self._resolved(await bridge_mib.fdb(self._session, base_ports=ports), interfaces)
        table = both(shared, plain)
        return table if table.rows or table.gaps else await self._first(*self.platform.fdb)

    def _resolved(self, table: Table[FdbEntry], interfaces: Sequence[Interface]) -> Table[FdbEntry]:
        """Return the table with its ports read as ifIndexes, where it plainly writes these.

        That is plain only where nothing is missing of what could say otherwise.
        """
        if table.gaps or self.tables["base_ports"].gaps or self.tables["interfaces"].gaps:
            return table
        return Table(bridge_mib.as_if_indexes(table.rows, interfaces))

    async def _contexts(self) -> Table[int]:
        """Return the VLANs to be asked for one by one, where this kind of device wants that."""
        if not self.platform.vlan_contexts:
            return Table(())
        if self._is_switch and self._vlans:
            return Table(self._vlans)
        own = [row.vlan for row in await self._rows("vlans") if row.operational]
        if self._is_switch and not own:
            return Table((), (_no_vlans(self._session.subject),))
        return Table(tuple(vlan for vlan in own if not self._vlans or vlan in self._vlans))

    async def tagging(self) -> Table[Tagging]:
        """Read which ports carry tagged frames."""
        table = await self._first(*self.platform.tagging)
        if table.rows or table.gaps:
            return table
        return await q_bridge_mib.tagging(self._session, await self._rows("base_ports"))

    async def lag_members(self) -> Table[LagMember]:
        """Read which ports are in an aggregate; who names it is believed before who does not."""
        table = await self._all(ieee8023_lag_mib.members, *self.platform.lag_members)
        rows: dict[int, LagMember] = {}
        for row in table.rows:
            if row.if_index not in rows or not rows[row.if_index].aggregate:
                rows[row.if_index] = row
        return Table(tuple(rows.values()), table.gaps)

    async def neighbors(self) -> Table[Neighbor]:
        """Read who says to be at the other end of each port."""
        interfaces = await self._rows("interfaces")
        ports = await self._rows("base_ports")
        lldp = await lldp_mib.neighbors(self._session, interfaces, ports)
        if not lldp.rows and not lldp.gaps:
            lldp = await lldp_v2_mib.neighbors(self._session, interfaces)
        if _is_silent(lldp):
            return lldp
        others = [await read(self._session, interfaces) for read in self.platform.neighbors]
        return merged([lldp, *others])

    async def virtual_gateways(self) -> Table[VirtualGateway]:
        """Read which addresses it shares with other routers, by VRRP or the vendor's protocol."""
        # VRRP-MIB comes last: keepalived leaves groups out of half of its columns there.
        return await self._all(
            vrrpv3_mib.virtual_gateways,
            vrrp_mib.virtual_gateways,
            *self.platform.virtual_gateways,
            key=_shared,
        )

    async def _first(self, *readers: Reader[RowT]) -> Table[RowT]:
        """Ask until one has something to say."""
        table: Table[RowT] = Table(())
        for reader in readers:
            table = await reader(self._session)
            if table.rows or table.gaps:
                break
        return table

    async def _all(
        self, *readers: Reader[RowT], key: Callable[[RowT], Hashable] = lambda row: row
    ) -> Table[RowT]:
        """Ask them all, while the agent answers; of rows that are the same, the first counts."""
        tables: list[Table[RowT]] = []
        for reader in readers:
            tables.append(await reader(self._session))
            if _is_silent(tables[-1]):
                break
        return merged(tables, key)


TABLES: dict[str, Callable[[Reading], Awaitable[Table[Any]]]] = {
    "interfaces": Reading.interfaces,
    "addresses": Reading.addresses,
    "arp": Reading.arp,
    "virtual_gateways": Reading.virtual_gateways,
    "vlans": Reading.vlans,
    "base_ports": Reading.base_ports,
    "base_ports_by_vlan": Reading.base_ports_by_vlan,
    "neighbors": Reading.neighbors,
    "lag_members": Reading.lag_members,
    "tagging": Reading.tagging,
    "fdb": Reading.fdb,
}
"""What can be read of a device, by the name of its field."""


def _no_vlans(subject: str) -> Gap:
    return Gap(
        subject=subject,
        kind="vlan-unknown",
        detail="it keeps one FDB for each VLAN, does not say which VLANs it has, and nobody else"
        " does",
        remedy=f"set `vlan` in the [[segment]] that lists {subject} in `switches`, or let its"
        " credentials see CISCO-VTP-MIB",
    )


def _is_silent(table: Table[Any]) -> bool:
    return any(gap.kind == "snmp-timeout" for gap in table.gaps)


def merged(
    tables: Iterable[Table[RowT]], key: Callable[[RowT], Hashable] = lambda row: row
) -> Table[RowT]:
    """Return the rows of all, of those that are the same the first, and all gaps."""
    rows: dict[Hashable, RowT] = {}
    gaps: list[Gap] = []
    for table in tables:
        gaps += table.gaps
        for row in table.rows:
            rows.setdefault(key(row), row)
    return Table(tuple(rows.values()), tuple(dict.fromkeys(gaps)))


def _where(row: InterfaceAddress) -> Hashable:
    return row.ip, row.if_index


def _port(row: BasePort) -> Hashable:
    return row.base_port


def _shared(row: VirtualGateway) -> Hashable:
    return row.ip, row.if_index, row.group
