"""Sends a message to everyone who asked for its severity, side by side, each with a time limit."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable

from netguard.alerts.delivery import deliver, scheme
from netguard.alerts.message import Message
from netguard.alerts.syslog import is_syslog
from netguard.config import Config
from netguard.config.settings import Alert
from netguard.errors import ConfigError
from netguard.findings import RANK
from netguard.secrets import resolve
from probes.records import Gap

PATIENCE = 10.0  # seconds; what takes longer counts as failed
_REMEDY = 'Try it by hand: apprise -vv -b test "URL", with the URL of that [[alert]].'
_SYSLOG_REMEDY = "Try it by hand: logger --rfc5424 -n HOST -P PORT test, with -T where it is TCP."

# Attempts that were given up and may still run, with their URLs: each holds a thread and a socket
# for as long as its service likes, whatever became of the configuration that it was made by.
_given_up: dict[threading.Thread, str] = {}
_MOST = 4  # of one URL; no other is begun until one of them has ended


async def send(config: Config, message: Message, *, patience: float = PATIENCE) -> tuple[Gap, ...]:
    """Tell everyone whose alert asks for this severity or less; return whom it did not reach.

    Never raises for a secret or a service, and takes no longer than `patience`.
    """
    told = await asyncio.gather(
        *(
            send_to(number, alert, message, patience=patience)
            for number, alert in enumerate(config.alerts, 1)
            if RANK[alert.severity] <= RANK[message.severity]
        )
    )
    return tuple(gap for gap in told if gap is not None)


async def send_to(
    number: int, alert: Alert, message: Message, *, patience: float = PATIENCE
) -> Gap | None:
    """Tell one alert, the `number`th of the configuration; return why it was not reached."""
    try:
        url = url_of(alert)
    except ConfigError as error:
        return failed(number, error.message, error.remedy)
    failure = await _within(patience, url, message)
    remedy = _SYSLOG_REMEDY if is_syslog(url) else _REMEDY
    return failed(number, failure, remedy) if failure else None


def url_of(alert: Alert) -> str:
    """Return an alert's URL, which is a secret; raises ConfigError where its reference fails."""
    return alert.url if "://" in alert.url else resolve(alert.url)


def scheme_of(alert: Alert) -> str | None:
    """Return the scheme of an alert's URL, None where its reference leads nowhere."""
    try:
        return scheme(url_of(alert))
    except ConfigError:
        return None


def failed(number: int, detail: str, remedy: str) -> Gap:
    """Return the gap that an alert was not told."""
    return Gap(subject=f"alert #{number}", kind="alert-failed", detail=detail, remedy=remedy)


async def _within(patience: float, url: str, message: Message) -> str:
    if _stuck(url) >= _MOST:
        return f"{scheme(url)}: not tried, {_MOST} attempts that were given up go on there still"
    thread, done = _aside(lambda: deliver(url, message))
    try:
        return await asyncio.wait_for(asyncio.wrap_future(done), patience)
    except TimeoutError:
        return f"{scheme(url)}: not delivered within {patience:g} s"
    finally:
        if not done.done():
            _given_up[thread] = url


def _stuck(url: str) -> int:
    """Count the attempts at this URL that were given up and have not ended yet."""
    for thread in list(_given_up):
        if not thread.is_alive():
            _given_up.pop(thread, None)  # another thread's loop may be at it too
    return list(_given_up.values()).count(url)


def _aside(
    work: Callable[[], str],
) -> tuple[threading.Thread, concurrent.futures.Future[str]]:
    """Do blocking work in a thread of its own, which nobody waits for once it is given up.

    An executor's threads would be: by asyncio.run, and again by the interpreter at its end.
    """
    done: concurrent.futures.Future[str] = concurrent.futures.Future()
    done.set_running_or_notify_cancel()
    thread = threading.Thread(target=lambda: done.set_result(work()), name="alert", daemon=True)
    thread.start()
    return thread, done
