"""Builds the network in the kernel and changes it: the only part that speaks netlink to write.

pyroute2's sockets belong to the thread that made them, so one thread does everything here.
"""

import contextlib
import os
import socket
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from netguard.lab import live, namespaces, tunnels
from netguard.lab.topology import AGENTS, BRIDGE, Cable, End, Host
from netguard.lab.userspace_router import Side

_QUIET = (
    ("ipv6/conf/all/disable_ipv6", "1"),
    ("ipv6/conf/default/disable_ipv6", "1"),
    # a new namespace copies these from the machine, which may run containers
    ("ipv4/ip_forward", "0"),
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/conf/default/rp_filter", "0"),
)


class Network:
    """The hosts as namespaces, held by this process alone."""

    def __init__(self, hosts: Iterable[Host], cables: Iterable[Cable]) -> None:
        self.hosts = {host.name: host for host in hosts}
        self.files: dict[str, int] = {}
        self._netlink: dict[str, Any] = {}
        self.repeated: dict[End, list[bytes]] = {}
        self.in_turn: dict[End, deque[tuple[End, bytes]]] = {}
        self.passing: dict[End, str] = {}
        self._relays: dict[End, tunnels.Relay] = {}
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
        for at in list(self._relays):
            self.stop_relay(at)
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
            ip.link("add", ifname=BRIDGE, kind="bridge", br_stp_state=0, br_forward_delay=0, **mac)
            ip.link("set", index=self.index(End(host.name, BRIDGE)), state="up")

    def _connect(self, cable: Cable) -> None:
        left, right = cable
        peer: dict[str, Any] = {"ifname": right.interface, "net_ns_fd": self.files[right.host]}
        ip = self._netlink[left.host]
        ip.link("add", ifname=left.interface, kind="veth", peer=peer)
        for end, other in ((left, right), (right, left)):
            mac = self._card_mac(end)
            self._label(end, other, **({"address": mac} if mac else {}))

    def _card_mac(self, end: End) -> str | None:
        cards = self.hosts[end.host].interfaces
        return next(card.mac for card in cards if card.name == end.interface)

    def _configure(self, host: Host) -> None:
        ip = self._netlink[host.name]
        for card in host.interfaces:
            end = End(host.name, card.name)
            if card.over:
                self._stand_on(card.over, end, card.mac)
            for address in card.addresses:
                self.add_address(end, address)
            if card.up:
                self.set_link(end, up=True)
        for name in host.bridged:
            bridge = self.index(End(host.name, BRIDGE))
            ip.link("set", index=self.index(End(host.name, name)), master=bridge)

    def _stand_on(self, below: End, end: End, mac: str | None) -> None:
        place: dict[str, Any] = {"link": self.index(below), "net_ns_fd": self.files[end.host]}
        ip = self._netlink[below.host]
        ip.link("add", ifname=end.interface, kind="macvlan", address=mac, **place)
        self._label(end, below)

    def _label(self, end: End, other: End, **more: Any) -> None:  # noqa: ANN401 - pyroute2's words
        """Say at an interface what it hangs on, and change what else is given."""
        alias = f"{other.host} {other.interface}"
        self._netlink[end.host].link("set", index=self.index(end), ifalias=alias, **more)

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
        self.restore_routes(end.host)

    def delete_address(self, end: End, address: str) -> None:
        """Take an address away; not having it is well."""
        ip, prefix = address.split("/")
        if any(str(own) == address for _, own in self.look(end.host).addresses):
            self._netlink[end.host].addr(
                "del", index=self.index(end), address=ip, prefixlen=int(prefix)
            )
        self.restore_routes(end.host)

    def set_link(self, end: End, *, up: bool) -> None:
        """Take an interface up or down, as its owner or a switch's administrator does."""
        self._netlink[end.host].link("set", index=self.index(end), state="up" if up else "down")
        self.restore_routes(end.host)

    def set_mac(self, end: End, mac: str) -> None:
        """Change an interface's hardware address."""
        self._netlink[end.host].link("set", index=self.index(end), address=mac)

    def set_sysctl(self, host: str, key: str, value: str) -> None:
        """Write `/proc/sys/net/<key>` of a host."""
        with namespaces.entered(self.files[host]):
            Path("/proc/sys/net", key).write_text(value, encoding="ascii")

    def add_route(self, end: End, destination: str) -> None:
        """Say that a network is directly reachable on an interface."""
        self._netlink[end.host].route(
            "replace", family=socket.AF_INET, dst=destination, oif=self.index(end)
        )

    def delete_route(self, end: End, destination: str) -> None:
        """Take such a route away; not having it is well."""
        routes = self._netlink[end.host].get_routes(family=socket.AF_INET)
        if any(f"{r.get('dst')}/{r['dst_len']}" == destination for r in routes):
            self._netlink[end.host].route("del", dst=destination, oif=self.index(end))

    def restore_routes(self, host: str) -> None:
        """Add the routes through others again: the kernel drops them with the link or address."""
        gateway = self.hosts[host].gateway
        default = [("default", gateway)] if gateway else []
        for destination, through in (*default, *self.hosts[host].routes):
            # out of reach while the link is down; added when it comes up
            with contextlib.suppress(NetlinkError):
                self._netlink[host].route("replace", dst=destination, gateway=through)

    def spread_default_route(self, host: str, gateways: Iterable[str]) -> None:
        """Let a host send each flow through one of several gateways, equally."""
        ways = [{"gateway": gateway, "hops": 0} for gateway in gateways]
        self._netlink[host].route("replace", family=socket.AF_INET, dst="default", multipath=ways)

    def start_relay(
        self,
        at: End,
        ends: Mapping[Side, End],
        carry: tunnels.Carry,
        *,
        delay: float,
        mtu: int,
    ) -> None:
        """Carry packets between two hosts' interfaces; those named `tunnels.TUN` are made."""
        ports: dict[Side, tunnels.Port] = {}
        with contextlib.ExitStack() as undoing:
            for side, end in ends.items():
                with namespaces.entered(self.files[end.host]):
                    ports[side] = tunnels.open_port(end.interface)
                undoing.callback(ports[side].close)
            self._set_up_tunnel(ends, mtu)
            self._relays[at] = tunnels.Relay(ports, carry, delay, self.files[at.host])
            undoing.pop_all()

    def _set_up_tunnel(self, ends: Mapping[Side, End], mtu: int) -> None:
        outside, inside = ends["outside"], ends.get("inside")
        if inside is None:
            return
        for end, other in ((outside, inside), (inside, outside)):
            if end.interface == tunnels.TUN:
                self._label(end, other, mtu=mtu, state="up")
        self.add_route(inside, "default")

    def stop_relay(self, at: End) -> None:
        """Stop carrying packets, which takes the tunnel away; not having one is well."""
        if relay := self._relays.pop(at, None):
            relay.close()

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

    def look_at_device(self, name: str) -> live.Snapshot:
        """Read a device that runs an agent, with who is at the other end of its cables."""
        others = {other: self.files[other] for other in AGENTS if other != name}
        return live.read(self._netlink[name], others)

    def owners(self, address: str) -> list[End]:
        """Return the interfaces that are up and have the address now."""
        return [
            End(host, link.name)
            for host, ip in self._netlink.items()
            for index in live.indexes_of(ip, address)
            for link in live.links(ip, index)
            if link.admin_up
        ]
