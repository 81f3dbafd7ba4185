"""Every measurement, one after the other: `python -m tests.benchmarks` (as root, two hours).

Each in a process of its own, so that none is charged with the memory of the one before.
"""

import subprocess
import sys

BENCHES = (
    "bench_start",
    "bench_arp",
    "bench_snmp",
    "bench_polling",
    "bench_recordings",
    "bench_listen",
    "bench_store",
    "bench_watch",
    "bench_alarms",
    "bench_emergency",
    "bench_forwarding",
)

for bench in BENCHES:
    subprocess.run([sys.executable, "-m", f"tests.benchmarks.{bench}"], check=True)
