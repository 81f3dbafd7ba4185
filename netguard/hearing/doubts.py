"""What is heard and worth a question: who claims what others have, or what is nobody's.

Who listens knows nothing for sure, but knows whom to ask. Bounded, whatever is sent: what was heard
longest ago is forgotten first, and about one address nobody is asked too often.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

import msgspec

from netguard.hearing.claim import Claim, unmasked
from netguard.hearing.ranges import Ranges
from netguard.inventory import IPNetwork
from probes.records import IPAddress

ROOM = 4096  # addresses, where nothing else is said
CLAIMANTS = 8  # of one address that are asked
WAITING = 256  # addresses that may wait to be asked about; gateways always find room
MEMORY = timedelta(minutes=30)  # who has not claimed an address for so long has left it

# How long after a question that came to nothing the next about the same stations may come: twice
# as long each time, up to the longest.
_PAUSE = {True: timedelta(seconds=1), False: timedelta(seconds=5)}
_LONGEST = {True: timedelta(seconds=30), False: timedelta(minutes=10)}


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a segment beforehand.

    `gateways` are the MACs that each gateway is known by, none where nobody knows; `is_expected`
    says whether it is no surprise that somebody has an address.
    """

    networks: tuple[IPNetwork, ...] = ()
    gateways: Mapping[IPAddress, frozenset[str]] = {}
    is_expected: Callable[[IPAddress], bool] = lambda _: True


class Doubt(msgspec.Struct, frozen=True):
    """Somebody is to be asked who has an address; a gateway is `urgent`."""

    address: IPAddress
    stations: frozenset[str]
    urgent: bool


class _Asked(msgspec.Struct, frozen=True):
    stations: frozenset[str]
    at: datetime
    times: int


class Doubts:
    """Doubts about the addresses of one segment, in the order in which they are to be asked about.

    `dropped` counts those about several stations that there was no room for; who has what is
    nobody's is seen by the next sweep.
    """

    def __init__(self, known: Known, room: int = ROOM) -> None:
        self.dropped = 0
        self._room = room
        self._users: OrderedDict[IPAddress, dict[str, datetime]] = OrderedDict()
        self._waiting: OrderedDict[IPAddress, Doubt] = OrderedDict()
        self._asked: OrderedDict[IPAddress, _Asked] = OrderedDict()
        self.know(known)

    def know(self, known: Known) -> None:
        """Take in what has become known since."""
        self._known = known
        self._ranges = Ranges(known.networks)

    def learn(self, claims: Mapping[IPAddress, Collection[str]], now: datetime) -> None:
        """Take in who has which address, now that all were asked."""
        for address, stations in claims.items():
            self._note(address, dict.fromkeys(sorted(stations)[:CLAIMANTS], now))

    def hear(self, claim: Claim) -> Doubt | None:
        """Take in a claim; return the doubt that it raises, None where it raises none."""
        address, mac = claim.place.ip, claim.mac
        known = self._known.gateways.get(address)
        if known is not None:  # itself it answers anyway, when everybody is asked
            if claim.source is not None:
                mac = unmasked(claim, known).mac
            return None if mac in known else self._raise(address, {mac}, claim.seen)
        if address not in self._ranges:
            return None
        users = self._users.get(address)
        if users is not None and users.keys() == {mac}:
            users[mac] = claim.seen
            self._users.move_to_end(address)
            return None
        return self._suspected(address, mac, claim.seen)

    def suspect(self, address: IPAddress, stations: Iterable[str], now: datetime) -> Doubt | None:
        """Raise a doubt that somebody else has: a device that wrote it into its log."""
        return self._raise(address, self._lately(address, now).keys() | set(stations), now)

    def take(self, most: int, *, urgent: bool) -> tuple[Doubt, ...]:
        """Return what is to be asked about now; it waits no longer."""
        taken = [d for d in self._waiting.values() if d.urgent == urgent][:most]
        for doubt in taken:
            del self._waiting[doubt.address]
        return tuple(taken)

    def answered(
        self, doubt: Doubt, answering: Collection[str], now: datetime, *, found: bool
    ) -> None:
        """Take in who answered; what came to nothing is asked about less and less often."""
        before = self._asked.pop(doubt.address, None)
        again = before is not None and doubt.stations <= before.stations and not found
        times = before.times + 1 if before and again else 0
        self._asked[doubt.address] = _Asked(doubt.stations, now, times)
        while len(self._asked) > self._room:
            self._asked.popitem(last=False)
        if answering:
            self._note(doubt.address, dict.fromkeys(sorted(answering)[:CLAIMANTS], now))

    def _suspected(self, address: IPAddress, mac: str, now: datetime) -> Doubt | None:
        users = self._lately(address, now)
        others = users.keys() - {mac}
        if len(others) < CLAIMANTS:
            self._note(address, {**users, mac: now})
        if others or not self._known.is_expected(address):
            return self._raise(address, others | {mac}, now)
        return None

    def _lately(self, address: IPAddress, now: datetime) -> dict[str, datetime]:
        users = self._users.get(address, {})
        return {mac: seen for mac, seen in users.items() if now - seen < MEMORY}

    def _note(self, address: IPAddress, users: dict[str, datetime]) -> None:
        self._users[address] = users
        self._users.move_to_end(address)
        while len(self._users) > self._room:
            self._users.popitem(last=False)

    def _raise(self, address: IPAddress, who: AbstractSet[str], now: datetime) -> Doubt | None:
        urgent = address in self._known.gateways
        stations = frozenset(sorted(who)[:CLAIMANTS])
        if address in self._waiting or self._too_soon(address, stations, now, urgent=urgent):
            return None
        if not urgent and len(self._waiting) >= WAITING:
            self.dropped += len(stations) > 1
            return None
        doubt = self._waiting[address] = Doubt(address, stations, urgent)
        return doubt

    def _too_soon(
        self, address: IPAddress, stations: frozenset[str], now: datetime, *, urgent: bool
    ) -> bool:
        asked = self._asked.get(address)
        if asked is None:
            return False
        pause = min(_PAUSE[urgent] * (1 << min(asked.times, 10)), _LONGEST[urgent])
        if not stations <= asked.stations:  # somebody new: soon, but no flood of new ones
            pause = _PAUSE[urgent]
        return timedelta() <= now - asked.at < pause
