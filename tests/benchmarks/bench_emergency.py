"""How long a hijacked gateway stays hijacked, and how long `netguard port` takes: prints tables.

    python -m tests.benchmarks.bench_emergency [closing] [outage] [command]

As root; needs tcpdump and snmpbulkwalk; a quarter of an hour, half of it for `outage`.

The practice network and a site of simulated switches, each in namespaces of its own. Their agents
are Python on the same cores, so what they take is part of every figure.

closing: a customer's server announces the gateway's address at a random moment. The clock starts
with the first forged frame that the monitoring station's card receives (AF_PACKET, the kernel's own
time stamp), and stops when the kernel tells over netlink that the switch's port is down (stamped
on arrival: late by a thread's wake-up). Verified is the time of the outcome in `port history`,
which netguard writes when it has read the port back and has seen the gateway alone answer. Every
run begins with a copy of a store that one healthy sweep has left. [shutdown] has
automatic = ["gateway-hijack"], confirmations = 2, and per_hour = 1000 for the benchmark.

outage: a datagram every 20 ms from ds0002, whose ARP entry the announcement poisons, through the
gateway to 203.0.113.10 and back; the longest time without an answer. A kernel heals when its entry
is found wrong (never, while the hijacker answers), or by luck: when the router's own kernel happens
to ask for the victim.

command: wall time of whole processes. By hand is what somebody does who knows all uplinks by heart:
the FDB column of every switch, eight at a time, for the MAC's port, then ifIndex, SET, read-back.
"""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import NamedTuple

from rich.console import Console

from netguard.config import load
from netguard.history import Outcome
from netguard.journal import StoreJournal
from netguard.lab import namespaces
from netguard.lab.control import Lab, up
from netguard.lab.topology import GATEWAY
from probes.mibs.if_mib import IF_ADMIN_STATUS, IF_OPER_STATUS
from tests.benchmarks.figures import (
    NETGUARD,
    get_command,
    interleaved,
    new_table,
    set_command,
    warn,
)
from tests.benchmarks.hijack import (
    HIJACKER,
    UPSTREAM,
    VICTIM,
    Daemon,
    PortWatch,
    Probe,
    Timer,
    first_forged,
    inside,
)
from tests.benchmarks.port_command import command
from tests.segment import Tap
from tests.station import configured

RUNS, OUTAGES, MOST = 20, 5, 60.0
CAT1, FA0_4 = "192.0.2.11", 10004
POLICY = '[shutdown]\nautomatic = ["gateway-hijack"]\nconfirmations = 2\nper_hour = 1000\n'
QUIET = 2.5  # seconds after mending in which caches and forwarding tables come to believe it


class Run(NamedTuple):
    """Seconds from the first forged frame, and what was written down."""

    down: float | None
    verified: float | None
    outcome: Outcome | None


