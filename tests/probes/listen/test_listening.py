import asyncio
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from ipaddress import IPv6Address
from time import monotonic, sleep

import pytest
from msgspec.structs import replace

from netguard import clock
from netguard.lab import namespaces
from probes.arp import craft
from probes.errors import LinkError
from probes.heard import AddressProbe, ArpClaim, Heard, NeighborClaim, RouterAdvert, VirtualHello
from probes.listen import Listener
from probes.mmsg import Slots
from probes.records import IPAddress
from tests.probes.listen.crafting import (
    IPV4,
    IPV6,
    address_probe,
    ethernet,
    group_state,
    hsrp_v1,
    hsrp_v2,
    hsrp_v2_ipv6,
    ipv4,
    ipv6,
    link_layer,
    ndp,
    neighbor_advertisement,
    router_advertisement,
    router_solicitation,
    snap,
    solicitation,
    tagged,
    udp,
    vrrp_v2,
    vrrp_v3,
)
from tests.probes.listen.test_frames import behind
from tests.segment import OWN, OWN_MAC, Segment, address, mac, raw, request, sysctl

pytestmark = pytest.mark.packets

CLAIM = craft(request(mac(1), address(1), OWN))
LAST = craft(request(mac(0x77), address(7), OWN))  # sent last: what came before it has come


def is_last(record: Heard) -> bool:
    return isinstance(record, ArpClaim) and record.sender_hw == mac(0x77)


def is_ours(record: Heard) -> bool:
    """Return whether it is of the stations in these tests: bridges and kernels speak as well."""
    said_by = record.frame_source if isinstance(record, VirtualHello) else record.sender_hw
    return said_by.startswith("00:00:5e:00:53:")


def hear(listener: Listener, enough: Callable[[list[Heard]], bool]) -> list[Heard]:
    """Read until it is enough, ten seconds at most."""
    records: list[Heard] = []
    deadline = monotonic() + 10
    while not enough(records):
        assert monotonic() < deadline, records
        listener._wire.wait(0.1)
        records += filter(is_ours, listener.read())
    return records


def until_last(listener: Listener) -> list[Heard]:
    records = hear(listener, lambda records: any(map(is_last, records)))
    return [record for record in records if not is_last(record)]


def nowhere(_: IPAddress) -> bool:
    return False


def everywhere(_: IPAddress) -> bool:
    return True


@contextmanager
def listening(
    segment: Segment, guarded: Callable[[IPAddress], bool] = nowhere
) -> Iterator[Listener]:
    """Listen to a segment, whose hosts were made before: opening waits for the carriers."""
    with namespaces.entered(segment.prober()), Listener("eth1", guarded) as listener:
        yield listener


def heard_of(
    *frames: bytes, guarded: Callable[[IPAddress], bool] = nowhere
) -> tuple[list[Heard], Listener]:
    """Send frames from a host on the segment, and return what a listener makes of them."""
    with (
        Segment() as segment,
        raw(segment.host(1)) as sender,
        listening(segment, guarded) as listener,
    ):
        for frame in (*frames, LAST):
            sender.send(frame)
        return until_last(listener), listener


def test_a_claim_is_heard_with_its_time_and_its_station() -> None:
    began = clock.now()
    ((claim,), listener) = heard_of(CLAIM)
    assert isinstance(claim, ArpClaim)
    assert (claim.interface, claim.vlan, claim.kind) == ("eth1", None, "request")
    assert (claim.sender_ip, claim.sender_hw, claim.frame_source) == (address(1), mac(1), mac(1))
    assert began <= claim.seen <= clock.now()
    assert listener._counters.claims == 2


@pytest.mark.parametrize(
    ("octets", "interface", "vlan"),
    [
        (tagged(CLAIM, 100), "eth1", 100),
        (tagged(CLAIM, 0xE064), "eth1", 100),
        (tagged(CLAIM, 0xE000), "eth1", None),
        (tagged(CLAIM, 100, tpid=0x88A8), "eth1", 100),
        (tagged(tagged(CLAIM, 20), 100, tpid=0x88A8), "eth1.100", 20),
        (tagged(CLAIM, 100, 20), "eth1.100", 20),
    ],
)
def test_frames_of_vlans_on_a_trunk_carry_their_vlan(
    octets: bytes, interface: str, vlan: int | None
) -> None:
    ((claim,), _) = heard_of(octets)
    assert (claim.interface, claim.vlan) == (interface, vlan)


