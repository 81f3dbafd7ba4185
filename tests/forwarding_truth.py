"""A network whose servers are to be measured, what is true of it, and how far answers agree."""

import os
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter
from typing import Literal, NamedTuple, Self

from netguard.lab import namespaces
from probes.records import IPAddress

State = Literal["bound", "forwarded", "looped", "elsewhere", "silent", "undecided"]
UNKNOWING: frozenset[State] = frozenset({"silent", "undecided"})


class Place(NamedTuple):
    """What an address is; `live`: it answers an echo; `excused`: what else it is honest to say."""

    state: State
    live: bool = False
    excused: frozenset[State] = frozenset()


class Server(NamedTuple):
    """A server as the inventory knows it: its own address of each family, and its blocks'."""

    name: str
    own: tuple[IPAddress, ...]
    addresses: tuple[IPAddress, ...]


class Score(NamedTuple):
    """How many answers were right, how many left open, and what was said wrongly of what."""

    right: int
    undecided: int
    wrong: Counter[tuple[State, State]]


@dataclass(frozen=True, slots=True)
class Truth:
    """What each address is, and each answer about it that somebody not on its link may give."""

    states: dict[IPAddress, State]
    honest: dict[IPAddress, frozenset[State]]
    live: frozenset[IPAddress]

    @classmethod
    def told(cls, places: Mapping[IPAddress, Place]) -> Self:
        return cls(
            {address: place.state for address, place in places.items()},
            {address: place.excused | {place.state} for address, place in places.items()},
            frozenset(address for address, place in places.items() if place.live),
        )

    def of(self, state: State, *, live: bool | None = None) -> tuple[IPAddress, ...]:
        """Return the addresses in this state: all, or those that (do not) answer an echo."""
        return tuple(
            address
            for address, true in self.states.items()
            if true == state and live in (None, address in self.live)
        )

    def score(self, said: Mapping[IPAddress, State]) -> Score:
        """Judge answers. Not to know what could be known is left open, and not wrong."""
        right, undecided, wrong = 0, 0, Counter[tuple[State, State]]()
        for address, state in said.items():
            if state in self.honest[address]:
                right += 1
            elif state in UNKNOWING:
                undecided += 1
            else:
                wrong[self.states[address], state] += 1
        return Score(right, undecided, wrong)


class Ran(NamedTuple):
    """What a program printed, what it took, and how many packets went out meanwhile.

    `seconds` are by the clock, `cpu` seconds of its own, `peak` its memory in KiB at most.
    """

    output: str
    seconds: float
    packets: int
    cpu: float
    peak: int


@dataclass(frozen=True, slots=True)
class Network:
    """Servers, and the place they are measured from: an open file of its namespace, its card.

    `sources` are that place's own addresses, all of which are routed back to it.
    """

    namespace: int
    uplink: str
    sources: tuple[IPAddress, ...]
    servers: tuple[Server, ...]
    truth: Truth

    def packets_sent(self) -> int:
        """Return how many packets have been sent on the uplink since it was made."""
        with namespaces.entered(self.namespace):
            lines = Path("/proc/thread-self/net/dev").read_text(encoding="ascii").splitlines()
        card = next(line for line in lines if line.strip().startswith(f"{self.uplink}:"))
        return int(card.partition(":")[2].split()[9])

    def run(self, *command: str) -> Ran:
        """Run a program in that place. Raises CalledProcessError where it fails."""
        before, began = self.packets_sent(), perf_counter()
        with TemporaryFile("w+") as output, namespaces.entered(self.namespace):
            process = subprocess.Popen(command, stdout=output)
            _, status, used = os.wait4(process.pid, 0)
            seconds = perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            printed = output.read()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, printed)
        packets = self.packets_sent() - before
        return Ran(printed, seconds, packets, used.ru_utime + used.ru_stime, used.ru_maxrss)


def of_version(addresses: Iterable[IPAddress], version: int) -> tuple[IPAddress, ...]:
    return tuple(address for address in addresses if address.version == version)
