"""The practice network with its gateway taken, and what the wire and the kernel say of it, when."""

import os
import select
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from time import monotonic, sleep
from typing import Self

from netguard import clock
from netguard.lab import enter, namespaces
from netguard.lab.control import Lab
from netguard.lab.topology import GATEWAY
from tests.segment import Tap

HIJACKER, PORT = "00:00:5e:00:53:24", "fa0-4"  # of cat1
VICTIM, UPSTREAM = "ds0002", "203.0.113.10"
EVERY = 0.02  # seconds between two probes of the victim

_HEADER, _LINK = struct.Struct("=IHHII"), struct.Struct("=BxHiII")  # nlmsghdr, ifinfomsg
_NEW_LINK, _LINK_GROUP, _IFF_UP = 16, 1, 1
_ECHO = 7


@contextmanager
def inside(lab: Lab, host: str) -> Iterator[int]:
    """Lend the open file that stands for a host's network namespace."""
    user, network = enter._namespaces(lab.directory, host)
    os.close(user)
    try:
        yield network
    finally:
        os.close(network)


def first_forged(tap: Tap) -> float:
    """Return when the first ARP frame came by that gives the gateway's address to the hijacker."""
    return tap._began + min(
        seconds
        for seconds, frame in tap.frames()
        if (str(frame.sender_ip), frame.sender_hw) == (GATEWAY, HIJACKER)
    )


class Background(threading.Thread):
    """Something that goes on until the `with` ends."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.join()


class PortWatch(Background):
    """Notes when the kernel first tells over netlink (RTNLGRP_LINK) that a port was taken down."""

    def __init__(self, namespace: int, interface: str = PORT) -> None:
        super().__init__()
        with namespaces.entered(namespace):
            self._index = socket.if_nametoindex(interface)
            self._links = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._links.bind((0, _LINK_GROUP))
        self._heard = threading.Event()
        self._when = 0.0

    def run(self) -> None:
        with self._links:
            while not self.ended.is_set():
                if select.select([self._links], [], [], 0.1)[0]:
                    self._take(self._links.recv(65536), clock.now().timestamp())

    def _take(self, message: bytes, now: float) -> None:
        _, kind, *_ = _HEADER.unpack_from(message)
        if kind != _NEW_LINK or self._heard.is_set():
            return
        _, _, index, flags, _ = _LINK.unpack_from(message, _HEADER.size)
        if index == self._index and not flags & _IFF_UP:
            self._when = now
            self._heard.set()

    def down(self, within: float) -> float | None:
        """Wait until the port is down; return when it was, None if that did not come."""
        return self._when if self._heard.wait(within) else None


class Timer(Background):
    """Runs a program on a host at each full second, never two at once, as a systemd timer does."""

    def __init__(self, namespace: int, command: list[str], log: Path) -> None:
        super().__init__()
        self._namespace, self._command, self._log = namespace, command, log

    def run(self) -> None:
        with namespaces.entered(self._namespace), self._log.open("ab") as log:
            while not self.ended.wait(until_full_second()):
                subprocess.run(self._command, stdout=log, stderr=log, check=False)


class Daemon:
    """`netguard watch` on a host; its output is what happened."""

    def __init__(self, namespace: int, config: Path, log: Path) -> None:
        argv = [sys.executable, "-P", "-m", "netguard", "--config", str(config), "watch", "--json"]
        with namespaces.entered(namespace), log.open("wb") as said:
            self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=said)
        while b'"event":"sweep"' not in log.read_bytes():
            sleep(0.1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()  # it ends once no port is being changed
        self._process.wait()


def until_full_second() -> float:
    return 1 - clock.now().timestamp() % 1


class Probe(Background):
    """Sends a datagram every 20 ms from the victim through the gateway and back."""

    def __init__(self, victim: int, upstream: int) -> None:
        super().__init__()
        with namespaces.entered(upstream):
            self._echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._echo.bind((UPSTREAM, _ECHO))
        with namespaces.entered(victim):
            self._wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._wire.connect((UPSTREAM, _ECHO))
        self.back: list[float] = []  # when each one came back

    def run(self) -> None:
        due = monotonic()
        with self._echo, self._wire:
            while not self.ended.is_set():
                ready, _, _ = select.select(
                    [self._echo, self._wire], [], [], max(0, due - monotonic())
                )
                if self._echo in ready:
                    self._echo.sendto(*self._echo.recvfrom(64))
                self._take(ready)
                if monotonic() >= due:
                    self._send()
                    due += EVERY

    def _take(self, ready: list[socket.socket]) -> None:
        if self._wire in ready:
            try:
                self._wire.recv(64)
            except OSError:  # the ICMP error of a host that cannot be reached
                return
            self.back.append(monotonic())

    def _send(self) -> None:
        try:
            self._wire.send(b"netguard")
        except OSError:  # the same, told now
            return

    def outage(self, since: float, most: float) -> float:
        """Wait until the outage after `since` is over; return its seconds, `most` if it is not.

        It is over when answers came for a whole second. Nothing lost within `most` is none: 0.
        """
        while monotonic() < since + most + 1:
            self.ended.wait(0.2)
            began, over = self._longest(since)
            if over - began > 10 * EVERY and self._steady(over):
                return over - began
        began, over = self._longest(since)
        return min(most, over - began) if over - began > 10 * EVERY else 0.0

    def _longest(self, since: float) -> tuple[float, float]:
        """Return where the longest gap between two answers, or until now, begins and ends."""
        last = [t for t in self.back if t < since][-1:]
        moments = [*last, *(t for t in self.back if t >= since), monotonic()]
        return max(pairwise(moments), key=lambda gap: gap[1] - gap[0])

    def _steady(self, since: float) -> bool:
        after = sum(t >= since for t in self.back)
        return monotonic() > since + 1 and after > 0.8 / EVERY
