"""500 servers with 40 addresses each, as one pure function: from a packet to what comes back.

The first hop is the edge, the second a server, the third what lies behind one. Of 20 servers twelve
are plain (30 of 40 bound), three are VPN gateways (16 live behind a tunnel, 30 ms away), three
colocation gateways (one bound, 8 live, 7 dead, 24 loop), one only loops and one is silent.
Servers say time exceeded and unreachable as Linux does: six at once and then one a second to each
asker.
"""

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from time import process_time
from typing import Literal, NamedTuple

import msgspec

from probes.records import IPAddress
from tests import icmp_answers as icmp
from tests.forwarding_truth import Place, Server, Truth

SERVERS, EACH = 500, 40
EDGE = IPv4Address("198.18.0.1")
SOURCES = tuple(IPv4Address("198.18.0.16") + n for n in range(16))
FAR, NEAR = 0.030, 0.0002  # seconds added by a tunnel, and by a machine in the same rack
TUNNEL_MTU = 1420
ARP_GIVES_UP = 3.06  # seconds until a Linux host says that nobody answers its ARP requests
BURST = 6.0
_FIRST_SERVER, _FIRST_BLOCK, _BLOCK = IPv4Address("198.18.1.0"), IPv4Address("198.19.0.0"), 64

_DONT_FRAGMENT = 0x40

Kind = Literal["plain", "vpn", "colocation", "looped", "silent"]
End = Literal["bound", "live", "dead", "loop", "silent"]
Reply = tuple[float, bytes]  # seconds until it is sent, and the packet

_MIX: tuple[Kind, ...] = (
    *("plain", "plain", "plain", "vpn", "plain", "colocation", "plain", "plain", "looped", "plain"),
    *("plain", "vpn", "plain", "colocation", "plain", "plain", "silent", "vpn", "colocation"),
    "plain",
)
_ENDS: dict[Kind, tuple[End, ...]] = {
    "plain": ("bound",) * 30 + ("silent",) * 10,
    "vpn": ("live",) * 16 + ("dead",) * 24,
    "colocation": ("bound",) + ("live",) * 8 + ("dead",) * 7 + ("loop",) * 24,
    "looped": ("loop",) * 40,
    "silent": ("silent",) * 40,
}
_PLACES: dict[End, Place] = {
    "bound": Place("bound", live=True),
    "live": Place("forwarded", live=True),
    "dead": Place("forwarded"),
    "loop": Place("looped"),
    "silent": Place("silent"),
}


def servers() -> list[tuple[Kind, Server]]:
    return [
        (
            _MIX[number % len(_MIX)],
            Server(
                f"ds{number:04d}",
                (_FIRST_SERVER + number,),
                tuple(_FIRST_BLOCK + number * _BLOCK + n for n in range(EACH)),
            ),
        )
        for number in range(SERVERS)
    ]


def truth() -> Truth:
    places: dict[IPAddress, Place] = {}
    for kind, server in servers():
        ends = (_PLACES[end] for end in _ENDS[kind])
        places |= dict(zip(server.addresses, ends, strict=True))
    return Truth.told(places)


class Report(msgspec.Struct, frozen=True):
    """What a responder has seen: packets, the most for one server within a second, CPU seconds.

    `suppressed` are the errors that the servers did not send because of their limits.
    """

    packets: int
    most_a_second: int
    suppressed: int
    cpu: float


class Voice(NamedTuple):
    """Who answers: his address, whose limit of errors it is, the TTL that arrives, seconds more."""

    own: bytes
    limit: bytes
    ttl: int
    way: float = 0.0


_EDGE_VOICE = Voice(EDGE.packed, EDGE.packed, 64)


@dataclass(slots=True)
class Station:
    """A server's state: when it heard packets lately, and how many at most within a second."""

    kind: Kind
    voice: Voice
    lately: deque[float] = field(default_factory=deque)
    most: int = 0

    def hear(self, now: float) -> None:
        self.lately.append(now)
        while self.lately[0] <= now - 1.0:
            self.lately.popleft()
        self.most = max(self.most, len(self.lately))


class Host(NamedTuple):
    """An address: the server it is routed to, what becomes of packets for it, who answers."""

    server: Station
    end: End
    voice: Voice


