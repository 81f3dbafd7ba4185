"""Frames a second that listening digests, from a capture and live: prints tables.

    python -m tests.benchmarks.bench_listen   (as root; needs tshark, tcpdump, arpwatch; 3 minutes)

One capture of a million frames, read by all in turn from the page cache: 5 % ARP, 1 % NDP, the rest
TCP of ten thousand connections, half of it full segments. tcpdump only copies; arpwatch lets a BPF
program throw away all but ARP; tshark dissects every frame, as it has to for a display filter.
Each is bound to one core. Live, frames come from a process of their own, as fast as the machine can
send them through a bridge, but no faster than is said; what counts is the CPU time of a frame.
"""

import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from select import select
from statistics import median
from time import perf_counter, process_time, sleep

from rich.console import Console

from netguard.lab import namespaces
from probes.arp import craft
from probes.listen import Listener
from probes.mmsg import Slots
from tests.benchmarks.figures import interleaved, new_table
from tests.probes.listen.crafting import IPV4, ethernet, ipv4, link_layer, ndp, solicitation
from tests.segment import Segment, address, mac, raw, request

FRAMES = 1_000_000
RUNS = 3
RATES = (50_000, 100_000, 200_000, 400_000)
SECONDS = 5

LISTEN = """
import sys
from pathlib import Path
from probes.listen import Counters, heard
from probes.listen.captures import read
counters = Counters()
for record in heard(read(Path(sys.argv[1])), counters):
    pass
print(counters.frames, counters.claims)
"""


def tcp(chance: random.Random, number: int) -> bytes:
    """Return a segment that continues one of ten thousand connections."""
    connection, payload = number % 10_000, chance.choice((0, 1448))
    ports = struct.pack("!HH", 1024 + connection, 443)
    header = ports + struct.pack("!IIBBHHH", number // 10_000 * 1448, 1, 0x80, 0x10, 512, 0, 0)
    body = header + bytes(12 + payload)
    return ethernet(IPV4, ipv4(6, body, source="192.0.2.1", to="198.51.100.1"), to=mac(2))


def frames(chance: random.Random) -> Iterator[bytes]:
    neighbour = ndp(solicitation("2001:db8::9", link_layer(1, mac(1))), source="fe80::1")
    for number in range(FRAMES):
        kind = chance.random()
        if kind < 0.05:
            host = chance.randrange(1, 30)
            yield craft(request(mac(host), address(host), address(30))).ljust(60, b"\0")
        else:
            yield neighbour if kind < 0.06 else tcp(chance, number)


def write(path: Path) -> None:
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for number, frame in enumerate(frames(random.Random(1))):  # noqa: S311 - a benchmark
            seconds, parts = divmod(number * 10, 1_000_000)
            head = struct.pack("<IIII", 1_767_323_045 + seconds, parts, len(frame), len(frame))
            file.write(head + frame)


def timed(*command: str) -> Callable[[], float]:
    """Return what runs a command on one core, and tells how long it took."""

    def run() -> float:
        began = perf_counter()
        subprocess.run(["taskset", "-c", "0", *command], capture_output=True, check=True)
        return perf_counter() - began

    return run


def from_a_capture(console: Console, folder: Path) -> None:
    path, pairs = folder / "mix.pcap", folder / "arp.dat"
    write(path)
    pairs.touch()
    tshark = ("tshark", "-n", "-r", str(path), "-Y", "arp")
    contestants = {
        "netguard": timed(sys.executable, "-c", LISTEN, str(path)),
        "tshark -n -Y arp": timed(*tshark, "-T", "fields", "-e", "arp.src.proto_ipv4"),
        "tcpdump -w /dev/null": timed("tcpdump", "-r", str(path), "-w", "/dev/null"),
        "tcpdump -n arp or icmp6": timed("tcpdump", "-n", "-r", str(path), "arp or icmp6"),
        "arpwatch -r": timed("arpwatch", "-d", "-N", "-f", str(pairs), "-r", str(path)),
    }
    there = {name: run for name, run in contestants.items() if shutil.which(name.split()[0])}
    there["netguard"] = contestants["netguard"]
    runs = interleaved(there, RUNS)
    ours = median(runs["netguard"])
    megabytes = path.stat().st_size >> 20
    table = new_table(
        f"A capture of {FRAMES:,} frames, {megabytes} MiB", ["s", "frames/s", "its s / netguard's"]
    )
    for name, each in runs.items():
        took = median(each)
        table.add_row(name, f"{took:.2f}", f"{FRAMES / took:,.0f}", f"{took / ours:.2f}")
    console.print(table)


def send(sender: socket.socket, rate: int) -> None:
    """Send claims of 200 stations, a hundredth of a second's worth at a time."""
    claims = Slots(rate // 100, 60)
    for slot in range(claims.count):
        claims.put(slot, craft(request(mac(slot % 200), address(slot % 30), address(30))))
    began = perf_counter()
    for turn in range(SECONDS * 100):
        sent = 0
        while sent < claims.count:
            sent += claims.send(sender.fileno(), sent, claims.count - sent)
        sleep(max(0.0, began + (turn + 1) / 100 - perf_counter()))


def live(rate: int) -> tuple[int, int, float, float]:
    """Return frames heard, frames dropped, seconds and the CPU seconds that listening took."""
    with Segment() as segment:
        host = segment.host(1)
        prober = segment.prober()
        with namespaces.entered(prober), Listener("eth1") as listener, raw(host) as sender:
            sending = get_context("fork").Process(target=send, args=(sender, rate))
            sending.start()
            began, used = perf_counter(), process_time()
            while sending.is_alive() or listener.read():
                select([listener], [], [], 0.01)
                listener.read()
            took, cpu = perf_counter() - began, process_time() - used
            return listener.counters.frames, listener.counters.dropped, took, cpu


def from_the_wire(console: Console) -> None:
    table = new_table(
        f"Live on a veth pair, ARP only, {SECONDS} s",
        ["sent/s", "heard/s", "dropped", "CPU", "us a frame"],
    )
    for rate in RATES:
        heard, dropped, took, cpu = live(rate)
        table.add_row(
            f"{rate:,} a second wanted",
            f"{(heard + dropped) / took:,.0f}",
            f"{heard / took:,.0f}",
            f"{dropped / (heard + dropped):.1%}",
            f"{cpu / took:.0%}",
            f"{cpu / heard * 1e6:.2f}",
        )
    console.print(table)


def main() -> None:
    console = Console(width=100)
    with tempfile.TemporaryDirectory() as place:
        from_a_capture(console, Path(place))
    from_the_wire(console)


if __name__ == "__main__":
    main()
