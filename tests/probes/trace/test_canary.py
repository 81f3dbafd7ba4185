import asyncio
import select
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address
from time import monotonic
from typing import NamedTuple

import pytest

from netguard.lab import namespaces
from probes.errors import LinkError
from probes.records import CanaryReply, Probe
from probes.trace.canary import canary
from probes.trace.frames import FrameWire
from probes.trace.packets import Codec
from tests.segment import OWN, OWN_MAC, Segment, address, mac, raw, repeating, sysctl

pytestmark = pytest.mark.packets

HIDING = "icmp type time-exceeded drop"
SERVER, ROUTER = address(1), address(2)
BEHIND = IPv4Address("203.0.113.77")


class Fate(NamedTuple):
    """What a test expects of one hop limit; redirects are looked at apart, they are rationed."""

    returned_ttl: int | None = None
    exceeded_by: IPv4Address | None = None


GONE = Fate()
TOLD = Fate(exceeded_by=SERVER)


def server_on(segment: Segment) -> int:
    """Add a server whose manners do not depend on those of the machine that the test runs on."""
    server = segment.host(1, 1)
    sysctl(server, "ipv4/ip_forward", "0")
    redirecting(server, "1")
    return server


def redirecting(server: int, redirects: str) -> None:
    for which in ("all", "eth0"):
        sysctl(server, f"ipv4/conf/{which}/send_redirects", redirects)


def plain(_segment: Segment, _server: int) -> None:
    """Leave the host as it is."""


def routing(_segment: Segment, server: int) -> None:
    sysctl(server, "ipv4/ip_forward", "1")


def strictly_routing(segment: Segment, server: int) -> None:
    routing(segment, server)
    for which in ("all", "eth0"):
        sysctl(server, f"ipv4/conf/{which}/rp_filter", "1")


def filtering(hook: str, rule: str) -> Callable[[Segment, int], None]:
    """Return what makes a router of a server, with one rule of a packet filter."""
    kind = "nat" if "masquerade" in rule else "filter"

    def spoil(segment: Segment, server: int) -> None:
        routing(segment, server)
        chain = f"chain c {{ type {kind} hook {hook} priority 0; {rule}\n}}\n"
        with namespaces.entered(server):
            nft = ["nft", "-f", "-"]
            subprocess.run(nft, input=f"table ip t {{ {chain} }}\n", text=True, check=True)

    return spoil


def by_way_of_the_router(segment: Segment, server: int) -> None:
    """Let the server know the segment only through its router, as in a /32."""
    routing(segment, server)
    router = segment.host(2, 2)
    routing(segment, router)
    with segment.ip(server) as ip:
        eth0 = ip.link_lookup(ifname="eth0")[0]
        ip.route("add", dst=f"{ROUTER}/32", oif=eth0, scope="link")
        ip.route("add", dst=f"{OWN}/32", gateway=str(ROUTER), oif=eth0)


def asked(segment: Segment, *, ttls: tuple[int, ...] = (1, 2, 64)) -> list[CanaryReply]:
    prober = segment.prober()
    with namespaces.entered(prober):
        return list(asyncio.run(canary("eth1", mac(1), ttls=ttls)))


def fates(replies: list[CanaryReply]) -> list[Fate]:
    return [Fate(each.returned_ttl, each.exceeded_by) for each in replies]  # type: ignore[arg-type]


LENGTHENING = "\n".join(f"ip ttl {ttl} ip ttl set {ttl + 1}" for ttl in (64, 2, 1))


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        pytest.param(plain, [GONE, GONE, GONE], id="plain"),
        pytest.param(routing, [TOLD, Fate(1), Fate(63)], id="routes"),
        pytest.param(strictly_routing, [TOLD, Fate(1), Fate(63)], id="rp_filter"),
        pytest.param(filtering("forward", "drop"), [TOLD, GONE, GONE], id="filtered"),
        pytest.param(filtering("output", HIDING), [GONE, Fate(1), Fate(63)], id="hides"),
        pytest.param(
            filtering("prerouting", LENGTHENING), [Fate(1), Fate(2), Fate(64)], id="no decrement"
        ),
        pytest.param(
            filtering("postrouting", "masquerade"), [TOLD, Fate(1), Fate(63)], id="masquerade"
        ),
        pytest.param(
            by_way_of_the_router,
            [TOLD, Fate(exceeded_by=ROUTER), Fate(62)],
            id="by way of the router",
        ),
    ],
)
def test_our_own_packet_tells_what_the_server_does_with_it(
    spoil: Callable[[Segment, int], None], expected: list[Fate]
) -> None:
    with Segment() as segment:
        spoil(segment, server_on(segment))
        assert fates(asked(segment)) == expected


