"""Secrets become values here, for one place at a time and only when something is to be sent."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from netguard.config.reading import Config
from netguard.config.references import check_key_file
from netguard.config.settings import SnmpSettings, SshLogin, SshSettings
from netguard.errors import ConfigError
from netguard.inventory import Device
from netguard.secrets import resolve

if TYPE_CHECKING:
    from probes.snmp import Credentials


def credentials(
    config: Config, device: Device, *, environ: Mapping[str, str] = os.environ
) -> "Credentials":
    """Return what to read a device with; raises ConfigError where a secret cannot be had."""
    from probes.snmp import Credentials  # noqa: PLC0415 - brings the SNMP libraries in

    settings = config.snmp[device.snmp]
    secrets = _Secrets(config, f"snmp.{device.snmp}", settings, environ)
    return Credentials(
        version=settings.version,
        community=secrets.of("read"),
        user=settings.user or "",
        auth_protocol=settings.auth_protocol,
        auth_key=secrets.of("auth_key"),
        priv_protocol=settings.priv_protocol,
        priv_key=secrets.of("priv_key"),
        context_prefix=settings.context_prefix,
    )


def write_credentials(
    config: Config, device: Device, *, environ: Mapping[str, str] = os.environ
) -> "Credentials | None":
    """Return what to change a device with over SNMP, None where its set names nothing for that.

    Raises ConfigError where a secret cannot be had.
    """
    from probes.snmp import Credentials  # noqa: PLC0415 - brings the SNMP libraries in

    settings = config.snmp[device.snmp]
    if settings.write is None and settings.write_user is None:
        return None
    secrets = _Secrets(config, f"snmp.{device.snmp}", settings, environ)
    return Credentials(
        version=settings.version,
        community=secrets.of("write"),
        user=settings.write_user or "",
        auth_protocol=settings.auth_protocol,
        auth_key=secrets.of("write_auth_key"),
        priv_protocol=settings.priv_protocol,
        priv_key=secrets.of("write_priv_key"),
        context_prefix=settings.context_prefix,
    )


def ssh_login(
    config: Config, device: Device, *, environ: Mapping[str, str] = os.environ
) -> SshLogin | None:
    """Return what to log in to a device with, None where it names no login.

    Raises ConfigError where a secret or the key cannot be had.
    """
    return None if device.ssh is None else named_login(config, device.ssh, environ=environ)


def named_login(config: Config, name: str, *, environ: Mapping[str, str] = os.environ) -> SshLogin:
    """Return the login `[ssh.NAME]`; raises ConfigError where a secret or the key cannot be had."""
    settings = config.ssh[name]
    secrets = _Secrets(config, f"ssh.{name}", settings, environ)
    return SshLogin(
        user=settings.user,
        password=secrets.of("password"),
        key_file=secrets.key_file(settings.key_file),
        passphrase=secrets.of("passphrase"),
        enable=secrets.of("enable"),
        port=settings.port,
        known_hosts=settings.known_hosts,
        timeout=settings.timeout,
    )


class _Secrets:
    """The secrets of one table; what goes wrong with one is said with its place."""

    def __init__(
        self,
        config: Config,
        table: str,
        settings: SnmpSettings | SshSettings,
        environ: Mapping[str, str],
    ) -> None:
        self._table = f"{config.path}: [{table}]"
        self._settings = settings
        self._environ = environ

    def of(self, key: str) -> str:
        """Return what the key's reference stands for; "" where the key is not set."""
        reference = getattr(self._settings, key)
        try:
            return resolve(reference, environ=self._environ) if reference else ""
        except ConfigError as error:
            raise self._placed(key, error) from None

    def key_file(self, path: str | None) -> str | None:
        """Return the path of the private key, provided that nobody else could read it."""
        try:
            if path is not None:
                check_key_file(path)
        except ConfigError as error:
            raise self._placed("key_file", error) from None
        return path

    def _placed(self, key: str, error: ConfigError) -> ConfigError:
        return ConfigError(f"{self._table}: {key}: {error.message}", remedy=error.remedy)
