"""What it is honest to say of an address in a world: the truth, or what nothing there can show.

The rows are all excuses there are where no answer is lost and the edge says who it is. Of 20,000
such worlds none needs another.
"""

from collections.abc import Callable
from typing import NamedTuple

from netguard.forwarding.records import STATES as KNOWN_STATES
from netguard.forwarding.records import AddressState
from probes.records import IPAddress
from tests.netguard.forwarding.world import ALIVE, STATES, End, World

_BY_UDP = 4  # addresses that are asked in another way than by pings


class Excuse(NamedTuple):
    """Where nothing shows what an address is, of which ends, and what else may then be said."""

    where: Callable[[World], bool]
    ends: frozenset[End]
    states: frozenset[AddressState]


def uneven(world: World) -> bool:
    """Tell whether addresses are at different distances."""
    return len(world.detours) > 1 and not world.on_segment


def spent(world: World) -> bool:
    """Tell whether the server may have used up its errors on others that never end."""
    return world.policy.exceeded == "rationed" and bool({"refused", "loop"} & set(world.ends))


def feigns_unseen(world: World) -> bool:
    """Tell whether the server answers pings for others, and nothing shows that it does."""
    not_sampled = sum(end in ALIVE for end in world.ends) > _BY_UDP
    silent = world.policy.exceeded == "silent" or not world.policy.decrements or spent(world)
    return world.policy.feigns and (
        silent or not_sampled or world.dual or "udp" not in world.methods
    )


def unpassed(world: World) -> bool:
    """Tell whether the server throws away what is not for it."""
    return world.on_segment and not (world.policy.routes and not world.policy.filtered)


def _row(where: Callable[[World], bool], ends: str, states: str) -> Excuse:
    return Excuse(
        where,
        frozenset(end for end in STATES if end in ends.split() or ends == "any"),
        frozenset(state for state in KNOWN_STATES if state in states.split()),
    )


EXCUSES = {
    "neither the server nor a router says where it is": [
        _row(lambda w: w.policy.shy, "any", "undecided"),
    ],
    "by ways of unequal length the server comes sooner or later, and routers may say nothing": [
        _row(lambda w: uneven(w) and w.core != "talks", "any", "undecided"),
        _row(uneven, "dead loop", "undecided silent"),
    ],
    "nobody knows in what name a server that has an IPv4 address speaks IPv6": [
        _row(lambda w: w.dual, "bound live neighbour router", "undecided"),
        _row(lambda w: w.dual, "dead loop refused astray", "undecided silent elsewhere"),
        _row(lambda w: w.dual and uneven(w) and not w.informed, "live router", "bound"),
    ],
    "from afar all stations of a segment look alike": [
        _row(
            lambda w: not w.on_segment and (w.version == 6 or not w.informed),
            "neighbour",
            "bound undecided",
        ),
    ],
    "the edge has more addresses than that in which it speaks": [
        _row(lambda w: not w.informed, "router", "undecided"),
    ],
    "on the segment only the server is given the frame: it throws it away, or sends it out again": [
        _row(unpassed, "neighbour unrouted astray router", "silent"),
        _row(
            lambda w: w.on_segment and w.policy.routes,
            "vacant unrouted astray neighbour router",
            "looped silent undecided",
        ),
    ],
    "a filter that lets nothing through looks like a tunnel with nobody in it": [
        _row(lambda w: w.policy.filtered, "dropped vacant", "undecided"),
        _row(lambda w: w.policy.routes, "dead", "undecided"),
    ],
    "the server says nothing, or has no word left": [
        _row(lambda w: w.policy.exceeded == "silent", "live", "undecided"),
        _row(
            lambda w: w.policy.exceeded == "silent" or spent(w),
            "dead loop refused",
            "undecided silent",
        ),
    ],
    "the server does not count its hop": [
        _row(lambda w: not w.policy.decrements, "live", "bound undecided"),
        _row(lambda w: not w.policy.decrements, "bound", "undecided"),
        _row(lambda w: not w.policy.decrements, "dead loop", "undecided silent"),
    ],
    "the server answers pings for others": [
        _row(lambda w: w.policy.feigns, "bound live dead", "undecided"),
        _row(feigns_unseen, "live dead", "bound"),
    ],
    "a router behind the server stands where others' ways end": [
        _row(lambda w: w.policy.inner, "live dead", "silent undecided"),
    ],
    "by way of the gateway all answers bear its MAC": [
        _row(lambda w: w.by_gateway, "live", "undecided"),
        _row(
            lambda w: w.by_gateway and not w.informed,
            "astray unrouted vacant",
            "forwarded undecided",
        ),
    ],
}


def honest(world: World, address: IPAddress) -> frozenset[AddressState]:
    """Return what may be said of an address where no answer is lost, and the edge talks."""
    end = world.truth[address]
    rows = (row for rows in EXCUSES.values() for row in rows)
    excused = (row.states for row in rows if end in row.ends and row.where(world))
    return frozenset({STATES[end]}).union(*excused)
