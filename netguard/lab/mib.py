"""The MIB of a device, computed from what the kernel says: plain functions from records to rows.

A value's Python type is its SMI type: int is Integer32, str and bytes OCTET STRING, tuple OBJECT
IDENTIFIER, IPv4Address IpAddress, `Gauge` and `Ticks` what they are called.
"""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address

import msgspec

from netguard.lab.faces import Face, Port, ports
from netguard.lab.live import Snapshot

Oid = tuple[int, ...]


class Gauge(int):
    """A Gauge32."""


class Ticks(int):
    """TimeTicks: hundredths of a second."""


Value = int | str | bytes | Oid | IPv4Address
Rows = Iterator[tuple[Oid, Value]]

SYSTEM = (1, 3, 6, 1, 2, 1, 1)
INTERFACES = (1, 3, 6, 1, 2, 1, 2)
IF_ENTRY = (*INTERFACES, 2, 1)
IF_ADMIN_STATUS = (*IF_ENTRY, 7)
IF_X_ENTRY = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
IP_AD_ENT = (1, 3, 6, 1, 2, 1, 4, 20, 1)
IP_NET_TO_MEDIA = (1, 3, 6, 1, 2, 1, 4, 22, 1)
DOT1D_BASE = (1, 3, 6, 1, 2, 1, 17, 1)
DOT1D_TP = (1, 3, 6, 1, 2, 1, 17, 4)
VTP_VLAN = (1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 3, 1, 1)
VTP_TRUNK_PORT = (1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 6, 1, 1)
LAG_PORT = (1, 2, 840, 10006, 300, 43, 1, 2, 1, 1)
FOUNDRY_SW_IF_INFO = (1, 3, 6, 1, 4, 1, 1991, 1, 1, 3, 3, 5, 1)
LLDP_LOCAL = (1, 0, 8802, 1, 1, 2, 1, 3)
LLDP_REMOTE = (1, 0, 8802, 1, 1, 2, 1, 4, 1, 1)

