"""How long a command takes to start, beside an empty Python and a bare click program.

python -m tests.benchmarks.bench_start
"""

import subprocess
import sys
from statistics import median
from time import perf_counter

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

RUNS = 21
BARE = "import click; click.command()(lambda: None).main(['--help'], standalone_mode=False)"
PROGRAMS = {
    "netguard --help": ["-m", "netguard", "--help"],
    "netguard findings list --help": ["-m", "netguard", "findings", "list", "--help"],
    "netguard sweep --help": ["-m", "netguard", "sweep", "--help"],
    "a bare click program --help": ["-c", BARE],
    "python -c pass": ["-c", "pass"],
}


def seconds(arguments: list[str]) -> float:
    began = perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - began


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(RUNS):
        for name, arguments in PROGRAMS.items():
            times[name].append(seconds(arguments))
    table = Table(title="Start, medians of whole processes", title_justify="left", box=MARKDOWN)
    table.add_column("")
    for column in ("ms", "x empty Python"):
        table.add_column(column, justify="right")
    empty = median(times["python -c pass"])
    for name, each in times.items():
        table.add_row(name, f"{median(each) * 1000:.0f}", f"{median(each) / empty:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
