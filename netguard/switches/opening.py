"""Which driver a device gets, and why a device cannot be changed."""

from typing import TYPE_CHECKING

from netguard.config import Config, credentials, ssh_login, write_credentials
from netguard.errors import ConfigError
from netguard.inventory import Device
from netguard.switches.ssh import SshSwitch
from netguard.switches.switch import Switch

if TYPE_CHECKING:
    from probes.snmp import Credentials


def open_switch(config: Config, device: Device, platform: str) -> Switch:
    """Return the driver that a device is changed with; nothing is sent yet.

    That is SSH where the device names a login, else SNMP. Raises ConfigError where the credentials
    are missing or cannot be had, or where the platform's command line is not known.
    """
    login = ssh_login(config, device)
    if login is not None:
        return SshSwitch(device, login, platform)
    return _over_snmp(config, device, _write_credentials(config, device), platform)


def no_write(config: Config, device: Device, platform: str = "") -> str:
    """Return why this device cannot be changed, in one sentence without a secret; "" if it can.

    `platform` is "" while nobody knows it.
    """
    try:
        login = ssh_login(config, device)
        if login is None:
            _write_credentials(config, device)
        elif platform:
            SshSwitch(device, login, platform)
    except ConfigError as error:
        return f"{error.message}. {error.remedy}".strip()
    return ""


def _write_credentials(config: Config, device: Device) -> "Credentials":
    found = write_credentials(config, device)
    if found is None:
        key = "write_user" if config.snmp[device.snmp].version == "3" else "write"
        raise ConfigError(
            f"{device.name} cannot be changed: [snmp.{device.snmp}] has no write credentials",
            remedy=f"Set `{key}` in [snmp.{device.snmp}], or `ssh` of {device.name}.",
        )
    return found


def _over_snmp(config: Config, device: Device, write: "Credentials", platform: str) -> Switch:
    # pysnmp takes a fifth of a second to import, and most commands change nothing.
    from netguard.switches.snmp import SnmpSwitch  # noqa: PLC0415
    from probes.snmp import open_session  # noqa: PLC0415
    from probes.snmp_link import Target  # noqa: PLC0415

    settings = config.snmp[device.snmp]
    session = open_session(
        device.name,
        device.host,
        device.port,
        credentials(config, device),
        timeout=settings.timeout,
        retries=settings.retries,
    )
    target = Target(device.name, device.host, device.port, settings.timeout, settings.retries)
    return SnmpSwitch(session, target, write, platform)
