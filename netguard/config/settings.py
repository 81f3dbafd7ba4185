"""The settings that are not inventory, as frozen records: SNMP, SSH, watch, vantages, alerts.

Durations are seconds. Secrets are references (see `netguard.secrets`), never values.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from netguard.findings import Severity
from probes.records import IPAddress
from probes.snmp_link import AuthProtocol, PrivProtocol


class SnmpSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[snmp.NAME]`, a named credential set; reading never needs `write`, or `write_user`.

    `read` and `write` are communities; `user` and what follows is for version 3, where both users
    have the same protocols. `timeout` is for each request, `deadline` for all that is read of one
    device, and `pace` how many requests a second it gets at most (0: as many as it answers).
    """

    version: Literal["1", "2c", "3"] = "2c"
    read: str | None = None
    write: str | None = None
    user: str | None = None
    auth_protocol: AuthProtocol | None = None
    auth_key: str | None = None
    priv_protocol: PrivProtocol | None = None
    priv_key: str | None = None
    write_user: str | None = None
    write_auth_key: str | None = None
    write_priv_key: str | None = None
    context_prefix: str = "vlan-"
    timeout: Annotated[float, Meta(gt=0, le=60)] = 1.5
    retries: Annotated[int, Meta(ge=0, le=10)] = 2
    deadline: Annotated[float, Meta(gt=0, le=3600)] = 60
    pace: Annotated[float, Meta(ge=0, le=10_000)] = 0


class SshSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[ssh.NAME]`, a named login: for changing ports on a command line, and for vantages.

    `password`, `passphrase` (of the key) and `enable` are references; `key_file` and `known_hosts`
    are absolute paths, None for no key, and for the user's and the system's known_hosts.
    """

    user: Annotated[str, Meta(pattern=r"^\S+$")]
    password: str | None = None
    key_file: str | None = None
    passphrase: str | None = None
    enable: str | None = None
    port: Annotated[int, Meta(ge=1, le=65535)] = 22
    known_hosts: str | None = None
    timeout: Annotated[float, Meta(gt=0, le=300)] = 10


class SshLogin(Struct, frozen=True, kw_only=True):
    """A login with its secrets, "" where there is none; they never show in repr, str or rich."""

    user: str
    password: str = ""
    key_file: str | None = None
    passphrase: str = ""
    enable: str = ""
    port: int = 22
    known_hosts: str | None = None
    timeout: float = 10

    def __repr__(self) -> str:
        return f"SshLogin(user={self.user!r}, port={self.port})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("user", self.user), ("port", self.port)]


class Vantage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[vantage]]`, a place to trace from: `ssh` is user@host:port, None for this machine.

    `login` names an `[ssh.NAME]`, which has the key or password, and what `ssh` leaves out.
    `sources` are this machine's own addresses to ask from, in turn; () for the kernel's choice.
    """

    name: Annotated[str, Meta(min_length=1)]
    ssh: str | None = None
    login: str | None = None
    sources: tuple[IPAddress, ...] = ()


class Alert(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[alert]]`; `url` is a secret's reference, or an apprise URL without a password."""

    url: Annotated[str, Meta(min_length=1)]
    severity: Severity = "warning"


class LogSource(Struct, frozen=True):
    """Where log lines come from: syslog at an address and port, or a file that is followed."""

    transport: Literal["udp", "tcp", "file"]
    place: str  # an address, or an absolute path
    port: int = 0

    def __str__(self) -> str:
        where = self.place if self.transport == "file" else host_and_port(self.place, self.port)
        return f"{self.transport}:{where}"


def host_and_port(host: str, port: int) -> str:
    """Return an address with its port as people write it, `[::1]:9477`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Watch(Struct, frozen=True, kw_only=True):
    """`[watch]`: how often (seconds) each kind is looked at, and where to listen.

    `gateways` may be 0: never. `traps` and `metrics` (HTTP) are addresses and ports.
    """

    gateways: float
    segments: float
    devices: float
    servers: float
    syslog: tuple[LogSource, ...] = ()
    traps: tuple[str, int] | None = None
    metrics: tuple[str, int] | None = None
