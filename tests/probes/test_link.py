import itertools
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from time import monotonic

import pytest
from pyroute2.netlink.exceptions import NetlinkError

from netguard.lab import namespaces
from probes.arp import craft
from probes.errors import LinkError
from probes.link import ICMP, IP_FRAME, SLOT, Link
from probes.mmsg import Slots
from tests.segment import OWN, OWN_MAC, Segment, Tap, address, mac, raw, request

pytestmark = pytest.mark.packets

ARP = craft(request(mac(1), address(1), OWN))


def received(link: Link, seconds: float = 0.2) -> list[bytes]:
    frames: list[bytes] = []
    until = monotonic() + seconds
    while monotonic() < until:
        link.wait(0.02)
        slots = bytes(link.receive())
        frames += [slots[at : at + SLOT] for at in range(0, len(slots), SLOT)]
    return frames


def turn(segment: Segment, fd: int, interface: str, state: str) -> None:
    with segment.ip(fd) as ip:
        ip.link("set", index=ip.link_lookup(ifname=interface)[0], state=state)


def missing(_segment: Segment, _fd: int) -> str:
    return "eth9"


def down(segment: Segment, fd: int) -> str:
    turn(segment, fd, "eth1", "down")
    return "eth1"


def without_carrier(segment: Segment, _fd: int) -> str:
    turn(segment, segment.switch, "port1", "down")
    return "eth1"


def loopback(_segment: Segment, _fd: int) -> str:
    return "lo"


def tunnel(segment: Segment, fd: int) -> str:
    with segment.ip(fd) as ip:
        ip.link("add", ifname="tun0", kind="tuntap", mode="tun")
        ip.link("set", index=ip.link_lookup(ifname="tun0")[0], state="up")
    return "tun0"


@pytest.mark.parametrize(
    ("spoil", "detail", "remedy"),
    [
        (missing, "eth9: no such interface here", "choose one of: eth1, lo"),
        (down, "eth1: the interface is down", "ip link set eth1 up"),
        (without_carrier, "eth1: the interface has no carrier", "check the cable"),
        (loopback, "lo: not an Ethernet interface", "choose the Ethernet interface"),
        (tunnel, "tun0: not an Ethernet interface", "choose the Ethernet interface"),
    ],
)
def test_an_unusable_interface_is_named_with_the_remedy(
    spoil: Callable[[Segment, int], str], detail: str, remedy: str
) -> None:
    with Segment() as segment:
        prober = segment.prober()
        name = spoil(segment, prober)
        with namespaces.entered(prober), pytest.raises(LinkError, match=detail) as refusal:
            Link(name)
    assert remedy in refusal.value.remedy
    assert "\n" not in str(refusal.value) + refusal.value.remedy


OPEN = """
from probes.errors import LinkError
from probes.link import Link
from probes.interfaces import local_interfaces
name = next(n for n, i in local_interfaces().items() if i.running and i.hardware_type == 1)
try:
    Link(name)
except LinkError as error:
    print(error, "|", error.remedy)
"""


def test_without_cap_net_raw_the_remedy_says_how_to_get_it() -> None:
    with Segment() as segment, namespaces.entered(segment.prober()):
        weak = ["setpriv", "--inh-caps=-all", "--bounding-set=-net_raw", sys.executable, "-c", OPEN]
        done = subprocess.run(weak, capture_output=True, text=True, check=True)
    assert re.match(r"eth1: raw sockets need CAP_NET_RAW.* \| run as root", done.stdout)
    assert "setcap cap_net_raw+ep" in done.stdout


