"""Probes as whole IP packets, and whatever comes back for them as records.

Everything that a load balancer may hash is the same in all probes of a (source, target, method),
as in Paris traceroute: addresses, protocol, ports, ICMP's type, code, checksum and identifier,
IPv6's flow label. Nothing is remembered of a probe: which one it was and when it was sent comes
back in the reply, keyed so that only who saw the probe can say it.

IPv4's identification is the time in milliseconds: so also a router that quotes no more than eight
octets past the header gives it back.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from probes.records import HopReply, IPAddress, Method, Probe, ReplyKind
from probes.trace.bodies import (
    ECHO_REPLY,
    METHODS,
    Answered,
    read_echo,
    read_quote,
    read_segment,
    write,
)
from probes.trace.ip import (
    ICMP,
    ICMP6,
    TCP,
    Datagram,
    address,
    is_intact,
    is_ipv4,
    unwrap,
    wrap,
)
from probes.trace.tokens import Flow, Tokens

_HEADER = 8  # octets of an ICMP error before the quote
_PORT_UNREACHABLE = {ICMP: (3, 3), ICMP6: (1, 4)}
_FRAGMENTATION_NEEDED = (3, 4)
_ERRORS: dict[int, dict[int, ReplyKind]] = {
    ICMP: {3: "unreachable", 5: "redirect", 11: "time-exceeded"},
    ICMP6: {1: "unreachable", 2: "fragmentation-needed", 3: "time-exceeded"},
}

_Read = Callable[[Tokens, Flow, Datagram, int], Answered | None]


class Heard(NamedTuple):
    """A reply to a probe of ours: its kind, and which probe."""

    kind: ReplyKind
    answered: Answered


class Codec:
    """Writes probes and reads replies. `clock` gives monotonic seconds.

    A reply is taken only where its key fits, and only by a codec with the secret of the probe.
    """

    def __init__(self, secret: bytes, clock: Callable[[], float]) -> None:
        self._tokens = Tokens(secret)
        self._clock = clock
        self._sources: dict[int, dict[bytes, None]] = {4: {}, 6: {}}

    def craft(self, probe: Probe, source: IPAddress) -> bytes:
        """Return the IP packet of a probe that is sent from `source` now.

        Raises ValueError for a ttl above 127, an attempt above 15, or addresses of two families.
        """
        if probe.target.version != source.version:
            raise ValueError(f"{source} cannot speak to {probe.target}")
        self._sources[source.version][source.packed] = None
        micros = int(self._clock() * 1e6)
        flow = self._tokens.flow(source.packed, probe.target.packed, probe.method)
        protocol, body = write(self._tokens, flow, probe, micros)
        return wrap(
            flow,
            protocol,
            body,
            hop_limit=probe.ttl,
            # The kernel puts a number of its own where it finds none.
            identification=micros // 1000 & 0xFFFF or 1,
            whole=probe.large,
        )

    def read(
        self, packet: bytes | memoryview, *, mac: str | None = None, at: float | None = None
    ) -> HopReply | None:
        """Read an IP packet that was received `at` that time of the clock, now by default.

        None when it answers no probe of ours. `mac` is passed on to the record.
        """
        outer = unwrap(bytes(packet))
        return None if outer is None else self._read(outer, mac=mac, at=at)

    def read_bare(
        self,
        source: bytes,
        protocol: int,
        hop_limit: int | None,
        body: bytes,
        *,
        at: float | None = None,
    ) -> HopReply | None:
        """Read what a raw IPv6 socket hands over, which is without the IP header (RFC 3542, 3)."""
        outer = Datagram(source, b"", hop_limit, protocol, None, len(body), body)
        return self._read(outer, at=at)

    def _read(
        self, outer: Datagram, *, mac: str | None = None, at: float | None = None
    ) -> HopReply | None:
        now = int((self._clock() if at is None else at) * 1e6)
        heard = self._heard(outer, now)
        return None if heard is None else record(outer, heard, mac)

    def _heard(self, outer: Datagram, now: int) -> Heard | None:
        ends = outer.destination, outer.source
        if outer.protocol == TCP:
            answered = self._recognised(read_segment, "tcp", outer, ends, now)
            return answered and Heard("tcp", answered)
        if outer.protocol != (ICMP if is_ipv4(outer.source) else ICMP6):
            return None
        if len(outer.body) < _HEADER:
            return None
        if outer.body[0] == ECHO_REPLY[outer.protocol]:
            answered = self._recognised(read_echo, "icmp", outer, ends, now)
            return answered and Heard("echo-reply", answered)
        return self._error(outer, now)

    def _error(self, outer: Datagram, now: int) -> Heard | None:
        quote = unwrap(outer.body[_HEADER:])
        if quote is None or is_ipv4(quote.source) != is_ipv4(outer.source):
            return None
        method, kind = METHODS.get(quote.protocol), error_kind(outer, quote)
        if method is None or kind is None or not is_intact(outer):
            return None
        ends = quote.source, quote.destination
        answered = self._recognised(read_quote, method, quote, ends, now)
        return answered and Heard(kind, answered)

    def _recognised(
        self, read: _Read, method: Method, said: Datagram, ends: tuple[bytes, bytes], now: int
    ) -> Answered | None:
        source, target = ends
        for each in self._candidates(source, 4 if is_ipv4(target) else 6):
            answered = read(self._tokens, self._tokens.flow(each, target, method), said, now)
            if answered is not None:
                return answered
        return None

    def _candidates(self, source: bytes, version: int) -> Iterable[bytes]:
        """Return who may have sent the probe: NAT may have rewritten what was quoted."""
        known = self._sources[version]
        if source in known:
            return (source,)
        return (source, *known) if source else tuple(known)


def error_kind(outer: Datagram, quote: Datagram) -> ReplyKind | None:
    """Return what an ICMP error, whose first two octets are `outer`'s, says of the quoted probe."""
    what = outer.body[0], outer.body[1]
    kind = _ERRORS[outer.protocol].get(what[0])
    if outer.protocol == ICMP and what == _FRAGMENTATION_NEEDED:
        return "fragmentation-needed"
    ends_here = METHODS.get(quote.protocol) == "udp" and outer.source == quote.destination
    if ends_here and what == _PORT_UNREACHABLE[outer.protocol]:
        return "port-unreachable"
    # Code 1 is an end that waited in vain for a fragment: it says nothing about the way.
    return None if kind == "time-exceeded" and what[1] else kind


def record(outer: Datagram, heard: Heard, mac: str | None = None) -> HopReply:
    """Return the record of a reply that came in the packet `outer`."""
    return HopReply(
        target=address(heard.answered.flow.target),
        ttl=heard.answered.which.ttl,
        method=heard.answered.flow.method,
        large=heard.answered.which.large,
        attempt=heard.answered.which.attempt,
        kind=heard.kind,
        code=0 if heard.kind == "tcp" else outer.body[1],
        source=address(outer.source),
        reply_ttl=outer.hop_limit,
        rtt=heard.answered.rtt,
        mtu=_offered_mtu(outer) if heard.kind == "fragmentation-needed" else None,
        mac=mac,
    )


def _offered_mtu(outer: Datagram) -> int | None:
    """Return the MTU; None where an old IPv4 router does not say it (RFC 1191)."""
    return int.from_bytes(outer.body[6 if outer.protocol == ICMP else 4 : _HEADER]) or None
