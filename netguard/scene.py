"""What a rule looks at: one segment, within everything that is known, with the way to its ports."""

from collections.abc import Mapping

import msgspec

from netguard.inventory import Server, SwitchPort
from netguard.locate import Topology
from netguard.ports import find_port
from netguard.view import SegmentView, View


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
            port = find_port(device.interfaces, server.port.port)
            if port is not None:
                where = SwitchPort(server.port.device, port.name)
                if found.setdefault(where, server) is not server:
                    shared.add(where)
    return {where: server for where, server in found.items() if where not in shared}
