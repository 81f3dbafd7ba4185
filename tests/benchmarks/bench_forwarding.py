"""Which addresses are forwarded, asked by netguard and by its peers: prints tables.

    python -m tests.benchmarks.bench_forwarding [block] [large] [matrix]

As root; needs nft, traceroute, mtr and scamper; about seven minutes, nearly all of them the peers'.

block: six servers with 64 addresses each behind real kernels (tests/routed.py), from one place.
Every run has a network of its own, so that nobody finds a server's ICMP limit used up by others.
traceroute and mtr take one address at a time; they are given every 8th and every 16th address, and
their packets and seconds are multiplied by that. The packets are what the uplink's counter says.
Right is a true answer or an honest one (tests/routed_plan.py); open is an answer that says nothing
where something could be known; wrong is any other, and each kind of them is listed.

large: 20,000 addresses behind 500 servers, played by one process (tests/responder.py) on the same
cores, with 0.5 % of the packets lost each way. Its figures: the most packets that reached one
server within a second, and the errors that the servers' limits held back.

matrix: every address of the routed network, IPv4 and IPv6, with one way to the edge and with two of
unequal length; for each server and truth how many answers were right / wrong / open.
"""

import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
)
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple, cast

from rich.console import Console

from netguard.store import open_store
from probes.records import IPAddress
from tests import responder, routed
from tests.benchmarks import forwarding_peers
from tests.benchmarks.figures import new_table
from tests.benchmarks.forwarding_peers import MTR, TRACEROUTE, Outcome, in_a_loop, scamper
from tests.forwarding_truth import Network, Score, State, of_version

LOSS, SEED = 0.005, 1
SAMPLE, MTR_SAMPLE = 8, 16
RUNS = 5

Ask = Callable[[Network, Sequence[IPAddress]], Outcome]
Make = Callable[[], AbstractContextManager[Network]]


def ask_netguard(network: Network, addresses: Sequence[IPAddress]) -> Outcome:
    """Let netguard sweep the servers as a scheduler does: a cold process, and a store on disk."""
    with TemporaryDirectory() as folder:
        store = Path(folder, "netguard.db")
        config = Path(folder, "netguard.toml")
        config.write_text(inventory(network, addresses, store), "utf-8")
        command = (sys.executable, "-m", "netguard", "--config", str(config), "sweep", "--servers")
        ran = network.run(*command)
        states = stored_states(store)
    return Outcome(states, ran.packets, ran.seconds, ran.cpu, ran.peak)


def inventory(network: Network, addresses: Sequence[IPAddress], store: Path) -> str:
    """Return a configuration with the servers and those of their addresses."""
    wanted = set(addresses)
    lines = [f'store = "sqlite:///{store}"', "[[segment]]", 'name = "servers"']
    around = {
        ip_network((own, 64 if own.version == 6 else 24), strict=False)
        for s in network.servers
        for own in s.own
    }
    lines += [f"networks = {[str(each) for each in around]}"]
    lines += ["[[vantage]]", 'name = "noc"', f"sources = {[str(s) for s in network.sources]}"]
    for server in network.servers:
        mine = [address for address in server.addresses if address in wanted]
        own = [address for address in server.own if mine and address.version == mine[0].version]
        if own:
            blocks = ", ".join(f'"{block}"' for block in summary(mine))
            lines += ["[[server]]", f'name = "{server.name}"', f'address = "{own[0]}"']
            lines += [f"blocks = [{blocks}]"]
    return "\n".join(lines)


def summary(addresses: Sequence[IPAddress]) -> list[IPv4Network | IPv6Network]:
    """Return the networks that make up the addresses, which are of one family."""
    four = [address for address in addresses if isinstance(address, IPv4Address)]
    six = [address for address in addresses if isinstance(address, IPv6Address)]
    return [
        *collapse_addresses(map(IPv4Network, four)),
        *collapse_addresses(map(IPv6Network, six)),
    ]


def stored_states(store: Path) -> dict[IPAddress, State]:
    with open_store(f"sqlite:///{store}") as opened:
        records = opened.servers()
    states = {ip_address(a): s for record in records for a, s in record.states.items()}
    return {address: cast("State", state) for address, state in states.items()}


def sample_of(step: int, *command: str) -> Ask:
    """Ask about every so many addresses, and tell what all of them would have cost."""

    def ask(network: Network, addresses: Sequence[IPAddress]) -> Outcome:
        sample = addresses[::step]
        asked, scale = in_a_loop(network, sample, *command), len(addresses) / len(sample)
        packets, seconds = round(asked.packets * scale), asked.seconds * scale
        return asked._replace(packets=packets, seconds=seconds, cpu=asked.cpu * scale)

    return ask


def scamper_at(pace: int) -> Ask:
    return lambda network, addresses: scamper(network, addresses, pace)


class Judged(NamedTuple):
    """What somebody said, and how far it was true."""

    said: Outcome
    score: Score


def judged(ask: Ask, network: Network, version: int = 4) -> Judged:
    said = ask(network, of_version(network.truth.states, version))
    return Judged(said, network.truth.score(said.states))


def each_in_its_own(
    make: Make, contestants: Mapping[str, tuple[int, Ask]]
) -> dict[str, list[Judged]]:
    results: dict[str, list[Judged]] = {}
    for name, (runs, ask) in contestants.items():
        for _ in range(runs):
            with make() as network:
                run = judged(ask, network)
            results.setdefault(name, []).append(run)
    return results


