r"""A routed network of real kernels, and what is true of each address that its servers were given.

    nv -- core ------- edge -- segment -- S1 ... S6, on-link
             \- mid -/             (mid only with `ecmp`: a second way, one hop longer)

Every server is the third hop from nv, and has a /26 and an IPv6 /120:

    S1  plain: 40 of the block bound, the rest thrown away
    S2  VPN: the whole block into a tunnel (MTU 1420), 15 ms each way, 20 addresses at its other end
    S3  colocation: the first 16 on an inner bridge with two machines (8 addresses), the rest loops
    S4  plain: the block lies on the segment itself, the edge has one address of it, S4 has 20
    S5  passes its block on to a machine with 10 addresses, and sends no time-exceeded
    S6  a container host: 12 bound; ip_forward is on, but what it would pass on is dropped

The servers' kernels limit ICMP errors as they do by default; core, mid and edge do not.
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from netguard.lab import namespaces
from tests import routed_plan as plan
from tests import tunnel_relay
from tests.forwarding_truth import Network, Truth

DELAY = 0.015  # seconds that a packet takes through the tunnel of S2, each way
_TUN = Path("/dev/net/tun")
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 1, 0x1000
_SIOCGIFFLAGS, _IFF_RUNNING = 0x8913, 0x40
_QUIET = {
    "ipv6/conf/default/accept_dad": "0",
    "ipv6/conf/default/accept_ra": "0",
    "ipv6/conf/default/router_solicitations": "0",
    # Reports of multicast groups are repeated at once, so that none is sent later.
    "ipv6/conf/default/mldv2_unsolicited_report_interval": "1",
}
_DEFAULTS = {
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "ipv4/icmp_ratelimit": "1000",
    "ipv4/icmp_ratemask": "6168",
}
_FORWARDING = {"ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1"}
_UNLIMITED = {
    "ipv4/icmp_ratelimit": "0",
    "ipv4/icmp_msgs_per_sec": "1000000",
    "ipv4/icmp_msgs_burst": "100000",
    "ipv6/icmp/ratelimit": "0",
}
_BY_FLOW = {"ipv4/fib_multipath_hash_policy": "1", "ipv6/fib_multipath_hash_policy": "1"}


def missing() -> str:
    """Return what this machine lacks for the network, or nothing."""
    lacks = [program for program in ("ip", "nft") if shutil.which(program) is None]
    lacks += [] if _TUN.exists() else [str(_TUN)]
    return f"NOT TESTED: no {' and no '.join(lacks)} here" if lacks else ""


@dataclass(frozen=True, slots=True)
class Routed(Network):
    """The network while it stands, seen from nv; `hosts` are files of all its namespaces."""

    hosts: dict[str, int]


@contextmanager
def routed(*, ecmp: bool = False) -> Iterator[Routed]:
    """Make the network, and take it down afterwards. With `ecmp` core has two ways to the edge."""
    with ExitStack() as stack:
        hosts: dict[str, int] = {}
        for name in plan.orders(ecmp=ecmp):
            hosts[name] = namespaces.create()
            stack.callback(os.close, hosts[name])
            _set_up(name, hosts[name])
        _connect(hosts, plan.WIRES + (plan.LONG_WAY if ecmp else ()))
        stack.enter_context(_tunnel(*(hosts[name] for name in plan.TUNNELLED)))
        for name, lines in plan.orders(ecmp=ecmp).items():
            _ip(hosts[name], lines)
        for name, rules in plan.FILTERS.items():
            with namespaces.entered(hosts[name]):
                subprocess.run(["nft", rules], check=True)
        sources = (*plan.SOURCES, *plan.SOURCES6)
        servers, truth = tuple(plan.servers()), Truth.told(plan.places())
        yield Routed(hosts["nv"], plan.UPLINK, sources, servers, truth, hosts)


def _set_up(name: str, fd: int) -> None:
    settings = _QUIET | _DEFAULTS
    if name in plan.FORWARDING:
        settings |= _FORWARDING
    if name in plan.UNLIMITED:
        settings |= _UNLIMITED | _BY_FLOW
    if name == "nv":
        settings["ipv6/conf/default/addr_gen_mode"] = "1"  # no link-local address of its own
    with namespaces.entered(fd):
        for key, value in settings.items():
            Path("/proc/sys/net", key).write_text(value, encoding="ascii")
    _ip(fd, ["link set lo up"])


def _connect(hosts: dict[str, int], wires: tuple[plan.Wire, ...]) -> None:
    def at(end: plan.End) -> str:
        return f"name {end.card} netns /proc/{os.getpid()}/fd/{hosts[end.host]}"

    _ip(hosts["nv"], [f"link add {at(near)} type veth peer {at(far)}" for near, far in wires])
    ends = [end for wire in wires for end in wire]
    for name, fd in hosts.items():
        _ip(fd, [f"link set {end.card} up" for end in ends if end.host == name])
    for end in ends:
        _wait_for_carrier(hosts[end.host], end.card)


def _wait_for_carrier(fd: int, card: str) -> None:
    """Wait until the kernel has noticed that both ends are up; IPv6 routes need it."""
    request = struct.pack("16s24x", card.encode())
    with namespaces.entered(fd), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for _ in range(1000):
            flags = struct.unpack_from("H", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request), 16)[0]
            if flags & _IFF_RUNNING:
                return
            sleep(0.002)
    raise TimeoutError(f"{card} has no carrier")


def _ip(fd: int, lines: list[str]) -> None:
    with namespaces.entered(fd):
        subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)


@contextmanager
def _tunnel(*hosts: int) -> Iterator[None]:
    """Join two hosts by a TUN device in each, and a process that carries packets between them."""
    with ExitStack() as stack:
        ends = [_tun(fd) for fd in hosts]
        for end in ends:
            stack.callback(os.close, end)
        command = [sys.executable, tunnel_relay.__file__, *map(str, ends), str(DELAY)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=ends):
            yield  # the end of its standard input ends it


def _tun(fd: int) -> int:
    with namespaces.entered(fd):
        end = os.open(_TUN, os.O_RDWR | os.O_CLOEXEC)
        request = struct.pack("16sH22x", plan.TUNNEL.encode(), _IFF_TUN | _IFF_NO_PI)
        fcntl.ioctl(end, _TUNSETIFF, request)
    return end
