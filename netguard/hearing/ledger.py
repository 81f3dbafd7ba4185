"""Who claims what: bounded, whatever is sent.

Forged frames by the million must not cost the memory, nor the sight of what goes on elsewhere: what
has not been heard of for the longest time is forgotten first, and counted. Protected addresses are
not forgotten for the sake of others. All times are seconds of the ear's own (`Elapsed`), but for
those that are told to people.
"""

from collections import OrderedDict
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from datetime import datetime

import msgspec

from netguard.hearing.claim import ADVERTS, Claim, Place
from probes.records import IPAddress

ROOM = 100_000  # addresses
STATIONS = 8  # that claim one address; more fight over none
HEARERS = 16  # of one address that are told apart
_ECHO = 0.05  # the same frame again, by a loop or a mirror port
_GIVEN_UP = 3600.0  # who has not claimed an address for so long while others did has it no more
_IPV4 = 4
_NOTHING: frozenset[Place] = frozenset()


class Station(msgspec.Struct, gc=False):
    """What one station claimed of one address: since when, how often, how, and before whom.

    `first` and `last` are for people; `since` and `at` are the same in the ear's time.
    """

    first: datetime
    last: datetime
    since: float
    at: float
    count: int
    hows: tuple[str, ...]
    told: tuple[str | None, ...]

    def repeats(self, claim: Claim, at: float) -> bool:
        """Tell whether a claim is but the echo of the last."""
        return at - self.at < _ECHO and claim.told in self.told and claim.how in self.hows

    def add(self, claim: Claim, at: float) -> None:
        """Note that it claims the address once more."""
        self.last, self.at = claim.seen, at
        self.count += 1
        if claim.how not in self.hows:
            self.hows += (claim.how,)
        if claim.told not in self.told and len(self.told) < HEARERS:
            self.told += (claim.told,)


class Turn(msgspec.Struct, frozen=True, gc=False):
    """The address was claimed by another station than the time before, before the same hearer."""

    before: str
    mac: str
    at: float


class Speaker(msgspec.Struct, gc=False):
    """Who spoke to a hearer last, when, and the turns by which it came to that, oldest first."""

    mac: str
    at: float
    turns: tuple[Turn, ...] = ()


class Address(msgspec.Struct):
    """An address, and its claimants.

    `crowded_out` counts the claims of those that there was no more room for. `speakers`, by hearer
    and None before there was a second claimant, and `clashes`, the turns in which a hearer was told
    both at once, are kept by `netguard.hearing.fights`; `torn` by `netguard.hearing.intruders`.
    """

    place: Place
    stations: dict[str, Station] = msgspec.field(default_factory=dict)
    clashes: tuple[Turn, ...] = ()
    speakers: dict[str | None, Speaker] | None = None
    torn: tuple[float, ...] = ()
    crowded_out: int = 0
    advertises: bool = False


class Ledger:
    """All addresses that were claimed; `forgotten` counts those there was no more room for."""

    def __init__(self, protected: Collection[IPAddress] = (), room: int = ROOM) -> None:
        self.forgotten = 0
        self._protected = frozenset(protected)
        self._room = room
        self._kept: OrderedDict[Place, Address] = OrderedDict()
        self._others: OrderedDict[Place, Address] = OrderedDict()
        self._used: dict[str, int] = {}  # how many IPv4 addresses a station claims
        self._contested: dict[str, set[Place]] = {}

    def __len__(self) -> int:
        return len(self._kept) + len(self._others)

    def protect(self, protected: Collection[IPAddress]) -> None:
        """Protect these addresses from now on, and no others; what is known of them stays."""
        self._protected = frozenset(protected)
        moved = [*self._kept.values(), *self._others.values()]
        self._kept.clear()
        self._others.clear()
        for address in moved:
            self._part(address.place)[address.place] = address

    def add(self, claim: Claim, at: float) -> Address | None:
        """Note a claim and return all that is known of its address, None for a mere echo."""
        address = self._address(claim.place)
        if len(address.stations) > 1:
            self._dismiss(address, at, claim.mac)
        station = address.stations.get(claim.mac)
        if station is None:
            self._join(address, claim, at)
        elif at - station.at > _GIVEN_UP:
            address.stations[claim.mac] = _new(claim, at)
        elif station.repeats(claim, at):
            return None
        else:
            station.add(claim, at)
        if claim.how in ADVERTS:
            address.advertises = True
        return address

    def at(self, place: Place) -> Address | None:
        """Return what is known of an address."""
        return self._others.get(place) or self._kept.get(place)

    def contested(self, mac: str) -> AbstractSet[Place]:
        """Return what a station claims and others do too."""
        return self._contested.get(mac, _NOTHING)

    def used(self, mac: str) -> int:
        """Return how many IPv4 addresses a station claims."""
        return self._used.get(mac, 0)

    def _part(self, place: Place) -> OrderedDict[Place, Address]:
        return self._kept if place.ip in self._protected else self._others

    def _address(self, place: Place) -> Address:
        address = self._others.get(place)
        if address is not None:
            self._others.move_to_end(place)
            return address
        part = self._part(place)
        address = part.get(place)
        if address is not None:
            part.move_to_end(place)
            return address
        if len(part) >= self._room:
            self._forget(part.popitem(last=False)[1])
        address = part[place] = Address(place)
        return address

    def _forget(self, address: Address) -> None:
        self.forgotten += 1
        for mac in tuple(address.stations):
            self._leave(mac, address)

    def _dismiss(self, address: Address, at: float, speaking: str) -> None:
        gone = [mac for mac, one in address.stations.items() if at - one.at > _GIVEN_UP]
        if gone:  # and so have those that made room for them
            address.crowded_out = 0
        for mac in gone:
            if mac != speaking:
                self._leave(mac, address)

    def _join(self, address: Address, claim: Claim, at: float) -> None:
        # Thousands of forged ones speak once each: who spoke more often is worth remembering.
        if len(address.stations) >= STATIONS:
            _, _, quiet = min((min(s.count, 2), s.at, mac) for mac, s in address.stations.items())
            address.crowded_out += address.stations[quiet].count
            self._leave(quiet, address)
        address.stations[claim.mac] = _new(claim, at)
        if address.place.ip.version == _IPV4:
            self._used[claim.mac] = self._used.get(claim.mac, 0) + 1
        if len(address.stations) > 1:
            for mac in address.stations:
                self._contested.setdefault(mac, set()).add(address.place)

    def _leave(self, mac: str, address: Address) -> None:
        del address.stations[mac]
        if address.place.ip.version == _IPV4:
            self._used[mac] -= 1
            if not self._used[mac]:
                del self._used[mac]
        self._agree(mac, address.place)
        if len(address.stations) == 1:
            self._agree(next(iter(address.stations)), address.place)

    def _agree(self, mac: str, place: Place) -> None:
        """Note that a station contests an address with nobody any more."""
        contested = self._contested.get(mac)
        if contested is not None:
            contested.discard(place)
            if not contested:
                del self._contested[mac]


def _new(claim: Claim, at: float) -> Station:
    return Station(
        first=claim.seen,
        last=claim.seen,
        since=at,
        at=at,
        count=1,
        hows=(claim.how,),
        told=(claim.told,),
    )
