"""Asks again, by Neighbor Discovery, about the addresses in dispute: who goes on claiming them.

The question is an ordinary one, from an address of ours, so that nobody takes it for duplicate
address detection (RFC 4862), which would make us a claimant.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from functools import partial
from ipaddress import IPv6Address, IPv6Interface
from itertools import chain
from time import monotonic

from probes.arp.frames import NOBODY
from probes.conversation import Conversation
from probes.errors import LinkError
from probes.heard import ClaimTest
from probes.interfaces import ipv6_addresses, own_macs
from probes.link import Link
from probes.ndp.frames import NEIGHBORS, claim, solicitation
from probes.retesting import ANSWER_TIME, Tally, ask_rounds


def retest(
    interface: str,
    disputes: Mapping[IPv6Address, Collection[str]],
    *,
    clock: Callable[[], datetime],
    rounds: int = 3,
    spacing: float = 1.0,
    patience: float = ANSWER_TIME,
    pace: float | None = 500,
    stop: threading.Event | None = None,
) -> tuple[ClaimTest, ...]:
    """Ask `rounds` times about each address, its claimants known (`disputes`) or yet unknown.

    Rounds begin at least `spacing` seconds apart, and each question is given `patience` seconds.
    One record for each address and station, those included that turn up on the way. Nothing is
    asked about our own addresses: of those the kernel tells, which defends them. Raises LinkError
    when the interface cannot be used or has no address to ask from, ProbeError when `stop` is set
    before the end.
    """
    with Link(interface, NEIGHBORS) as link:
        own = ipv6_addresses()
        asked = {a: who for a, who in disputes.items() if not _is_own(a, interface, own)}
        if not asked:
            return ()
        sources = {a.packed: _source(interface, own.get(interface, ()), a) for a in asked}
        nobody = own_macs(link.interfaces) | {NOBODY}
        tally = Tally(asked, nobody=nobody, others={}, canaries=())
        take = partial(_take, link, tally, sources, clock())
        ask_rounds(
            Conversation(link, pace=pace, take=take, stop=stop),
            tally,
            lambda address, station: solicitation(link.mac, sources[address], address, station),
            rounds=rounds,
            spacing=spacing,
            patience=patience,
        )
        link.still_usable()
        return tally.results(rounds, clock())


def _take(link: Link, tally: Tally, sources: Mapping[bytes, bytes], seen: datetime) -> None:
    """Count the advertisements that wait and are meant for us, and what else claims an address."""
    frames, now = link.frames(), monotonic()
    for frame in frames:
        said = claim(frame, link.own.name, seen)
        if said is None:
            continue
        pair = said.address, said.station
        ours = frame.startswith(link.mac) and said.answered == sources.get(said.address)
        if ours and (said.named or tally.asked_alone(pair)):
            tally.count(pair, now)
        elif said.named:
            tally.overhear(pair)


def _is_own(
    address: IPv6Address, interface: str, own: Mapping[str, Iterable[IPv6Interface]]
) -> bool:
    """Tell whether we have it. The link-local one of another interface is another address."""
    return any(
        each.ip == address
        for name, addresses in own.items()
        for each in addresses
        if name == interface or not address.is_link_local
    )


def _source(interface: str, own: Collection[IPv6Interface], address: IPv6Address) -> bytes:
    """Return our address to ask from: one in the same network, or else the link-local one."""
    near = (each.ip for each in own if address in each.network)
    local = (each.ip for each in own if each.is_link_local)
    for source in chain(near, local):
        return source.packed
    raise LinkError(
        interface,
        f"the interface has no IPv6 address to ask about {address} from",
        remedy=f"sysctl -w net/ipv6/conf/{interface}/disable_ipv6=0 gives it a link-local one,"
        " two seconds later",
    )
