"""What re-asking proved about the stations that claim one address.

The definition (RFC 5227's conflict, made strict enough for a network full of look-alikes): two
stations that are not one host both claim the address, in at least two of three rounds, and each
still answers a question sent to its own MAC alone.
"""

from collections.abc import Iterable

from netguard.view import SegmentView, addresses_by_station
from probes.records import ClaimTest, IPAddress

ROUNDS_NEEDED = 2


def tests_of(seen: SegmentView, address: IPAddress) -> tuple[ClaimTest, ...]:
    """Return what re-asking showed of each station that claims the address."""
    return tuple(t for t in seen.tests if t.address == address)


def stands(test: ClaimTest) -> bool:
    """Tell whether the station goes on claiming the address: it did not hand it over and leave."""
    return test.broadcast_answers >= min(ROUNDS_NEEDED, test.rounds) and test.still_answers


def answers(test: ClaimTest) -> bool:
    """Tell whether the station answered at all when asked again."""
    return test.broadcast_answers + test.unicast_answers >= 1


def one_host(seen: SegmentView, tests: Iterable[ClaimTest]) -> bool:
    """Tell whether all the stations are interfaces of one host (ARP flux).

    All of them then answer for the same addresses, of which there is at least one more. A station
    that merely took an address does not answer for what else the victim has, nor the victim for
    what it has.
    """
    answered = addresses_by_station(seen.claims)
    own = {frozenset((*answered.get(t.station, ()), *t.cross_claims)) - {t.address} for t in tests}
    return len(own) == 1 and frozenset() not in own
