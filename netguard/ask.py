"""Asks a segment who has which address, and asks again where the answers leave a doubt."""

import asyncio
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import TypeVar

import msgspec

from netguard.collect import Clock
from netguard.inventory import Segment
from netguard.judge import canaries, disputes
from netguard.view import SegmentView, View, addresses_by_station, claims_of
from probes import arp, ndp
from probes.errors import ProbeError
from probes.heard import ArpSweep, ClaimTest
from probes.records import Gap, IPAddress
from probes.retesting import ANSWER_TIME

T = TypeVar("T")
AddressT = TypeVar("AddressT", bound=IPAddress)

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


class Hurry(msgspec.Struct, frozen=True):
    """How often to ask, how far apart, and how long to wait for each answer (seconds)."""

    rounds: int = 1
    spacing: float = 1.0
    patience: float = ANSWER_TIME


_THOROUGH = Hurry(rounds=3)


def ask_again(
    view: View,
    seen: SegmentView,
    *,
    clock: Clock,
    stop: threading.Event,
    progress: Callable[[int, int], None],
) -> SegmentView:
    """Ask again about the doubtful addresses only; nothing is asked where there is no doubt."""
    doubtful = {} if seen.gaps else disputes(view, seen)
    others = addresses_by_station(seen.claims) if doubtful else {}
    by_arp = partial(
        arp.retest,
        others={mac: _ipv4(own) for mac, own in others.items()},
        canaries=_ipv4(canaries(view, seen)) if doubtful else (),
        progress=progress,
    )
    asked = _asked(seen.segment, doubtful, by_arp, _THOROUGH, clock=clock, stop=stop)
    return msgspec.structs.replace(seen, tests=asked.tests, gaps=(*seen.gaps, *asked.gaps))


def ask_about(
    segment: Segment,
    stations: Mapping[IPAddress, Collection[str]],
    hurry: Hurry = Hurry(),  # noqa: B008 - it is frozen
    *,
    clock: Clock,
    stop: threading.Event,
) -> SegmentView:
    """Ask everybody on the segment who has these addresses, and the known `stations` alone.

    IPv4 by ARP, IPv6 by Neighbor Discovery: where one of them fails, that is a gap, and what the
    other has shown stands.
    """
    by_arp = partial(arp.retest, others={}, canaries=())
    return _asked(segment, stations, by_arp, hurry, clock=clock, stop=stop)


def _asked(
    segment: Segment,
    stations: Mapping[IPAddress, Collection[str]],
    by_arp: Callable[..., tuple[ClaimTest, ...]],
    hurry: Hurry,
    *,
    clock: Clock,
    stop: threading.Event,
) -> SegmentView:
    tests: tuple[ClaimTest, ...] = ()
    gaps: tuple[Gap, ...] = ()
    for retest in _retests(segment, stations, by_arp):
        try:
            tests += retest(
                clock=clock,
                rounds=hurry.rounds,
                spacing=hurry.spacing,
                patience=hurry.patience,
                pace=segment.pace,
                stop=stop,
            )
        except ProbeError as error:
            gaps += (_gap(segment, error),)
    return SegmentView(segment=segment, tests=tests, gaps=tuple(dict.fromkeys(gaps)))


def _retests(
    segment: Segment,
    stations: Mapping[IPAddress, Collection[str]],
    by_arp: Callable[..., tuple[ClaimTest, ...]],
) -> Iterable[Callable[..., tuple[ClaimTest, ...]]]:
    if segment.interface is None:
        return
    if ipv4 := _only(IPv4Address, stations):
        yield partial(by_arp, segment.interface, ipv4)
    if ipv6 := _only(IPv6Address, stations):
        yield partial(ndp.retest, segment.interface, ipv6)


async def in_threads(functions: Iterable[Callable[..., T]]) -> list[T]:
    """Run blocking functions side by side, each with a `stop` event that is set on Ctrl-C."""
    work = list(functions)
    stop = threading.Event()
    loop = asyncio.get_running_loop()
    threads = ThreadPoolExecutor(max_workers=AT_ONCE)
    running = [loop.run_in_executor(threads, partial(f, stop=stop)) for f in work]
    try:
        return await asyncio.gather(*running)
    finally:
        stop.set()
        threads.shutdown(wait=False)  # they end by themselves; others run in this loop meanwhile


def _only(
    kind: type[AddressT], stations: Mapping[IPAddress, Collection[str]]
) -> dict[AddressT, Collection[str]]:
    return {a: who for a, who in stations.items() if isinstance(a, kind)}


def _ipv4(addresses: Iterable[IPAddress]) -> list[IPv4Address]:
    return [address for address in addresses if isinstance(address, IPv4Address)]


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
