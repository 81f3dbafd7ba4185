"""Everything that can be done to the practice network, as a table of real actions.

Troubles are what customers do every week. Look-alikes resemble them on the wire and are healthy:
a tool that raises an alarm for one of them is wrong.
"""

import difflib

from netguard.errors import Exit, NetguardError
from netguard.lab.actions import (
    Announce,
    GiveUpAddress,
    KeepProbing,
    PassAs,
    Probe,
    Reboot,
    ReplaceCard,
    RouteOnLink,
    Scenario,
    SetLink,
    SetSysctl,
    ShareMac,
    TakeAddress,
)
from netguard.lab.forwarding import FORWARDING
from netguard.lab.topology import GATEWAY, End

__all__ = ["SCENARIOS", "Scenario", "UnknownScenario", "find"]


class UnknownScenario(NetguardError):
    """Nothing is known by this name."""

    exit_code = Exit.USAGE


_DS0002 = "198.51.100.22"
_SQUATTED = "198.51.100.90"
_GATEWAY = f"{GATEWAY}/25"
_SHARED = "198.51.100.40"
_VIRTUAL = "198.51.100.6"
_INNER = "203.0.113.64/26"


def _eth0(host: str) -> End:
    return End(host, "eth0")


_TROUBLES = (
    Scenario(
        "duplicate-address",
        "trouble",
        "ds0003 takes ds0002's address, and announces it; both hang on cat1",
        (TakeAddress(_eth0("ds0003"), f"{_DS0002}/25"), Announce(_eth0("ds0003"), _DS0002)),
    ),
    Scenario(
        "duplicate-address-quiet",
        "trouble",
        "the same without the announcement: it shows only when someone asks",
        (TakeAddress(_eth0("ds0003"), f"{_DS0002}/25"),),
    ),
    Scenario(
        "duplicate-address-other-switch",
        "trouble",
        "ds0006 on cat2 takes the address of ds0002 on cat1",
        (TakeAddress(_eth0("ds0006"), f"{_DS0002}/25"), Announce(_eth0("ds0006"), _DS0002)),
    ),
    Scenario(
        "gateway-hijack",
        "trouble",
        "ds0004 types the gateway's address as its own, and announces it",
        (TakeAddress(_eth0("ds0004"), _GATEWAY), Announce(_eth0("ds0004"), GATEWAY)),
    ),
    Scenario(
        "gateway-hijack-quiet",
        "trouble",
        "the same without the announcement: it shows only when someone asks",
        (TakeAddress(_eth0("ds0004"), _GATEWAY),),
    ),
    Scenario(
        "gateway-silent-and-taken",
        "trouble",
        "edge1's port to the segment is down and ds0005 on cat2 has its address",
        (
            SetLink(End("edge1", "e1-1"), up=False),
            TakeAddress(_eth0("ds0005"), _GATEWAY),
            Announce(_eth0("ds0005"), GATEWAY),
        ),
    ),
    Scenario(
        "address-squatting",
        "trouble",
        "ds0007 uses 198.51.100.90, which is assigned to nobody",
        (TakeAddress(_eth0("ds0007"), f"{_SQUATTED}/25"), Announce(_eth0("ds0007"), _SQUATTED)),
    ),
    Scenario(
        "fake-neighbor",
        "trouble",
        "ds0003 says over LLDP that it is cat2, to be taken for a trunk",
        (PassAs(_eth0("ds0003"), "cat2"),),
    ),
    Scenario(
        "flapping-mac",
        "trouble",
        "ds0006 on cat2 sends with the MAC of ds0002 on cat1, in turn with it",
        (ShareMac(_eth0("ds0002"), _eth0("ds0006")),),
    ),
)

_LOOK_ALIKES = (
    Scenario(
        "vrrp-failover",
        "look-alike",
        "the virtual router 198.51.100.6 moves with its virtual MAC from vr1 to vr2",
        (
            SetLink(End("vr1", "vrrp6"), up=False),
            SetLink(End("vr2", "vrrp6"), up=True),
            Announce(End("vr2", "vrrp6"), _VIRTUAL),
        ),
    ),
    Scenario(
        "bond-failover",
        "look-alike",
        "ds0009's active/backup bond moves to its second card, on the other switch",
        (
            SetLink(_eth0("ds0009"), up=False),
            SetLink(End("ds0009", "eth1"), up=True),
            TakeAddress(End("ds0009", "eth1"), "198.51.100.29/25"),
            Announce(End("ds0009", "eth1"), "198.51.100.29"),
        ),
    ),
    Scenario(
        "arp-flux",
        "look-alike",
        "ds0001 has two cards on the segment and answers for both addresses on both",
        (
            SetLink(End("ds0001", "eth1"), up=True),
            TakeAddress(End("ds0001", "eth1"), "198.51.100.31/25"),
        ),
    ),
    Scenario(
        "proxy-arp",
        "look-alike",
        "ds0010 answers for the private network behind it, present or not",
        (
            SetLink(End("ds0010", "eth1"), up=True),
            TakeAddress(End("ds0010", "eth1"), "203.0.113.65/26"),
            SetSysctl(_eth0("ds0010"), "ipv4/ip_forward", "1", "0"),
            SetSysctl(_eth0("ds0010"), "ipv4/conf/eth0/proxy_arp", "1", "0"),
            RouteOnLink(End("edge1", "e1-1"), _INNER),
        ),
    ),
    Scenario(
        "handover",
        "look-alike",
        "the shared address 198.51.100.40 is handed from ds0007 to ds0008",
        (
            GiveUpAddress(_eth0("ds0007"), f"{_SHARED}/25"),
            TakeAddress(_eth0("ds0008"), f"{_SHARED}/25"),
            Announce(_eth0("ds0008"), _SHARED),
        ),
    ),
    Scenario(
        "dhcp-reuse",
        "look-alike",
        "the lease of 198.51.100.40 ends at ds0007 and goes to ds0003, which asks first",
        (
            GiveUpAddress(_eth0("ds0007"), f"{_SHARED}/25"),
            Probe(_eth0("ds0003"), _SHARED),
            TakeAddress(_eth0("ds0003"), f"{_SHARED}/25"),
            Announce(_eth0("ds0003"), _SHARED),
        ),
    ),
    Scenario(
        "reboot",
        "look-alike",
        "ds0005 goes down; mended, it comes up again and announces its address",
        (Reboot(_eth0("ds0005"), "198.51.100.25"),),
    ),
    Scenario(
        "dad-probes",
        "look-alike",
        "ds0003 sends ARP Probes for other hosts' addresses, every second",
        (KeepProbing(_eth0("ds0003"), ("198.51.100.22", GATEWAY, "198.51.100.77")),),
    ),
    Scenario(
        "nic-change",
        "look-alike",
        "ds0005 comes back with another network card in the same port",
        (ReplaceCard(_eth0("ds0005"), "00:00:5e:00:53:35", "00:00:5e:00:53:25", "198.51.100.25"),),
    ),
)

SCENARIOS = {scenario.name: scenario for scenario in (*_TROUBLES, *_LOOK_ALIKES, *FORWARDING)}


def find(name: str) -> Scenario:
    """Return a scenario by its name; a misspelt one is answered with the nearest."""
    if name in SCENARIOS:
        return SCENARIOS[name]
    near = difflib.get_close_matches(name, SCENARIOS, n=1)
    remedy = f"Did you mean {near[0]}?" if near else "The names: netguard lab break"
    raise UnknownScenario(f"{name} is nothing that the lab can do", remedy=remedy)
