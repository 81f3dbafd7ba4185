"""Tells systemd how the daemon is: sd_notify(3) and the watchdog, without a library."""

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress

_PATIENCE = 1.0  # seconds: systemd may be busy, but a daemon does not stand still for it


def notify(*assignments: str, environ: Mapping[str, str] = os.environ) -> None:
    """Send READY=1, STATUS=..., WATCHDOG=1, STOPPING=1 or RELOADING=1 to $NOTIFY_SOCKET.

    RELOADING=1 gets the MONOTONIC_USEC that systemd wants with it. Without the socket nothing is
    done, and what goes wrong is not told: a daemon works as well without being watched.
    """
    where = environ.get("NOTIFY_SOCKET", "")
    if not where.startswith(("/", "@")):
        return
    lines = [assignment.replace("\n", " ") for assignment in assignments]
    if "RELOADING=1" in assignments:
        lines.append(f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
    message = "\n".join(lines).encode(errors="replace")
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.settimeout(_PATIENCE)
        link.sendto(message, where.replace("@", "\0", 1) if where[0] == "@" else where)


def watchdog_interval(environ: Mapping[str, str] = os.environ) -> float | None:
    """Return the seconds between two WATCHDOG=1, half of what systemd waits; None if it does not.

    $WATCHDOG_PID names the process that it waits for; a child inherits the variables, too.
    """
    wait = environ.get("WATCHDOG_USEC", "")
    whose = environ.get("WATCHDOG_PID", str(os.getpid()))
    if not (wait.isascii() and wait.isdigit() and int(wait)) or whose != str(os.getpid()):
        return None
    return int(wait) / 1_000_000 / 2
