"""What servers do with the blocks that are routed to them, as a table of real actions.

Troubles route addresses onward, to somewhere past the server. Look-alikes do not.
"""

from ipaddress import IPv4Address, IPv4Network

from netguard.lab.actions import RouteOnLink, Scenario, SetLink, SetSysctl, TakeAddress
from netguard.lab.onward import BindAddresses, RouteInUserspace, SpreadDefaultRoute, Tunnel
from netguard.lab.topology import GATEWAY, STATION, End
from netguard.lab.tunnels import TUN
from netguard.lab.userspace_router import Router

_VPN_MTU = 1420


def _eth0(host: str) -> End:
    return End(host, "eth0")


def _forwards(host: str) -> SetSysctl:
    return SetSysctl(_eth0(host), "ipv4/ip_forward", "1", "0")


def _hosts(prefix: str, *numbers: int) -> tuple[str, ...]:
    """Return addresses such as `203.0.113.130/32`."""
    return tuple(f"{prefix}.{number}/32" for number in numbers)


FORWARDING = (
    Scenario(
        "vpn-gateway",
        "trouble",
        "ds0002 routes half of its block into a VPN to a place far away, and half straight back",
        (
            _forwards("ds0002"),
            Tunnel(_eth0("ds0002"), "roamer", delay=0.025, mtu=_VPN_MTU),
            RouteOnLink(End("ds0002", TUN), "203.0.113.144/29"),
            BindAddresses(End("roamer", TUN), _hosts("203.0.113", 145, 146, 147, 148, 150)),
        ),
    ),
    Scenario(
        "colocation",
        "trouble",
        "ds0003 routes its block to two machines behind it that nobody knows about",
        (
            _forwards("ds0003"),
            BindAddresses(End("ds0003", "br0"), ("203.0.113.161/28",)),
            BindAddresses(_eth0("colo1"), ("203.0.113.162/28", "203.0.113.163/28")),
            BindAddresses(
                _eth0("colo2"), ("203.0.113.164/28", "203.0.113.165/28", "203.0.113.166/28")
            ),
        ),
    ),
    Scenario(
        "silent-hop",
        "trouble",
        "ds0006 routes its block onward and never says time exceeded, so traceroute shows a star",
        (
            RouteInUserspace(
                _eth0("ds0006"),
                Router(
                    address=IPv4Address("198.51.100.26"),
                    block=IPv4Network("203.0.113.208/28"),
                    time_exceeded=False,
                ),
                "behind6",
            ),
            BindAddresses(End("behind6", TUN), _hosts("203.0.113", *range(209, 216))),
        ),
    ),
    Scenario(
        "rationed-errors",
        "trouble",
        "ds0007 routes its block onward and says time exceeded at most once in two seconds",
        (
            RouteInUserspace(
                _eth0("ds0007"),
                Router(
                    address=IPv4Address("198.51.100.27"),
                    block=IPv4Network("203.0.113.224/28"),
                    error_interval=2.0,
                ),
                "behind7",
            ),
            BindAddresses(End("behind7", TUN), _hosts("203.0.113", *range(225, 233))),
        ),
    ),
    Scenario(
        "whole-block-nat",
        "trouble",
        "ds0008 translates every address of its block to one machine behind it",
        (
            RouteInUserspace(
                _eth0("ds0008"),
                Router(
                    address=IPv4Address("198.51.100.28"),
                    block=IPv4Network("203.0.113.240/28"),
                    nat=IPv4Network("192.0.2.240/28"),
                ),
                "behind8",
            ),
            BindAddresses(End("behind8", TUN), _hosts("192.0.2", *range(240, 256))),
        ),
    ),
    Scenario(
        "hidden-hop",
        "trouble",
        "ds0005 sends its block into a tunnel and leaves the TTL alone, so no traceroute sees it",
        (
            RouteInUserspace(
                _eth0("ds0005"),
                Router(
                    address=IPv4Address("198.51.100.25"),
                    block=IPv4Network("198.51.100.144/28"),
                    decrement=False,
                    delay=0.020,
                    mtu=_VPN_MTU,
                ),
                "behind5",
            ),
            BindAddresses(End("behind5", TUN), _hosts("198.51.100", *range(145, 151))),
        ),
    ),
    Scenario(
        "echo-only",
        "trouble",
        "vr2 answers pings for its whole block itself and sends everything else into a tunnel",
        (
            RouteInUserspace(
                _eth0("vr2"),
                Router(
                    address=IPv4Address("198.51.100.5"),
                    block=IPv4Network("198.51.100.160/28"),
                    echo=True,
                    delay=0.020,
                    mtu=_VPN_MTU,
                ),
                "behind-vr2",
            ),
            BindAddresses(End("behind-vr2", TUN), _hosts("198.51.100", *range(161, 169))),
        ),
    ),
    Scenario(
        "aliases",
        "look-alike",
        "ds0001 has six addresses of its block on itself, and does not use the others",
        (BindAddresses(_eth0("ds0001"), _hosts("203.0.113", *range(129, 135))),),
    ),
    Scenario(
        "bridging",
        "look-alike",
        "ds0004 runs two virtual machines that have MACs of their own on its port",
        (
            TakeAddress(End("edge1", "e1-1"), "203.0.113.177/28"),
            SetLink(_eth0("guest1"), up=True),
            SetLink(_eth0("guest2"), up=True),
            BindAddresses(_eth0("guest1"), ("203.0.113.178/28", "203.0.113.179/28")),
            BindAddresses(_eth0("guest2"), ("203.0.113.180/28",)),
        ),
    ),
    Scenario(
        "container-host",
        "look-alike",
        "ds0009 runs containers: its kernel would route, but its packet filter drops all of it",
        (
            RouteInUserspace(
                _eth0("ds0009"),
                Router(
                    address=IPv4Address("198.51.100.29"),
                    block=IPv4Network("198.51.100.128/28"),
                    forward=False,
                ),
            ),
            BindAddresses(_eth0("ds0009"), _hosts("198.51.100", 129, 130)),
        ),
    ),
    Scenario(
        "uneven-paths",
        "look-alike",
        "mon's flows are spread over two ways of unequal length, through edge1 and through vr1",
        (
            _forwards("vr1"),
            SetSysctl(End(STATION, "eth1"), "ipv4/fib_multipath_hash_policy", "1", "0"),
            SpreadDefaultRoute(End(STATION, "eth1"), (GATEWAY, "198.51.100.4")),
        ),
    ),
)
