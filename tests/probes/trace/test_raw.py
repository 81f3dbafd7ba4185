import asyncio
import select
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from netguard.lab import namespaces
from probes.errors import ProbeError
from probes.records import HopReply, IPAddress, Method, Probe
from probes.trace.raw import RawWire
from tests import hops
from tests.probes.trace import answers
from tests.probes.trace.asking_there import aliases, narrow, replies_of, tap, weak

pytestmark = pytest.mark.packets

METHODS: tuple[Method, ...] = ("icmp", "udp", "tcp")
NEAR, NEAR6 = IPv4Address("192.0.2.2"), IPv6Address("2001:db8:1::2")


@pytest.fixture(scope="module")
def way() -> Iterator[hops.Way]:
    with hops.way() as made:
        yield made


def inside(fd: int, sources: Sequence[IPAddress] = ()) -> RawWire:
    with namespaces.entered(fd):
        return RawWire(sources)


def asked(
    fd: int, probes: Sequence[Probe], most: int, sources: Sequence[IPAddress] = ()
) -> list[HopReply]:
    async def ask() -> list[HopReply]:
        with namespaces.entered(fd):  # where new sources are looked for
            async with RawWire(sources) as wire:
                await wire.send(probes)
                return await replies_of(wire, most)

    return asyncio.run(ask())


@pytest.mark.parametrize("target", [hops.FAR, hops.FAR6])
@pytest.mark.parametrize("method", METHODS)
def test_every_hop_of_the_way_answers_by_every_method(
    way: hops.Way, method: Method, target: IPAddress
) -> None:
    probes = [
        Probe(target=target, ttl=ttl, method=method, attempt=ttl % 16) for ttl in (1, 2, 3, 64)
    ]
    heard = {each.ttl: each for each in asked(way.near, probes, 4)}
    routers = (hops.FIRST, hops.SECOND) if target.version == 4 else (hops.FIRST6, hops.SECOND6)
    end = {"icmp": "echo-reply", "udp": "port-unreachable", "tcp": "tcp"}[method]
    assert {ttl: (each.kind, each.source) for ttl, each in heard.items()} == {
        1: ("time-exceeded", routers[0]),
        2: ("time-exceeded", routers[1]),
        3: (end, target),
        64: (end, target),
    }
    assert [heard[ttl].reply_ttl for ttl in (1, 2, 3)] == [64, 63, 62]
    for ttl, each in heard.items():
        assert (each.target, each.method, each.attempt) == (target, method, ttl % 16)
        assert not each.large
        assert each.rtt is not None
        assert 0 <= each.rtt < 3


@pytest.mark.parametrize("target", [hops.FAR, hops.FAR6])
@pytest.mark.parametrize("method", METHODS)
def test_a_large_probe_names_who_cannot_pass_it_on_each_time(
    way: hops.Way, method: Method, target: IPAddress
) -> None:
    for _ in range(2):  # the kernel has learnt the MTU by then
        [reply] = asked(way.near, [Probe(target=target, ttl=9, method=method, large=True)], 1)
        assert (reply.kind, reply.mtu, reply.large) == ("fragmentation-needed", hops.MTU, True)
        assert reply.source == (hops.SECOND if target.version == 4 else hops.SECOND6)


@pytest.mark.parametrize(("target", "code"), [(hops.FORBIDDEN, 13), (hops.FORBIDDEN6, 1)])
def test_a_router_that_refuses_is_heard(target: IPAddress, code: int) -> None:
    with hops.way() as fresh:  # Linux counts what it refuses, and what it says else, in one
        [reply] = asked(fresh.near, [Probe(target=target, ttl=9)], 1)
    first = hops.FIRST if target.version == 4 else hops.FIRST6
    assert (reply.kind, reply.code, reply.source) == ("unreachable", code, first)


def test_hundreds_of_probes_at_once_are_all_answered(way: hops.Way) -> None:
    probes = [
        Probe(target=target, ttl=3, attempt=attempt, method=method)
        for target in (hops.FAR, hops.FAR6)
        for attempt in range(16)
        for method in METHODS
    ]
    heard = asked(way.near, probes, len(probes))
    assert {(each.target, each.attempt, each.method) for each in heard} == {
        (each.target, each.attempt, each.method) for each in probes
    }


def test_each_probe_speaks_from_the_source_it_names(way: hops.Way) -> None:
    with aliases(way) as (one, other), tap(way) as seen:
        probes = [Probe(target=hops.FAR, ttl=1, source=each) for each in (one, other)]
        heard = asked(way.near, [*probes, Probe(target=hops.FAR, ttl=2)], 3, (one, other))
        speakers = [answers.ends(seen())[0] for _ in range(3)]
    assert speakers == [one.packed, other.packed, NEAR.packed]
    assert sorted(each.ttl for each in heard) == [1, 1, 2]


