"""What a rule looks at: one segment, within everything that is known, with the way to its ports."""

from collections.abc import Iterator, Mapping

import msgspec

from netguard.inventory import Server, SwitchPort
from netguard.locate import Topology
from netguard.ports import find_port
from netguard.view import DeviceView, SegmentView, View, aggregates


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One swept segment (`seen`) of a `view`, with the `topology` of all devices in it.

    `homes` are the ports that the inventory gives to servers, by their if_name.
    """

    view: View
    seen: SegmentView
    topology: Topology
    homes: Mapping[SwitchPort, Server]

    @property
    def name(self) -> str:
        """The segment's name."""
        return self.seen.segment.name


def homes(view: View) -> dict[SwitchPort, Server]:
    """Return the servers' ports as the switches themselves name them, however they were typed."""
    found: dict[SwitchPort, Server] = {}
    shared = set()
    for server in view.inventory.servers:
        if server.port is not None and (device := view.devices.get(server.port.device)):
            for where in _ports(device, server.port.port):
                if found.setdefault(where, server) is not server:
                    shared.add(where)
    return {where: server for where, server in found.items() if where not in shared}


def _ports(device: DeviceView, name: str) -> Iterator[SwitchPort]:
    """Yield the port of that name, and the aggregate that it is in."""
    port = find_port(device.interfaces, name)
    if port is not None:
        yield SwitchPort(device.device.name, port.name)
        if aggregate := aggregates(device).get(port.if_index):
            yield SwitchPort(device.device.name, aggregate.name)
