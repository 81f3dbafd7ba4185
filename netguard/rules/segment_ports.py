"""On which end ports of a segment a station is, and whether two of them can be told apart."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from netguard.inventory import Server, SwitchPort
from netguard.locate import Topology
from netguard.view import DeviceView, View, aggregates

_GROUP_BIT = 0x01


class End(NamedTuple):
    """A station of a segment."""

    segment: str
    mac: str


Ends = dict[int | None, frozenset[SwitchPort]]


class Grounds:
    """One look, made ready to say of any station where it is.

    The switches of one site may use the VLAN number of another's, so a station is looked for on
    the segment's own switches; a row that does not tell its VLAN proves nothing about one.
    """

    def __init__(self, view: View, topology: Topology, homes: Mapping[SwitchPort, Server]) -> None:
        self._view = view
        self._topology = topology
        self._homes = homes
        self._infrastructure = frozenset(_infrastructure(view))
        self._aggregates = {name: _aggregates(device) for name, device in view.devices.items()}
        self._islands = _islands(topology)
        self._carried: dict[str, list[tuple[str, int | None]]] = {}
        for seen in view.segments:
            for device in (*seen.segment.switches, *seen.segment.routers):
                carried = self._carried.setdefault(device, [])
                carried.append((seen.segment.name, seen.segment.vlan))

    def ends(self, segment: str, mac: str) -> Ends:
        """Return VLAN -> the end ports on which the station was learned in this look."""
        return self._ends(mac).get(segment, {})

    def several(self) -> Iterator[End]:
        """Yield the stations that are on several end ports at once, which can be told apart."""
        for mac, rows in self._topology.sightings.items():
            if sum(not row.uplink for row in rows) > 1:
                for segment, ends in self._ends(mac).items():
                    if any(self._apart(ports) for ports in ends.values()):
                        yield End(segment, mac)

    def _apart(self, ports: frozenset[SwitchPort]) -> bool:
        return any(self.distinct(one, other) for one in ports for other in ports if one != other)

    def _ends(self, mac: str) -> dict[str, Ends]:
        if mac in self._infrastructure or int(mac[:2], 16) & _GROUP_BIT:
            return {}
        found: dict[str, Ends] = {}
        for row in self._topology.sightings.get(mac, ()):
            if not row.uplink:
                port = self.bundle(row.port)
                for segment, vlan in self._carried.get(row.port.device, ()):
                    if vlan in (None, row.vlan):
                        ends = found.setdefault(segment, {})
                        ends[row.vlan] = ends.get(row.vlan, frozenset()) | {port}
        return found

    def bundle(self, port: SwitchPort) -> SwitchPort:
        """Return the aggregate that a port is a member of, or else the port itself."""
        name = self._aggregates.get(port.device, {}).get(port.port)
        return SwitchPort(port.device, name) if name else port

    def whole(self, ports: Iterable[SwitchPort]) -> bool:
        """Tell whether the devices of all these ports were read without gaps."""
        devices = self._view.devices
        return all(p.device in devices and not devices[p.device].gaps for p in ports)

    def distinct(self, one: SwitchPort, other: SwitchPort) -> bool:
        """Tell whether two ports are known to be two places, and neither leads to the other.

        On one switch they are. On two, an uplink that nobody configured and no LLDP confirms looks
        like an end port, with every station behind it: so the switches must be joined by known
        links, or both ports be servers' by the inventory. Two aggregates on two switches may be
        one (MLAG).
        """
        one, other = self.bundle(one), self.bundle(other)
        if one == other:
            return False
        if one.device == other.device:
            return True
        if self._is_aggregate(one) and self._is_aggregate(other):
            return False
        known = one in self._homes and other in self._homes
        islands = self._islands
        return known or islands.get(one.device, one) == islands.get(other.device, other)

    def _is_aggregate(self, port: SwitchPort) -> bool:
        return port.port in self._aggregates.get(port.device, {}).values()


def _infrastructure(view: View) -> Iterator[str]:
    """Yield the MACs of our own devices, and those that their virtual routers go by."""
    for device in view.devices.values():
        yield from filter(None, (i.phys_address for i in device.interfaces))
        yield from filter(None, (gateway.mac for gateway in device.virtual_gateways))
        yield device.base_address or ""
        yield device.chassis.chassis_id if device.chassis else ""
    for seen in view.segments:
        yield from (mac for gateway in seen.segment.gateways for mac in gateway.macs)
    yield from (mac for identity in view.remembered.values() for mac in identity.macs)


def _aggregates(device: DeviceView) -> dict[str, str]:
    """Return port -> its aggregate, by name, for members and for aggregates themselves."""
    names = {i.if_index: i.name for i in device.interfaces}
    above = {i: whole.name for i, whole in aggregates(device).items() if i != whole.if_index}
    members = {names[index]: whole for index, whole in above.items() if index in names}
    return members | {whole: whole for whole in above.values()}


def _islands(topology: Topology) -> dict[str, object]:
    """Return device -> one name for all the devices that confirmed links join it with."""
    island: dict[str, object] = {}
    neighbours: dict[str, set[str]] = {}
    for near, far in topology.links.items():
        neighbours.setdefault(near.device, set()).add(far.device)
    for start in neighbours:
        waiting = [start] if start not in island else []
        while waiting:
            device = waiting.pop()
            if device not in island:
                island[device] = start
                waiting += neighbours.get(device, ())
    return island
