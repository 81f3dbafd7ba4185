"""Whether the claimants of an address are in each other's way, or only look like it.

The definition over time: two stations that are not one take turns before one and the same hearer,
three times within a minute and over at least a second, and one of them comes back. A handover is
one turn, a failover and its end are two, and who is new each time comes back never; a bond that
deals its hearers out anew (balance-alb) takes one turn before each. Where many hearers ask seldom,
three that are told both at once count as well. Or one station stands between two others: it claims
an address of each at once, while they go on claiming theirs, or tells each that it is the other.
"""

from collections.abc import Iterator
from itertools import islice

from netguard.hearing.claim import Claim, Place
from netguard.hearing.ledger import HEARERS, Address, Ledger, Speaker, Station, Turn
from probes.mac import one_glbp_group
from probes.records import IPAddress

TURNS = 3
WITHIN = 60.0  # seconds, as all times here
LASTING = 1.0

_KEPT = TURNS + 2  # a torn frame among them makes two
_SETTLED = 0.5  # what the one before has still under way when another takes over comes sooner
# Both answer one question. Whoever hands an address over has nothing under way after _SETTLED: what
# its hearers are told at once, however many they are, does not last as long as LASTING.
_AT_ONCE = 0.3
_BIT_ERRORS = 2
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
    hearer = _hearer(address, claim)
    before = address.speakers.get(hearer)
    if before is None or before.mac == claim.mac:
        speaker = before or Speaker(claim.mac, at)
        speaker.at = at
        _give_the_word(address.speakers, hearer, speaker)
        return False
    if _is_unsettled(before.turns, at) or _are_one_host(before.mac, claim.mac, claim.place, ledger):
        return False
    turn = Turn(before.mac, claim.mac, at)
    turns = (*before.turns[1 - _KEPT :], turn)
    _give_the_word(address.speakers, hearer, Speaker(claim.mac, at, turns))
    if at - before.at < _AT_ONCE and not _is_unsettled(address.clashes, at):
        address.clashes = (*address.clashes[1 - _KEPT :], turn)
    return True


def _hearer(address: Address, claim: Claim) -> str | None:
    return None if address.advertises else claim.told


def _is_unsettled(turns: tuple[Turn, ...], at: float) -> bool:
    return bool(turns) and at - turns[-1].at < _SETTLED


def _speakers(address: Address, newcomer: str) -> dict[str | None, Speaker]:
    """Return who spoke to whom before there was anybody else."""
    before = [(mac, one) for mac, one in address.stations.items() if mac != newcomer]
    if address.advertises:
        del before[1:]
    return {
        hearer: Speaker(mac, one.at)
        for mac, one in before
        for hearer in ((None,) if address.advertises else one.told)
    }


def _give_the_word(
    speakers: dict[str | None, Speaker], hearer: str | None, speaker: Speaker
) -> None:
    if speakers.pop(hearer, None) is None and len(speakers) >= HEARERS:
        del speakers[next(each for each in speakers if each is not None)]
    speakers[hearer] = speaker


def taking_turns(address: Address, claim: Claim, ledger: Ledger, at: float) -> frozenset[str]:
    """Return the stations that take turns with who claims an address, none where nobody does."""
    speaker = (address.speakers or {}).get(_hearer(address, claim))
    before_one = _rivals(speaker.turns if speaker else (), address, ledger, at)
    return before_one or _rivals(address.clashes, address, ledger, at)


def _rivals(turns: tuple[Turn, ...], address: Address, ledger: Ledger, at: float) -> frozenset[str]:
    last = [
        turn
        for turn in turns
        if at - turn.at <= WITHIN and not _are_one(turn.before, turn.mac, address, ledger)
    ][-TURNS:]
    if len(last) < TURNS or last[-1].at - last[0].at < LASTING:
        return frozenset()
    spoke = [last[0].before, *(turn.mac for turn in last)]
    if len(set(spoke)) == len(spoke):
        return frozenset()
    who = frozenset(spoke[1:]).union(turn.before for turn in last[1:]) & address.stations.keys()
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
    if one_glbp_group((mac, other)):
        return True
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
    bits = int(mac.replace(":", ""), 16) ^ int(other.replace(":", ""), 16)
    return bits.bit_count() <= _BIT_ERRORS
