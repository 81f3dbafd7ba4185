"""Probes in Ethernet frames straight to one server's MAC: whatever its route, it is the first hop.

A hop limit of 1 then asks the server itself: an echo reply says that the address is bound on it,
time exceeded that it would have routed the packet onward.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from probes.errors import LinkError
from probes.link import BATCH, ICMP, IP_FRAME, Link
from probes.mac import canonical, from_bytes, to_bytes
from probes.mmsg import Slots
from probes.records import HopReply, IPAddress, Method, Probe
from probes.trace.packets import Codec

ETHERNET_HEADER = 14  # octets
_ETHERTYPE = {4: b"\x08\x00", 6: b"\x86\xdd"}
_GROUP_BIT = 0x01
# Of an IPv6 address: deprecated, failed duplicate address detection, still being tested (RFC 4862).
_NOT_TO_SPEAK_FROM = 0x20 | 0x08 | 0x40


class FrameWire:
    """Sends probes to `server_mac` on the segment that the interface touches (a `Wire`).

    Each reply's `mac` is the source of the frame it came in, which need not be the server's: the
    way back may lead through the gateway. Opening it raises LinkError as `Link` does, and so does
    leaving it where the interface has meanwhile lost its carrier: then silence was no answer. A
    MAC that can be no single station's is a ValueError.
    """

    methods: frozenset[Method] = frozenset({"icmp", "udp"})
    batch = BATCH
    patience = 0.0

    def __init__(self, interface: str, server_mac: str, codec: Codec) -> None:
        self.sources: tuple[IPAddress, ...] = ()
        self.unroutable: dict[IPAddress, str] = {}
        self._interface = interface
        self._server = single_station(server_mac)
        self._codec = codec
        self._outbox = Slots(BATCH, IP_FRAME)
        self._closing = ExitStack()

    async def __aenter__(self) -> Self:
        self._link = self._closing.enter_context(Link(self._interface, ICMP))
        self._own: tuple[IPv4Interface | IPv6Interface, ...]
        self._own = (*self._link.own.addresses, *_ipv6_addresses(self._interface))
        self.sources = tuple(each.ip for each in self._own)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._closing:
            if error is None:
                self._link.still_usable()

    @property
    def dropped(self) -> int:
        """How many frames the kernel has lost for want of room: then silence proves nothing."""
        return self._link.count_dropped()

    async def send(self, probes: Sequence[Probe]) -> None:
        """Send the probes, at most `batch`, but for large ones that do not fit the interface.

        Raises LinkError where the interface fails or has no address to speak from.
        """
        crafted = (self._codec.craft(probe, self._source(probe)) for probe in probes)
        packets = [packet for packet in crafted if len(packet) <= self._link.mtu]
        for slot, packet in enumerate(packets):
            self._outbox.put(slot, in_frame(self._link, self._server, packet))
        self._link.send(self._outbox, len(packets))

    def _source(self, probe: Probe) -> IPAddress:
        """Return the address to speak from: one in the target's network, else of its scope."""
        if probe.source is not None:
            return probe.source
        target = probe.target
        kin = [
            own
            for own in self._own
            if (own.version, own.ip.is_link_local) == (target.version, target.is_link_local)
        ]
        if not kin:
            raise no_address(self._interface, str(target), target.version)
        return next((own for own in kin if target in own.network), kin[0]).ip

    async def receive(self, seconds: float) -> Sequence[HopReply]:
        """Return the replies that have come, waiting at most so long for the first."""
        deadline = monotonic() + seconds
        while not (replies := self._replies()) and (left := deadline - monotonic()) > 0:
            await arrival(self._link, left)
        return replies

    def _replies(self) -> list[HopReply]:
        read = (
            self._codec.read(frame[ETHERNET_HEADER:], mac=from_bytes(frame[6:12]))
            for frame in self._link.frames()
        )
        return [reply for reply in read if reply is not None]


def single_station(mac: str) -> bytes:
    """Return the six octets of one station's MAC. Raises ValueError for a group's, or none."""
    octets = to_bytes(canonical(mac))
    if octets[0] & _GROUP_BIT or not any(octets):
        raise ValueError(f"not the MAC of one station: {mac!r}")
    return octets


def in_frame(link: Link, station: bytes, packet: bytes) -> bytes:
    """Return the IP packet in an Ethernet frame from us to the station."""
    return station + link.mac + _ETHERTYPE[packet[0] >> 4] + packet


async def arrival(link: Link, seconds: float) -> None:
    """Wait until a frame has come or the time is over; others run meanwhile."""
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(link, arrived.set)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await arrived.wait()
    finally:
        loop.remove_reader(link)


def no_address(interface: str, what: str, version: int) -> LinkError:
    """Say that the interface has no address from which `what` could be asked about."""
    return LinkError(
        interface,
        f"the interface has no IPv{version} address to ask about {what} from",
        remedy=f"ip address add ADDRESS/LENGTH dev {interface}, with a free address of the segment",
    )


def _ipv6_addresses(interface: str) -> list[IPv6Interface]:
    """Return the interface's addresses that may be spoken from, in this thread's namespace."""
    try:
        table = Path("/proc/thread-self/net/if_inet6").read_text(encoding="ascii")
    except FileNotFoundError:  # no IPv6 in this kernel
        return []
    rows = (line.split() for line in table.splitlines())
    return [
        IPv6Interface((bytes.fromhex(address), int(length, 16)))
        for address, _, length, _, flags, name in rows
        if name == interface and not int(flags, 16) & _NOT_TO_SPEAK_FROM
    ]
