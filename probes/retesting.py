"""Asks again about the addresses in dispute only: who goes on claiming them, and as whom.

A round is one question to everybody, then one to each claimant alone. The two are never under way
together, because a proxy (RFC 1027, RFC 4389) answers the first late and the second at once, and
because a station that handed its address over is told by its silence to the second. What the
questions and answers look like is another's business: here addresses and stations are octets.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from statistics import median
from time import monotonic
from typing import TypeVar

from probes.conversation import Conversation
from probes.heard import ClaimTest
from probes.link import IP_FRAME
from probes.mac import canonical, from_bytes, to_bytes
from probes.mmsg import Slots

ANSWER_TIME = 1.0  # seconds; Linux delays a proxy's answer by up to 0.8
SECOND_THOUGHTS = 2  # times a station that answered all is asked alone again: a frame may be lost
CLAIMANTS_PER_ADDRESS = 32  # more is a flood; the first ones are the conflict
CROSS_QUESTIONS = 8  # addresses of each other claimant: flux answers for any of them
EVERYBODY = b"\xff" * 6  # the station that stands for all of them

_STEP = 0.003  # seconds between two looks whether all have answered

AddressT = TypeVar("AddressT", IPv4Address, IPv6Address)
Pair = tuple[bytes, bytes]  # address, station
Question = Callable[[bytes, bytes], bytes]  # the frame that asks for an address a station


class Tally:
    """What was asked in this round, and what every round has shown.

    `disputes` are the addresses with their claimants, known or yet unknown; `nobody` are stations
    that cannot be claimants, such as our own. Each claimant is also asked alone for addresses of
    the other claimants (`others`), and for `canaries`, which nobody has.
    """

    def __init__(
        self,
        disputes: Mapping[AddressT, Collection[str]],
        *,
        nobody: frozenset[bytes],
        others: Mapping[str, Collection[IPv4Address]],
        canaries: Sequence[IPv4Address],
    ) -> None:
        self.canaries = [canary.packed for canary in canaries]
        self._nobody = nobody | {EVERYBODY}
        self.claimants = {
            address.packed: set(map(_octets, stations)) - self._nobody
            for address, stations in disputes.items()
        }
        self._others = {
            _octets(station): [address.packed for address in sorted(addresses)]
            for station, addresses in others.items()
        }
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

    def addresses(self) -> set[bytes]:
        """Return every address that may be asked about."""
        aside = (address for addresses in self._others.values() for address in addresses)
        return {*self.claimants, *self.canaries, *aside}

    def _stations(self) -> set[bytes]:
        return set().union(*self.claimants.values())

    def begin(self, number: int) -> None:
        """Start a round: what comes now answers this round's questions."""
        self._round = number
        self._asked_all.clear()
        self._asked_alone.clear()

    def note(self, address: bytes, station: bytes) -> None:
        """Remember that the question goes out now."""
        if station == EVERYBODY:
            self._asked_all[address] = monotonic()
            if address not in self.claimants:  # a canary; a claimed address is never aside
                self._asked_aside.update((address, each) for each in self._stations())
        else:
            self._asked_alone[address, station] = monotonic()
            self._asked_aside.add((address, station))

    def asked_alone(self, pair: Pair) -> bool:
        """Tell whether the station was asked alone for the address in this round."""
        return pair in self._asked_alone

    def count(self, pair: Pair, now: float) -> None:
        """Count an answer that is meant for us, come at that monotonic time."""
        address, _ = pair
        if address not in self.claimants:
            self._heard.update({pair} & self._asked_aside)
            return
        if not self._admitted(pair):
            return
        self._heard.add(pair)
        if (asked := self._asked_alone.get(pair)) is not None:
            self._unicast[pair].setdefault(self._round, now - asked)
        elif (asked := self._asked_all.get(address)) is not None:
            self._broadcast[pair].setdefault(self._round, now - asked)

    def overhear(self, pair: Pair) -> None:
        """Note a claim that answers nobody here: who never answers may still take over caches."""
        if self._admitted(pair):
            self._unasked[pair].add(self._round)

    def _admitted(self, pair: Pair) -> bool:
        """Tell whether the station is a claimant by now: a new one is, while there is room."""
        address, station = pair
        stations = self.claimants.get(address)
        if stations is None or station in self._nobody:
            return False
        if station not in stations and len(stations) >= CLAIMANTS_PER_ADDRESS:
            return False
        stations.add(station)
        return True

    def questions(self) -> list[Pair]:
        """Return this round's questions to single stations, each once."""
        aside = (pair for pair in self._aside() if pair not in self._heard)
        return list(dict.fromkeys((*self._pairs(), *aside)))

    def _pairs(self) -> Iterator[Pair]:
        for address, stations in self.claimants.items():
            yield from ((address, station) for station in sorted(stations))

    def _aside(self) -> Iterator[Pair]:
        for address, station in self._pairs():
            yield from ((canary, station) for canary in self.canaries)
            yield from ((other, station) for other in self._of_others(address, station))

    def _of_others(self, address: bytes, station: bytes) -> list[bytes]:
        """Return addresses of the other claimants of `address`, without `address` itself."""
        rivals = sorted(self.claimants[address] - {station})
        own = (self._others.get(rival, [])[: CROSS_QUESTIONS + 1] for rival in rivals)
        return [other for addresses in own for other in addresses if other != address]

    def silent_alone(self) -> list[Pair]:
        """Return the claimants that answered before, and not this round's question to them."""
        return [
            pair
            for pair in self._pairs()
            if (self._broadcast[pair] or self._unicast[pair])
            and self._round not in self._unicast[pair]
        ]

    def all_answered_broadcast(self) -> bool:
        """Tell whether every claimant has answered this round's question to everybody."""
        return self._all_known and self._all_in(self._broadcast)

    def all_answered_unicast(self) -> bool:
        """Tell whether every claimant has answered this round's question to it alone."""
        return self._all_in(self._unicast)

    def _all_in(self, answers: dict[Pair, dict[int, float]]) -> bool:
        """Tell whether all have answered; who never has is waited for in the first round only.

        He is asked in the others too, and has until the end of each.
        """
        return all(
            self._round in answers[pair]
            for pair in self._pairs()
            if self._round == 0 or pair in self._heard
        )

    def results(self, rounds: int, seen: datetime) -> tuple[ClaimTest, ...]:
        """Return one record for each address and station, in order."""
        return tuple(
            self._result(address, station, rounds, seen)
            for address, station in sorted(self._pairs())
        )

    def _result(self, address: bytes, station: bytes, rounds: int, seen: datetime) -> ClaimTest:
        broadcast = self._broadcast[address, station]
        unicast = self._unicast[address, station]
        asked = self._of_others(address, station)
        cross = {other for other in asked if (other, station) in self._heard}
        canary = next((c for c in self.canaries if (c, station) in self._heard), None)
        return ClaimTest(
            address=ip_address(address),
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


def ask_rounds(
    talk: Conversation,
    tally: Tally,
    question: Question,
    *,
    rounds: int,
    spacing: float,
    patience: float,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Ask `rounds` times, each begun at least `spacing` seconds after the one before.

    Each question is given `patience` seconds; where all the known have answered it gets fewer.
    """
    asking = _Asking(talk, tally, question, patience)
    for number in range(rounds):
        asked = asking.round(number)
        if progress is not None:
            progress(number + 1, rounds)
        if number + 1 < rounds:
            talk.listen(asked + spacing)
    talk.listen(talk.last_sent + patience)


class _Asking:
    """Who asks: one question after the other, each noted in the tally."""

    def __init__(
        self, talk: Conversation, tally: Tally, question: Question, patience: float
    ) -> None:
        self._talk = talk
        self._tally = tally
        self._question = question
        self._patience = patience
        self._outbox = Slots(1, IP_FRAME)

    def round(self, number: int) -> float:
        """Ask everybody, then each alone; return when everybody had been asked (monotonic)."""
        tally = self._tally
        tally.begin(number)
        self._ask((address, EVERYBODY) for address in tally.claimants)
        self._ask((canary, EVERYBODY) for canary in (tally.canaries if number == 0 else ()))
        asked = self._talk.last_sent
        self._listen_until(tally.all_answered_broadcast)
        self._ask(tally.questions())
        self._listen_until(tally.all_answered_unicast)
        for _ in range(SECOND_THOUGHTS):
            if not (silent := tally.silent_alone()):
                break
            self._ask(silent)
            self._listen_until(tally.all_answered_unicast)
        return asked

    def _ask(self, questions: Iterable[Pair]) -> None:
        for address, station in questions:
            self._talk.allowance(1)
            self._outbox.put(0, self._question(address, station))
            self._tally.note(address, station)
            self._talk.send(self._outbox, 1)

    def _listen_until(self, complete: Callable[[], bool]) -> None:
        deadline = self._talk.last_sent + self._patience
        while not complete() and (now := monotonic()) < deadline:
            self._talk.listen(min(now + _STEP, deadline))


def _octets(station: str) -> bytes:
    return to_bytes(canonical(station))
