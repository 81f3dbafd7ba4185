"""What was found out about a server and its addresses, as frozen records: also the JSON."""

from datetime import datetime
from typing import Literal

import msgspec

from netguard.findings import Evidence, Finding
from netguard.inventory import IPNetwork
from probes.records import Gap, IPAddress, Method

AddressState = Literal["bound", "forwarded", "looped", "elsewhere", "silent", "undecided"]
Verdict = Literal["plain", "vpn-gateway", "colocation-gateway", "gateway", "undecided"]

STATES: tuple[AddressState, ...] = (
    "bound",
    "forwarded",
    "looped",
    "elsewhere",
    "silent",
    "undecided",
)
GATEWAYS: frozenset[Verdict] = frozenset({"vpn-gateway", "colocation-gateway", "gateway"})


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What one place saw of one address: the state and the reason in one sentence.

    `via` is who passes it on, or answers in the server's stead; `hops` where it ends, counted
    from where it was asked; `rtt` seconds.
    """

    state: AddressState
    why: str
    alive: bool = False
    via: IPAddress | None = None
    hops: int | None = None
    rtt: float | None = None


class AddressReport(msgspec.Struct, frozen=True, kw_only=True):
    """One address as all places together show it; `seen_from` has what each said by itself."""

    address: IPAddress
    state: AddressState
    alive: bool
    via: str | None = None
    hops: int | None = None
    rtt_ms: float | None = None
    seen_from: dict[str, AddressState] = {}
    evidence: tuple[Evidence, ...] = ()


class BlockReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many addresses of a block are in each state; `sampled` where not all were asked."""

    block: IPNetwork
    bound: int = 0
    forwarded: int = 0
    looped: int = 0
    elsewhere: int = 0
    silent: int = 0
    undecided: int = 0
    asked: int = 0
    sampled: bool = False


class PathHop(msgspec.Struct, frozen=True, kw_only=True):
    """Who answered for one hop limit on the way to an address; nobody where `said` is empty."""

    hop: int
    said: str
    source: IPAddress | None = None
    name: str | None = None
    rtt_ms: float | None = None


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """The way to an address, hop by hop."""

    address: IPAddress
    method: Method
    arrived: bool
    hops: tuple[PathHop, ...]


class ServerReport(msgspec.Struct, frozen=True, kw_only=True):
    """A server, what it is, and what proves it; `overturned_by` says what would prove otherwise.

    `disagreements` counts the addresses that look different from different places.
    """

    server: str
    address: IPAddress
    customer: str
    verdict: Verdict
    summary: str
    advice: str
    blocks: tuple[BlockReport, ...]
    addresses: tuple[AddressReport, ...]
    evidence: tuple[Evidence, ...]
    overturned_by: str
    vantages: tuple[str, ...]
    disagreements: int
    probes_sent: int
    started: datetime
    duration_s: float
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    paths: tuple[Path, ...] = ()
