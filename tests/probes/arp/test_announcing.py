import socket
import threading
from collections.abc import Iterator
from itertools import pairwise
from time import monotonic, sleep

import pytest

from netguard.lab import namespaces
from probes import arp
from probes.arp import ArpFrame, craft
from probes.arp.announcing import announcements
from probes.errors import LinkError
from tests.segment import BROADCAST, OWN_MAC, Segment, Tap, address, mac, raw, request

pytestmark = pytest.mark.packets

GATEWAY, GATEWAY_MAC = address(1), mac(1)
POISONER_MAC = mac(9)


class Scene:
    """A gateway, a host that has just spoken with it, one that never did, and a poisoner."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self.prober = segment.prober()
        self.gateway = segment.namespace()
        self.gateway_port = segment.card(self.gateway, GATEWAY_MAC, str(GATEWAY))
        self.host = segment.host(2, 2)
        self.stranger = segment.host(3, 3)
        self.poisoner = segment.host(9)
        with namespaces.entered(self.host), socket.socket(type=socket.SOCK_DGRAM) as hello:
            hello.sendto(b"", (str(GATEWAY), 9))
        assert self.believed_soon(GATEWAY_MAC) == GATEWAY_MAC

    def poison(self) -> None:
        with raw(self.poisoner) as link:
            link.send(craft(request(POISONER_MAC, GATEWAY, GATEWAY)))
        assert self.believed_soon(POISONER_MAC) == POISONER_MAC

    def announce(self, **options: object) -> int:
        with namespaces.entered(self.prober):
            return arp.announce("eth1", GATEWAY, GATEWAY_MAC, **options)  # type: ignore[arg-type]  # forwarded

    def believed(self, fd: int) -> str | None:
        """Return the MAC that a host's kernel has for the gateway."""
        with self.segment.ip(fd) as ip:
            entries = {n.get("dst"): n.get("lladdr") for n in ip.get_neighbours(socket.AF_INET)}
        found: str | None = entries.get(str(GATEWAY))
        return found

    def believed_soon(self, wanted: str) -> str | None:
        """Return what the host believes once it is this, or when half a second is over."""
        deadline = monotonic() + 0.5
        while (found := self.believed(self.host)) != wanted and monotonic() < deadline:
            sleep(0.005)
        return found

    def learned(self) -> dict[str, set[str]]:
        """Return the bridge's FDB: the ports on which each MAC was learned."""
        found: dict[str, set[str]] = {}
        with self.segment.ip(self.segment.switch) as ip:
            names = {link["index"]: link.get("ifname") for link in ip.get_links()}
            for entry in ip.fdb("dump"):
                if entry.get("master"):
                    found.setdefault(entry.get("lladdr"), set()).add(names[entry["ifindex"]])
        return found


@pytest.fixture
def scene() -> Iterator[Scene]:
    with Segment() as segment:
        yield Scene(segment)


def test_a_poisoned_host_has_the_right_mac_again_at_the_first_announcement(scene: Scene) -> None:
    scene.poison()
    assert scene.announce(times=1) == 2
    assert scene.believed_soon(GATEWAY_MAC) == GATEWAY_MAC


@pytest.mark.parametrize("form", [0, 1], ids=["announcement", "gratuitous-reply"])
def test_either_form_alone_is_enough_for_linux(scene: Scene, form: int) -> None:
    scene.poison()
    frame = [*announcements(OWN_MAC, GATEWAY, GATEWAY_MAC)][form]
    with raw(scene.prober, "eth1") as link:
        link.send(craft(frame))
    assert scene.believed_soon(GATEWAY_MAC) == GATEWAY_MAC


def test_the_switch_goes_on_sending_to_the_gateways_own_port(scene: Scene) -> None:
    before = scene.learned()
    assert before[GATEWAY_MAC] == {scene.gateway_port}
    assert scene.announce(spacing=0.01) == 6
    assert scene.learned()[GATEWAY_MAC] == {scene.gateway_port}


def test_a_frame_from_the_gateways_mac_would_have_moved_it(scene: Scene) -> None:
    with raw(scene.prober, "eth1") as link:
        link.send(craft(request(GATEWAY_MAC, GATEWAY, GATEWAY)))
    assert scene.learned()[GATEWAY_MAC] != {scene.gateway_port}


