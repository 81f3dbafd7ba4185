"""The quick look: who answers for the gateways now. Half a second, for a timer of one second."""

from collections.abc import Sequence
from functools import partial
from ipaddress import IPv4Address

import msgspec

from netguard.ask import Hurry, ask_about, in_threads
from netguard.collect import Clock, read_devices
from netguard.config import Config
from netguard.inventory import Segment, devices_of, index
from netguard.judge import gateways_in_doubt, known_stations
from netguard.meter import Meter, Progress
from netguard.remember import Memory
from netguard.view import SegmentView, View

_LEAST = 2  # questions; `confirmations` may want more
_SPACING = 0.25  # seconds between two of them
_PATIENCE = 0.25  # seconds for an answer: who takes a gateway answers as fast as it does


async def look_at_gateways(
    config: Config,
    segments: Sequence[Segment],
    memory: Memory,
    *,
    clock: Clock,
    progress: Progress,
) -> View:
    """Ask who answers for each gateway, and read the devices only where somebody else does.

    Who each gateway is must be configured or remembered from an earlier sweep; of one that nobody
    has pinned, only a change is seen.
    """
    view = View(
        now=clock(),
        inventory=config.inventory,
        index=index(config.inventory),
        remembered=memory.identities,
        last_stations=memory.last_stations,
    )
    meter = Meter(progress)
    asked = await in_threads(
        partial(ask_about, segment, _stations(view, segment), _hurry(config), clock=clock)
        for segment in segments
    )
    view = msgspec.structs.replace(view, now=clock(), segments=tuple(asked))
    if not gateways_in_doubt(view):
        return view
    devices = await read_devices(
        config,
        devices_of(config.inventory, segments),
        clock=clock,
        progress=meter.part("reading devices"),
    )
    return msgspec.structs.replace(view, now=clock(), devices=devices)


def _hurry(config: Config) -> Hurry:
    rounds = max(_LEAST, config.shutdown.confirmations)
    return Hurry(rounds=rounds, spacing=_SPACING, patience=_PATIENCE)


def _stations(view: View, segment: Segment) -> dict[IPv4Address, frozenset[str]]:
    seen = SegmentView(segment=segment)
    return {
        gateway.address: known_stations(view, seen, gateway)
        for gateway in segment.gateways
        if isinstance(gateway.address, IPv4Address)
    }
