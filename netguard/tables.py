"""The quick look at tables: what devices say of their stations and neighbours, read again."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from msgspec.structs import replace

from netguard.collect import Clock, read_again
from netguard.config import Config
from netguard.judge import judge_tables
from netguard.remember import Keep, Memory, Remembered, add, flights, moving
from netguard.rules.mac_flapping import has_moved
from netguard.view import DeviceView, View

Wanted = frozenset[tuple[str, Literal["fdb", "neighbors"]]]
"""Tables to read: of which device, and which of its own."""


async def look_at_tables(
    config: Config,
    known: View,
    wanted: Wanted,
    memory: Memory,
    *,
    clock: Clock,
    keep: Keep,
    resting: bool = False,
) -> tuple[Remembered, bool]:
    """Read tables of the known devices again, and write down what they show; that ends nothing.

    `resting` counts also the stations that are where they were, which says something only of looks
    that are seconds apart. Tells also whether it was worth it: a station has moved, or a finding
    taken a turn. What could not be read the last time is not waited for.
    """
    began = clock()
    devices = await asyncio.gather(
        *(read_again(config, view, names, clock=clock) for view, names in _read(known, wanted))
    )
    again = {device.device.name: device for device in devices}
    view = replace(known, now=clock(), devices={**known.devices, **again})
    if any(table == "fdb" for _, table in wanted):
        view = replace(view, flights=await asyncio.to_thread(flights, memory, view))
    return await asyncio.to_thread(_judged, memory, view, began, keep, resting=resting)


def _read(known: View, wanted: Wanted) -> Iterator[tuple[DeviceView, list[str]]]:
    """Yield which tables of which devices are read; who has no FDB will not have one now."""
    for name, view in known.devices.items():
        tables = {table for device, table in wanted if device == name}
        if not view.fdb:
            tables.discard("fdb")
        if tables:
            yield view, sorted(tables)


def _judged(
    memory: Memory, view: View, began: datetime, keep: Keep, *, resting: bool
) -> tuple[Remembered, bool]:
    stations = moving(view) or {}
    moved = {who: stays for who, stays in stations.items() if has_moved(stays, view.now)}
    kept = add(
        memory,
        judge_tables(view),
        now=view.now,
        began=began,
        keep=keep,
        moving=stations if resting else moved,
    )
    return kept, bool(moved or kept.events)
