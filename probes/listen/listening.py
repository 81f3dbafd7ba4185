"""Live ears on one interface, for an event loop: what stations say, as they say it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from probes.heard import Heard
from probes.listen.hearing import Counters, Packet, heard
from probes.listen.ours import Ours
from probes.listen.wire import Wire
from probes.records import IPAddress

_ECHO = 50_000_000  # nanoseconds: the same frame again, by a loop or a mirror port
_RECENT = 4096  # frames


class Listener:
    """An interface that is listened to, until the end of a `with`.

    `own_macs` are this machine's own stations. They are not heard: what comes back of our frames,
    by a loop or another interface, claims nothing and is only counted; but who merely borrows our
    MAC as the source of its frames, and claims as another, is. So is who claims as one of us what
    this machine has not: a `guarded` address, or to be a router. Of other addresses that may be a
    container's. Of the frames that go round in a loop one of each is heard every 50 ms. Opening
    and reading raise LinkError, with the remedy, as soon as the interface cannot be used.
    """

    def __init__(
        self, interface: str, guarded: Callable[[IPAddress], bool] = lambda _: False
    ) -> None:
        self._counters = Counters()
        self._guarded = guarded
        self._wire = Wire(interface)
        self._recent: dict[bytes, int] = {}
        self._ours = Ours(self._wire.interfaces)
        self.own_macs = self._ours.macs

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._wire.__exit__(kind, error, traceback)

    @property
    def counters(self) -> Counters:
        """How much was listened to so far. The object is always the same one."""
        self._counters.dropped = self._wire.count_dropped()
        return self._counters

    def fileno(self) -> int:
        """Return the descriptor that an event loop can watch for frames to come."""
        return self._wire.fileno()

    def still_usable(self) -> None:
        """Raise LinkError if the interface has meanwhile lost its carrier: then silence is none."""
        self._wire.still_usable()

    def read(self) -> list[Heard]:
        """Return what the frames say that wait, of at most 1,024; does not wait for any."""
        records = list(heard(self._without_echoes(self._wire.packets()), self._counters))
        others = [record for record in records if not self._ours.said(record, self._guarded)]
        self._counters.own += len(records) - len(others)
        return others

    def _without_echoes(self, packets: Iterable[Packet]) -> Iterator[Packet]:
        counters, recent = self._counters, self._recent
        for packet in packets:
            time, octets = packet[0], packet[3]
            if 0 <= time - recent.get(octets, 0) < _ECHO:
                counters.frames += 1
                counters.echoes += 1
                continue
            if len(recent) >= _RECENT:
                recent.clear()
            recent[octets] = time
            yield packet

    async def batches(self) -> AsyncGenerator[list[Heard], None]:
        """Yield what is heard, as soon as anything is; others run between the batches."""
        while True:
            await self._arrival()
            if batch := self.read():
                yield batch

    async def _arrival(self) -> None:
        """Wait for a frame. Watched only meanwhile: one not yet read would call all the time."""
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self, arrived.set)
        try:
            await arrived.wait()
        finally:
            loop.remove_reader(self)
