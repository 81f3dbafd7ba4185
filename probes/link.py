"""The only user of packet sockets: an Ethernet interface opened, with a filter in the kernel."""

import ctypes
import errno
import fcntl
import select
import socket
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import monotonic, sleep
from types import TracebackType
from typing import Self

from probes.bpf import AT_LEAST, BYTE, EQUAL, HALF, LENGTH, UNTAGGED, Filter, Step, keeping
from probes.errors import LinkError
from probes.interfaces import ARPHRD_ETHER, LocalInterface, local_interfaces
from probes.mmsg import Slots

BATCH = 256  # frames to a sendmmsg: more gain nothing
ARP_FRAME = 42  # octets: Ethernet header and the ARP packet of RFC 826
SLOT = 64  # octets kept of a frame received: ARP and the Ethernet padding
IP_FRAME = 1514  # octets: Ethernet header and the largest packet that Ethernet carries

# What is to be done by who may not open raw sockets.
NO_RIGHT = (
    "run as root, or with CAP_NET_RAW: AmbientCapabilities=CAP_NET_RAW in the systemd unit,"
    " or setcap cap_net_raw+ep on the Python interpreter"
)

_RECEIVE_BATCH = 1024
_RECEIVE_BUFFER = 32 << 20
_STUCK = 5.0  # seconds in which a working interface takes at least one frame
_BREATH = 0.001
_CARRIER_TIME = 1.5  # seconds: the kernel tells of a new carrier at most once a second

_SO_ATTACH_FILTER = 26
_SO_RCVBUFFORCE = 33
_SOL_PACKET = 263
_PACKET_STATISTICS = 6
_PACKET_IGNORE_OUTGOING = 23
_ETH_P_ALL = 0x0003
_SIOCGIFMTU = 0x8921
_IFREQ = struct.Struct("=16si20x")


# Whole packets only: what is shorter claims nothing.
ARP = keeping(
    Step(HALF, 12),  # EtherType
    Step(EQUAL, 0x0806, otherwise="drop"),
    Step(LENGTH),
    Step(AT_LEAST, ARP_FRAME, otherwise="drop"),
    *UNTAGGED,
    slot=SLOT,
)
# ICMP and ICMPv6, without IPv6 extension headers: no answer to a probe of ours carries any.
ICMP = keeping(
    Step(HALF, 12),  # EtherType
    Step(EQUAL, 0x0800, otherwise="IPv6"),
    Step(BYTE, 23),  # protocol
    Step(EQUAL, 1, "VLAN", "drop"),
    Step(EQUAL, 0x86DD, otherwise="drop", name="IPv6"),
    Step(BYTE, 20),  # next header
    Step(EQUAL, 58, otherwise="drop"),
    *UNTAGGED,
    slot=IP_FRAME,
)


