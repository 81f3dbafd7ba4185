"""Asks again about the addresses in dispute only: who goes on claiming them, and as whom.

A round is one question to everybody, then one to each claimant alone. The two are never under way
together, because a proxy (RFC 1027) answers the first late and the second at once, and because a
station that handed its address over is told by its silence to the second.
"""

import struct
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from ipaddress import IPv4Address
from statistics import median
from time import monotonic

from probes.arp.conversation import Conversation, question, sender_for
from probes.arp.frames import BROADCAST, NOBODY, REPLY, UNSPECIFIED
from probes.interfaces import own_macs
from probes.link import ARP_FRAME, SLOT, Link
from probes.mac import canonical, from_bytes, to_bytes
from probes.mmsg import Slots
from probes.records import ClaimTest

ANSWER_TIME = 1.0  # seconds; Linux delays a proxy's answer by up to 0.8
SECOND_THOUGHTS = 2  # times a station that answered all is asked alone again: a frame may be lost
CLAIMANTS_PER_ADDRESS = 32  # more is a flood; the first ones are the conflict
CROSS_QUESTIONS = 8  # addresses of each other claimant: flux answers for any of them

_SLOT = struct.Struct(f"12x10s6s4s6s4x{SLOT - ARP_FRAME}x")
_ARP = bytes.fromhex("0806 0001 0800 06 04 00")
_REPLY = _ARP + bytes([REPLY])
_STEP = 0.02

Pair = tuple[bytes, bytes]  # sender_ip, sender_hw


def retest(
    interface: str,
    disputes: Mapping[IPv4Address, Collection[str]],
    *,
    others: Mapping[str, Collection[IPv4Address]],
    canaries: Sequence[IPv4Address],
    clock: Callable[[], datetime],
    rounds: int = 3,
    spacing: float = 1.0,
    patience: float = ANSWER_TIME,
    pace: float | None = 500,
    progress: Callable[[int, int], None] | None = None,
    stop: threading.Event | None = None,
) -> tuple[ClaimTest, ...]:
    """Ask `rounds` times about each address, its claimants known (`disputes`) or yet unknown.

    Each claimant is also asked alone for addresses of the other claimants (`others`), and for
    `canaries`, which nobody has. Rounds begin at least `spacing` seconds apart, and each question
    is given `patience` seconds: a second catches every late proxy, less is for who is in a hurry.
    One record for each address and station, those included that turn up on the way. Raises as
    `sweep` does.
    """
    with Link(interface) as link:
        state = _Retest(link, disputes, others, canaries)
        talk = Conversation(link, pace=pace, take=state.take, stop=stop)
        for number in range(rounds):
            asked = _round(talk, state, number, patience)
            if progress is not None:
                progress(number + 1, rounds)
            if number + 1 < rounds:
                talk.listen(asked + spacing)
        talk.listen(talk.last_sent + patience)
        link.still_usable()
        return tuple(state.results(rounds, clock()))


def _round(talk: Conversation, state: "_Retest", number: int, patience: float) -> float:
    """Ask everybody, then each alone; return when everybody had been asked (monotonic)."""
    state.begin(number)
    for address in state.claimants:
        _ask(talk, state, address, BROADCAST)
    for canary in state.canaries if number == 0 else ():
        _ask(talk, state, canary, BROADCAST)
    asked = talk.last_sent
    _listen_until(talk, state.all_answered_broadcast, patience)
    for address, station in state.questions():
        _ask(talk, state, address, station)
    _listen_until(talk, state.all_answered_unicast, patience)
    for _ in range(SECOND_THOUGHTS):
        if not (silent := state.silent_alone()):
            break
        for address, station in silent:
            _ask(talk, state, address, station)
        _listen_until(talk, state.all_answered_unicast, patience)
    return asked


def _ask(talk: Conversation, state: "_Retest", address: bytes, destination: bytes) -> None:
    talk.allowance(1)
    state.outbox.buffer[:] = question(state.link, state.senders[address], address, destination)
    state.note(address, destination)
    talk.send(state.outbox, 1)


def _listen_until(talk: Conversation, complete: Callable[[], bool], patience: float) -> None:
    deadline = talk.last_sent + patience
    while not complete() and (now := monotonic()) < deadline:
        talk.listen(min(now + _STEP, deadline))


