"""Tells each alert what became of the findings, and remembers in the store how far it got.

The history of findings is the queue. What is told is moved past only afterwards, so nothing is
lost; what was under way when a process or the store broke off is told twice at worst. While the
store is away `tell_directly` tells from memory, and what it told is left out once it stands there.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from netguard.alerts.addressees import MOST, NEVER_READ, Addressee, addressees
from netguard.alerts.composing import compose
from netguard.alerts.delivery import load
from netguard.alerts.message import Message
from netguard.alerts.pacing import due, retry_after
from netguard.alerts.sending import PATIENCE, send_to
from netguard.config import Config
from netguard.errors import StoreError
from netguard.life import Changes
from netguard.store import AlertCursor, News, open_store, store_gap
from probes.records import Gap

Clock = Callable[[], datetime]
_Queue = Mapping[str, tuple[AlertCursor, Sequence[News]]]

GRACE = 0.5  # seconds that a call waits for services
_LOOK_AGAIN = timedelta(seconds=1)  # after which a service that took longer is heard of


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What came of telling: messages delivered or not, whom none reached, when to come again.

    `again` is None while nothing waits; it is not in the future where more waits already.
    """

    delivered: int = 0
    failed: int = 0
    gaps: tuple[Gap, ...] = ()
    again: datetime | None = None


async def tell_once(
    config: Config, *, clock: Clock, since: datetime, patience: float = PATIENCE
) -> tuple[Gap, ...]:
    """Tell every alert once, for a process that ends; what fails is for the next one to try.

    `since` is when this run began: an alert that is new in the configuration is told of what is
    from then on. Returns whom it did not reach. Never raises for the store, a secret or a service.
    """
    teller = Teller(config, clock=clock, since=since, patience=patience)
    return (await teller.tell(grace=None)).gaps


