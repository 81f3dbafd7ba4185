"""Listens on one segment: what is strange is asked about at once, and followed until it is over."""

import asyncio
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from netguard.ask import Hurry, in_threads
from netguard.coverage import ASKED_ABOUT
from netguard.findings import Finding
from netguard.hearing.claim import claim_of
from netguard.hearing.doubts import ROOM, Doubt, Doubts
from netguard.inventory import Segment
from netguard.rules.claims import answers
from netguard.view import SegmentView
from netguard.watch.alone import Alone
from netguard.watch.gaps import Gaps
from netguard.watch.looks import BRISK, PATIENT, URGENT, Looks
from netguard.watch.overruns import Overruns
from netguard.watch.site import Site, grounds
from probes.errors import ProbeError
from probes.heard import Heard
from probes.listen import Counters
from probes.listen.listening import Listener
from probes.records import Gap

AGAIN = 5.0  # seconds: to an interface that has failed, and to a trouble that is to be followed
CALM = 3.0  # seconds between two whole looks because of something strange
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
        self.alone = Alone(segment, site, looks, ground, self.strange)
        self.doubts = Doubts(known, room=ROOM)
        self._urgent = asyncio.Event()
        self._other = asyncio.Event()
        self._taken = asyncio.Event()  # a gateway is
        self._learnt: SegmentView | None = None
        self._overruns = Overruns()

    def stand_on(self, segment: Segment, site: Site, looks: Looks) -> None:
        """Take in a new configuration; what was heard stays."""
        self.segment, self._site, self._looks = segment, site, looks
        self.alone.stand_on(segment, site, looks)
        self.learn()

    def learn(self) -> None:
        """Take in what the last looks have shown."""
        ground, known = grounds(self._site, self.segment)
        self._gateways = ground.gateways
        self.alone.learn(ground)
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
                    self.counters, self.alone.attended = listener.counters, 0
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
            self.alone.attended += 1
            listener.still_usable()
            undecided = self.doubts.dropped
            lost = self._overruns.gaps(self.segment, listener.counters, undecided)
            self._report(*lost, *self.alone.unjudged())
            await self.alone.tell()

    def _report(self, *gaps: Gap) -> None:
        self._gaps.report(listening(self.segment.name), gaps, self._site.clock())

    def _hear(self, record: Heard) -> None:
        if record.vlan is not None:  # another segment's
            return
        self.alone.ear.words.hear(record)
        claim = claim_of(record, self._gateways)
        if claim is None:
            return
        self.alone.ear.heed(claim)
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
        self.alone.listen_for_silent()

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
        self.alone.silent.answered(verdict.found)
        wrong = {finding.address for finding in verdict.found}
        for doubt in doubts:
            answering = _answering(verdict.seen, doubt)
            self.doubts.answered(doubt, answering, now, found=doubt.address in wrong)
        left = [doubt for doubt in doubts if doubt.address not in wrong]
        if hurry == PATIENT and not verdict.seen.gaps:
            self.alone.silent.asked((doubt.address for doubt in left), began)
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
            and finding.id not in self.alone.told
        )


def listening(segment: str) -> str:
    """Return by which name the ears on a segment report their gaps."""
    return f"listening on {segment}"


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
