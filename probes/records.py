"""What was seen on the wire and in the devices: frozen records, nothing else.

Addresses are `ipaddress` objects, MACs the canonical lower-case text of `probes.mac`, times aware
UTC `datetime`s, durations seconds as float. Field names are the standards': RFC 826 and RFC 5227
for ARP, IF-MIB, IP-MIB, BRIDGE-MIB, Q-BRIDGE-MIB and LLDP-MIB for tables.
"""

from ipaddress import IPv4Address, IPv6Address
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


class SystemInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The agent's system group (SNMPv2-MIB). `up_time` in seconds."""

    sys_descr: str
    sys_object_id: str
    sys_name: str
    up_time: float | None = None


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ifTable/ifXTable. `name` is ifName, or ifDescr where the agent has no ifName.

    `last_change` is ifLastChange in seconds of the agent's up time: when it became up, or down; 0
    where that was before the agent started.
    """

    if_index: int
    name: str
    descr: str
    alias: str = ""
    phys_address: str | None = None
    admin_status: str = "unknown"  # up, down, testing (IF-MIB ifAdminStatus)
    oper_status: str = "unknown"  # up, down, testing, unknown, dormant, notPresent, lowerLayerDown
    if_type: int | None = None
    last_change: float | None = None


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
    None where the reply did not tell when the probe was sent; `mtu` is what fragmentation-needed
    offers, `mac` the frame's source where the reply was taken from the segment itself.
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
