"""What must stay reachable: what is listed, the gateway, and netguard itself."""

from ipaddress import ip_address

import msgspec

from netguard.inventory import Gateway, SwitchPort
from netguard.situation import Shutdown, Situation
from netguard.view import DeviceView
from tests.building import GATEWAY, ROUTER, asked, claim, mac, seen, segment, server
from tests.deciding import (
    CULPRIT,
    GATEWAY_IP,
    LEARNED,
    LOST,
    OWN,
    VICTIM,
    Passed,
    Refused,
    cat1,
    closing,
    edge1,
    unread,
)

HOME = server("ds0142", "198.51.100.20", port="cat1 Fa0/3")
VIRTUAL = mac(0xFE)
UNPINNED = edge1(addresses={})


def protecting(*what: object, **fields: object) -> Situation:
    return closing(settings=Shutdown(protected=what), **fields)  # type: ignore[arg-type]


def heard(address: str, *stations: str) -> dict[str, object]:
    """Return a look in which these stations answer for an address."""
    claims = [claim(address, station) for station in stations]
    swept = seen(claims, [asked(address, station) for station in stations])
    return {"segments": (swept,)}


def looking(s: Situation, **fields: object) -> Situation:
    return msgspec.structs.replace(s, view=msgspec.structs.replace(s.view, **fields))


def with_arp(device: DeviceView, address: str, station: str) -> DeviceView:
    return msgspec.structs.replace(device, arp=edge1(arp={address: station}).arp)


REFUSED: list[Refused] = [
    (
        "protected",
        "the port is listed",
        protecting(SwitchPort("cat1", "FastEthernet0/3")),
        "it is this port",
    ),
    (
        "protected",
        "a port of the device is listed that it does not have",
        protecting(SwitchPort("cat1", "Fa9/9")),
        "may be the one",
    ),
    ("protected", "the MAC is behind it", protecting(CULPRIT), f"lists {CULPRIT}"),
    (
        "protected",
        "the MAC's server has the port, and is quiet",
        protecting(mac(0x77), servers=(msgspec.structs.replace(HOME, mac=mac(0x77)),)),
        "ds0142 hangs here",
    ),
    (
        "protected",
        "the address's server has the port",
        protecting(HOME.address, servers=(HOME,)),
        "ds0142, which has",
    ),
    (
        "protected",
        "the address's server shares the port with another",
        protecting(HOME.address, servers=(HOME, server("ds2", "198.51.100.21", port="cat1 Fa0/3"))),
        "ds0142, which has",
    ),
    (
        "protected",
        "the address's server is on a port that its device does not have",
        protecting(HOME.address, servers=(server("ds1", "198.51.100.20", port="cat1 Fa9/9"),)),
        "ds1, which has",
    ),
    (
        "protected",
        "the address's server is behind it by its MAC",
        protecting(HOME.address, servers=(server("ds0142", "198.51.100.20", mac=CULPRIT),)),
        "ds0142, which has",
    ),
    (
        "protected",
        "the address is the gateway's, whose MAC is behind it",
        protecting(GATEWAY_IP, port=SwitchPort("cat1", "Gi0/1")),
        f"{ROUTER}, which has",
    ),
    (
        "protected",
        "nobody knows whose the address is, and who uses it is behind it",
        looking(protecting(ip_address("198.51.100.99")), **heard("198.51.100.99", CULPRIT)),
        f"{CULPRIT} uses 198.51.100.99",
    ),
    (
        "protected",
        "the address's server is nowhere in particular, and who uses it is behind it",
        looking(
            protecting(HOME.address, servers=(server("ds0142", "198.51.100.20"),)),
            **heard("198.51.100.20", CULPRIT),
        ),
        f"{CULPRIT} uses 198.51.100.20",
    ),
    (
        "gateway-station",
        "a router's MAC is behind it",
        closing(cat1({**LEARNED, ROUTER: "Fa0/3"})),
        "is a MAC of edge1",
    ),
    (
        "gateway-station",
        "a pinned MAC is behind it",
        closing(
            cat1({**LEARNED, VIRTUAL: "Fa0/3"}),
            of=segment(gateways=(Gateway(address=GATEWAY_IP, macs=(VIRTUAL,)),)),
        ),
        f"{VIRTUAL} behind it is {GATEWAY}",
    ),
    ("gateway-station", "nobody pinned the gateway", closing(UNPINNED), "nobody has pinned"),
    (
        "gateway-station",
        "the router that would pin it was not read",
        closing(unread(edge1())),
        "nobody has pinned",
    ),
    (
        "own-path",
        "this machine is behind it",
        closing(cat1({**LEARNED, OWN: "Fa0/3"})),
        f"this machine ({OWN})",
    ),
    (
        "own-path",
        "this machine is seen behind it and elsewhere",
        closing(msgspec.structs.replace(cat1(), fdb=(*cat1().fdb, *cat1({OWN: "Fa0/3"}).fdb))),
        f"this machine ({OWN})",
    ),
    (
        "own-path",
        "this machine is the server that has the port",
        closing(servers=(HOME,), own_addresses=frozenset({HOME.address})),
        "this machine is ds0142",
    ),
    (
        "own-path",
        "the device has our address on a MAC behind it",
        closing(with_arp(cat1(), "198.51.100.9", CULPRIT)),
        "speaks to this machine through",
    ),
    (
        "own-path",
        "a next hop of the device is behind it, and it has never seen this machine",
        closing(
            with_arp(cat1(), "192.0.2.254", CULPRIT),
            own_macs=frozenset({mac(0x99)}),
            own_addresses=frozenset({ip_address("203.0.113.9")}),
        ),
        "speaks to this machine through",
    ),
    ("own-path", "the FDB ends early", closing(cat1(gaps=(LOST,))), "no answer within"),
    ("own-path", "its device was not read", closing(unread(cat1())), "could not be read"),
]

PASSED: list[Passed] = [
    ("protected", "another port is listed", protecting(SwitchPort("cat1", "Fa0/4"), VICTIM)),
    ("protected", "a port of another device is listed", protecting(SwitchPort("cat2", "Fa0/3"))),
    (
        "protected",
        "who took the protected gateway's address hides behind nothing",
        looking(protecting(GATEWAY_IP), **heard(GATEWAY, CULPRIT, ROUTER)),
    ),
    (
        "protected",
        "who took a protected server's address hides behind nothing",
        looking(
            protecting(HOME.address, servers=(server("ds1", "198.51.100.20", port="cat1 Fa0/4"),)),
            **heard("198.51.100.20", CULPRIT),
        ),
    ),
    (
        "gateway-station",
        "the gateway is not pinned, but a server is at home there",
        closing(UNPINNED, servers=(HOME,)),
    ),
    (
        "own-path",
        "this machine is seen elsewhere, whoever answered the device's ARP for others",
        closing(with_arp(cat1(), "192.0.2.254", CULPRIT)),
    ),
]
