"""Every measurement, one after the other: `python -m tests.benchmarks` (as root, some minutes)."""

from tests.benchmarks import bench_arp, bench_snmp, bench_start

for bench in (bench_start, bench_arp, bench_snmp):
    bench.main()