class Link:
    """An open interface. Raises LinkError, with the remedy, for whatever makes it unusable."""

    def __init__(self, interface: str, passing: Filter = ARP) -> None:
        self.interfaces = _settled(interface)
        self.own = _usable(interface, self.interfaces)
        self.dropped = 0
        self._inbox = self._new_inbox(_RECEIVE_BATCH, passing.slot)
        self._socket = _packet_socket(interface, passing)
        self._readable = select.poll()
        self._readable.register(self._socket, select.POLLIN)

    def _new_inbox(self, count: int, size: int) -> Slots:
        return Slots(count, size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    @property
    def mac(self) -> bytes:
        """The interface's own MAC, six raw octets."""
        return self.own.mac or bytes(6)

    @property
    def mtu(self) -> int:
        """How many octets of IP the interface carries in one frame just now."""
        asked = _IFREQ.pack(self.own.name.encode(), 0)
        try:
            answer = fcntl.ioctl(self._socket, _SIOCGIFMTU, asked)
        except OSError as error:
            raise self._broken(error.strerror) from error
        return int(_IFREQ.unpack(answer)[1])

    def fileno(self) -> int:
        """Return the descriptor that an event loop can watch for frames to come."""
        return self._socket.fileno()

    def send(self, outbox: Slots, count: int) -> None:
        """Put the first `count` frames of `outbox` on the wire; wait while the queue is full."""
        sent = 0
        deadline = monotonic() + _STUCK
        while sent < count:
            taken = self._push(outbox, sent, count - sent)
            sent += taken
            if taken:
                deadline = monotonic() + _STUCK
            elif monotonic() > deadline:
                raise self._broken("it takes no more frames")
            else:
                sleep(_BREATH)

    def _push(self, outbox: Slots, first: int, count: int) -> int:
        try:
            return outbox.send(self._socket.fileno(), first, count)
        except OSError as error:
            if error.errno in {errno.ENOBUFS, errno.EAGAIN, errno.EINTR}:
                return 0
            raise self._broken(error.strerror) from error

    def receive(self) -> memoryview:
        """Return the frames that wait, at most 1,024, each in a slot of the filter's size.

        The view is good until the next call.
        """
        return memoryview(self._inbox.buffer)[: self._fill_inbox() * self._inbox.size]

    def frames(self) -> list[bytes]:
        """Return the frames that wait, at most 1,024, each as long as it came, cut at the slot."""
        return [self._inbox.frame(slot) for slot in range(self._fill_inbox())]

    def _fill_inbox(self) -> int:
        try:
            return self._inbox.receive(self._socket.fileno())
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EINTR}:
                raise self._broken(error.strerror) from error
            return 0

    def wait(self, seconds: float) -> None:
        """Wait until a frame has come or the time is over."""
        self._readable.poll(seconds * 1000)

    def count_dropped(self) -> int:
        """Return how many frames the kernel has lost for want of room since the opening."""
        counters = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        self.dropped += struct.unpack("=II", counters)[1]
        return self.dropped

    def still_usable(self) -> None:
        """Raise LinkError if the interface has meanwhile gone, gone down or lost its carrier."""
        _usable(self.own.name, local_interfaces())

    def _broken(self, detail: str | None) -> LinkError:
        return LinkError(
            self.own.name,
            f"the interface failed while in use: {detail}",
            remedy=f"look at `ip -s link show {self.own.name}`, then start again",
        )


def _settled(name: str) -> dict[str, LocalInterface]:
    """Return the interfaces once this one, if it was just set up, has had time for its carrier."""
    deadline = monotonic() + _CARRIER_TIME
    while True:
        interfaces = local_interfaces()
        own = interfaces.get(name)
        if own is None or not own.up or own.running or monotonic() > deadline:
            return interfaces
        sleep(_CARRIER_TIME / 20)


def _usable(name: str, interfaces: Mapping[str, LocalInterface]) -> LocalInterface:
    own = interfaces.get(name)
    if own is None:
        names = ", ".join(sorted(interfaces)) or "none"
        raise LinkError(name, "no such interface here", remedy=f"choose one of: {names}")
    if own.hardware_type != ARPHRD_ETHER or own.mac is None:
        remedy = "choose the Ethernet interface that touches the segment"
        raise LinkError(name, "not an Ethernet interface, so it speaks no ARP", remedy=remedy)
    if not own.up:
        raise LinkError(name, "the interface is down", remedy=f"ip link set {name} up")
    if not own.running:
        remedy = "check the cable and the switch port"
        raise LinkError(name, "the interface has no carrier", remedy=remedy)
    return own


def _packet_socket(interface: str, passing: Filter) -> socket.socket:
    try:
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except PermissionError as error:
        detail = "raw sockets need CAP_NET_RAW, which this process lacks"
        raise LinkError(interface, detail, remedy=NO_RIGHT) from error
    try:
        _prepare(link, interface, passing)
    except OSError as error:
        link.close()
        raise LinkError(interface, f"cannot be opened: {error.strerror}") from error
    return link


def attach(receiver: socket.socket, program: Sequence[tuple[int, int, int, int]]) -> None:
    """Let the kernel filter what a socket receives by a classic BPF program (SO_ATTACH_FILTER)."""
    octets = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    code = ctypes.create_string_buffer(octets, len(octets))
    listing = struct.pack("@HP", len(program), ctypes.addressof(code))
    receiver.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, listing)


def _prepare(link: socket.socket, interface: str, passing: Filter) -> None:
    attach(link, passing.program)
    link.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    with suppress(PermissionError):  # beyond net.core.rmem_max only with CAP_NET_ADMIN
        link.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
    # Last, so that nothing unfiltered is ever queued. All protocols, because a socket bound to
    # ETH_P_ARP alone gets other VLANs' frames with the tag already forgotten.
    link.bind((interface, _ETH_P_ALL))
