"""What was heard on a segment, and what devices wrote of it: frozen records, as in `records`."""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Literal

import msgspec

from probes.records import IPAddress


class ArpClaim(msgspec.Struct, frozen=True, kw_only=True):
    """One frame in which a station claimed an IPv4 address (RFC 5227: sender_ip is not zero).

    `frame_source` is the Ethernet source, which may differ from `sender_hw` (VRRP, load balancers).
    `delay` is seconds since our own request for that address, None when nothing was asked. `vlan`
    is the tag's, None without one; `told` the station that the frame went to, None for everybody.
    """

    interface: str
    sender_ip: IPv4Address
    sender_hw: str
    frame_source: str
    kind: Literal["reply", "request", "announcement"]
    seen: datetime
    delay: float | None = None
    vlan: int | None = None
    told: str | None = None


class NeighborClaim(msgspec.Struct, frozen=True, kw_only=True):
    """One packet in which a station claimed an IPv6 address (RFC 4861).

    That is a Neighbor Advertisement with a target link-layer address, or a solicitation, of a
    neighbour or of routers, with a source one. `override` and `router` are the advertisement's
    flags; `told` is the station that the frame went to, None for everybody.
    """

    interface: str
    sender_ip: IPv6Address
    sender_hw: str
    frame_source: str
    kind: Literal["advertisement", "solicitation"]
    seen: datetime
    override: bool = False
    router: bool = False
    vlan: int | None = None
    told: str | None = None


class AddressProbe(msgspec.Struct, frozen=True, kw_only=True):
    """A station asks whether anybody has an address before it takes it: it claims nothing.

    An ARP Probe (RFC 5227), or Duplicate Address Detection (RFC 4862, section 5.4).
    """

    interface: str
    ip: IPAddress
    sender_hw: str
    seen: datetime
    vlan: int | None = None


class RouterAdvert(msgspec.Struct, frozen=True, kw_only=True):
    """A Router Advertisement (RFC 4861, section 4.2); `lifetime` in seconds, 0: no default router.

    `sender_hw` is its source link-layer address, or the frame's source where it has none.
    """

    interface: str
    router: IPv6Address
    sender_hw: str
    frame_source: str
    lifetime: int
    prefixes: tuple[IPv6Network, ...]
    seen: datetime
    vlan: int | None = None


class VirtualHello(msgspec.Struct, frozen=True, kw_only=True):
    """A router says by VRRP or HSRP that it takes part in a virtual gateway: a claim, not a fact.

    `speaker` is its own address, `addresses` the shared ones, `state` HSRP's word, "master" for
    VRRP (nobody else sends), or "leaving" for one that gives up (priority 0, resign).
    """

    interface: str
    protocol: Literal["vrrp", "hsrp"]
    group: int
    speaker: IPAddress
    frame_source: str
    addresses: tuple[IPAddress, ...]
    priority: int
    state: str
    seen: datetime
    vlan: int | None = None


Heard = ArpClaim | NeighborClaim | AddressProbe | RouterAdvert | VirtualHello
"""What a listener hears; `seen` is the frame's own time, `vlan` its tag's."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What a device wrote into its log, or told in an SNMP notification: a hint, never a proof.

    `source` is the address that sent it, `host` the name in the message, `message` its text
    without control characters. What it does not tell is None.
    """

    source: str
    kind: Literal[
        "duplicate-address", "mac-moved", "virtual-router", "port-closed", "neighbors-changed"
    ]
    message: str
    seen: datetime
    host: str = ""
    ip: IPAddress | None = None
    mac: str | None = None
    other_mac: str | None = None
    port: str | None = None
    other_port: str | None = None
    vlan: int | None = None


class ClaimTest(msgspec.Struct, frozen=True, kw_only=True):
    """What re-asking showed of one station that claims one address.

    `rounds` questions were asked of everybody (ARP's broadcast, Neighbor Discovery's multicast), at
    least a second apart; the station answered `broadcast_answers` of them, and `unicast_answers` of
    as many sent to its own MAC; `still_answers` says that it answered the last of these, so had not
    left by then.
    `cross_claims` are addresses of the *other* claimants that this station also answers for
    (ARP flux: one host, two interfaces), `cross_silent` those it was asked for in vain.
    `unasked_rounds` counts the rounds in which it claimed the address without being asked (in
    announcements, requests, and replies to others). `canary` is an address that nobody has and
    that it answered for all the same (proxy ARP).
    """

    address: IPAddress
    station: str
    rounds: int
    broadcast_answers: int
    unicast_answers: int
    still_answers: bool
    cross_claims: tuple[IPv4Address, ...] = ()
    cross_silent: tuple[IPv4Address, ...] = ()
    unasked_rounds: int = 0
    canary: IPv4Address | None = None
    broadcast_delay: float | None = None
    unicast_delay: float | None = None
    seen: datetime


class ArpSweep(msgspec.Struct, frozen=True, kw_only=True):
    """One pass over a segment: every claim heard from start to end of the listening window.

    `own_macs` are this machine's, never claimants. `dropped` counts frames the kernel lost; more
    than none means that silence proves nothing (a Gap says so).
    """

    interface: str
    started: datetime
    duration: float
    probed: int
    answered: int
    claims: tuple[ArpClaim, ...]
    own_macs: frozenset[str] = frozenset()
    own_addresses: frozenset[IPv4Address] = frozenset()
    dropped: int = 0
    malformed: int = 0