def test_the_sources_are_told_as_they_were_given(way: hops.Way) -> None:
    wire = inside(way.near, [NEAR, NEAR6])
    assert wire.sources == (NEAR, NEAR6)
    wire.close()


@pytest.mark.parametrize("source", ["192.0.2.99", "2001:db8:1::99"])
def test_a_source_that_is_not_ours_is_refused(way: hops.Way, source: str) -> None:
    with pytest.raises(ProbeError, match=f"{source}: cannot be spoken from") as refusal:
        inside(way.near, [ip_address(source)])
    assert refusal.value.kind == "no-such-source"
    assert "ip address" in refusal.value.remedy


def test_targets_without_a_way_are_named_and_the_others_asked(way: hops.Way) -> None:
    lost: tuple[IPAddress, ...] = (IPv4Address("203.0.113.9"), IPv6Address("2001:db8:8::9"))

    async def ask() -> tuple[list[HopReply], dict[IPAddress, str]]:
        with namespaces.entered(way.second):
            async with RawWire() as wire:
                await wire.send(
                    [Probe(target=each, ttl=5) for each in (*lost, hops.FAR, hops.FAR6)]
                )
                return await replies_of(wire, 2), wire.unroutable

    heard, unroutable = asyncio.run(ask())
    assert unroutable == dict.fromkeys(lost, "Network is unreachable")
    assert {each.source for each in heard} == {hops.FAR, hops.FAR6}


def test_what_the_kernel_refuses_to_send_does_not_stop_the_rest(way: hops.Way) -> None:
    broadcast = IPv4Address("192.0.2.3")

    async def ask() -> tuple[list[HopReply], dict[IPAddress, str]]:
        with namespaces.entered(way.near):
            async with RawWire() as wire:
                refused = Probe(target=broadcast, ttl=5, source=NEAR)
                asked_too = Probe(target=hops.FAR, ttl=1)
                await wire.send([asked_too, refused, asked_too, refused, asked_too])
                return await replies_of(wire, 3), wire.unroutable

    heard, unroutable = asyncio.run(ask())
    assert unroutable == {broadcast: "Permission denied"}
    assert len(heard) == 3


@pytest.mark.parametrize("target", [hops.SECOND, hops.SECOND6])
def test_a_large_probe_that_does_not_fit_our_own_interface_was_not_asked(
    way: hops.Way, target: IPAddress
) -> None:
    async def ask() -> tuple[list[HopReply], set[IPAddress], dict[IPAddress, str]]:
        with namespaces.entered(way.far):  # its interface is the narrow one
            async with RawWire() as wire:
                await wire.send(
                    [Probe(target=target, ttl=9, large=large) for large in (True, False)]
                )
                return await replies_of(wire, 1), wire.too_large, wire.unroutable

    heard, too_large, unroutable = asyncio.run(ask())
    assert [each.large for each in heard] == [False]
    assert too_large == {target}
    assert unroutable == {}


