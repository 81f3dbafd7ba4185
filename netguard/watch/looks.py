"""Looks at the network, far and near: each is written down, and what is new in it is passed on."""

import asyncio
import threading
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
from netguard.remember import Flights, Remembered, add, end, recall
from netguard.sweep import Deeds, Look, look, sweep_gateways
from netguard.tables import Reread, Wanted, look_at_tables
from netguard.view import SegmentView, with_answers
from netguard.watch.apart import apart
from netguard.watch.counting import Counting
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
        counting: Counting,
        heard: Heard,
        news: Callable[[Remembered], None],
        learnt: Callable[[], None],
    ) -> None:
        self.site = site
        self.open: tuple[Finding, ...] = ()
        self.acting = asyncio.Lock()  # while a port may be under way
        self._close: set[str] = set()
        self._keeper = keeper
        self._say = say
        self._gaps = gaps
        self._counting = counting
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
            heard=self._heard,
            keep=self._keeper.keep,
            act=self._act,
        )
        self.site.saw(taken.view, fresh=fresh)
        self._report_gaps(taken, quick=False)
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

    async def _act(self, deeds: Callable[[], Deeds]) -> tuple[Deed, ...]:
        """Do what may change a port, one after the other; the store may be slow, so apart."""
        async with self.acting:
            return await apart(deeds)

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
            act=self._act,
        )
        self._report_gaps(taken, quick=True)
        self._pass_on(taken)
        if taken.remembered.events:
            await self.learn()

    async def tables(self, wanted: Wanted, recent: Flights) -> Reread:
        """Read tables of devices again; see `look_at_tables`.

        A segment's stations are followed only where all its FDBs are read: another's row is old.
        """
        stations = {device for device, table in wanted if table == "fdb"}
        seen = (
            self.site.last_look(segment)
            for segment in self.site.config.inventory.segments
            if stations.issuperset((*segment.routers, *segment.switches))
        )
        again = await look_at_tables(
            self.site.config,
            self.site.view(*seen),
            wanted,
            recent,
            self.site.memory,
            clock=self.site.clock,
            keep=self._keeper.keep,
        )
        if again.remembered.events:
            self._tell(again.remembered)
            await self.learn()
        return again

    async def ask(self, segment: Segment, doubts: Sequence[Doubt], hurry: Hurry) -> Verdict:
        """Ask about a few addresses, and judge with the devices as they were last read."""
        self._counting.checks += 1
        began = self.site.clock()
        (verdict,) = await in_threads([partial(self._verdict, segment, doubts, hurry)])
        await self.keep(verdict.found, began)
        return verdict

    def _verdict(
        self, segment: Segment, doubts: Sequence[Doubt], hurry: Hurry, *, stop: threading.Event
    ) -> Verdict:
        about = {doubt.address: doubt.stations for doubt in doubts}
        asked = ask_about(segment, about, hurry, clock=self.site.clock, stop=stop)
        seen = with_answers(self.site.last_look(segment), asked)
        found = judge_asked(self.site.view(seen))
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
        if taken.remembered.events:
            self._tell(taken.remembered)
        for deed in taken.report.deeds:
            self._say(_said(deed, self.site))

    def _report_gaps(self, taken: Look, *, quick: bool) -> None:
        """Report the gaps of each thing that was looked at: another look may have seen them end.

        A quick one asks a segment little, and sees no end of what a sweep could not measure.
        """
        gaps, now = taken.report.gaps, self.site.clock()
        reporters = {n: quickly(n) if quick else n for n in taken.report.segments}
        reporters |= {name: name for name in taken.view.devices}
        for subject, reporter in reporters.items():
            self._gaps.report(reporter, (gap for gap in gaps if gap.subject == subject), now)
        others = [gap for gap in gaps if gap.subject not in reporters and gap.subject != "store"]
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


def quickly(segment: str) -> str:
    """Return by which name a quick look at a segment reports its gaps; a whole one does by its."""
    return f"gateways of {segment}"


def _said(deed: Deed, site: Site) -> Event:
    return Event(time=site.clock(), event="deed", detail=deed.sentence, deed=deed.report)


def _no_progress(_what: str, _done: int, _total: int) -> None:
    """Nobody waits before a screen."""
