"""What it is honest to say of an address in a world: the truth, or what nothing there can show.

The rows are all excuses there are where no answer is lost and the edge says who it is.
"""

from collections.abc import Callable
from typing import NamedTuple

from netguard.forwarding.records import AddressState
from probes.records import IPAddress
from tests.netguard.forwarding.world import ALIVE, STATES, End, World

_ANY = frozenset(STATES)
_PASSED = frozenset[End]({"live", "dead"})
_NEVER_THERE = frozenset[End]({"vacant", "unrouted", "astray", "neighbour", "router"})
_OUTLIER = 0.005


class Excuse(NamedTuple):
    """Where nothing shows what an address is, of which ends, and what else may then be said."""

    why: str
    where: Callable[[World], bool]
    ends: frozenset[End]
    states: frozenset[AddressState]


def _excuse(
    why: str, where: Callable[[World], bool], ends: str, states: str
) -> Excuse:
    named = frozenset(e for e in STATES if e in ends.split()) or _ANY
    return Excuse(why, where, named, frozenset(states.split()))  # type: ignore[arg-type]


def uneven(world: World) -> bool:
    return len(world.detours) > 1 and not world.on_segment


def hides_completely(world: World) -> bool:
    """Tell whether the server counts no hop, or answers pings for others and says nothing else."""
    policy = world.policy
    says_nothing = policy.exceeded == "silent" or "udp" not in world.methods or world.dual
    return not policy.decrements or (policy.feigns and says_nothing)


EXCUSES = (
    _excuse("neither the server nor a router says where it is", lambda w: w.policy.shy, "", "undecided"),
    _excuse(
        "a load balancer, and routers that do not say by which way it went",
        lambda w: uneven(w) and w.core != "talks",
        "",
        "undecided",
    ),
    _excuse("nobody knows in what name the server speaks IPv6", lambda w: w.dual, "bound live", "undecided"),
    _excuse("nobody knows in what name the server speaks IPv6", lambda w: w.dual, "neighbour router", "undecided bound"),
    _excuse("nobody knows in what name the server speaks IPv6", lambda w: w.dual, "dead loop refused astray", "undecided silent elsewhere"),
    _excuse("from afar all stations of a segment look alike", lambda w: not w.on_segment and (w.version == 6 or not w.informed), "neighbour", "bound undecided"),
    _excuse("the edge has more addresses than it speaks in", lambda w: not w.informed, "router", "undecided"),
    _excuse("only the server is given the frame, which throws it away", lambda w: w.on_segment and not (w.policy.routes and not w.policy.filtered), "neighbour unrouted astray router", "silent"),
    _excuse("only the server is given the frame, which sends it out again", lambda w: w.on_segment and w.policy.routes, "vacant unrouted astray neighbour router", "looped silent undecided"),
    _excuse("a filter lets nothing through, and looks like an empty tunnel", lambda w: w.policy.filtered, "dropped unrouted astray vacant neighbour router", "undecided silent"),
    _excuse("the server says nothing of what it passes on", lambda w: w.policy.exceeded == "silent", "live", "undecided"),
    _excuse("the server says nothing of what it passes on", lambda w: w.policy.exceeded == "silent", "dead loop refused", "undecided silent"),
    _excuse("nobody is there, and a tunnel does not say so", lambda w: True, "dead", "undecided"),
    _excuse("the server does not count its hop", lambda w: not w.policy.decrements, "live", "bound undecided"),
    _excuse("the server does not count its hop", lambda w: not w.policy.decrements, "bound", "undecided"),
    _excuse("the server does not count its hop", lambda w: not w.policy.decrements, "dead loop", "undecided silent"),
    _excuse("by an uneven way the server comes earlier than it is asked", uneven, "dead", "silent undecided"),
    _excuse("a router behind the server stands where others' ways end", lambda w: w.policy.inner, "live dead", "silent undecided"),
    _excuse("by way of the gateway all answers bear its MAC", lambda w: w.by_gateway, "live", "undecided"),
    _excuse("by way of the gateway all answers bear its MAC", lambda w: w.by_gateway and not w.informed, "astray unrouted vacant", "forwarded undecided"),
    _excuse("the server answers pings for others", lambda w: w.policy.feigns, "bound live dead", "undecided"),
    _excuse("the server answers pings for others, and nothing else", lambda w: hides_completely(w) and w.policy.feigns, "live dead", "bound"),
)


def honest(world: World, address: IPAddress) -> frozenset[AddressState]:
    """Return what may be said of an address where no answer is lost, and the edge talks."""
    end = world.truth[address]
    excused = (e.states for e in EXCUSES if end in e.ends and e.where(world))
    return frozenset({STATES[end]}).union(*excused)
