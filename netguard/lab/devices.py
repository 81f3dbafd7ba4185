"""Joins agents and kernel: each answer is made from what the devices look like at that moment."""

import time
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
        self._looked: dict[str, float] = {}
        self._devices: dict[str, mib.Device] = {}
        self._tables: dict[tuple[str, str], Table] = {}

    def _device(self, name: str) -> mib.Device:
        if self._is_old(name):
            self._devices[name] = mib.Device(
                name=name,
                face=FACES[name],
                seen=self._kernel.submit(self._network.look_at_device, name).result(),
                vlan=VLAN,
                up_time=self.up_time,
                passing=self.passing(name),
            )
            self._looked[name] = time.monotonic()
            self._drop_tables(name)
        return self._devices[name]

    def _is_old(self, name: str) -> bool:
        return time.monotonic() - self._looked.get(name, float("-inf")) >= _FRESH

    def _drop_tables(self, name: str) -> None:
        """Drop what was made of a device: its own, and those that show its neighbours."""
        kept = {key: table for key, table in self._tables.items() if key[0] != name and key[1]}
        self._tables = kept

    @property
    def up_time(self) -> float:
        """Seconds since the devices were started."""
        return time.monotonic() - self._started

    def forget(self, name: str) -> None:
        """See to it that a device's next answer is made of what the kernel says then."""
        self._looked.pop(name, None)

    def base_port(self, name: str, index: int) -> int:
        """Return the bridge port number of a device's interface, by the kernel's index of it."""
        device = self._devices[name] if name in self._devices else self._device(name)
        links = device.seen.links
        return next((link.base_port or 0 for link in links if link.index == index), 0)

    def passing(self, name: str) -> dict[str, str]:
        """Return the device's ports on which somebody passes as another device."""
        other = {cable.right: cable.left for cable in CABLES}
        other |= {cable.left: cable.right for cable in CABLES}
        said = ((other[at], device) for at, device in dict(self._network.passing).items())
        return {port.interface: device for port, device in said if port.host == name}

    def table(self, name: str, view: str) -> Table:
        """Return a device's rows in order, and by name, for one of its contexts."""
        if not view and self._is_old(name):  # who its neighbours are shows there
            for each in AGENTS:
                self._device(each)
        device = self._device(name)
        if (name, view) not in self._tables:
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
        for each in AGENTS:
            self.forget(each)


def start_agents(network: Network, devices: Devices) -> list[Agent]:
    """Start every device's agent on its management address; needs a running event loop."""
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
