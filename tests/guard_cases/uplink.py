"""Links between devices, and what is said and not said of them."""

from netguard.inventory import Gateway, SwitchPort
from tests.building import GATEWAY, ROUTER, mac, segment, server
from tests.deciding import (
    CULPRIT,
    GATEWAY_IP,
    LEARNED,
    OWN,
    TO_CAT2,
    TO_EDGE,
    VICTIM,
    Passed,
    Refused,
    cat1,
    cat2,
    closing,
    edge1,
    unread,
)

HOME = server("ds0142", "198.51.100.20", port="cat1 Fa0/3")
MUTE_CAT2 = cat2(neighbors={})
COLLUDING = (
    cat1({**LEARNED, mac(0x32): "Gi0/2"}, neighbors={**TO_EDGE, "Fa0/4": ("cat2", "Fa0/2")}),
    cat2(neighbors={"Fa0/2": ("cat1", "Fa0/4")}),
)
FORGETFUL = (
    cat1(
        {ROUTER: "Gi0/1", CULPRIT: "Fa0/3", VICTIM: "Fa0/4"},
        neighbors={**TO_EDGE, "Fa0/4": ("cat2", "Fa0/2")},
    ),
    cat2({VICTIM: "Gi0/1"}, neighbors={"Fa0/2": ("cat1", "Fa0/4")}),
)


REFUSED: list[Refused] = [
    (
        "uplink",
        "both ends name each other",
        closing(port=SwitchPort("cat1", "Gi0/2")),
        "leads to cat2 Gi0/1: both ends say so",
    ),
    ("uplink", "it is listed", closing(cat1(uplinks=("Fa0/3",))), "listed in `uplinks`"),
    (
        "uplink",
        "a device that is not read now seems to hang there",
        closing(cat1(neighbors={"Fa0/3": ("cat2", "Gi0/1")}), unread(cat2())),
        "its neighbour says",
    ),
    ("uplink", "the other switch is silent in LLDP", closing(MUTE_CAT2), "where cat2 hangs"),
    ("uplink", "the other switch was not read", closing(unread(cat2())), "where cat2 hangs"),
    ("uplink", "the router was not read", closing(unread(edge1())), "where edge1 hangs"),
    (
        "uplink",
        "a listed uplink is misspelt, so any port may be it",
        closing(cat1(uplinks=("Gi1/0/1",))),
        "lists Gi1/0/1, which it does not have",
    ),
    (
        "uplink",
        "the gateway is no device of ours, and a pin shows no place",
        closing(of=segment(gateways=(Gateway(address=GATEWAY_IP, macs=(ROUTER,)),), routers=())),
        f"where {GATEWAY} hangs",
    ),
    (
        "uplink",
        "two customers made up the only link to a switch, and the FDBs contradict it",
        closing(*COLLUDING, port=SwitchPort("cat1", "Gi0/2")),
        "where cat2 hangs",
    ),
    (
        "uplink",
        "nothing but two customers' own MACs bears their link out",
        closing(*FORGETFUL, port=SwitchPort("cat1", "Gi0/2")),
        "where cat2 hangs",
    ),
    (
        "uplink",
        "the router's MAC is elsewhere than the link to it",
        closing(cat1({**LEARNED, ROUTER: "Gi0/2"})),
        "where edge1",
    ),
    (
        "uplink",
        "the switch has not learned the router's MAC",
        closing(cat1({CULPRIT: "Fa0/3", OWN: "Gi0/1"})),
        "where edge1",
    ),
]

PASSED: list[Passed] = [
    (
        "uplink",
        "the uplinks are listed, whatever LLDP says",
        closing(MUTE_CAT2, cat1(uplinks=("Gi0/1", "Gi0/2"))),
    ),
    ("uplink", "the inventory has a server there", closing(MUTE_CAT2, servers=(HOME,))),
    (
        "uplink",
        "the customer behind it says that he is a switch",
        closing(cat1(neighbors={**TO_EDGE, **TO_CAT2, "Fa0/3": ("cat2", "Gi0/1")})),
    ),
    (
        "uplink",
        "two customers name each other, and the true links are known as well",
        closing(
            cat1(neighbors={**TO_EDGE, **TO_CAT2, "Fa0/4": ("cat2", "Fa0/2")}),
            cat2(neighbors={"Gi0/1": ("cat1", "Gi0/2"), "Fa0/2": ("cat1", "Fa0/4")}),
        ),
    ),
]