_UP, _DOWN = 1, 2
_OTHER, _LEARNED, _SELF = 1, 3, 4  # dot1dTpFdbStatus
_DYNAMIC, _STATIC = 3, 4  # ipNetToMediaType
_ON, _OFF = 1, 2  # vlanTrunkPortDynamicState
_TRUNKING, _NOT_TRUNKING = 1, 2  # vlanTrunkPortDynamicStatus
_UNTAGGED = 2  # snSwIfInfoTagMode
_MAC_ADDRESS, _INTERFACE_NAME = 4, 5  # LldpChassisIdSubtype, LldpPortIdSubtype


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device at one moment.

    `passing` are its ports (kernel names) on which somebody passes as the device named.
    """

    name: str
    face: Face
    seen: Snapshot
    vlan: int
    up_time: float
    passing: Mapping[str, str] = {}


def mac_bytes(mac: str) -> bytes:
    """Return the six octets of a MAC."""
    return bytes.fromhex(mac.replace(":", ""))


def _columns(entry: Oid, index: Oid, values: Mapping[int, Value]) -> Rows:
    return (((*entry, column, *index), value) for column, value in values.items())


def chassis(device: Device) -> str:
    """Return the MAC that the device is known by: its bridge's, or its first port's."""
    by_name = {link.name: link.mac for link in device.seen.links}
    return by_name.get("br0") or ports(device.face, device.seen)[0].link.mac


def system(device: Device) -> Rows:
    """SNMPv2-MIB system."""
    values: dict[int, Value] = {
        1: device.face.sys_descr,
        2: device.face.sys_object_id,
        3: Ticks(device.up_time * 100),
        4: "noc@example.net",
        5: device.name,
        6: "practice network",
        7: 78,
    }
    return _columns(SYSTEM, (0,), values)


def interfaces(shown: list[Port]) -> Rows:
    """IF-MIB ifTable and ifXTable."""
    yield (*INTERFACES, 1, 0), len(shown)
    for port in shown:
        link = port.link
        table: dict[int, Value] = {
            1: port.if_index,
            2: port.if_descr,
            3: port.if_type,
            4: link.mtu,
            5: Gauge(port.speed),
            6: mac_bytes(link.mac),
            7: _UP if link.admin_up else _DOWN,
            8: _UP if link.admin_up and link.carrier else _DOWN,
        }
        more: dict[int, Value] = {
            1: port.if_name,
            15: Gauge(port.speed // 1_000_000),
            18: link.alias,
        }
        yield from _columns(IF_ENTRY, (port.if_index,), table)
        yield from _columns(IF_X_ENTRY, (port.if_index,), more)


def addresses(seen: Snapshot, if_index: Mapping[int, int]) -> Rows:
    """IP-MIB ipAddrTable."""
    for index, own in seen.addresses:
        if index in if_index:
            values: dict[int, Value] = {1: own.ip, 2: if_index[index], 3: own.netmask}
            yield from _columns(IP_AD_ENT, tuple(own.ip.packed), values)


def arp(seen: Snapshot, if_index: Mapping[int, int]) -> Rows:
    """IP-MIB ipNetToMediaTable."""
    for entry in seen.neighbours:
        if entry.index in if_index:
            index = (if_index[entry.index], *entry.address.packed)
            values: dict[int, Value] = {
                1: if_index[entry.index],
                2: mac_bytes(entry.mac),
                3: entry.address,
                4: _STATIC if entry.permanent else _DYNAMIC,
            }
            yield from _columns(IP_NET_TO_MEDIA, index, values)


def bridge_ports(device: Device, shown: Iterable[Port]) -> Rows:
    """BRIDGE-MIB dot1dBase: which port number is which ifIndex."""
    bridged = [port for port in shown if port.link.base_port is not None]
    yield (*DOT1D_BASE, 1, 0), mac_bytes(chassis(device))
    yield (*DOT1D_BASE, 2, 0), len(bridged)
    yield (*DOT1D_BASE, 3, 0), 2  # transparent-only
    for port in bridged:
        base_port = port.link.base_port or 0
        values: dict[int, Value] = {1: base_port, 2: port.if_index}
        yield from _columns((*DOT1D_BASE, 4, 1), (base_port,), values)


def fdb(seen: Snapshot) -> Rows:
    """BRIDGE-MIB dot1dTpFdbTable; the bridge's own MACs are self(4) on port 0."""
    base_port = {link.index: link.base_port for link in seen.links}
    yield (*DOT1D_TP, 2, 0), 300
    for entry in seen.fdb:
        address = mac_bytes(entry.mac)
        port = 0 if entry.own else base_port.get(entry.index) or 0
        status = _SELF if entry.own else _LEARNED
        yield from _columns((*DOT1D_TP, 3, 1), tuple(address), {1: address, 2: port, 3: status})


def vlans(vlan: int) -> Rows:
    """CISCO-VTP-MIB vtpVlanTable: the segment's VLAN, VLAN 1, and IOS's reserved ones."""
    for number in (1, vlan, 1002, 1003, 1004, 1005):
        yield (*VTP_VLAN, 2, 1, number), 1


def _is_trunk(port: Port) -> bool:
    return port.if_name.startswith("Gi")


def switch_ports(shown: Iterable[Port]) -> Rows:
    """CISCO-VTP-MIB vlanTrunkPortTable, and IEEE8023-LAG-MIB dot3adAggPortTable without members.

    A trunk without a link says notTrunking, as IOS has it.
    """
    for port in shown:
        if port.link.base_port is not None:
            is_up = port.link.admin_up and port.link.carrier
            trunk: dict[int, Value] = {
                13: _ON if _is_trunk(port) else _OFF,
                14: _TRUNKING if _is_trunk(port) and is_up else _NOT_TRUNKING,
            }
            yield from _columns(VTP_TRUNK_PORT, (port.if_index,), trunk)
            yield from _columns(LAG_PORT, (port.if_index,), {12: 0, 13: 0})


