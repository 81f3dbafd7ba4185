"""What was seen on the wire and in the devices: frozen records, nothing else.

Addresses are `ipaddress` objects, MACs the canonical lower-case text of `probes.mac`, times aware
UTC `datetime`s, durations seconds as float. Field names are the standards': RFC 826 and RFC 5227
for ARP, IF-MIB, IP-MIB, BRIDGE-MIB, Q-BRIDGE-MIB and LLDP-MIB for tables.
"""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Generic, Literal, TypeVar

import msgspec

IPAddress = IPv4Address | IPv6Address
RecordT = TypeVar("RecordT")


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A measurement that could not be made. "No answer" is not "could not ask".

    `subject` is the device, segment or file; `kind` a short stable word such as `snmp-timeout`.
    """

    subject: str
    kind: str
    detail: str
    remedy: str = ""


class Table(msgspec.Struct, Generic[RecordT], frozen=True):
    """The rows that were read, and what is missing: rows without gaps are the whole table."""

    rows: tuple[RecordT, ...]
    gaps: tuple[Gap, ...] = ()


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

    That is a Neighbor Advertisement with a target link-layer address, or a Neighbor Solicitation
    with a source one. `override` and `router` are the advertisement's flags; `told` is the station
    that the frame went to, None for everybody.
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
    kind: Literal["duplicate-address", "mac-moved", "virtual-router", "port-closed"]
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


class SystemInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The agent's system group (SNMPv2-MIB). `up_time` in seconds."""

    sys_descr: str
    sys_object_id: str
    sys_name: str
    up_time: float | None = None


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ifTable/ifXTable. `name` is ifName, or ifDescr where the agent has no ifName."""

    if_index: int
    name: str
    descr: str
    alias: str = ""
    phys_address: str | None = None
    admin_status: str = "unknown"  # up, down, testing (IF-MIB ifAdminStatus)
    oper_status: str = "unknown"  # up, down, testing, unknown, dormant, notPresent, lowerLayerDown
    if_type: int | None = None


class InterfaceAddress(msgspec.Struct, frozen=True, kw_only=True):
    """An address of the device's own (ipAddrTable, ipAddressTable)."""

    ip: IPAddress
    prefix_length: int | None
    if_index: int


class ArpEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the device's ARP or ND cache (ipNetToMedia, ipNetToPhysical): a mere witness."""

    ip: IPAddress
    mac: str
    if_index: int


class BasePort(msgspec.Struct, frozen=True, kw_only=True):
    """A row of dot1dBasePortTable (BRIDGE-MIB): which interface a bridge port is."""

    base_port: int
    if_index: int


class Tagging(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a port carries tagged frames, so several VLANs, by the device's own word."""

    if_index: int
    tagged: bool


class LagMember(msgspec.Struct, frozen=True, kw_only=True):
    """A port that is one of several in an aggregate (IEEE 802.3ad); both by their if_index."""

    if_index: int
    aggregate: int


class FdbEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the forwarding database. `base_port` is never `if_index`; `vlan` is never fdb_id.

    `status` is learned, self, mgmt, other or invalid (BRIDGE-MIB dot1dTpFdbStatus).
    `if_index` is None where dot1dBasePortIfIndex has no row for the port.
    """

    vlan: int | None
    mac: str
    base_port: int
    if_index: int | None
    status: str


class Vlan(msgspec.Struct, frozen=True, kw_only=True):
    """A VLAN that the device has (CISCO-VTP-MIB vtpVlanTable, Q-BRIDGE-MIB dot1qVlanCurrentTable).

    One that is not `operational` carries no frames.
    """

    vlan: int
    name: str = ""
    operational: bool = True


class Neighbor(msgspec.Struct, frozen=True, kw_only=True):
    """What the other end of a port says of itself by LLDP, CDP or FDP: a claim, not a fact.

    `port` is the local if_name, `remote_chassis` a MAC in canonical form where it is one, and so
    is `remote_port`. Many agents name the port only in `remote_port_descr` (lldpd does).
    `remote_platform` is its own description of itself, `remote_addresses` where it says that it
    can be managed.
    """

    protocol: Literal["lldp", "cdp", "fdp"]
    if_index: int | None
    port: str
    remote_name: str
    remote_port: str
    remote_chassis: str
    remote_port_descr: str = ""
    remote_platform: str = ""
    remote_addresses: tuple[IPAddress, ...] = ()


class VirtualGateway(msgspec.Struct, frozen=True, kw_only=True):
    """An address that a router shares with others, by the router's own word.

    `group` is the HSRP group or the VRID, `state` the protocol's word for this router's part in it
    (active, standby, master, backup, ...). `mac` is None where the router does not tell which
    virtual MAC goes with the address.
    """

    ip: IPAddress
    mac: str | None
    protocol: Literal["hsrp", "vrrp", "vrrp-e"]
    if_index: int
    group: int
    state: str


class Chassis(msgspec.Struct, frozen=True, kw_only=True):
    """How the device names itself to its neighbours (LLDP-MIB lldpLocalSystemData)."""

    chassis_id: str
    sys_name: str


Method = Literal["icmp", "udp", "tcp"]
ReplyKind = Literal[
    "echo-reply",  # the end itself: an ICMP echo reply
    "port-unreachable",  # the end itself: a UDP port that nobody listens on
    "tcp",  # the end itself: SYN-ACK or RST
    "time-exceeded",  # a router (or a host that routes) on the way
    "fragmentation-needed",  # ICMPv6: packet too big
    "unreachable",  # any other destination unreachable; `code` says which
    "redirect",
]


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One packet to be sent. Its flow (what a load balancer hashes) is constant for a target.

    `ttl` is the hop limit (1 to 127); a `large` one fills 1,500 octets and may not be fragmented;
    `attempt` (0 to 15) tells repetitions apart; `source` is which of this machine's addresses
    speaks, None for the kernel's choice.
    """

    target: IPAddress
    ttl: int
    method: Method = "icmp"
    large: bool = False
    attempt: int = 0
    source: IPAddress | None = None


class HopReply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for one probe; `target`, `ttl`, `method`, `large`, `attempt` are the probe's.

    `source` is who sent the reply and `reply_ttl` the hop limit it arrived with; `rtt` is seconds,
    None where the reply did not tell when the probe was sent; `quoted_ttl` the hop limit that the
    quoted probe had left, `mtu` what fragmentation-needed offers, `mac` the frame's source where
    the reply was taken from the segment itself.
    """

    target: IPAddress
    ttl: int
    method: Method
    large: bool
    attempt: int
    kind: ReplyKind
    code: int = 0
    source: IPAddress
    reply_ttl: int | None = None
    rtt: float | None = None
    quoted_ttl: int | None = None
    mtu: int | None = None
    mac: str | None = None


class CanaryReply(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a frame sent to a server's MAC, with an address of our own as its target.

    A host that does not route throws it away. `returned_ttl` is the hop limit with which our own
    packet came back (None: it did not), `exceeded_by` who said time exceeded, `redirected` that
    the server told us of a shorter way.
    """

    ttl: int
    returned_ttl: int | None = None
    exceeded_by: IPAddress | None = None
    redirected: bool = False
