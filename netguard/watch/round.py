"""All that the daemon does by one configuration, until the next one or the end."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Awaitable, Collection, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path

from netguard.alerts.telling import Teller
from netguard.config import Config
from netguard.config.places import sqlite_file, state_folder
from netguard.config.settings import host_and_port
from netguard.emergency.known import know
from netguard.emergency.recovery import recover
from netguard.emergency.report import found
from netguard.findings import Finding
from netguard.keeping import Keeper
from netguard.life import Changes
from netguard.metrics import Numbers, serve
from netguard.notifying import notify, watchdog_interval
from netguard.remember import Remembered, forget
from netguard.watch.counting import Counting, last_sweeps
from netguard.watch.ears import Ears, listening
from netguard.watch.events import Event, Say
from netguard.watch.gaps import Gaps
from netguard.watch.looks import Looks, quickly
from netguard.watch.nightly import SETTLED, ask_servers, until_night
from netguard.watch.notices import Doors, follow, receivers
from netguard.watch.schedule import repeat
from netguard.watch.site import Site
from netguard.watch.tables import Tables
from netguard.watch.tasks import Work, together, unbroken
from probes.heard import Notice
from probes.mac import vendor
from probes.notices.hearing import Hearing
from probes.records import Gap

DAY, HOUR = 86400.0, 3600.0
EVERY = 15.0  # seconds between two looks at what metrics are made of
TOO_OFTEN = 600.0  # seconds in which it is told once that runs of one kind are late
SOON = 0.1  # seconds, in which what is still to be told is gathered
LONGEST = 60.0  # seconds that an end waits for a port that is being changed

_ANY_MAC = "00:00:5e:00:53:00"

Kept = dict[tuple[str, str | None], Ears]  # by the segment's name and interface


class Round:
    """What runs while one configuration is in force; `ears` outlive it where they still fit."""

    def __init__(
        self,
        site: Site,
        ears: Kept,
        gaps: Gaps,
        *,
        say: Say,
        counting: Counting,
    ) -> None:
        self._config = config = site.config
        self._gaps = gaps
        self._say = say
        self._clock = clock = site.clock
        self._keeper = Keeper(config.store, folder(config) / "spool", clock=clock)
        self._site = site
        self._news = asyncio.Event()
        self._counting = counting
        self._night = SETTLED
        self._settled = False
        self._late_told: dict[str, float] = {}
        self._untold: list[Changes] = []
        self._looks = Looks(
            self._site,
            self._keeper,
            say=say,
            gaps=gaps,
            counting=counting,
            heard=self._heard,
            news=self._changed,
            learnt=self._learnt,
        )
        self._ears = self._with_ears(ears)
        self._tables = Tables(config.inventory, self._looks, self._is_strange)
        self._hearing = Hearing(self._noticed, clock)

    async def run(self, over: asyncio.Event) -> None:
        """Do everything until `over` is set, and then until no port is being changed."""
        self._gaps.only(_reporters(self._config), self._clock())
        with self._keeper:
            await self._begin()
            async with AsyncExitStack() as stack:
                doors = self._doors(stack)
                await doors.open()
                notify("READY=1", f"STATUS={self._status()}")
                await together(self._works(doors), self._end(over))

    async def _begin(self) -> None:
        """Say what an earlier process left unfinished at a port, and learn what the store says."""
        for action in await recover(self._config, know(self._config), clock=self._clock):
            told = found(action)
            self._say(Event(time=self._clock(), event="deed", detail=told.detail, deed=told))
        await self._looks.learn()
        self._night = await asyncio.to_thread(until_night, self._config, self._clock())

    async def _end(self, over: asyncio.Event) -> None:
        await over.wait()
        try:
            async with asyncio.timeout(LONGEST):
                await self._looks.acting.acquire()
        except TimeoutError:
            return

    def _doors(self, stack: AsyncExitStack) -> Doors:
        watch = self._config.watch
        doors = Doors(stack, partial(self._report, "receiving"))
        doors.closed |= receivers(self._config, self._hearing, doors.lasting.append)
        if watch.metrics is not None:
            doors.closed[f"metrics {host_and_port(*watch.metrics)}"] = partial(
                self._metrics, *watch.metrics
            )
        return doors

    @asynccontextmanager
    async def _metrics(self, address: str, port: int) -> AsyncIterator[None]:
        with serve(address, port, self._numbers):
            yield

    def _numbers(self) -> Numbers:
        heard = {each.segment.name: each.counters for each in self._ears}
        return self._counting.numbers(heard, asdict(self._hearing.counters))

    # --- the works

    def _works(self, doors: Doors) -> Iterator[Awaitable[None]]:
        works: dict[str, Work] = {f"segment {e.segment.name}": e.run for e in self._ears}
        works |= dict(self._scheduled())
        works |= {"tables": self._tables.run, "alerts": self._alert, "watchdog": self._say_alive}
        works["doors"] = doors.keep_trying
        for name, work in works.items():
            yield unbroken(name, work, self._report)

    def _scheduled(self) -> Iterator[tuple[str, Work]]:
        settings = self._config.watch
        if settings.gateways:
            yield self._repeated("gateways", self._looks.gateways, settings.gateways)
        yield self._repeated("segments", self._looks.around, settings.segments)
        yield self._repeated("devices", self._everywhere, settings.devices, first=0)
        if any(server.blocks for server in self._config.inventory.servers):
            yield self._repeated("servers", self._ask_servers, settings.servers, self._night)
        yield self._repeated("retention", self._prune, DAY, first=HOUR)
        if settings.metrics is not None:
            yield self._repeated("metrics", self._count, EVERY, first=0)

    def _repeated(
        self, name: str, work: Work, interval: float, first: float | None = None
    ) -> tuple[str, Work]:
        late = partial(self._late, name, interval)
        return name, partial(repeat, work, interval, late=late, first=first)

    def _late(self, name: str, interval: float, took: float) -> None:
        self._counting.late[name] += 1
        now = asyncio.get_running_loop().time()
        if now - self._late_told.get(name, -TOO_OFTEN) < TOO_OFTEN:
            return
        self._late_told[name] = now
        detail = f"{name}: a run took {took:.1f} s, longer than its interval of {interval:g} s"
        self._say(Event(time=self._clock(), event="late", detail=detail))

    async def _everywhere(self) -> None:
        await self._looks.everywhere()
        if not self._settled:
            self._settled = True
            _settle()

    async def _ask_servers(self) -> None:
        known = {finding.id for finding in self._looks.open}
        gaps = await ask_servers(self._config, known, clock=self._clock, say=self._say)
        self._report("servers", gaps)
        await self._looks.learn()
        self._news.set()

    async def _count(self) -> None:
        sweeps = await asyncio.to_thread(last_sweeps, self._config)
        self._counting.stored(
            self._config.inventory, self._looks.open, sweeps, self._keeper.waiting
        )

    async def _prune(self) -> None:
        before = self._clock() - timedelta(seconds=self._config.retention)
        await asyncio.to_thread(forget, self._config.store, before=before)

    async def _say_alive(self) -> None:
        interval = watchdog_interval()
        while interval is not None:
            notify("WATCHDOG=1", f"STATUS={self._status()}")
            await asyncio.sleep(interval)

    def _status(self) -> str:
        gaps = len(self._gaps.standing())
        return f"{len(self._looks.open)} findings open, {gaps} gaps"

    # --- what follows

    async def _alert(self) -> None:
        """Tell people whenever there is news, and at first what an earlier process left untold."""
        teller = Teller(self._config, clock=self._clock)
        await teller.get_ready()
        while True:
            again = await self._tell(teller)
            with suppress(TimeoutError):
                async with asyncio.timeout(again):
                    await self._news.wait()
            self._news.clear()

    async def _tell(self, teller: Teller) -> float | None:
        """Tell what there is; return after how many seconds to come again, news or not."""
        untold, self._untold = self._untold, []
        for changes in untold if self._keeper.gap else ():
            await teller.tell_directly(changes)
        told = await teller.tell()
        self._counting.alerts_told += told.delivered
        self._counting.alert_failures += told.failed
        self._report("alerts", (gap for gap in told.gaps if gap.subject != "store"))
        if told.again is None:
            return None
        return max(SOON, (told.again - self._clock()).total_seconds())

    def _heard(self) -> tuple[Finding, ...]:
        return tuple(finding for each in self._ears for finding in each.alone.told.values())

    def _changed(self, remembered: Remembered) -> None:
        findings = (*remembered.findings, *remembered.resolved)
        self._untold.append(Changes(findings=findings, events=remembered.events))
        self._news.set()
        begun = {e.finding for e in remembered.events if e.happening in ("opened", "reopened")}
        self._is_strange({finding.segment for finding in findings if finding.id in begun})

    def _is_strange(self, segments: Collection[str | None]) -> None:
        """Have these segments looked at closely."""
        for each in self._ears:
            if each.segment.name in segments:
                each.strange.set()

    def _learnt(self) -> None:
        for each in self._ears:
            each.learn()

    def _noticed(self, notice: Notice) -> None:
        self._say(Event(time=notice.seen, event="notice", notice=notice, detail=notice.message))
        follow(notice, self._ears, self._tables)

    def _report(self, reporter: str, gaps: Iterable[Gap]) -> None:
        self._gaps.report(reporter, gaps, self._clock())

    def _with_ears(self, before: Kept) -> tuple[Ears, ...]:
        """Return the ears of this configuration; those of the last that still fit stay."""
        kept = dict(before)
        before.clear()
        for segment in self._config.inventory.segments:
            key = segment.name, segment.interface
            ears = kept.get(key)
            if ears is None:
                ears = Ears(segment, self._site, self._looks, self._gaps)
            else:
                ears.stand_on(segment, self._site, self._looks)
            before[key] = ears
        return tuple(before.values())


def _reporters(config: Config) -> frozenset[str]:
    """Return by which names gaps may have been reported that are there still, or soon told over."""
    inventory = config.inventory
    names = {"looks", "store", "receiving", "alerts", "servers"}
    names |= {device.name for device in inventory.devices}
    for segment in inventory.segments:
        names.add(segment.name)
        if segment.interface is not None:
            names |= {listening(segment.name), quickly(segment.name)}
    return frozenset(names)


def folder(config: Config) -> Path:
    """Return where the daemon keeps its lock and its spool: beside the store, if that is a file."""
    file = sqlite_file(config.store)
    return state_folder(os.environ) if file is None else file.parent


def _settle() -> None:
    """Take what the first look has loaded out of the collector's sight.

    To look through all of it would hold everything up for a tenth of a second, again and again.
    What an earlier configuration had loaded is seen, and let go, this one time.
    """
    vendor(_ANY_MAC)  # loads the list of vendors, which the first finding would wait for
    gc.unfreeze()
    gc.collect()
    gc.freeze()