@pytest.mark.parametrize("target", [hops.FAR, hops.FAR6])
def test_a_full_queue_delays_probes_and_loses_none(target: IPAddress) -> None:
    probes = [Probe(target=target, ttl=1 + i // 16, attempt=i % 16) for i in range(200)]
    with hops.way() as way:
        narrow(way.near, "512kbit")
        heard = asked(way.near, probes, len(probes))
    assert len({(each.ttl, each.attempt) for each in heard}) == 200


def test_a_queue_that_takes_nothing_more_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.trace.sockets._STUCK", 0.02)
    probes = [Probe(target=hops.FAR, ttl=1)] * 200
    with hops.way() as way:
        narrow(way.near, "8kbit")
        with pytest.raises(ProbeError, match="takes no more packets"):
            asked(way.near, probes, 200)


def test_answers_to_other_programs_are_not_ours(way: hops.Way) -> None:
    async def listen() -> Sequence[HopReply]:
        with namespaces.entered(way.near):
            async with RawWire() as wire:
                ping = ["ping", "-c", "3", "-i", "0.01", str(hops.FAR)]
                process = await asyncio.create_subprocess_exec(*ping, stdout=subprocess.DEVNULL)
                await process.wait()
                assert select.select(wire._receivers, [], [], 1)[0], "they have been heard"
                return await wire.receive(0.01)

    assert asyncio.run(listen()) == []


def test_packets_lost_for_want_of_room_are_counted(way: hops.Way) -> None:
    async def flood() -> tuple[int, int, int]:
        with namespaces.entered(way.near):
            async with RawWire() as wire:
                for receiver in wire._receivers:
                    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
                before = wire.dropped
                await wire.send([Probe(target=hops.FAR, ttl=3, attempt=i) for i in range(16)] * 16)
                await asyncio.sleep(0.2)
                return before, wire.dropped, len(await replies_of(wire, 256, 0.2))

    before, after, heard = asyncio.run(flood())
    assert before == 0
    assert after > 0
    assert after + heard == 256


def test_segments_are_listened_to_only_when_tcp_was_asked(way: hops.Way) -> None:
    async def protocols(method: Method) -> list[int]:
        with namespaces.entered(way.near):
            async with RawWire() as wire:
                await wire.send([Probe(target=hops.FAR, ttl=1, method=method)])
                await wire.send([Probe(target=hops.FAR, ttl=1, method=method)])
                return [each.proto for each in wire._receivers]

    assert asyncio.run(protocols("udp")) == [1, 58]
    assert asyncio.run(protocols("tcp")) == [1, 58, 6]


@pytest.mark.parametrize(
    ("flags", "port", "passes"),
    [(0x12, 80, True), (0x14, 80, True), (0x12, 443, False), (0x10, 80, False), (0x04, 80, False)],
)
@pytest.mark.parametrize("far", [hops.FAR, hops.FAR6])
def test_the_kernel_passes_only_segments_that_answer_a_syn(
    way: hops.Way, far: IPAddress, flags: int, port: int, *, passes: bool
) -> None:
    near = NEAR if far.version == 4 else NEAR6
    syn = bytes(answers.header_size(answers.ip(far, near, 6, b""))) + bytes(24)
    begin = bytes((0x45 if far.version == 4 else 0x60,)) + syn[1:]
    packet = answers.segment(begin, flags, port=port)
    wire = inside(way.near)
    with namespaces.entered(way.near):
        wire._open_segments(far.version)
    receiver = wire._receivers[-1]
    with namespaces.entered(way.far):
        sender = socket.socket(
            socket.AF_INET if far.version == 4 else socket.AF_INET6, socket.SOCK_RAW, 255
        )
    with sender:
        segment = with_checksum(far, near, answers.body(packet))
        sender.sendto(answers.ip(far, near, 6, segment), (str(near), 0))
        arrived = bool(select.select([receiver], [], [], 1 if passes else 0.1)[0])
    wire.close()
    assert arrived is passes


def with_checksum(source: IPAddress, target: IPAddress, segment: bytes) -> bytes:
    covered = answers.pseudo(source.packed, target.packed, 6, len(segment))
    return segment[:16] + answers.summed(covered + segment).to_bytes(2) + segment[18:]


OPEN = """
from probes.errors import ProbeError
from probes.trace.raw import RawWire
try:
    RawWire().close()
except ProbeError as error:
    print(error.kind, error, error.remedy, sep=" | ")
"""


def test_without_cap_net_raw_the_remedy_says_how_to_get_it() -> None:
    kind, text, remedy = weak(sys.executable, "-c", OPEN).strip().split(" | ")
    assert kind == "no-raw-sockets"
    assert text == "raw sockets: need CAP_NET_RAW, which this process lacks"
    assert "setcap cap_net_raw+ep" in remedy


def refused(*_: object) -> None:
    raise OSError(24, "Too many open files")


def test_raw_sockets_that_cannot_be_opened_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RawWire, "_open", refused)
    with pytest.raises(ProbeError, match="raw sockets: cannot be opened: Too many open files"):
        RawWire()


def test_a_kernel_without_ipv6_still_speaks_ipv4(
    way: hops.Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = RawWire._open

    def only_ipv4(wire: RawWire, version: int) -> None:
        if version == 6:
            raise OSError(97, "Address family not supported by protocol")
        opened(wire, version)

    async def ask() -> tuple[list[HopReply], dict[IPAddress, str]]:
        with namespaces.entered(way.near):
            async with RawWire() as wire:
                targets = hops.FAR, hops.FAR6
                await wire.send([Probe(target=each, ttl=1, method="tcp") for each in targets])
                return await replies_of(wire, 1), wire.unroutable

    monkeypatch.setattr(RawWire, "_open", only_ipv4)
    heard, unroutable = asyncio.run(ask())
    assert [each.source for each in heard] == [hops.FIRST]
    assert unroutable == {hops.FAR6: "this kernel speaks no IPv6"}
