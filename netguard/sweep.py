"""One sweep: measure the segments and their devices, ask again where in doubt, judge, remember."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import msgspec

from netguard.ask import ask, ask_again, in_threads
from netguard.collect import Clock, read_devices
from netguard.config import Config
from netguard.emergency.unattended import (
    Deed,
    act_on_policy,
    not_closed_any_more,
    open_again,
)
from netguard.findings import Finding, gravest_first
from netguard.gateways import look_at_gateways
from netguard.inventory import Segment, devices_named, index
from netguard.judge import judge, judge_gateways, silent_gateways
from netguard.meter import Meter, Progress
from netguard.remember import SWEPT, Memory, Remembered, add, first_seen, flights, remember
from netguard.rules.claims import answers, tests_of
from netguard.store import SweepRecord
from netguard.view import View
from probes.records import Gap, IPAddress


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep has to say; `resolved` are the troubles that it saw ended.

    `silent_gateways` answer nobody: no finding, since nobody took them, but worth knowing. `deeds`
    is what was done, or declined, unattended.
    """

    started: datetime
    duration_s: float
    segments: tuple[str, ...]
    counts: dict[str, int]
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    resolved: tuple[Finding, ...] = ()
    silent_gateways: tuple[IPAddress, ...] = ()
    deeds: tuple[Deed, ...] = ()


async def sweep(
    config: Config,
    segments: Sequence[Segment],
    memory: Memory,
    *,
    clock: Clock,
    progress: Progress,
) -> Report:
    """Sweep the segments once, write down what was found, act as far as the policy goes, report.

    Where something may be done unattended, the gateways come first: while they are taken, the
    whole segment waits.
    """
    started = clock()
    first: tuple[Deed, ...] = ()
    if config.shutdown.automatic:
        first = (
            await sweep_gateways(config, segments, memory, clock=clock, progress=progress)
        ).deeds
    view = await measure(config, segments, memory, clock=clock, progress=progress)
    view = msgspec.structs.replace(
        view, first_seen=first_seen(memory, view), flights=flights(memory, view)
    )
    record = _recorded(view, segments, started, clock)
    remembered = remember(memory, view, judge(view), record)
    deeds = (
        *first,
        *await not_closed_any_more(config, view, clock=clock),
        *await act_on_policy(config, view, remembered.findings, clock=clock),
        *await open_again(config, clock=clock),
    )
    return msgspec.structs.replace(
        with_deeds(report(record, remembered), deeds), silent_gateways=silent_gateways(view)
    )


async def sweep_gateways(
    config: Config,
    segments: Sequence[Segment],
    memory: Memory,
    *,
    clock: Clock,
    progress: Progress,
) -> Report:
    """Take the quick look at the gateways, and act on it as far as the policy goes.

    It ends no finding, and is not written down as a sweep: only a whole one proves an end.
    """
    started = clock()
    view = await look_at_gateways(config, segments, memory, clock=clock, progress=progress)
    found = judge_gateways(view)
    record = _recorded(view, segments, started, clock)
    remembered = add(memory, found, now=view.now)
    deeds = await act_on_policy(config, view, remembered.findings, clock=clock)
    return with_deeds(report(record, remembered), deeds)


def _recorded(
    view: View, segments: Sequence[Segment], started: datetime, clock: Clock
) -> SweepRecord:
    return SweepRecord(
        started=started,
        duration=round((clock() - started).total_seconds(), 3),
        segments=tuple(segment.name for segment in segments),
        counts=counts(view),
        gaps=gaps_of(view),
    )


def with_deeds(report: Report, deeds: tuple[Deed, ...]) -> Report:
    """Add what was done unattended, and the alerts about it that reached nobody."""
    lost = tuple(gap for deed in deeds for gap in deed.gaps)
    return msgspec.structs.replace(report, deeds=deeds, gaps=(*report.gaps, *lost))


def report(record: SweepRecord, remembered: Remembered) -> Report:
    """Put together what the sweep has to say about its own segments, and about devices."""
    own = (*record.segments, None)
    return Report(
        started=record.started,
        duration_s=record.duration,
        segments=record.segments,
        counts=record.counts,
        findings=tuple(
            sorted(
                (f for f in remembered.findings if f.segment in own and f.kind in SWEPT),
                key=gravest_first,
            )
        ),
        gaps=(*record.gaps, *remembered.gaps),
        resolved=tuple(f for f in remembered.resolved if f.segment in own),
    )


def counts(view: View) -> dict[str, int]:
    """Count what was asked, what answered, and the devices that could be read."""
    sweeps = [seen.sweep for seen in view.segments if seen.sweep is not None]
    quick = {
        gateway.address: any(answers(t) for t in tests_of(seen, gateway.address))
        for seen in view.segments
        if seen.sweep is None and seen.segment.interface is not None
        for gateway in seen.segment.gateways
    }
    return {
        "addresses_probed": sum(s.probed for s in sweeps) + len(quick),
        "addresses_answered": sum(s.answered for s in sweeps) + sum(quick.values()),
        "devices_read": sum(d.system is not None for d in view.devices.values()),
    }


def gaps_of(view: View) -> tuple[Gap, ...]:
    """Return every measurement that could not be made."""
    return (
        *(gap for seen in view.segments for gap in seen.gaps),
        *(gap for device in view.devices.values() for gap in device.gaps),
    )


async def measure(
    config: Config,
    segments: Sequence[Segment],
    memory: Memory,
    *,
    clock: Clock,
    progress: Progress,
) -> View:
    """Take one look: sweep and read the routers, ask again where in doubt, read the switches.

    The routers come first because they say who the gateway is; the switches come last so that
    their FDBs are fresher than the claims they must locate.
    """
    meter = Meter(progress)
    asked, routers = await asyncio.gather(
        in_threads(
            partial(ask, segment, clock=clock, progress=meter.part("asking for addresses"))
            for segment in segments
        ),
        read_devices(
            config,
            devices_named(config.inventory, (n for s in segments for n in s.routers)),
            clock=clock,
            progress=meter.part("reading routers"),
        ),
    )
    view = View(
        now=clock(),
        inventory=config.inventory,
        index=index(config.inventory),
        segments=tuple(asked),
        devices=routers,
        remembered=memory.identities,
        last_stations=memory.last_stations,
    )
    asked_again = await in_threads(
        partial(ask_again, view, seen, clock=clock, progress=meter.part("asking again"))
        for seen in view.segments
    )
    switches = await read_devices(
        config,
        devices_named(config.inventory, (n for s in segments for n in s.switches)),
        clock=clock,
        progress=meter.part("reading switches"),
    )
    return msgspec.structs.replace(
        view, now=clock(), segments=tuple(asked_again), devices={**routers, **switches}
    )
