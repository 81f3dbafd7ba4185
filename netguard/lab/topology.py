r"""The practice network as plain tables: hosts, their interfaces, and the cables between them.

                        upstream 203.0.113.10
                               |
    oob 192.0.2.0/24        edge1   198.51.100.1
    (edge1, cat1,              |
     cat2, mon)              cat1 ======= cat2        segment web-226, 198.51.100.0/25
                            / | | \       / | \
                    ds0001-4 ds0010 ... ds0005-9
                    vr1, mon              vr2

Behind some servers stand machines of their customers, which nothing leads to until a scenario
does: `roamer`, `colo1`, `guest1` and so on; see `BLOCKS` for the addresses routed to the servers.

Addresses are from the documentation ranges (RFC 5737), MACs from RFC 7042's (00:00:5e:00:53).
"""

from typing import Literal, NamedTuple

import msgspec

GATEWAY = "198.51.100.1"
VLAN = 226
BRIDGE = "br0"
STATION = "mon"  # where netguard is run

Role = Literal["router", "switch", "server", "station", "upstream", "customer", "wire"]


class End(NamedTuple):
    """One end of a cable."""

    host: str
    interface: str


class Interface(msgspec.Struct, frozen=True):
    """A network card: its kernel name, and what it has when all is well.

    `over` names the card that a macvlan (a virtual router's MAC, a guest's card) stands on.
    """

    name: str
    mac: str | None = None
    addresses: tuple[str, ...] = ()
    up: bool = True
    over: End | None = None


class Host(msgspec.Struct, frozen=True):
    """A machine: one network namespace. `bridged` interfaces are the ports of its bridge `br0`.

    `routes` are destinations, each with the address that it is reached through.
    """

    name: str
    role: Role
    interfaces: tuple[Interface, ...]
    gateway: str | None = None
    routes: tuple[tuple[str, str], ...] = ()
    bridged: tuple[str, ...] = ()
    bridge_mac: str | None = None
    sysctls: tuple[tuple[str, str], ...] = ()


class Cable(NamedTuple):
    """Two interfaces joined by a veth pair."""

    left: End
    right: End


# what edge1 routes to which server; 203.0.113.176/28 of ds0004 is on the segment itself
BLOCKS: tuple[tuple[str, str], ...] = (
    ("203.0.113.128/28", "198.51.100.21"),
    ("203.0.113.144/28", "198.51.100.22"),
    ("203.0.113.160/28", "198.51.100.23"),
    ("203.0.113.208/28", "198.51.100.26"),
    ("203.0.113.224/28", "198.51.100.27"),
    ("203.0.113.240/28", "198.51.100.28"),
    ("198.51.100.128/28", "198.51.100.29"),
    ("198.51.100.144/28", "198.51.100.25"),
    ("198.51.100.160/28", "198.51.100.5"),
)

# Redirects would teach hosts another way; and a hardware router's ICMP limit is not Linux's 1/s.
_NO_REDIRECTS = (("ipv4/conf/all/send_redirects", "0"), ("ipv4/conf/default/send_redirects", "0"))
_EDGE = (("ipv4/ip_forward", "1"), ("ipv4/icmp_ratelimit", "0"), *_NO_REDIRECTS)


def _server(name: str, number: str, *more: Interface) -> Host:
    card = Interface("eth0", f"00:00:5e:00:53:{number}", (f"198.51.100.{number}/25",))
    return Host(name, "server", (card, *more), gateway=GATEWAY)


def _virtual_router(name: str, number: int, *, master: bool) -> Host:
    """Return a VRRP router: only the virtual MAC answers for the virtual address."""
    card = Interface("eth0", f"00:00:5e:00:53:0{number}", (f"198.51.100.{number}/25",))
    below = End(name, "eth0")
    virtual = Interface("vrrp6", "00:00:5e:00:01:06", ("198.51.100.6/32",), up=master, over=below)
    only_own = (("ipv4/conf/all/arp_ignore", "1"), ("ipv4/conf/all/arp_announce", "2"))
    sysctls = (*only_own, *_NO_REDIRECTS)
    return Host(name, "server", (card, virtual), gateway=GATEWAY, sysctls=sysctls)


def _customer(name: str, *cards: Interface, gateway: str | None = None) -> Host:
    """Return a machine of a customer's. Those behind a tunnel have no card but the tunnel's."""
    return Host(name, "customer", cards, gateway=gateway)


def _switch(name: str, mac: str, address: str, *ports: str) -> Host:
    management = Interface("fa0", None, (address,))
    cards = (management, *(Interface(port) for port in ports))
    return Host(name, "switch", cards, bridged=ports, bridge_mac=mac)


