"""Floods of forged frames on a wire between two namespaces: as many as the machine can send."""

import errno
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from time import perf_counter, sleep
from typing import NamedTuple, Self

from probes.arp import craft
from probes.mmsg import Slots
from tests.probes.listen.crafting import advertisement, link_layer, ndp
from tests.segment import Segment, address, raw, request

BETWEEN = 0.1  # seconds
_BATCH = 500
_FORK = get_context("fork")
_NUMBER = struct.Struct("!I")
_BITS = 0xFFFF_FFFF

_CLAIM = craft(request("02:00:00:00:00:00", address(1), address(2))).ljust(60, b"\0")
_ADVERT = ndp(
    advertisement("2001:db8::", 0x20, link_layer(2, "02:00:ff:ff:ff:ff")),
    source="fe80::bad",
    frame="02:00:ff:ff:ff:ff",
)


class Kind(NamedTuple):
    """A frame, and how to make it the one of another station with another address."""

    frame: bytes
    forge: Callable[[bytearray, int, int], None]


def _forge_arp(frames: bytearray, at: int, number: int) -> None:
    _NUMBER.pack_into(frames, at + 8, number)
    _NUMBER.pack_into(frames, at + 24, number)
    _NUMBER.pack_into(frames, at + 28, 0x0A00_0001 + number)


def _forge_advertisement(frames: bytearray, at: int, number: int) -> None:
    """Where the address has a bit the MAC lacks it, so that the checksum is always the same."""
    _NUMBER.pack_into(frames, at + 8, number ^ _BITS)
    _NUMBER.pack_into(frames, at + 74, number)
    _NUMBER.pack_into(frames, at + 82, number ^ _BITS)


ARP = Kind(_CLAIM, _forge_arp)
NEIGHBOR = Kind(_ADVERT, _forge_advertisement)


class Sent(NamedTuple):
    """How many frames were sent, and in how many seconds."""

    frames: int
    seconds: float


@contextmanager
def wire() -> Iterator[tuple[int, int]]:
    """Put up two namespaces with a wire between them: eth1 in the one, eth0 in the other."""
    with Segment() as segment:
        ears, mouth = segment.namespace(), segment.namespace()
        with segment.ip(ears) as ip:
            ip.link("add", ifname="eth1", kind="veth", peer={"ifname": "eth0", "net_ns_fd": mouth})
            ip.link("set", index=ip.link_lookup(ifname="eth1")[0], state="up")
        with segment.ip(mouth) as ip:
            ip.link("set", index=ip.link_lookup(ifname="eth0")[0], state="up")
        yield ears, mouth


class Flood:
    """A flood of `count` different frames over and over, from a process of its own.

    `rate` is how many a second are wanted, 0 as many as possible; `between` goes out every tenth of
    a second among them.
    """

    def __init__(
        self, mouth: int, kind: Kind, count: int, *, rate: int = 0, between: bytes = b""
    ) -> None:
        self._told, self._telling = _FORK.Pipe(duplex=False)
        self._stop = _FORK.Event()
        frames = partial(_flood, mouth, kind, count, rate=rate, between=between)
        self._process = _FORK.Process(target=self._run, args=(frames,))

    def _run(self, flood: Callable[[Callable[[], None], Event], Sent]) -> None:
        self._telling.send(flood(lambda: self._telling.send("ready"), self._stop))

    def __enter__(self) -> Self:
        self._process.start()
        self._told.recv()  # it has made its frames
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._process.join()
        self._told.close()
        self._telling.close()

    def stop(self) -> Sent:
        """Let it end, and return what it has sent."""
        self._stop.set()
        sent: Sent = self._told.recv()
        return sent


def _flood(
    mouth: int,
    kind: Kind,
    count: int,
    ready: Callable[[], None],
    stop: Event,
    *,
    rate: int,
    between: bytes,
) -> Sent:
    size = len(kind.frame)
    frames = _forged(kind, count)
    slots = Slots(_BATCH, size)
    with raw(mouth) as sender:
        ready()
        began, sent, said = perf_counter(), 0, 0
        for at in cycle(range(0, len(frames), _BATCH * size)):
            if stop.is_set():
                break
            if between and perf_counter() - began >= said * BETWEEN:
                sent, said = sent + _pushed(sender, between), said + 1
            slots.buffer[:] = frames[at : at + _BATCH * size]
            sent += _sent(sender, slots)
            if rate:
                sleep(max(0.0, began + sent / rate - perf_counter()))
        return Sent(sent, perf_counter() - began)


def _forged(kind: Kind, count: int) -> bytearray:
    frames = bytearray(kind.frame * count)
    for number in range(count):
        kind.forge(frames, number * len(kind.frame), number)
    return frames


def _sent(sender: socket.socket, slots: Slots) -> int:
    """Hand a batch to the kernel; return how many of it the wire took."""
    first = 0
    while first < slots.count:
        try:
            first += slots.send(sender.fileno(), first, slots.count - first)
        except OSError as error:
            if error.errno not in {errno.ENOBUFS, errno.EAGAIN, errno.EINTR}:
                raise
    return slots.count


def _pushed(sender: socket.socket, frame: bytes) -> int:
    try:
        return bool(sender.send(frame))
    except OSError as error:
        if error.errno != errno.ENOBUFS:
            raise
        return 0
