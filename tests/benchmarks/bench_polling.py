"""A thousand switches read from one core, and the same columns by snmpbulkwalk: prints tables.

    python -m tests.benchmarks.bench_polling       (two cores, snmpbulkwalk; five minutes)

`netguard.collect.read_devices` reads a fleet of Catalysts (48 ports, 200 stations in one VLAN, LLDP
and CDP) that one process on another core answers for; every row is checked. snmpbulkwalk is run as
a shell loop would run it, a process for each device and column, 8 at once (`xargs -P 8`), over a
sample of the fleet, and its figures are scaled up. Each has the poller's one core, and snmpbulkwalk
in a run of its own both cores. What else is read of single objects, only netguard is charged with.
"""

import asyncio
import os
import resource
import subprocess
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple, TypeVar

from rich.console import Console

from netguard import clock, collect
from netguard.config import load
from netguard.view import DeviceView
from probes.snmp import REPETITIONS, Session, Walk
from tests.benchmarks import fleet
from tests.benchmarks.figures import interleaved, new_table
from tests.benchmarks.fleet import Manner

Answer = TypeVar("Answer")
Column = tuple[int | None, str]
SWITCHES, SAMPLE, RUNS = 1000, 25, 3
POLLER, AGENT = 0, 1  # cores
HEALTHY = Manner()
DEAD, SLOW = frozenset(range(7, SWITCHES, 20)), frozenset(range(11, SWITCHES, 50))
PAUSE = 0.02  # what an agent of a real switch takes for an answer
MEBI = 1024


class Poll(NamedTuple):
    """What reading cost: seconds, seconds of CPU, KiB of memory, rows, requests.

    `well` is when the last switch was read that is neither dead nor slow, `dead` how many could
    not be read, `files` how many descriptors were open at the most.
    """

    wall: float
    cpu: float
    peak: int
    rows: int
    well: float = 0.0
    dead: int = 0
    files: int = 0
    requests: int = 0


def in_a_process_of_its_own(question: Callable[..., Answer], *arguments: object) -> Answer:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(question, *arguments).result()


def counted(asked: "Synchronized[int]", question: Callable[[], Poll]) -> Poll:
    before = asked.value
    found = question()
    return found._replace(requests=asked.value - before)


