"""After the change: does the impostor still answer, does the gateway, and heal the segment."""

import asyncio
import threading
from functools import partial
from ipaddress import IPv4Address

from netguard.ask import ask_about, in_threads
from netguard.collect import Clock
from netguard.emergency.disputes import QUICK, Dispute, dispute_of
from netguard.inventory import Segment
from netguard.rules.claims import answers, insists
from netguard.situation import Claims, Situation, stations
from probes import arp
from probes.errors import ProbeError

PATIENCE = 5.0  # seconds in which a gateway that was pushed aside is heard again
PAUSE = 0.2


async def conflict_cleared(s: Situation, *, clock: Clock) -> bool | None:
    """Say whether the trouble is over: asked again, None where nobody can be asked.

    After a closing the impostor must be silent, and a gateway that was taken must answer itself;
    after an opening nobody may answer who may not. The segment is healed, if the configuration
    wants it, only when the impostor is gone.
    """
    dispute = dispute_of(s.finding, s.view.inventory.segments)
    if dispute is None or s.claims is None:
        return None
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while (answering := await _answering(s.claims, dispute, clock)) is not None:
        over = _over(s, dispute, answering)
        if over or asyncio.get_running_loop().time() > deadline:
            if over:
                await _heal(s, dispute, answering)
            return over
        await asyncio.sleep(PAUSE)
    return None


async def _answering(before: Claims, dispute: Dispute, clock: Clock) -> frozenset[str] | None:
    segment, address = dispute
    known = before.answering | before.rightful | before.impostors
    question = partial(ask_about, segment, {address: known}, QUICK, clock=clock)
    (seen,) = await in_threads([question])
    if seen.gaps:
        return None
    return frozenset(t.station for t in seen.tests if answers(t) or insists(t))


def _over(s: Situation, dispute: Dispute, answering: frozenset[str]) -> bool:
    claims = s.claims
    if claims is None:
        return False
    wrong = claims.impostors | (frozenset({s.target}) if s.target else frozenset())
    if s.change == "shutdown":
        wrong |= frozenset(stations(s)) - claims.rightful
    if answering & wrong:
        return False
    return not _taken_gateway(s, dispute[0]) or bool(answering & claims.rightful)


def _taken_gateway(s: Situation, segment: Segment) -> bool:
    """Tell whether the address is a pinned gateway's: then it must be heard itself."""
    if s.claims is None or not s.claims.rightful:
        return False
    return any(g.address == s.claims.address for g in segment.gateways)


async def _heal(s: Situation, dispute: Dispute, answering: frozenset[str]) -> None:
    """Announce the gateway's own MAC, so that no cache keeps the impostor's until it expires."""
    segment, address = dispute
    if s.change != "shutdown" or not s.settings.announce or s.claims is None:
        return
    own = answering & s.claims.rightful
    if len(own) == 1 and _taken_gateway(s, segment) and segment.interface:
        await in_threads([partial(_announce, segment.interface, address, *own)])


def _announce(interface: str, address: IPv4Address, mac: str, *, stop: threading.Event) -> None:
    try:
        arp.announce(interface, address, mac, stop=stop)
    except ProbeError:
        return  # the port is closed and the impostor gone: caches then expire by themselves
