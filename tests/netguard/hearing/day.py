"""An ordinary day on a segment: what hosts say, with all the churn that means no harm."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network
from operator import attrgetter
from random import Random
from typing import Literal

from netguard.hearing.ear import Ground
from probes.heard import AddressProbe, ArpClaim, Heard, NeighborClaim, RouterAdvert
from probes.mac import from_bytes
from probes.records import IPAddress

START = datetime(2026, 11, 26, tzinfo=UTC)
HOSTS = 250
MINUTE = 60.0
_FIRST = 4  # the gateway and its two routers come before the hosts

# How often each thing happens somewhere on the segment, once in so many minutes.
_REBOOT, _NEW_LEASE, _SWAP, _NEW_CARD, _CRASH_LOOP, _FAILOVER, _BACK = 5, 10, 20, 60, 90, 15, 3


def ground(segment: int) -> Ground:
    """Return what is known of the segment: its networks, its gateway and the routers behind it."""
    gateway, router = address(segment, 1), IPv6Address("fe80::1")
    virtual = f"00:00:5e:00:01:{segment:02x}"
    return Ground(
        networks=(ip_network(f"10.{segment}.0.0/23"), ip_network(f"2001:db8:{segment:x}::/64")),
        gateways={gateway: frozenset({virtual}), router: frozenset({virtual})},
        routers=frozenset({station(segment, 2), station(segment, 3)}),
        segment=f"segment-{segment}",
    )


def address(segment: int, number: int) -> IPv4Address:
    return IPv4Address((10 << 24) + (segment << 16) + number + (number > 254) * 2)


def station(segment: int, number: int, card: int = 0) -> str:
    """Return the MAC of a host's card; no two are a bit or two apart by mere counting."""
    return from_bytes(bytes((2, segment, card)) + (number * 2654435761 % 2**24).to_bytes(3))


