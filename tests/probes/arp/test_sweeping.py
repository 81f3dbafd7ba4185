import random
import subprocess
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise
from time import monotonic

import pytest
from msgspec.structs import replace

from netguard import clock
from netguard.lab import namespaces
from probes import arp
from probes.arp import ArpFrame, craft
from probes.errors import LinkError, ProbeError
from probes.heard import ArpSweep
from tests.segment import (
    BROADCAST,
    NETWORK,
    NOBODY,
    OWN,
    OWN_MAC,
    Segment,
    Tap,
    address,
    claims_to_have,
    mac,
    proxy,
    repeating,
    request,
)

pytestmark = pytest.mark.packets
NO_ADDRESS = IPv4Address(0)  # the sender's in an ARP Probe (RFC 5227)


def sweep(fd: int, networks: Iterable[IPv4Network] = (NETWORK,), **options: object) -> ArpSweep:
    """Sweep from a namespace, as fast as it goes and once, if not told otherwise."""
    chosen = {"pace": None, "tries": 1, **options}
    with namespaces.entered(fd):
        return arp.sweep("eth1", list(networks), clock=clock.now, **chosen)  # type: ignore[arg-type]  # forwarded


def pairs(result: ArpSweep) -> set[tuple[IPv4Address, str]]:
    return {(claim.sender_ip, claim.sender_hw) for claim in result.claims}


def test_every_live_address_is_found_and_nothing_else() -> None:
    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 1)
        segment.host(2, 2, 3)
        result = sweep(prober)
    assert pairs(result) == {(address(1), mac(1)), (address(2), mac(2)), (address(3), mac(2))}
    assert (result.probed, result.answered) == (30, 3)
    assert (result.dropped, result.malformed) == (0, 0)
    assert {claim.kind for claim in result.claims} == {"reply"}


def test_both_of_two_claimants_are_kept() -> None:
    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 9)
        segment.host(2, 9)
        result = sweep(prober)
    assert pairs(result) == {(address(9), mac(1)), (address(9), mac(2))}
    assert result.answered == 1


@pytest.mark.parametrize("delay", [0.3, 0.8])
def test_a_slow_second_claimant_is_still_heard(delay: float) -> None:
    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 9)
        segment.station(2, claims_to_have(address(9), hw=mac(2)), delay=delay)
        result = sweep(prober)
    assert pairs(result) == {(address(9), mac(1)), (address(9), mac(2))}
    late = next(claim for claim in result.claims if claim.sender_hw == mac(2))
    assert late.delay == pytest.approx(delay, abs=0.15)


def test_a_claim_says_when_and_how_it_was_heard() -> None:
    before = clock.now()
    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 1)
        result = sweep(prober)
    (claim,) = result.claims
    assert (claim.interface, claim.kind, claim.frame_source) == ("eth1", "reply", mac(1))
    assert before <= result.started <= claim.seen <= clock.now()
    assert claim.delay is not None
    assert 0 <= claim.delay < 0.1


def test_a_sender_hw_unlike_the_frame_source_is_kept_as_said() -> None:
    def answer(asked: ArpFrame) -> ArpFrame | None:
        said = claims_to_have(address(9), hw=mac(2))(asked)
        return said and replace(said, sender_hw="02:bf:c6:33:64:09")

    with Segment() as segment:
        prober = segment.prober()
        segment.station(2, answer)
        (claim,) = sweep(prober).claims
    assert (claim.frame_source, claim.sender_hw) == (mac(2), "02:bf:c6:33:64:09")


@pytest.mark.parametrize(("asked", "kind"), [(5, "announcement"), (6, "request")])
def test_what_others_claim_unasked_is_kept(asked: int, kind: str) -> None:
    with Segment() as segment:
        prober, host = segment.prober(), segment.host(5)
        with repeating(host, [craft(request(mac(5), address(5), address(asked)))]):
            result = sweep(prober)
    assert [(c.kind, c.sender_ip, c.delay) for c in result.claims] == [(kind, address(5), None)]
    assert result.answered == 0


