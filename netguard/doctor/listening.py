"""Tries whether the daemon can listen where `[watch]` says: every port is taken, and let go."""

import socket
from collections.abc import Iterator
from pathlib import Path

from netguard.config.settings import LogSource, Watch, host_and_port
from netguard.doctor.check import Check, failed, ok, warning
from probes.binding import TAKEN, bound
from probes.errors import LinkError, ProbeError
from probes.notices.tailing import Tail

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
        bound(source.place, source.port, _KINDS[source.transport]).close()
    except LinkError as error:
        if error.kind == TAKEN:
            return warning(subject, "in use", f"By `netguard watch`? Else {error.remedy}")
        return failed(subject, error.detail, error.remedy)
    return ok(subject, "can be listened at")


def _readable(subject: str, source: LogSource) -> Check:
    """Open the file as the daemon does, which waits for one that is not there yet."""
    path = Path(source.place)
    try:
        Tail(path).close()
    except ProbeError as error:
        return failed(subject, error.detail, error.remedy)
    if not path.exists():
        return warning(subject, "not there yet", "Correct the path, if none is to come.")
    return ok(subject, "can be read")
