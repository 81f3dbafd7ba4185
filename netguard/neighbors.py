"""Which of our devices the neighbour of a port claims to be, and whether that one confirms it.

Only a device that hears this protocol at all, and was read without gaps, can deny a claim. Nor is
anybody accused while no other device hears the one with the port: it may say nothing itself. And
of two ends of a new link one is the first to hear the other, so there it is denied only so far.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from typing import Literal

import msgspec

from netguard.inventory import SwitchPort
from netguard.ports import find_port
from netguard.view import DeviceView, aggregates
from probes.mac import virtual_family
from probes.records import Interface, Neighbor

Answer = Literal["confirmed", "denied", "denied-so-far", "undecided"]

# Seconds that a neighbour may be remembered for, gone or unheard at one end: CDP's hold time, which
# is longer than LLDP's (IEEE 802.1AB: four times 30 s). Within it every link is a new one.
SETTLING = 180.0

_FACTORY_NAMES = frozenset({"", "switch", "router", "localhost"})  # they name no device
_NO_MAC = "00:00:00:00:00:00"
_LOCAL_BIT = 0x02


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A neighbour on `port` that says to be the device `named`, and what that one says."""

    port: SwitchPort
    interface: Interface
    neighbor: Neighbor
    named: DeviceView
    answer: Answer


class Directory:
    """Our devices by what they call themselves towards neighbours: names and MACs."""

    def __init__(self, devices: Iterable[DeviceView]) -> None:
        self._by_mac: dict[str, list[DeviceView]] = {}
        self._by_name: dict[str, list[DeviceView]] = {}
        for device in devices:
            for mac in set(_macs(device)):
                self._by_mac.setdefault(mac, []).append(device)
            for name in {_host(name) for name in _names(device)} - _FACTORY_NAMES:
                self._by_name.setdefault(name, []).append(device)

    def meant(self, neighbor: Neighbor) -> list[DeviceView]:
        """Return the devices of ours that a neighbour claims to be, by MAC or else by name."""
        by_mac = self._by_mac.get(neighbor.remote_chassis.casefold())
        return by_mac or [
            device
            for spelling in _spellings(neighbor.remote_name)
            for device in self._by_name.get(_host(spelling), ())
            if _same_domain(device, spelling)
        ]


def _macs(device: DeviceView) -> Iterator[str]:
    """Yield the device's own MACs; those that other makes or customers may have too name nobody."""
    own = (device.chassis.chassis_id.casefold() if device.chassis else "", device.base_address)
    yield from (mac for mac in own if mac and mac != _NO_MAC)
    for interface in device.interfaces:
        mac = interface.phys_address
        if mac and mac != _NO_MAC and not virtual_family(mac) and not int(mac[:2], 16) & _LOCAL_BIT:
            yield mac


def _names(device: DeviceView) -> tuple[str, ...]:
    return (
        device.device.name,
        device.system.sys_name if device.system else "",
        device.chassis.sys_name if device.chassis else "",
    )


def _host(name: str) -> str:
    """Return a name without its domain, as people and sysName differ about that."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name.partition(".")[0].casefold()


def _domain(name: str) -> str:
    return name.partition(".")[2].casefold()


def _same_domain(device: DeviceView, spelling: str) -> bool:
    """Tell whether nothing speaks against it: a customer may well have an edge1 of his own."""
    host, domain = _host(spelling), _domain(spelling)
    ours = {_domain(name) for name in _names(device) if _host(name) == host} - {""}
    return not domain or not ours or domain in ours


def _spellings(name: str) -> Iterator[str]:
    """Yield the names in a CDP device id: `cat1(FOC1234X0AB)` and `JAB01234567(cat1)` hold two."""
    return (part.strip() for part in re.split(r"[()]", name) if part.strip())


def claims(devices: Mapping[str, DeviceView]) -> tuple[Claim, ...]:
    """Return every neighbour that says to be a device of ours, and whether that one confirms it."""
    directory = Directory(devices.values())
    heard = _heard(devices, directory)
    speaking = {of for hearer, of in heard if hearer != of}
    return tuple(
        Claim(
            port=SwitchPort(here.device.name, near.name),
            interface=near,
            neighbor=neighbor,
            named=there,
            answer=_answer(here, near, neighbor, there, heard)
            if here.device.name in speaking
            else "undecided",
        )
        for here in devices.values()
        for neighbor in here.neighbors
        if (near := near_port(here, neighbor))
        for there in directory.meant(neighbor)
    )


Heard = Mapping[tuple[str, str], list[Neighbor]]


def _heard(devices: Mapping[str, DeviceView], directory: Directory) -> Heard:
    """Return (device, other device of ours) -> all that the first hears from who says it is it."""
    heard: dict[tuple[str, str], list[Neighbor]] = {}
    for device in devices.values():
        for neighbor in device.neighbors:
            for of in directory.meant(neighbor):
                heard.setdefault((device.device.name, of.device.name), []).append(neighbor)
    return heard


def near_port(here: DeviceView, neighbor: Neighbor) -> Interface | None:
    """Return the local port that a neighbour is heard on."""
    by_index = (i for i in here.interfaces if i.if_index == neighbor.if_index)
    return next(by_index, None) or find_port(here.interfaces, neighbor.port)


def _answer(
    here: DeviceView, near: Interface, neighbor: Neighbor, there: DeviceView, heard: Heard
) -> Answer:
    """Ask the device that is named whether it hears this port. One that names none is unclear."""
    if there.system is None or there.gaps or not _hears(there, neighbor):
        return "undecided"
    back = [far_port(here, n) for n in heard.get((there.device.name, here.device.name), ())]
    kin = _kin(here, near)
    if any(port is not None and port.if_index in kin for port in back):
        return "confirmed"
    if None in back:
        return "undecided"
    is_new = _has_just_changed(here, near) or _has_just_changed(there, far_port(there, neighbor))
    return "denied-so-far" if is_new else "denied"


def _has_just_changed(device: DeviceView, port: Interface | None) -> bool:
    """Tell whether the port came up or went down a moment ago, or the whole device did."""
    if device.system is None or device.system.up_time is None:
        return False
    since = (port.last_change if port else None) or 0.0
    # The port was read after the up time. A change that is far ahead was before that overflowed.
    return abs(device.system.up_time - since) < SETTLING


def _hears(device: DeviceView, neighbor: Neighbor) -> bool:
    """Tell whether the device hears anybody by this protocol; FDP and CDP are heard together."""
    lldp = neighbor.protocol == "lldp"
    return any((n.protocol == "lldp") == lldp for n in device.neighbors)


def far_port(there: DeviceView, neighbor: Neighbor) -> Interface | None:
    """Return the port of a device that a neighbour claims to be: by name, description or MAC."""
    for spelling in (neighbor.remote_port, neighbor.remote_port_descr):
        if port := find_port(there.interfaces, spelling):
            return port
    by_mac = [i for i in there.interfaces if i.phys_address == neighbor.remote_port]
    return by_mac[0] if len(by_mac) == 1 else None


def _kin(device: DeviceView, port: Interface) -> frozenset[int]:
    """Return the if_indexes of the port, its aggregate, and the other members of that."""
    above = aggregates(device)
    whole = above.get(port.if_index, port)
    members = (index for index, aggregate in above.items() if aggregate == whole)
    return frozenset((port.if_index, whole.if_index, *members))
