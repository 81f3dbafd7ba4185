"""Asks again, by ARP, about the addresses in dispute only: who goes on claiming them."""

import struct
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from ipaddress import IPv4Address
from time import monotonic

from probes.arp.conversation import question, sender_for
from probes.arp.frames import NOBODY, REPLY, UNSPECIFIED
from probes.conversation import Conversation
from probes.heard import ClaimTest
from probes.interfaces import own_macs
from probes.link import ARP_FRAME, SLOT, Link
from probes.retesting import ANSWER_TIME, Tally, ask_rounds

_SLOT = struct.Struct(f"12x10s6s4s6s4x{SLOT - ARP_FRAME}x")
_ARP = bytes.fromhex("0806 0001 0800 06 04 00")
_REPLY = _ARP + bytes([REPLY])


def retest(
    interface: str,
    disputes: Mapping[IPv4Address, Collection[str]],
    *,
    others: Mapping[str, Collection[IPv4Address]],
    canaries: Sequence[IPv4Address],
    clock: Callable[[], datetime],
    rounds: int = 3,
    spacing: float = 1.0,
    patience: float = ANSWER_TIME,
    pace: float | None = 500,
    progress: Callable[[int, int], None] | None = None,
    stop: threading.Event | None = None,
) -> tuple[ClaimTest, ...]:
    """Ask `rounds` times about each address, its claimants known (`disputes`) or yet unknown.

    Each claimant is also asked alone for addresses of the other claimants (`others`), and for
    `canaries`, which nobody has. Rounds begin at least `spacing` seconds apart, and each question
    is given `patience` seconds: a second catches every late proxy, less is for who is in a hurry.
    One record for each address and station, those included that turn up on the way. Raises as
    `sweep` does.
    """
    with Link(interface) as link:
        nobody = own_macs(link.interfaces) | {NOBODY}
        tally = Tally(disputes, nobody=nobody, others=others, canaries=canaries)
        talk = Conversation(link, pace=pace, take=partial(_take, link, tally), stop=stop)
        senders = {a: sender_for(link, IPv4Address(a)) for a in tally.addresses() - {UNSPECIFIED}}
        ask_rounds(
            talk,
            tally,
            lambda address, station: question(link, senders[address], address, station),
            rounds=rounds,
            spacing=spacing,
            patience=patience,
            progress=progress,
        )
        link.still_usable()
        return tally.results(rounds, clock())


def _take(link: Link, tally: Tally) -> None:
    """Count the replies that wait and are meant for us, and what else claims an address."""
    slots, now = link.receive(), monotonic()
    for header, station, address, target_hw in _SLOT.iter_unpack(slots):
        if header == _REPLY and target_hw == link.mac:
            tally.count((address, station), now)
        elif header.startswith(_ARP):
            tally.overhear((address, station))
