"""What measurements share: contestants by turns, tables of medians, and net-snmp's commands."""

import sys
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import TypeVar

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from netguard.history import Outcome
from tests.benchmarks import site

Result = TypeVar("Result")
NETGUARD = (sys.executable, "-P", "-m", "netguard", "--config")
SNMP = ("-v2c", "-r0", "-t5", "-Onqv")


def interleaved(
    contestants: dict[str, Callable[[], Result]],
    runs: int,
    after: Callable[[], None] = lambda: None,
) -> dict[str, list[Result]]:
    """Run all of them by turns, so that what disturbs the machine disturbs all alike."""
    results: dict[str, list[Result]] = {name: [] for name in contestants}
    for _ in range(runs):
        for name, contestant in contestants.items():
            results[name].append(contestant())
            after()
    return results


def new_table(title: str, headers: Iterable[str]) -> Table:
    table = Table(title=title, title_justify="left", box=MARKDOWN)
    table.add_column("")
    for header in headers:
        table.add_column(header, justify="right")
    return table


def warn(console: Console, name: str, outcomes: Sequence[Outcome | None]) -> None:
    other = [str(outcome) for outcome in outcomes if outcome != "done"]
    if other:
        console.print(f"WARNING: {name}: {len(other)} of {len(outcomes)} ended as {set(other)}")


def milliseconds(seconds: Sequence[float]) -> tuple[str, str]:
    return f"{median(seconds) * 1000:.0f}", f"{max(seconds) * 1000:.0f}"


def set_command(address: str, oid: str, value: int = 2, write: str = site.WRITE) -> str:
    return f"MIBS= snmpset {' '.join(SNMP)} -c{write} {address} {oid} i {value}"


def get_command(address: str, *oids: str) -> str:
    return f"MIBS= snmpget {' '.join(SNMP)} -c{site.READ} {address} {' '.join(oids)}"
