"""Probes without privileges: Linux's ping sockets, which send ICMP echo and nothing else.

The kernel puts in an identifier that is the socket's, and the checksum. The errors that a probe
meets on its way come out of the socket's error queue, with what they quote from ICMP's header on.
"""

import errno
import secrets
import socket
import struct
from collections.abc import Iterator, Sequence
from time import monotonic_ns

from probes.errors import ProbeError
from probes.mmsg import Messages, Received, control, controls
from probes.records import HopReply, IPAddress, Method, Probe
from probes.trace.bodies import LARGE, read_echo, read_quote, write
from probes.trace.ip import ICMP, ICMP6, Datagram
from probes.trace.packets import Heard, error_kind, record
from probes.trace.sockets import (
    CONTROL,
    FAMILIES,
    NAME,
    SocketWire,
    packed_address,
    sockaddr,
    told,
)
from probes.trace.tokens import Flow, Tokens

REMEDY = 'run as root: sysctl -w net.ipv4.ping_group_range="0 2147483647"'

_IPV4, _IPV6 = 4, 6
_PROTOCOLS = {_IPV4: ICMP, _IPV6: ICMP6}
_LEVELS = {_IPV4: socket.IPPROTO_IP, _IPV6: socket.IPPROTO_IPV6}
_HOP_LIMIT = {_IPV4: socket.IP_TTL, _IPV6: socket.IPV6_HOPLIMIT}
_PACKET_INFO = {_IPV4: 8, _IPV6: 50}  # IP_PKTINFO, IPV6_PKTINFO
_RECEIVE_ERRORS = {_IPV4: 11, _IPV6: 25}  # IP_RECVERR, IPV6_RECVERR
_OPTIONS = {
    # IP_MTU_DISCOVER: PROBE never fragments, and minds no path MTU that was told before,
    # then IP_RECVTTL, IP_RECVERR; and the same of IPv6.
    _IPV4: ((10, 3), (12, 1), (11, 1)),
    _IPV6: ((23, 3), (socket.IPV6_RECVHOPLIMIT, 1), (25, 1)),
}
_MSG_ERRQUEUE = 0x2000
_EXTENDED_ERROR = struct.Struct("=IBBBBII")
_STRIDE = 32  # probes written before they are sent: more would age before they leave
_STAMPED = 24  # octets of an echo request that hold all that is keyed


