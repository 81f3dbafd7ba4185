"""Asks a whole segment who has which address, and keeps every claim, never just the first."""

import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network
from time import monotonic
from typing import Literal

from probes.arp.conversation import no_address, question, sender_for
from probes.arp.frames import BROADCAST, NOBODY, REPLY, REQUEST, UNSPECIFIED
from probes.conversation import Conversation
from probes.heard import ArpClaim, ArpSweep
from probes.interfaces import own_addresses, own_macs
from probes.link import ARP_FRAME, BATCH, SLOT, Link
from probes.mac import from_bytes
from probes.mmsg import Slots

RETRY_AFTER = 0.5  # seconds that a silent address has to answer before it is asked again
CLAIMS_PER_ADDRESS = 8  # on average; more than that on a whole segment is a flood, not a segment

# What the station has in each of its frames stands together: Ethernet source, EtherType, RFC 826
# header, operation and sender_hw. One slice, so that a station is judged once, not a frame.
_SLOT = struct.Struct(f"6x22s4s6x4s{SLOT - ARP_FRAME}x")
_HEADER = bytes.fromhex("0806 0001 0800 06 04 00")
_HEADERS = {_HEADER + bytes([REQUEST]), _HEADER + bytes([REPLY])}
_OPERATION = 15  # octet in the slice
_RECORDS_AT_A_TIME = 256

Asked = dict[bytes, list[bytes]]  # sender_ip -> target_ips


def sweep(
    interface: str,
    networks: Sequence[IPv4Network],
    *,
    clock: Callable[[], datetime],
    pace: float | None = 500,
    tries: int = 2,
    listen: float = 1.0,
    progress: Callable[[int, int], None] | None = None,
    extra: Sequence[IPv4Address] = (),
    stop: threading.Event | None = None,
) -> ArpSweep:
    """Ask every host address of the networks, and `extra`, who has it; return all that was claimed.

    Sends at most `pace` requests per second (None: as fast as it goes) and asks a silent address
    up to `tries` times. Listens `listen` seconds after the last request, and hears what others
    claim unasked. Raises LinkError when the interface cannot be used or has no address in a
    network, ProbeError when `stop` is set before the end.
    """
    with Link(interface) as link:
        asked = _plan(link, networks, extra)
        hearing = _Hearing(link, (target for each in asked.values() for target in each), clock())
        talk = Conversation(link, pace=pace, take=hearing.take, idle=hearing.settle, stop=stop)
        everything = tries * len(hearing.wanted)
        for later in reversed(range(tries)):
            for left in _ask(talk, hearing, asked):
                if progress is not None:
                    progress(everything - later * len(hearing.wanted) - left, everything)
            asked = _silent(asked, hearing)
        talk.listen(talk.last_sent + listen)
        link.still_usable()
        return hearing.result()


def _plan(link: Link, networks: Sequence[IPv4Network], extra: Sequence[IPv4Address]) -> Asked:
    own = {address.packed for address in own_addresses(link.interfaces)}
    sender_of: dict[bytes, bytes] = {}
    for network in networks:
        sender = _sender_in(link, network)
        sender_of.update(dict.fromkeys(_hosts(network), sender))
    for address in extra:
        sender_of.setdefault(address.packed, sender_for(link, address))
    sender_of.update(dict.fromkeys(own & sender_of.keys(), UNSPECIFIED))
    asked: Asked = {}
    for target, sender in sender_of.items():
        asked.setdefault(sender, []).append(target)
    return asked


def _sender_in(link: Link, network: IPv4Network) -> bytes:
    own = next((each.ip for each in link.own.addresses if each.ip in network), None)
    if own is None:
        raise no_address(link, str(network))
    return own.packed


def _hosts(network: IPv4Network) -> Iterable[bytes]:
    first, last = int(network.network_address), int(network.broadcast_address)
    if last - first > 1:  # RFC 3021: a /31 has two hosts, and no broadcast address
        first, last = first + 1, last - 1
    return (number.to_bytes(4) for number in range(first, last + 1))


def _silent(asked: Asked, hearing: "_Hearing") -> Asked:
    """Return what is to be asked again; our own address got its one Probe."""
    return {
        sender: [target for target in targets if target not in hearing.answered]
        for sender, targets in asked.items()
        if sender != UNSPECIFIED
    }


def _ask(talk: Conversation, hearing: "_Hearing", asked: Asked) -> Iterator[int]:
    """Go through the addresses once; yield, after each batch, how many are left."""
    left = sum(map(len, asked.values()))
    for sender, targets in asked.items():
        outbox = _outbox(hearing.link, sender)
        at = 0
        while at < len(targets):
            chunk = targets[at : at + talk.allowance(BATCH)]
            _ask_some(talk, hearing, outbox, chunk)
            at += len(chunk)
            left -= len(chunk)
            yield left


