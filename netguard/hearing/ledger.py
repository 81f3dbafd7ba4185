"""Who claimed what, and who took turns: bounded, whatever is sent.

Forged frames by the million must not cost the memory, nor the sight of what goes on elsewhere: what
has not been heard of for the longest time is forgotten first, and counted. Protected addresses are
never forgotten.
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec

from netguard.hearing.claim import ADVERT, Claim, Place
from probes.records import IPAddress

ROOM = 100_000  # addresses
STATIONS = 8  # that claim one address; more fight over none
_HEARERS = 16  # of one address that are told apart
_TURNS = 8
_ECHO = timedelta(milliseconds=50)  # the same frame again, by a loop or a mirror port


class Station(msgspec.Struct):
    """What one station claimed of one address: when, how often, how, and before whom."""

    first: datetime
    last: datetime
    count: int = 0
    hows: set[str] = msgspec.field(default_factory=set)
    told: set[str | None] = msgspec.field(default_factory=set)


class Turn(msgspec.Struct, frozen=True):
    """The address was claimed by another station than the time before."""

    mac: str
    seen: datetime


class Address(msgspec.Struct):
    """An address, its claimants, and whose turn it was last, oldest first.

    `crowded_out` counts the claims of those that there was no more room for.
    Each hearer is told apart: a bond that balances its answers (balance-alb) shows each of them one
    MAC of several, and always the same. A router that advertises itself does so before everybody.
    """

    place: Place
    stations: dict[str, Station] = msgspec.field(default_factory=dict)
    turns: deque[Turn] = msgspec.field(default_factory=lambda: deque(maxlen=_TURNS))
    speakers: dict[str | None, str] = msgspec.field(default_factory=dict)
    crowded_out: int = 0
    advertises: bool = False

    def add(self, claim: Claim) -> None:
        """Note a claim, unless it is the echo of one."""
        station = self.stations.get(claim.mac)
        if station is None:
            station = self.stations[claim.mac] = Station(first=claim.seen, last=claim.seen)
        elif claim.seen - station.last < _ECHO and _is_echo(station, claim):
            return
        station.last = claim.seen
        station.count += 1
        station.hows.add(claim.how)
        if len(station.told) < _HEARERS:
            station.told.add(claim.told)
        self.advertises = self.advertises or claim.how == ADVERT
        self._take_turn(claim, None if self.advertises else claim.told)

    def _take_turn(self, claim: Claim, hearer: str | None) -> None:
        before = self.speakers.pop(hearer, None)
        if before not in {None, claim.mac}:
            self.turns.append(Turn(claim.mac, claim.seen))
        elif len(self.speakers) >= _HEARERS:
            del self.speakers[next(iter(self.speakers))]
        self.speakers[hearer] = claim.mac


def _is_echo(station: Station, claim: Claim) -> bool:
    return claim.how in station.hows and claim.told in station.told


class Ledger:
    """All addresses that were claimed; `forgotten` counts those there was no more room for."""

    def __init__(self, protected: Collection[IPAddress] = (), room: int = ROOM) -> None:
        self.forgotten = 0
        self._protected = frozenset(protected)
        self._room = room
        self._kept: dict[Place, Address] = {}
        self._addresses: OrderedDict[Place, Address] = OrderedDict()
        self._of: defaultdict[str, set[Place]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._kept) + len(self._addresses)

    def add(self, claim: Claim) -> Address:
        """Note a claim and return all that is known of its address."""
        address = self._address(claim.place)
        if claim.mac not in address.stations:
            self._make_room(address)
            self._of[claim.mac].add(claim.place)
        address.add(claim)
        return address

    def places(self, mac: str) -> frozenset[Place]:
        """Return what a station claims."""
        return frozenset(self._of.get(mac, ()))

    def at(self, place: Place) -> Address | None:
        """Return what is known of an address."""
        return self._kept.get(place) or self._addresses.get(place)

    def _address(self, place: Place) -> Address:
        if place.ip in self._protected:
            return self._kept.setdefault(place, Address(place))
        address = self._addresses.get(place)
        if address is None:
            if len(self._addresses) >= self._room:
                self._forget(self._addresses.popitem(last=False)[1])
            address = self._addresses[place] = Address(place)
        else:
            self._addresses.move_to_end(place)
        return address

    def _forget(self, address: Address) -> None:
        self.forgotten += 1
        for mac in address.stations:
            self._leave(mac, address.place)

    def _make_room(self, address: Address) -> None:
        if len(address.stations) >= STATIONS:
            quiet = min(address.stations, key=lambda mac: _weight(address.stations[mac]))
            address.crowded_out += address.stations.pop(quiet).count
            self._leave(quiet, address.place)

    def _leave(self, mac: str, place: Place) -> None:
        self._of[mac].discard(place)
        if not self._of[mac]:
            del self._of[mac]


def _weight(station: Station) -> tuple[int, datetime]:
    """Return what makes a claimant worth remembering: thousands of forged ones speak once each."""
    return min(station.count, 2), station.last