def cpu_of(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


# --- netguard


def poll(config: Path, at_once: int, manner: Manner) -> Poll:
    """Read the whole fleet."""
    os.sched_setaffinity(0, {POLLER})
    collect.AT_ONCE = at_once
    settings = load(config)
    files: list[int] = []
    used, began, began_at = cpu_of(resource.RUSAGE_SELF), perf_counter(), clock.now()
    views = asyncio.run(
        collect.read_devices(
            settings,
            settings.inventory.devices,
            clock=clock.now,
            progress=lambda *_: files.append(descriptors()),
        )
    )
    wall, cpu = perf_counter() - began, cpu_of(resource.RUSAGE_SELF) - used
    ill = {fleet.name(n) for n in manner.dead | manner.slow}
    well = [view for name, view in views.items() if name not in ill]
    for view in well:
        check(view)
    return Poll(
        wall=wall,
        cpu=cpu,
        peak=most_resident(),
        rows=sum(map(rows, views.values())),
        well=(max(view.seen for view in well) - began_at).total_seconds(),
        dead=sum(view.system is None for view in views.values()),
        files=max(files),
    )


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def most_resident() -> int:
    """Return the most memory (KiB) that this process ever had, and not the one it came from."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])


def check(view: DeviceView) -> None:
    """See that what was read is what the switch holds."""
    switch = int(view.device.name[2:])
    own = f"02:00:5e:{switch // 128:02x}:{switch % 128:02x}:"
    assert not view.gaps, view.gaps
    assert view.system is not None
    assert view.system.sys_name == view.device.name
    assert [(row.if_index, row.name, row.phys_address) for row in view.interfaces] == [
        (fleet.IF_INDEX + n, f"Gi1/0/{n}", f"{own}{n:02x}") for n in range(1, fleet.PORTS + 1)
    ]
    assert {(row.vlan, row.mac, row.if_index, row.status) for row in view.fdb} == {
        (fleet.VLAN, f"{own}{fleet.PORTS + 1 + n:02x}", if_index(n), "learned")
        for n in range(fleet.STATIONS)
    }
    assert {(row.port, row.remote_name) for row in view.neighbors} == {("Gi1/0/48", "core1")}


def if_index(station: int) -> int:
    return fleet.IF_INDEX + station % fleet.PORTS + 1


def rows(view: DeviceView) -> int:
    return sum(map(len, (view.interfaces, view.addresses, view.arp, view.fdb, view.neighbors)))


def columns_asked(config: Path) -> list[Column]:
    """Return what netguard walks on one switch: each column and its VLAN's context."""
    asked: list[Column] = []
    walk = Session.walk

    async def noted(self: Session, oid: str) -> Walk:
        asked.append((self.vlan, oid))
        return await walk(self, oid)

    settings = load(config)
    Session.walk = noted  # type: ignore[method-assign]
    try:
        asyncio.run(collect.read_device(settings, settings.inventory.devices[0], clock=clock.now))
    finally:
        Session.walk = walk  # type: ignore[method-assign]
    return asked


# --- snmpbulkwalk


def bulk_walks(columns: list[Column], cores: set[int]) -> Poll:
    """Walk the columns on the sample, a process for each."""
    os.sched_setaffinity(0, cores)
    lines = [
        f"-c{fleet.READ}{f'@{vlan}' if vlan else ''} {fleet.address(n)}:{fleet.PORT} {oid}"
        for n in range(SAMPLE)
        for vlan, oid in columns
    ]
    walk = ("snmpbulkwalk", "-v2c", f"-Cr{REPETITIONS}", "-r2", "-t1.5", "-Onq")
    began = perf_counter()
    done = subprocess.run(
        ["xargs", "-P8", "-L1", *walk],
        input="\n".join(lines).encode(),
        env=os.environ | {"MIBS": ""},
        stdout=subprocess.PIPE,
        check=True,
    )
    wall = perf_counter() - began
    return Poll(
        wall=wall,
        cpu=cpu_of(resource.RUSAGE_CHILDREN),
        peak=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
        rows=done.stdout.count(b"\n"),
    )


def scaled(walks: Poll) -> Poll:
    times = SWITCHES // SAMPLE
    return walks._replace(
        wall=walks.wall * times,
        cpu=walks.cpu * times,
        rows=walks.rows * times,
        requests=walks.requests * times,
    )


# --- the tables


def contest(console: Console, config: Path) -> None:
    with fleet.served(HEALTHY, AGENT) as asked:
        columns = in_a_process_of_its_own(columns_asked, config)
        both = f"snmpbulkwalk, 8 at once, {SAMPLE} switches scaled"
        contestants: dict[str, Callable[[], Poll]] = {
            f"netguard, {collect.AT_ONCE} at once, one core": partial(
                in_a_process_of_its_own, poll, config, collect.AT_ONCE, HEALTHY
            ),
            f"{both}, one core": partial(in_a_process_of_its_own, bulk_walks, columns, {POLLER}),
            f"{both}, both cores": partial(
                in_a_process_of_its_own, bulk_walks, columns, {POLLER, AGENT}
            ),
        }
        runs = interleaved({n: partial(counted, asked, c) for n, c in contestants.items()}, RUNS)
    table = new_table(
        f"{SWITCHES} switches, {len(columns)} columns of each; medians of {RUNS} runs by turns",
        ("wall s", "CPU s", "peak MiB of a process", "requests", "rows or lines"),
    )
    for name, polls in runs.items():
        one = middle(polls if name.startswith("netguard") else [scaled(p) for p in polls])
        table.add_row(name, *costs(one), str(one.requests), str(one.rows))
    console.print(table)


def middle(polls: list[Poll]) -> Poll:
    wall, cpu = median(p.wall for p in polls), median(p.cpu for p in polls)
    most = polls[0]._replace(peak=max(p.peak for p in polls), well=median(p.well for p in polls))
    return most._replace(wall=wall, cpu=cpu)


def costs(one: Poll) -> tuple[str, str, str]:
    return f"{one.wall:.1f}", f"{one.cpu:.1f}", f"{one.peak / MEBI:.0f}"


def troubles(console: Console, config: Path) -> None:
    """Read fleets of which some are dead and some slow, with more and less room."""
    table = new_table(
        f"{SWITCHES} switches whose agents take {PAUSE * 1000:.0f} ms for an answer",
        ("at once", "dead", "wall s", "CPU s", "peak MiB", "all well ones read after s", "files"),
    )
    dead, ill = Manner(pause=PAUSE, dead=DEAD), Manner(pause=PAUSE, dead=DEAD, slow=SLOW)
    for title, manner, rooms in (
        ("all well", Manner(pause=PAUSE), (64, 128, 256)),
        ("5 % dead", dead, (128,)),
        ("5 % dead, 2 % answer after 1 s", ill, (128,)),
    ):
        with fleet.served(manner, AGENT):
            for at_once in rooms:
                one = in_a_process_of_its_own(poll, config, at_once, manner)
                after = f"{one.well:.1f}"
                row = (str(at_once), str(one.dead), *costs(one), after, str(one.files))
                table.add_row(title, *row)
    console.print(table)


def main() -> None:
    console = Console(width=160)
    with TemporaryDirectory() as folder:
        config = Path(folder) / "netguard.toml"
        config.write_text(fleet.configuration(SWITCHES))
        contest(console, config)
        troubles(console, config)


if __name__ == "__main__":
    main()
