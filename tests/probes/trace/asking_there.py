"""Asking along a way of namespaces with a wire of this machine's sockets, and watching it."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address

import pytest
from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from netguard.lab import namespaces
from probes.records import HopReply
from probes.trace.sockets import SocketWire
from tests import hops

ALIASES = IPv4Address("192.0.2.101"), IPv4Address("192.0.2.102")


async def replies_of(wire: SocketWire, most: int, patience: float = 3.0) -> list[HopReply]:
    """Return what has come, once so many have or none comes any more."""
    heard: list[HopReply] = []
    while len(heard) < most and (more := await wire.receive(patience)):
        heard += more
    return heard


def narrow(fd: int, rate: str) -> None:
    """Let the interface pass so many bits a second, and queue some sixty packets."""
    with namespaces.entered(fd), IPRoute() as ip:
        index = ip.link_lookup(ifname="e1")[0]
        try:
            ip.tc("add", "tbf", index=index, handle="1:", rate=rate, burst=1540, limit=3000)
        except NetlinkError as error:
            pytest.skip(f"NOT TESTED: this kernel has no token bucket queue ({error})")


@contextmanager
def aliases(way: hops.Way) -> Iterator[tuple[IPv4Address, IPv4Address]]:
    """Give `near` two addresses more, which `first` finds."""
    with namespaces.entered(way.near), IPRoute() as near:
        index = near.link_lookup(ifname="e1")[0]
        for alias in ALIASES:
            near.addr("add", index=index, address=str(alias), prefixlen=32)
        with namespaces.entered(way.first), IPRoute() as first:
            back = first.link_lookup(ifname="e0")[0]
            for alias in ALIASES:
                first.route("add", dst=f"{alias}/32", oif=back)
            yield ALIASES
            for alias in ALIASES:
                first.route("del", dst=f"{alias}/32", oif=back)
        for alias in ALIASES:
            near.addr("del", index=index, address=str(alias), prefixlen=32)


@contextmanager
def tap(way: hops.Way, protocol: int = 0x0800) -> Iterator[Callable[[], bytes]]:
    """Give a function that returns the next IP packet (EtherType `protocol`) `first` gets."""
    with namespaces.entered(way.first):
        seen = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        seen.bind(("e0", protocol))

    def following() -> bytes:
        while True:
            packet, (_, _, kind, *_) = seen.recvfrom(2048)
            if kind == socket.PACKET_HOST:
                return packet

    with seen:
        seen.settimeout(3)
        yield following


def weak(*command: str) -> str:
    """Run a program without any capability, and return what it prints."""
    without = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]
    done = subprocess.run([*without, *command], capture_output=True, text=True, check=True)
    return done.stdout
