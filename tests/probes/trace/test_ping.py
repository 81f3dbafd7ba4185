import asyncio
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest

from netguard.lab import namespaces
from probes.errors import ProbeError
from probes.records import HopReply, IPAddress, Method, Probe
from probes.trace.ping import PingWire
from tests import hops
from tests.probes.trace import answers
from tests.probes.trace.asking_there import aliases, narrow, replies_of, tap, weak
from tests.probes.trace.test_packets import hashed

pytestmark = pytest.mark.packets

NEAR, NEAR6 = IPv4Address("192.0.2.2"), IPv6Address("2001:db8:1::2")
NOBODY6 = IPv6Address("2001:db8:3::77")
FARS = (hops.FAR, hops.FAR6)


@pytest.fixture(scope="module")
def way() -> Iterator[hops.Way]:
    with hops.way() as made:
        for host in made:
            permit(host)
        yield made


def permit(fd: int) -> None:
    with namespaces.entered(fd):
        Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 2147483647", encoding="ascii")


async def ask(
    fd: int, probes: Sequence[Probe], most: int, sources: Sequence[IPAddress] = ()
) -> tuple[list[HopReply], PingWire]:
    with namespaces.entered(fd):
        async with PingWire(sources) as wire:
            await wire.send(probes)
            return await replies_of(wire, most), wire


def asked(
    fd: int, probes: Sequence[Probe], most: int, sources: Sequence[IPAddress] = ()
) -> list[HopReply]:
    return asyncio.run(ask(fd, probes, most, sources))[0]


@pytest.mark.parametrize("target", FARS)
def test_every_hop_of_the_way_answers(way: hops.Way, target: IPAddress) -> None:
    probes = [Probe(target=target, ttl=ttl, attempt=ttl % 16) for ttl in (1, 2, 3, 64)]
    heard = {each.ttl: each for each in asked(way.near, probes, 4)}
    routers = (hops.FIRST, hops.SECOND) if target.version == 4 else (hops.FIRST6, hops.SECOND6)
    assert {ttl: (each.kind, each.source) for ttl, each in heard.items()} == {
        1: ("time-exceeded", routers[0]),
        2: ("time-exceeded", routers[1]),
        3: ("echo-reply", target),
        64: ("echo-reply", target),
    }
    assert [heard[ttl].reply_ttl for ttl in (1, 2, 3)] == [64, 63, 62]
    for ttl, each in heard.items():
        assert (each.target, each.method, each.attempt) == (target, "icmp", ttl % 16)
        assert (each.large, each.mac) == (False, None)
        assert each.rtt is not None
        assert 0 <= each.rtt < 3


@pytest.mark.parametrize("target", FARS)
def test_a_large_probe_names_who_cannot_pass_it_on_each_time(
    way: hops.Way, target: IPAddress
) -> None:
    for _ in range(2):  # the kernel has learnt the MTU by then
        [reply] = asked(way.near, [Probe(target=target, ttl=9, large=True)], 1)
        assert (reply.kind, reply.mtu, reply.large) == ("fragmentation-needed", hops.MTU, True)
        assert reply.source == (hops.SECOND if target.version == 4 else hops.SECOND6)


@pytest.mark.parametrize("target", [hops.SECOND, hops.SECOND6])
def test_a_large_probe_that_fits_is_answered(way: hops.Way, target: IPAddress) -> None:
    [reply] = asked(way.near, [Probe(target=target, ttl=9, large=True)], 1)
    assert (reply.kind, reply.large) == ("echo-reply", True)


@pytest.mark.parametrize(("target", "code"), [(hops.FORBIDDEN, 13), (hops.FORBIDDEN6, 1)])
def test_a_router_that_refuses_is_heard(target: IPAddress, code: int) -> None:
    with hops.way() as fresh:  # Linux counts what it refuses, and what it says else, in one
        permit(fresh.near)
        [reply] = asked(fresh.near, [Probe(target=target, ttl=9)], 1)
    first = hops.FIRST if target.version == 4 else hops.FIRST6
    assert (reply.kind, reply.code, reply.source) == ("unreachable", code, first)


