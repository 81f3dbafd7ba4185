"""Carries packets between two hosts of the lab in userspace: tunnels, and odd routers.

Each runs in a thread of its own, so that neither a busy agent nor another tunnel adds to its delay.
"""

import asyncio
import contextlib
import errno
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from netguard.errors import NetguardError
from netguard.lab import namespaces
from netguard.lab.checksums import completed
from netguard.lab.userspace_router import Router, Sent, Side, route

TUN = "tun0"
_DEVICE = Path("/dev/net/tun")
_LARGEST = 1 << 16
_AT_ONCE = 64  # packets taken before another side has its turn

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_ETH_P_IP = 0x0800
_SOL_PACKET, _PACKET_AUXDATA = 263, 8
_CHECKSUM_NOT_READY = 0x8
_TO_THIS_HOST = 0

Carry = Callable[[bytes, Side], list[Sent]]


class Port(Protocol):
    """One side of what is carried."""

    def fileno(self) -> int:
        """Return the open file."""
        ...

    def read(self) -> bytes | None:
        """Return the next packet, or None."""
        ...

    def write(self, packet: bytes) -> None:
        """Send a packet."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class Tun:
    """The userspace end of a tunnel interface, made in the namespace that the thread is in.

    The interface lives as long as this is open. Raises NetguardError where there are none.
    """

    def __init__(self) -> None:
        try:
            self._fd = os.open(_DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            request = struct.pack("16sH22x", TUN.encode(), _IFF_TUN | _IFF_NO_PI)
            fcntl.ioctl(self._fd, _TUNSETIFF, request)
        except OSError as error:
            raise NetguardError(
                f"no tunnel interface can be made: {_DEVICE}: {error.strerror}",
                remedy="modprobe tun, and let this user read and write the device, or be root.",
            ) from error

    def fileno(self) -> int:
        """Return the open file."""
        return self._fd

    def read(self) -> bytes | None:
        """Return the next packet that the kernel sent into the tunnel, or None."""
        try:
            return os.read(self._fd, _LARGEST)
        except BlockingIOError:
            return None

    def write(self, packet: bytes) -> None:
        """Let the kernel receive a packet."""
        os.write(self._fd, packet)

    def close(self) -> None:
        """Close it; the interface goes with it."""
        os.close(self._fd)


class Wire:
    """Packets that reach a host by its card and are none of its own, and a way out for others.

    Made in the host's namespace; `read` must be called by a thread that is in it.
    """

    def __init__(self, interface: str) -> None:
        self._seen = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._seen.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
        self._seen.bind((interface, _ETH_P_IP))
        self._out = socket.socket(
            socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_RAW
        )

    def fileno(self) -> int:
        """Return the open file."""
        return self._seen.fileno()

    def read(self) -> bytes | None:
        """Return the next packet, b"" for one that is the kernel's, or None."""
        try:
            packet, told, _, sender = self._seen.recvmsg(_LARGEST, 64)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno != errno.ENETDOWN:
                raise
            return None  # the card is down; it may come up again
        if sender[2] != _TO_THIS_HOST or len(packet) < 20 or _is_own(packet[16:20]):  # noqa: PLR2004
            return b""
        unfinished = any(
            struct.unpack_from("=I", data)[0] & _CHECKSUM_NOT_READY for *_, data in told
        )
        return completed(packet) if unfinished else packet

    def write(self, packet: bytes) -> None:
        """Send a packet where the host's own routes say, as it is."""
        self._out.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))

    def close(self) -> None:
        """Close it."""
        self._seen.close()
        self._out.close()


def _is_own(address: bytes) -> bool:
    """Return whether the host has the address now: only then can a socket be bound to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((socket.inet_ntoa(address), 0))
        except OSError:
            return False
    return True


def open_port(interface: str) -> Port:
    """Open a card, or make the tunnel interface, in the namespace that the thread is in."""
    return Tun() if interface == TUN else Wire(interface)


class Relay:
    """Carries packets until closed; `home` is the namespace that its thread works in."""

    def __init__(self, ports: Mapping[Side, Port], carry: Carry, delay: float, home: int) -> None:
        self._ports = ports
        self._carry = carry
        self._delay = delay
        self._loop = asyncio.new_event_loop()
        for side, port in ports.items():
            self._loop.add_reader(port.fileno(), self._pump, side)
        self._thread = threading.Thread(target=self._run, args=(home,), daemon=True)
        self._thread.start()

    def _run(self, home: int) -> None:
        with namespaces.entered(home):
            self._loop.run_forever()

    def close(self) -> None:
        """Stop, and close the ports; what is still on its way is lost."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        for port in self._ports.values():
            port.close()

    def _pump(self, came: Side) -> None:
        port = self._ports[came]
        try:
            for _ in range(_AT_ONCE):
                if (packet := port.read()) is None:
                    return
                for sent in self._carry(packet, came):
                    self._send(sent, came)
        except OSError:  # the interface is gone for good
            self._loop.remove_reader(port.fileno())

    def _send(self, sent: Sent, came: Side) -> None:
        if sent.toward == came or not self._delay:
            self._write(sent.toward, sent.packet)
        else:
            self._loop.call_later(self._delay, self._write, sent.toward, sent.packet)

    def _write(self, toward: Side, packet: bytes) -> None:
        with contextlib.suppress(OSError):  # its link is down, or there is no way there
            if port := self._ports.get(toward):
                port.write(packet)


def straight(packet: bytes, came: Side) -> list[Sent]:
    """Carry a packet through a tunnel as it is."""
    return [Sent("inside" if came == "outside" else "outside", packet)]


class Rationed:
    """A router that is given the time, so that it can hold back its errors."""

    def __init__(self, router: Router, clock: Callable[[], float]) -> None:
        self._router = router
        self._clock = clock
        self._next = float("-inf")

    def __call__(self, packet: bytes, came: Side) -> list[Sent]:
        """Return what leaves the router now."""
        return [s for s in route(packet, came, self._router) if not s.error or self._may_complain()]

    def _may_complain(self) -> bool:
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + self._router.error_interval
        return True