NO_CLAIM = {
    "a storm of ARP Probes": [request(mac(n), IPv4Address(0), address(n)) for n in range(1, 20)],
    "another network's": [request(mac(5), IPv4Address("203.0.113.5"), address(6))],
    "the broadcast address": [request(mac(5), NETWORK.broadcast_address, address(6))],
    "our own MAC": [request(OWN_MAC, address(5), address(6))],
    "nobody's MAC": [replace(request(mac(5), address(5), OWN), sender_hw=NOBODY)],
    "everybody's MAC": [replace(request(mac(5), address(5), OWN), sender_hw=BROADCAST)],
}


@pytest.mark.parametrize("frames", NO_CLAIM.values(), ids=NO_CLAIM.keys())
def test_what_claims_no_address_of_the_segment_is_no_claim(frames: list[ArpFrame]) -> None:
    with Segment() as segment:
        prober, host = segment.prober(), segment.host(5)
        with repeating(host, [craft(frame) for frame in frames]):
            result = sweep(prober)
    assert result.claims == ()


def test_our_own_macvlan_is_not_a_claimant() -> None:
    with Segment() as segment:
        prober = segment.prober()
        segment.card(prober, mac(0x60), name="eth2")
        with segment.ip(prober) as ip:
            ip.link(
                "add",
                ifname="mv0",
                kind="macvlan",
                link=ip.link_lookup(ifname="eth2")[0],
                address=mac(0x61),
            )
            index = ip.link_lookup(ifname="mv0")[0]
            ip.link("set", index=index, state="up")
            ip.addr("add", index=index, address=str(address(7)), prefixlen=27)
        with Tap(segment.switch, "port2") as tap:
            result = sweep(prober)
            answered = [frame for _, frame in tap.frames() if frame.operation == 2]
    assert result.claims == ()
    assert answered, "the macvlan did answer, so there was something to tell apart"
    assert result.own_macs == {OWN_MAC, mac(0x60), mac(0x61)}


def test_who_uses_our_own_address_is_heard() -> None:
    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 30)
        result = sweep(prober)
    assert pairs(result) == {(OWN, mac(1))}


def asked_of(fd: int, segment: Segment, **options: object) -> list[tuple[float, ArpFrame]]:
    """Sweep, and return the prober's frames as another socket saw them on the wire."""
    with Tap(segment.switch, "port1") as tap:
        sweep(fd, **options)  # type: ignore[arg-type]  # forwarded
        return tap.frames()


def test_it_asks_as_an_ordinary_host_and_each_address_once() -> None:
    with Segment() as segment:
        frames = [frame for _, frame in asked_of(segment.prober(), segment)]
    ordinary = [frame for frame in frames if frame.target_ip != OWN]
    assert [frame.target_ip for frame in ordinary] == [a for a in NETWORK.hosts() if a != OWN]
    assert {
        (f.frame_destination, f.frame_source, f.operation, f.sender_hw, f.sender_ip, f.target_hw)
        for f in ordinary
    } == {(BROADCAST, OWN_MAC, 1, OWN_MAC, OWN, NOBODY)}


def test_our_own_address_is_asked_about_with_one_arp_probe() -> None:
    with Segment() as segment:
        frames = [frame for _, frame in asked_of(segment.prober(), segment, tries=3)]
    assert [f.sender_ip for f in frames if f.target_ip == OWN] == [NO_ADDRESS]
    assert [f.target_ip for f in frames if f.sender_ip == NO_ADDRESS] == [OWN]


def test_only_silent_addresses_are_asked_again_and_not_at_once() -> None:
    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 1, 2, 3)
        frames = asked_of(prober, segment, tries=3)
    times: dict[IPv4Address, list[float]] = {}
    for at, frame in frames:
        times.setdefault(frame.target_ip, []).append(at)
    assert {a for a, asked in times.items() if len(asked) == 1} == {*map(address, (1, 2, 3)), OWN}
    assert {len(asked) for asked in times.values()} == {1, 3}
    assert all(b - a >= 0.5 for asked in times.values() for a, b in pairwise(asked))


def test_it_listens_on_after_the_last_request() -> None:
    with Segment() as segment:
        prober = segment.prober()
        segment.station(2, claims_to_have(address(29), hw=mac(2)), delay=0.9)
        assert pairs(sweep(prober)) == {(address(29), mac(2))}
        assert pairs(sweep(prober, listen=0.5)) == set()


