"""One message to a syslog server as RFC 5424 has it, which none of apprise's plugins does.

`syslog5424://HOST[:PORT]` is UDP (RFC 5426, port 514). `syslog5424+tcp://HOST[:PORT]` is TCP with
octet counting (RFC 6587, section 3.4.1), port 601: RFC 6587 gives none, 514/tcp is another
service's, and 601 is what IANA has for reliable syslog. `?facility=local0` is for another facility
than daemon. Nothing here waits longer than a few seconds, or says a host or port.
"""

import logging.handlers
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from urllib.parse import SplitResult, parse_qs, urlsplit

import msgspec

from netguard import clock
from netguard.alerts.message import Line, Message
from netguard.findings import Severity

UDP, TCP = "syslog5424", "syslog5424+tcp"
_PORTS = {UDP: 514, TCP: 601}
_FACILITIES = logging.handlers.SysLogHandler.facility_names
_SEVERITIES: dict[Severity, int] = {"critical": 2, "warning": 4, "notice": 5}
_BOM = b"\xef\xbb\xbf"  # RFC 5424, 6.4: what follows is UTF-8
_ENTERPRISE = "netguard@32473"  # RFC 5612: for documentation; netguard has no number of its own
_MOST = 2048  # octets of a record: RFC 5424, 6.1, what every receiver should take
_HOSTNAME = 255
_PATIENCE = 5.0  # seconds to connect and to send
_REFUSAL = 0.2  # seconds in which a host says that nobody listens there


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """Where records go, and as which facility."""

    transport: str
    host: str
    port: int
    facility: int


class BadServer(Exception):
    """The URL names no server; the text says why, without the URL."""


def is_syslog(url: str) -> bool:
    """Tell whether a URL is for this module."""
    return url.partition("://")[0].lower() in _PORTS


def server(url: str) -> Server:
    """Return what a URL stands for; raises BadServer."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except ValueError:
        raise BadServer("its host or port is not one") from None
    if not parts.hostname or parts.username is not None or parts.path not in {"", "/"}:
        raise BadServer("it is written ://HOST or ://HOST:PORT")
    return Server(transport=parts.scheme, host=parts.hostname, port=port, facility=_facility(parts))


def _facility(parts: SplitResult) -> int:
    wanted = parse_qs(parts.query, keep_blank_values=True)
    (name,) = wanted.pop("facility", ["daemon"])[-1:]
    if wanted or name not in _FACILITIES:
        raise BadServer("after ? it takes facility=NAME, such as local0, and nothing else")
    return _FACILITIES[name]


def deliver(url: str, message: Message) -> str:
    """Send a record for each finding in the message, or one; return what failed, else nothing.

    By UDP only a host that says that nobody listens there is a failure; by TCP, one that does not
    take all of it.
    """
    try:
        to = server(url)
        records = list(_records(message, to.facility, clock.now()))
        (_send_by_udp if to.transport == UDP else _send_by_tcp)(to, records)
    except BadServer as bad:
        return str(bad)
    except TimeoutError:
        return f"no answer within {_PATIENCE:g} s"
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def _records(message: Message, facility: int, now: datetime) -> Iterator[bytes]:
    if message.lines:
        for line in message.lines:
            yield record(line.severity, line.text, facility=facility, now=now, about=line)
    else:
        text = f"{message.title}: {message.body}"
        yield record(message.severity, text, facility=facility, now=now)


def record(
    severity: Severity, text: str, *, facility: int, now: datetime, about: Line | None = None
) -> bytes:
    """Return one syslog message, cut to the octets that every receiver should take."""
    structured = _structured(about, severity)
    head = " ".join(
        (
            f"<{facility * 8 + _SEVERITIES[severity]}>1",
            now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            _hostname(),
            "netguard",
            str(os.getpid()),
            "NOTE" if structured == "-" else "FINDING",
            structured,
        )
    )
    start = head.encode() + b" " + _BOM
    cut = " ".join(text.split()).encode()[: max(0, _MOST - len(start))]
    return start + cut.decode(errors="ignore").encode()  # no half character at the end


def _hostname() -> str:
    """Return this host's name as RFC 5424 takes one: printable ASCII without spaces."""
    name = "".join(c for c in socket.gethostname() if "!" <= c <= "~")
    return name[:_HOSTNAME] or "-"


def _structured(about: Line | None, severity: Severity) -> str:
    if about is None or not about.finding:
        return "-"
    fields = {"finding": about.finding, "turn": about.word, "severity": severity}
    params = " ".join(f'{name}="{_escaped(value)}"' for name, value in fields.items())
    return f"[{_ENTERPRISE} {params}]"


def _escaped(value: str) -> str:
    """Return a PARAM-VALUE: RFC 5424, 6.3.3."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _send_by_udp(to: Server, records: Sequence[bytes]) -> None:
    """Send to the first of the host's addresses that does not refuse it."""
    *others, last = socket.getaddrinfo(to.host, to.port, type=socket.SOCK_DGRAM)
    for family, *_, address in others:
        with suppress(OSError):
            return _send_datagrams(family, address, records)
    return _send_datagrams(last[0], last[-1], records)


def _send_datagrams(family: int, address: tuple[object, ...], records: Sequence[bytes]) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.settimeout(_REFUSAL)
        sender.connect(address)
        for each in records:
            sender.send(each)
        with suppress(TimeoutError):
            sender.recv(1)  # nobody answers syslog, but its host may say: port unreachable


def _send_by_tcp(to: Server, records: Sequence[bytes]) -> None:
    with socket.create_connection((to.host, to.port), _PATIENCE) as sender:
        sender.sendall(b"".join(b"%d %b" % (len(each), each) for each in records))
        sender.shutdown(socket.SHUT_WR)
        sender.settimeout(_REFUSAL)
        with suppress(TimeoutError):
            while sender.recv(4096):  # its end says that all was read; a reset, that it was not
                pass
