"""One message through one URL: apprise's, or syslog's own.

The URL is a secret: nothing here says more than its scheme. apprise answers yes or no; why not, it
writes to its log, with hosts and addressees in it. So the log is silenced, and its own command
line, which a person runs, is where the reason is read.
"""

import logging
import re

import msgspec

from netguard.alerts import syslog
from netguard.alerts.message import Message

_SCHEME = re.compile(r"(?:[a-z0-9]{1,32}|syslog5424\+tcp)://", re.IGNORECASE)
_LOGGERS = ("apprise", "urllib3", "requests_oauthlib", "oauthlib")
_NEVER = logging.CRITICAL + 1
_TYPES = {"critical": "failure", "warning": "warning", "notice": "info"}


def deliver(url: str, message: Message) -> str:
    """Hand the message to the service behind the URL; return what failed, nothing on success.

    Blocks for as long as the service does. Never raises for what a service or its plugin does.
    """
    _silence()
    try:
        if syslog.is_syslog(url):
            failure = syslog.deliver(url, _cleaned(message))
        else:
            failure = _delivered(url, _cleaned(message))
    except Exception as error:  # noqa: BLE001 - any of a hundred plugins, and its text may hold the URL
        failure = f"its plugin broke ({type(error).__name__})"
    return failure and f"{scheme(url)}: {failure}"


def load() -> None:
    """Load apprise and its plugins, which takes a third of a second, before it is needed."""
    import apprise  # noqa: PLC0415 - as below

    _silence()
    apprise.Apprise.instantiate("json://localhost")


def scheme(url: str) -> str:
    """Return `slack://` of a URL, and nothing of what follows it."""
    found = _SCHEME.match(url)
    return found[0] if found else "the URL"


def _delivered(url: str, message: Message) -> str:
    import apprise  # noqa: PLC0415 - costs 0.3 s, and most runs have nothing to tell

    # Without a limit of its own apprise works in this very thread. Its threads are waited for at
    # the end of the process, so that one dead webhook could keep netguard from ending.
    asset = apprise.AppriseAsset(app_id="netguard", app_desc="netguard", service_timeout=0)
    service = apprise.Apprise.instantiate(url, asset=asset)
    if service is None:
        return "apprise has no such service here, or the URL lacks a part"
    taken = apprise.Apprise(service, asset=asset).notify(
        title=message.title,
        body=message.body,
        notify_type=apprise.NotifyType(_TYPES[message.severity]),
        body_format=apprise.NotifyFormat.TEXT,
    )
    return "" if taken else "the service did not take it"


def _cleaned(message: Message) -> Message:
    """Return the message without control characters: devices and neighbours chose parts of it."""
    return msgspec.structs.replace(
        message,
        title=_plain(" ".join(message.title.split())),
        body="\n".join(map(_plain, message.body.splitlines())),
        lines=tuple(
            msgspec.structs.replace(line, finding=_plain(line.finding), text=_plain(line.text))
            for line in message.lines
        ),
    )


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _silence() -> None:
    """Keep the libraries from logging: they name hosts, paths and tokens."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(_NEVER)
        logger.propagate = False
