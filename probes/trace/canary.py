"""Whether a server on the segment routes at all, asked with a packet to ourselves by way of it.

The frame goes to the server's MAC, the packet in it to the address that it comes from: our own. A
host throws it away, a router sends it back. No address of the server's is needed, and nobody's
help. Linux routes such a packet like any other (measured on 6.18, with and without strict reverse
path filtering); a packet filter may be told to drop those whose source is their target, and then
it shows no more than the time exceeded, which is said before a filter looks.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import monotonic

from probes.link import ICMP, IP_FRAME, Link
from probes.mmsg import Slots
from probes.records import CanaryReply, IPAddress, Probe
from probes.trace.frames import (
    ETHERNET_HEADER,
    arrival,
    in_frame,
    no_address,
    single_station,
)
from probes.trace.ip import ICMP as ICMP_PROTOCOL
from probes.trace.ip import unwrap
from probes.trace.packets import Codec

_RATION = 1.1  # seconds after which Linux has a time exceeded to spare again, and a little more
_DOUBTS = 2  # more tries where the silence at one hop limit goes ill with what came at another
_ECHO_REQUEST = b"\x08"
_ICMP_HEADER = 8  # octets


async def canary(
    interface: str,
    server_mac: str,
    *,
    ttls: Sequence[int] = (1, 2, 64),
    tries: int = 2,
    wait: float = 0.5,
) -> tuple[CanaryReply, ...]:
    """Send an echo request to ourselves through the server, and tell what became of it.

    One record for each of `ttls`, in their order. What nothing is heard of is tried `tries` times,
    each a little over a second after the last because time exceeded is rationed, and more often
    where packets with another hop limit came back; the last is given `wait` seconds. Raises
    LinkError as `FrameWire` does, also without an IPv4 address on the interface, and ValueError
    for a MAC that can be no single station's.
    """
    station = single_station(server_mac)
    with Link(interface, ICMP) as link:
        if not link.own.addresses:
            raise no_address(interface, "a server", 4)
        flock = _Flock(link, station, link.own.addresses[0].ip, ttls)
        await flock.ask(tries, wait, flock.silent)
        await flock.ask(_DOUBTS, wait, flock.doubtful)
        link.still_usable()
        return tuple(fate.reply(ttl) for ttl, fate in flock.fates.items())


@dataclass(slots=True)
class _Fate:
    """What has become of the packets with one hop limit so far."""

    asked: int = 0
    returned_ttl: int | None = None
    exceeded_by: IPAddress | None = None
    redirected: bool = False

    def known(self) -> bool:
        return self.returned_ttl is not None or self.exceeded_by is not None

    def reply(self, ttl: int) -> CanaryReply:
        return CanaryReply(
            ttl=ttl,
            returned_ttl=self.returned_ttl,
            exceeded_by=self.exceeded_by,
            redirected=self.redirected,
        )


class _Flock:
    """The packets on their way, recognised by what only this conversation can have sealed."""

    def __init__(self, link: Link, station: bytes, own: IPAddress, ttls: Iterable[int]) -> None:
        self.fates = {ttl: _Fate() for ttl in ttls}
        self._link = link
        self._station = station
        self._own = own
        self._codec = Codec(secrets.token_bytes(16), monotonic)
        self._payloads: dict[bytes, _Fate] = {}
        self._outbox = Slots(len(self.fates), IP_FRAME)
        self._last_sent = 0.0

    def silent(self) -> list[int]:
        """Return the hop limits of which nothing is known yet."""
        return [ttl for ttl, fate in self.fates.items() if not fate.known()]

    def doubtful(self) -> list[int]:
        """Return the silent ones while others came back: a router that hides, or that is spent."""
        returned = any(fate.returned_ttl is not None for fate in self.fates.values())
        return self.silent() if returned else []

    async def ask(self, tries: int, wait: float, whom: Callable[[], list[int]]) -> None:
        """Send what `whom` names, until it names none."""
        for _ in range(tries):
            # The pause holds for everything: a redirect puts the next time exceeded off as well.
            await self._listen(self._last_sent + _RATION, whom)
            if ttls := whom():
                self._send(ttls)
                await self._listen(self._last_sent + wait, whom)

    def _send(self, ttls: Sequence[int]) -> None:
        # The lowest first: a redirect, even the first one, uses up the time exceeded.
        for slot, ttl in enumerate(sorted(ttls)):
            fate = self.fates[ttl]
            probe = Probe(target=self._own, ttl=ttl, attempt=fate.asked)
            packet = self._codec.craft(probe, self._own)
            self._payloads[_echo_payload(packet)] = fate
            self._outbox.put(slot, in_frame(self._link, self._station, packet))
            fate.asked += 1
        self._link.send(self._outbox, len(ttls))
        self._last_sent = monotonic()

    async def _listen(self, until: float, whom: Callable[[], list[int]]) -> None:
        while whom() and (left := until - monotonic()) > 0:
            await arrival(self._link, left)
            for frame in self._link.frames():
                self._take(frame)

    def _take(self, frame: bytes) -> None:
        if frame[6:12] == self._link.mac:  # sent back by a switch; who routes puts its own there
            return
        packet = frame[ETHERNET_HEADER:]
        if (fate := self._payloads.get(_echo_payload(packet))) is not None:
            fate.returned_ttl = packet[8]
        elif (reply := self._codec.read(packet)) is not None and reply.ttl in self.fates:
            fate = self.fates[reply.ttl]
            fate.redirected = fate.redirected or reply.kind == "redirect"
            if reply.kind == "time-exceeded":
                fate.exceeded_by = reply.source


def _echo_payload(packet: bytes) -> bytes:
    """Return what an echo request carries, nothing for any other packet."""
    datagram = unwrap(packet)
    if datagram is None or (datagram.protocol, datagram.body[:1]) != (ICMP_PROTOCOL, _ECHO_REQUEST):
        return b""
    return datagram.body[_ICMP_HEADER : datagram.length]
