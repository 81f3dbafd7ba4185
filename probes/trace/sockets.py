"""What raw sockets and ping sockets have in common as ways to send probes."""

import asyncio
import errno
import select
import socket
import struct
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from ipaddress import ip_address
from time import monotonic, monotonic_ns, time_ns
from types import TracebackType
from typing import Self

from probes.errors import ProbeError
from probes.mmsg import Messages, Received, controls
from probes.records import HopReply, IPAddress, Probe

BATCH = 256
SLOT = 2048  # octets: a large probe's answer, or an error that quotes a large one
NAME = 28  # sockaddr_in6, the larger one
CONTROL = 192  # time stamp, hop limit, and from an error queue the error with its sender
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}

_RECEIVE_BUFFER = 32 << 20
_STUCK = 5.0  # seconds in which a working machine takes at least one packet
_BREATH = 0.001
_BUSY = {errno.ENOBUFS, errno.EAGAIN, errno.EINTR}
_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("=9I")  # the last is the drops
_TIMESPEC = struct.Struct("@qq")
_V4 = struct.Struct("=H2x4s8x")
_V6 = struct.Struct("=H6x16s4x")
_HOP_LIMITS = {
    (socket.IPPROTO_IP, socket.IP_TTL),
    (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT),
}


class SocketWire(ABC):
    """Sockets, waited for together. One task at a time may be in `receive`.

    `unroutable` says of addresses why this machine would not send to them, `too_large` holds
    those to which a large probe does not fit its own interface: neither was asked.
    """

    batch = BATCH
    patience = 0.0
    trials = 1  # how often a packet must be refused to be the one that was meant

    def __init__(self, sources: Sequence[IPAddress]) -> None:
        self.sources = tuple(sources)
        self.unroutable: dict[IPAddress, str] = {}
        self.too_large: set[IPAddress] = set()
        for source in sources:
            must_be_ours(source)
        self._sockets: list[socket.socket] = []
        self._receivers: list[socket.socket] = []
        self._poll = select.epoll()
        self._inbox = Messages(BATCH, SLOT, name=NAME, control=CONTROL)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the sockets, also where the wire was never entered."""
        for each in self._sockets:
            each.close()
        self._poll.close()

    @property
    def dropped(self) -> int:
        """How many packets the kernel has lost for want of room: then silence proves nothing."""
        level, size = socket.SOL_SOCKET, _MEMINFO.size
        counts = (each.getsockopt(level, _SO_MEMINFO, size) for each in self._receivers)
        return sum(int(_MEMINFO.unpack(count)[-1]) for count in counts)

    async def receive(self, seconds: float) -> Sequence[HopReply]:
        """Return the replies that have come, waiting at most so long for the first."""
        until = monotonic() + seconds
        await asyncio.sleep(0)  # so that who asks again and again lets others live
        while not (replies := self._drain()) and (left := until - monotonic()) > 0:
            await self._readable(left)
        return replies

    @abstractmethod
    def _drain(self) -> list[HopReply]:
        """Return what waits, at most a batch of each socket."""

    async def _readable(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._poll.fileno(), readable.set)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(readable.wait(), seconds)
        finally:
            loop.remove_reader(self._poll.fileno())

    def _listen(self, receiver: socket.socket) -> None:
        """Prepare a socket of ours to be received from."""
        receiver.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        with suppress(PermissionError):  # beyond net.core.rmem_max only with CAP_NET_ADMIN
            receiver.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
        self._receivers.append(receiver)
        self._poll.register(receiver, select.EPOLLIN)

    def _waiting(self, receiver: socket.socket, flags: int = 0) -> Iterator[Received]:
        """Return the messages that wait in a socket, or in its error queue."""
        try:
            return self._inbox.take(receiver.fileno(), flags)
        except OSError as error:
            if error.errno in {errno.EBADF, errno.ENOTSOCK}:
                raise
            return iter(())  # nothing waits, or the error queue holds what befell a probe

    def _of_family(self, probes: Sequence[Probe], version: int, *, spoken: bool) -> list[Probe]:
        """Return the probes of one family, unless this machine does not speak it."""
        mine = [probe for probe in probes if probe.target.version == version]
        if spoken:
            return mine
        reason = f"this kernel speaks no IPv{version}"
        self.unroutable |= dict.fromkeys((probe.target for probe in mine), reason)
        return []

    async def _push(
        self, sender: socket.socket, outbox: Messages, targets: Sequence[IPAddress]
    ) -> None:
        """Send the first slots of an outbox, one for each of the targets."""
        sent = 0
        until = monotonic() + _STUCK
        while sent < len(targets):
            taken = self._offer(sender, outbox, sent, targets)
            sent += taken
            if taken:
                until = monotonic() + _STUCK
            elif monotonic() > until:
                detail = "the network interface takes no more packets"
                remedy = "look at `ip -s link`, then start again"
                raise ProbeError(str(targets[sent]), detail, remedy=remedy)
            else:
                await asyncio.sleep(_BREATH)

    def _offer(
        self, sender: socket.socket, outbox: Messages, first: int, targets: Sequence[IPAddress]
    ) -> int:
        """Return how many slots are done with, sent or refused; none while the queue is full."""
        refusal = OSError()
        for _ in range(self.trials):
            try:
                return outbox.send(sender.fileno(), first, len(targets) - first)
            except OSError as error:
                if error.errno in _BUSY:
                    return 0
                refusal = error
        if refusal.errno == errno.EMSGSIZE:
            self.too_large.add(targets[first])
        else:
            self.unroutable[targets[first]] = refusal.strerror or str(refusal)
        return 1


def own_source(target: IPAddress) -> IPAddress:
    """Return which address of this machine the kernel speaks from to a target.

    Raises OSError where there is no way to it.
    """
    with socket.socket(FAMILIES[target.version], socket.SOCK_DGRAM) as asking:
        asking.connect((str(target), 9))  # sends nothing
        return ip_address(asking.getsockname()[0])


def must_be_ours(source: IPAddress) -> None:
    """Raise ProbeError unless the address is this machine's: no answer would ever come to it."""
    try:
        with socket.socket(FAMILIES[source.version], socket.SOCK_DGRAM) as trying:
            trying.bind((str(source), 0))
    except OSError as error:
        remedy = "choose an address that `ip address` shows"
        detail = f"cannot be spoken from: {error.strerror}"
        raise ProbeError(str(source), detail, remedy=remedy, kind="no-such-source") from error


def sockaddr(target: IPAddress) -> bytes:
    """Return a target as the kernel wants it (struct sockaddr_in, sockaddr_in6)."""
    layout = _V4 if target.version == 4 else _V6  # noqa: PLR2004 - the version
    return layout.pack(FAMILIES[target.version], target.packed)


def packed_address(name: bytes) -> bytes:
    """Return the packed address of a sockaddr; empty if it is none."""
    for layout in (_V4, _V6):
        family, packed = layout.unpack_from(name.ljust(layout.size, b"\0"))
        if family == FAMILIES[4 if layout is _V4 else 6]:
            return bytes(packed)
    return b""


def told(control: bytes) -> tuple[int | None, float]:
    """Return the hop limit that a packet came with, and when it came in monotonic seconds."""
    hop_limit, at = None, monotonic_ns()
    for level, kind, data in controls(control):
        if (level, kind) in _HOP_LIMITS:
            hop_limit = int.from_bytes(data[:4], sys.byteorder)
        elif (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            at = monotonic_ns() - time_ns() + seconds * 1_000_000_000 + nanoseconds
    return hop_limit, at / 1e9
