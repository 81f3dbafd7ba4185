"""The quick look each full second in one long-lived process, with every step timed.

    python -m tests.benchmarks.hijack_daemon CONFIG     (ends when its stdin is closed)

For each look that led to a deed it prints one line of JSON: the outcome, and of each step its name,
when it began (UTC) and how many seconds it took.
"""

import asyncio
import importlib
import select
import sys
from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec

from netguard import clock
from netguard.config import load
from netguard.emergency import acting
from netguard.remember import recall
from netguard.sweep import sweep_gateways
from netguard.switches.opening import open_switch

Step = tuple[str, float, float]
steps: list[Step] = []

STEPS = (
    ("netguard.gateways", "in_threads", "question"),
    ("netguard.gateways", "read_devices", "reading devices"),
    ("netguard.sweep", "judge_gateways", "judging"),
    ("netguard.sweep", "add", "store: finding"),
    ("netguard.emergency.unattended", "know", "store: what is known"),
    ("netguard.emergency.unattended", "situation", "situation"),
    ("netguard.emergency.gathering", "_tables", "reading the port's tables"),
    ("netguard.emergency.unattended", "plan", "guards"),
    ("netguard.switches.change", "plan", "guards again"),
    ("netguard.emergency.acting", "conflict_cleared", "seeing the trouble end"),
    ("netguard.journal:StoreJournal", "begin", "store: intent"),
    ("netguard.journal:StoreJournal", "end", "store: outcome"),
)
DRIVER = {
    "prepare": "preparing the driver",
    "find": "finding the port",
    "set_admin_status": "SET",
    "again": "read-back",
}


def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function, which also notes how long it took."""

    def note(began: float) -> None:
        seconds = perf_counter() - began
        steps.append((name, clock.now().timestamp() - seconds, seconds))

    @wraps(function)
    async def awaited(*args: object, **kwargs: object) -> object:
        began = perf_counter()
        try:
            return await function(*args, **kwargs)
        finally:
            note(began)

    @wraps(function)
    def called(*args: object, **kwargs: object) -> object:
        began = perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            note(began)

    return awaited if iscoroutinefunction(function) else called


def watch_every_step() -> None:
    for place, attribute, name in STEPS:
        module, _, kind = place.partition(":")
        where = importlib.import_module(module)
        where = getattr(where, kind) if kind else where
        setattr(where, attribute, timed(name, getattr(where, attribute)))
    opening = timed("opening the driver", open_switch)

    def watched(*args: object) -> object:  # the driver's module is imported only by opening it
        switch = opening(*args)
        for attribute, name in DRIVER.items():
            setattr(switch, attribute, timed(name, getattr(switch, attribute)))
        return switch

    setattr(acting, "open_switch", watched)  # noqa: B010 - it is no part of what acting exports


def main() -> None:
    watch_every_step()
    config = load(Path(sys.argv[1]))
    while not select.select([sys.stdin], [], [], 1 - clock.now().timestamp() % 1)[0]:
        steps.clear()
        memory = recall(config.store, config.inventory)
        report = asyncio.run(
            sweep_gateways(
                config,
                config.inventory.segments,
                memory,
                clock=clock.now,
                progress=lambda *_: None,
            )
        ).report
        for deed in report.deeds:
            sys.stdout.buffer.write(msgspec.json.encode((deed.report.outcome, steps)) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
