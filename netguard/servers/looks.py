"""One look: a wire is opened at a place, and servers are asked over it until all is decided."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from time import monotonic

from netguard.forwarding.inquiry import Inquiry
from netguard.forwarding.known import Known
from netguard.forwarding.records import Judgement
from netguard.meter import Meter
from netguard.servers.cases import Cases
from netguard.servers.ground import Ground
from netguard.servers.places import SEGMENT
from probes.errors import ProbeError
from probes.records import Gap, HopReply, IPAddress
from probes.trace.asking import ask
from probes.trace.flow import Flow, Step
from probes.trace.frames import FrameWire
from probes.trace.opening import open_wire
from probes.trace.packets import Codec
from probes.trace.wire import Wire
from probes.vpn import vpn_ports

_AT_ONCE = 16  # servers that are asked on their segment at the same moment
_PORTS = "vpn ports"

Opened = AbstractAsyncContextManager[Wire]
# Told the place, the server, and what is decided about its addresses so far.
Watch = Callable[[str, str, Mapping[IPAddress, Judgement]], None]


class Looks:
    """The looks at some servers, each a coroutine that never raises for what it cannot ask."""

    def __init__(
        self,
        cases: Cases,
        grounds: Mapping[str, Ground],
        asked: Mapping[str, Sequence[IPAddress]],
        meter: Meter,
        watch: Watch,
    ) -> None:
        self._cases = cases
        self._grounds = grounds
        self._asked = asked
        self._meter = meter
        self._watch = watch
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._looks: list[Coroutine[None, None, None]] = []

    def from_here(self, name: str, sources: Sequence[IPAddress]) -> None:
        """Ask all servers from this machine, by its own routes."""
        self._expect(name, self._grounds)
        self._looks.append(
            self._look(name, tuple(self._grounds), partial(open_wire, sources), sources=sources)
        )

    def from_afar(self, name: str, opening: Callable[[], Opened]) -> None:
        """Ask all servers from another host."""
        self._expect(name, self._grounds)
        self._looks.append(self._look(name, tuple(self._grounds), opening))

    def on_segment(self, server: str) -> None:
        """Ask one server on its own segment, in frames to its own MAC."""
        self._expect(SEGMENT, [server])
        self._looks.append(self._on_segment(server))

    def at_ports(self, server: str) -> None:
        """Ask one server which VPN services it offers."""
        self._expect(_PORTS, [server])
        self._looks.append(self._at_ports(server))

    async def take(self) -> None:
        """Take all looks, side by side."""
        self._cases.unseen()
        async with asyncio.TaskGroup() as together:
            for look in self._looks:
                together.create_task(look)

    def _expect(self, look: str, servers: Iterable[str]) -> None:
        for server in servers:
            self._cases.expect(look, server)

    async def _on_segment(self, server: str) -> None:
        ground = self._grounds[server]
        async with self._room:
            (mac,) = ground.macs
            codec = Codec(secrets.token_bytes(16), monotonic)
            opening = partial(FrameWire, ground.interface or "", mac, codec)
            await self._look(SEGMENT, (server,), opening, on_segment=True)

    async def _at_ports(self, server: str) -> None:
        found = await vpn_ports(self._grounds[server].server.address)
        self._cases.offers(
            server, [f"{row.protocol} ({row.transport} {row.port})" for row in found.rows]
        )
        for gap in found.gaps[:1]:
            self._cases.missed(_PORTS, server, gap)
        self._cases.over(_PORTS, server)

    async def _look(
        self,
        name: str,
        servers: Sequence[str],
        opening: Callable[[], Opened],
        *,
        on_segment: bool = False,
        sources: Sequence[IPAddress] = (),
    ) -> None:
        try:
            async with opening() as wire:
                inquiries = {
                    server: Inquiry(
                        self._known(server, wire, on_segment=on_segment),
                        self._can_ask(server, wire) if on_segment else self._asked[server],
                        sources,
                    )
                    for server in servers
                }
                await self._ask(name, wire, inquiries, on_segment=on_segment)
        except ProbeError as error:
            for server in servers:
                self._cases.missed(name, server, error.gap())

    def _can_ask(self, server: str, wire: Wire) -> Sequence[IPAddress]:
        """Return the addresses of which this machine speaks the family on their segment."""
        spoken = {own.version for own in wire.sources if not own.is_link_local}
        targets = self._asked[server]
        for target in [each for each in targets if each.version not in spoken][:1]:
            why = f"this machine has no IPv{target.version} address there"
            self._cases.lacks(server, _no_route(server, SEGMENT, target, why))
        return [target for target in targets if target.version in spoken]

    def _known(self, server: str, wire: Wire, *, on_segment: bool) -> Known:
        ground = self._grounds[server]
        return Known(
            server=ground.server,
            edges=ground.edges,
            beside=ground.beside,
            macs=ground.macs,
            stations=ground.stations,
            canary=ground.canary,
            on_segment=on_segment,
            udp="udp" in wire.methods,
        )

    async def _ask(
        self, name: str, wire: Wire, inquiries: Mapping[str, Inquiry], *, on_segment: bool
    ) -> None:
        left = {server: len(inquiry.all_flows()) for server, inquiry in inquiries.items()}

        def following(flow: Flow) -> Step:
            step = inquiries[flow.group].following(flow)
            if step == "done":
                left[flow.group] -= 1
                self._watch(name, flow.group, inquiries[flow.group].judgements)
                if not left[flow.group]:
                    self._finish(name, wire, inquiries[flow.group], on_segment=on_segment)
            return step

        def heard(flow: Flow, reply: HopReply) -> None:
            inquiries[flow.group].heard(flow, reply)

        flows = [flow for inquiry in inquiries.values() for flow in inquiry.all_flows()]
        await ask(
            wire, flows, following, heard=heard, progress=self._meter.part("asking addresses")
        )

    def _finish(self, name: str, wire: Wire, inquiry: Inquiry, *, on_segment: bool) -> None:
        unasked = [flow for flow in inquiry.all_flows() if flow.target in wire.unroutable]
        for flow in unasked:
            if not any(hop.replies for hop in flow.hops.values()):
                inquiry.judgements.pop(flow.target, None)  # its silence was our own
        for flow in unasked[:1]:
            why = wire.unroutable[flow.target]
            self._cases.lacks(inquiry.name, _no_route(inquiry.name, name, flow.target, why))
        if wire.dropped:
            gap = Gap(
                subject=inquiry.name,
                kind="replies-lost",
                detail=f"{name}: {wire.dropped} replies were lost for want of room, so silence"
                " proves nothing",
                remedy="Raise net.core.rmem_max, or run this when the machine has less to do.",
            )
            self._cases.lacks(inquiry.name, gap)
        self._cases.saw(name, inquiry, on_segment=on_segment)


def _no_route(server: str, place: str, target: IPAddress, why: str) -> Gap:
    return Gap(
        subject=server,
        kind="no-route",
        detail=f"{place} cannot send to {target}: {why}",
        remedy="Give it a route there, or ask from another vantage.",
    )
