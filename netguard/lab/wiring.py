"""Builds the network in the kernel and changes it: the only part that speaks netlink to write.

pyroute2's sockets belong to the thread that made them, so one thread does everything here.
"""

import os
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from netguard.lab import live, namespaces
from netguard.lab.topology import AGENTS, Cable, End, Host

_QUIET = (("ipv6/conf/all/disable_ipv6", "1"), ("ipv6/conf/default/disable_ipv6", "1"))
_BRIDGE = "br0"


class Network:
    """The hosts as namespaces, held by this process alone."""

    def __init__(self, hosts: Iterable[Host], cables: Iterable[Cable]) -> None:
        self.hosts = {host.name: host for host in hosts}
        self.files: dict[str, int] = {}
        self._netlink: dict[str, Any] = {}
        self.repeated: dict[End, list[bytes]] = {}
        for name in self.hosts:
            self.files[name] = namespaces.create()
            with namespaces.entered(self.files[name]):
                self._netlink[name] = IPRoute()
        for host in self.hosts.values():
            self._prepare(host)
        for cable in cables:
            self._connect(cable)
        for host in self.hosts.values():
            self._configure(host)

    def close(self) -> None:
        """Let go of everything; the kernel takes it down."""
        for ip in self._netlink.values():
            ip.close()
        for fd in self.files.values():
            os.close(fd)

    def _prepare(self, host: Host) -> None:
        for key, value in (*_QUIET, *host.sysctls):
            self.set_sysctl(host.name, key, value)
        ip = self._netlink[host.name]
        ip.link("set", index=1, state="up")
        if host.bridged:
            mac = {"address": host.bridge_mac} if host.bridge_mac else {}
            ip.link("add", ifname=_BRIDGE, kind="bridge", br_stp_state=0, br_forward_delay=0, **mac)
            ip.link("set", index=self.index(End(host.name, _BRIDGE)), state="up")

    def _connect(self, cable: Cable) -> None:
        left, right = cable
        peer: dict[str, Any] = {"ifname": right.interface, "net_ns_fd": self.files[right.host]}
        ip = self._netlink[left.host]
        ip.link("add", ifname=left.interface, kind="veth", peer=peer)
        for end, other in ((left, right), (right, left)):
            changes: dict[str, Any] = {"ifalias": f"{other.host} {other.interface}"}
            if mac := self._card_mac(end):
                changes["address"] = mac
            self._netlink[end.host].link("set", index=self.index(end), **changes)

    def _card_mac(self, end: End) -> str | None:
        cards = self.hosts[end.host].interfaces
        return next(card.mac for card in cards if card.name == end.interface)

    def _configure(self, host: Host) -> None:
        ip = self._netlink[host.name]
        for card in host.interfaces:
            end = End(host.name, card.name)
            if card.over:
                below = self.index(End(host.name, card.over))
                ip.link("add", ifname=card.name, kind="macvlan", link=below, address=card.mac)
            for address in card.addresses:
                self.add_address(end, address)
            if card.up:
                self.set_link(end, up=True)
        for name in host.bridged:
            bridge = self.index(End(host.name, _BRIDGE))
            ip.link("set", index=self.index(End(host.name, name)), master=bridge)

    def index(self, end: End) -> int:
        """Return the kernel's number for an interface."""
        number: int = self._netlink[end.host].link_lookup(ifname=end.interface)[0]
        return number

    def link(self, end: End) -> live.Link:
        """Return an interface as it is now."""
        (found,) = live.links(self._netlink[end.host], self.index(end))
        return found

    def add_address(self, end: End, address: str) -> None:
        """Give an interface an address such as `198.51.100.22/25`; having it already is well."""
        ip, prefix = address.split("/")
        self._netlink[end.host].addr(
            "replace", index=self.index(end), address=ip, prefixlen=int(prefix)
        )
        self._restore_default_route(end.host)

    def delete_address(self, end: End, address: str) -> None:
        """Take an address away; not having it is well."""
        ip, prefix = address.split("/")
        if any(str(own) == address for _, own in self.look(end.host).addresses):
            self._netlink[end.host].addr(
                "del", index=self.index(end), address=ip, prefixlen=int(prefix)
            )
        self._restore_default_route(end.host)

    def set_link(self, end: End, *, up: bool) -> None:
        """Take an interface up or down, as its owner or a switch's administrator does."""
        self._netlink[end.host].link("set", index=self.index(end), state="up" if up else "down")
        self._restore_default_route(end.host)

    def set_mac(self, end: End, mac: str) -> None:
        """Change an interface's hardware address."""
        self._netlink[end.host].link("set", index=self.index(end), address=mac)

    def set_sysctl(self, host: str, key: str, value: str) -> None:
        """Write `/proc/sys/net/<key>` of a host."""
        with namespaces.entered(self.files[host]):
            Path("/proc/sys/net", key).write_text(value, encoding="ascii")

    def add_route(self, end: End, destination: str) -> None:
        """Say that a network is directly reachable on an interface."""
        self._netlink[end.host].route("replace", dst=destination, oif=self.index(end))

    def delete_route(self, end: End, destination: str) -> None:
        """Take such a route away; not having it is well."""
        routes = self._netlink[end.host].get_routes(family=socket.AF_INET)
        if any(f"{r.get('dst')}/{r['dst_len']}" == destination for r in routes):
            self._netlink[end.host].route("del", dst=destination, oif=self.index(end))

    def _restore_default_route(self, host: str) -> None:
        """Add the default route again: the kernel drops it with the link or the address."""
        gateway = self.hosts[host].gateway
        if gateway is None:
            return
        try:
            self._netlink[host].route("replace", dst="default", gateway=gateway)
        except NetlinkError:  # out of reach while the link is down; added when it comes up
            return

    def send(self, end: End, frame: bytes) -> None:
        """Put a frame on the wire, as a program on that host with a packet socket does."""
        with (
            namespaces.entered(self.files[end.host]),
            socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as packets,
        ):
            packets.bind((end.interface, 0))
            packets.send(frame)

    def udp(self, host: str, bound: tuple[str, int] | None = None) -> socket.socket:
        """Open a UDP socket on a host."""
        with namespaces.entered(self.files[host]):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        if bound:
            sock.bind(bound)
        return sock

    def look(self, host: str) -> live.Snapshot:
        """Read a host's links, addresses, ARP table and FDB."""
        return live.read(self._netlink[host], {})

    def look_at_devices(self) -> Mapping[str, live.Snapshot]:
        """Read every device that runs an agent, with who is at the other end of its cables."""
        return {
            name: live.read(
                self._netlink[name],
                {other: self.files[other] for other in AGENTS if other != name},
            )
            for name in AGENTS
        }

    def owners(self, address: str) -> list[End]:
        """Return the interfaces that are up and have the address now."""
        return [
            End(host, link.name)
            for host, ip in self._netlink.items()
            for index in live.indexes_of(ip, address)
            for link in live.links(ip, index)
            if link.admin_up
        ]
