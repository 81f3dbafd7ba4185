import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from time import monotonic
from typing import TypeVar

import pytest

from netguard.lab import namespaces
from probes.errors import LinkError, ProbeError
from probes.records import HopReply, IPAddress, Method, Probe
from probes.trace.frames import FrameWire
from probes.trace.packets import Codec
from probes.trace.wire import Wire
from tests.segment import OWN, OWN_MAC, Segment, address, mac, raw, repeating, sysctl

pytestmark = pytest.mark.packets

SERVER, ROUTER = address(1), address(2)
BOUND, BEHIND = IPv4Address("203.0.113.1"), IPv4Address("203.0.113.99")
SERVER6, OWN6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::fe")
BEHIND6 = IPv6Address("2001:db8:7::99")
NOTHING: list[HopReply] = []

ResultT = TypeVar("ResultT")
Body = Callable[[FrameWire], Awaitable[ResultT]]


def on_wire(fd: int, body: Body[ResultT], secret: bytes = b"secret") -> ResultT:
    """Run the body with a wire from the prober to the server."""

    async def run() -> ResultT:
        async with FrameWire("eth1", mac(1), Codec(secret, monotonic)) as wire:
            return await body(wire)

    with namespaces.entered(fd):
        return asyncio.run(run())


async def collected(wire: Wire, count: int) -> list[HopReply]:
    """Return so many replies, or fewer if there are no more."""
    replies: list[HopReply] = []
    while len(replies) < count and (more := await wire.receive(2.0)):
        replies += more
    return replies


def asked(fd: int, *probes: Probe) -> list[HopReply]:
    """Send the probes and return a reply for each, or fewer if there are no more."""

    async def ask(wire: FrameWire) -> list[HopReply]:
        await wire.send(probes)
        return await collected(wire, len(probes))

    return on_wire(fd, ask)


def gateway(segment: Segment) -> int:
    """Add a server with an address of its block bound on it, and the rest of it behind it."""
    server = segment.host(1, 1)
    sysctl(server, "ipv4/ip_forward", "1")
    with segment.ip(server) as ip:
        ip.link("add", ifname="behind", kind="bridge")
        behind = ip.link_lookup(ifname="behind")[0]
        ip.link("set", index=behind, state="up", mtu=1400)
        ip.addr("add", index=behind, address=str(BOUND), prefixlen=32)
        ip.route("add", dst="203.0.113.0/24", oif=behind)
    return server


def speak_ipv6(segment: Segment, fd: int, interface: str, own: IPv6Address) -> None:
    sysctl(fd, f"ipv6/conf/{interface}/accept_dad", "0")
    sysctl(fd, f"ipv6/conf/{interface}/disable_ipv6", "0")
    with segment.ip(fd) as ip:
        index = ip.link_lookup(ifname=interface)[0]
        ip.addr("add", index=index, address=str(own), prefixlen=64)


@pytest.mark.parametrize("target", [SERVER, BOUND])
def test_the_server_answers_for_what_is_bound_on_it(target: IPv4Address) -> None:
    with Segment() as segment:
        gateway(segment)
        [reply] = asked(segment.prober(), Probe(target=target, ttl=1, attempt=3))
    assert (reply.kind, reply.source, reply.mac) == ("echo-reply", target, mac(1))
    assert (reply.target, reply.ttl, reply.attempt, reply.large) == (target, 1, 3, False)
    assert reply.reply_ttl == 64
    assert reply.rtt is not None


@pytest.mark.parametrize("method", ["icmp", "udp"])
def test_the_server_says_time_exceeded_for_what_it_routes(method: Method) -> None:
    with Segment() as segment:
        gateway(segment)
        [reply] = asked(segment.prober(), Probe(target=BEHIND, ttl=1, method=method))
    assert (reply.kind, reply.source, reply.mac) == ("time-exceeded", SERVER, mac(1))
    assert (reply.target, reply.ttl, reply.method) == (BEHIND, 1, method)


def test_a_host_that_does_not_route_says_nothing_of_what_is_not_bound_on_it() -> None:
    with Segment() as segment:
        sysctl(segment.host(1, 1), "ipv4/ip_forward", "0")
        assert asked(segment.prober(), Probe(target=BEHIND, ttl=1)) == []


def test_a_udp_probe_to_a_closed_port_of_the_server_is_refused() -> None:
    with Segment() as segment:
        gateway(segment)
        [reply] = asked(segment.prober(), Probe(target=BOUND, ttl=1, method="udp"))
    assert (reply.kind, reply.source) == ("port-unreachable", BOUND)


def test_a_large_probe_shows_the_narrow_tunnel_behind_the_server() -> None:
    with Segment() as segment:
        gateway(segment)
        [reply] = asked(segment.prober(), Probe(target=BEHIND, ttl=64, large=True))
    assert (reply.kind, reply.mtu, reply.source) == ("fragmentation-needed", 1400, SERVER)
    assert reply.large


