"""What systemd would hear, on real sockets."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from netguard import notifying
from netguard.notifying import notify, watchdog_interval


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    """Return a socket such as systemd listens on, of either kind."""
    name = f"{tmp_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.bind(name if request.param == "path" else f"\0{name}")
        link.settimeout(10)
        yield link


def environ(systemd: socket.socket) -> dict[str, str]:
    name = systemd.getsockname()
    return {"NOTIFY_SOCKET": name if isinstance(name, str) else f"@{name[1:].decode()}"}


def test_what_is_told_arrives_as_one_datagram_of_lines(systemd: socket.socket) -> None:
    notify("READY=1", "STATUS=2 findings open", environ=environ(systemd))
    assert systemd.recv(4096) == b"READY=1\nSTATUS=2 findings open"


def test_reloading_comes_with_the_time_since_boot_in_microseconds(systemd: socket.socket) -> None:
    before = time.monotonic_ns() // 1000
    notify("RELOADING=1", environ=environ(systemd))
    told = dict(line.split("=") for line in systemd.recv(4096).decode().splitlines())
    assert told["RELOADING"] == "1"
    assert before <= int(told["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000


def test_a_status_of_several_lines_says_nothing_else(systemd: socket.socket) -> None:
    notify("STATUS=down:\nSTOPPING=1 \udc80", environ=environ(systemd))
    assert systemd.recv(4096) == b"STATUS=down: STOPPING=1 ?"


def test_the_environment_of_the_process_is_what_counts(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", environ(systemd)["NOTIFY_SOCKET"])
    notify("WATCHDOG=1")
    assert systemd.recv(4096) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    "where", ["", "/nonexistent/notify", "@nobody/listens/here", "vsock:2:1", "/" + "x" * 200]
)
def test_nobody_who_listens_is_no_trouble(where: str) -> None:
    notify("READY=1", environ={"NOTIFY_SOCKET": where})
    notify("READY=1", environ={})


def test_a_systemd_that_does_not_read_is_given_up(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "_PATIENCE", 0.01)
    while filled(systemd):
        pass
    notify("STATUS=late", environ=environ(systemd))
    systemd.settimeout(0)
    queued = set()
    with suppress(BlockingIOError):
        while True:
            queued.add(systemd.recv(4096))
    assert queued == {b"STATUS=full"}


def filled(systemd: socket.socket) -> int:
    """Send until no more is taken, and return how many were: a sender may hit its own limit."""
    sent = 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other, suppress(BlockingIOError):
        other.settimeout(0)
        while True:
            other.sendto(b"STATUS=full", systemd.getsockname())
            sent += 1
    return sent


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 30),
        ({"WATCHDOG_USEC": "500000"}, 0.25),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getppid())}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "\N{SUPERSCRIPT TWO}"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_twice_in_the_time_that_it_waits(
    given: dict[str, str], seconds: float | None
) -> None:
    assert watchdog_interval(given) == seconds
