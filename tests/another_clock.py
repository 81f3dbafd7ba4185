"""netguard on a clock that is set while it runs: `python -P tests/another_clock.py FILE WORD...`.

FILE holds by how many seconds the clock is ahead. netguard asks for the time in one place, and the
kernel stamps the frames that are heard: both go by it, and the monotonic clock does not.
"""

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from netguard import clock
from probes.listen import wire
from probes.listen.hearing import Packet

_SECOND = 1_000_000_000  # nanoseconds


def follow(file: Path) -> None:
    """Have this process's clock follow what the file says."""
    now, packets = clock.now, wire.Wire.packets

    def ahead() -> int:
        return int(file.read_text())

    def shifted(listening: wire.Wire) -> Iterator[Packet]:
        by = ahead() * _SECOND
        return ((packet[0] + by, *packet[1:]) for packet in packets(listening))

    def moment() -> datetime:
        return now() + timedelta(seconds=ahead())

    clock.now, wire.Wire.packets = moment, shifted  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    follow(Path(sys.argv[1]))
    from netguard.cli import main

    main(sys.argv[2:])
