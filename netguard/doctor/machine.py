"""Tries this machine itself: its files, clock, rights, interfaces and store."""

import ctypes
import os
import platform
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib import metadata
from pathlib import Path

import msgspec

from netguard.config import Config, Reading, secret_problems
from netguard.config.places import sqlite_file
from netguard.config.problems import Problem, errors
from netguard.doctor.check import Check, failed, ok, warning
from netguard.errors import StoreError
from netguard.freezing import why_frozen
from netguard.inventory import Segment
from netguard.store import open_store
from netguard.store.opening import make_folder
from probes.arp.conversation import no_address
from probes.errors import LinkError
from probes.link import Link

_IPV4 = 4
_RELEASED = 2026
_CAP_NET_RAW = 13  # its bit in CapEff, see capabilities(7)
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_SIZE = 208  # octets of struct timex; all zero it asks, and sets nothing
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def configuration(reading: Reading, *, environ: Mapping[str, str]) -> Iterator[Check]:
    """Say whether the file is sound and every secret in it can be had."""
    inventory = reading.config.inventory
    counts = (
        f"devices {len(inventory.devices)}, segments {len(inventory.segments)},"
        f" servers {len(inventory.servers)}"
    )
    yield from _said("configuration", reading.problems, f"{reading.config.path}: {counts}")
    found = tuple(secret_problems(reading.config, environ=environ))
    if found or not errors(reading.problems):  # what was not understood may name secrets too
        yield from _said("secrets", found, "all are there, and private")


def _said(subject: str, problems: tuple[Problem, ...], good: str) -> Iterator[Check]:
    if not problems:
        yield ok(subject, good)
    for problem in problems:
        say = failed if problem.severity == "error" else warning
        yield say(subject, str(msgspec.structs.replace(problem, remedy="")), problem.remedy)


def system_clock(now: datetime) -> Check:
    """Say whether the time can be right, and whether the kernel holds it to be."""
    remedy = "Run: timedatectl set-ntp true"
    if now.year < _RELEASED:
        return failed("clock", f"{now:%Y-%m-%d} is before netguard was written", remedy)
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_SIZE))
    if state == _TIME_ERROR:
        detail = "not synchronised: times in findings may not fit those in other logs"
        return warning("clock", detail, remedy)
    return ok("clock", "synchronised" if state >= 0 else "plausible; the kernel does not say more")


def raw_sockets(config: Config) -> Check:
    """Say whether this process may send ARP, if any segment wants it."""
    if not any(segment.interface for segment in config.inventory.segments):
        return ok("raw sockets", "not needed: no segment has an interface")
    status = Path("/proc/self/status").read_text(encoding="ascii")
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
    if int(effective, 16) >> _CAP_NET_RAW & 1:
        return ok("raw sockets", "CAP_NET_RAW is effective")
    return failed(
        "raw sockets",
        "this process lacks CAP_NET_RAW",
        "Run as root, or with AmbientCapabilities=CAP_NET_RAW in the systemd unit.",
    )


def segment(one: Segment) -> Check:
    """Open the segment's interface as a sweep would."""
    subject = f"segment {one.name}"
    if one.interface is None:
        devices = ", ".join((*one.routers, *one.switches))
        if not devices:
            remedy = "Give it an interface, routers or switches."
            return warning(subject, "nothing sees it", remedy)
        return ok(subject, f"by SNMP alone, from {devices}")
    try:
        with Link(one.interface) as link:
            for network in one.networks:
                if network.version == _IPV4 and not any(
                    own.ip in network for own in link.own.addresses
                ):
                    raise no_address(link, str(network))
    except LinkError as error:
        return failed(subject, str(error), error.remedy)
    return ok(subject, f"{one.interface} is up, with {', '.join(map(str, link.own.addresses))}")


def store(url: str) -> Check:
    """Open the store as a sweep would, but make none; an old schema is brought up to date."""
    path = sqlite_file(url)
    try:
        if path is not None and not path.exists():
            return _store_to_come(path)
    except OSError as error:
        return failed(
            "store",
            f"{path} cannot be reached: {error.strerror}",
            "Run as the user that owns it, for example with sudo.",
        )
    try:
        with open_store(url, create=False) as opened:
            last = opened.last_sweep()
    except StoreError as error:
        return failed("store", error.message, error.remedy)
    if path is not None and not _writable(path):
        return failed("store", f"{path} is read-only", "Make it writable to this user.")
    swept = f"last sweep {last.started:%Y-%m-%dT%H:%M:%SZ}" if last else "no sweep yet"
    return ok("store", f"opened, its schema is current; {swept}")


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=True)


def _store_to_come(path: Path) -> Check:
    folder = next(parent for parent in path.parents if parent.exists())
    if folder.is_dir() and _writable(folder):
        return ok("store", f"{path}: the first sweep makes it")
    return failed(
        "store",
        f"{path} cannot be made: {folder} is not writable to this user",
        make_folder(path.parent),
    )


def unattended(config: Config) -> Check:
    """Say what may be done unattended, and whether somebody has frozen it."""
    kinds = ", ".join(config.shutdown.automatic)
    if frozen := why_frozen(config.store):
        remedy = "`netguard port thaw` removes it." if kinds else ""
        return warning("unattended", f"frozen: {frozen}", remedy)
    return ok("unattended", f"ports may be closed for {kinds}" if kinds else "nothing is changed")


def versions() -> Iterator[Check]:
    """Name the versions of Python, netguard and the libraries that it needs."""
    yield ok("Python", platform.python_version())
    yield ok("netguard", metadata.version("netguard"))
    for requirement in metadata.requires("netguard") or ():
        name = _NAME.match(requirement)
        if name and "extra ==" not in requirement:
            yield ok(name[0], metadata.version(name[0]))
