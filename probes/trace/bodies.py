"""What a probe says above IP, and how it is known again in an answer or in a quote.

- ICMP echo: the sequence number says which probe; identifier and checksum are the flow's.
- UDP: the checksum says which probe; the source port is the flow's.
- TCP SYN: the sequence number says which probe and when; the source port is the flow's.

The payload of the first two is the time, a seal, and two octets that hold the checksum where it
is to be. A large probe is filled up with zeros.
"""

import struct
from typing import NamedTuple

from probes.records import Method, Probe
from probes.trace.ip import (
    ICMP,
    ICMP6,
    TCP,
    UDP,
    Datagram,
    balance,
    header_size,
    is_ipv4,
    ones_complement,
    pseudo_sum,
)
from probes.trace.tokens import SEQUENCE_PERIOD, STAMP, Flow, Tokens, Which

LARGE = 1500  # octets of a large probe, IP header included
UDP_PORT = 33434  # where traceroute begins: hardly ever a service
TCP_PORT = 80

ECHO_REQUEST = {ICMP: 8, ICMP6: 128}
ECHO_REPLY = {ICMP: 0, ICMP6: 129}
METHODS: dict[int, Method] = {ICMP: "icmp", ICMP6: "icmp", UDP: "udp", TCP: "tcp"}

_ECHO = struct.Struct("!BBHHH")
_UDP = struct.Struct("!HHHH")
_TCP = struct.Struct("!HHIIBBHHH")
_PORTS_AND_SEQUENCE = struct.Struct("!HHI")
_HEAD = 8  # octets of an ICMP echo or UDP header, and what every router quotes (RFC 792)
_STAMPED = _HEAD + STAMP
_BALANCED = _STAMPED + 2

_SEGMENT_SIZE = bytes((2, 4)) + (1460).to_bytes(2)  # the option without which some drop a SYN
_SYN, _RST, _ACK = 0x02, 0x04, 0x10
_SYN_SIZE = _TCP.size + len(_SEGMENT_SIZE)
_IDENTIFICATION_PERIOD = 1 << 16
_IMPLAUSIBLE = 30.0  # seconds: an age read from a clock that comes round is then somebody else's


class Answered(NamedTuple):
    """Which probe was answered, and after how many seconds (None: it did not tell)."""

    flow: Flow
    which: Which
    rtt: float | None


def probe_size(protocol: int, flow: Flow, *, large: bool) -> int:
    """Return the octets of a probe's body."""
    if large:
        return LARGE - header_size(flow.target)
    return _SYN_SIZE if protocol == TCP else _BALANCED


def write(tokens: Tokens, flow: Flow, probe: Probe, micros: int) -> tuple[int, bytes]:
    """Return the protocol and the body of a probe that is sent at `micros`."""
    if probe.method == "tcp":
        return TCP, _syn(tokens.sequence(flow, probe, micros), flow, large=probe.large)
    mark = tokens.mark(flow, probe)
    stamp = tokens.stamp(flow, mark, micros)
    if probe.method == "udp":
        return UDP, _datagram(flow, mark, stamp, large=probe.large)
    protocol = ICMP if is_ipv4(flow.target) else ICMP6
    return protocol, _echo(protocol, flow, mark, stamp, large=probe.large)


def _echo(protocol: int, flow: Flow, mark: int, stamp: bytes, *, large: bool) -> bytes:
    size = probe_size(protocol, flow, large=large)
    kind = ECHO_REQUEST[protocol]
    head = _ECHO.pack(kind, 0, flow.checksum, flow.identifier, mark) + stamp
    covered = pseudo_sum(flow.source, flow.target, protocol, size) if protocol == ICMP6 else 0
    return (head + balance(head, covered)).ljust(size, b"\0")


def _datagram(flow: Flow, mark: int, stamp: bytes, *, large: bool) -> bytes:
    size = probe_size(UDP, flow, large=large)
    head = _UDP.pack(flow.port, UDP_PORT, size, 1 + (mark + flow.mask) % 0xFFFF) + stamp
    covered = pseudo_sum(flow.source, flow.target, UDP, size)
    return (head + balance(head, covered)).ljust(size, b"\0")


def _syn(sequence: int, flow: Flow, *, large: bool) -> bytes:
    size = probe_size(TCP, flow, large=large)
    fields = (flow.port, TCP_PORT, sequence, 0, _SYN_SIZE << 2, _SYN, 0xFFFF)
    unsummed = _TCP.pack(*fields, 0, 0) + _SEGMENT_SIZE
    summed = int.from_bytes(balance(unsummed, pseudo_sum(flow.source, flow.target, TCP, size)))
    return (_TCP.pack(*fields, summed, 0) + _SEGMENT_SIZE).ljust(size, b"\0")