def test_what_befell_one_probe_does_not_stop_the_next(way: hops.Way) -> None:
    async def in_small_portions() -> tuple[list[HopReply], PingWire]:
        heard: list[HopReply] = []
        with namespaces.entered(way.near):
            async with PingWire() as wire:
                for number in range(320):
                    fate = Probe(target=FARS[number % 2], ttl=1 + number // 16, attempt=number % 16)
                    await wire.send([fate])
                while len(heard) < 320 and (more := await wire.receive(3)):
                    heard += more
                return heard, wire

    heard, wire = asyncio.run(in_small_portions())
    assert len({(each.ttl, each.attempt) for each in heard}) == 320
    assert wire.unroutable == {}
    assert wire.too_large == set()


@pytest.mark.parametrize("target", FARS)
def test_all_probes_of_a_target_take_one_way(way: hops.Way, target: IPAddress) -> None:
    probes = [
        Probe(target=target, ttl=1 + attempt, attempt=attempt, large=large)
        for attempt in range(8)
        for large in (False, True)
    ]
    with tap(way, 0x0800 if target.version == 4 else 0x86DD) as seen:
        asked(way.near, probes, 0)
        packets: list[bytes] = []
        while len(packets) < len(probes):
            packet = seen()
            if answers.ends(packet)[1] == target.packed:
                packets.append(packet)
    assert len({hashed(each) for each in packets}) == 1
    assert sorted(len(each) for each in packets)[len(probes) // 2 :] == [1500] * 8


def test_each_probe_speaks_from_the_source_it_names(way: hops.Way) -> None:
    with aliases(way) as (one, other), tap(way) as seen:
        probes = [Probe(target=hops.FAR, ttl=1, source=each) for each in (one, other)]
        heard = asked(way.near, [*probes, Probe(target=hops.FAR, ttl=2)], 3, (one, other))
        speakers = [answers.ends(seen())[0] for _ in range(3)]
    assert speakers == [one.packed, other.packed, NEAR.packed]
    assert sorted(each.ttl for each in heard) == [1, 1, 2]


def test_an_ipv6_source_is_spoken_from_too(way: hops.Way) -> None:
    heard = asked(way.near, [Probe(target=hops.FAR6, ttl=1, source=NEAR6)], 1, [NEAR6])
    assert [each.source for each in heard] == [hops.FIRST6]


@pytest.mark.parametrize("source", ["192.0.2.99", "2001:db8:1::99"])
def test_a_source_that_is_not_ours_is_refused(way: hops.Way, source: str) -> None:
    with pytest.raises(ProbeError, match=f"{source}: cannot be spoken from") as refusal:
        asked(way.near, [], 0, [ip_address(source)])
    assert refusal.value.kind == "no-such-source"


def test_targets_without_a_way_are_named_and_the_others_asked(way: hops.Way) -> None:
    lost: tuple[IPAddress, ...] = (IPv4Address("203.0.113.9"), IPv6Address("2001:db8:8::9"))
    probes = [Probe(target=each, ttl=5) for each in (*lost, hops.FAR, hops.FAR6)]
    heard, wire = asyncio.run(ask(way.second, probes, 2))
    assert wire.unroutable == dict.fromkeys(lost, "Network is unreachable")
    assert {each.source for each in heard} == {hops.FAR, hops.FAR6}


@pytest.mark.parametrize("target", [hops.SECOND, hops.SECOND6])
def test_a_large_probe_that_does_not_fit_our_own_interface_was_not_asked(
    way: hops.Way, target: IPAddress
) -> None:
    probes = [Probe(target=target, ttl=9, large=large) for large in (True, False)]
    heard, wire = asyncio.run(ask(way.far, probes, 1))  # its interface is the narrow one
    assert [each.large for each in heard] == [False]
    assert (wire.too_large, wire.unroutable) == ({target}, {})


def test_a_full_queue_delays_probes_and_loses_none() -> None:
    probes = [Probe(target=hops.FAR, ttl=1 + i // 16, attempt=i % 16) for i in range(200)]
    with hops.way() as fresh:
        permit(fresh.near)
        narrow(fresh.near, "512kbit")
        heard = asked(fresh.near, probes, len(probes))
    assert len({(each.ttl, each.attempt) for each in heard}) == 200


@pytest.mark.parametrize("method", ["udp", "tcp"])
def test_ping_sockets_send_nothing_but_icmp(way: hops.Way, method: Method) -> None:
    with pytest.raises(ValueError, match=f"ping sockets send no {method}"):
        asked(way.near, [Probe(target=hops.FAR, ttl=1, method=method)], 0)


def answered(
    way: hops.Way, make: Callable[[bytes], bytes], target: IPAddress = hops.NOBODY
) -> Sequence[HopReply]:
    """Return what the wire makes of what `first` answers to a probe that nobody else answers."""
    old = target.version == 4
    near = NEAR if old else NEAR6

    async def converse() -> Sequence[HopReply]:
        with tap(way, 0x0800 if old else 0x86DD) as seen, namespaces.entered(way.near):
            async with PingWire() as wire:
                await wire.send([Probe(target=target, ttl=9, attempt=2)])
                while answers.ends(packet := seen())[1] != target.packed:
                    pass
                with namespaces.entered(way.first):
                    family = socket.AF_INET if old else socket.AF_INET6
                    raw = socket.socket(family, socket.SOCK_RAW, 255)
                with raw:
                    raw.sendto(make(packet), (str(near), 0))
                return await wire.receive(0.3)

    return asyncio.run(converse())


def spoilt(packet: bytes, octet: int) -> bytes:
    """Return a packet in which one bit of one octet past the IP header is another."""
    at = answers.header_size(packet) + octet
    return packet[:at] + bytes((packet[at] ^ 1,)) + packet[at + 1 :]


def echo_from(source: IPAddress, packet: bytes) -> bytes:
    return answers.icmp(source, NEAR, bytes(1) + answers.body(packet)[1:])


@pytest.mark.parametrize(("quoted", "timed"), [(8, False), (None, True)])
def test_eight_quoted_octets_tell_which_probe_and_all_tell_when(
    way: hops.Way, quoted: int | None, *, timed: bool
) -> None:
    [reply] = answered(way, lambda packet: answers.error(packet, hops.FIRST, 11, quoted=quoted))
    assert (reply.target, reply.ttl, reply.attempt) == (hops.NOBODY, 9, 2)
    assert (reply.kind, reply.source) == ("time-exceeded", hops.FIRST)
    assert (reply.rtt is not None) is timed


@pytest.mark.parametrize(("quoted", "taken"), [(8, False), (23, False), (24, True)])
def test_a_quote_of_ipv6_without_the_seal_is_not_taken(
    way: hops.Way, quoted: int, *, taken: bool
) -> None:
    def error(packet: bytes) -> bytes:
        return answers.error(packet, hops.FIRST6, 3, quoted=quoted)

    assert bool(answered(way, error, NOBODY6)) is taken


def test_an_answer_of_who_saw_the_probe_is_taken(way: hops.Way) -> None:
    [reply] = answered(way, lambda packet: echo_from(hops.NOBODY, packet))
    assert (reply.kind, reply.source, reply.attempt) == ("echo-reply", hops.NOBODY, 2)


@pytest.mark.parametrize(
    "made_up",
    [
        lambda packet: echo_from(hops.FIRST, packet),
        lambda packet: echo_from(hops.NOBODY, spoilt(packet, 6)),
        lambda packet: echo_from(hops.NOBODY, spoilt(packet, 20)),
        lambda packet: echo_from(hops.NOBODY, spoilt(packet, 25)),
        lambda packet: answers.error(spoilt(packet, 2), hops.FIRST, 11, quoted=8),
        lambda packet: answers.error(spoilt(packet, 20), hops.FIRST, 11),
        lambda packet: answers.error(packet, hops.FIRST, 11, 1),
    ],
    ids=["another's", "token", "seal", "balance", "quoted checksum", "quoted seal", "reassembly"],
)
def test_an_answer_that_was_made_up_is_not_taken(
    way: hops.Way, made_up: Callable[[bytes], bytes]
) -> None:
    assert answered(way, made_up) == []


def test_where_the_group_range_forbids_it_the_remedy_says_what_to_set() -> None:
    with hops.way() as fresh:
        with namespaces.entered(fresh.near):
            Path("/proc/sys/net/ipv4/ping_group_range").write_text("1 0", encoding="ascii")
        with pytest.raises(ProbeError, match="ping_group_range forbids") as refusal:
            asked(fresh.near, [], 0)
    assert refusal.value.kind == "no-ping-sockets"
    assert 'sysctl -w net.ipv4.ping_group_range="0 2147483647"' in refusal.value.remedy


UNPRIVILEGED = """
import asyncio, sys
from ipaddress import ip_address
from probes.records import Probe
from probes.trace.ping import PingWire

async def ask():
    targets = map(ip_address, sys.argv[1:])
    probes = [Probe(target=each, ttl=ttl) for each in targets for ttl in (1, 3)]
    async with PingWire() as wire:
        await wire.send(probes)
        heard = []
        while len(heard) < len(probes) and (more := await wire.receive(3)):
            heard += more
        return heard

for each in asyncio.run(ask()):
    print(each.target, each.ttl, each.kind, each.source)
"""


def test_a_process_without_any_capability_hears_routers_and_ends(way: hops.Way) -> None:
    with namespaces.entered(way.near):
        printed = weak(sys.executable, "-c", UNPRIVILEGED, *map(str, FARS))
    assert set(printed.splitlines()) == {
        f"{hops.FAR} 1 time-exceeded {hops.FIRST}",
        f"{hops.FAR} 3 echo-reply {hops.FAR}",
        f"{hops.FAR6} 1 time-exceeded {hops.FIRST6}",
        f"{hops.FAR6} 3 echo-reply {hops.FAR6}",
    }


def test_a_kernel_without_ipv6_still_speaks_ipv4(
    way: hops.Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = PingWire._open

    def only_ipv4(wire: PingWire, version: int) -> None:
        if version == 6:
            raise OSError(97, "Address family not supported by protocol")
        opened(wire, version)

    monkeypatch.setattr(PingWire, "_open", only_ipv4)
    heard, wire = asyncio.run(ask(way.near, [Probe(target=each, ttl=1) for each in FARS], 1))
    assert [each.source for each in heard] == [hops.FIRST]
    assert wire.unroutable == {hops.FAR6: "this kernel speaks no IPv6"}


def test_ping_sockets_that_cannot_be_opened_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(PingWire, "_open", refused)
    with pytest.raises(ProbeError, match="ping sockets: cannot be opened: Too many open files"):
        PingWire()
