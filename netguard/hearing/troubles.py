"""The troubles that were heard: each begins once, ends by itself, and may begin again.

Bounded: whoever forges conflicts by the thousand must not cost the memory. What was taken of a
gateway always finds room.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from netguard.findings import Finding, gravest_first, identity
from netguard.hearing.claim import Claim, Place
from netguard.hearing.ledger import Address
from netguard.hearing.telling import Accusation, finding_of, where

# A trouble that nobody has heard of for so long (seconds) is over. A router may advertise itself
# only every half an hour (RFC 4861, section 6.2.1).
_REST = 600.0
ROUTERS_REST = 1860.0
ROOM = 1000


class Trouble(msgspec.Struct):
    """A trouble as it was first told, and what was heard of it last."""

    finding: Finding
    accusation: Accusation
    address: Address
    began: float
    at: float
    seen: datetime
    stale: bool = False  # more was heard of it than the finding tells
    withdrawn: bool = False
    aside: bool = False  # it is none, by what was heard so far

    def is_over(self, at: float) -> bool:
        """Tell whether it has ended by now."""
        rest = ROUTERS_REST if self.accusation.kind == "rogue-router" else _REST
        return self.withdrawn or self.aside or at - self.at > rest


class Troubles:
    """Troubles by their identity; `untold` counts how often one found no room."""

    def __init__(self) -> None:
        self.untold = 0
        self._troubles: dict[str, Trouble] = {}

    def note(
        self, accusation: Accusation, address: Address, claim: Claim, at: float, segment: str | None
    ) -> Finding | None:
        """Note what was heard; return the trouble if it begins with that."""
        name = identity(accusation.kind, where(address.place, segment), address.place.ip)
        known = self._troubles.get(name)
        if known is not None and not known.is_over(at):
            known.accusation, known.address = accusation, address
            known.at, known.seen, known.stale = at, claim.seen, True
            return None
        if known is None and not self._has_room(accusation, at):
            self.untold += 1
            return None
        found = finding_of(accusation, address, claim.seen, segment)
        if known is not None:
            found = replace(found, first_seen=claim.seen, reopened=known.finding.reopened + 1)
        elif found.first_seen > claim.seen:  # the clock was set back in between
            found = replace(found, first_seen=claim.seen)
        self._troubles[name] = Trouble(found, accusation, address, at, at, claim.seen)
        return found

    def withdraw(self, holds: Callable[[Accusation, Address], bool]) -> None:
        """End those that hold no more, by what has become known."""
        for trouble in self._troubles.values():
            trouble.withdrawn |= not holds(trouble.accusation, trouble.address)

    def set_aside(self, is_none: Callable[[Accusation, Place], bool]) -> None:
        """Leave untold those that are none by what was heard by now, and tell those that are."""
        for trouble in self._troubles.values():
            trouble.aside = is_none(trouble.accusation, trouble.address.place)

    def told(self, at: float) -> tuple[Finding, ...]:
        """Return all of them, the worst first; what has ended by now is resolved."""
        for trouble in self._troubles.values():
            if trouble.stale:
                trouble.finding, trouble.stale = _retold(trouble), False
        findings = (
            replace(trouble.finding, state="resolved") if trouble.is_over(at) else trouble.finding
            for trouble in self._troubles.values()
            if not trouble.aside
        )
        return tuple(sorted(findings, key=gravest_first))

    def _has_room(self, accusation: Accusation, at: float) -> bool:
        if len(self._troubles) < ROOM:
            return True
        self._troubles = {name: one for name, one in self._troubles.items() if not one.is_over(at)}
        if len(self._troubles) >= ROOM and accusation.kind == "gateway-hijack":
            self._make_room()
        return len(self._troubles) < ROOM

    def _make_room(self) -> None:
        for name, one in self._troubles.items():
            if one.finding.kind != "gateway-hijack":
                del self._troubles[name]
                self.untold += 1
                return


def _retold(trouble: Trouble) -> Finding:
    """Tell a trouble by what is known now, as before where its stations are forgotten by now.

    Of many that took a gateway some may be; rivals are told together, or not at all.
    """
    before = told = trouble.finding
    accused = trouble.accusation.accused
    remembered = accused & trouble.address.stations.keys()
    if remembered == accused or (remembered and trouble.accusation.rightful):
        told = finding_of(trouble.accusation, trouble.address, trouble.seen, before.segment)
    began = before.first_seen
    if began > trouble.seen:  # the clock was set back: it has lasted no less for that
        began = trouble.seen - timedelta(seconds=trouble.at - trouble.began)
    return replace(told, first_seen=began, last_seen=trouble.seen, reopened=before.reopened)
