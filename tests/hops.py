"""A way of real kernels: near - first - second - far, by IPv4 and IPv6, narrow at its end."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, NamedTuple

from pyroute2 import IPRoute

from netguard.lab import namespaces

FIRST, SECOND, FAR = map(IPv4Address, ("192.0.2.1", "192.0.2.6", "198.51.100.2"))
FIRST6, SECOND6, FAR6 = map(IPv6Address, ("2001:db8:1::1", "2001:db8:2::2", "2001:db8:3::2"))
NOBODY = IPv4Address("198.51.100.77")
FORBIDDEN, FORBIDDEN6 = IPv4Address("203.0.113.5"), IPv6Address("2001:db8:9::5")
MTU = 1420

_ADDRESSES = {
    "near": {"e1": ("192.0.2.2/30", "2001:db8:1::2/64")},
    "first": {
        "e0": ("192.0.2.1/30", "2001:db8:1::1/64"),
        "e1": ("192.0.2.5/30", "2001:db8:2::1/64"),
    },
    "second": {
        "e0": ("192.0.2.6/30", "2001:db8:2::2/64"),
        "e1": ("198.51.100.1/24", "2001:db8:3::1/64"),
    },
    "far": {"e0": ("198.51.100.2/24", "2001:db8:3::2/64")},
}
_ROUTES = {
    "near": (("default", "192.0.2.1"), ("default", "2001:db8:1::1")),
    "first": (("198.51.100.0/24", "192.0.2.6"), ("2001:db8:3::/64", "2001:db8:2::2")),
    "second": (("192.0.2.0/30", "192.0.2.5"), ("2001:db8:1::/64", "2001:db8:2::1")),
    "far": (("default", "198.51.100.1"), ("default", "2001:db8:3::1")),
}


class Way(NamedTuple):
    """The namespaces, in the order of the way."""

    near: int
    first: int
    second: int
    far: int


@contextmanager
def way() -> Iterator[Way]:
    """Make the way, and take it down."""
    with ExitStack() as stack:
        hosts = {name: _host(stack) for name in _ADDRESSES}
        for left, right in zip(_ADDRESSES, list(_ADDRESSES)[1:], strict=False):
            with _ip(hosts[left]) as ip:
                peer = {"ifname": "e0", "net_ns_fd": hosts[right]}
                ip.link("add", ifname="e1", kind="veth", peer=peer)
        for name, fd in hosts.items():
            _set_up(name, fd)
        yield Way(**hosts)


def _host(stack: ExitStack) -> int:
    fd = namespaces.create()
    stack.callback(os.close, fd)
    with namespaces.entered(fd):
        for key in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            Path("/proc/sys/net", key).write_text("1", encoding="ascii")
        for kind in ("all", "default"):  # so that IPv6 works at once
            Path(f"/proc/sys/net/ipv6/conf/{kind}/accept_dad").write_text("0", encoding="ascii")
        # Every test asks the same routers.
        Path("/proc/sys/net/ipv4/icmp_ratelimit").write_text("0", encoding="ascii")
        Path("/proc/sys/net/ipv6/icmp/ratelimit").write_text("0", encoding="ascii")
    return fd


def _set_up(name: str, fd: int) -> None:
    with _ip(fd) as ip:
        ip.link("set", index=1, state="up")
        for card, addresses in _ADDRESSES[name].items():
            index = ip.link_lookup(ifname=card)[0]
            narrow = (name, card) in {("second", "e1"), ("far", "e0")}
            ip.link("set", index=index, state="up", mtu=MTU if narrow else 1500)
            for address in addresses:
                ip.addr("add", index=index, address=address)
        for network, gateway in _ROUTES[name]:
            ip.route("add", dst=network, gateway=gateway, family=10 if ":" in gateway else 2)
        if name == "first":
            ip.route("add", dst=f"{FORBIDDEN}/32", type="prohibit")
            ip.route("add", dst=f"{FORBIDDEN6}/128", type="prohibit", family=10)


@contextmanager
def _ip(fd: int) -> Iterator[Any]:
    with namespaces.entered(fd), IPRoute() as ip:
        yield ip
