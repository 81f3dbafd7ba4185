"""Probes over raw sockets: every method, IPv4 and IPv6, tens of thousands a second."""

import errno
import secrets
import socket
import struct
from collections.abc import Callable, Sequence
from time import monotonic

from probes.errors import ProbeError
from probes.link import NO_RIGHT, attach
from probes.mmsg import Messages, Received
from probes.records import HopReply, IPAddress, Method, Probe
from probes.trace.bodies import LARGE, TCP_PORT
from probes.trace.ip import ICMP, ICMP6, TCP
from probes.trace.packets import Codec
from probes.trace.sockets import (
    FAMILIES,
    NAME,
    SocketWire,
    own_source,
    packed_address,
    sockaddr,
    told,
)

_STRIDE = 32  # probes written before they are sent: more would age before they leave
_SEND_BUFFER = 4 << 20
IPV4, IPV6 = 4, 6
_SENDING = {
    # IP_RECVERR: else the kernel keeps it to itself when its queue is full. Nothing else comes of
    # it, for no ICMP error quotes a packet of protocol 255. IP_MTU_DISCOVER, PROBE: else, once
    # fragmentation was needed somewhere, the kernel says so itself and sends no large probe more.
    IPV4: ((socket.IPPROTO_IP, 11, 1), (socket.IPPROTO_IP, 10, 3)),
    IPV6: ((socket.IPPROTO_IPV6, 25, 1), (socket.IPPROTO_IPV6, 23, 3)),
}


def _all_but(*types: int) -> bytes:
    """Return the filter (ICMP_FILTER, ICMP6_FILTER) that drops all other types."""
    words = [0xFFFFFFFF] * 8
    for each in types:
        words[each // 32] ^= 1 << each % 32
    return struct.pack("=8I", *words)


_FILTERS = {
    # Echo reply, unreachable, redirect, time exceeded. Linux's filter knows the first 32 types.
    IPV4: (255, 1, _all_but(0, 3, 5, 11)[:4]),
    # Unreachable, packet too big, time exceeded, echo reply.
    IPV6: (socket.IPPROTO_ICMPV6, 1, _all_but(1, 2, 3, 129)),
}

# Classic BPF over a TCP segment that X points at: SYN-ACK and RST-ACK from the port we ask.
_ANSWERS = (
    (0x48, 0, 0, 0),  # ldh [x + 0]: source port
    (0x15, 0, 4, TCP_PORT),  # jeq, else drop
    (0x50, 0, 0, 13),  # ldb [x + 13]: flags
    (0x45, 0, 2, 0x10),  # jset ACK, else drop
    (0x45, 0, 1, 0x06),  # jset SYN or RST, else drop
    (0x06, 0, 0, 128),  # ret: keep
    (0x06, 0, 0, 0),  # ret: drop
)
_BEGIN = {4: (0xB1, 0, 0, 0), 6: (0x01, 0, 0, 0)}  # ldxb 4 * ([0] & 0xf); ldx #0


class RawWire(SocketWire):
    """Raw sockets that speak from `sources`, or from where the kernel would.

    Raises ProbeError (kind `no-raw-sockets`) without CAP_NET_RAW, and for a source that is not
    this machine's.
    """

    methods: frozenset[Method] = frozenset({"icmp", "udp", "tcp"})

    def __init__(self, sources: Sequence[IPAddress] = ()) -> None:
        super().__init__(sources)
        self._codec = Codec(secrets.token_bytes(16), monotonic)
        self._outbox = Messages(_STRIDE, LARGE, name=NAME, control=0)
        self._own_sources: dict[IPAddress, IPAddress | None] = {}
        self._senders: dict[int, socket.socket] = {}
        self._segments: set[int] = set()
        for version in FAMILIES:
            self._permitted(self._open, version)

    async def send(self, probes: Sequence[Probe]) -> None:
        """Send the probes; those that this machine will not send are noted. One task at a time.

        Raises ProbeError where the network interface takes nothing more, or raw sockets for TCP
        are not permitted.
        """
        for version in FAMILIES:
            mine = self._of_family(probes, version, spoken=version in self._senders)
            if version not in self._segments and any(probe.method == "tcp" for probe in mine):
                self._permitted(self._open_segments, version)
            for at in range(0, len(mine), _STRIDE):
                await self._send(version, mine[at : at + _STRIDE])

    async def _send(self, version: int, probes: Sequence[Probe]) -> None:
        targets: list[IPAddress] = []
        for probe in probes:
            source = probe.source or self._source(probe.target)
            if source is not None:
                self._outbox.put(len(targets), self._codec.craft(probe, source))
                self._outbox.direct(len(targets), sockaddr(probe.target))
                targets.append(probe.target)
        if targets:
            await self._push(self._senders[version], self._outbox, targets)

    def _source(self, target: IPAddress) -> IPAddress | None:
        if target not in self._own_sources:
            self._own_sources[target] = None
            try:
                self._own_sources[target] = own_source(target)
            except OSError as error:
                self.unroutable[target] = error.strerror or str(error)
        return self._own_sources[target]

    def _drain(self) -> list[HopReply]:
        replies = (
            self._read(receiver, message)
            for receiver in self._receivers
            for message in self._waiting(receiver)
        )
        return [reply for reply in replies if reply is not None]

    def _read(self, receiver: socket.socket, message: Received) -> HopReply | None:
        hop_limit, at = told(message.control)
        if receiver.family == socket.AF_INET:
            return self._codec.read(message.octets, at=at)
        source = packed_address(message.name)
        return self._codec.read_bare(source, receiver.proto, hop_limit, message.octets, at=at)

    def _permitted(self, opening: Callable[[int], None], version: int) -> None:
        try:
            opening(version)
        except OSError as error:
            if error.errno == errno.EAFNOSUPPORT:
                return  # a kernel without IPv6
            self.close()
            raise _refusal(error) from error

    def _open(self, version: int) -> None:
        sender = self._socket(version, socket.IPPROTO_RAW)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        for level, option, value in _SENDING[version]:
            sender.setsockopt(level, option, value)
        self._senders[version] = sender
        receiver = self._socket(version, ICMP if version == IPV4 else ICMP6)
        receiver.setsockopt(*_FILTERS[version])
        if version == IPV6:
            receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        self._listen(receiver)

    def _open_segments(self, version: int) -> None:
        receiver = self._socket(version, TCP)
        attach(receiver, (_BEGIN[version], *_ANSWERS))
        if version == IPV6:
            receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        self._listen(receiver)
        self._segments.add(version)

    def _socket(self, version: int, protocol: int) -> socket.socket:
        opened = socket.socket(FAMILIES[version], socket.SOCK_RAW, protocol)
        self._sockets.append(opened)
        return opened


def _refusal(error: OSError) -> ProbeError:
    if isinstance(error, PermissionError):
        detail = "need CAP_NET_RAW, which this process lacks"
        return ProbeError("raw sockets", detail, remedy=NO_RIGHT, kind="no-raw-sockets")
    return ProbeError("raw sockets", f"cannot be opened: {error.strerror}", kind="no-raw-sockets")
