"""Asks a segment who has which address, and asks again where the answers leave a doubt."""

import asyncio
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from typing import TypeVar

import msgspec

from netguard.collect import Clock
from netguard.inventory import Segment
from netguard.judge import canaries, disputes
from netguard.view import SegmentView, View, addresses_by_station, claims_of
from probes import arp
from probes.errors import ProbeError
from probes.records import ArpSweep, Gap, IPAddress

T = TypeVar("T")

AT_ONCE = 64  # segments asked at the same moment; each waits most of its time


def ask(
    segment: Segment,
    *,
    clock: Clock,
    stop: threading.Event,
    progress: Callable[[int, int], None],
) -> SegmentView:
    """Ask for every address of the segment; what prevents it becomes a gap.

    A segment without an interface is known by SNMP only: nothing is asked and nothing is missing.
    """
    networks = [n for n in segment.networks if isinstance(n, IPv4Network)]
    if segment.interface is None or not networks:
        return SegmentView(segment=segment)
    try:
        sweep = arp.sweep(
            segment.interface,
            networks,
            clock=clock,
            pace=segment.pace,
            progress=progress,
            stop=stop,
        )
    except ProbeError as error:
        return SegmentView(segment=segment, gaps=(_gap(segment, error),))
    lost = (_lost(segment, sweep),) if sweep.dropped else ()
    return SegmentView(segment=segment, sweep=sweep, claims=claims_of(sweep), gaps=lost)


def ask_again(
    view: View,
    seen: SegmentView,
    *,
    clock: Clock,
    stop: threading.Event,
    progress: Callable[[int, int], None],
) -> SegmentView:
    """Ask again about the doubtful addresses only; nothing is asked where there is no doubt."""
    doubtful = _ipv4(disputes(view, seen)) if seen.sweep else {}
    if not doubtful or seen.segment.interface is None:
        return seen
    others = addresses_by_station(seen.claims)
    try:
        tests = arp.retest(
            seen.segment.interface,
            doubtful,
            others={
                mac: [a for a in own if isinstance(a, IPv4Address)] for mac, own in others.items()
            },
            canaries=[a for a in canaries(view, seen) if isinstance(a, IPv4Address)],
            clock=clock,
            pace=seen.segment.pace,
            progress=progress,
            stop=stop,
        )
    except ProbeError as error:
        return msgspec.structs.replace(seen, gaps=(*seen.gaps, _gap(seen.segment, error)))
    return msgspec.structs.replace(seen, tests=tests)


class Hurry(msgspec.Struct, frozen=True):
    """How often to ask, how far apart, and how long to wait for each answer (seconds)."""

    rounds: int = 1
    spacing: float = 1.0
    patience: float = arp.ANSWER_TIME


def ask_about(
    segment: Segment,
    stations: Mapping[IPv4Address, Collection[str]],
    hurry: Hurry = Hurry(),  # noqa: B008 - it is frozen
    *,
    clock: Clock,
    stop: threading.Event,
) -> SegmentView:
    """Ask everybody on the segment who has these addresses, and the known `stations` alone."""
    if segment.interface is None or not stations:
        return SegmentView(segment=segment)
    try:
        tests = arp.retest(
            segment.interface,
            stations,
            others={},
            canaries=(),
            clock=clock,
            rounds=hurry.rounds,
            spacing=hurry.spacing,
            patience=hurry.patience,
            pace=segment.pace,
            stop=stop,
        )
    except ProbeError as error:
        return SegmentView(segment=segment, gaps=(_gap(segment, error),))
    return SegmentView(segment=segment, tests=tests)


async def in_threads(functions: Iterable[Callable[..., T]]) -> list[T]:
    """Run blocking functions side by side, each with a `stop` event that is set on Ctrl-C."""
    work = list(functions)
    stop = threading.Event()
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
        running = [loop.run_in_executor(threads, partial(f, stop=stop)) for f in work]
        try:
            return await asyncio.gather(*running)
        except BaseException:
            stop.set()
            raise


def _ipv4(doubtful: dict[IPAddress, frozenset[str]]) -> dict[IPv4Address, frozenset[str]]:
    return {a: who for a, who in doubtful.items() if isinstance(a, IPv4Address)}


def _gap(segment: Segment, error: ProbeError) -> Gap:
    gap = error.gap()
    return msgspec.structs.replace(gap, subject=segment.name, detail=f"{gap.subject}: {gap.detail}")


def _lost(segment: Segment, sweep: ArpSweep) -> Gap:
    return Gap(
        subject=segment.name,
        kind="frames-lost",
        detail=f"the kernel dropped {sweep.dropped} frames: silence proves nothing this time",
        remedy=f"lower `pace` of segment {segment.name}, or raise net.core.rmem_max",
    )
