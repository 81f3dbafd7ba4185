"""What the devices tell of their own accord: SNMPv2c notifications to the station, as they happen.

A station that moves from one port to another is the kernel's own word (RTM_NEWNEIGH of a bridge),
told as Catalyst switches tell it: cmnMacMoveNotification. Who passes as a device comes and goes in
lldpRemTablesChange (LLDP-MIB).
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Mapping

from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from netguard.lab import namespaces
from netguard.lab.agent import notification
from netguard.lab.devices import Devices
from netguard.lab.mib import Gauge, Oid, Ticks, Value, mac_bytes
from netguard.lab.topology import AGENTS, TOLD, VLAN
from netguard.lab.wiring import Network

_MAC_NOTIFICATION = (1, 3, 6, 1, 4, 1, 9, 9, 215)  # CISCO-MAC-NOTIFICATION-MIB
_MAC_MOVE = (*_MAC_NOTIFICATION, 2, 0, 2)
_LLDP = (1, 0, 8802, 1, 1, 2)
_REM_TABLES_CHANGE = (*_LLDP, 0, 0, 1)

_RTMGRP_NEIGH = 4
_LONGEST = 65536  # octets of one message from the kernel
_OFTEN = 0.1  # seconds


class Notifications:
    """Tells the station what happens at the devices; needs a running event loop."""

    def __init__(self, network: Network, devices: Devices) -> None:
        self._devices = devices
        self._senders = {name: network.udp(name, (AGENTS[name], 0)) for name in AGENTS}
        self._heard = {name: _kernel(network.files[name]) for name in AGENTS}
        self._learned: dict[str, dict[str, int]] = {name: {} for name in AGENTS}
        self._neighbours = {name: [0, 0] for name in AGENTS}  # that came, and that went
        for name, kernel in self._heard.items():
            asyncio.get_running_loop().add_reader(kernel, self._hear, name, kernel)

    def close(self) -> None:
        """Tell nothing more."""
        for kernel in self._heard.values():
            asyncio.get_running_loop().remove_reader(kernel)
        for sock in (*self._heard.values(), *self._senders.values()):
            sock.close()

    def _hear(self, name: str, kernel: socket.socket) -> None:
        try:
            for mac, index in _learned(kernel):
                self._learn(name, mac, index)
        except BlockingIOError:
            return  # all is read
        except OSError:  # more than could be kept: nobody knows what was learned
            self._learned[name].clear()

    def _learn(self, name: str, mac: str, index: int | None) -> None:
        before = self._learned[name].pop(mac, None)
        if index is not None:
            self._learned[name][mac] = index
            if before is not None and before != index:
                self._tell_move(name, mac, before, index)

    def _tell_move(self, name: str, mac: str, *ports: int) -> None:
        self._devices.forget(name)
        source, target = (self._devices.base_port(name, port) for port in ports)
        now = Ticks(self._devices.up_time * 100)
        told: tuple[Value, ...] = (mac_bytes(mac), Gauge(VLAN), source, target, now)
        objects: dict[Oid, Value] = {
            (*_MAC_NOTIFICATION, 1, 3, column, 0): value for column, value in enumerate(told, 3)
        }
        self._tell(name, _MAC_MOVE, objects)

    async def follow_neighbours(self) -> None:
        """Tell who comes and goes, until cancelled."""
        known: Mapping[str, object] = {}
        while True:
            passing = {name: self._devices.passing(name) for name in AGENTS}
            for name in AGENTS:
                if passing[name] != known.get(name, {}):
                    self._tell_neighbours(name, came=bool(passing[name]))
            known = passing
            await asyncio.sleep(_OFTEN)

    def _tell_neighbours(self, name: str, *, came: bool) -> None:
        self._devices.forget(name)
        self._neighbours[name][not came] += 1
        # lldpStatsRemTables: Inserts, Deletes, Drops, Ageouts
        counted = (*self._neighbours[name], 0, 0)
        told: dict[Oid, Value] = {
            (*_LLDP, 1, 2, column, 0): Gauge(value) for column, value in enumerate(counted, 2)
        }
        self._tell(name, _REM_TABLES_CHANGE, told)

    def _tell(self, name: str, trap: Oid, objects: Mapping[Oid, Value]) -> None:
        octets = notification(trap, self._devices.up_time, objects)
        with contextlib.suppress(OSError):  # nobody receives it
            self._senders[name].sendto(octets, TOLD)


def _kernel(namespace: int) -> socket.socket:
    """Open a socket on which the kernel tells what is learned in a namespace."""
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
    with namespaces.entered(namespace):
        kernel = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
    kernel.bind((0, _RTMGRP_NEIGH))
    return kernel


def _learned(kernel: socket.socket) -> Iterator[tuple[str, int | None]]:
    """Yield the stations that bridges have learned, with the port's index, None: forgotten.

    Raises BlockingIOError when there are no more, OSError where some were lost.
    """
    while True:
        for message in MarshalRtnl().parse(kernel.recv(_LONGEST)):
            if message["family"] == socket.AF_BRIDGE and message.get("master"):
                index = message["ifindex"] if message["event"] == "RTM_NEWNEIGH" else None
                yield message.get("NDA_LLADDR"), index
