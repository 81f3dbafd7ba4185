"""Tries whether the daemon can listen where `[watch]` says: every port is taken, and let go."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from netguard.config.settings import LogSource, Watch, host_and_port
from netguard.doctor.check import Check, failed, ok, warning

_KINDS = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}


def listening(watch: Watch) -> Iterator[Check]:
    """Say of every port and every log file of the daemon whether it can be had."""
    for source in watch.syslog:
        tried = _readable if source.transport == "file" else _port
        yield tried(f"syslog {source}", source)
    if watch.traps is not None:
        traps = LogSource("udp", *watch.traps)
        yield _port(f"traps {traps}", traps)
    if watch.metrics is not None:
        metrics = LogSource("tcp", *watch.metrics)
        yield _port(f"metrics {host_and_port(*watch.metrics)}", metrics)


def _port(subject: str, source: LogSource) -> Check:
    try:
        _take(source)
    except OSError as error:
        return _refused(subject, source, error)
    return ok(subject, "can be listened at")


def _take(source: LogSource) -> None:
    """Bind as the daemon does; raises OSError."""
    family = socket.AF_INET6 if ":" in source.place else socket.AF_INET
    with socket.socket(family, _KINDS[source.transport]) as link:
        if family == socket.AF_INET6:
            link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, source.place != "::")
        if source.transport == "tcp":
            link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        link.bind((source.place, source.port))
        if source.transport == "tcp":
            link.listen()


def _refused(subject: str, source: LogSource, error: OSError) -> Check:
    if error.errno == errno.EADDRINUSE:
        remedy = f"By `netguard watch`? Else see by whom: ss -lnp 'sport = :{source.port}'"
        return warning(subject, "in use", remedy)
    remedies = {
        errno.EACCES: "Use a port from 1024 on, or add CAP_NET_BIND_SERVICE to the unit.",
        errno.EADDRNOTAVAIL: "See this machine's own: ip address",
    }
    remedy = remedies.get(error.errno or 0, "Correct the address in [watch].")
    return failed(subject, f"cannot be listened at: {error.strerror}", remedy)


def _readable(subject: str, source: LogSource) -> Check:
    """Open the file as the daemon does, which waits for one that is not there yet."""
    try:
        os.close(os.open(source.place, os.O_RDONLY | os.O_NONBLOCK))
    except FileNotFoundError:
        return warning(subject, "not there yet", "Correct the path, if none is to come.")
    except OSError as error:
        remedy = "Let this user read it: SupplementaryGroups= in the systemd unit."
        return failed(subject, f"cannot be read: {error.strerror}", remedy)
    if not Path(source.place).is_file():
        return failed(subject, "is no plain file", "Name the log itself.")
    return ok(subject, "can be read")