SENDER = link_layer(1, mac(1))
SAID: dict[str, tuple[bytes, type]] = {
    "SNAP": (snap(CLAIM), ArpClaim),
    "NA": (neighbor_advertisement(), NeighborClaim),
    "NS": (
        ndp(solicitation("2001:db8::9", link_layer(1, mac(1))), source="fe80::1"),
        NeighborClaim,
    ),
    "RS": (
        ndp(router_solicitation(link_layer(1, mac(1))), source="fe80::1", to="ff02::2"),
        NeighborClaim,
    ),
    "DAD": (address_probe(), AddressProbe),
    "RA": (ndp(router_advertisement(1800), source="fe80::1"), RouterAdvert),
    "behind hop-by-hop options": (
        behind(neighbor_advertisement(), (0, bytes.fromhex("00050200000100"))),
        NeighborClaim,
    ),
    "behind destination options": (
        behind(neighbor_advertisement(), (60, bytes.fromhex("00010400000000"))),
        NeighborClaim,
    ),
    "behind many headers": (
        behind(neighbor_advertisement(), *[(60, bytes.fromhex("00010400000000"))] * 20),
        NeighborClaim,
    ),
    "VRRPv2": (vrrp_v2("192.0.2.1"), VirtualHello),
    "VRRPv3": (vrrp_v3("fe80::1", source="fe80::2"), VirtualHello),
    "HSRPv1": (hsrp_v1("192.0.2.1"), VirtualHello),
    "HSRPv2": (hsrp_v2(group_state("192.0.2.1")), VirtualHello),
    "HSRPv2 for IPv6": (hsrp_v2_ipv6(group_state("fe80::1", version=6)), VirtualHello),
}


@pytest.mark.parametrize(("octets", "kind"), SAID.values(), ids=SAID)
def test_the_kernel_s_filter_passes_all_that_is_read(octets: bytes, kind: type) -> None:
    records, _ = heard_of(octets, tagged(octets, 100), tagged(octets, 100, 20))
    assert [type(record) for record in records] == [kind] * 3
    assert [record.vlan for record in records] == [None, 100, 20]


OTHER = {
    "TCP": ethernet(IPV4, ipv4(6, bytes(20), source="192.0.2.1", to="192.0.2.2")),
    "UDP": ethernet(IPV4, ipv4(17, udp(1985, bytes(20)), source="192.0.2.1", to="192.0.2.2")),
    "LDP": hsrp_v1("192.0.2.1", port=646),
    "VRRP to one": ethernet(IPV4, ipv4(112, bytes(20), source="192.0.2.1", to="192.0.2.2")),
    "IPv6 TCP": ethernet(IPV6, ipv6(6, bytes(20), source="fe80::1", to="fe80::2")),
    "IPv6 UDP": ethernet(IPV6, ipv6(17, udp(53, bytes(20)), source="fe80::1", to="fe80::2")),
    "echo": ndp(bytes([128]) + bytes(7), source="fe80::1"),
    "node information": ndp(bytes([139]) + bytes(7), source="fe80::1"),
    "LLDP": ethernet(b"\x88\xcc", bytes(46)),
    "STP": ethernet(b"\x00\x26", bytes.fromhex("424203").ljust(46, b"\0")),
}


@pytest.mark.parametrize("octets", OTHER.values(), ids=OTHER)
def test_the_kernel_s_filter_drops_other_traffic(octets: bytes) -> None:
    records, listener = heard_of(octets, tagged(octets, 100), tagged(octets, 100, 20))
    assert records == []
    assert listener._counters.frames - listener._counters.claims < 3


def test_malformed_frames_are_counted_and_the_next_ones_heard() -> None:
    wrong = CLAIM[:20] + b"\x00\x09" + CLAIM[22:]
    records, listener = heard_of(wrong, tagged(wrong, 100), CLAIM)
    assert len(records) == 1
    assert listener._counters.malformed == 2


def set_mtu(segment: Segment, fd: int, interface: str) -> None:
    with segment.ip(fd) as ip:
        ip.link("set", index=ip.link_lookup(ifname=interface)[0], mtu=9000)


def test_a_frame_too_long_for_a_listener_is_counted_as_cut() -> None:
    advert = ndp(router_advertisement(1, bytes([5, 250]) + bytes(1998)), source="fe80::1")
    with Segment() as segment:
        prober, host = segment.prober(), segment.host(1)
        for fd, names in (
            (prober, ["eth1"]),
            (host, ["eth0"]),
            (segment.switch, ["port1", "port2", "br0"]),
        ):
            for name in names:
                set_mtu(segment, fd, name)
        with namespaces.entered(prober), Listener("eth1") as listener, raw(host) as sender:
            sender.send(advert)
            sender.send(LAST)
            assert until_last(listener) == []
            assert listener.counters.cut == 1


