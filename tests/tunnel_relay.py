"""A tunnel's two ends and the way between them: what one TUN file gives, the other gets later.

    python tests/tunnel_relay.py FD FD SECONDS

Ends when its standard input does, so that nothing outlives whoever started it.
"""

import os
import select
import sys
from collections import deque
from time import monotonic


def carry(ends: tuple[int, int], delay: float, until: int) -> None:
    """Carry packets between the ends, each `delay` seconds on its way, until a file ends."""
    other = dict(zip(ends, reversed(ends), strict=True))
    waiting: deque[tuple[float, int, bytes]] = deque()
    while True:
        patience = max(0.0, waiting[0][0] - monotonic()) if waiting else None
        readable = select.select([*ends, until], [], [], patience)[0]
        if until in readable:
            return
        now = monotonic()
        waiting.extend((now + delay, other[end], os.read(end, 65535)) for end in readable)
        while waiting and waiting[0][0] <= monotonic():
            _, end, packet = waiting.popleft()
            os.write(end, packet)


if __name__ == "__main__":
    carry((int(sys.argv[1]), int(sys.argv[2])), float(sys.argv[3]), sys.stdin.fileno())
