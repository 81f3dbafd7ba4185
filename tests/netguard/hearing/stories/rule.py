"""What only looks like a trouble, and the same pattern abused: one rule of each kind.

After the table of false alarms that ruin tools of this kind. Every story is told with a cast, so
that many can go on at once on one segment.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from netguard.findings import Kind
from netguard.hearing.ear import Ground
from tests.netguard.hearing.octets import Cast, Framed, reply, request

Frames = Iterator[Framed]


class Rule(NamedTuple):
    """`harmless` is nothing; `abused` is a trouble of this kind, whose culprit is `accused`."""

    harmless: Callable[[Cast], Frames]
    abused: Callable[[Cast], Frames]
    kind: Kind = "address-conflict"
    accused: Callable[[Cast], str] = lambda who: who.second
    ground: Callable[[Cast], Ground] = lambda _: Ground()
    address: Callable[[Cast], str] = lambda who: who.ip


def in_turns(who: Cast, ip: str, *stations: str, start: float = 60, every: float = 1) -> Frames:
    """Stations answer one asker again and again: a duplicate as it lives."""
    for n in range(6):
        for late, station in enumerate(stations):
            yield reply(start + n * every + late / 1000, station, ip, who.asker)


def lives(who: Cast, ip: str, station: str, start: float = 0, until: float = 30) -> Frames:
    """A station uses its address: asks others, and answers."""
    at = start
    while at < until:
        yield request(at, station, ip, "198.51.100.1")
        yield reply(at + 1, station, ip, who.asker)
        at += 7
