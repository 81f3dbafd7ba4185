"""Whether the claimants of an address are in each other's way, or only look like it.

The definition over time: two stations that are not one take turns before the same hearers, three
times within a minute and over at least a second, and one of them comes back. A handover is one
turn, a failover and its end are two, and who is new each time comes back never. Or one station
stands between two others: it claims an address of each at once, while they go on claiming theirs,
or tells each that it is the other.
"""

from collections.abc import Iterator
from itertools import islice

from netguard.hearing.claim import Claim, Place
from netguard.hearing.ledger import HEARERS, Address, Ledger, Station, Turn
from probes.mac import to_bytes, virtual_family
from probes.records import IPAddress

TURNS = 3
WITHIN = 60.0  # seconds, as all times here
LASTING = 1.0

_KEPT = 8  # turns
_SETTLED = 0.5  # what the one before has still under way when another takes over comes sooner
_BIT_ERRORS = 2
_GLBP_GROUP = len("00:07:b4:00:01")
_GLBP_FORWARDERS = frozenset({"01", "02", "03", "04"})
_CARDS = 256  # addresses: a host with two cards hardly has more
_FRONTS = 64  # addresses that are looked at for whether somebody stands between their users
_IPV4 = 4


def take_turn(address: Address, claim: Claim, ledger: Ledger, at: float) -> bool:
    """Note who of several speaks now; return whether it is another's turn.

    Each hearer is told apart: a bond that balances its answers (balance-alb) shows each of them one
    MAC of several, and always the same. A router that advertises itself does so before everybody.
    """
    if address.speakers is None:
        address.speakers = _speakers(address, claim.mac)
    hearer = None if address.advertises else claim.told
    before = address.speakers.get(hearer, claim.mac)
    if before != claim.mac:
        unsettled = address.turns and at - address.turns[-1].at < _SETTLED
        if unsettled or _are_one_host(before, claim.mac, claim.place, ledger):
            return False
    _give_the_word(address.speakers, hearer, claim.mac)
    if before == claim.mac or (address.turns and address.turns[-1].mac == claim.mac):
        return False  # another hearer is told what everybody was
    address.turns = (*address.turns[1 - _KEPT :], Turn(before, claim.mac, at))
    return True


def _speakers(address: Address, newcomer: str) -> dict[str | None, str]:
    """Return who spoke to whom before there was anybody else."""
    before = ((mac, one) for mac, one in address.stations.items() if mac != newcomer)
    if address.advertises:
        return dict.fromkeys((None,), next(mac for mac, _ in before))
    return {hearer: mac for mac, one in before for hearer in one.told}


def _give_the_word(speakers: dict[str | None, str], hearer: str | None, mac: str) -> None:
    if speakers.pop(hearer, None) is None and len(speakers) >= HEARERS:
        del speakers[next(iter(speakers))]
    speakers[hearer] = mac


def taking_turns(address: Address, ledger: Ledger, at: float) -> frozenset[str]:
    """Return the stations that take turns in claiming an address, none where nobody does."""
    recent = (
        turn
        for turn in address.turns
        if at - turn.at <= WITHIN and not _are_one(turn.before, turn.mac, address, ledger)
    )
    last = list(recent)[-TURNS:]
    if len(last) < TURNS or last[-1].at - last[0].at < LASTING:
        return frozenset()
    spoke = [last[0].before, *(turn.mac for turn in last)]
    if len(set(spoke)) == len(spoke):
        return frozenset()
    who = frozenset(spoke[1:]) & address.stations.keys()
    return who if len(who) > 1 else frozenset()


def standing_between(
    address: Address, mac: str, ledger: Ledger, at: float
) -> tuple[str, IPAddress] | None:
    """Return from whom a station takes this address, and which other it takes from another."""
    if len(ledger.contested(mac)) == 1 or not _persists(address.stations[mac]):
        return None
    victims = address.stations.keys() - {mac}
    rivals = [victim for victim in victims if not _are_one(mac, victim, address, ledger)]
    for second in _taken_too(address.place, mac, ledger, at) if rivals else ():
        for victim in rivals:
            others = second.stations.keys() - {mac, victim}
            if any(_deceives(mac, (address, victim), (second, other)) for other in others):
                return victim, second.place.ip
    return None


def _taken_too(place: Place, mac: str, ledger: Ledger, at: float) -> Iterator[Address]:
    """Yield the other addresses beside this one that a station persists in taking."""
    for other in islice(ledger.contested(mac), _FRONTS):
        second = ledger.at(other)
        if second is None or other == place or not _is_beside(other, place):
            continue
        if at - second.stations[mac].at <= WITHIN and _persists(second.stations[mac]):
            yield second


def _is_beside(place: Place, other: Place) -> bool:
    same = (place.vlan, place.interface) == (other.vlan, other.interface)
    return same and place.ip.version == other.ip.version


def _persists(station: Station) -> bool:
    return station.count > 1 and station.at - station.since >= LASTING


def _deceives(mac: str, first: tuple[Address, str], second: tuple[Address, str]) -> bool:
    """Tell whether a station takes each of two addresses from its user, and from both at once.

    Who has moved from one address to another does not; nor does who took over two from stations
    that have left.
    """
    (one, user), (other, second_user) = first, second
    if user in other.stations or second_user in one.stations:
        return False
    here, there = one.stations[mac], other.stations[mac]
    at_once = here.since <= there.at and there.since <= here.at
    return (
        at_once
        and (second_user in here.told or one.stations[user].at > here.since)
        and (user in there.told or other.stations[second_user].at > there.since)
    )


def _are_one(mac: str, other: str, address: Address, ledger: Ledger) -> bool:
    """Tell whether two MACs are no two rivals.

    They are not where one is a single frame's misprint of the other, or where both are one host's.
    """
    misprint = _is_misprint(mac, other, address) or _is_misprint(other, mac, address)
    return misprint or _are_one_host(mac, other, address.place, ledger)


def _are_one_host(mac: str, other: str, place: Place, ledger: Ledger) -> bool:
    """Tell whether two MACs are forwarders of one GLBP group, or the cards of one host.

    These claim the same IPv4 addresses, two or more, and no others: a host with two cards answers
    for each from both (ARP flux).
    """
    if mac[:_GLBP_GROUP] == other[:_GLBP_GROUP] and virtual_family(mac) == "glbp":
        return {mac[-2:], other[-2:]} <= _GLBP_FORWARDERS
    return place.ip.version == _IPV4 and _are_cards(mac, other, ledger)


def _are_cards(mac: str, other: str, ledger: Ledger) -> bool:
    used, contested = ledger.used(mac), ledger.contested(mac)
    if not 1 < used == ledger.used(other) <= _CARDS or len(contested) > 2 * _CARDS:
        return False
    both = {place for place in contested if place.ip.version == _IPV4}
    return len(both) == used and both <= ledger.contested(other)


def _is_misprint(mac: str, true: str, address: Address) -> bool:
    """Tell whether a MAC was seen once, after another that it is but for a bit or two."""
    once, before = address.stations.get(mac), address.stations.get(true)
    if once is None or before is None or once.count > 1 or once.since < before.since:
        return False
    return differ_little(mac, true)


def differ_little(mac: str, other: str) -> bool:
    """Tell whether a torn frame may make one MAC of the other."""
    bits = int.from_bytes(to_bytes(mac)) ^ int.from_bytes(to_bytes(other))
    return bits.bit_count() <= _BIT_ERRORS
