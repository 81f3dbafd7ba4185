"""Opens a vantage: its login, the connection and the wire; closes them whatever happens."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec

from netguard.config import Config
from netguard.config.logins import named_login
from netguard.config.settings import SshLogin, Vantage
from netguard.config.values import ssh_target
from netguard.errors import ConfigError
from probes.errors import ProbeError
from probes.trace.shell import ShellWire
from probes.trace.wire import Wire

_SSH = 22


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where to log in, and as whom; without `login` the agent and the user's own keys decide."""

    name: str
    host: str
    port: int
    user: str
    table: str = ""
    login: SshLogin | None = None


@asynccontextmanager
async def vantage_wire(
    config: Config, vantage: Vantage, *, environ: Mapping[str, str] = os.environ
) -> AsyncIterator[Wire]:
    """Yield a wire that asks from the vantage, which must not be this machine.

    Raises ProbeError, with the vantage as its subject: `vantage-unreachable`, `host-key-unknown`,
    `host-key-changed`, `login-refused`, `no-secret`, or `no-tools`.
    """
    from netguard.vantages.session import connected  # noqa: PLC0415 - asyncssh is slow to import

    target = _target(config, vantage, environ)
    async with connected(target) as session, ShellWire(vantage.name, session.run) as wire:
        yield wire


def _target(config: Config, vantage: Vantage, environ: Mapping[str, str]) -> Target:
    if vantage.ssh is None:
        raise ValueError(f"{vantage.name} is this machine")
    user, host, port = ssh_target(vantage.ssh)
    login = _login(config, vantage, environ)
    return Target(
        name=vantage.name,
        host=host,
        port=port or (login.port if login else _SSH),
        user=user or (login.user if login else ""),
        table=f"[ssh.{vantage.login}]" if login else "",
        login=login,
    )


def _login(config: Config, vantage: Vantage, environ: Mapping[str, str]) -> SshLogin | None:
    if vantage.login is None:
        return None
    try:
        return named_login(config, vantage.login, environ=environ)
    except ConfigError as error:
        raise ProbeError(
            vantage.name, error.message, remedy=error.remedy, kind="no-secret"
        ) from None
