"""A finding: one trouble with one identity, what proves it, and its life over time."""

from datetime import datetime
from typing import Literal

import msgspec

from probes.records import IPAddress

Kind = Literal[
    "address-conflict",
    "gateway-hijack",
    "gateway-changed",
    "forwarding-server",
    "mac-flapping",
    "rogue-router",
    "unassigned-address",
    "neighbor-unconfirmed",
]
Severity = Literal["critical", "warning", "notice"]
State = Literal["open", "acknowledged", "resolved"]
Role = Literal["rightful", "impostor", "unknown"]
Source = Literal[
    "arp-sweep", "passive", "router-arp", "fdb", "snmp", "syslog", "trap", "trace", "inventory"
]


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where a station hangs: an end port, and when the FDB said so."""

    device: str
    port: str
    if_index: int
    vlan: int | None
    seen: datetime


class Claimant(msgspec.Struct, frozen=True, kw_only=True):
    """A station that claims the address, who it is, and where."""

    mac: str
    vendor: str | None = None
    role: Role = "unknown"
    server: str | None = None
    location: Location | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was seen, by what means, and when."""

    source: Source
    seen: datetime
    detail: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One trouble. `id` is stable: the same trouble has the same id in every sweep.

    `server` is the one that causes it, where that is known. `first_seen` is the start of the
    present opening, `reopened` how many openings went before it, `flaps` how many of them in quick
    succession; `quiet_since` is when it was first looked for in vain, None while it is seen.
    """

    id: str
    kind: Kind
    severity: Severity
    state: State = "open"
    first_seen: datetime
    last_seen: datetime
    segment: str | None = None
    address: IPAddress | None = None
    server: str | None = None
    claimants: tuple[Claimant, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    summary: str
    advice: str
    reopened: int = 0
    flaps: int = 0
    quiet_since: datetime | None = None
    acknowledged_by: str | None = None
    note: str = ""


# How grave each severity is; the greater the worse.
RANK: dict[Severity, int] = {"notice": 0, "warning": 1, "critical": 2}


def gravest_first(finding: Finding) -> tuple[int, str, int, int, str]:
    """Return the key by which findings are listed: the worst first, then by segment and address."""
    address = finding.address
    version, number = (address.version, int(address)) if address else (0, 0)
    return -RANK[finding.severity], finding.segment or "", version, number, finding.id


def suspects(finding: Finding) -> list[Claimant]:
    """Return the impostors, or, where none is named, all that are not known to be rightful."""
    doubtful = [claimant for claimant in finding.claimants if claimant.role != "rightful"]
    return [claimant for claimant in doubtful if claimant.role == "impostor"] or doubtful


def identity(kind: Kind, segment: str | None, subject: object) -> str:
    """Return the stable id of a trouble, e.g. `gateway-hijack/web-226/198.51.100.1`."""
    return "/".join((kind, segment or "-", str(subject)))


def incident(finding: Finding) -> str:
    """Return the name of one opening of a finding: the same trouble come again is another."""
    return f"{finding.id}@{finding.first_seen.isoformat()}"
