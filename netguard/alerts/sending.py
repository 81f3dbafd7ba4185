"""Sends a message to everyone who asked for its severity, side by side, each with a time limit."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable

from netguard.alerts.delivery import Message, deliver, scheme
from netguard.config import Config
from netguard.config.settings import Alert
from netguard.errors import ConfigError
from netguard.findings import RANK
from netguard.secrets import resolve
from probes.records import Gap

PATIENCE = 10.0  # seconds; what takes longer counts as failed
_REMEDY = 'Try it by hand: apprise -vv -b test "URL", with the URL of that [[alert]].'


async def send(config: Config, message: Message, *, patience: float = PATIENCE) -> tuple[Gap, ...]:
    """Tell everyone whose alert asks for this severity or less; return whom it did not reach.

    Never raises for a secret or a service, and takes no longer than `patience`.
    """
    told = await asyncio.gather(
        *(
            _tell(alert, message, patience, subject=f"alert #{number}")
            for number, alert in enumerate(config.alerts, 1)
            if RANK[alert.severity] <= RANK[message.severity]
        )
    )
    return tuple(gap for gap in told if gap is not None)


async def _tell(alert: Alert, message: Message, patience: float, *, subject: str) -> Gap | None:
    try:
        url = alert.url if "://" in alert.url else resolve(alert.url)
    except ConfigError as error:
        return _gap(subject, error.message, error.remedy)
    failure = await _within(patience, url, message)
    return _gap(subject, failure, _REMEDY) if failure else None


async def _within(patience: float, url: str, message: Message) -> str:
    try:
        return await asyncio.wait_for(_aside(lambda: deliver(url, message)), patience)
    except TimeoutError:
        return f"{scheme(url)}: not delivered within {patience:g} s"


def _aside(work: Callable[[], str]) -> asyncio.Future[str]:
    """Do blocking work in a thread of its own, which nobody waits for once it is given up.

    An executor's threads would be: by asyncio.run, and again by the interpreter at its end.
    """
    done: concurrent.futures.Future[str] = concurrent.futures.Future()
    done.set_running_or_notify_cancel()
    threading.Thread(target=lambda: done.set_result(work()), name="alert", daemon=True).start()
    return asyncio.wrap_future(done)


def _gap(subject: str, detail: str, remedy: str) -> Gap:
    return Gap(subject=subject, kind="alert-failed", detail=detail, remedy=remedy)