class Practice(NamedTuple):
    """The practice network, and the open files of the hosts that are needed."""

    lab: Lab
    folder: Path
    mon: int
    cat1: int
    victim: int
    upstream: int

    def fresh(self, *, announce: bool = False) -> Path:
        """Return a configuration with a store that knows one healthy sweep, and nothing else."""
        swept, folder = self.folder / "swept", self.folder / "run"
        told = f"{POLICY}announce = {str(announce).lower()}\n"
        edits = (("[snmp.lab]", f"{told}\n[snmp.lab]"),)
        if not swept.exists():
            swept.mkdir()
            config = configured(self.lab, swept, edits)
            self.on_mon(*NETGUARD, str(config), "sweep")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(swept, folder)
        return configured(self.lab, folder, edits)

    def on_mon(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        with namespaces.entered(self.mon):
            return subprocess.run(command, capture_output=True, check=True)

    def mend(self) -> None:
        self.lab.mend()
        sleep(QUIET)


@contextmanager
def practice() -> Iterator[Practice]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        lab = stack.enter_context(up(folder / "lab"))
        hosts = ("mon", "cat1", VICTIM, "upstream")
        files = [stack.enter_context(inside(lab, host)) for host in hosts]
        yield Practice(lab, folder, *files)


def timer(p: Practice, config: Path) -> AbstractContextManager[object]:
    command = [*NETGUARD, str(config), "sweep", "--gateways"]
    return Timer(p.mon, command, config.parent / "log")


def daemon(p: Practice, config: Path) -> AbstractContextManager[object]:
    return Daemon(p.mon, config, config.parent / "said")


# --- closing: from the first forged frame to the port down and verified


def closed_by(p: Practice, scheduler: Callable[..., AbstractContextManager[object]]) -> Run:
    config = p.fresh()
    with Tap(p.mon, "eth1") as tap, PortWatch(p.cat1) as watch:
        with scheduler(p, config):
            sleep(2 + random.random())  # noqa: S311 - any phase will do
            p.lab.break_("gateway-hijack")
            down = watch.down(15)
        began = first_forged(tap)
    p.mend()
    actions = StoreJournal(load(config).store).actions(None) or ()
    ended = next((a for a in actions if a.step == "outcome"), None)
    return Run(
        down=down - began if down else None,
        verified=ended.at.timestamp() - began if ended else None,
        outcome=ended.outcome if ended else None,
    )


def closed_by_hand(p: Practice) -> Run:
    """Let tcpdump wait for the frame, and then close the port that is known beforehand."""
    forged = f"arp[14:4] = 0x{bytes(map(int, GATEWAY.split('.'))).hex()} and ether src {HIJACKER}"
    order = f"{IF_ADMIN_STATUS}.{FA0_4}"
    script = (
        f"tcpdump --immediate-mode -Uni eth1 -c1 '{forged}' && {set_command(CAT1, order)} &&"
        f" {get_command(CAT1, order, f'{IF_OPER_STATUS}.{FA0_4}')} && date +%s.%N"
    )
    with Tap(p.mon, "eth1") as tap, PortWatch(p.cat1) as watch:
        with namespaces.entered(p.mon):
            waiting = subprocess.Popen(
                ["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        sleep(1)
        p.lab.break_("gateway-hijack")
        down = watch.down(15)
        *_, admin, oper, ended = waiting.communicate(timeout=15)[0].split()
        began = first_forged(tap)
    p.mend()
    right = (admin, oper) == (b"2", b"2")
    verified = float(ended) - began
    return Run(down - began if down else None, verified, "done" if right else "failed")


def closing(console: Console) -> None:
    with practice() as p:
        contestants: dict[str, Callable[[], Run]] = {
            "a cold process each second": lambda: closed_by(p, timer),
            "netguard watch": lambda: closed_by(p, daemon),
            "tcpdump, snmpset, snmpget": lambda: closed_by_hand(p),
        }
        runs = interleaved(contestants, RUNS)
    table = new_table(
        f"From the first forged frame to the port down, unattended, {RUNS} runs",
        ("down s", "worst", "verified s", "worst"),
    )
    for name, each in runs.items():
        downs = [run.down for run in each if run.down]
        seen = [run.verified for run in each if run.verified]
        table.add_row(name, *(f"{f(of):.2f}" for of in (downs, seen) for f in (median, max)))
    console.print(table)
    for name, each in runs.items():
        warn(console, name, [run.outcome for run in each])


# --- outage: what a victim feels


def outage_of(p: Practice, *, guarded: bool, announce: bool) -> tuple[float, Outcome | None]:
    config = p.fresh(announce=announce)
    with Probe(p.victim, p.upstream) as probe:
        with timer(p, config) if guarded else nullcontext():
            sleep(2 + random.random())  # noqa: S311 - any phase will do
            began = monotonic()
            p.lab.break_("gateway-hijack")
            seconds = probe.outage(since=began, most=MOST)
        p.mend()
    actions = StoreJournal(load(config).store).actions(None) or ()
    return seconds, next((a.outcome for a in actions if a.step == "outcome"), None)


def outage(console: Console) -> None:
    healing = "closed, and the kernel's own healing"
    with practice() as p:
        contestants = {
            "closed, and announce = true": lambda: outage_of(p, guarded=True, announce=True),
            healing: lambda: outage_of(p, guarded=True, announce=False),
            "nothing but the kernel's own healing": lambda: outage_of(
                p, guarded=False, announce=False
            ),
        }
        runs = interleaved(contestants, OUTAGES)
    title = f"{VICTIM} cannot reach {UPSTREAM}, {OUTAGES} runs, given up after {MOST:.0f} s"
    table = new_table(title, ("seconds", "least", "most"))
    for name, each in runs.items():
        lost = [seconds for seconds, _ in each]
        table.add_row(name, *(at_most(f(lost)) for f in (median, min, max)))
    console.print(table)
    for name, each in runs.items():
        if name.startswith("closed"):
            warn(console, name, [outcome for _, outcome in each])
        if any(not seconds for seconds, _ in each):
            console.print(f"WARNING: {name}: in some runs nothing was poisoned")


def at_most(seconds: float) -> str:
    return f"> {MOST:.0f}" if seconds >= MOST - 1 else f"{seconds:.2f}"


def main() -> None:
    console = Console(width=100)
    parts = {part.__name__: part for part in (closing, outage, command)}
    for name in sys.argv[1:] or parts:
        before = os.getloadavg()[0]
        parts[name](console)
        console.print(f"load average {before:.1f} before, {os.getloadavg()[0]:.1f} after\n")


if __name__ == "__main__":
    main()