PACED = [(15.0, 1), (500.0, 2), (2000.0, 8), (20_000.0, 80)]


@pytest.mark.parametrize(("pace", "burst"), PACED)
def test_the_wire_never_carries_more_than_the_pace(pace: float, burst: int) -> None:
    wide = IPv4Network("198.51.100.0/24") if pace > 15 else NETWORK
    with Segment() as segment:
        sent = [at for at, _ in asked_of(segment.prober(), segment, pace=pace, networks=[wide])]
    assert len(sent) == wide.num_addresses - 2
    for first, start in enumerate(sent):
        for last in range(first, len(sent)):
            assert last - first + 1 <= burst + pace * (sent[last] - start) + 1e-6


def test_a_pace_is_kept_up_with() -> None:
    wide = IPv4Network("198.51.100.0/24")
    with Segment() as segment:
        sent = [at for at, _ in asked_of(segment.prober(), segment, pace=500, networks=[wide])]
    assert len(sent) / (sent[-1] - sent[0]) >= 0.7 * 500, "a busy machine may take a little off"


def test_a_port_that_counts_fifteen_a_second_never_counts_sixteen() -> None:
    with Segment() as segment:
        sent = [at for at, _ in asked_of(segment.prober(), segment, pace=15)]
    assert all(sent[n + 15] - sent[n] > 1.0 for n in range(len(sent) - 15))


@pytest.mark.parametrize(
    ("network", "asked"),
    [
        ("198.51.100.28/30", [29]),
        ("198.51.100.30/31", [31]),
        ("198.51.100.30/32", []),
        ("198.51.100.24/29", [25, 26, 27, 28, 29]),
    ],
)
def test_exactly_the_host_addresses_of_the_network_are_asked(
    network: str, asked: list[int]
) -> None:
    with Segment() as segment:
        frames = asked_of(segment.prober(), segment, networks=[IPv4Network(network)], listen=0.0)
    found = sorted(frame.target_ip for _, frame in frames if frame.sender_ip != NO_ADDRESS)
    assert found == list(map(address, asked))


def test_each_network_is_asked_from_the_address_inside_it() -> None:
    other = IPv4Network("203.0.113.0/29")
    with Segment() as segment:
        prober = segment.prober()
        with segment.ip(prober) as ip:
            index = ip.link_lookup(ifname="eth1")[0]
            ip.addr("add", index=index, address="203.0.113.6", prefixlen=29)
        frames = asked_of(prober, segment, networks=[NETWORK, other], listen=0.0)
    senders = {f.sender_ip for _, f in frames if f.target_ip in other} - {NO_ADDRESS}
    assert senders == {IPv4Address("203.0.113.6")}


def test_overlapping_networks_ask_once_and_extra_addresses_are_added() -> None:
    half = IPv4Network("198.51.100.16/28")
    stranger = IPv4Address("203.0.113.9")
    with Segment() as segment:
        prober = segment.prober()
        segment.station(2, claims_to_have(stranger, hw=mac(2)))
        with Tap(segment.switch, "port1") as tap:
            result = sweep(prober, [NETWORK, half], extra=[stranger, address(3)])
            asked = [frame.target_ip for _, frame in tap.frames()]
    assert sorted(asked) == sorted([*NETWORK.hosts(), stranger])
    assert pairs(result) == {(stranger, mac(2))}


def test_a_network_without_an_address_of_ours_cannot_be_asked_honestly() -> None:
    with Segment() as segment, pytest.raises(LinkError) as refusal:
        sweep(segment.prober(), [IPv4Network("203.0.113.0/29")])
    assert str(refusal.value).startswith("eth1: the interface has no IPv4 address to ask about 203")
    assert refusal.value.remedy.startswith("ip address add ADDRESS/LENGTH dev eth1")


def test_truncated_and_random_frames_disturb_nothing() -> None:
    good = craft(request(mac(5), address(5), address(6)))
    chance = random.Random(826)  # noqa: S311 - repeatable noise, no secret
    noise = [good[: chance.randrange(14, 42)] for _ in range(100)]
    noise += [good[:12] + b"\x08\x06" + chance.randbytes(chance.randrange(100)) for _ in range(300)]
    noise += [good[:at] + chance.randbytes(1) + good[at + 1 :] for at in range(14, 20)]
    with Segment() as segment:
        prober, host = segment.prober(), segment.host(5)
        segment.host(1, 1)
        with repeating(host, noise, every=0.01):
            result = sweep(prober)
    assert pairs(result) == {(address(1), mac(1))}
    assert result.malformed > 0


