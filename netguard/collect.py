"""Reads routers and switches over SNMP, many at once; what fails becomes a gap, never a stop."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from netguard.config import Config, credentials
from netguard.errors import ConfigError
from netguard.inventory import Device, Inventory
from netguard.view import DeviceView, PortTables
from probes.errors import NoAnswer, ProbeError
from probes.mibs import (
    bridge_mib,
    cisco_pagp_mib,
    cisco_vtp_mib,
    foundry_sn_switch_group_mib,
    ieee8023_lag_mib,
    if_mib,
    ip_mib,
    lldp_mib,
    q_bridge_mib,
    snmpv2_mib,
)
from probes.records import BasePort, FdbEntry, Gap, LagMember, SystemInfo, Table, Tagging
from probes.snmp import Session, open_session

T = TypeVar("T")
Clock = Callable[[], datetime]

# Devices asked at the same moment: enough that a dead one delays nobody, few enough for one core.
AT_ONCE = 64

_PLATFORMS = {"1.3.6.1.4.1.9.": "catalyst", "1.3.6.1.4.1.1991.": "foundry"}
_OWN_MEMBERS = {
    "catalyst": (cisco_pagp_mib.members,),
    "foundry": (foundry_sn_switch_group_mib.members,),
}
_SILENT = frozenset(("snmp-timeout", "snmp-deadline"))


async def read_devices(
    config: Config,
    devices: Iterable[Device],
    *,
    clock: Clock,
    progress: Callable[[int, int], None],
) -> dict[str, DeviceView]:
    """Read every device, at most `AT_ONCE` at a time; `progress` is told done and total."""
    wanted = tuple(devices)
    room = asyncio.Semaphore(AT_ONCE)
    views: dict[str, DeviceView] = {}

    async def one(device: Device) -> None:
        async with room:
            views[device.name] = await read_device(config, device, clock=clock)
            progress(len(views), len(wanted))

    await asyncio.gather(*(one(device) for device in wanted))
    return {device.name: views[device.name] for device in wanted}


async def read_device(config: Config, device: Device, *, clock: Clock) -> DeviceView:
    """Read all that netguard uses from one device; never raises for what the device does."""
    try:
        async with _open(config, device) as session:
            system = await snmpv2_mib.system(session)
            return await _tables(session, device, system, _vlans(config.inventory, device), clock)
    except (ProbeError, ConfigError) as error:
        return DeviceView(device=device, seen=clock(), gaps=(_unread(device, error),))


async def read_port_tables(config: Config, device: Device, platform: str) -> PortTables:
    """Read what each port of a device is made for; never raises for what the device does.

    Where it cannot be asked at all, every table has the gap.
    """
    try:
        async with _open(config, device) as session:
            await snmpv2_mib.system(session)  # so that a dead device costs one wait, not many
            vlans = _vlans(config.inventory, device)
            return await _port_tables(session, device, platform, vlans)
    except (ProbeError, ConfigError) as error:
        unread: Table[Any] = Table((), (_unread(device, error),))
        return PortTables(base_ports=unread, tagging=unread, lag_members=unread)


def _open(config: Config, device: Device) -> Session:
    """Prepare to read a device; raises ConfigError where its secret cannot be had."""
    settings = config.snmp[device.snmp]
    return open_session(
        device.name,
        device.host,
        device.port,
        credentials(config, device),
        timeout=settings.timeout,
        retries=settings.retries,
    )


def _unread(device: Device, error: ProbeError | ConfigError) -> Gap:
    if isinstance(error, ProbeError):
        return error.gap()
    return Gap(subject=device.name, kind="no-secret", detail=error.message, remedy=error.remedy)


def platform_of(device: Device, system: SystemInfo) -> str:
    """Return the platform: as configured, or by the vendor's arc in sysObjectID."""
    if device.platform != "auto":
        return device.platform
    known = (p for arc, p in _PLATFORMS.items() if f"{system.sys_object_id}.".startswith(arc))
    return next(known, "generic")


def _vlans(inventory: Inventory, device: Device) -> tuple[int, ...]:
    """Return the VLANs of the segments that the device carries."""
    return tuple(
        dict.fromkeys(
            segment.vlan
            for segment in inventory.segments
            if segment.vlan is not None and device.name in (*segment.switches, *segment.routers)
        )
    )


