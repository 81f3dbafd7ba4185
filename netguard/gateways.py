"""The quick look: who answers for the gateways now. Well under a second, for a timer of one."""

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec

from netguard.ask import Hurry, ask_about, in_threads
from netguard.collect import Clock, read_devices
from netguard.config import Config
from netguard.inventory import Segment, devices_of, index
from netguard.judge import gateways_in_doubt, known_stations
from netguard.meter import Meter, Progress
from netguard.remember import Memory
from netguard.rules.claims import answers, tests_of
from netguard.view import SegmentView, View
from probes.heard import ClaimTest
from probes.records import IPAddress

# Who takes a gateway answers as fast as it does.
_ONCE = Hurry(spacing=0.25, patience=0.25)


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
    asked = await _asked(view, segments, _ONCE, clock)
    view = msgspec.structs.replace(view, now=clock(), segments=asked)
    if not gateways_in_doubt(view):
        return view
    # Once more while the devices are read: the whole segment waits, and one sighting is none.
    again, devices = await asyncio.gather(
        _asked(view, segments, _more(config, view), clock),
        read_devices(
            config,
            devices_of(config.inventory, segments),
            clock=clock,
            progress=meter.part("reading devices"),
        ),
    )
    both = tuple(together(one, other) for one, other in zip(asked, again, strict=True))
    return msgspec.structs.replace(view, now=clock(), segments=both, devices=devices)


def _more(config: Config, view: View) -> Hurry:
    """Return how often to ask once there is a doubt: what `confirmations` still wants.

    Who took a gateway in the middle of the first question was overheard, and has answered none.
    """
    answered = max(
        max(test.broadcast_answers, test.unicast_answers)
        for seen in view.segments
        for gateway in seen.segment.gateways
        for test in tests_of(seen, gateway.address)
        if test.station not in known_stations(view, seen, gateway)
    )
    return msgspec.structs.replace(_ONCE, rounds=max(1, config.shutdown.confirmations - answered))


async def _asked(
    view: View, segments: Sequence[Segment], hurry: Hurry, clock: Clock
) -> tuple[SegmentView, ...]:
    found = await in_threads(
        partial(ask_about, segment, _stations(view, segment), hurry, clock=clock)
        for segment in segments
    )
    return tuple(found)


def _stations(view: View, segment: Segment) -> dict[IPAddress, frozenset[str]]:
    """Return whom to ask about each gateway: who is to answer, and who has answered."""
    before = next((s for s in view.segments if s.segment == segment), SegmentView(segment=segment))
    return {
        gateway.address: known_stations(view, before, gateway)
        | {t.station for t in tests_of(before, gateway.address)}
        for gateway in segment.gateways
    }


def together(first: SegmentView, second: SegmentView) -> SegmentView:
    """Return two questions about the same addresses as if they had been one.

    Who answered only the first has not answered: that may have been a torn frame, or the last of
    somebody who let the address go.
    """
    earlier = {(t.address, t.station): t for t in first.tests}
    later = {(t.address, t.station): t for t in second.tests}
    rounds = max((t.rounds for t in first.tests), default=0)
    return SegmentView(
        segment=first.segment,
        tests=tuple(
            _added(earlier.get(key), test, rounds) for key, test in sorted(later.items(), key=str)
        ),
        gaps=(*first.gaps, *second.gaps),
    )


def _added(before: ClaimTest | None, test: ClaimTest, rounds: int) -> ClaimTest:
    """Add up what a station did; before it was known it did nothing."""
    if before is None:
        return msgspec.structs.replace(test, rounds=test.rounds + rounds)
    confirmed = answers(test)
    return msgspec.structs.replace(
        test,
        rounds=test.rounds + before.rounds,
        broadcast_answers=test.broadcast_answers + confirmed * before.broadcast_answers,
        unicast_answers=test.unicast_answers + confirmed * before.unicast_answers,
        unasked_rounds=test.unasked_rounds + before.unasked_rounds,
    )