def tag_modes(shown: Iterable[Port]) -> Rows:
    """FOUNDRY-SN-SWITCH-GROUP-MIB snSwIfInfoTable: no port of the router's is tagged."""
    for port in shown:
        yield from _columns(FOUNDRY_SW_IF_INFO, (port.if_index,), {4: _UNTAGGED})


def _lldp_port_number(port: Port) -> int:
    return port.link.base_port or port.if_index


def lldp_local(device: Device, shown: Iterable[Port]) -> Rows:
    """LLDP-MIB lldpLocalSystemData and lldpLocPortTable (numbered by base_port on a bridge)."""
    own: dict[int, Value] = {
        1: _MAC_ADDRESS,
        2: mac_bytes(chassis(device)),
        3: device.name,
        4: device.face.sys_descr,
        5: bytes([device.face.capabilities, 0]),
        6: bytes([device.face.capabilities, 0]),
    }
    yield from _columns(LLDP_LOCAL, (0,), own)
    for port in shown:
        values: dict[int, Value] = {2: _INTERFACE_NAME, 3: port.if_name, 4: port.if_descr}
        yield from _columns((*LLDP_LOCAL, 7, 1), (_lldp_port_number(port),), values)


def lldp_remote(shown: Iterable[Port], device: Device, others: Mapping[str, Device]) -> Rows:
    """LLDP-MIB lldpRemTable: who speaks LLDP at the other end of each cable that has a signal."""
    for port in shown:
        if found := _heard(port, device, others):
            other, remote = found
            values: dict[int, Value] = {
                4: _MAC_ADDRESS,
                5: mac_bytes(chassis(other)),
                6: _INTERFACE_NAME,
                7: remote.if_name,
                8: remote.if_descr,
                9: other.name,
                10: other.face.sys_descr,
                11: bytes([other.face.capabilities, 0]),
                12: bytes([other.face.capabilities, 0]),
            }
            yield from _columns(LLDP_REMOTE, (0, _lldp_port_number(port), 1), values)


def _heard(port: Port, device: Device, others: Mapping[str, Device]) -> tuple[Device, Port] | None:
    """Return the device and port that the other end says to be; None where nobody says anything."""
    if port.link.peer is None or not port.link.carrier:
        return None
    if passing := device.passing.get(port.link.name):
        other = others[passing]
        return other, next(filter(_is_trunk, ports(other.face, other.seen)))
    namespace, index = port.link.peer
    if known := others.get(device.seen.namespaces.get(namespace, "")):
        return known, next(p for p in ports(known.face, known.seen) if p.link.index == index)
    return None


def default_view(device: Device, others: Mapping[str, Device]) -> Rows:
    """Yield all that is answered to the plain community; on a Catalyst that is VLAN 1."""
    shown = ports(device.face, device.seen)
    if_index = {port.link.index: port.if_index for port in shown}
    yield from system(device)
    yield from interfaces(shown)
    yield from addresses(device.seen, if_index)
    yield from arp(device.seen, if_index)
    yield from lldp_local(device, shown)
    yield from lldp_remote(shown, device, others)
    if device.face.per_vlan:
        yield from bridge_ports(device, filter(_is_trunk, shown))
        yield (*DOT1D_TP, 2, 0), 300
        yield from vlans(device.vlan)
        yield from switch_ports(shown)
    else:
        yield from tag_modes(shown)


def vlan_view(device: Device) -> Rows:
    """Yield what a Catalyst answers to `community@vlan`: the bridge of that VLAN."""
    shown = ports(device.face, device.seen)
    yield from system(device)
    yield from interfaces(shown)
    yield from bridge_ports(device, shown)
    yield from fdb(device.seen)
    yield from switch_ports(shown)