async def _tables(
    session: Session, device: Device, system: SystemInfo, vlans: tuple[int, ...], clock: Clock
) -> DeviceView:
    """Read the tables one after the other: a device's own agent is the slow part."""
    platform = platform_of(device, system)
    interfaces = await if_mib.interfaces(session)
    addresses = await ip_mib.addresses(session)
    arp = await ip_mib.arp(session)
    neighbors = await lldp_mib.neighbors(session)
    fdb = await _fdb(session, device, platform, vlans)
    chassis, no_chassis = await _said(lldp_mib.chassis(session))
    base_address, no_base = await _said(bridge_mib.base_address(session))
    return DeviceView(
        device=device,
        platform=platform,
        system=system,
        chassis=chassis,
        base_address=base_address,
        interfaces=interfaces.rows,
        addresses=addresses.rows,
        arp=arp.rows,
        fdb=fdb.rows,
        neighbors=neighbors.rows,
        gaps=tuple(
            dict.fromkeys(
                (
                    *(g for t in (interfaces, addresses, arp, neighbors, fdb) for g in t.gaps),
                    *no_chassis,
                    *no_base,
                )
            )
        ),
        seen=clock(),
    )


async def _said(question: Awaitable[T]) -> tuple[T | None, tuple[Gap, ...]]:
    """Await a single object; its failure is a gap, and loses none of the tables."""
    try:
        return await question, ()
    except ProbeError as error:
        return None, (error.gap(),)


def _has_contexts(device: Device, platform: str) -> bool:
    """Tell whether the device keeps a bridge for each VLAN, in a context of its own."""
    return platform == "catalyst" and device.role == "switch"


async def _fdb(
    session: Session, device: Device, platform: str, vlans: tuple[int, ...]
) -> Table[FdbEntry]:
    """Read the FDB where the platform keeps it: a Catalyst has one for each VLAN (BRIDGE-MIB)."""
    if _has_contexts(device, platform):
        if not vlans:
            return Table(rows=(), gaps=(_no_vlan(device),))
        tables = [await bridge_mib.fdb(session.in_vlan(vlan), vlan=vlan) for vlan in vlans]
        return Table(
            rows=tuple(row for table in tables for row in table.rows),
            gaps=tuple(gap for table in tables for gap in table.gaps),
        )
    table = await q_bridge_mib.fdb(session)
    return table if table.rows or table.gaps else await bridge_mib.fdb(session)


def _no_vlan(device: Device) -> Gap:
    return Gap(
        subject=device.name,
        kind="vlan-unknown",
        detail="a Catalyst keeps one FDB for each VLAN, and no segment with this switch names one",
        remedy=f"list {device.name} in `switches` of its [[segment]], and set `vlan` there",
    )


async def _port_tables(
    session: Session, device: Device, platform: str, vlans: tuple[int, ...]
) -> PortTables:
    """Read the tables one after the other; raises NoAnswer where the agent falls silent."""
    lag_members = await _lag_members(session, platform)
    tagging = _whole(await _tagging(session, platform))
    base_ports = await _base_ports(session, device, platform, vlans)
    return PortTables(base_ports=base_ports, tagging=tagging, lag_members=lag_members)


def _whole(table: Table[T]) -> Table[T]:
    """Return the table; raise NoAnswer for silence, which would be waited for again and again."""
    for gap in table.gaps:
        if gap.kind in _SILENT:
            raise NoAnswer(gap.subject, gap.detail, remedy=gap.remedy, kind=gap.kind)
    return table


async def _lag_members(session: Session, platform: str) -> Table[LagMember]:
    """Merge all that tells of aggregates; the first that names a port's aggregate is believed."""
    tables = [
        _whole(await members(session))
        for members in (ieee8023_lag_mib.members, *_OWN_MEMBERS.get(platform, ()))
    ]
    rows: dict[int, LagMember] = {}
    for row in (row for table in tables for row in table.rows):
        if row.if_index not in rows or not rows[row.if_index].aggregate:
            rows[row.if_index] = row
    return Table(tuple(rows.values()), tuple(gap for table in tables for gap in table.gaps))


async def _tagging(session: Session, platform: str) -> Table[Tagging]:
    """Read which ports are tagged, where the platform says it."""
    if platform == "catalyst":
        return await cisco_vtp_mib.trunks(session)
    if platform == "foundry":
        table = await foundry_sn_switch_group_mib.tagging(session)
        if table.rows or table.gaps:
            return table
    return await q_bridge_mib.tagging(session)


async def _base_ports(
    session: Session, device: Device, platform: str, vlans: tuple[int, ...]
) -> Table[BasePort]:
    """Read the bridge ports where the platform keeps them, as `_fdb` does the stations."""
    if not _has_contexts(device, platform):
        return await bridge_mib.base_ports(session)
    if not vlans:
        return Table((), (_no_vlan(device),))
    tables = []
    for vlan in vlans:
        async with session.in_vlan(vlan) as context:
            tables.append(await bridge_mib.base_ports(context))
    return Table(
        tuple(dict.fromkeys(row for table in tables for row in table.rows)),
        tuple(gap for table in tables for gap in table.gaps),
    )
