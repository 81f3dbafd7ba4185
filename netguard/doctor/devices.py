"""Asks every router and switch whether it answers, and whether it is what it is called."""

import asyncio
from collections.abc import Mapping
from time import perf_counter

from netguard.collect import AT_ONCE
from netguard.config import Config, credentials
from netguard.doctor.check import Check, failed, ok, warning
from netguard.errors import ConfigError
from netguard.inventory import Device
from netguard.meter import Progress
from probes.errors import ProbeError
from probes.mibs import bridge_mib, ip_mib, snmpv2_mib
from probes.platforms.detection import detect
from probes.records import SystemInfo
from probes.snmp import Session, open_session

_PATIENCE = 2.0  # seconds for each request, whatever longer time the configuration allows
_RETRIES = 1


async def devices(
    config: Config, *, environ: Mapping[str, str], progress: Progress
) -> tuple[Check, ...]:
    """Ask every device who it is, at most `AT_ONCE` at a time."""
    wanted = config.inventory.devices
    room = asyncio.Semaphore(AT_ONCE)
    done: list[Check] = []

    async def one(device: Device) -> Check:
        async with room:
            check = await _checked(config, device, environ)
            done.append(check)
            progress("asking devices", len(done), len(wanted))
            return check

    return tuple(await asyncio.gather(*map(one, wanted)))


async def _checked(config: Config, device: Device, environ: Mapping[str, str]) -> Check:
    subject = f"{device.role} {device.name}"
    settings = config.snmp[device.snmp]
    try:
        session = open_session(
            device.name,
            device.host,
            device.port,
            credentials(config, device, environ=environ),
            timeout=min(settings.timeout, _PATIENCE),
            retries=min(settings.retries, _RETRIES),
        )
        async with session:
            return await _asked(session, device, subject)
    except ConfigError as error:
        return failed(subject, error.message, error.remedy)
    except ProbeError as error:
        return failed(subject, error.detail, error.remedy)


async def _asked(session: Session, device: Device, subject: str) -> Check:
    began = perf_counter()
    system = await snmpv2_mib.system(session)
    answered = f"answered in {(perf_counter() - began) * 1000:.0f} ms"
    strange = _other_platform(device, system) or await _other_role(session, device)
    if strange is not None:
        detail, remedy = strange
        return warning(subject, f"{answered}, but {detail}", remedy)
    return ok(subject, f"{answered}: {' '.join(system.sys_descr.split())[:80]}")


def _other_platform(device: Device, system: SystemInfo) -> tuple[str, str] | None:
    """Say what the device is if that is not what the configuration calls it."""
    found = detect(system).family
    if device.platform in {"auto", "generic", found}:
        return None
    detail = f"its sysObjectID {system.sys_object_id} is of platform {found}"
    return detail, f'Write platform = "{found}" or "auto" for {device.name}.'


async def _other_role(session: Session, device: Device) -> tuple[str, str] | None:
    """Say what is missing for its role: a switch shows a bridge, a router its addresses."""
    if device.role == "switch":
        if await bridge_mib.base_address(session) is None:
            return "it shows no BRIDGE-MIB", "Check role, and the MIB view of these credentials."
    elif not (await ip_mib.addresses(session)).rows:
        return "it shows no addresses", "Check role, and the MIB view of these credentials."
    return None
