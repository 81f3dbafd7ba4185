"""How far the server itself is, and who stands before it."""

import msgspec

from netguard.forwarding.known import MOST_HOPS, Known
from probes.records import IPAddress
from probes.trace.flow import FULL, Ask, Flow, Question

WAIT = 1.0  # seconds: enough for an address that must first be asked for by ARP
_INITIAL = (64, 128, 255)  # hop limits that hosts start with
_SURE = 5  # times that the hop before is asked: all that is judged later hangs on it
_STRAY = 5  # hops by which the way back may be longer or shorter


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """The way to a server: `distance` 0 where it could not be found out."""

    distance: int
    edges: frozenset[IPAddress] = frozenset()
    edge_silent: bool = False
    rtt: float | None = None


def own_way(flow: Flow, known: Known) -> Ask | Way:
    """Return what to ask about the server's own address next, or the way once it is known."""
    if known.on_segment:
        here = flow.at(1)
        if not here.settled(2):
            return _ask(1)
        # Whoever says that the server's own address is further on, is not the server.
        stranger = here.first("time-exceeded") is not None and here.end() is None
        return Way(distance=0 if stranger else 1, rtt=flow.rtt)
    whole = flow.at(FULL)
    if not whole.settled(2):
        return _ask(FULL)
    answer = whole.end()
    if answer is None or answer.reply_ttl is None:
        return _by_the_routers(flow)
    guess = next(i for i in _INITIAL if i >= answer.reply_ttl) - answer.reply_ttl + 1
    return _from(flow, guess)


def _from(flow: Flow, guess: int) -> Ask | Way:
    """Find the first hop limit at which the server answers, beginning with a guess."""
    for ttl in range(max(1, guess), min(guess + _STRAY, MOST_HOPS)):
        here = flow.at(ttl)
        if not here.settled(2):
            return _ask(ttl)
        if here.end():
            return _down(flow, ttl)
    return Way(distance=0, rtt=flow.rtt)


def _down(flow: Flow, ttl: int) -> Ask | Way:
    while ttl > 1:
        before = flow.at(ttl - 1)
        if not before.settled(_SURE):
            return _ask(ttl - 1)
        if not before.end():
            break
        ttl -= 1
    passed = flow.at(ttl - 1).first("time-exceeded") if ttl > 1 else None
    return Way(
        distance=ttl,
        edges=frozenset({passed.source} if passed else ()),
        edge_silent=ttl > 1 and passed is None,
        rtt=flow.rtt,
    )


def _by_the_routers(flow: Flow) -> Ask | Way:
    """Place a server that answers nothing behind the last router that does."""
    last = 0
    for ttl in range(1, MOST_HOPS):
        here = flow.at(ttl)
        if not here.settled(2):
            return _ask(ttl)
        if here.first("time-exceeded"):
            last = ttl
        elif ttl > last + 1:
            break
    passed = flow.at(last).first("time-exceeded") if last else None
    if passed is None:
        return Way(distance=0)
    return Way(distance=last + 1, edges=frozenset({passed.source}))


def _ask(ttl: int) -> Ask:
    return Ask(Question(ttl), WAIT)
