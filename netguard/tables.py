"""The quick look at tables: what devices say of their stations and neighbours, read again."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec.structs import replace

from netguard.collect import AT_ONCE, Clock, read_again
from netguard.config import Config
from netguard.judge import judge_tables
from netguard.neighbors import Claim, claims
from netguard.remember import Keep, Memory, Remembered, add, flights, moving
from netguard.rules.mac_flapping import Flights, Station, finding_id, has_moved
from netguard.view import DeviceView, Stay, View

Wanted = frozenset[tuple[str, Literal["fdb", "neighbors"]]]
"""Tables to read: of which device, and which of its own."""

# Two machines with one MAC, and a loop, move it within a second. What takes longer may be a bond
# whose link bounces, or a guest that is moved to and fro: slower looks decide that.
AT_A_TIME = timedelta(seconds=5)


class Reread(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the findings, which stations have moved again, and where they were just now.

    `heard` are the devices whose neighbours were asked for, and whether anything is unclear there:
    one that is not confirmed, or a gap.
    """

    remembered: Remembered
    moved: frozenset[Station]
    recent: Flights
    heard: Mapping[str, bool]


async def look_at_tables(
    config: Config,
    known: View,
    wanted: Wanted,
    recent: Flights,
    memory: Memory,
    *,
    clock: Clock,
    keep: Keep,
) -> Reread:
    """Read tables of the known devices again, and write down what is certain; that ends nothing.

    `recent` is what the last of these looks has returned. Whoever passes as a device is believed
    to be false only once that one was asked, too.
    """
    began = clock()
    view = await _read(config, known, wanted, clock)
    heard = {device for device, table in wanted if table == "neighbors"} & known.devices.keys()
    if named := {claim.named.device.name for claim in _doubtful(view, heard)} - heard:
        view = await _read(config, view, Wanted((name, "neighbors") for name in named), clock)
    lately = dict(_just_now(recent, view.now))
    view = replace(view, flights=await asyncio.to_thread(flights, memory, view, lately))
    again = await asyncio.to_thread(_judged, memory, view, heard, began, keep)
    return replace(again, moved=again.moved & lately.keys())


async def _read(config: Config, known: View, wanted: Wanted, clock: Clock) -> View:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(view: DeviceView, names: list[str]) -> DeviceView:
        async with room:
            return await read_again(config, view, names, clock=clock)

    views = await asyncio.gather(*(one(*each) for each in _tables(known.devices, wanted)))
    again = {view.device.name: view for view in views}
    return replace(known, now=clock(), devices={**known.devices, **again})


def _tables(
    devices: Mapping[str, DeviceView], wanted: Wanted
) -> Iterator[tuple[DeviceView, list[str]]]:
    """Yield which tables of which devices are read; a router without an FDB has none now."""
    for name in sorted({name for name, _ in wanted} & devices.keys()):
        view = devices[name]
        has_fdb = view.fdb or view.device.role == "switch"
        tables = ["fdb"] if has_fdb and (name, "fdb") in wanted else []
        tables += ["neighbors"] if (name, "neighbors") in wanted else []
        if tables:
            yield view, tables


def _doubtful(view: View, heard: Collection[str]) -> list[Claim]:
    """Return the neighbours of these devices that say to be one of ours, unconfirmed by it."""
    if not heard:
        return []
    doubtful = (claim for claim in claims(view.devices) if claim.answer != "confirmed")
    return [claim for claim in doubtful if claim.port.device in heard]


def _judged(memory: Memory, view: View, heard: set[str], began: datetime, keep: Keep) -> Reread:
    stations = moving(view) or {}
    moved = {who: stays for who, stays in stations.items() if has_moved(stays, view.now)}
    found = judge_tables(view, heard)
    ids = {finding.id for finding in found}
    flapping = {who: stays for who, stays in stations.items() if finding_id(*who) in ids}
    doubtful = {claim.port.device for claim in _doubtful(view, heard)}
    doubtful |= {name for name in heard if view.devices[name].gaps}
    return Reread(
        remembered=add(memory, found, now=view.now, began=began, keep=keep, moves=flapping),
        moved=frozenset(moved),
        recent={**(view.flights or {}), **moved},
        heard={device: device in doubtful for device in heard},
    )


def _just_now(stations: Flights, now: datetime) -> Iterator[tuple[Station, tuple[Stay, ...]]]:
    """Yield where stations were in the last moments, and before these.

    What is later than now was seen before the clock was set back, and counts for nothing.
    """
    for station, known in stations.items():
        stays = tuple(stay for stay in known if stay.seen <= now)
        before = [stay for stay in stays if stay.seen <= now - AT_A_TIME]
        last = [stay for stay in before if stay.seen == before[-1].seen]
        if len(before) < len(stays):
            yield station, (*last, *stays[len(before) :])