class Day:
    """One segment; `minutes` of it are told frame by frame, in their order."""

    def __init__(self, segment: int, hosts: int = HOSTS) -> None:
        self._chance = Random(segment)  # noqa: S311 - a simulation
        self._segment = segment
        self._uses = {n: address(segment, n) for n in range(_FIRST, _FIRST + hosts)}
        self._cards = dict.fromkeys(self._uses, 0)
        self._away: set[int] = set()  # of the pairs of hosts, those whose second has the address
        self._minute: list[Heard] = []
        self._busy: set[int] = set()  # to whom something has happened in this minute

    def minutes(self, count: int) -> Iterator[Heard]:
        """Tell so many minutes from the start."""
        for minute in range(count):
            start = minute * MINUTE
            self._routine(start)
            self._churn(start)
            self._minute.sort(key=attrgetter("seen"))
            yield from self._minute
            self._minute = []
            self._busy = set()

    # --- what goes on all the time

    def _routine(self, start: float) -> None:
        gateway = f"00:00:5e:00:01:{self._segment:02x}"
        self._say(start, gateway, address(self._segment, 1), "announcement")
        self._advertise(start + 1, gateway)
        for number, ip in self._uses.items():
            at = start + self._chance.random() * MINUTE / 2
            mac = self._mac(number)
            self._say(at, mac, ip, "request")
            if self._chance.random() < 0.1:  # the gateway asks, and is answered
                self._say(at + 1, mac, ip, "reply", told=gateway)
            if number % 2 and self._chance.random() < 0.2:  # the same in IPv6
                self._solicit(at + 2, mac, number)
        for number in (20, 21):  # two hosts with two cards each, which answer for both addresses
            self._flux(start, number)
        for number in (30, 40):  # the virtual addresses of two pairs without virtual MACs
            shared = address(self._segment, 300 + number)
            self._say(start + 31, self._mac(number + (number in self._away)), shared, "request")

    def _flux(self, start: float, number: int) -> None:
        for late, ip in enumerate((self._uses[number], address(self._segment, 400 + number))):
            for card in (0, 1):
                mac = station(self._segment, number, card)
                at = start + 40 + late + card / 1000
                self._say(at, mac, ip, "reply", told=self._mac(25))

    # --- what happens now and then

    def _churn(self, start: float) -> None:
        happenings: dict[Callable[[float], None], int] = {
            self._reboot: _REBOOT,
            self._new_lease: _NEW_LEASE,
            self._swap: _SWAP,
            self._new_card: _NEW_CARD,
            self._crash_loop: _CRASH_LOOP,
            self._failover: _BACK if self._away else _FAILOVER,
            self._look_for_devices: 10,
        }
        for happen, seldom in happenings.items():
            if self._chance.random() < 1 / seldom:
                happen(start + MINUTE / 2 + 20)

    def _some(self) -> int:
        others = range(_FIRST + 50, _FIRST + len(self._uses))
        number = self._chance.choice([n for n in others if n not in self._busy])
        self._busy.add(number)
        return number

    def _reboot(self, at: float) -> None:
        number = self._some()
        self._take(at, self._mac(number), self._uses[number])

    def _new_lease(self, at: float) -> None:
        """Another station gets the address; the one before has left."""
        number = self._some()
        self._cards[number] += 1
        self._take(at, self._mac(number), self._uses[number])

    def _swap(self, at: float) -> None:
        one, other = self._some(), self._some()
        self._uses[one], self._uses[other] = self._uses[other], self._uses[one]
        for number in {one, other}:
            self._take(at, self._mac(number), self._uses[number])

    def _new_card(self, at: float) -> None:
        """A bond goes over to its other card (fail_over_mac=active)."""
        number = self._some()
        self._cards[number] ^= 1
        for n in range(3):
            self._say(at + n / 10, self._mac(number), self._uses[number], "announcement")

    def _crash_loop(self, at: float) -> None:
        ip = address(self._segment, 450)
        for n in range(6):
            mac = from_bytes(b"\x02\x42" + self._chance.randbytes(4))
            self._say(at + n * 2, mac, ip, "announcement")
            self._say(at + n * 2 + 0.5, mac, ip, "request")

    def _failover(self, at: float) -> None:
        number = self._chance.choice((30, 40))
        self._away ^= {number}
        mac = self._mac(number + (number in self._away))
        shared = address(self._segment, 300 + number)
        for n in range(10):
            self._say(at + n // 5 * 5 + n % 5 / 10000, mac, shared, "announcement")
        before = self._mac(number + (number not in self._away))
        self._say(at + 0.002, before, shared, "reply", told=self._mac(25))

    def _look_for_devices(self, at: float) -> None:
        """A switch probes for all that it knows (IP device tracking)."""
        for ip in self._uses.values():
            self._probe(at, station(self._segment, 2, 9), ip)

    # --- how it is said

    def _mac(self, number: int) -> str:
        return station(self._segment, number, self._cards.get(number, 0))

    def _take(self, at: float, mac: str, ip: IPv4Address) -> None:
        for n in range(3):
            self._probe(at + n, mac, ip)
        for n in range(2):
            self._say(at + 4 + n * 2, mac, ip, "announcement")

    def _say(
        self,
        at: float,
        mac: str,
        ip: IPv4Address,
        kind: Literal["reply", "request", "announcement"],
        told: str | None = None,
    ) -> None:
        said = ArpClaim(
            interface="eth1",
            sender_ip=ip,
            sender_hw=mac,
            frame_source=mac,
            kind=kind,
            seen=START + timedelta(seconds=at),
            told=told,
        )
        self._minute.append(said)

    def _probe(self, at: float, mac: str, ip: IPAddress) -> None:
        seen = START + timedelta(seconds=at)
        self._minute.append(AddressProbe(interface="eth1", ip=ip, sender_hw=mac, seen=seen))

    def _solicit(self, at: float, mac: str, number: int) -> None:
        network = int(IPv6Address(f"2001:db8:{self._segment:x}::"))
        ip = IPv6Address(network + int(self._uses[number]))
        said = NeighborClaim(
            interface="eth1",
            sender_ip=ip,
            sender_hw=mac,
            frame_source=mac,
            kind="solicitation",
            seen=START + timedelta(seconds=at),
        )
        self._minute.append(said)

    def _advertise(self, at: float, mac: str) -> None:
        advert = RouterAdvert(
            interface="eth1",
            router=IPv6Address("fe80::1"),
            sender_hw=mac,
            frame_source=mac,
            lifetime=1800,
            prefixes=(),
            seen=START + timedelta(seconds=at),
        )
        self._minute.append(advert)