HOSTS: tuple[Host, ...] = (
    Host(
        "edge1",
        "router",
        (
            Interface("e1-1", "00:00:5e:00:53:01", (f"{GATEWAY}/25",)),
            Interface("e1-2", "00:00:5e:00:53:02", ("203.0.113.1/26",)),
            Interface("mgmt1", "00:00:5e:00:53:03", ("192.0.2.1/24",)),
        ),
        routes=BLOCKS,
        sysctls=_EDGE,
    ),
    # base_port is counted in this order by the kernel, so it never equals the ifIndex
    _switch(
        "cat1",
        "00:00:5e:00:53:c1",
        "192.0.2.11/24",
        *("gi0-1", "gi0-2", "fa0-1", "fa0-2", "fa0-3", "fa0-4", "fa0-5"),
        *("fa0-11", "fa0-12", "fa0-13", "fa0-24"),
    ),
    _switch(
        "cat2",
        "00:00:5e:00:53:c2",
        "192.0.2.12/24",
        *("gi0-1", "fa0-1", "fa0-2", "fa0-3", "fa0-4", "fa0-5", "fa0-11"),
    ),
    Host(
        STATION,
        "station",
        (
            Interface("eth0", "00:00:5e:00:53:0a", ("192.0.2.10/24",)),
            Interface("eth1", "00:00:5e:00:53:10", ("198.51.100.10/25",)),
        ),
        gateway=GATEWAY,
    ),
    _server("ds0001", "21", Interface("eth1", "00:00:5e:00:53:31", up=False)),
    _server("ds0002", "22"),
    Host(
        "ds0003",
        "server",
        (
            Interface("eth0", "00:00:5e:00:53:23", ("198.51.100.23/25",)),
            Interface("in1"),
            Interface("in2"),
        ),
        gateway=GATEWAY,
        bridged=("in1", "in2"),
        bridge_mac="00:00:5e:00:53:33",
    ),
    _server("ds0004", "24"),
    _server("ds0005", "25"),
    _server("ds0006", "26"),
    Host(
        "ds0007",
        "server",
        (Interface("eth0", "00:00:5e:00:53:27", ("198.51.100.27/25", "198.51.100.40/25")),),
        gateway=GATEWAY,
    ),
    _server("ds0008", "28"),
    _server("ds0009", "29", Interface("eth1", "00:00:5e:00:53:39", up=False)),
    _server("ds0010", "30", Interface("eth1", "00:00:5e:00:53:3b", up=False)),
    _virtual_router("vr1", 4, master=True),
    _virtual_router("vr2", 5, master=False),
    Host(
        "upstream",
        "upstream",
        (Interface("eth0", "00:00:5e:00:53:f0", ("203.0.113.10/26",)),),
        gateway="203.0.113.1",
    ),
    Host(
        "inner",  # a private network behind ds0010, used by proxy-arp
        "upstream",
        (Interface("eth0", "00:00:5e:00:53:f1", ("203.0.113.66/26",)),),
        gateway="203.0.113.65",
    ),
    _customer("roamer"),  # at the far end of ds0002's VPN
    _customer("behind5"),
    _customer("behind6"),
    _customer("behind7"),
    _customer("behind8"),
    _customer("behind-vr2"),
    *(
        _customer(f"colo{n}", Interface("eth0", f"00:00:5e:00:53:5{n}"), gateway="203.0.113.161")
        for n in (1, 2)
    ),
    *(
        _customer(
            f"guest{n}",  # a virtual machine on ds0004
            Interface("eth0", f"00:00:5e:00:53:4{n}", up=False, over=End("ds0004", "eth0")),
            gateway="203.0.113.177",
        )
        for n in (1, 2)
    ),
    Host(
        "oob",  # the out-of-band management network's wire
        "wire",
        tuple(Interface(f"p{n}") for n in range(1, 5)),
        bridged=tuple(f"p{n}" for n in range(1, 5)),
    ),
)


def _cable(left: str, right: str) -> Cable:
    return Cable(End(*left.split()), End(*right.split()))


CABLES: tuple[Cable, ...] = (
    _cable("edge1 e1-1", "cat1 gi0-1"),
    _cable("cat1 gi0-2", "cat2 gi0-1"),
    _cable("edge1 e1-2", "upstream eth0"),
    _cable("ds0001 eth0", "cat1 fa0-1"),
    _cable("ds0002 eth0", "cat1 fa0-2"),
    _cable("ds0003 eth0", "cat1 fa0-3"),
    _cable("ds0004 eth0", "cat1 fa0-4"),
    _cable("ds0010 eth0", "cat1 fa0-5"),
    _cable("vr1 eth0", "cat1 fa0-11"),
    _cable("ds0001 eth1", "cat1 fa0-12"),
    _cable("ds0009 eth1", "cat1 fa0-13"),
    _cable("mon eth1", "cat1 fa0-24"),
    _cable("ds0005 eth0", "cat2 fa0-1"),
    _cable("ds0006 eth0", "cat2 fa0-2"),
    _cable("ds0007 eth0", "cat2 fa0-3"),
    _cable("ds0008 eth0", "cat2 fa0-4"),
    _cable("ds0009 eth0", "cat2 fa0-5"),
    _cable("vr2 eth0", "cat2 fa0-11"),
    _cable("ds0010 eth1", "inner eth0"),
    _cable("ds0003 in1", "colo1 eth0"),
    _cable("ds0003 in2", "colo2 eth0"),
    _cable("edge1 mgmt1", "oob p1"),
    _cable("cat1 fa0", "oob p2"),
    _cable("cat2 fa0", "oob p3"),
    _cable("mon eth0", "oob p4"),
)

TOLD = ("192.0.2.10", 5162)  # where the devices send their notifications: the station

AGENTS = {"edge1": "192.0.2.1", "cat1": "192.0.2.11", "cat2": "192.0.2.12"}