class PingWire(SocketWire):
    """Ping sockets that speak from `sources`, or from where the kernel would. ICMP echo only.

    Raises ProbeError (kind `no-ping-sockets`) where net.ipv4.ping_group_range forbids them, and
    for a source that is not this machine's.
    """

    methods: frozenset[Method] = frozenset({"icmp"})
    # What befell one probe is also told as the failure to send the next one, once.
    trials = 10

    def __init__(self, sources: Sequence[IPAddress] = ()) -> None:
        super().__init__(sources)
        self._tokens = Tokens(secrets.token_bytes(16))
        self._outbox = Messages(_STRIDE, LARGE, name=NAME, control=CONTROL)
        self._pings: dict[int, socket.socket] = {}
        self._identifiers: dict[int, int] = {}
        for version in FAMILIES:
            try:
                self._open(version)
            except OSError as error:
                if error.errno != errno.EAFNOSUPPORT:
                    self.close()
                    raise _refusal(error) from error

    def _open(self, version: int) -> None:
        ping = socket.socket(FAMILIES[version], socket.SOCK_DGRAM, _PROTOCOLS[version])
        self._sockets.append(ping)
        for option, value in _OPTIONS[version]:
            ping.setsockopt(_LEVELS[version], option, value)
        ping.bind(("", 0))
        self._pings[version] = ping
        self._identifiers[version] = ping.getsockname()[1]
        self._listen(ping)

    async def send(self, probes: Sequence[Probe]) -> None:
        """Send the probes; those that this machine will not send are noted. One task at a time.

        Raises ProbeError where the network interface takes nothing more, and ValueError for
        another method than ICMP.
        """
        for version in FAMILIES:
            mine = self._of_family(probes, version, spoken=version in self._pings)
            for at in range(0, len(mine), _STRIDE):
                await self._send(version, mine[at : at + _STRIDE])

    async def _send(self, version: int, probes: Sequence[Probe]) -> None:
        for slot, probe in enumerate(probes):
            if probe.method not in self.methods:
                raise ValueError(f"ping sockets send no {probe.method}")
            flow = self._flow(version, probe.target.packed)
            self._outbox.put(slot, write(self._tokens, flow, probe, monotonic_ns() // 1000)[1])
            self._outbox.direct(slot, sockaddr(probe.target), _manner(version, probe))
        await self._push(self._pings[version], self._outbox, [each.target for each in probes])

    def _flow(self, version: int, target: bytes) -> Flow:
        """Return the flow to a target; it is the same from every source, which no error tells."""
        flow = self._tokens.flow(b"", target, "icmp")
        return flow._replace(identifier=self._identifiers[version])

    def _drain(self) -> list[HopReply]:
        return [reply for version in self._pings for reply in self._heard(version)]

    def _heard(self, version: int) -> Iterator[HopReply]:
        ping = self._pings[version]
        for reading, flags in ((self._error, _MSG_ERRQUEUE), (self._echo, 0)):
            for message in self._waiting(ping, flags):
                reply = reading(version, message)
                if reply is not None:
                    yield reply

    def _echo(self, version: int, message: Received) -> HopReply | None:
        source, octets = packed_address(message.name), message.octets
        hop_limit, at = told(message.control)
        outer = Datagram(source, b"", hop_limit, _PROTOCOLS[version], None, len(octets), octets)
        answered = read_echo(self._tokens, self._flow(version, source), outer, int(at * 1e6))
        return answered and record(outer, Heard("echo-reply", answered))

    def _error(self, version: int, message: Received) -> HopReply | None:
        protocol = _PROTOCOLS[version]
        hop_limit, at = told(message.control)
        said = _said(version, message.control)
        target, octets = packed_address(message.name), message.octets
        if said is None or (version == _IPV6 and len(octets) < _STAMPED):
            return None
        source, error = said
        flow = self._flow(version, target)
        # ICMPv6's checksum covers the source, which the kernel chose: there the seal has to do.
        body = octets if version == _IPV4 else octets[:2] + flow.checksum.to_bytes(2) + octets[4:]
        outer = Datagram(source, b"", hop_limit, protocol, None, len(error), error)
        quote = Datagram(b"", target, None, protocol, None, len(body), body)
        kind = error_kind(outer, quote)
        answered = read_quote(self._tokens, flow, quote, int(at * 1e6))
        return record(outer, Heard(kind, answered)) if kind and answered else None


def _manner(version: int, probe: Probe) -> bytes:
    """Return the ancillary data that give a probe its hop limit and source."""
    level = _LEVELS[version]
    hop_limit = control(level, _HOP_LIMIT[version], struct.pack("=i", probe.ttl))
    if probe.source is None:
        return hop_limit
    packed = probe.source.packed  # struct in_pktinfo, in6_pktinfo; no interface
    info = bytes(4) + packed + bytes(4) if version == _IPV4 else packed + bytes(4)
    return hop_limit + control(level, _PACKET_INFO[version], info)


def _said(version: int, ancillary: bytes) -> tuple[bytes, bytes] | None:
    """Return who sent an ICMP error and its first eight octets; None if our own kernel made it."""
    for level, kind, data in controls(ancillary):
        if (level, kind) == (_LEVELS[version], _RECEIVE_ERRORS[version]):
            _, _, icmp_type, code, _, info, _ = _EXTENDED_ERROR.unpack_from(data)
            source = packed_address(data[_EXTENDED_ERROR.size :])
            if source:
                return source, struct.pack("!BBHI", icmp_type, code, 0, info)
    return None


def _refusal(error: OSError) -> ProbeError:
    if isinstance(error, PermissionError):
        detail = "net.ipv4.ping_group_range forbids them to this user's groups"
        return ProbeError("ping sockets", detail, remedy=REMEDY, kind="no-ping-sockets")
    detail = f"cannot be opened: {error.strerror}"
    return ProbeError("ping sockets", detail, kind="no-ping-sockets")
