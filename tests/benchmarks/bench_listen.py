"""Frames a second that listening digests, from a capture and live, and what it costs: tables.

    python -m tests.benchmarks.bench_listen   (as root; needs tshark, tcpdump, arpwatch; 6 minutes)

One capture of a million frames, read by all in turn from the page cache: 5 % ARP, 1 % NDP, the rest
TCP of ten thousand connections, half of it full segments. tcpdump only copies; arpwatch lets a BPF
program throw away all but ARP; tshark dissects every frame, as it has to for a display filter.
Each is bound to one core. Live, forged frames of as many stations as are said come over a veth from
a process of their own, as fast as the machine can send them, but no faster than is said: for who
cannot keep up the CPU time of a frame counts. An attack lasts ten seconds, with somebody who takes
the gateway among it. The day is a simulated one, of twenty segments of 250 hosts with all churn.
"""

import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_address
from multiprocessing import get_context
from pathlib import Path
from select import select
from statistics import median
from time import perf_counter, process_time, sleep
from typing import NamedTuple

from rich.console import Console

from netguard.hearing.doubts import ROOM
from netguard.hearing.ear import Ear, Ground
from netguard.lab import namespaces
from probes.arp import craft
from probes.listen import Listener
from tests.benchmarks.figures import interleaved, new_table
from tests.netguard.hearing.day import HOSTS, START, Day, ground
from tests.netguard.hearing.octets import garp, na
from tests.probes.listen.crafting import IPV4, ethernet, ipv4, link_layer, ndp, solicitation
from tests.probes.listen.flooding import ARP, NEIGHBOR, Flood, Kind, wire
from tests.segment import address, mac, request

FRAMES = 1_000_000
RUNS = 3
RATES = (50_000, 100_000, 200_000, 0)
FLOODS = {"ARP": ARP, "NA": NEIGHBOR}
SECONDS = 5
ATTACK = 10  # seconds
MILLION = 1_000_000
SEGMENTS, MINUTES = 20, 24 * 60
GATEWAY, GATEWAY6 = "198.51.100.1", "2001:db8:1::1"
PINNED = Ground(gateways={ip_address(ip): frozenset({mac(1)}) for ip in (GATEWAY, GATEWAY6)})

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


class Heard(NamedTuple):
    """What became of a flood: frames, seconds, CPU seconds, and how the memory grew (MiB)."""

    sent: float  # a second
    frames: int
    dropped: int
    took: float
    cpu: float
    before: float = 0
    peak: float = 0
    found: int = 0


def memory() -> float:
    """Return the most memory that this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(work: Callable[[], Heard]) -> Heard:
    """Work in a process of its own, so that its memory is its own."""
    told, telling = get_context("fork").Pipe(duplex=False)
    process = get_context("fork").Process(target=lambda: telling.send(work()))
    process.start()
    heard: Heard = told.recv()
    process.join()
    return heard


def listen(
    kind: Kind,
    count: int,
    rate: int,
    *,
    seconds: float = SECONDS,
    ear: Ear | None = None,
    between: bytes = b"",
) -> Heard:
    """Listen for so long to a flood of so many stations, with an ear or without."""
    found = 0
    with (
        wire() as (ears, mouth),
        namespaces.entered(ears),
        Listener("eth1") as listener,
        Flood(mouth, kind, count, rate=rate, between=between) as flood,
    ):
        before, began, used = memory(), perf_counter(), process_time()
        while perf_counter() - began < seconds:
            select([listener], [], [], 0.01)
            batch = listener.read()
            if ear:
                found += sum(ear.hear(record) is not None for record in batch)
        took, cpu = perf_counter() - began, process_time() - used
        counters, sent = listener.counters, flood.stop()
        rate_sent = sent.frames / sent.seconds
        return Heard(
            rate_sent, counters.frames, counters.dropped, took, cpu, before, memory(), found
        )


def on_cpu(pid: int) -> float:
    """Return the CPU seconds of a process, which other counts tell by ticks only."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def tcpdump(rate: int) -> Heard:
    """Let tcpdump copy the same frames."""
    words = ("taskset", "-c", "0", "tcpdump", "-i", "eth1", "-w", "/dev/null")
    with (
        wire() as (ears, mouth),
        namespaces.entered(ears),
        subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process,
        Flood(mouth, ARP, MILLION // 5, rate=rate) as flood,
    ):
        sleep(1)
        began, used = perf_counter(), on_cpu(process.pid)
        sleep(SECONDS)
        took, cpu = perf_counter() - began, on_cpu(process.pid) - used
        sent = flood.stop()
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1]
    counts = re.findall(r"(\d+) packets (captured|dropped by kernel)", said)
    told = {what: int(number) for number, what in counts}
    share = took / sent.seconds
    frames, dropped = told["captured"] * share, told["dropped by kernel"] * share
    return Heard(sent.frames / sent.seconds, round(frames), round(dropped), took, cpu)