def test_our_own_frames_are_told_apart_when_they_come_back() -> None:
    ours = craft(request(OWN_MAC, OWN, address(1)))
    records, listener = heard_of(ours, tagged(ours, 100), CLAIM)
    assert [getattr(record, "sender_hw", None) for record in records] == [mac(1)]
    assert listener._counters.own == 2
    assert OWN_MAC in listener.own_macs


def test_what_we_have_ourselves_is_our_own_also_where_it_is_guarded() -> None:
    ours = craft(request(OWN_MAC, OWN, address(1)))
    records, listener = heard_of(ours, guarded=everywhere)
    assert (records, listener._counters.own) == ([], 1)


def test_who_claims_a_guarded_address_with_our_mac_is_heard() -> None:
    forged = craft(request(OWN_MAC, address(1), address(2)))
    container = craft(request(OWN_MAC, address(3), address(2)))
    records, listener = heard_of(forged, container, guarded=lambda ip: ip == address(1))
    assert [getattr(record, "sender_ip", None) for record in records] == [address(1)]
    assert listener._counters.own == 1


def test_an_address_that_we_take_while_listening_is_our_own_from_then_on() -> None:
    taken = craft(request(OWN_MAC, address(9), address(2)))
    with Segment() as segment, raw(segment.host(1)) as sender:
        prober = segment.prober()
        with namespaces.entered(prober), Listener("eth1", everywhere) as listener:
            sender.send(taken)
            sender.send(LAST)
            assert len(until_last(listener)) == 1
            with segment.ip(prober) as ip:
                index = ip.link_lookup(ifname="eth1")[0]
                ip.addr("add", index=index, address=str(address(9)), prefixlen=27)
            sleep(0.11)
            sender.send(taken)
            sender.send(LAST)
            assert until_last(listener) == []


def test_who_borrows_our_mac_for_its_frames_is_heard_with_what_it_claims() -> None:
    borrowed = craft(replace(request(mac(2), address(1), OWN), frame_source=OWN_MAC))
    records, listener = heard_of(borrowed)
    assert [getattr(record, "sender_hw", None) for record in records] == [mac(2)]
    assert listener._counters.own == 0


def test_what_this_machine_sends_is_not_heard() -> None:
    with Segment() as segment, raw(segment.host(1)) as sender, listening(segment) as listener:
        outbox = Slots(1, len(CLAIM))
        outbox.buffer[:] = CLAIM
        listener._wire.send(outbox, 1)
        sender.send(LAST)
        assert until_last(listener) == []


def test_arping_probes_for_an_address_and_claims_nothing() -> None:
    if not shutil.which("arping"):
        pytest.skip("NOT TESTED: no arping here; apt-get install iputils-arping")
    with Segment() as segment:
        host = segment.host(1)
        with listening(segment) as listener, namespaces.entered(host):
            subprocess.run(
                ["arping", "-D", "-I", "eth0", "-c", "1", "-w", "1", str(address(5))],
                check=True,
                capture_output=True,
            )
            (said,) = hear(listener, bool)
    assert isinstance(said, AddressProbe)
    assert (said.ip, said.sender_hw, said.vlan) == (address(5), mac(1), None)


def test_a_kernel_probes_for_its_ipv6_address_then_claims_it_when_it_asks() -> None:
    target = IPv6Address("2001:db8::5")
    with Segment() as segment:
        host = segment.host(1)
        with listening(segment) as listener:
            sysctl(host, "ipv6/conf/eth0/disable_ipv6", "0")
            with segment.ip(host) as ip:
                index = ip.link_lookup(ifname="eth0")[0]
                ip.addr("add", index=index, address=str(target), prefixlen=64)
            probed = hear(listener, lambda records: any(is_about(each, target) for each in records))
            assert all(isinstance(record, AddressProbe) for record in probed)
            wait_for_the_address(host, target)
            with namespaces.entered(host):
                ask_for_neighbour("2001:db8::9")
            claims = hear(listener, lambda records: any(map(is_neighbor_claim, records)))
    said = next(filter(is_neighbor_claim, claims))
    assert isinstance(said, NeighborClaim)
    assert (said.sender_ip, said.sender_hw, said.kind) == (target, mac(1), "solicitation")


def is_about(record: Heard, target: IPv6Address) -> bool:
    return isinstance(record, AddressProbe) and record.ip == target


