"""What re-asking proved about the stations that claim one address.

The definition (RFC 5227's conflict, made strict enough for a network full of look-alikes): two
stations that are not one host both claim the address, in at least two of three rounds, and each
still answers a question sent to its own MAC alone. A slow or lossy station may miss questions to
everybody, so a round counts that it answered either way.
"""

from collections.abc import Iterable

from netguard.view import SegmentView
from probes.heard import ClaimTest
from probes.records import IPAddress

ROUNDS_NEEDED = 2


def tests_of(seen: SegmentView, address: IPAddress) -> tuple[ClaimTest, ...]:
    """Return what re-asking showed of each station that claims the address."""
    return tuple(t for t in seen.tests if t.address == address)


def by_address(seen: SegmentView) -> dict[IPAddress, list[ClaimTest]]:
    """Return what re-asking showed, address by address."""
    grouped: dict[IPAddress, list[ClaimTest]] = {}
    for test in seen.tests:
        grouped.setdefault(test.address, []).append(test)
    return grouped


def stands(test: ClaimTest) -> bool:
    """Tell whether the station goes on claiming the address: it did not hand it over and leave."""
    rounds = max(test.broadcast_answers, test.unicast_answers)
    return rounds >= min(ROUNDS_NEEDED, test.rounds) and test.still_answers


def answers(test: ClaimTest) -> bool:
    """Tell whether the station answered at all when asked again."""
    return test.broadcast_answers + test.unicast_answers >= 1


def insists(test: ClaimTest) -> bool:
    """Tell whether the station claims the address over and over without being asked.

    Whoever only announces an address still takes it over in everybody's cache.
    """
    return test.unasked_rounds >= ROUNDS_NEEDED


def one_host(tests: Iterable[ClaimTest]) -> bool:
    """Tell whether all the stations are interfaces of one host (ARP flux).

    Asked for each other's further addresses, of which there is at least one, they then answer for
    all of them. A station that merely took an address does not answer for what else the victim
    has, nor the victim for what it has.
    """
    standing = tuple(tests)
    return any(t.cross_claims for t in standing) and not any(t.cross_silent for t in standing)