def row(heard: Heard) -> tuple[str, ...]:
    return (
        f"{heard.sent:,.0f}",
        f"{heard.frames / heard.took:,.0f}",
        f"{heard.dropped:,}",
        f"{heard.cpu / heard.took:.0%}",
        f"{heard.cpu / heard.frames * 1e6:.2f}",
    )


def from_the_wire(console: Console) -> None:
    table = new_table(
        f"Live on a veth pair, {SECONDS} s each",
        ["sent/s", "heard/s", "dropped", "CPU", "us a frame"],
    )
    for rate in RATES:
        wanted = f"{rate:,}/s" if rate else "as many as can be"
        for name, kind in FLOODS.items():
            for what, ear in (("listener", None), ("listener and ear", Ear(PINNED, room=ROOM))):
                heard = listen(kind, MILLION // 5, rate, ear=ear)
                table.add_row(f"{what}: {name}, {wanted}", *row(heard))
        loop = listen(ARP, MILLION // 1000, rate, ear=Ear(PINNED, room=ROOM))
        table.add_row(f"listener and ear: a loop of 1,000 frames, {wanted}", *row(loop))
        if shutil.which("tcpdump"):
            table.add_row(f"tcpdump -w /dev/null: ARP, {wanted}", *row(tcpdump(rate)))
    console.print(table)


def attacked(console: Console) -> None:
    table = new_table(
        f"{ATTACK} s of 200,000 frames a second, of a million forged stations, and a hijack",
        ["sent/s", "heard/s", "dropped", "CPU", "us a frame", "found", "MiB before", "MiB at most"],
    )
    takes = {"ARP": garp(0, mac(0x66), GATEWAY).octets, "NA": na(0, mac(0x66), GATEWAY6).octets}
    for name, kind in FLOODS.items():
        for room in (ROOM, 100_000):

            def work(kind: Kind = kind, room: int = room, name: str = name) -> Heard:
                ear, between = Ear(PINNED, room=room), takes[name]
                return listen(kind, MILLION, 200_000, seconds=ATTACK, ear=ear, between=between)

            heard = apart(work)
            memories = f"{heard.before:.0f}", f"{heard.peak:.0f}"
            table.add_row(f"{name}, room {room:,}", *row(heard), str(heard.found), *memories)
    console.print(table)


def a_day(console: Console) -> None:
    def work() -> Heard:
        ears = {number: Ear(ground(number), room=ROOM) for number in range(1, SEGMENTS + 1)}
        before, began, used, frames, found = memory(), perf_counter(), process_time(), 0, 0
        days = {number: Day(number).minutes(MINUTES) for number in ears}
        for number, ear in ears.items():
            for record in days[number]:
                frames += 1
                found += ear.hear(record) is not None
            found += len(ear.findings(START + timedelta(minutes=MINUTES)))
        cpu = process_time() - used
        return Heard(0, frames, 0, perf_counter() - began, cpu, before, memory(), found)

    heard = apart(work)
    table = new_table(
        f"{MINUTES // 60} hours on {SEGMENTS} segments of {HOSTS} hosts, simulated",
        ["frames", "s", "us a frame", "findings", "MiB before", "MiB at most"],
    )
    table.add_row(
        f"{SEGMENTS} ears",
        f"{heard.frames:,}",
        f"{heard.took:.0f}",
        f"{heard.cpu / heard.frames * 1e6:.2f}",
        str(heard.found),
        f"{heard.before:.0f}",
        f"{heard.peak:.0f}",
    )
    console.print(table)


def main() -> None:
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as place:
        a_day(console)
        attacked(console)
        from_the_wire(console)
        from_a_capture(console, Path(place))


if __name__ == "__main__":
    main()
