"""What traceroute, mtr and scamper say of the same addresses, read as a person would read them.

The reader knows the server's own address and the path to it. An address seen right behind the
server is forwarded; behind a router that is not the server's last, elsewhere; behind any other, or
with nobody before it at the server's distance, bound; further away with nobody before it,
forwarded. Not seen: a path that comes back to a router, or that passes the server and then another
router, is a loop; one that ends at the server is forwarded, because hosts that do not route send no
time-exceeded; any other is silent.
"""

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from probes.records import IPAddress
from tests.forwarding_truth import Network, Ran, State

TRACEROUTE = ("traceroute", "-n", "-I", "-q1", "-w1")
_CAREFULLY = ("traceroute", "-n", "-I", "-q3", "-w1", "-m6")
MTR = ("mtr", "--report", "-n", "-c1")
PARIS = "trace -P icmp-paris -w 1 -q 1 -m 6 -g 3"
_HOP = re.compile(r"^ *(\d+)(?:\.\|--)?[ *]+([0-9a-f]*[.:][0-9a-f.:]+)(.*)$", re.MULTILINE)
_TARGET = re.compile(r"^traceroute from \S+ to (\S+)$", re.MULTILINE)

Hops = dict[int, str]  # who was seen at which hop


class Outcome(NamedTuple):
    """What was said of which addresses, and what it took; `cpu` in seconds, `peak` in KiB."""

    states: dict[IPAddress, State]
    packets: int
    seconds: float
    cpu: float = 0.0
    peak: int = 0


def missing() -> str:
    """Return which of the programs this machine lacks, or nothing."""
    lacks = [name for name in ("traceroute", "mtr", "scamper") if shutil.which(name) is None]
    return f"NOT TESTED: no {' and no '.join(lacks)} here" if lacks else ""


def in_a_loop(network: Network, targets: Sequence[IPAddress], *command: str) -> Outcome:
    """Run one process for each target, one after the other."""
    read = Reader(network)
    states, runs = {}, list[Ran]()
    for target in targets:
        runs.append(network.run(*command, str(target)))
        states[target] = read.state(target, hops(runs[-1].output))
    packets, cpu = sum(run.packets for run in runs), sum(run.cpu for run in runs)
    seconds, peak = sum(run.seconds for run in runs), max(run.peak for run in runs)
    return Outcome(states, packets, seconds, cpu, peak)


def scamper(network: Network, targets: Sequence[IPAddress], pace: int) -> Outcome:
    """Let one process trace all targets at `pace` packets a second."""
    read = Reader(network)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "targets"
        file.write_text("\n".join(map(str, targets)), encoding="ascii")
        ran = network.run("scamper", "-p", str(pace), "-c", PARIS, "-f", str(file))
    paths = dict(_blocks(ran.output))
    states = {target: read.state(target, paths.get(str(target), {})) for target in targets}
    return Outcome(states, ran.packets, ran.seconds, ran.cpu, ran.peak)


def hops(output: str) -> Hops:
    """Return who was seen at which hop of the one path in the output of traceroute or mtr.

    Who says that it is unreachable (!H) ends the path, at whatever hop that was heard.
    """
    path: Hops = {}
    for ttl, address, more in _HOP.findall(output):
        if "!" in more:
            path[max(path, default=0) + 1] = address
            break
        path[int(ttl)] = address
    return path


def _blocks(output: str) -> Iterator[tuple[str, Hops]]:
    _, *parts = _TARGET.split(output)
    for target, lines in zip(parts[::2], parts[1::2], strict=True):
        yield target, hops(lines)


def _comes_back(path: Hops) -> bool:
    """Tell whether somebody is seen again, but not twice in a row: that is an !H in mtr."""
    first: dict[str, int] = {}
    return any(ttl - first.setdefault(address, ttl) > 1 for ttl, address in sorted(path.items()))


class Reader:
    """Reads paths. Nobody is charged for the paths to the servers themselves."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._known: dict[str, Hops] = {}
        self._servers = {a: server for server in network.servers for a in server.addresses}

    def state(self, target: IPAddress, path: Hops) -> State:
        server = self._servers[target]
        own = next(str(own) for own in server.own if own.version == target.version)
        if str(target) in path.values():
            return self._seen(target, path, own)
        if _comes_back(path):
            return "looped"
        if own not in path.values():
            return "silent"
        first = min(ttl for ttl, address in path.items() if address == own)
        after = {address for ttl, address in path.items() if ttl > first}
        return "looped" if after - {own} else "forwarded"

    def _seen(self, target: IPAddress, path: Hops, own: str) -> State:
        ttl = min(ttl for ttl, address in path.items() if address == str(target))
        before, to_server = path.get(ttl - 1), self._path_to(own)
        distance = max(to_server)
        if before == own:
            return "forwarded"
        if before in {address for hop, address in to_server.items() if hop < distance - 1}:
            return "elsewhere"
        return "bound" if before or ttl <= distance else "forwarded"

    def _path_to(self, own: str) -> Hops:
        if own not in self._known:
            self._known[own] = hops(self._network.run(*_CAREFULLY, own).output)
        return self._known[own]