@pytest.mark.parametrize(
    "spoil", [routing, filtering("forward", "drop")], ids=["routes", "filtered"]
)
def test_a_redirect_is_noted_with_the_packet_that_it_was_about(
    spoil: Callable[[Segment, int], None],
) -> None:
    with Segment() as segment:
        spoil(segment, server_on(segment))
        assert [reply.redirected for reply in asked(segment, ttls=(1, 2))] == [False, True]


def test_a_host_that_is_no_router_is_said_to_do_nothing() -> None:
    with Segment() as segment:
        server_on(segment)
        assert asked(segment) == [CanaryReply(ttl=1), CanaryReply(ttl=2), CanaryReply(ttl=64)]


def test_the_records_come_in_the_order_of_the_hop_limits_asked_for() -> None:
    with Segment() as segment:
        routing(segment, server_on(segment))
        replies = asked(segment, ttls=(9, 1, 3))
    assert [reply.ttl for reply in replies] == [9, 1, 3]
    assert fates(replies) == [Fate(8), TOLD, Fate(2)]


@pytest.mark.parametrize(
    ("spoil", "sent"),
    [
        pytest.param(routing, [1, 3, 9], id="all is known at once"),
        pytest.param(plain, [1, 3, 9] * 2, id="silence may be a loss"),
        pytest.param(filtering("output", HIDING), [1, 3, 9, 1, 1, 1], id="or want of tokens"),
    ],
)
def test_only_what_is_silent_is_sent_again_the_lowest_hop_limit_first(
    spoil: Callable[[Segment, int], None], sent: list[int]
) -> None:
    with Segment() as segment:
        server = server_on(segment)
        spoil(segment, server)
        with raw(server) as receiver:
            asked(segment, ttls=(9, 1, 3))
            receiver.settimeout(0)
            assert [frame[22] for frame in waiting(receiver) if is_echo(frame)] == sent


def waiting(receiver: socket.socket) -> Iterator[bytes]:
    with suppress(BlockingIOError):
        while True:
            octets, (_, _, kind, _, _) = receiver.recvfrom(2048)
            if kind != socket.PACKET_OUTGOING:
                yield octets


def is_echo(frame: bytes) -> bool:
    return (frame[12:14], frame[23:24], frame[34:35]) == (b"\x08\x00", b"\x01", b"\x08")


@contextmanager
def echoes(fd: int, answer: Callable[[bytes], bytes]) -> Iterator[None]:
    """Let a host without any address of its own answer each echo request with another frame."""
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            if select.select([link], [], [], 0.05)[0]:
                frame = link.recv(2048)
                if is_echo(frame):
                    link.send(answer(frame))

    with raw(fd) as link:
        link.setsockopt(263, 23, 1)  # SOL_PACKET, PACKET_IGNORE_OUTGOING
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def onward(frame: bytes) -> bytes:
    """Send a frame on as it is, from our own card: a bridge in disguise."""
    return bytes.fromhex((OWN_MAC + mac(1)).replace(":", "")) + frame[12:]


def test_a_forwarder_that_leaves_the_hop_limit_alone_gives_itself_away() -> None:
    with Segment() as segment, echoes(segment.host(1), onward):
        assert fates(asked(segment)) == [Fate(1), Fate(2), Fate(64)]


def test_a_frame_that_comes_back_as_it_was_has_not_been_routed() -> None:
    def unchanged(frame: bytes) -> bytes:
        return bytes.fromhex(OWN_MAC.replace(":", "")) + frame[6:]

    with Segment() as segment, echoes(segment.host(1), unchanged):
        with segment.ip(segment.switch) as ip:  # a switch that forgets where we are hanging
            ip.brport("set", index=ip.link_lookup(ifname="port1")[0], learning=0)
        assert fates(asked(segment)) == [GONE, GONE, GONE]


