"""Who is behind the port: not too many, there now, only there, in the wrong."""

from datetime import timedelta

import msgspec

from netguard.view import DeviceView
from tests.building import GATEWAY, NOW, ROUTER, mac, server
from tests.deciding import (
    CULPRIT,
    LEARNED,
    LOST,
    OWN,
    VICTIM,
    Passed,
    Refused,
    answering,
    cat1,
    cat2,
    closing,
    hijack,
    unread,
)

HOME = server("ds0142", "198.51.100.20", port="cat1 Fa0/3")
CLONED = cat2({**LEARNED, CULPRIT: "Fa0/2", VICTIM: "Gi0/1", ROUTER: "Gi0/1", OWN: "Gi0/1"})
OLD = NOW - timedelta(minutes=5)


def crowd(count: int) -> DeviceView:
    return cat1({**LEARNED, **{mac(0x40 + n): "Fa0/3" for n in range(count)}})


REFUSED: list[Refused] = [
    ("too-many-stations", "five stations are behind it", closing(crowd(4)), "5 stations"),
    ("too-many-stations", "the FDB ends early", closing(cat1(gaps=(LOST,))), "no answer"),
    ("too-many-stations", "its device was not read", closing(unread(cat1())), "not be read"),
    (
        "stale-location",
        "the FDB is five minutes old",
        closing(msgspec.structs.replace(cat1(), seen=OLD)),
        "read 305 s ago",
    ),
    ("stale-location", "the station has left", closing(target=VICTIM), "not behind it now"),
    (
        "stale-location",
        "the station has stopped",
        closing(target=CULPRIT, claims=answering(ROUTER)),
        "no longer answers",
    ),
    (
        "stale-location",
        "nobody was seen there, and nobody is at home there",
        closing(cat1({ROUTER: "Gi0/1"})),
        "no station was seen",
    ),
    ("stale-location", "the FDB ends early", closing(cat1(gaps=(LOST,))), "no answer"),
    ("stale-location", "its device was not read", closing(unread(cat1())), "not be read"),
    ("ambiguous-station", "a station is on two ports", closing(CLONED), "also on cat2 Fa0/2"),
    (
        "ambiguous-station",
        "the station that is meant is on two ports",
        closing(CLONED, target=CULPRIT),
        "also on cat2 Fa0/2",
    ),
    (
        "ambiguous-station",
        "the rightful owner is behind it, and no impostor",
        closing(findings=(hijack(culprit="rightful"),)),
        "rightful owner",
    ),
    (
        "ambiguous-station",
        "who is meant turns out to be the rightful owner",
        closing(claims=answering(CULPRIT, rightful=frozenset({CULPRIT}), impostors=frozenset())),
        f"rightfully has {GATEWAY}",
    ),
    (
        "ambiguous-station",
        "nobody has decided who is in the wrong",
        closing(target=CULPRIT, finding=hijack(culprit="unknown", router="unknown")),
        "nothing decides",
    ),
    (
        "ambiguous-station",
        "the finding does not know the station that is meant",
        closing(target=CULPRIT, finding=hijack(victim="impostor")),
        "nothing decides",
    ),
]

PASSED: list[Passed] = [
    ("too-many-stations", "four stations are behind it", closing(crowd(3))),
    (
        "stale-location",
        "nobody was seen, but a server is at home there",
        closing(cat1({ROUTER: "Gi0/1"}), servers=(HOME,)),
    ),
    (
        "stale-location",
        "the station that is meant answers",
        closing(target=CULPRIT, claims=answering()),
    ),
    ("ambiguous-station", "other switches have the station on their uplinks", closing()),
    ("ambiguous-station", "the impostor is meant", closing(target=CULPRIT, finding=hijack())),
    (
        "ambiguous-station",
        "the impostor has the rightful owner beside him, and a person names the port",
        closing(findings=(hijack(culprit="impostor"),)),
    ),
]
