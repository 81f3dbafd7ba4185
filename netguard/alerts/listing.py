"""How each alert of the configuration stands: what it was told, what waits, and since when."""

from datetime import datetime

import msgspec

from netguard.alerts.addressees import MOST, identity
from netguard.alerts.composing import waiting
from netguard.alerts.sending import scheme_of
from netguard.config import Config
from netguard.config.settings import Alert
from netguard.errors import StoreError
from netguard.findings import Severity
from netguard.store import AlertCursor, Store, open_store, store_gap
from probes.records import Gap


class AlertState(msgspec.Struct, frozen=True, kw_only=True):
    """One alert: `scheme` is all that is said of its URL, None where that cannot be read.

    `waiting` findings are to be told of, the oldest turn of which was at `waiting_since`; since
    `told_at` so many `attempts` have failed, the last with `error`.
    """

    number: int
    scheme: str | None
    severity: Severity
    told_at: datetime | None = None
    waiting: int = 0
    waiting_since: datetime | None = None
    attempts: int = 0
    last_attempt: datetime | None = None
    error: str = ""


def standing(config: Config) -> tuple[tuple[AlertState, ...], Gap | None]:
    """Return how each alert stands, and why no more is known where the store is away."""
    alerts = list(enumerate(config.alerts, 1))
    try:
        with open_store(config.store, create=False) as store:
            cursors = store.alert_cursors()
            return tuple(_state(n, a, cursors.get(identity(a)), store) for n, a in alerts), None
    except StoreError as error:
        return tuple(_unknown(number, alert) for number, alert in alerts), store_gap(error)


def _unknown(number: int, alert: Alert) -> AlertState:
    return AlertState(number=number, scheme=scheme_of(alert), severity=alert.severity)


def _state(number: int, alert: Alert, cursor: AlertCursor | None, store: Store) -> AlertState:
    state = _unknown(number, alert)
    if cursor is None:  # it is new: nothing was told, and nothing waits
        return state
    turned = waiting(store.news(cursor.told, MOST), alert.severity)
    return msgspec.structs.replace(
        state,
        told_at=cursor.told_at,
        waiting=len(turned),
        waiting_since=min(turned, default=None),
        attempts=cursor.attempts,
        last_attempt=cursor.last_attempt,
        error=cursor.error,
    )