def is_neighbor_claim(record: Heard) -> bool:
    return isinstance(record, NeighborClaim) and record.sender_ip == IPv6Address("2001:db8::5")


def ask_for_neighbour(host: str) -> None:
    """Make the kernel look for a neighbour, from the address that it has probed for."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
        sender.bind(("2001:db8::5", 0))
        sender.sendto(b"", (host, 9))


def wait_for_the_address(host: int, target: IPv6Address) -> None:
    """Wait until duplicate address detection has ended well: before, none can be spoken from."""
    deadline = monotonic() + 10
    while monotonic() < deadline:
        with (
            namespaces.entered(host),
            suppress(OSError),
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as trial,
        ):
            trial.bind((str(target), 0))
            return
        sleep(0.05)


def test_an_event_loop_hears_while_others_run() -> None:
    async def first(listener: Listener) -> list[Heard]:
        async with asyncio.timeout(10), aclosing(listener.batches()) as batches:
            async for batch in batches:
                if any(map(is_last, batch)):
                    return batch
        return []

    async def hear_and_send(listener: Listener, sender: socket.socket) -> list[Heard]:
        listening = asyncio.create_task(first(listener))
        await asyncio.sleep(0.05)
        sender.send(LAST)
        return await listening

    with Segment() as segment, raw(segment.host(1)) as sender, listening(segment) as listener:
        assert any(map(is_last, asyncio.run(hear_and_send(listener, sender))))


def test_a_frame_that_goes_round_in_a_loop_is_heard_once_in_a_while() -> None:
    with Segment() as segment, raw(segment.host(1)) as sender, listening(segment) as listener:
        for _ in range(100):
            sender.send(CLAIM)
        sleep(0.06)
        sender.send(CLAIM)
        sender.send(tagged(CLAIM, 100))
        sender.send(LAST)
        records = until_last(listener)
        echoes = listener.counters.echoes
    assert len(records) == 103 - 1 - echoes
    assert echoes >= 50
    assert [record.vlan for record in records[-2:]] == [None, 100]


def test_a_clock_that_is_set_back_makes_no_echo_of_what_comes_anew() -> None:
    with Segment() as segment, raw(segment.host(1)) as sender, listening(segment) as listener:
        listener._recent[CLAIM] = 2**62  # nanoseconds: a time to come
        sender.send(CLAIM)
        sender.send(LAST)
        assert len(until_last(listener)) == 1


def test_a_flood_is_heard_or_counted_as_dropped() -> None:
    with Segment() as segment, raw(segment.host(1)) as sender, listening(segment) as listener:
        flood = Slots(1000, len(CLAIM))
        flood.buffer[:] = CLAIM * flood.count
        for _ in range(200):
            flood.send(sender.fileno(), 0, flood.count)
        heard, before = 0, -1
        while listener.counters.frames > before:
            before = listener.counters.frames
            heard += sum(map(is_ours, listener.read()))
        counters = listener.counters
        assert counters.dropped > 0
        assert heard + counters.echoes + counters.dropped >= 200_000
        assert 0 < heard < counters.echoes


def turn(segment: Segment, fd: int, interface: str, state: str) -> None:
    with segment.ip(fd) as ip:
        ip.link("set", index=ip.link_lookup(ifname=interface)[0], state=state)


def test_an_interface_that_goes_down_is_an_error_not_silence() -> None:
    async def hear_all(listener: Listener) -> None:
        async with asyncio.timeout(10):
            async for _ in listener.batches():
                pass

    with Segment() as segment:
        prober = segment.prober()
        with namespaces.entered(prober), Listener("eth1") as listener:
            turn(segment, prober, "eth1", "down")
            with pytest.raises(LinkError, match="failed while in use"):
                asyncio.run(hear_all(listener))


def test_a_lost_carrier_is_noticed_when_asked_for() -> None:
    with Segment() as segment, listening(segment) as listener:
        listener.still_usable()
        turn(segment, segment.switch, "port1", "down")
        with pytest.raises(LinkError, match="no carrier"):
            listener.still_usable()


def test_the_card_passes_everything_while_it_is_listened_to() -> None:
    with Segment() as segment:
        prober = segment.prober()
        with namespaces.entered(prober):
            with Listener("eth1"):
                assert promiscuity(segment, prober) == 1
            assert promiscuity(segment, prober) == 0


def promiscuity(segment: Segment, fd: int) -> int:
    with segment.ip(fd) as ip:
        return int(ip.get_links(ip.link_lookup(ifname="eth1")[0])[0].get_attr("IFLA_PROMISCUITY"))