@pytest.mark.parametrize(
    ("octets", "passes"),
    [
        (ARP, True),
        (ARP + bytes(18), True),
        (ARP + bytes(1000), True),
        (ARP[:12] + bytes.fromhex("8100 e000") + ARP[12:], True),  # tagged for priority only
        (ARP[:12] + bytes.fromhex("8100 0064") + ARP[12:], False),  # another VLAN's
        (ARP[:12] + bytes.fromhex("88a8 0064 8100 0000") + ARP[12:], False),
        (ARP[:41], False),
        (ARP[:14], False),
        (ARP[:12] + b"\x08\x00" + ARP[14:], False),
    ],
)
def test_the_kernel_passes_whole_arp_frames_of_this_vlan_only(
    octets: bytes, *, passes: bool
) -> None:
    with Segment() as segment:
        prober, host = segment.prober(), segment.host(1, 1)
        with namespaces.entered(prober), Link("eth1") as link, raw(host) as sender:
            sender.send(octets)
            frames = received(link)
    assert frames == ([ARP.ljust(SLOT, b"\0")] if passes else [])


def ipv4(protocol: int, size: int = 28) -> bytes:
    """Make a packet that every bridge lets through: some look at its length and checksum."""
    start = struct.pack("!BBHIBB", 0x45, 0, size, 0, 64, protocol)
    ends = address(1).packed + OWN.packed
    total = sum(struct.unpack("!9H", start + ends))
    total = (total & 0xFFFF) + (total >> 16)
    header = start + struct.pack("!H", 0xFFFF - total) + ends
    return ARP[:12] + b"\x08\x00" + header.ljust(size, b"\xaa")


def ipv6(next_header: int) -> bytes:
    start = struct.pack("!IHBB", 0x60000000, 8, next_header, 64)
    return ARP[:12] + b"\x86\xdd" + start + bytes(31) + bytes([1]) + bytes(8)


def tagged(octets: bytes, tag: str) -> bytes:
    return octets[:12] + bytes.fromhex(tag) + octets[12:]


@pytest.mark.parametrize(
    ("octets", "passes"),
    [
        (ipv4(1), True),
        (ipv4(1, 1500), True),
        (ipv6(58), True),
        (tagged(ipv4(1), "8100 e000"), True),
        (tagged(ipv4(1), "8100 0064"), False),
        (tagged(ipv6(58), "8100 0064"), False),
        (ipv4(17), False),
        (ipv4(58), False),
        (ipv6(6), False),
        (ipv6(1), False),
        (ipv4(1)[:23], False),
        (ARP, False),
    ],
)
def test_opened_for_icmp_the_kernel_passes_it_whole_and_nothing_else(
    octets: bytes, *, passes: bool
) -> None:
    with Segment() as segment:
        prober, host = segment.prober(), segment.host(1, 1)
        with namespaces.entered(prober), Link("eth1", ICMP) as link, raw(host) as sender:
            sender.send(octets)
            link.wait(0.2)
            whole = octets[:12] + octets[12:].removeprefix(b"\x81\x00\xe0\x00")
            assert link.frames() == ([whole] if passes else [])


def test_each_frame_comes_as_long_as_it_was_however_long_those_before_it_were() -> None:
    with Segment() as segment:
        prober, host = segment.prober(), segment.host(1, 1)
        lengths = [1500, 60, 1499, 28]
        with namespaces.entered(prober), Link("eth1", ICMP) as link, raw(host) as sender:
            for turned in (lengths, lengths[::-1]):
                for size in turned:
                    sender.send(ipv4(1, size))
                link.wait(0.2)
                assert [len(frame) - 14 for frame in link.frames()] == turned
    assert IP_FRAME - 14 == 1500


def test_frames_of_different_lengths_go_out_together() -> None:
    frames = [ipv4(1, 1500), ipv4(1), ipv6(58)]
    outbox = Slots(4, IP_FRAME)
    for again in (frames, frames[::-1]):
        for slot, frame in enumerate(again):
            outbox.put(slot, frame)
        with Segment() as segment:
            prober, host = segment.prober(), segment.host(1, 1)
            with raw(host) as receiver, namespaces.entered(prober), Link("eth1", ICMP) as link:
                receiver.settimeout(5)
                link.send(outbox, len(again))
                heard = (receiver.recv(2048) for _ in itertools.count())
                ours = (frame for frame in heard if frame[:12] == ARP[:12])  # the bridge speaks too
                assert list(itertools.islice(ours, len(again))) == again


