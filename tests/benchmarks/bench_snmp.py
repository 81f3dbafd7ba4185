"""SNMP reads against snmpbulkwalk: prints a table.

    python -m tests.benchmarks.bench_snmp       (as root; needs snmpd and snmpbulkwalk; a minute)

A real snmpd in a namespace holds 5,000 FDB entries (a kernel bridge, through pass_persist, which is
slow in the agent) and 5,000 ARP entries (the kernel's own). Both contestants walk the same columns
of it, each in a process of its own, turn by turn; figures are medians. CPU is the client's alone.
"""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from ipaddress import IPv4Address
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple, TypeVar

from rich.console import Console
from rich.table import Table

from netguard.lab import namespaces
from probes.mibs import bridge_mib
from probes.mibs.ip_mib import IP_NET_TO_MEDIA_PHYS_ADDRESS, IP_NET_TO_MEDIA_TYPE
from probes.snmp import REPETITIONS, Credentials, open_session
from tests import bridge_pass_persist
from tests.snmpd import snmpd

Answer = TypeVar("Answer")
ENTRIES = 5000
RUNS = 9
PUBLIC = Credentials(community="public")
FDB = (bridge_mib.TP_FDB_PORT, bridge_mib.TP_FDB_STATUS)
BASELINE = f"snmpbulkwalk -Cr{REPETITIONS}"
ARP = (IP_NET_TO_MEDIA_PHYS_ADDRESS, IP_NET_TO_MEDIA_TYPE)


class Cost(NamedTuple):
    """What one run took: seconds by the clock, of CPU, and of CPU for the start of the program.

    `cpu` leaves `startup` out.
    """

    wall: float
    cpu: float
    rows: int
    startup: float


def cpu_of(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def in_a_process_of_its_own(question: Callable[..., Answer], *arguments: object) -> Answer:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(question, *arguments).result()


# --- one big table


def netguard(port: int, columns: tuple[str, ...]) -> Cost:
    startup = cpu_of(resource.RUSAGE_SELF)
    began = perf_counter()

    async def walk() -> int:
        async with open_session("switch", "127.0.0.1", port, PUBLIC, timeout=10) as session:
            walks = [await session.walk(oid) for oid in columns]
        assert not any(walk.gap for walk in walks)
        return sum(len(walk.rows) for walk in walks)

    rows = asyncio.run(walk())
    cpu = cpu_of(resource.RUSAGE_SELF) - startup
    return Cost(perf_counter() - began, cpu, rows, startup)


def snmpbulkwalk(
    port: int, columns: tuple[str, ...], startup: float = 0.0, repetitions: int = 10
) -> Cost:
    began, used, rows = perf_counter(), cpu_of(resource.RUSAGE_CHILDREN), 0
    command = ["snmpbulkwalk", "-v2c", "-cpublic", f"-Cr{repetitions}", "-t10", "-Onq"]
    for oid in columns:
        output = subprocess.run(
            [*command, f"127.0.0.1:{port}", oid],
            env={"MIBS": ""},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        rows += output.count(b"\n")
    startup *= len(columns)
    cpu = cpu_of(resource.RUSAGE_CHILDREN) - used
    return Cost(perf_counter() - began, cpu - startup, rows, startup)


def bulk_startup(port: int) -> float:
    """Measure what starting snmpbulkwalk costs: a walk of one row."""
    return median(snmpbulkwalk(port, ("1.3.6.1.2.1.1.1",)).cpu for _ in range(RUNS))


@contextmanager
def big_switch() -> Iterator[int]:
    """Yield the port of an snmpd whose namespace, entered here, holds the two tables."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        inside = namespaces.create()
        stack.callback(os.close, inside)
        stack.enter_context(namespaces.entered(inside))
        fill_kernel_tables()
        program = f"{sys.executable} {bridge_pass_persist.__file__} br0 3600"
        served = f"pass_persist .1.3.6.1.2.1.17 {program}"
        yield stack.enter_context(snmpd(folder, "rocommunity public", served))


def fill_kernel_tables() -> None:
    links = (
        "link set lo up",
        "link add br0 type bridge",
        "link add p0 type veth peer name p1",
        "link set p0 master br0 up",
        "link set br0 up",
        "address add 198.18.0.1/16 dev br0",
    )
    macs = [(0x02_00_5E_00_00_00 + n).to_bytes(6, "big").hex(":") for n in range(ENTRIES)]
    first = IPv4Address("198.18.1.0")
    arp = [f"neigh add {first + n} lladdr {mac} dev br0" for n, mac in enumerate(macs)]
    fdb = [f"fdb add {mac} dev p0 master static" for mac in macs]
    for program, lines in (("ip", [*links, *arp]), ("bridge", fdb)):
        subprocess.run([program, "-batch", "-"], input="\n".join(lines), text=True, check=True)


def big_tables(console: Console) -> None:
    table = Table("table", "client", "rows", "wall s", "CPU ms", "CPU ratio", "startup CPU ms")
    with big_switch() as port:
        startup = bulk_startup(port)
        for title, columns in (("FDB", FDB), ("ARP", ARP)):
            contestants: dict[str, Callable[[], Cost]] = {
                BASELINE: partial(snmpbulkwalk, port, columns, startup, REPETITIONS),
                "snmpbulkwalk, its default 10": partial(snmpbulkwalk, port, columns, startup, 10),
                "netguard": partial(in_a_process_of_its_own, netguard, port, columns),
            }
            runs: dict[str, list[Cost]] = {name: [] for name in contestants}
            for name, run in RUNS * list(contestants.items()):
                runs[name].append(run())
            for name, costs in runs.items():
                table.add_row(title, name, *figures(costs, runs[BASELINE]))
    console.print(table)


def figures(costs: list[Cost], baseline: list[Cost]) -> tuple[str, ...]:
    cpu = median(cost.cpu for cost in costs)
    return (
        str(costs[0].rows),
        f"{median(cost.wall for cost in costs):.2f}",
        f"{cpu * 1000:.0f}",
        f"{cpu / median(cost.cpu for cost in baseline):.2f}",
        f"{median(cost.startup for cost in costs) * 1000:.0f}",
    )


def main() -> None:
    big_tables(Console())


if __name__ == "__main__":
    main()
