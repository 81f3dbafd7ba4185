"""From packets, wherever they come from, to what was heard in them: the one way for both ears."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from probes.errors import Malformed
from probes.heard import ArpClaim, Heard, NeighborClaim
from probes.listen.frames import LINK_TYPES, may_concern, parse

Packet = tuple[int, int, str, bytes, int]
"""Nanoseconds since 1970 (UTC), link type, interface name, octets, how many it once had."""

_CLAIMS = frozenset({ArpClaim, NeighborClaim})
_SECOND = 1_000_000_000  # nanoseconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Counters(msgspec.Struct, kw_only=True):
    """How much was listened to, and what of it could not be understood.

    `claims` are the ARP and Neighbor claims among what was heard. `malformed` frames break their
    standard; `cut` ones might not, but were captured too short to tell. `unread` are those of link
    types that are not Ethernet, `own` the records of this machine's own stations, but for those
    that others must have made, `echoes` frames that came again at once, as in a loop, and `dropped`
    those that the kernel lost before they could be read.
    """

    frames: int = 0
    claims: int = 0
    malformed: int = 0
    cut: int = 0
    unread: int = 0
    own: int = 0
    echoes: int = 0
    dropped: int = 0


def heard(packets: Iterable[Packet], counters: Counters) -> Iterator[Heard]:
    """Yield what the packets say, in their order; what they do not say well is only counted."""
    for packet in packets:
        counters.frames += 1
        _, link_type, _, octets, _ = packet
        if link_type not in LINK_TYPES:
            counters.unread += 1
        elif may_concern(octets, link_type):
            yield from _records(packet, counters)


def _records(packet: Packet, counters: Counters) -> tuple[Heard, ...]:
    nanoseconds, link_type, interface, octets, length = packet
    try:
        seen = _EPOCH + timedelta(0, nanoseconds // _SECOND, nanoseconds % _SECOND // 1000)
        records = parse(octets, link_type, interface=interface, seen=seen)
    except (Malformed, OverflowError):  # a capture may name any time, also one past all calendars
        if len(octets) < length:
            counters.cut += 1
        else:
            counters.malformed += 1
        return ()
    for record in records:
        counters.claims += type(record) in _CLAIMS
    return records
