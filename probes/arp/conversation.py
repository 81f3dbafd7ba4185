"""Asking at a pace and listening all the while: what sweep and retest have in common."""

import threading
from collections.abc import Callable
from ipaddress import IPv4Address
from time import monotonic

from probes.arp.frames import BROADCAST, ETHERTYPE_ARP, NOBODY, REQUEST, UNSPECIFIED, packet
from probes.errors import LinkError, ProbeError
from probes.interfaces import own_addresses
from probes.link import Link
from probes.mmsg import Slots
from probes.pacing import pacing

_LOOK_UP = 0.1  # seconds: no wait is longer before `stop` is looked at


class Conversation:
    """One link, spoken on no faster than `pace`; every frame that comes goes to `take`.

    `idle` is called when there is time to spare, and says whether it used any. Raises ProbeError
    (kind `stopped`) as soon as `stop` is set: half a conversation must not pass for a whole one.
    """

    def __init__(
        self,
        link: Link,
        *,
        pace: float | None,
        take: Callable[[memoryview], None],
        idle: Callable[[], bool] = lambda: False,
        stop: threading.Event | None = None,
    ) -> None:
        self.last_sent = monotonic()
        self._link = link
        self._pacing = pacing(pace, self.last_sent)
        self._take = take
        self._idle = idle
        self._stop = stop or threading.Event()

    def listen(self, until: float = 0.0) -> None:
        """Take in frames until that monotonic time; by default only those that wait already."""
        while True:
            self._take(self._link.receive())
            if self._stop.is_set():
                raise ProbeError(self._link.own.name, "stopped before the end", kind="stopped")
            left = until - monotonic()
            if left <= 0:
                return
            if not self._idle():
                self._link.wait(min(left, _LOOK_UP))

    def allowance(self, most: int) -> int:
        """Listen until the pace allows at least one frame, and return how many may go now."""
        while not (ready := self._pacing.ready(monotonic())):
            now = monotonic()
            self.listen(now + self._pacing.wait(now))
        return min(ready, most)

    def send(self, outbox: Slots, count: int) -> None:
        """Send what `allowance` allowed, then take in what has already come back."""
        self._link.send(outbox, count)
        self.last_sent = monotonic()
        self._pacing = self._pacing.spend(count, self.last_sent)
        self.listen()


def question(
    link: Link, sender_ip: bytes, target_ip: bytes, destination: bytes = BROADCAST
) -> bytes:
    """Return the frame in which an ordinary host asks who has `target_ip`.

    With sender 0.0.0.0 it is an ARP Probe (RFC 5227).
    """
    header = destination + link.mac + ETHERTYPE_ARP.to_bytes(2)
    return header + packet(REQUEST, (link.mac, sender_ip), (NOBODY, target_ip))


def sender_for(link: Link, address: IPv4Address) -> bytes:
    """Return the address to ask from: the interface's own in the same network, else its first.

    Our own address is asked about from 0.0.0.0, as RFC 5227 says. Raises LinkError without any.
    """
    if address in own_addresses(link.interfaces):
        return UNSPECIFIED
    own = link.own.addresses
    if not own:
        raise no_address(link, str(address))
    near = (each for each in own if address in each.network)
    return next(near, own[0]).ip.packed


def no_address(link: Link, what: str) -> LinkError:
    """Say that this machine cannot ask about `what` as an ordinary host would."""
    name = link.own.name
    return LinkError(
        name,
        f"the interface has no IPv4 address to ask about {what} from",
        remedy=f"ip address add ADDRESS/LENGTH dev {name}, with a free address of {what}",
    )
