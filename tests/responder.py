"""20,000 addresses behind 500 servers, answered by one process: a network too large to build.

    python -m tests.responder LOSS JITTER SEED      (in a namespace of its own: use `simulated`)

Every packet is lost with probability LOSS, each way, and delayed by up to JITTER seconds. For each
line on its standard input it prints a line of what it has seen; it ends when its input does.
"""

import fcntl
import heapq
import os
import select
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO

import msgspec

from netguard.lab import namespaces
from tests.forwarding_truth import Network
from tests.simulated_servers import EDGE, SOURCES, Report, Simulation, servers, truth

UPLINK = "tap0"
_TUN = "/dev/net/tun"
_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454CA, 2, 0x1000
_OWN_MAC, _PROBER_MAC = "00:00:5e:00:53:01", "00:00:5e:00:53:02"
_IPV4 = b"\x08\x00"
_HEADER = bytes.fromhex((_PROBER_MAC + _OWN_MAC).replace(":", "")) + _IPV4
_AT_ONCE = 64  # frames read before answers that have become due are written


def missing() -> str:
    """Return what this machine lacks for it, or nothing."""
    return "" if Path(_TUN).exists() else f"NOT TESTED: no {_TUN} here"


def _tap() -> int:
    """Make a card whose wire is the file returned, and route everything simulated to it."""
    tap = os.open(_TUN, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH22x", UPLINK.encode(), _IFF_TAP | _IFF_NO_PI))
    lines = [
        "link set lo up",
        f"link set {UPLINK} address {_PROBER_MAC} txqueuelen 20000 up",
        *(f"address add {source} dev {UPLINK}" for source in SOURCES),
        f"route add {EDGE} dev {UPLINK}",
        f"neigh add {EDGE} lladdr {_OWN_MAC} dev {UPLINK} nud permanent",
        f"route add 198.18.0.0/15 via {EDGE}",
    ]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)
    return tap


class Loop:
    """Reads frames from the tap, and writes the answers when they are due."""

    def __init__(self, tap: int, simulation: Simulation) -> None:
        self._tap, self._simulation = tap, simulation
        self._due: list[tuple[float, int, bytes]] = []
        self._number = 0

    def run(self, commands: IO[bytes]) -> None:
        """Serve until the commands end; say what was seen for each line of them."""
        while True:
            patience = max(0.0, self._due[0][0] - monotonic()) if self._due else None
            readable = select.select([self._tap, commands.fileno()], [], [], patience)[0]
            if commands.fileno() in readable:
                if not commands.readline():
                    return
                os.write(1, msgspec.json.encode(self._simulation.report()) + b"\n")
            if self._tap in readable:
                self._read()
            self._write()

    def _read(self) -> None:
        with suppress(BlockingIOError):
            for _ in range(_AT_ONCE):
                frame = os.read(self._tap, 2048)
                now = monotonic()
                if frame[12:14] == _IPV4 and (reply := self._simulation.answer(frame[14:], now)):
                    self._number += 1
                    heapq.heappush(self._due, (now + reply[0], self._number, reply[1]))

    def _write(self) -> None:
        now = monotonic()
        while self._due and self._due[0][0] <= now:
            os.write(self._tap, _HEADER + heapq.heappop(self._due)[2])


@dataclass(frozen=True, slots=True)
class Simulated(Network):
    """The network while its process runs."""

    process: subprocess.Popen[bytes]

    def report(self) -> Report:
        """Return what the process has seen until now."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return msgspec.json.decode(self.process.stdout.readline(), type=Report)


@contextmanager
def simulated(*, loss: float = 0.0, jitter: float = 0.0, seed: int = 0) -> Iterator[Simulated]:
    """Run the process in a namespace of its own, in which whoever measures has 16 addresses."""
    command = [sys.executable, "-m", "tests.responder", str(loss), str(jitter), str(seed)]
    namespace = namespaces.create()
    try:
        with namespaces.entered(namespace):
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=Path(__file__).parent.parent,
            )
        with process:
            known = tuple(server for _, server in servers())
            network = Simulated(namespace, UPLINK, SOURCES, known, truth(), process)
            network.report()  # which it does when its card is up
            yield network
    finally:
        os.close(namespace)


def main() -> None:
    loss, jitter, seed = sys.argv[1:]
    Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1", encoding="ascii")
    simulation = Simulation(float(loss), float(jitter), int(seed))
    Loop(_tap(), simulation).run(sys.stdin.buffer)


if __name__ == "__main__":
    main()