def read_echo(tokens: Tokens, flow: Flow, reply: Datagram, now: int) -> Answered | None:
    """Return which probe an echo reply answers; it must give back every octet of it."""
    said = reply.body[: reply.length]
    if len(said) < _BALANCED:
        return None
    _, _, _, identifier, mark = _ECHO.unpack_from(said)
    which = tokens.which(flow, mark) if identifier == flow.identifier else None
    stamp = said[_HEAD:_STAMPED]
    micros = None if which is None else tokens.stamped(flow, mark, stamp)
    if which is None or micros is None:
        return None
    sent = _echo(reply.protocol, flow, mark, stamp, large=which.large)
    return Answered(flow, which, _age(now, micros)) if said[_HEAD:] == sent[_HEAD:] else None


def read_segment(tokens: Tokens, flow: Flow, reply: Datagram, now: int) -> Answered | None:
    """Return which probe a SYN-ACK or RST acknowledges."""
    if len(reply.body) < _TCP.size:
        return None
    source, port, _, acknowledged, _, flags, *_ = _TCP.unpack_from(reply.body)
    answers = flags & _ACK and flags & (_SYN | _RST)
    if not answers or source != TCP_PORT or port != flow.port:
        return None
    # Only the SYN is acknowledged, or also the octets that fill a large one (RFC 9293, 3.10.7.1).
    # Seven bits of proof may fit both readings by chance: then nothing is sure.
    alone = _from_sequence(tokens, flow, acknowledged - 1, now)
    filling = probe_size(TCP, flow, large=True) - _SYN_SIZE
    filled = _from_sequence(tokens, flow, acknowledged - 1 - filling, now)
    if filled is None or not filled.which.large:
        return alone
    return filled if alone is None else None


def read_quote(tokens: Tokens, flow: Flow, quote: Datagram, now: int) -> Answered | None:
    """Return which probe an ICMP error quotes; eight octets of its body are enough."""
    if len(quote.body) < _HEAD:
        return None
    if quote.protocol == TCP:
        source, port, sequence = _PORTS_AND_SEQUENCE.unpack_from(quote.body)
        ours = (source, port) == (flow.port, TCP_PORT)
        return _from_sequence(tokens, flow, sequence, now) if ours else None
    mark = _quoted_datagram(flow, quote) if quote.protocol == UDP else _quoted_echo(flow, quote)
    which = None if mark is None else tokens.which(flow, mark)
    if which is None or mark is None:
        return None
    if len(quote.body) < _STAMPED:
        return Answered(flow, which, _coarse(now, quote.identification, _IDENTIFICATION_PERIOD))
    micros = tokens.stamped(flow, mark, quote.body[_HEAD:_STAMPED])
    return None if micros is None else Answered(flow, which, _age(now, micros))


def _quoted_echo(flow: Flow, quote: Datagram) -> int | None:
    kind, code, checksum, identifier, mark = _ECHO.unpack_from(quote.body)
    said = (kind, code, checksum, identifier)
    wanted = (ECHO_REQUEST[quote.protocol], 0, flow.checksum, flow.identifier)
    return int(mark) if said == wanted else None


def _quoted_datagram(flow: Flow, quote: Datagram) -> int | None:
    source, port, _, checksum = _UDP.unpack_from(quote.body)
    if (source, port) != (flow.port, UDP_PORT):
        return None
    # Who rewrote the source on the way (NAT) changed the checksum by as much.
    rewritten = ones_complement(quote.source) - ones_complement(flow.source)
    return int(checksum - 1 + rewritten - flow.mask) % 0xFFFF


def _from_sequence(tokens: Tokens, flow: Flow, sequence: int, now: int) -> Answered | None:
    said = tokens.sequenced(flow, sequence)
    return None if said is None else Answered(flow, said[0], _coarse(now, said[1], SEQUENCE_PERIOD))


def _age(now: int, micros: int) -> float:
    return max(0, now - micros) / 1e6


def _coarse(now: int, millis: int | None, period: int) -> float | None:
    """Return the age of a time of which only the milliseconds below a period are left."""
    if millis is None:
        return None
    age = (now - millis * 1000) % (period * 1000) / 1e6
    return age if age <= _IMPLAUSIBLE else None
