r"""The practice network as plain tables: hosts, their interfaces, and the cables between them.

                        upstream 203.0.113.10
                               |
    oob 192.0.2.0/24        edge1   198.51.100.1
    (edge1, cat1,              |
     cat2, mon)              cat1 ======= cat2        segment web-226, 198.51.100.0/25
                            / | | \       / | \
                    ds0001-4 ds0010 ... ds0005-9
                    vr1, mon              vr2

Addresses are from the documentation ranges (RFC 5737), MACs from RFC 7042's (00:00:5e:00:53).
"""

from typing import Literal, NamedTuple

import msgspec

GATEWAY = "198.51.100.1"
VLAN = 226
STATION = "mon"  # where netguard is run

Role = Literal["router", "switch", "server", "station", "upstream", "wire"]


class Interface(msgspec.Struct, frozen=True):
    """A network card: its kernel name, and what it has when all is well.

    `over` names the interface that a macvlan (a virtual router's MAC) stands on.
    """

    name: str
    mac: str | None = None
    addresses: tuple[str, ...] = ()
    up: bool = True
    over: str | None = None


class Host(msgspec.Struct, frozen=True):
    """A machine: one network namespace. A switch bridges `bridged` interfaces."""

    name: str
    role: Role
    interfaces: tuple[Interface, ...]
    gateway: str | None = None
    bridged: tuple[str, ...] = ()
    bridge_mac: str | None = None
    sysctls: tuple[tuple[str, str], ...] = ()


class End(NamedTuple):
    """One end of a cable."""

    host: str
    interface: str


class Cable(NamedTuple):
    """Two interfaces joined by a veth pair."""

    left: End
    right: End


def _server(name: str, number: str, *more: Interface) -> Host:
    card = Interface("eth0", f"00:00:5e:00:53:{number}", (f"198.51.100.{number}/25",))
    return Host(name, "server", (card, *more), gateway=GATEWAY)


def _virtual_router(name: str, number: int, *, master: bool) -> Host:
    """Return a VRRP router: only the virtual MAC answers for the virtual address."""
    card = Interface("eth0", f"00:00:5e:00:53:0{number}", (f"198.51.100.{number}/25",))
    virtual = Interface("vrrp6", "00:00:5e:00:01:06", ("198.51.100.6/32",), up=master, over="eth0")
    only_own = (("ipv4/conf/all/arp_ignore", "1"), ("ipv4/conf/all/arp_announce", "2"))
    return Host(name, "server", (card, virtual), gateway=GATEWAY, sysctls=only_own)


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
        sysctls=(("ipv4/ip_forward", "1"),),
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
    _server("ds0003", "23"),
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
    _cable("edge1 mgmt1", "oob p1"),
    _cable("cat1 fa0", "oob p2"),
    _cable("cat2 fa0", "oob p3"),
    _cable("mon eth0", "oob p4"),
)

AGENTS = {"edge1": "192.0.2.1", "cat1": "192.0.2.11", "cat2": "192.0.2.12"}
