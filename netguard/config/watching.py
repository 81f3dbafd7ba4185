"""What is odd about `[watch]` and `retention`: ports taken twice, doors left open. Pure."""

from collections.abc import Iterator
from ipaddress import ip_address
from itertools import combinations

from netguard.config.problems import Problem
from netguard.config.settings import LogSource, Watch, host_and_port
from netguard.config.shapes import Place

_FREE_PORTS = 1024  # those below are for processes with CAP_NET_BIND_SERVICE
_SHORT = 2 * 86400  # seconds

_Listening = tuple[str, str, LogSource]  # the key, the text as it is written, and what it means


def watch_problems(watch: Watch, place: Place) -> Iterator[Problem]:
    """Yield places that cannot all be listened at (errors), and what may surprise (warnings)."""
    listening = tuple(_listening(watch))
    for (other, written, first), (key, text, second) in combinations(listening, 2):
        if _meet(first, second):
            detail = f"{other} = {written!r} takes it already"
            remedy = "Leave one of them out, or choose another port."
            yield place.problem(detail, key=key, value=text, remedy=remedy)
    for key, text, source in listening:
        if source.transport != "file" and source.port < _FREE_PORTS:
            yield place.problem(
                f"ports below {_FREE_PORTS} need CAP_NET_BIND_SERVICE",
                key=key,
                value=text,
                remedy="Use a higher one, or see what `netguard config init --systemd` prints.",
                severity="warning",
            )
    if watch.metrics is not None and not ip_address(watch.metrics[0]).is_loopback:
        yield place.problem(
            "everybody who reaches this address can read them",
            key="metrics",
            value=host_and_port(*watch.metrics),
            remedy="Listen on 127.0.0.1, or let a firewall choose.",
            severity="warning",
        )


def retention_problems(seconds: float, written: str, place: Place) -> Iterator[Problem]:
    """Yield a warning where what happened is forgotten before people come back and ask."""
    if seconds < _SHORT:
        yield place.problem(
            "what is over, and where stations were, is soon forgotten",
            key="retention",
            value=written,
            remedy="Write at least 2d; a year is no burden.",
            severity="warning",
        )


def _listening(watch: Watch) -> Iterator[_Listening]:
    for source in watch.syslog:
        yield "syslog", str(source), source
    if watch.traps is not None:
        traps = LogSource("udp", *watch.traps)
        yield "traps", str(traps), traps
    if watch.metrics is not None:
        yield "metrics", host_and_port(*watch.metrics), LogSource("tcp", *watch.metrics)


def _meet(one: LogSource, other: LogSource) -> bool:
    """Say whether the kernel, or reason, forbids to have both."""
    if (one.transport, one.port) != (other.transport, other.port):
        return False
    return one.place == other.place or _takes_in(one, other) or _takes_in(other, one)


def _takes_in(one: LogSource, other: LogSource) -> bool:
    """Say whether the first listens at every address of the second's kind; :: takes IPv4 too."""
    return one.place == "::" or (one.place == "0.0.0.0" and ":" not in other.place)  # noqa: S104