def test_another_vlans_claim_on_a_trunk_is_not_this_segments() -> None:
    said = request(mac(5), address(5), address(5))
    tagged = craft(replace(said, vlan=100))
    with Segment() as segment:
        prober, host = segment.prober(), segment.host(5)
        with Tap(segment.switch, "port2") as tap, repeating(host, [tagged]):
            result = sweep(prober)
            assert tap.frames(), "the frame was on the wire"
    assert result.claims == ()


def test_a_flood_of_claimants_is_bounded_and_said_to_be_lossy() -> None:
    few = IPv4Network("198.51.100.28/30")
    flood = [
        craft(request(f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}", address(29), address(1)))
        for n in range(5000)
    ]
    with Segment() as segment:
        prober, host = segment.prober(), segment.host(5)
        with repeating(host, flood):
            result = sweep(prober, [few])
    assert 1000 < len(result.claims) < 2100
    assert result.dropped > 0


def test_progress_only_grows_and_ends_whole() -> None:
    told: list[tuple[int, int]] = []
    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 1, 2, 3)
        sweep(prober, tries=2, pace=500, progress=lambda done, of: told.append((done, of)))
    assert told == sorted(told)
    assert told[-1] == (60, 60)


def test_it_stops_soon_when_told_to() -> None:
    stop = threading.Event()
    with Segment() as segment:
        prober = segment.prober()
        threading.Timer(0.2, stop.set).start()
        began = monotonic()
        with pytest.raises(ProbeError, match="stopped before the end") as stopped:
            sweep(prober, pace=1, stop=stop)
    assert stopped.value.kind == "stopped"
    assert monotonic() - began < 1.0


def test_an_interface_that_goes_down_meanwhile_is_an_error_not_silence() -> None:
    def unplug(done: int, _of: int) -> None:
        if done == 10:
            with segment.ip(segment.switch) as ip:
                ip.link("set", index=ip.link_lookup(ifname="port1")[0], state="down")

    with Segment() as segment, pytest.raises(LinkError, match="no carrier"):
        sweep(segment.prober(), pace=200, progress=unplug)


def test_arp_scan_agrees_address_by_address_and_mac_by_mac() -> None:
    with Segment() as segment:
        prober = segment.prober()
        for number in range(1, 12):
            segment.host(number, number, number + 12)
        segment.host(0x40, 3)
        segment.host(0x41, 3)
        ours = sweep(prober, tries=2)
        with namespaces.entered(prober):
            scan = ["arp-scan", "--interface=eth1", "--plain", "--quiet", str(NETWORK)]
            done = subprocess.run(scan, capture_output=True, text=True, check=True)
    lines = [line.split()[:2] for line in done.stdout.splitlines()]
    theirs = {(IPv4Address(ip), hw) for ip, hw in lines}
    assert pairs(ours) == theirs
    assert len(theirs) == 24


def test_a_proxy_is_heard_although_it_answers_late() -> None:
    with Segment() as segment:
        prober, router = segment.prober(), segment.host(1, 1)
        proxy(segment, router)
        result = sweep(prober)
    late = [claim for claim in result.claims if claim.sender_ip != address(1)]
    assert {claim.sender_hw for claim in late} == {mac(1)}
    assert len(late) == 28
    assert max(claim.delay or 0.0 for claim in late) > 0.1


def test_time_is_the_callers() -> None:
    def at_noon() -> datetime:
        return datetime(2024, 2, 29, 12, tzinfo=UTC)

    with Segment() as segment:
        prober = segment.prober()
        segment.host(1, 1)
        with namespaces.entered(prober):
            result = arp.sweep("eth1", [NETWORK], clock=at_noon, pace=None, tries=1, listen=0.2)
    assert result.started == at_noon()
    assert (result.claims[0].seen - at_noon()).total_seconds() < 1