@pytest.mark.parametrize(("slot", "size"), [(0, 65), (1, 65), (2, 1)])
def test_a_frame_that_does_not_fit_its_slot_is_not_laid_there(slot: int, size: int) -> None:
    outbox = Slots(2, 64)
    with pytest.raises(ValueError, match="assignment"):
        outbox.put(slot, bytes([1]) * size)
    assert outbox.buffer == bytes(128)


def test_the_link_knows_how_much_a_frame_may_carry_now() -> None:
    with Segment() as segment:
        prober = segment.prober()
        with namespaces.entered(prober), Link("eth1") as link:
            assert link.mtu == 1500
            with segment.ip(prober) as ip:
                ip.link("set", index=ip.link_lookup(ifname="eth1")[0], mtu=1400)
            assert link.mtu == 1400


def test_our_own_frames_do_not_come_back() -> None:
    with Segment() as segment:
        prober = segment.prober()
        with namespaces.entered(prober), Link("eth1") as link:
            link.send(requests(1), 1)
            assert received(link) == []


def test_frames_lost_for_want_of_room_are_counted() -> None:
    with Segment() as segment:
        prober, host = segment.prober(), segment.host(1, 1)
        flood = Slots(1000, len(ARP))
        flood.buffer[:] = ARP * flood.count
        with namespaces.entered(prober), Link("eth1") as link, raw(host) as sender:
            for _ in range(200):
                flood.send(sender.fileno(), 0, flood.count)
            kept = len(received(link, 0.5))
            assert link.count_dropped() > 0
            assert kept + link.count_dropped() == 200_000
            assert link.count_dropped() == 200_000 - kept, "the count is a total, not a difference"


def narrow(segment: Segment, fd: int, rate: str) -> None:
    """Let the interface pass so many bits a second, and queue about sixty frames."""
    with segment.ip(fd) as ip:
        index = ip.link_lookup(ifname="eth1")[0]
        try:
            ip.tc("add", "tbf", index=index, handle="1:", rate=rate, burst=1540, limit=3000)
        except NetlinkError as error:
            pytest.skip(f"NOT TESTED: this kernel has no token bucket queue ({error})")


def test_a_full_queue_delays_requests_and_loses_none() -> None:
    with Segment() as segment:
        prober = segment.prober()
        narrow(segment, prober, "512kbit")
        with Tap(segment.switch, "port1") as tap, namespaces.entered(prober):
            with Link("eth1") as link:
                link.send(requests(200), 200)
                received(link)
            assert len(tap.frames()) == 200


def test_an_interface_that_takes_nothing_more_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.link._STUCK", 0.02)
    with Segment() as segment:
        prober = segment.prober()
        narrow(segment, prober, "8kbit")
        refusal = pytest.raises(LinkError, match="takes no more frames")
        with namespaces.entered(prober), Link("eth1") as link, refusal:
            link.send(requests(200), 200)


def requests(count: int) -> Slots:
    outbox = Slots(count, len(ARP))
    outbox.buffer[:] = craft(request(OWN_MAC, OWN, address(1))) * count
    return outbox


def test_an_interface_that_goes_down_in_use_is_an_error_not_silence() -> None:
    with Segment() as segment:
        prober = segment.prober()
        with namespaces.entered(prober), Link("eth1") as link:
            turn(segment, prober, "eth1", "down")
            with pytest.raises(LinkError, match="failed while in use"):
                received(link)


def test_an_interface_that_vanishes_in_use_cannot_be_sent_on() -> None:
    with Segment() as segment:
        prober = segment.prober()
        with namespaces.entered(prober), Link("eth1") as link:
            with segment.ip(prober) as ip:
                ip.link("del", index=ip.link_lookup(ifname="eth1")[0])
            with pytest.raises(LinkError, match="failed while in use"):
                link.send(Slots(1, len(ARP)), 1)


def test_a_lost_carrier_is_noticed_when_asked_for() -> None:
    with Segment() as segment:
        prober = segment.prober()
        with namespaces.entered(prober), Link("eth1") as link:
            link.still_usable()
            turn(segment, segment.switch, "port1", "down")
            with pytest.raises(LinkError, match="no carrier"):
                link.still_usable()
