"""One sweep: measure the segments and their devices, ask again where in doubt, judge, remember."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from netguard.ask import ask, ask_again, in_threads
from netguard.collect import Clock, read_devices
from netguard.config import Config
from netguard.coverage import SWEPT
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
from netguard.remember import (
    Keep,
    Memory,
    Remembered,
    add,
    first_seen,
    flights,
    remember,
)
from netguard.rules.claims import answers, tests_of
from netguard.store import SweepRecord
from netguard.view import DeviceView, View
from probes.records import Gap, IPAddress

Deeds = Coroutine[Any, Any, tuple[Deed, ...]]
Act = Callable[[Callable[[], Deeds]], Deeds]


async def _at_once(deeds: Callable[[], Deeds]) -> tuple[Deed, ...]:
    return await deeds()


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


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen in one look, what it says, and what became of the findings by it."""

    view: View
    report: Report
    remembered: Remembered


async def sweep(
    config: Config,
    segments: Sequence[Segment],
    memory: Memory,
    *,
    clock: Clock,
    progress: Progress,
) -> Look:
    """Sweep the segments once, write down what was found, act as far as the policy goes, report.

    Where something may be done unattended, the gateways come first: while they are taken, the
    whole segment waits.
    """
    first: tuple[Deed, ...] = ()
    if config.shutdown.automatic:
        quick = await sweep_gateways(config, segments, memory, clock=clock, progress=progress)
        first = quick.report.deeds
    taken = await look(config, segments, memory, clock=clock, progress=progress)
    said = msgspec.structs.replace(taken.report, deeds=(*first, *taken.report.deeds))
    return msgspec.structs.replace(taken, report=said)


async def look(
    config: Config,
    segments: Sequence[Segment],
    memory: Memory,
    *,
    clock: Clock,
    progress: Progress,
    devices: Mapping[str, DeviceView] | None = None,
    heard: Callable[[], Sequence[Finding]] = tuple,
    keep: Keep | None = None,
    act: Act = _at_once,
) -> Look:
    """Look at the segments once, write down what was found, and act as far as the policy goes.

    `devices` are these as they were read lately, by who reads them more seldom than segments are
    swept; nothing is done on the strength of them, and no station's moves are followed. `heard`
    returns what listening has found by then, which asking neither proves nor refutes. `act` runs
    what may change a port, for who does so one after the other, and elsewhere: it may wait for the
    store.
    """
    started = clock()
    view = await measure(config, segments, memory, clock=clock, progress=progress, devices=devices)
    view = await asyncio.to_thread(_with_memories, memory, view, fresh=devices is None)
    record = _recorded(view, segments, started, clock)
    remembered = await asyncio.to_thread(_judged, memory, view, heard(), record, keep)
    deeds: tuple[Deed, ...] = ()
    if devices is None:
        deeds = await act(partial(_deeds, config, view, remembered, clock=clock))
    said = msgspec.structs.replace(
        with_deeds(report(record, remembered), deeds), silent_gateways=silent_gateways(view)
    )
    return Look(view=view, report=said, remembered=remembered)


def _with_memories(memory: Memory, view: View, *, fresh: bool) -> View:
    return msgspec.structs.replace(
        view,
        first_seen=first_seen(memory, view),
        flights=flights(memory, view) if fresh else None,
    )


def _judged(
    memory: Memory, view: View, heard: Iterable[Finding], record: SweepRecord, keep: Keep | None
) -> Remembered:
    found = {finding.id: finding for finding in (*heard, *judge(view))}
    return remember(memory, view, tuple(found.values()), record, keep)


async def _deeds(
    config: Config, view: View, remembered: Remembered, *, clock: Clock
) -> tuple[Deed, ...]:
    return (
        *await not_closed_any_more(config, view, clock=clock),
        *await act_on_policy(config, view, remembered.findings, clock=clock),
        *await open_again(config, clock=clock),
    )


async def sweep_gateways(
    config: Config,
    segments: Sequence[Segment],
    memory: Memory,
    *,
    clock: Clock,
    progress: Progress,
    keep: Keep | None = None,
    act: Act = _at_once,
) -> Look:
    """Take the quick look at the gateways, and act on it as far as the policy goes.

    It ends no finding, and is not written down as a sweep: only a whole one proves an end.
    """
    started = clock()
    view = await look_at_gateways(config, segments, memory, clock=clock, progress=progress)
    record = _recorded(view, segments, started, clock)
    remembered = await asyncio.to_thread(_judged_quickly, memory, view, started, keep)
    deeds: tuple[Deed, ...] = ()
    if remembered.findings:
        deeds = await act(partial(act_on_policy, config, view, remembered.findings, clock=clock))
    said = with_deeds(report(record, remembered), deeds)
    return Look(view=view, report=said, remembered=remembered)


def _judged_quickly(memory: Memory, view: View, began: datetime, keep: Keep | None) -> Remembered:
    return add(memory, judge_gateways(view), now=view.now, began=began, keep=keep)


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
    devices: Mapping[str, DeviceView] | None = None,
) -> View:
    """Take one look: sweep and read the routers, ask again where in doubt, read the switches.

    The routers come first because they say who the gateway is; the switches come last so that
    their FDBs are fresher than the claims they must locate. `devices` need not be read then.
    """
    meter = Meter(progress)
    asked, routers = await asyncio.gather(
        in_threads(
            partial(ask, segment, clock=clock, progress=meter.part("asking for addresses"))
            for segment in segments
        ),
        _read(config, (n for s in segments for n in s.routers), "reading routers", clock, meter)
        if devices is None
        else _known(devices),
    )
    view = View(
        now=clock(),
        inventory=config.inventory,
        index=index(config.inventory),
        segments=tuple(asked),
        devices=routers,
        remembered=memory.identities,
        last_stations=memory.last_stations,
        suspects=memory.suspects,
    )
    asked_again = await in_threads(
        partial(ask_again, view, seen, clock=clock, progress=meter.part("asking again"))
        for seen in view.segments
    )
    switches = (
        await _read(
            config, (n for s in segments for n in s.switches), "reading switches", clock, meter
        )
        if devices is None
        else {}
    )
    return msgspec.structs.replace(
        view, now=clock(), segments=tuple(asked_again), devices={**routers, **switches}
    )


async def _read(
    config: Config, names: Iterable[str], what: str, clock: Clock, meter: Meter
) -> Mapping[str, DeviceView]:
    wanted = devices_named(config.inventory, names)
    return await read_devices(config, wanted, clock=clock, progress=meter.part(what))


async def _known(devices: Mapping[str, DeviceView]) -> Mapping[str, DeviceView]:
    return devices