class Teller:
    """Tells the alerts of one configuration, at a pace that people can bear.

    Each alert has a task of its own, so that a service that hangs holds up no other. `since` is as
    in `tell_once`, and now if None.
    """

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock,
        since: datetime | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._url = config.store
        self._clock = clock
        self._since = since or clock()
        self._patience = patience
        self._addressees = addressees(config.alerts)
        self._tasks: dict[str, asyncio.Task[Told]] = {}
        self._turn = asyncio.Lock()

    async def get_ready(self) -> None:
        """Load what telling needs, so that the first alert of a daemon need not wait for it."""
        if self._addressees:
            await asyncio.to_thread(load)

    async def tell(self, *, grace: float | None = GRACE) -> Told:
        """Tell each alert what it was not told of yet, as far as that may go now.

        A service that takes longer than `grace` seconds is heard of in a later call; None waits.
        Where the store is away, that is a gap, and only what waits in memory is told.
        """
        async with self._turn:
            before, free = self._ended(), self._free()
            gaps: tuple[Gap, ...] = ()
            queue: _Queue | None = None
            try:
                if free:
                    queue = await asyncio.to_thread(self._look, [e.cursor for e in free if e.ahead])
            except StoreError as error:
                gaps = (store_gap(error),)
            told = await self._begin(free, queue, grace)
        return _together([_counted(before), Told(gaps=gaps), told])

    async def tell_directly(self, changes: Changes, *, grace: float | None = GRACE) -> Told:
        """Tell of changes that could not be written down, grouped and paced as ever."""
        about = {finding.id: finding for finding in changes.findings}
        news = [
            News(sequence=0, event=event, finding=about.get(event.finding))
            for event in changes.events
        ]
        async with self._turn:
            for each in self._addressees.values():
                each.pending = [*each.pending, *news][-MOST:]
            before = self._ended()
            told = await self._begin(self._free(), None, grace)
        return _together([_counted(before), told])

    def _free(self) -> list[Addressee]:
        """Return those whom nothing is under way to."""
        return [each for name, each in self._addressees.items() if name not in self._tasks]

    def _look(self, ahead: Collection[AlertCursor]) -> _Queue:
        """Return each alert's cursor and what comes after it; raises StoreError."""
        with open_store(self._url, create=False) as store:
            for cursor in ahead:
                store.put_alert_cursor(cursor)
            cursors = store.alert_cursors()
            if not self._addressees.keys() <= cursors.keys():
                store.begin_alerts(self._addressees, self._since)
                cursors = store.alert_cursors()
            starts = {cursors[alert].told for alert in self._addressees}
            news = {start: store.news(start, MOST) for start in starts}
        return {alert: (cursors[alert], news[cursors[alert].told]) for alert in self._addressees}

    async def _begin(
        self, free: Iterable[Addressee], queue: _Queue | None, grace: float | None
    ) -> Told:
        """Tell these, from memory without the store (None), and return what has come of all."""
        late = set(self._tasks)
        for each in free:
            name = each.cursor.alert
            news: Sequence[News] = ()
            if queue is not None:
                each.cursor, news = queue[name]
                each.ahead = False
            work = self._tell(each, news, store=queue is not None)
            self._tasks[name] = asyncio.create_task(work)
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=grace)
        told, now = self._ended(), self._clock()
        under_way = [self._addressees[name] for name in self._tasks]
        return _together(
            [
                told,
                *(Told(gaps=each.gaps, again=now + _LOOK_AGAIN) for each in under_way),
                # To those whom something was under way to, more may have come meanwhile.
                *(Told(again=now) for _ in late - self._tasks.keys()),
            ]
        )

    def _ended(self) -> Told:
        """Return what came of the tasks that have ended."""
        every = []
        for name in [name for name, task in self._tasks.items() if task.done()]:
            told = self._tasks.pop(name).result()
            self._addressees[name].gaps = told.gaps
            every.append(told)
        return _together(every)

    async def _tell(self, each: Addressee, news: Sequence[News], *, store: bool) -> Told:
        untold = each.untold(news)
        message = compose(untold, each.alert.severity)
        if message is None:
            return await self._pass_over(each, news, store=store)
        now = self._clock()
        if (later := due(each.pace, each.cursor, now)) > now:
            return Told(again=later, gaps=each.failing(untold, later))
        return await self._attempt(each, message, news, untold, store=store)

    async def _pass_over(self, each: Addressee, news: Sequence[News], *, store: bool) -> Told:
        """Move past what this alert is not to be told of."""
        each.pending = []
        if not news:
            return Told()
        passed = msgspec.structs.replace(each.cursor, told=news[-1].sequence, attempts=0, error="")
        await self._move(each, passed, store=store)
        return Told(again=self._clock() if len(news) == MOST else None)

    async def _attempt(
        self,
        each: Addressee,
        message: Message,
        news: Sequence[News],
        untold: Sequence[News],
        *,
        store: bool,
    ) -> Told:
        now = self._clock()
        if not await self._claim(each, now, store=store):
            return Told(again=now + retry_after(1))
        from_memory = tuple(each.pending)
        each.pace = each.pace.spent(now)
        gap = await send_to(each.number, each.alert, message, patience=self._patience)
        if gap is not None:
            failed = msgspec.structs.replace(each.cursor, error=gap.detail)
            await self._move(each, failed, store=store)
            again = due(each.pace, each.cursor, now)
            return Told(failed=1, gaps=each.failing(untold, again, gap.remedy), again=again)
        each.heard(from_memory, now)
        reached = news[-1].sequence if news else each.cursor.told
        told = AlertCursor(alert=each.cursor.alert, told=reached, told_at=now, last_attempt=now)
        await self._move(each, told, store=store)
        return Told(delivered=1, again=now if len(news) == MOST else None)

    async def _claim(self, each: Addressee, now: datetime, *, store: bool) -> bool:
        """Write down that an attempt begins; false where another process is at it."""
        before = each.cursor
        after = msgspec.structs.replace(before, attempts=before.attempts + 1, last_attempt=now)
        if store:
            try:
                if not await asyncio.to_thread(self._claimed, before, now):
                    return False
            except StoreError:
                store = False  # told all the same
        each.cursor, each.ahead = after, not store and after.told != NEVER_READ
        return True

    def _claimed(self, cursor: AlertCursor, now: datetime) -> bool:
        with open_store(self._url, create=False) as store:
            return store.claim_alert(cursor, now)

    async def _move(self, each: Addressee, cursor: AlertCursor, *, store: bool) -> None:
        """Move the cursor: at once in memory, and in the store as soon as that can be."""
        each.cursor = cursor
        each.ahead = cursor.told != NEVER_READ
        if store:
            try:
                await asyncio.to_thread(self._put, cursor)
            except StoreError:
                return
            each.ahead = False

    def _put(self, cursor: AlertCursor) -> None:
        with open_store(self._url, create=False) as store:
            store.put_alert_cursor(cursor)


def _counted(ended: Told) -> Told:
    """Return the counts alone of what has ended: who was not reached is tried again, or a gap."""
    return Told(delivered=ended.delivered, failed=ended.failed)


def _together(told: Iterable[Told]) -> Told:
    """Add up what came of several."""
    every = tuple(told)
    return Told(
        delivered=sum(each.delivered for each in every),
        failed=sum(each.failed for each in every),
        gaps=tuple(gap for each in every for gap in each.gaps),
        again=min((each.again for each in every if each.again is not None), default=None),
    )