def _outbox(link: Link, sender: bytes) -> Slots:
    """Return a batch of requests made once, of which only the target_ip remains to be filled in."""
    frame = question(link, sender, UNSPECIFIED)
    outbox = Slots(BATCH, len(frame))
    outbox.buffer[:] = frame * BATCH
    return outbox


def _ask_some(talk: Conversation, hearing: "_Hearing", outbox: Slots, chunk: list[bytes]) -> None:
    if before := hearing.sent.get(chunk[-1]):
        talk.listen(before + RETRY_AFTER)
    silent = [target for target in chunk if target not in hearing.answered]
    octets = b"".join(silent)
    end = len(silent) * outbox.size
    for octet in range(4):
        outbox.buffer[outbox.size - 4 + octet : end : outbox.size] = octets[octet::4]
    hearing.sent.update(dict.fromkeys(silent, monotonic()))
    if silent:
        talk.send(outbox, len(silent))


class _Hearing:
    """Everything claimed so far. Octets while frames rush in, records when there is time."""

    def __init__(self, link: Link, wanted: Iterable[bytes], started: datetime) -> None:
        self.link = link
        self.wanted = set(wanted) - {UNSPECIFIED}
        self.answered: set[bytes] = set()
        self.sent: dict[bytes, float] = {}  # target_ip -> monotonic time of the last request
        self._interface = link.own.name
        self._own = own_macs(link.interfaces)
        self._stations: dict[bytes, set[bytes]] = {}  # what each has claimed so far
        self._room = CLAIMS_PER_ADDRESS * len(self.wanted) + 1024
        self._fresh: deque[tuple[bytes, bytes, bytes, float]] = deque()
        self._claims: list[ArpClaim] = []
        self._malformed = 0
        self._overflow = 0
        self._started = started
        self._began = monotonic()

    def take(self) -> None:
        """Keep each new claim that waits: the hot loop, in octets throughout."""
        slots = self.link.receive()
        if len(self._fresh) + len(self._claims) >= self._room:
            self._overflow += len(slots) // SLOT
            return
        now = monotonic()
        stations, wanted, answered, fresh = self._stations, self.wanted, self.answered, self._fresh
        for station, sender_ip, target_ip in _SLOT.iter_unpack(slots):
            claimed = stations.get(station)
            if claimed is None:
                claimed = self._meet(station, sender_ip)
            if sender_ip in claimed or sender_ip not in wanted:
                continue
            claimed.add(sender_ip)
            fresh.append((station, sender_ip, target_ip, now))
            if station[_OPERATION] == REPLY:
                answered.add(sender_ip)

    def _meet(self, station: bytes, sender_ip: bytes) -> set[bytes]:
        """Return the claims of a station not met before: none yet, or all if it is no claimant."""
        if station[6:16] not in _HEADERS:
            self._malformed += 1
        elif sender_ip in self.wanted and self._may_claim(station[16:], station[:6]):
            return self._stations.setdefault(station, set())
        return self.wanted

    def _may_claim(self, sender_hw: bytes, frame_source: bytes) -> bool:
        ourselves = sender_hw in self._own or frame_source in self._own
        return not ourselves and sender_hw not in {NOBODY, BROADCAST}

    def settle(self) -> bool:
        """Turn some of the octets into records; return False when there are none left."""
        some = min(len(self._fresh), _RECORDS_AT_A_TIME)
        self._claims.extend(self._claim(*self._fresh.popleft()) for _ in range(some))
        return some > 0

    def _claim(self, station: bytes, sender_ip: bytes, target_ip: bytes, now: float) -> ArpClaim:
        reply = station[_OPERATION] == REPLY
        kind: Literal["reply", "request"] = "reply" if reply else "request"
        asked = self.sent.get(sender_ip, now + 1) if reply else now + 1
        return ArpClaim(
            interface=self._interface,
            sender_ip=IPv4Address(sender_ip),
            sender_hw=from_bytes(station[16:]),
            frame_source=from_bytes(station[:6]),
            kind="announcement" if sender_ip == target_ip else kind,
            seen=self._started + timedelta(seconds=now - self._began),
            delay=now - asked if asked <= now else None,
        )

    def result(self) -> ArpSweep:
        """Return the record of the whole sweep."""
        while self.settle():
            pass
        return ArpSweep(
            interface=self._interface,
            started=self._started,
            duration=monotonic() - self._began,
            probed=len(self.wanted),
            answered=len(self.answered),
            claims=tuple(self._claims),
            own_macs=frozenset(map(from_bytes, self._own)),
            own_addresses=own_addresses(self.link.interfaces),
            dropped=self.link.count_dropped() + self._overflow,
            malformed=self._malformed,
        )