class _Retest:
    """What was asked in this round, and what every round has shown."""

    def __init__(
        self,
        link: Link,
        disputes: Mapping[IPv4Address, Collection[str]],
        others: Mapping[str, Collection[IPv4Address]],
        canaries: Sequence[IPv4Address],
    ) -> None:
        self.link = link
        self.canaries = [canary.packed for canary in canaries]
        self._nobody = own_macs(link.interfaces) | {NOBODY, BROADCAST}
        self.claimants = {
            address.packed: set(map(_octets, stations)) - self._nobody
            for address, stations in disputes.items()
        }
        self._others = {
            _octets(station): [address.packed for address in sorted(addresses)]
            for station, addresses in others.items()
        }
        self.senders = {a: sender_for(link, IPv4Address(a)) for a in self._all_addresses()}
        self.outbox = Slots(1, ARP_FRAME)
        # Where nobody is known yet, whoever answers first may not be the only one.
        self._all_known = all(self.claimants.values())
        self._round = 0
        self._asked_all: dict[bytes, float] = {}
        self._asked_alone: dict[Pair, float] = {}
        self._asked_aside: set[Pair] = set()
        self._heard: set[Pair] = set()
        # pair -> round -> delay: a station counts once a round, however often it answers
        self._broadcast: dict[Pair, dict[int, float]] = defaultdict(dict)
        self._unicast: dict[Pair, dict[int, float]] = defaultdict(dict)
        self._unasked: dict[Pair, set[int]] = defaultdict(set)

    def _all_addresses(self) -> set[bytes]:
        aside = (address for addresses in self._others.values() for address in addresses)
        return {*self.claimants, *self.canaries, *aside} - {UNSPECIFIED}

    def _stations(self) -> set[bytes]:
        return set().union(*self.claimants.values())

    def begin(self, number: int) -> None:
        """Start a round: what comes now answers this round's questions."""
        self._round = number
        self._asked_all.clear()
        self._asked_alone.clear()

    def note(self, address: bytes, destination: bytes) -> None:
        """Remember that the question goes out now."""
        if destination == BROADCAST:
            self._asked_all[address] = monotonic()
            if address not in self.claimants:  # a canary; a claimed address is never aside
                self._asked_aside.update((address, station) for station in self._stations())
        else:
            self._asked_alone[address, destination] = monotonic()
            self._asked_aside.add((address, destination))

    def take(self, slots: memoryview) -> None:
        """Count the replies that are meant for us."""
        now = monotonic()
        for header, station, address, target_hw in _SLOT.iter_unpack(slots):
            if station in self._nobody or not header.startswith(_ARP):
                continue
            if header == _REPLY and target_hw == self.link.mac:
                self._count((address, station), now)
            elif address in self.claimants:
                self._overhear((address, station))

    def _count(self, pair: Pair, now: float) -> None:
        address, station = pair
        stations = self.claimants.get(address)
        if stations is None:
            self._heard.update({pair} & self._asked_aside)
            return
        if station not in stations and len(stations) >= CLAIMANTS_PER_ADDRESS:
            return
        stations.add(station)
        self._heard.add(pair)
        if (asked := self._asked_alone.get(pair)) is not None:
            self._unicast[pair].setdefault(self._round, now - asked)
        elif (asked := self._asked_all.get(address)) is not None:
            self._broadcast[pair].setdefault(self._round, now - asked)

    def _overhear(self, pair: Pair) -> None:
        """Note a claim that answers nobody here: who never answers may still take over caches."""
        address, station = pair
        stations = self.claimants[address]
        if station in stations or len(stations) < CLAIMANTS_PER_ADDRESS:
            stations.add(station)
            self._unasked[pair].add(self._round)

    def questions(self) -> list[Pair]:
        """Return this round's questions to single stations, each once."""
        direct = [(a, s) for a, stations in self.claimants.items() for s in sorted(stations)]
        aside = (pair for pair in self._aside() if pair not in self._heard)
        return list(dict.fromkeys((*direct, *aside)))

    def _aside(self) -> Iterator[Pair]:
        for address, stations in self.claimants.items():
            for station in sorted(stations):
                yield from ((canary, station) for canary in self.canaries)
                yield from ((other, station) for other in self._of_others(address, station))

    def _of_others(self, address: bytes, station: bytes) -> list[bytes]:
        """Return addresses of the other claimants of `address`, without `address` itself."""
        rivals = sorted(self.claimants[address] - {station})
        own = (self._others.get(rival, [])[: CROSS_QUESTIONS + 1] for rival in rivals)
        return [other for addresses in own for other in addresses if other != address]

    def silent_alone(self) -> list[Pair]:
        """Return the claimants that answered before, and not this round's question to them."""
        pairs = ((a, s) for a, stations in self.claimants.items() for s in sorted(stations))
        return [
            p
            for p in pairs
            if (self._broadcast[p] or self._unicast[p]) and self._round not in self._unicast[p]
        ]

    def all_answered_broadcast(self) -> bool:
        """Tell whether every claimant has answered this round's question to everybody."""
        return self._all_known and self._all_in(self._broadcast)

    def all_answered_unicast(self) -> bool:
        """Tell whether every claimant has answered this round's question to it alone."""
        return self._all_in(self._unicast)

    def _all_in(self, answers: dict[Pair, dict[int, float]]) -> bool:
        pairs = ((a, s) for a, stations in self.claimants.items() for s in stations)
        return all(self._round in answers[pair] for pair in pairs)

    def results(self, rounds: int, seen: datetime) -> Iterator[ClaimTest]:
        """Yield one record for each address and station, in order."""
        for address, stations in sorted(self.claimants.items()):
            for station in sorted(stations):
                yield self._result(address, station, rounds, seen)

    def _result(self, address: bytes, station: bytes, rounds: int, seen: datetime) -> ClaimTest:
        broadcast = self._broadcast[address, station]
        unicast = self._unicast[address, station]
        asked = self._of_others(address, station)
        cross = {other for other in asked if (other, station) in self._heard}
        canary = next((c for c in self.canaries if (c, station) in self._heard), None)
        return ClaimTest(
            address=IPv4Address(address),
            station=from_bytes(station),
            rounds=rounds,
            broadcast_answers=len(broadcast),
            unicast_answers=len(unicast),
            still_answers=rounds - 1 in unicast,
            cross_claims=tuple(sorted(map(IPv4Address, cross))),
            cross_silent=tuple(sorted(map(IPv4Address, set(asked) - cross))),
            unasked_rounds=len(self._unasked[address, station]),
            canary=None if canary is None else IPv4Address(canary),
            broadcast_delay=median(broadcast.values()) if broadcast else None,
            unicast_delay=median(unicast.values()) if unicast else None,
            seen=seen,
        )


def _octets(station: str) -> bytes:
    return to_bytes(canonical(station))
