"""Listens on one segment: what is strange is asked about at once, and followed until it is over."""

import asyncio
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from msgspec.structs import replace

from netguard.ask import Hurry, in_threads
from netguard.coverage import ASKED_ABOUT
from netguard.findings import Finding
from netguard.hearing.claim import claim_of
from netguard.hearing.doubts import ROOM, Doubt, Doubts
from netguard.hearing.ear import Ear
from netguard.hearing.troubles import ROUTERS_REST
from netguard.inventory import Segment
from netguard.life import hold
from netguard.rules.claims import answers
from netguard.view import SegmentView
from netguard.watch.gaps import Gaps
from netguard.watch.looks import BRISK, PATIENT, URGENT, Looks
from netguard.watch.overruns import Overruns
from netguard.watch.silent import Silent
from netguard.watch.site import Site, grounds, placed
from probes.errors import ProbeError
from probes.heard import Heard
from probes.listen import Counters
from probes.listen.listening import Listener
from probes.records import Gap

AGAIN = 5.0  # seconds: to an interface that has failed, and to a trouble that is to be followed
CALM = 3.0  # seconds between two whole looks because of something strange
QUIET = timedelta(minutes=2)  # after which who claimed a gateway on and on has ended
AT_ONCE = 64  # addresses in one question


class Ears:
    """One segment's ears, and all that follows from what they hear."""

    def __init__(self, segment: Segment, site: Site, looks: Looks, gaps: Gaps) -> None:
        self.segment = segment
        self.counters = Counters()
        self.strange = asyncio.Event()  # the segment deserves a whole look
        self._site = site
        self._looks = looks
        self._gaps = gaps
        ground, known = grounds(site, segment)
        self._gateways = ground.gateways
        self._routers: frozenset[str] | None = None  # until they were read
        self.ear = Ear(ground, room=ROOM)
        self.doubts = Doubts(known, room=ROOM)
        self._urgent = asyncio.Event()
        self._other = asyncio.Event()
        self._taken = asyncio.Event()  # a gateway is
        self._silent = Silent()
        self._told: dict[str, Finding] = {}  # what only listening can tell
        self._learnt: SegmentView | None = None
        self._attended = 0  # seconds without a break
        self._overruns = Overruns()

    def stand_on(self, segment: Segment, site: Site, looks: Looks) -> None:
        """Take in a new configuration; what was heard stays."""
        if segment.routers != self.segment.routers:
            self._routers = None
        self.segment, self._site, self._looks = segment, site, looks
        self.learn()

    def learn(self) -> None:
        """Take in what the last looks have shown.

        Who was a router is one still while it cannot be read.
        """
        ground, known = grounds(self._site, self.segment)
        if self._site.has_read(self.segment.routers):
            self._routers = ground.routers
        elif self._routers is not None:
            ground = replace(ground, routers=ground.routers | self._routers)
        self._gateways = ground.gateways
        self.ear.stand_on(ground)
        self.doubts.know(known)
        last = self._site.last_look(self.segment)
        if last is not self._learnt:
            self._learnt = last
            self.doubts.learn(last.claims, self._site.clock())

    async def run(self) -> None:
        """Listen and ask, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            if self.segment.interface is not None:
                tasks.create_task(self._listen(self.segment.interface))
            tasks.create_task(self._ask_urgently(tasks))
            tasks.create_task(self._ask())
            tasks.create_task(self._look_at_gateways())
            tasks.create_task(self._look_closely())
            tasks.create_task(self._follow())

    # --- hearing

    async def _listen(self, interface: str) -> None:
        while True:
            try:
                # Elsewhere: one without a carrier is given time to find it.
                (opened,) = await in_threads([partial(self._opened, interface)])
                with opened as listener:
                    self.counters, self._attended = listener.counters, 0
                    self._report()
                    await self._hear_all(listener)
            except* ProbeError as failed:
                self._report(*_gaps(failed))
            await asyncio.sleep(AGAIN)

    def _opened(self, interface: str, *, stop: threading.Event) -> Listener:  # noqa: ARG002 - it takes no time
        return Listener(interface, lambda address: bool(self._gateways.get(address)))

    async def _hear_all(self, listener: Listener) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._attend(listener))
            async for batch in listener.batches():
                for record in batch:
                    self._hear(record)

    async def _attend(self, listener: Listener) -> None:
        """See every second whether the interface still hears, and what listening alone can tell."""
        while True:
            await asyncio.sleep(1)
            self._attended += 1
            listener.still_usable()
            undecided = self.doubts.dropped
            lost = self._overruns.gaps(self.segment, listener.counters, undecided)
            self._report(*lost, *self._unjudged())
            await self._tell()

    def _report(self, *gaps: Gap) -> None:
        self._gaps.report(listening(self.segment.name), gaps, self._site.clock())

    def _hear(self, record: Heard) -> None:
        if record.vlan is not None:  # another segment's
            return
        self.ear.words.hear(record)
        claim = claim_of(record, self._gateways)
        if claim is None:
            return
        self.ear.heed(claim)
        doubt = self.doubts.hear(claim)
        if doubt is not None:
            self.raised(doubt)

    def raised(self, doubt: Doubt) -> None:
        """See to it that a doubt is asked about."""
        (self._urgent if doubt.urgent else self._other).set()

    # --- asking

    async def _ask_urgently(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await self._urgent.wait()
            self._urgent.clear()
            if not (doubts := self.doubts.take(AT_ONCE, urgent=True)):
                continue
            if left := await self._unanswered(doubts, URGENT):
                tasks.create_task(self._ask_patiently(left))
            if len(left) < len(doubts):
                self._taken.set()

    async def _ask_patiently(self, doubts: Sequence[Doubt]) -> None:
        """Ask those who claim a gateway and do not answer at once; some never do."""
        await self._unanswered(doubts, PATIENT)
        now = self._site.clock()
        self._silent.heard(self.ear.findings(now), now)

    async def _ask(self) -> None:
        while True:
            await self._other.wait()
            self._other.clear()
            while doubts := self.doubts.take(AT_ONCE, urgent=False):
                await self._unanswered(doubts, BRISK)

    async def _unanswered(self, doubts: Sequence[Doubt], hurry: Hurry) -> list[Doubt]:
        """Ask; return about what nothing is wrong by the answers.

        Where something may be, all devices are to be read; where asking failed, that is told then.
        """
        began = self._site.clock()
        verdict = await self._looks.ask(self.segment, doubts, hurry)
        now = self._site.clock()
        if verdict.found or verdict.unclear or verdict.seen.gaps:
            self.strange.set()
        self._silent.answered(verdict.found)
        wrong = {finding.address for finding in verdict.found}
        for doubt in doubts:
            answering = _answering(verdict.seen, doubt)
            self.doubts.answered(doubt, answering, now, found=doubt.address in wrong)
        left = [doubt for doubt in doubts if doubt.address not in wrong]
        if hurry == PATIENT and not verdict.seen.gaps:
            self._silent.asked((doubt.address for doubt in left), began)
        return left

    async def _look_at_gateways(self) -> None:
        while True:
            await self._taken.wait()
            self._taken.clear()
            await self._looks.gateways_of(self.segment)

    async def _look_closely(self) -> None:
        while True:
            await self.strange.wait()
            self.strange.clear()
            await self._looks.closely(self.segment)
            await asyncio.sleep(CALM)

    async def _follow(self) -> None:
        """Ask again and again about what is wrong: as soon as it seems over, look closely."""
        while True:
            await asyncio.sleep(AGAIN)
            doubts = tuple(_doubts(f for f in self._looks.open if self._is_ours(f)))
            if not doubts:
                continue
            urgent = all(doubt.urgent for doubt in doubts)
            verdict = await self._looks.ask(self.segment, doubts, URGENT if urgent else BRISK)
            still = {finding.address for finding in verdict.found}
            if not verdict.unclear and any(doubt.address not in still for doubt in doubts):
                self.strange.set()

    def _is_ours(self, finding: Finding) -> bool:
        return (
            finding.segment == self.segment.name
            and finding.kind in ASKED_ABOUT
            and finding.quiet_since is None  # it swings: the next regular look will do
            and finding.id not in self._told
        )

    # --- what listening alone can tell

    def heard(self) -> tuple[Finding, ...]:
        """Return the troubles that stand and that nobody can be asked about."""
        return tuple(self._told.values())

    async def _tell(self) -> None:
        now = self._site.clock()
        heard = {f.id: f for f in self.ear.findings(now) if f.state != "resolved"}
        self._silent.keep(heard.keys())
        found = {id_: f for id_, f in heard.items() if self._is_heard(f)}
        standing = {id_: f for id_, f in found.items() if _stands(f, now)}
        new = [f for id_, f in standing.items() if id_ not in self._told]
        if new:
            new = await asyncio.to_thread(placed, self._site, self.segment, new)
        over = frozenset((self._told.keys() | self._left(now)) - standing.keys())
        for id_ in self._told.keys() & standing.keys():
            self._told[id_] = replace(self._told[id_], last_seen=standing[id_].last_seen)
        self._told = {f.id: f for f in (*new, *self._told.values()) if f.id not in over}
        if new:
            await self._looks.keep(new)
            self.strange.set()
        if over:
            self._silent.keep(heard.keys() - over)
            await self._looks.over(over)

    def _unjudged(self) -> Iterator[Gap]:
        """Yield the gap that nobody knows whether a router that was heard is one."""
        if self._routers is None and any(
            finding.kind == "rogue-router" and finding.state != "resolved"
            for finding in self.ear.findings(self._site.clock())
        ):
            yield Gap(
                subject=self.segment.name,
                kind="routers-unread",
                detail="somebody advertises itself as an IPv6 router; whether it is one is known"
                f" once all of these are read: {', '.join(self.segment.routers)}",
                remedy="read them by hand: netguard device show NAME; take out who is gone",
            )

    def _is_heard(self, finding: Finding) -> bool:
        if finding.kind == "rogue-router":
            return self._routers is not None or finding.id in self._told
        return finding in self._silent

    def _left(self, now: datetime) -> frozenset[str]:
        """Return what an earlier process told, or what swings, once it would have been heard."""
        if self._attended < ROUTERS_REST:
            return frozenset()
        return frozenset(
            finding.id
            for finding in self._looks.open
            if finding.kind == "rogue-router"
            and finding.segment == self.segment.name
            and not _is_held(finding, now)
        )


def listening(segment: str) -> str:
    """Return by which name the ears on a segment report their gaps."""
    return f"listening on {segment}"


def _stands(finding: Finding, now: datetime) -> bool:
    """Tell whether what is not over yet goes on; a router advertises itself that seldom."""
    return finding.kind == "rogue-router" or abs(now - finding.last_seen) < QUIET


def _is_held(finding: Finding, now: datetime) -> bool:
    """Tell whether to miss a trouble that swings does not end it yet."""
    since = finding.quiet_since
    return since is not None and since <= now < since + hold(finding.flaps)


def _doubts(findings: Iterable[Finding]) -> Iterator[Doubt]:
    """Yield the questions by which it is seen whether troubles are over."""
    for finding in findings:
        stations = frozenset(claimant.mac for claimant in finding.claimants)
        if finding.address is not None:
            yield Doubt(finding.address, stations, finding.kind == "gateway-hijack")


def _gaps(failed: BaseExceptionGroup[ProbeError]) -> Iterator[Gap]:
    for error in failed.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _gaps(error)
        else:
            yield error.gap()


def _answering(seen: SegmentView, doubt: Doubt) -> frozenset[str]:
    tests = (t for t in seen.tests if t.address == doubt.address)
    return frozenset(t.station for t in tests if answers(t))