def test_an_answer_of_our_own_stack_is_not_the_packet_come_back() -> None:
    def answer(frame: bytes) -> bytes:
        return onward(frame[:34] + b"\x00" + frame[35:])

    with Segment() as segment, echoes(segment.host(1), answer):
        assert fates(asked(segment)) == [GONE, GONE, GONE]


def time_exceeded(quote: bytes) -> bytes:
    """Say, in the server's name, that a packet's time was over."""
    error = checked(b"\x0b\x00" + bytes(6) + quote, at=2)
    header = struct.pack("!BBHIBBH", 0x45, 0, 20 + len(error), 0, 64, 1, 0)
    return checked(header + SERVER.packed + OWN.packed, at=10) + error


def checked(octets: bytes, *, at: int) -> bytes:
    """Put the checksum of RFC 1071 where it belongs."""
    total = 0xFFFF - sum(struct.unpack(f"!{len(octets) // 2}H", octets)) % 0xFFFF
    return octets[:at] + struct.pack("!H", total) + octets[at + 2 :]


def test_a_stranger_who_has_not_seen_the_packet_cannot_make_a_router_of_a_server() -> None:
    codec = Codec(b"guessed", monotonic)
    whole = [codec.craft(Probe(target=OWN, ttl=ttl), OWN) for ttl in (1, 2, 64)]
    quoting = [time_exceeded(packet) for packet in whole]
    ethernet = bytes.fromhex((OWN_MAC + mac(2)).replace(":", "")) + b"\x08\x00"
    with Segment() as segment:
        server_on(segment)
        stranger = segment.host(2, 2)
        with repeating(stranger, [ethernet + packet for packet in (*whole, *quoting)]):
            assert fates(asked(segment)) == [GONE, GONE, GONE]


def spend(segment: Segment, prober: int) -> None:
    """Use up what time exceeded the server has for us at once."""
    probes = [Probe(target=BEHIND, ttl=1, attempt=number) for number in range(16)]

    async def ask() -> None:
        codec = Codec(b"secret", monotonic)
        async with FrameWire("eth1", mac(1), codec) as wire:
            await wire.send(probes)
            while await wire.receive(0.2):
                pass
            await wire.send(probes[:1])
            assert await wire.receive(0.1) == [], "the server is to be silent for want of tokens"

    with segment.ip(prober) as ip:
        ip.route("add", dst="203.0.113.0/24", gateway=str(SERVER))
    with namespaces.entered(prober):
        asyncio.run(ask())


@pytest.mark.parametrize(
    ("spoil", "second"), [(routing, Fate(1)), (filtering("forward", "drop"), GONE)]
)
def test_a_server_that_has_spent_its_time_exceeded_is_asked_again_when_it_has_more(
    spoil: Callable[[Segment, int], None], second: Fate
) -> None:
    with Segment() as segment:
        server, prober = server_on(segment), segment.prober()
        spoil(segment, server)
        redirecting(server, "0")
        with segment.ip(server) as ip:
            ip.route("add", dst="203.0.113.0/24", gateway=str(ROUTER))
        spend(segment, prober)
        with namespaces.entered(prober):
            replies = asyncio.run(canary("eth1", mac(1), ttls=(1, 2)))
        assert fates(list(replies)) == [TOLD, second]


def test_an_interface_without_an_address_cannot_ask() -> None:
    with Segment() as segment:
        fd = segment.namespace()
        segment.card(fd, OWN_MAC, name="eth1")
        with namespaces.entered(fd), pytest.raises(LinkError, match="no IPv4 address") as refusal:
            asyncio.run(canary("eth1", mac(1)))
    assert "ip address add" in refusal.value.remedy


@pytest.mark.parametrize("group", ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "00:00:00:00:00:00"])
def test_no_group_of_stations_is_asked(group: str) -> None:
    with pytest.raises(ValueError, match="not the MAC of one station"):
        asyncio.run(canary("eth1", group))


def unplug(segment: Segment) -> None:
    with segment.ip(segment.switch) as ip:
        ip.link("set", index=ip.link_lookup(ifname="port2")[0], state="down")


def test_a_lost_carrier_is_no_silence() -> None:
    async def ask(segment: Segment) -> None:
        asking = asyncio.create_task(canary("eth1", mac(1)))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(unplug, segment)
        await asking

    with Segment() as segment:
        server_on(segment)
        with namespaces.entered(segment.prober()), pytest.raises(LinkError, match="no carrier"):
            asyncio.run(ask(segment))