def test_a_host_that_never_spoke_with_the_gateway_learns_nothing(scene: Scene) -> None:
    scene.announce(spacing=0.01)
    assert scene.believed(scene.stranger) is None


def test_the_gateway_and_the_hosts_say_nothing_to_it(scene: Scene) -> None:
    with Tap(scene.segment.switch, "br0") as tap:
        scene.announce(spacing=0.01)
        spoken = {frame.frame_source for _, frame in tap.frames()}
    assert spoken == {OWN_MAC}


def test_both_forms_are_on_the_wire_exactly_as_written_in_the_standards(scene: Scene) -> None:
    ethernet = "ffffffffffff 00005e0053fe 0806"
    gateway = "00005e005301 c6336401"
    with raw(scene.host) as link:
        assert scene.announce(times=1) == 2
        link.settimeout(1)
        received = [link.recv(2048) for _ in range(2)]
    assert received == [
        bytes.fromhex(f"{ethernet} 0001 0800 06 04 0001 {gateway} 000000000000 c6336401"),
        bytes.fromhex(f"{ethernet} 0001 0800 06 04 0002 {gateway} {gateway}"),
    ]


def test_the_pairs_are_apart_as_told_and_reach_over_more_than_a_second(scene: Scene) -> None:
    with Tap(scene.segment.switch, "port1") as tap:
        assert scene.announce() == 6
        times = [at for at, frame in tap.frames() if frame.operation == 1]
    assert len(times) == 3
    assert times[-1] - times[0] > 1
    assert all(0.6 <= gap < 0.9 for gap in (b - a for a, b in pairwise(times)))


def test_any_spelling_of_the_mac_will_do(scene: Scene) -> None:
    with Tap(scene.segment.switch, "port1") as tap, namespaces.entered(scene.prober):
        arp.announce("eth1", GATEWAY, "0000.5E00.5301", times=1)
        said = {frame.sender_hw for _, frame in tap.frames()}
    assert said == {GATEWAY_MAC}


def test_it_sends_nothing_once_it_was_told_to_stop(scene: Scene) -> None:
    stop = threading.Event()
    stop.set()
    with Tap(scene.segment.switch, "port1") as tap:
        assert scene.announce(stop=stop) == 0
        assert tap.frames() == []


def test_it_stops_soon_and_says_how_many_it_sent(scene: Scene) -> None:
    stop = threading.Event()
    timer = threading.Timer(0.2, stop.set)
    timer.start()
    began = monotonic()
    assert scene.announce(spacing=30.0, stop=stop) == 2
    assert monotonic() - began < 5
    timer.join()


@pytest.mark.parametrize("nobody", [BROADCAST, "01:00:5e:00:00:01", "00:00:00:00:00:00", "gateway"])
def test_what_is_no_single_stations_mac_is_refused_before_anything_is_sent(nobody: str) -> None:
    with pytest.raises(ValueError, match="MAC"):
        arp.announce("eth1", GATEWAY, nobody)


def test_an_interface_that_is_not_there_or_down_is_a_link_error(scene: Scene) -> None:
    with namespaces.entered(scene.prober), pytest.raises(LinkError, match="no such interface"):
        arp.announce("eth7", GATEWAY, GATEWAY_MAC)
    with scene.segment.ip(scene.prober) as ip:
        ip.link("set", index=ip.link_lookup(ifname="eth1")[0], state="down")
    with namespaces.entered(scene.prober), pytest.raises(LinkError, match="is down"):
        arp.announce("eth1", GATEWAY, GATEWAY_MAC)


def test_what_others_see_of_it_is_a_claim_of_the_gateway_and_of_nobody_else() -> None:
    frames: list[ArpFrame] = [*announcements(OWN_MAC, GATEWAY, GATEWAY_MAC)]
    assert {(frame.sender_ip, frame.sender_hw) for frame in frames} == {(GATEWAY, GATEWAY_MAC)}
    assert {frame.target_ip for frame in frames} == {GATEWAY}