def show(console: Console, title: str, results: Mapping[str, Sequence[Judged]]) -> None:
    """Print medians, the worst run's score, and packets and seconds against the first's."""
    headers = ("packets", "ratio", "seconds", "ratio", "right", "wrong", "open", "of")
    table = new_table(f"{title}; ratios to {next(iter(results))}", headers)
    medians = {name: _medians(runs) for name, runs in results.items()}
    first_packets, first_seconds = next(iter(medians.values()))
    for name, runs in results.items():
        packets, seconds = medians[name]
        worst = min((run.score for run in runs), key=lambda score: score.right)
        table.add_row(
            name,
            *(f"{packets:.0f}", f"{packets / first_packets:.1f}"),
            *(f"{seconds:.2f}", f"{seconds / first_seconds:.1f}"),
            *map(str, (worst.right, worst.wrong.total(), worst.undecided, sum_of(worst))),
        )
    console.print(table)
    for name, runs in results.items():
        wrong = sum((run.score.wrong for run in runs), Counter[tuple[State, State]]())
        for (true, state), count in wrong.items():
            console.print(f"WRONG: {name}: {true} called {state}, {count} in {len(runs)} runs")


def _medians(runs: Sequence[Judged]) -> tuple[float, float]:
    return median(run.said.packets for run in runs), median(run.said.seconds for run in runs)


def sum_of(score: Score) -> int:
    return score.right + score.undecided + score.wrong.total()


def block(console: Console) -> None:
    contestants: dict[str, tuple[int, Ask]] = {
        "netguard": (RUNS, ask_netguard),
        "scamper icmp-paris -w1 -q1 -m6, 1,000/s": (RUNS, scamper_at(1000)),
        "the same, 10,000/s": (RUNS, scamper_at(10_000)),
        "traceroute -I -q1 -w1 -m6": (1, sample_of(SAMPLE, *TRACEROUTE, "-m6")),
        "traceroute -I -q1 -w1": (1, sample_of(SAMPLE, *TRACEROUTE)),
        "mtr --report -c1": (1, sample_of(MTR_SAMPLE, *MTR)),
    }
    show(console, "384 addresses of six servers", each_in_its_own(routed.routed, contestants))


def large(console: Console) -> None:
    contestants: dict[str, Ask] = {"netguard": ask_netguard, "scamper": scamper_at(10_000)}
    results: dict[str, list[Judged]] = {}
    headers = ("CPU s", "peak MiB", "most a second", "held back")
    table = new_table("and what it took", headers)
    for name, ask in contestants.items():
        with responder.simulated(loss=LOSS, seed=SEED) as network:
            results[name] = [judged(ask, network)]
            said, seen = results[name][0].said, network.report()
            taken = f"{said.cpu:.1f}", f"{said.peak / 1024:.0f}"
            table.add_row(name, *taken, str(seen.most_a_second), str(seen.suppressed))
    show(console, "20,000 addresses of 500 servers", results)
    console.print(table)


# --- matrix


def matrix(console: Console) -> None:
    contestants: dict[str, Ask] = {"netguard": ask_netguard, "scamper": scamper_at(1000)}
    for title, version, ecmp in (
        ("IPv4", 4, False),
        ("IPv4, two ways of unequal length", 4, True),
        ("IPv6", 6, False),
        ("IPv6, two ways of unequal length", 6, True),
    ):
        cells: dict[str, dict[str, Score]] = {}
        for name, ask in contestants.items():
            with routed.routed(ecmp=ecmp) as network:
                said = judged(ask, network, version).said
                cells[name] = by_server_and_truth(network, said.states)
        show_matrix(console, title, cells)


def by_server_and_truth(network: Network, said: Mapping[IPAddress, State]) -> dict[str, Score]:
    groups: dict[str, dict[IPAddress, State]] = defaultdict(dict)
    servers = {address: server.name for server in network.servers for address in server.addresses}
    for address, state in said.items():
        true = network.truth.states[address]
        alive = ("live" if address in network.truth.live else "dead") if true == "forwarded" else ""
        groups[" ".join((servers[address], true, alive))][address] = state
    return {group: network.truth.score(answers) for group, answers in groups.items()}


def show_matrix(console: Console, title: str, cells: Mapping[str, Mapping[str, Score]]) -> None:
    console.print(f"{title}: right / wrong / open")
    table = new_table("", ("addresses", *cells))
    for group in next(iter(cells.values())):
        scores = [scores[group] for scores in cells.values()]
        figures = (f"{s.right} / {s.wrong.total()} / {s.undecided}" for s in scores)
        table.add_row(group, str(sum_of(scores[0])), *figures)
    console.print(table)


def main() -> None:
    console = Console(width=120)
    if lacking := routed.missing() or forwarding_peers.missing():
        sys.exit(lacking)
    sections = {section.__name__: section for section in (block, large, matrix)}
    for name in sys.argv[1:] or sections:
        before = os.getloadavg()[0]
        sections[name](console)
        console.print(f"load average {before:.1f} before, {os.getloadavg()[0]:.1f} after\n")


if __name__ == "__main__":
    main()
