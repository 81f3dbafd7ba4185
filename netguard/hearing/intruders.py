"""Who claims a gateway and is not it, and whose claim is no more than a torn frame.

A bit or two that fell over make a station of nobody's out of the gateway's. That is forgiven by
time: whoever chooses such a MAC, or one after the other, has no more of it than a faulty card.
"""

from collections.abc import Collection

from netguard.hearing.claim import ADVERTS, UNMASKED, Claim
from netguard.hearing.fights import differ_little
from netguard.hearing.ledger import Address, Station

_CERTAIN = 2  # frames of one station
_CROWD = 4  # stations of one frame each
_RARE = 50  # frames, of which a faulty card tears no more than one
_APART = 120.0  # seconds between one torn frame and the next, whichever bits fell over
_HOUR = 3600.0
_AN_HOUR = 4  # torn frames
_CHECKED = ADVERTS - UNMASKED  # by a checksum; the source of a frame is not


def intruders(
    address: Address, claim: Claim, pinned: frozenset[str], routers: frozenset[str], at: float
) -> frozenset[str]:
    """Return who claims a pinned gateway and is not it, now that a station claimed it that is not.

    A single frame may be torn; an advertisement is not, by its checksum. No checksum covers the
    source of its frame, which may be any router's.
    """
    if is_near(claim.mac, pinned):
        address.torn = (*address.torn[-_AN_HOUR:], at)
    own = sum(one.count for mac, one in address.stations.items() if mac in pinned)
    few = _are_few(address.torn, at)
    foreign = {
        mac: one
        for mac, one in address.stations.items()
        if mac not in pinned and not (few and one.count * _RARE <= own and is_near(mac, pinned))
    }
    # First what is cheap: in a flood hardly any has advertised itself.
    certain = {
        mac
        for mac, one in foreign.items()
        if one.count >= _CERTAIN
        or (not ADVERTS.isdisjoint(one.hows) and is_certain(mac, one, routers))
    }
    if certain:
        return frozenset(certain)
    claims = len(foreign) + address.crowded_out
    return frozenset(foreign if claims >= _CROWD else ())


def is_certain(mac: str, station: Station, routers: Collection[str]) -> bool:
    """Tell whether what a station said was no single frame that may be torn."""
    return (
        station.count >= _CERTAIN
        or not _CHECKED.isdisjoint(station.hows)
        or (not UNMASKED.isdisjoint(station.hows) and not is_near(mac, routers))
    )


def is_near(mac: str, routers: Collection[str]) -> bool:
    """Tell whether a torn frame may make this MAC of a router's."""
    return any(differ_little(mac, each) for each in routers)


def _are_few(torn: tuple[float, ...], at: float) -> bool:
    lately = [one for one in torn if at - one <= _HOUR]
    soon = len(lately) > 1 and lately[-1] - lately[-2] < _APART
    return len(lately) <= _AN_HOUR and not soon
