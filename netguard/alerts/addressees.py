"""Who is told: each alert of the configuration, and what this process knows of it."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from netguard.alerts.composing import stamp, waiting
from netguard.alerts.pacing import Pace
from netguard.alerts.sending import failed
from netguard.config.settings import Alert
from netguard.findings import RANK
from netguard.life import Event
from netguard.store.records import AlertCursor, News
from probes.records import Gap

NEVER_READ = -1  # how far an alert was told, as long as the store was not asked
MOST = 5000  # turns of findings that are taken together; of what waits in memory, the last
_REMEMBERED = timedelta(days=1)  # what was told directly, until it stands in the store
_REMEDY = "It is tried again by itself. `netguard alert test` tries it now."


@dataclass(slots=True, kw_only=True)
class Addressee:
    """One alert, and what this process knows of it beyond its cursor in the store.

    `ahead`: the cursor is further than the one in the store, which was away. `direct`: up to when
    it was told directly of each finding. `gaps`: what came of the last time.
    """

    number: int
    alert: Alert
    cursor: AlertCursor
    ahead: bool = False
    pace: Pace = field(default_factory=Pace)
    pending: list[News] = field(default_factory=list)
    direct: dict[str, datetime] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()

    def knows(self, event: Event) -> bool:
        """Tell whether it was told of this turn directly."""
        last = self.direct.get(event.finding)
        return last is not None and event.at <= last

    def untold(self, news: Iterable[News]) -> list[News]:
        """Return what it was not told of yet, oldest first."""
        fresh = [each for each in news if not self.knows(each.event)]
        if not self.pending:
            return fresh  # in the order of the history, whatever the clock did
        return sorted([*self.pending, *fresh], key=lambda each: each.event.at)

    def heard(self, told: Iterable[News], now: datetime) -> None:
        """Note what it was told from memory."""
        self.direct = {k: at for k, at in self.direct.items() if now - at < _REMEMBERED}
        self.direct |= {each.event.finding: each.event.at for each in told}
        done = {id(each) for each in told}  # more may have come meanwhile
        self.pending = [each for each in self.pending if id(each) not in done]

    def failing(
        self, news: Sequence[News], again: datetime, remedy: str = _REMEDY
    ) -> tuple[Gap, ...]:
        """Return the gap that it was not told, if its last attempt failed."""
        cursor = self.cursor
        if not cursor.error:
            return ()
        turned = waiting(news, self.alert.severity)
        detail = (
            f"{cursor.error}; attempts: {cursor.attempts}, findings that wait: {len(turned)}, since"
            f" {stamp(min(turned))}; tried again at {stamp(again)}"
        )
        return (failed(self.number, detail, remedy),)


def identity(alert: Alert) -> str:
    """Return what the store knows an alert by: nothing that its URL could be read from."""
    return hashlib.sha256(alert.url.encode()).hexdigest()


def addressees(alerts: Iterable[Alert]) -> dict[str, Addressee]:
    """Key the alerts by identity; of two with the same URL the one that wants to know more."""
    found: dict[str, Addressee] = {}
    for number, alert in enumerate(alerts, 1):
        name = identity(alert)
        other = found.get(name)
        if other is None or RANK[alert.severity] < RANK[other.alert.severity]:
            cursor = AlertCursor(alert=name, told=NEVER_READ)
            found[name] = Addressee(number=number, alert=alert, cursor=cursor)
    return found
