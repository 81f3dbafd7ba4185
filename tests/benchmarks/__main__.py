"""Every measurement, one after the other: `python -m tests.benchmarks` (as root, forty minutes).

Each in a process of its own, so that none is charged with the memory of the one before.
"""

import subprocess
import sys

for bench in ("bench_start", "bench_arp", "bench_snmp", "bench_emergency", "bench_forwarding"):
    subprocess.run([sys.executable, "-m", f"tests.benchmarks.{bench}"], check=True)