def hosts() -> Iterator[tuple[bytes, Host]]:
    for kind, server in servers():
        own = server.own[0].packed
        station = Station(kind, Voice(own, own, 63))
        yield own, Host(station, "bound", station.voice)
        for end, address in zip(_ENDS[kind], server.addresses, strict=True):
            one = address.packed
            behind = Voice(one, one, 62, FAR if kind == "vpn" else NEAR)
            yield one, Host(station, end, Voice(one, own, 63) if end == "bound" else behind)


class Simulation:
    """All the hosts. Time is an argument; chance comes from the seed."""

    def __init__(self, loss: float = 0.0, jitter: float = 0.0, seed: int = 0) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self._loss, self._jitter = loss, jitter
        self._hosts = dict(hosts())
        self._tokens: dict[bytes, tuple[float, float]] = {}
        self._packets = self._suppressed = 0

    def report(self) -> Report:
        most = max(host.server.most for host in self._hosts.values())
        return Report(self._packets, most, self._suppressed, process_time())

    def answer(self, asked: bytes, now: float) -> Reply | None:
        """Return what comes back for an IPv4 packet that reaches the edge now, if anything does."""
        self._packets += 1
        host = self._hosts.get(asked[16:20])
        if host is None or asked[0] != 0x45 or len(asked) < 28 or self._lost():
            return None
        reply: Reply | None = _from_edge(asked)
        if asked[8] > 1:
            host.server.hear(now)
            reply = self._at_server(host, asked, asked[8] - 1, now)
        if reply is None or self._lost():
            return None
        way, octets = reply
        return way + self._jitter * self._chance.random(), octets

    def _lost(self) -> bool:
        return self._loss > 0 and self._chance.random() < self._loss

    def _at_server(self, host: Host, asked: bytes, ttl: int, now: float) -> Reply | None:
        match host.end:
            case "bound":
                return self._at_end(host.voice, asked, ttl, now)
            case "silent":
                return None
            case "loop" if ttl % 2 == 0:  # server and edge pass it to each other until it expires
                return _from_edge(asked)
            case "loop":
                return self._rationed(host.server.voice, asked, 1, icmp.EXCEEDED, now)
        if ttl == 1:
            return self._rationed(host.server.voice, asked, 1, icmp.EXCEEDED, now)
        return self._past_server(host, asked, ttl, now)

    def _past_server(self, host: Host, asked: bytes, ttl: int, now: float) -> Reply | None:
        voice, tunnelled = host.server.voice, host.server.kind == "vpn"
        if tunnelled and len(asked) > TUNNEL_MTU and asked[6] & _DONT_FRAGMENT:
            what = icmp.FRAGMENTATION_NEEDED  # which Linux does not limit
            return 0.0, _error(voice, asked, ttl, what, TUNNEL_MTU)
        if host.end == "live":
            return self._at_end(host.voice, asked, ttl - 1, now)
        if tunnelled:
            return None
        late = voice._replace(way=ARP_GIVES_UP)
        return self._rationed(late, asked, ttl, icmp.HOST_UNREACHABLE, now)

    def _at_end(self, voice: Voice, asked: bytes, ttl: int, now: float) -> Reply | None:
        if asked[9] == icmp.ICMP and asked[20] == 8:
            return voice.way, icmp.echo_reply(asked, voice.ttl)
        if asked[9] == icmp.UDP:
            return self._rationed(voice, asked, ttl, icmp.PORT_UNREACHABLE, now)
        return None

    def _rationed(
        self, voice: Voice, asked: bytes, ttl: int, what: tuple[int, int], now: float
    ) -> Reply | None:
        """Return an error, unless too many were sent to this asker of late."""
        key = voice.limit + asked[12:16]
        tokens, last = self._tokens.get(key, (BURST, now))
        tokens = min(BURST, tokens + now - last)
        self._tokens[key] = (tokens - 1 if tokens >= 1 else tokens, now)
        if tokens < 1:
            self._suppressed += 1
            return None
        return voice.way, _error(voice, asked, ttl, what)


def _from_edge(asked: bytes) -> Reply:
    return 0.0, _error(_EDGE_VOICE, asked, 1, icmp.EXCEEDED)


def _error(voice: Voice, asked: bytes, arrived: int, what: tuple[int, int], mtu: int = 0) -> bytes:
    return icmp.error(asked, arrived, what, sender=voice.own, ttl=voice.ttl, mtu=mtu)
