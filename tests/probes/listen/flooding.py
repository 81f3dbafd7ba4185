"""Floods of forged frames on a wire between two namespaces: as many as the machine can send."""

import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import c_bool, c_ulong
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from multiprocessing.sharedctypes import Synchronized
from time import perf_counter, sleep
from typing import NamedTuple

from netguard.lab import namespaces
from probes.arp import craft
from probes.mmsg import Slots
from tests.probes.listen.crafting import advertisement, link_layer, ndp
from tests.segment import BROADCAST, Segment, address, raw, request, sysctl

_BATCH = 1000
_FORK = get_context("fork")
_HALVES = 0xFFFF_FFFF
_CLAIM = craft(request("02:00:00:00:00:00", address(1), address(2))).ljust(60, b"\0")
_ADVERT = ndp(
    advertisement("2001:db8::", 0x20, link_layer(2, "02:00:ff:ff:ff:ff")),
    source="fe80::bad",
    frame="02:00:ff:ff:ff:ff",
)


def arp_claims(count: int) -> bytearray:
    """Return ARP requests, each of another MAC and with another address (10.0.0.0/8)."""
    number = struct.Struct("!I")
    return _forged(
        _CLAIM,
        count,
        lambda frames, at, n: (
            number.pack_into(frames, at + 8, n),
            number.pack_into(frames, at + 24, n),
            number.pack_into(frames, at + 28, 0x0A00_0001 + n),
        ),
    )


def neighbor_advertisements(count: int) -> bytearray:
    """Return Neighbor Advertisements that override, each of another MAC, for another address.

    Where one has a bit the other lacks it, so that the checksum is always the same.
    """
    number = struct.Struct("!I")
    return _forged(
        _ADVERT,
        count,
        lambda frames, at, n: (
            number.pack_into(frames, at + 8, n ^ _HALVES),
            number.pack_into(frames, at + 74, n),
            number.pack_into(frames, at + 82, n ^ _HALVES),
        ),
    )


def _forged(
    frame: bytes, count: int, change: Callable[[bytearray, int, int], object]
) -> bytearray:
    frames = bytearray(frame * count)
    for n in range(count):
        change(frames, n * len(frame), n)
    return frames


SIZES = {arp_claims: len(_CLAIM), neighbor_advertisements: len(_ADVERT)}
"""How long each frame of a flood is."""


class Flood(NamedTuple):
    """A flood that goes on in a process of its own: how much was sent, and in how many seconds."""

    process: ForkProcess
    sent: "Synchronized[c_ulong]"
    seconds: "Synchronized[float]"


@contextmanager
def wire() -> Iterator[tuple[int, int]]:
    """Put up two namespaces with a wire between: eth1 in the first, eth0 in the second."""
    with Segment() as segment:
        ears, mouth = segment.namespace(), segment.namespace()
        for fd in (ears, mouth):
            sysctl(fd, "ipv6/conf/all/disable_ipv6", "1")
        with segment.ip(ears) as ip:
            ip.link("add", ifname="eth1", kind="veth", peer={"ifname": "eth0", "net_ns_fd": mouth})
            ip.link("set", index=ip.link_lookup(ifname="eth1")[0], state="up")
        with segment.ip(mouth) as ip:
            ip.link("set", index=ip.link_lookup(ifname="eth0")[0], state="up")
        yield ears, mouth
