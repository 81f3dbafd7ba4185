"""Joins agents and kernel: each answer is made from what the devices look like at that moment."""

import time
from collections.abc import Mapping
from concurrent.futures import Executor

from netguard.lab import mib
from netguard.lab.agent import Agent, Table, View
from netguard.lab.faces import FACES, ports
from netguard.lab.topology import AGENTS, CABLES, VLAN, End
from netguard.lab.wiring import Network

_FRESH = 0.3  # seconds a look at the kernel may be old, so that a walk sees one state


class Devices:
    """All devices as they are now. `kernel` is the one thread that may ask the network."""

    def __init__(self, network: Network, kernel: Executor) -> None:
        self._network = network
        self._kernel = kernel
        self._started = time.monotonic()
        self._looked = float("-inf")
        self._devices: Mapping[str, mib.Device] = {}
        self._tables: dict[tuple[str, str], Table] = {}

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked < _FRESH:
            return
        seen = self._kernel.submit(self._network.look_at_devices).result()
        self._devices = {
            name: mib.Device(
                name=name,
                face=FACES[name],
                seen=snapshot,
                vlan=VLAN,
                up_time=now - self._started,
                passing=self._passing(name),
            )
            for name, snapshot in seen.items()
        }
        self._tables.clear()
        self._looked = time.monotonic()

    def _passing(self, name: str) -> dict[str, str]:
        """Return the device's ports on which somebody passes as another device."""
        other = {cable.right: cable.left for cable in CABLES}
        other |= {cable.left: cable.right for cable in CABLES}
        said = ((other[at], device) for at, device in self._network.passing.items())
        return {port.interface: device for port, device in said if port.host == name}

    def table(self, name: str, view: str) -> Table:
        """Return a device's rows in order, and by name, for one of its contexts."""
        self._look()
        if (name, view) not in self._tables:
            device = self._devices[name]
            rows = mib.vlan_view(device) if view else mib.default_view(device, self._devices)
            values = dict(rows)
            self._tables[name, view] = sorted(values), values
        return self._tables[name, view]

    def set_admin_status(self, name: str, if_index: int, *, up: bool) -> None:
        """Take a device's port up or down in the kernel."""
        device = self._devices[name]
        link = next(p.link for p in ports(device.face, device.seen) if p.if_index == if_index)
        end = End(name, link.name)
        self._kernel.submit(self._network.set_link, end, up=up).result()
        self._looked = float("-inf")


def start_agents(network: Network, kernel: Executor) -> list[Agent]:
    """Start every device's agent on its management address; needs a running event loop."""
    devices = Devices(network, kernel)
    return [_start(name, network, devices) for name in AGENTS]


def _start(name: str, network: Network, devices: Devices) -> Agent:
    views = ["", f"vlan-{VLAN}"] if FACES[name].per_vlan else [""]
    sock = network.udp(name, (AGENTS[name], 161))
    return Agent(sock, {view: _view(name, view, devices) for view in views})


def _view(name: str, view: str, devices: Devices) -> View:
    def table() -> Table:
        return devices.table(name, view)

    def set_admin_status(if_index: int, up: bool) -> None:  # noqa: FBT001 - the status itself
        devices.set_admin_status(name, if_index, up=up)

    return View(table, set_admin_status)
