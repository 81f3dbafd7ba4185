"""Whether the claimants of an address are in each other's way, or only look like it.

The definition over time: two stations that are not one take turns before the same hearers, three
times within a minute and over at least a second. A handover is one turn, a failover and its end are
two. Or one station claims two addresses whose two users each claim only their own: it stands
between them.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from netguard.hearing.claim import Place
from netguard.hearing.ledger import Address, Ledger, Station
from probes.mac import to_bytes, virtual_family
from probes.records import IPAddress

TURNS = 3
WITHIN = timedelta(minutes=1)
LASTING = timedelta(seconds=1)

_BIT_ERRORS = 2
_GLBP_GROUP = len("00:07:b4:00:01")


def taking_turns(address: Address, ledger: Ledger, now: datetime) -> frozenset[str]:
    """Return the stations that take turns in claiming an address, none where nobody does."""
    last = list(address.turns)[-TURNS:]
    if len(last) < TURNS or now - last[-1].seen > WITHIN:
        return frozenset()
    if not LASTING <= last[-1].seen - last[0].seen <= WITHIN:
        return frozenset()
    who = {turn.mac for turn in last} & address.stations.keys()
    return frozenset(
        mac for mac in who if any(not are_one(mac, other, address, ledger) for other in who - {mac})
    )


def standing_between(
    address: Address, ledger: Ledger, now: datetime
) -> tuple[str, str, IPAddress] | None:
    """Return who takes this address and another from two others, who has this, and the other."""
    for mac, station in address.stations.items():
        if not _persists(station) or now - station.last > WITHIN:
            continue
        for victim in address.stations.keys() - {mac}:
            if not are_one(mac, victim, address, ledger):
                for second in _taken_too(mac, victim, address, ledger):
                    return mac, victim, second
    return None


def _taken_too(mac: str, victim: str, address: Address, ledger: Ledger) -> Iterator[IPAddress]:
    """Yield the addresses that a station persists in claiming, and that a second victim has."""
    for place in ledger.places(mac) - {address.place}:
        second = ledger.at(place)
        if second is None or not _is_beside(place, address.place):
            continue
        others = second.stations.keys() - {mac, victim}
        apart = place not in ledger.places(victim) and any(
            address.place not in ledger.places(other) for other in others
        )
        if apart and _persists(second.stations[mac]):
            yield place.ip


def _is_beside(place: Place, other: Place) -> bool:
    return (place.vlan, place.interface) == (other.vlan, other.interface)


def _persists(station: Station) -> bool:
    return station.count > 1 and station.last - station.first >= LASTING


def are_one(mac: str, other: str, address: Address, ledger: Ledger) -> bool:
    """Tell whether two MACs are no two rivals.

    They are not where one is a single frame's misprint of the other; where they are forwarders of
    one GLBP group; or where they claim the same addresses, two or more, and no others: a host with
    two cards answers for each from both (ARP flux).
    """
    if _is_misprint(mac, other, address) or _is_misprint(other, mac, address):
        return True
    if mac[:_GLBP_GROUP] == other[:_GLBP_GROUP] and virtual_family(mac) == "glbp":
        return True
    places = ledger.places(mac)
    return len(places) > 1 and places == ledger.places(other)


def _is_misprint(mac: str, true: str, address: Address) -> bool:
    """Tell whether a MAC was seen once, after another that it is but for a bit or two."""
    once, before = address.stations[mac], address.stations[true]
    if once.count > 1 or once.first < before.first:
        return False
    bits = int.from_bytes(to_bytes(mac)) ^ int.from_bytes(to_bytes(true))
    return bits.bit_count() <= _BIT_ERRORS