def test_a_large_probe_is_answered_whole_where_the_address_is_bound() -> None:
    with Segment() as segment:
        gateway(segment)
        [reply] = asked(segment.prober(), Probe(target=SERVER, ttl=1, large=True))
    assert (reply.kind, reply.large) == ("echo-reply", True)


def test_an_answer_that_comes_round_by_the_router_bears_the_routers_mac() -> None:
    with Segment() as segment:
        server = gateway(segment)
        sysctl(segment.host(2, 2), "ipv4/ip_forward", "1")
        with segment.ip(server) as ip:
            ip.route("add", dst=f"{OWN}/32", gateway=str(ROUTER))
        [reply] = asked(segment.prober(), Probe(target=BOUND, ttl=1))
    assert (reply.source, reply.mac, reply.reply_ttl) == (BOUND, mac(2), 63)


def test_a_whole_batch_goes_out_at_once_and_every_reply_comes() -> None:
    with Segment() as segment:
        server = segment.host(1, 1)
        with segment.ip(server) as ip:
            ip.route("add", dst="203.0.113.0/24", type="local", scope="host", oif=1)
        block = [BOUND + number for number in range(FrameWire.batch // 2)]
        probes = [Probe(target=each, ttl=ttl) for each in block for ttl in (1, 2)]
        replies = asked(segment.prober(), *probes)
    assert {(reply.target, reply.ttl) for reply in replies} == {(p.target, p.ttl) for p in probes}
    assert {reply.kind for reply in replies} == {"echo-reply"}


def test_ipv6_is_spoken_as_well() -> None:
    with Segment() as segment:
        server, prober = segment.host(1, 1), segment.prober()
        speak_ipv6(segment, server, "eth0", SERVER6)
        speak_ipv6(segment, prober, "eth1", OWN6)
        sysctl(server, "ipv6/conf/all/forwarding", "1")
        with segment.ip(server) as ip:
            eth0 = ip.link_lookup(ifname="eth0")[0]
            ip.route("add", dst="2001:db8:7::/64", gateway="2001:db8::2", oif=eth0)
        bound = Probe(target=SERVER6, ttl=1)
        probes = [bound, Probe(target=BEHIND6, ttl=1), Probe(target=SERVER6, ttl=1, method="udp")]
        replies = asked(prober, *probes)
    said = {(reply.target, reply.method, reply.kind) for reply in replies}
    assert said == {
        (SERVER6, "icmp", "echo-reply"),
        (BEHIND6, "icmp", "time-exceeded"),
        (SERVER6, "udp", "port-unreachable"),
    }
    assert {(reply.source, reply.mac) for reply in replies} == {(SERVER6, mac(1))}


async def sources(wire: FrameWire) -> tuple[IPAddress, ...]:
    return wire.sources


def test_the_sources_are_the_interfaces_own_addresses() -> None:
    with Segment() as segment:
        prober = segment.prober()
        assert on_wire(prober, sources) == (OWN,)
        speak_ipv6(segment, prober, "eth1", OWN6)
        own = on_wire(prober, sources)
    assert own[0] == OWN
    assert OWN6 in own
    assert [each.is_link_local for each in own].count(True) == 1


def test_an_address_that_may_be_anothers_is_not_spoken_from() -> None:
    with Segment() as segment:
        prober = segment.prober()
        sysctl(prober, "ipv6/conf/eth1/dad_transmits", "60")
        sysctl(prober, "ipv6/conf/eth1/disable_ipv6", "0")
        with segment.ip(prober) as ip:
            index = ip.link_lookup(ifname="eth1")[0]
            ip.addr("add", index=index, address=str(OWN6), prefixlen=64)
        assert on_wire(prober, sources) == (OWN,)


OTHER, OTHER6 = IPv4Address("192.0.2.30"), IPv6Address("2001:db8:0:1::fe")
LOCAL6 = IPv6Address("fe80::200:5eff:fe00:53fe")  # of OWN_MAC (RFC 4862)


@pytest.mark.parametrize(
    ("probe", "speaker"),
    [
        (Probe(target=SERVER, ttl=1), OWN),
        (Probe(target=IPv4Address("192.0.2.1"), ttl=1), OTHER),
        (Probe(target=BEHIND, ttl=1), OWN),
        (Probe(target=BEHIND, ttl=1, source=OTHER), OTHER),
        (Probe(target=SERVER6, ttl=1), OWN6),
        (Probe(target=IPv6Address("2001:db8:0:1::1"), ttl=1), OTHER6),
        (Probe(target=IPv6Address("fe80::1"), ttl=1), LOCAL6),
    ],
)
def test_the_nearest_of_our_addresses_speaks_or_the_one_that_is_told_to(
    probe: Probe, speaker: IPAddress
) -> None:
    async def send(wire: FrameWire) -> None:
        await wire.send([probe])

    with Segment() as segment:
        server, prober = segment.host(1), segment.prober()
        speak_ipv6(segment, prober, "eth1", OWN6)
        with segment.ip(prober) as ip:
            index = ip.link_lookup(ifname="eth1")[0]
            ip.addr("add", index=index, address=str(OTHER), prefixlen=24)
            ip.addr("add", index=index, address=str(OTHER6), prefixlen=64)
        with arriving(server, probe.target) as frame:
            on_wire(prober, send)
            octets = frame()
    assert octets[:12].hex(":") == f"{mac(1)}:{OWN_MAC}"
    assert speaker.packed + probe.target.packed in octets[:54]


@contextmanager
def arriving(fd: int, target: IPAddress) -> Iterator[Callable[[], bytes]]:
    """Return a function that returns the first frame with a packet for the target."""

    def frame() -> bytes:
        while True:
            octets = receiver.recv(2048)
            ends = {4: 34, 6: 54}[target.version]
            if octets[12] in {0x08, 0x86} and octets[:ends].endswith(target.packed):
                return octets

    with raw(fd) as receiver:
        receiver.settimeout(5)
        yield frame


@pytest.mark.parametrize("link_local", [False, True])
def test_without_an_address_of_the_family_nothing_can_be_asked(*, link_local: bool) -> None:
    with Segment() as segment:
        segment.host(1, 1)
        prober = segment.prober()
        if link_local:
            sysctl(prober, "ipv6/conf/eth1/accept_dad", "0")
            sysctl(prober, "ipv6/conf/eth1/disable_ipv6", "0")
        with pytest.raises(LinkError, match="eth1: the interface has no IPv6 address") as refusal:
            asked(prober, Probe(target=SERVER6, ttl=1))
    assert "ip address add" in refusal.value.remedy


def test_what_the_interface_cannot_carry_is_left_out_and_the_rest_is_sent() -> None:
    async def ask(wire: FrameWire) -> None:
        large = Probe(target=SERVER, ttl=1, large=True)
        await wire.send([large, Probe(target=SERVER, ttl=1)])
        assert [reply.large for reply in await collected(wire, 2)] == [False]

    with Segment() as segment:
        segment.host(1, 1)
        prober = segment.prober()
        with segment.ip(prober) as ip:
            ip.link("set", index=ip.link_lookup(ifname="eth1")[0], mtu=1499)
        on_wire(prober, ask)


def test_replies_to_somebody_elses_probes_are_not_ours() -> None:
    async def overhear(wire: FrameWire) -> None:
        async with FrameWire("eth1", mac(1), Codec(b"another", monotonic)) as other:
            await other.send([Probe(target=SERVER, ttl=1), Probe(target=BEHIND, ttl=1)])
            assert len(await collected(other, 2)) == 2
            assert await wire.receive(0.1) == NOTHING

    with Segment() as segment:
        gateway(segment)
        on_wire(segment.prober(), overhear)


def test_frames_that_answer_nothing_do_not_end_the_wait() -> None:
    async def ask(wire: FrameWire) -> HopReply:
        waiting = asyncio.create_task(collected(wire, 1))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await wire.send([Probe(target=SERVER, ttl=1)])
        [reply] = await waiting
        return reply

    noise = bytes.fromhex(f"{OWN_MAC}{mac(2)}".replace(":", "") + "0800")
    noise += Codec(b"another", monotonic).craft(Probe(target=OWN, ttl=9), ROUTER)
    with Segment() as segment:
        segment.host(1, 1)
        with repeating(segment.host(2, 2), [noise, noise[:40]]):
            assert on_wire(segment.prober(), ask).target == SERVER


@pytest.mark.parametrize("group", ["ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", "00:00:00:00:00:00"])
def test_a_group_of_stations_is_no_server(group: str) -> None:
    with pytest.raises(ValueError, match="not the MAC of one station"):
        FrameWire("eth1", group, Codec(b"secret", monotonic))


def test_any_spelling_of_the_servers_mac_will_do() -> None:
    async def ask() -> list[HopReply]:
        async with FrameWire("eth1", "0000.5E00.5301", Codec(b"secret", monotonic)) as wire:
            await wire.send([Probe(target=SERVER, ttl=1)])
            return await collected(wire, 1)

    with Segment() as segment:
        segment.host(1, 1)
        with namespaces.entered(segment.prober()):
            assert len(asyncio.run(ask())) == 1


def test_an_interface_that_is_not_there_is_named_when_the_wire_is_opened() -> None:
    with Segment() as segment, pytest.raises(LinkError, match="no such interface"):
        on_wire(segment.host(1, 1), sources)


def unplug(segment: Segment) -> None:
    with segment.ip(segment.switch) as ip:
        ip.link("set", index=ip.link_lookup(ifname="port1")[0], state="down")


def test_a_carrier_lost_meanwhile_is_told_at_the_end() -> None:
    async def lose(_wire: FrameWire) -> None:
        await asyncio.to_thread(unplug, segment)

    with Segment() as segment, pytest.raises(LinkError, match="no carrier"):
        on_wire(segment.prober(), lose)


def test_another_error_is_not_covered_up_by_the_lost_carrier() -> None:
    async def lose(_wire: FrameWire) -> None:
        await asyncio.to_thread(unplug, segment)
        raise ProbeError("the caller", "had trouble of its own")

    with Segment() as segment, pytest.raises(ProbeError, match="trouble of its own"):
        on_wire(segment.prober(), lose)
