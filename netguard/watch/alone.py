"""What only listening can tell of a segment: nobody can be asked about it."""

import asyncio
from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from netguard.findings import Finding
from netguard.hearing.doubts import ROOM
from netguard.hearing.ear import Ear, Ground
from netguard.hearing.troubles import ROUTERS_REST
from netguard.inventory import Segment
from netguard.life import hold
from netguard.watch.looks import Looks
from netguard.watch.silent import Silent
from netguard.watch.site import Site, placed
from probes.records import Gap

QUIET = 120  # seconds of listening, after which who claimed a gateway on and on has ended
UNREAD = 60  # seconds that reading the routers may take


class Alone:
    """The ear on a segment, and the troubles that stand by its word alone.

    `told` are these; `attended` is for how many seconds it has been listened to without a break.
    `strange` is set where the segment deserves a whole look.
    """

    def __init__(
        self, segment: Segment, site: Site, looks: Looks, ground: Ground, strange: asyncio.Event
    ) -> None:
        self.ear = Ear(ground, room=ROOM)
        self.silent = Silent()
        self.told: dict[str, Finding] = {}
        self.attended = 0
        self._claimed: dict[str, tuple[datetime, int]] = {}  # when last, and `attended` then
        self._segment, self._site, self._looks = segment, site, looks
        self._strange = strange
        self._routers: frozenset[str] | None = None  # until they were read

    def stand_on(self, segment: Segment, site: Site, looks: Looks) -> None:
        """Take in a new configuration; what was heard stays."""
        if segment.routers != self._segment.routers:
            self._routers = None
        self._segment, self._site, self._looks = segment, site, looks

    def learn(self, ground: Ground) -> None:
        """Take in what the last looks have shown.

        Who was a router is one still while it cannot be read.
        """
        if self._site.has_read(self._segment.routers):
            self._routers = ground.routers
        elif self._routers is not None:
            ground = replace(ground, routers=ground.routers | self._routers)
        self.ear.stand_on(ground)

    def listen_for_silent(self) -> None:
        """See who has claimed a gateway again after it was asked about in vain."""
        now = self._site.clock()
        self.silent.heard(self.ear.findings(now), now)

    async def tell(self) -> None:
        """Write down what has begun, and what is over."""
        now = self._site.clock()
        heard = {f.id: f for f in self.ear.findings(now) if f.state != "resolved"}
        self.silent.keep(heard.keys())
        self._claimed = {id_: self._claimed[id_] for id_ in self._claimed.keys() & heard.keys()}
        found = {id_: f for id_, f in heard.items() if self._is_heard(f)}
        standing = {id_: f for id_, f in found.items() if self._stands(f)}
        new = [f for id_, f in standing.items() if not _is_said(f, self.told.get(id_))]
        if new:
            new = await asyncio.to_thread(placed, self._site, self._segment, new)
        over = frozenset((self.told.keys() | self._left(now)) - standing.keys())
        for id_ in self.told.keys() & standing.keys():
            self.told[id_] = replace(self.told[id_], last_seen=standing[id_].last_seen)
        self.told = {f.id: f for f in (*self.told.values(), *new) if f.id not in over}
        if new:
            await self._looks.keep(new)
            self._strange.set()
        if over:
            self.silent.forget(over)
            await self._looks.over(over)

    def unjudged(self) -> Iterator[Gap]:
        """Yield the gap that nobody knows whether a router that was heard is one."""
        if self._routers is not None or self.attended < UNREAD:
            return
        if any(
            finding.kind == "rogue-router" and finding.state != "resolved"
            for finding in self.ear.findings(self._site.clock())
        ):
            yield Gap(
                subject=self._segment.name,
                kind="routers-unread",
                detail="somebody advertises itself as an IPv6 router; whether it is one is known"
                f" once all of these are read: {', '.join(self._segment.routers)}",
                remedy="read them by hand: netguard device show NAME; take out who is gone",
            )

    def _is_heard(self, finding: Finding) -> bool:
        if finding.kind == "rogue-router":
            return self._routers is not None or finding.id in self.told
        return finding in self.silent

    def _stands(self, finding: Finding) -> bool:
        """Tell whether what is not over yet goes on; a router advertises itself that seldom.

        Silence counts only while it is listened to, whatever the clock does.
        """
        if finding.kind == "rogue-router":
            return True
        last, then = self._claimed.get(finding.id, (None, 0))
        if last != finding.last_seen or then > self.attended:
            then = self.attended
            self._claimed[finding.id] = finding.last_seen, then
        return self.attended - then < QUIET

    def _left(self, now: datetime) -> frozenset[str]:
        """Return what an earlier process told, or what swings, once it would have been heard."""
        if self._routers is None or self.attended < ROUTERS_REST:
            return frozenset()
        return frozenset(
            finding.id
            for finding in self._looks.open
            if finding.kind == "rogue-router"
            and finding.segment == self._segment.name
            and not _is_held(finding, now)
        )


def _is_said(finding: Finding, told: Finding | None) -> bool:
    """Tell whether a trouble was told with all who take part in it."""
    return told is not None and {c.mac for c in told.claimants} == {
        c.mac for c in finding.claimants
    }


def _is_held(finding: Finding, now: datetime) -> bool:
    """Tell whether to miss a trouble that swings does not end it yet."""
    since = finding.quiet_since
    return since is not None and since <= now < since + hold(finding.flaps)
