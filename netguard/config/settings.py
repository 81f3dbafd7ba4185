"""The settings that are not inventory, as frozen records: SNMP, watch, vantages, alerts.

Durations are seconds. Secrets are references (see `netguard.secrets`), never values.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from netguard.findings import Severity
from probes.snmp_link import AuthProtocol, PrivProtocol


class SnmpSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[snmp.NAME]`, a named credential set; reading never needs `write`.

    `read` and `write` are communities; `user` and what follows is for version 3.
    """

    version: Literal["1", "2c", "3"] = "2c"
    read: str | None = None
    write: str | None = None
    user: str | None = None
    auth_protocol: AuthProtocol | None = None
    auth_key: str | None = None
    priv_protocol: PrivProtocol | None = None
    priv_key: str | None = None
    context_prefix: str = "vlan-"
    timeout: Annotated[float, Meta(gt=0, le=60)] = 1.5
    retries: Annotated[int, Meta(ge=0, le=10)] = 2


class Vantage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[vantage]]`, a place to trace from; `ssh` is None for this machine."""

    name: Annotated[str, Meta(min_length=1)]
    ssh: str | None = None


class Alert(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[alert]]`; `url` is a secret's reference, or an apprise URL without a password."""

    url: Annotated[str, Meta(min_length=1)]
    severity: Severity = "warning"


class Watch(Struct, frozen=True, kw_only=True):
    """`[watch]`: how often each kind is looked at, and where to listen, as (address, port)."""

    segments: float
    devices: float
    servers: float
    syslog: tuple[str, int] | None
    traps: tuple[str, int] | None
