"""The ARP sweep against arp-scan, on the same wires and in the same run: prints tables.

    python -m tests.benchmarks.bench_arp        (as root; needs arp-scan; about two minutes)

Wall times are medians. netguard listens one second after its last request, always; arp-scan waits
0.5 s for each host, and not at all when every host has answered. Therefore the time until the last
request is out is given too, and arp-scan also runs with the waiting made equal (--timeout=1000):
the prober's own address, which answers neither, is the last one, so both wait from there.
"""

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network
from statistics import median
from time import perf_counter

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from netguard import clock
from netguard.lab import namespaces
from probes import arp
from probes.arp.conversation import question
from probes.link import ARP_FRAME, BATCH, Link
from probes.mmsg import Slots
from tests.segment import Segment, mac, sysctl

WIDE = IPv4Network("198.18.0.0/16")
NARROW = IPv4Network("198.18.252.0/22")
OWN = WIDE[-2]
ALL_BUT_OWN = f"{WIDE[0]}-{WIDE[-3]}"
RUNS = 5
EQUAL_PACE = 2000
BANDWIDTHS = ("1000M", "500M", "200M", "100M")

Pairs = set[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Run:
    """One run: seconds in all, seconds until the last request was out, and the pairs found."""

    wall: float
    asked: float | None
    pairs: Pairs


def netguard(network: IPv4Network, *, pace: float | None = None, tries: int = 1) -> Run:
    began = perf_counter()
    told = [began]
    result = arp.sweep(
        "eth1",
        [network],
        clock=clock.now,
        pace=pace,
        tries=tries,
        progress=lambda _done, _of: told.append(perf_counter()),
    )
    wall = perf_counter() - began
    pairs = {(str(claim.sender_ip), claim.sender_hw) for claim in result.claims}
    return Run(wall, told[-1] - began, pairs)


def arp_scan(network: IPv4Network | str, *options: str) -> Run:
    command = ["arp-scan", "--interface=eth1", "--plain", "--quiet", *options, str(network)]
    began = perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    wall = perf_counter() - began
    pairs = {(ip, hw) for ip, hw in (line.split()[:2] for line in done.stdout.splitlines())}
    return Run(wall, None, pairs)


def bare_send_loop(network: IPv4Network) -> Run:
    """Send as many frames as the sweep, made beforehand, and read nothing: the limit."""
    with Link("eth1") as link:
        outbox = Slots(BATCH, ARP_FRAME)
        outbox.buffer[:] = question(link, OWN.packed, network[1].packed) * BATCH
        began = perf_counter()
        for _ in range(network.num_addresses // BATCH):
            link.send(outbox, BATCH)
        wall = perf_counter() - began
    return Run(wall, wall, set())


def prober_and_responder() -> tuple[Segment, int, int]:
    """Make two namespaces on one veth pair, without any bridge between."""
    segment = Segment()
    prober, responder = segment.namespace(), segment.namespace()
    with segment.ip(prober) as ip:
        ip.link("add", ifname="eth1", kind="veth", peer={"ifname": "eth0", "net_ns_fd": responder})
    put_up(segment, prober, "eth1", mac(0xFE))
    put_up(segment, responder, "eth0", mac(1))
    give_own_address(segment, prober)
    return segment, prober, responder


def put_up(segment: Segment, fd: int, name: str, hw: str) -> None:
    with segment.ip(fd) as ip:
        ip.link("set", index=ip.link_lookup(ifname=name)[0], address=hw, state="up")


def give_own_address(segment: Segment, prober: int) -> None:
    with segment.ip(prober) as ip:
        index = ip.link_lookup(ifname="eth1")[0]
        ip.addr("add", index=index, address=str(OWN), prefixlen=WIDE.prefixlen)


def answer_for(segment: Segment, fd: int, network: IPv4Network) -> None:
    """Let a kernel have every address of the network but the prober's, and .0 and .255 as well."""
    with segment.ip(fd) as ip:
        index = ip.link_lookup(ifname="eth0")[0]
        ip.addr("add", index=index, address="198.19.0.1", prefixlen=15)
        ip.route("add", dst=str(network), type="local", oif=1, table=255, scope=254)
        ip.route("add", dst=f"{OWN}/32", oif=index, table=255, scope=253)


def proxy_for(segment: Segment, fd: int, network: IPv4Network) -> None:
    """Let a router answer for the network by proxy ARP, 0 to 0.8 s late, as kernels do."""
    sysctl(fd, "ipv4/ip_forward", "1")
    sysctl(fd, "ipv4/conf/eth0/proxy_arp", "1")
    sysctl(fd, "ipv4/neigh/eth0/proxy_qlen", "4096")
    with segment.ip(fd) as ip:
        index = ip.link_lookup(ifname="eth0")[0]
        ip.addr("add", index=index, address="198.19.0.2", prefixlen=15)
        ip.link("add", ifname="behind", kind="bridge")
        behind = ip.link_lookup(ifname="behind")[0]
        ip.link("set", index=behind, state="up")
        ip.route("add", dst=str(network), oif=behind)
        ip.route("add", dst=f"{OWN}/32", oif=index)


def interleaved(contestants: Iterable[tuple[str, Callable[[], Run]]]) -> dict[str, list[Run]]:
    """Run all of them by turns, so that what disturbs the machine disturbs all alike."""
    entries = list(contestants)
    runs: dict[str, list[Run]] = {name: [] for name, _ in entries}
    for _ in range(RUNS):
        for name, contestant in entries:
            runs[name].append(contestant())
    return runs


def hosts_in(network: IPv4Network) -> int:
    """Return how many addresses answer: not network, broadcast and the prober's own."""
    return network.num_addresses - 3


def fastest_that_misses_nothing(network: IPv4Network, live: int) -> str:
    """Return the highest bandwidth at which arp-scan finds every live host three times over."""
    for bandwidth in BANDWIDTHS:
        option = f"--bandwidth={bandwidth}"
        found = [len(arp_scan(network, option, "--retry=1").pairs) for _ in range(3)]
        if min(found) >= live:
            return bandwidth
    return BANDWIDTHS[-1]


def show(console: Console, title: str, runs: dict[str, list[Run]], expected: int) -> None:
    table = Table(title=title, title_justify="left", box=MARKDOWN)
    table.add_column("")
    for column in ("wall s", "last request s", "found", "missed", "wall / netguard's"):
        table.add_column(column, justify="right")
    ours = median(run.wall for run in next(iter(runs.values())))
    for name, each in runs.items():
        wall = median(run.wall for run in each)
        asked = [run.asked for run in each if run.asked is not None]
        found = min(len(run.pairs) for run in each)
        table.add_row(
            name,
            f"{wall:.3f}",
            f"{median(asked):.3f}" if asked else "",
            str(found) if found else "",
            str(max(expected - found, 0)) if found else "",
            f"{wall / ours:.2f}",
        )
    console.print(table)


def unpaced(console: Console, prober: int, bandwidth: str, title: str, live: int) -> None:
    fast = ("--retry=1", f"--bandwidth={bandwidth}")
    with namespaces.entered(prober):
        runs = interleaved(
            [
                ("netguard, 1 try", lambda: netguard(WIDE)),
                (f"arp-scan -r1 -B{bandwidth}", lambda: arp_scan(WIDE, *fast)),
                ("  the same, --timeout=1000", lambda: arp_scan(WIDE, *fast, "--timeout=1000")),
                ("  the same, without ours", lambda: arp_scan(ALL_BUT_OWN, *fast)),
                ("bare send loop (limit)", lambda: bare_send_loop(WIDE)),
            ]
        )
    show(console, title, runs, live)


def equal_pace(console: Console, prober: int, title: str, live: int) -> None:
    same = ("--retry=2", f"--interval={1_000_000 // EQUAL_PACE}u")
    with namespaces.entered(prober):
        runs = interleaved(
            [
                ("netguard, 2 tries", lambda: netguard(NARROW, pace=EQUAL_PACE, tries=2)),
                ("arp-scan -r2", lambda: arp_scan(NARROW, *same)),
                ("  the same, --timeout=1000", lambda: arp_scan(NARROW, *same, "--timeout=1000")),
            ]
        )
    show(console, f"{title}, {EQUAL_PACE} requests/s each", runs, live)


def claimed_twice(
    console: Console,
    bandwidth: str,
    title: str,
    second: Callable[[Segment, int, IPv4Network], None],
) -> None:
    """Let two kernels claim each address of a /22; count the addresses of which both were seen."""
    fast = ("--retry=1", f"--bandwidth={bandwidth}")
    with Segment() as segment:
        prober, first, other = (segment.namespace() for _ in range(3))
        segment.card(prober, mac(0xFE), name="eth1")
        give_own_address(segment, prober)
        for number, host in ((1, first), (2, other)):
            segment.card(host, mac(number))
        answer_for(segment, first, NARROW)
        second(segment, other, NARROW)
        with namespaces.entered(prober):
            runs = interleaved(
                [
                    ("netguard, 1 try", lambda: _both(netguard(NARROW))),
                    (f"arp-scan -r1 -B{bandwidth}", lambda: _both(arp_scan(NARROW, *fast))),
                    ("arp-scan, as installed", lambda: _both(arp_scan(NARROW))),
                ]
            )
    show(console, title, runs, hosts_in(NARROW))


def _both(run: Run) -> Run:
    """Keep one pair for each host address of which both claimants were found."""
    hosts = set(map(str, NARROW.hosts()))
    firsts = {ip for ip, hw in run.pairs if hw == mac(1)}
    seconds = {ip for ip, hw in run.pairs if hw == mac(2)}
    return Run(run.wall, run.asked, {(ip, "both") for ip in firsts & seconds & hosts})


def main() -> None:
    console = Console(width=100)
    segment, prober, responder = prober_and_responder()
    with segment:
        unpaced(console, prober, BANDWIDTHS[0], "/16, nobody answers", 0)
        equal_pace(console, prober, "/22, nobody answers", 0)
        answer_for(segment, responder, WIDE)
        with namespaces.entered(prober):
            fastest = fastest_that_misses_nothing(WIDE, hosts_in(WIDE))
        unpaced(console, prober, fastest, "/16, everybody answers", hosts_in(WIDE))
        equal_pace(console, prober, "/22, everybody answers", hosts_in(NARROW))
    seen = "/22 claimed twice, addresses with both seen"
    claimed_twice(console, fastest, f"{seen}: two hosts", answer_for)
    claimed_twice(console, fastest, f"{seen}: a host and a late proxy", proxy_for)


if __name__ == "__main__":
    main()
