"""Looks at the network, far and near: each is written down, and what is new in it is passed on."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import msgspec

from netguard.ask import Hurry, ask_about, in_threads
from netguard.emergency.unattended import Deed
from netguard.findings import Finding
from netguard.hearing.doubts import Doubt
from netguard.inventory import Segment
from netguard.judge import in_dispute, judge_asked
from netguard.keeping import Keeper
from netguard.remember import Remembered, add, end, recall
from netguard.sweep import Look, look, sweep_gateways
from netguard.view import SegmentView, with_answers
from netguard.watch.events import Event, Say
from netguard.watch.gaps import Gaps
from netguard.watch.site import Site

# A gateway's intruder answers as fast as the gateway. Two servers that hold on to one address do so
# three times in 0.7 s, where a handover is over in a few milliseconds.
URGENT = Hurry(rounds=1, patience=0.03)
BRISK = Hurry(rounds=3, spacing=0.3, patience=0.1)
PATIENT = Hurry()

Heard = Callable[[], Sequence[Finding]]


class Verdict(msgspec.Struct, frozen=True):
    """What a few questions have shown: what is wrong, and whether more might be."""

    found: tuple[Finding, ...]
    seen: SegmentView
    unclear: bool


class Looks:
    """Takes the looks of one daemon.

    `heard` gives what listening has found and asking cannot decide; `news` is called when findings
    have changed, `learnt` when a look or the store has said something new.
    """

    def __init__(
        self,
        site: Site,
        keeper: Keeper,
        *,
        say: Say,
        gaps: Gaps,
        heard: Heard,
        news: Callable[[Remembered], None],
        learnt: Callable[[], None],
    ) -> None:
        self.site = site
        self.open: tuple[Finding, ...] = ()
        self.acting = asyncio.Lock()  # while a port may be under way
        self.checks = 0
        self._close: set[str] = set()
        self._keeper = keeper
        self._say = say
        self._gaps = gaps
        self._heard = heard
        self._news = news
        self._learnt = learnt

    # --- whole looks

    async def everywhere(self) -> None:
        """Look at all segments and read all their devices."""
        await self._look(self._calm(), fresh=True)

    async def around(self) -> None:
        """Look at all segments; devices are read only where something is wrong.

        What was closed or taken away must not pass for mended because a switch is down.
        """
        segments = self._calm()
        if not self.site.devices:
            await self.everywhere()
            return
        troubled = {finding.segment for finding in self.open}
        calm = [segment for segment in segments if segment.name not in troubled]
        wrong = [segment for segment in segments if segment.name in troubled]
        if calm:
            await self._look(calm, fresh=False)
        if wrong:
            await self._look(wrong, fresh=True)

    async def closely(self, segment: Segment) -> None:
        """Look at one segment and read its devices: something is wrong there, or seems to be."""
        self._close.add(segment.name)
        try:
            await self._look((segment,), fresh=True)
        finally:
            self._close.discard(segment.name)

    def _calm(self) -> list[Segment]:
        """Return the segments but those that are looked at closely just now."""
        return [s for s in self.site.config.inventory.segments if s.name not in self._close]

    async def _look(self, segments: Sequence[Segment], *, fresh: bool) -> None:
        if not segments:
            return
        taken = await look(
            self.site.config,
            segments,
            self.site.memory,
            clock=self.site.clock,
            progress=_no_progress,
            devices=None if fresh else self.site.devices,
            heard=self._heard(),
            keep=self._keeper.keep,
            acting=self.acting,
        )
        self.site.saw(taken.view, fresh=fresh)
        self._pass_on(taken)
        await self.learn()
        report = taken.report
        self._say(
            Event(
                time=self.site.clock(),
                event="sweep",
                segments=report.segments,
                counts=report.counts,
                duration_s=report.duration_s,
            )
        )

    # --- quick looks

    async def gateways(self) -> None:
        """Ask who answers for the gateways now; what takes one is acted upon at once."""
        segments = [s for s in self.site.config.inventory.segments if s.interface and s.gateways]
        if segments:
            await self._quick(segments)

    async def gateways_of(self, segment: Segment) -> None:
        """Do that on one segment."""
        await self._quick((segment,))

    async def _quick(self, segments: Sequence[Segment]) -> None:
        taken = await sweep_gateways(
            self.site.config,
            segments,
            self.site.memory,
            clock=self.site.clock,
            progress=_no_progress,
            keep=self._keeper.keep,
            acting=self.acting,
        )
        self._pass_on(taken)
        if taken.remembered.events:
            await self.learn()

    async def ask(self, segment: Segment, doubts: Sequence[Doubt], hurry: Hurry) -> Verdict:
        """Ask about a few addresses, and judge with the devices as they were last read."""
        self.checks += 1
        about, began = {doubt.address: doubt.stations for doubt in doubts}, self.site.clock()
        question = partial(ask_about, segment, about, hurry, clock=self.site.clock)
        (asked,) = await in_threads([question])
        seen = with_answers(self.site.last_look(segment), asked)
        view = self.site.view(seen)
        found = judge_asked(view)
        await self.keep(found, began)
        return Verdict(found, seen, unclear=not found and in_dispute(seen))

    async def keep(self, found: Sequence[Finding], began: datetime | None = None) -> None:
        """Write down what a few questions, or listening, have found; that ends nothing."""
        keep, now = self._keeper.keep, self.site.clock()
        remembered = await asyncio.to_thread(
            add, self.site.memory, found, now=now, began=began, keep=keep
        )
        if remembered.events:
            self._tell(remembered)
            await self.learn()

    async def over(self, identifiers: frozenset[str]) -> None:
        """Write down that findings are over that only listening can see ended."""
        remembered = await asyncio.to_thread(
            end, self.site.memory, identifiers, now=self.site.clock(), keep=self._keeper.keep
        )
        self._tell(remembered)
        await self.learn()

    # --- what comes of them

    def _pass_on(self, taken: Look) -> None:
        self._report_gaps(taken)
        for deed in taken.report.deeds:
            self._say(_said(deed, self.site))
        if taken.remembered.events:
            self._tell(taken.remembered)

    def _report_gaps(self, taken: Look) -> None:
        """Report the gaps of each thing that was looked at: another look may have seen them end."""
        gaps, now = taken.report.gaps, self.site.clock()
        subjects = {*taken.report.segments, *taken.view.devices}
        for subject in subjects:
            self._gaps.report(subject, (gap for gap in gaps if gap.subject == subject), now)
        others = [gap for gap in gaps if gap.subject not in subjects and gap.subject != "store"]
        self._gaps.report("looks", others, now)

    def _tell(self, remembered: Remembered) -> None:
        findings = {f.id: f for f in (*remembered.findings, *remembered.resolved)}
        for event in remembered.events:
            self._say(
                Event(
                    time=event.at,
                    event="finding",
                    happening=event.happening,
                    finding=findings.get(event.finding),
                    detail=event.summary,
                )
            )
        self._news(remembered)

    async def learn(self) -> None:
        """Take in what the store says: who the gateways are, and what is open."""
        config = self.site.config
        memory = await asyncio.to_thread(recall, config.store, config.inventory)
        self.site.remembers(memory)
        self.open = await asyncio.to_thread(self._keeper.findings)
        gap = self._keeper.gap
        self._gaps.report("store", () if gap is None else (gap,), self.site.clock())
        self._learnt()


def _said(deed: Deed, site: Site) -> Event:
    return Event(time=site.clock(), event="deed", detail=deed.sentence, deed=deed.report)


def _no_progress(_what: str, _done: int, _total: int) -> None:
    """Nobody waits before a screen."""
