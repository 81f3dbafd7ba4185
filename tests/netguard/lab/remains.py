"""Looks for what a lab may have left on this machine."""

import contextlib
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

from netguard.lab.topology import HOSTS

_OWN_NAMES = {card.name for host in HOSTS for card in host.interfaces} | {"br0"}


def namespaces_of(pid: int) -> dict[int, int]:
    """Return the network namespaces that a process holds: inode -> an open file of our own.

    While it is open the kernel gives the inode to no other namespace, whatever else is running.
    This one's own is left out: whoever looks into another holds its way home open for a moment.
    """
    held = {}
    for inode in _inodes(Path(f"/proc/{pid}")):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if inode not in held and link.stat().st_ino == inode:
                    held[inode] = os.open(link, os.O_RDONLY)
    return held


def _inodes(process: Path) -> set[int]:
    found = set()
    for link in (process / "fd").iterdir():
        with contextlib.suppress(OSError):
            if match := re.fullmatch(r"net:\[(\d+)]", os.readlink(link)):  # noqa: PTH115 - no path
                found.add(int(match[1]))
    return found - {Path("/proc/self/ns/net").stat().st_ino}


def holder_of(directory: Path) -> int:
    """Return the process that holds the lab in a directory."""
    return int((directory / "holder.pid").read_text())


def interfaces() -> set[str]:
    """Return the names of this machine's interfaces that only a lab would make."""
    return {name for name in os.listdir("/sys/class/net") if name in _OWN_NAMES - {"eth0", "eth1"}}  # noqa: PTH208 - names, not paths


def processes(directory: Path) -> list[int]:
    """Return the processes that have the directory on their command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if bytes(directory) in words and int(process.name) != os.getpid():
                found.append(int(process.name))
    return found


def gone(namespaces: Mapping[int, int], directory: Path) -> bool:
    """Return whether nobody else holds any of it any more, waiting a little for the kernel."""
    deadline = time.monotonic() + 5
    try:
        while time.monotonic() < deadline:
            others = (p for p in Path("/proc").glob("[0-9]*") if int(p.name) != os.getpid())
            held = set().union(*map(_namespaces_held, others))
            if not held & namespaces.keys() and not processes(directory) and not directory.exists():
                return True
            time.sleep(0.05)
        return False
    finally:
        for file in namespaces.values():
            os.close(file)


def _namespaces_held(process: Path) -> set[int]:
    with contextlib.suppress(OSError):
        return {(process / "ns/net").stat().st_ino} | _inodes(process)
    return set()
