"""Reads routers and switches over SNMP, many at once; what fails becomes a gap, never a stop."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec.structs import replace

from netguard.config import Config, credentials
from netguard.errors import ConfigError
from netguard.inventory import Device, Inventory
from netguard.view import DeviceView, PortTables
from probes.errors import ProbeError
from probes.mibs import bridge_mib, lldp_mib, snmpv2_mib
from probes.platforms.detection import detect
from probes.platforms.platform import Family, Platform
from probes.platforms.reading import Reading
from probes.records import Gap, SystemInfo, Table
from probes.snmp import Session, open_session

T = TypeVar("T")
Clock = Callable[[], datetime]

# Devices asked at the same moment: enough that dead ones delay nobody. Each takes two files, of
# which a process may have 1,024.
AT_ONCE = 128

# What judging and locating need, what else there is to be shown, and what a port is made for. In
# the contexts of VLANs an agent may be silent that answers otherwise: they come last.
_NEEDED = ("interfaces", "addresses", "arp", "virtual_gateways", "neighbors", "lag_members", "fdb")
_WHOLE = (*_NEEDED[:-1], "vlans", "tagging", "fdb")
_NOT_SHOWN = frozenset(("no-fdb", "fdb-port-unknown"))
_OF_PORTS = ("lag_members", "tagging", "base_ports_by_vlan")


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
    """Read what netguard uses of one device; never raises for what the device does.

    The FDB is that of the VLANs of its segments, or of all its VLANs where these name none. That a
    router shows none of its stations' ports is nothing that anybody misses.
    """
    view = await _read(config, device, _NEEDED, _vlans(config.inventory, device), clock=clock)
    return replace(view, gaps=_missed(device, view.gaps))


def _missed(device: Device, gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """Return the gaps that matter with a device in this role, each once."""
    shown = device.role == "switch"
    return tuple(dict.fromkeys(gap for gap in gaps if shown or gap.kind not in _NOT_SHOWN))


async def read_whole(
    config: Config, device: Device, *, clock: Clock, progress: Callable[[int, int], None]
) -> DeviceView:
    """Read all that netguard understands of one device, in all its VLANs, as `read_device`."""
    return await _read(config, device, _WHOLE, (), clock=clock, progress=progress)


async def _read(
    config: Config,
    device: Device,
    names: Sequence[str],
    vlans: tuple[int, ...],
    *,
    clock: Clock,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> DeviceView:
    try:
        async with _open(config, device) as session:
            system = await snmpv2_mib.system(session)
            reading = _reading(session, device, platform_of(device, system), vlans)
            chassis, no_chassis = await _said(lldp_mib.chassis(session))
            base_address, no_base = await _said(bridge_mib.base_address(session))
            await reading.read(names, config.snmp[device.snmp].deadline, progress)
    except (ProbeError, ConfigError) as error:
        return DeviceView(device=device, seen=clock(), gaps=(_unread(device, error),))
    tables = {name: table for name, table in reading.tables.items() if name in _WHOLE}
    gaps = (gap for table in reading.tables.values() for gap in table.gaps)
    return DeviceView(
        device=device,
        seen=clock(),
        platform=reading.platform.family,
        operating_system=reading.platform.name,
        system=system,
        chassis=chassis,
        base_address=base_address,
        gaps=tuple(dict.fromkeys((*no_chassis, *no_base, *gaps, *reading.gaps))),
        missed=frozenset(name for name in names if not _is_whole(reading.tables.get(name))),
        **{name: table.rows for name, table in tables.items()},
    )


def _is_whole(table: Table[Any] | None) -> bool:
    """Tell whether the agent was heard to the end of a table; what it never shows is none."""
    return table is not None and not any(gap.kind.startswith("snmp-") for gap in table.gaps)


async def read_again(
    config: Config, known: DeviceView, names: Sequence[str], *, clock: Clock
) -> DeviceView:
    """Read these tables of a device again, in far less time; what else is known of it stays.

    `names` are fields of DeviceView. Never raises for what the device does: what could not be read
    now is among the gaps, and is as it was. One that has never answered is not asked.
    """
    device = known.device
    if known.system is None:
        return known
    try:
        async with _open(config, device) as session:
            vlans = _vlans(config.inventory, device)
            reading = _reading(session, device, platform_of(device, known.system), vlans)
            reading.tables["interfaces"] = Table(known.interfaces, known.gaps)
            await reading.read(names, config.snmp[device.snmp].deadline)
    except (ProbeError, ConfigError) as error:
        return replace(known, gaps=(*known.gaps, _unread(device, error)))
    gaps = (gap for table in reading.tables.values() for gap in table.gaps)
    return replace(
        known,
        seen=clock(),
        gaps=_missed(device, (*known.gaps, *gaps, *reading.gaps)),
        **{name: reading.tables[name].rows for name in names if name in reading.tables},
    )


async def read_port_tables(config: Config, device: Device, family: Family) -> PortTables:
    """Read what each port of a device of a known family is made for.

    Never raises for what the device does. A table that could not be asked for has the gap.
    """
    try:
        async with _open(config, device) as session:
            system = await snmpv2_mib.system(session)
            vlans = _vlans(config.inventory, device)
            reading = _reading(session, device, detect(system, family), vlans)
            await reading.read(_OF_PORTS, config.snmp[device.snmp].deadline)
    except (ProbeError, ConfigError) as error:
        return _port_tables({}, (_unread(device, error),))
    return _port_tables(reading.tables, reading.gaps)


def _port_tables(tables: Mapping[str, Table[Any]], gaps: tuple[Gap, ...]) -> PortTables:
    """Put the tables together; one that was not read has all the gaps there are."""
    gaps += tuple(gap for table in tables.values() for gap in table.gaps)
    members, tagging, ports = (tables.get(name, Table((), gaps)) for name in _OF_PORTS)
    return PortTables(base_ports=ports, tagging=tagging, lag_members=members)


def _reading(
    session: Session, device: Device, platform: Platform, vlans: tuple[int, ...]
) -> Reading:
    return Reading(session, platform, vlans, is_switch=device.role == "switch")


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
        pace=settings.pace,
    )


def _unread(device: Device, error: ProbeError | ConfigError) -> Gap:
    if isinstance(error, ProbeError):
        return error.gap()
    return Gap(subject=device.name, kind="no-secret", detail=error.message, remedy=error.remedy)


def platform_of(device: Device, system: SystemInfo) -> Platform:
    """Return the platform: of the family that is configured, else by what the device says."""
    return detect(system, None if device.platform == "auto" else device.platform)


def _vlans(inventory: Inventory, device: Device) -> tuple[int, ...]:
    """Return the VLANs of the segments that the device carries."""
    return tuple(
        dict.fromkeys(
            segment.vlan
            for segment in inventory.segments
            if segment.vlan is not None and device.name in (*segment.switches, *segment.routers)
        )
    )


async def _said(question: Awaitable[T]) -> tuple[T | None, tuple[Gap, ...]]:
    """Await a single object; its failure is a gap, and loses none of the tables."""
    try:
        return await question, ()
    except ProbeError as error:
        return None, (error.gap(),)
