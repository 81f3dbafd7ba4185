"""The daemon on a segment that speaks IPv6, without a switch that could be read."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import sleep

import pytest

from netguard.lab import namespaces
from tests.probes.listen.crafting import (
    ALL_NODES,
    IPV6,
    ethernet,
    icmp6,
    ipv6,
    link_layer,
    router_advertisement,
)
from tests.probes.listen.flooding import NEIGHBOR, Flood
from tests.probes.ndp.place import address, announced, host, link_local, prober, speak_ipv6
from tests.segment import Segment, mac, raw, repeating
from tests.watching import Watching, running

pytestmark = [pytest.mark.packets, pytest.mark.slow]

GATEWAY, TAKEN = 1, 9
CONFIG = f"""
store = "sqlite:///%s/netguard.db"

[watch]
segments = "5s"

[[segment]]
name = "six"
networks = ["2001:db8:226::/64"]
gateways = [{{ address = "{address(GATEWAY)}", macs = ["{mac(GATEWAY)}"] }}]
interface = "eth1"
"""


class Place:
    """Hosts 1 (the gateway), 9 and 3, and a daemon that watches them."""

    def __init__(self, segment: Segment, folder: Path, stack: ExitStack) -> None:
        self.segment = segment
        here = prober(segment)
        host(segment, GATEWAY, GATEWAY)
        host(segment, TAKEN, TAKEN)
        self.other = host(segment, 3, 3)
        config = folder / "netguard.toml"
        config.write_text(CONFIG % folder)
        netguard = [sys.executable, "-P", "-m", "netguard", "--config", str(config)]
        with namespaces.entered(here):
            self.daemon: Watching = stack.enter_context(
                running([*netguard, "watch", "--json"], folder)
            )
        self.daemon.swept()

    def say(self, frame: bytes) -> None:
        """Send a frame from host 3."""
        with raw(self.other) as link:
            link.send(frame)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Segment() as segment, ExitStack() as stack:
        yield Place(segment, tmp_path, stack)


def accused(finding: dict[str, object]) -> set[str]:
    claimants = finding["claimants"]
    assert isinstance(claimants, list)
    return {c["mac"] for c in claimants if c["role"] != "rightful"}


def test_an_address_that_two_have_is_found_by_its_announcement_and_said_to_be_over(
    place: Place,
) -> None:
    speak_ipv6(place.segment, place.other, "eth0", address(TAKEN))
    place.say(announced(address(TAKEN), mac(3)))
    finding = place.daemon.turn("opened")
    assert (finding["kind"], finding["address"]) == ("address-conflict", str(address(TAKEN)))
    assert accused(finding) == {mac(3), mac(TAKEN)}
    with place.segment.ip(place.other) as ip:
        index = ip.link_lookup(ifname="eth0")[0]
        ip.addr("del", index=index, address=str(address(TAKEN)), prefixlen=64)
    assert place.daemon.turn("resolved")["id"] == finding["id"]
    assert place.daemon.end() == 0


def test_a_gateway_that_is_taken_by_advertisement_is_found(place: Place) -> None:
    speak_ipv6(place.segment, place.other, "eth0", address(GATEWAY))
    place.say(announced(address(GATEWAY), mac(3)))
    finding = place.daemon.turn("opened")
    assert (finding["kind"], finding["severity"]) == ("gateway-hijack", "critical")
    assert accused(finding) == {mac(3)}


def test_who_advertises_a_gateway_on_and_on_and_answers_nobody_is_found(place: Place) -> None:
    with repeating(place.other, [announced(address(GATEWAY), mac(3))], every=0.5):
        finding = place.daemon.turn("opened")
        assert (finding["kind"], accused(finding)) == ("gateway-hijack", {mac(3)})


def test_a_router_that_nobody_knows_is_found_by_its_advertisement(place: Place) -> None:
    place.say(advert(3, lifetime=1800))
    finding = place.daemon.turn("opened")
    assert (finding["kind"], accused(finding)) == ("rogue-router", {mac(3)})


def test_who_is_no_router_any_more_may_say_so(
    place: Place,
) -> None:
    place.say(advert(3, lifetime=0))
    place.daemon.swept()
    place.daemon.swept()
    assert place.daemon.turns() == []


def test_a_gateway_that_is_taken_in_a_flood_of_forged_stations_is_found(place: Place) -> None:
    speak_ipv6(place.segment, place.other, "eth0", address(GATEWAY))
    with Flood(place.segment.host(4), NEIGHBOR, 200_000):
        sleep(3)
        place.say(announced(address(GATEWAY), mac(3)))
        finding = place.daemon.turn("opened")
        status = Path(f"/proc/{place.daemon.process.pid}/status").read_text()
    assert (finding["kind"], accused(finding)) == ("gateway-hijack", {mac(3)})
    peak = int(status.partition("VmHWM:")[2].split()[0])
    assert peak < 400_000, "KiB"
    assert {f for _, f in place.daemon.turns()} == {finding["id"]}


def advert(number: int, *, lifetime: int) -> bytes:
    source = str(link_local(mac(number)))
    body = icmp6(router_advertisement(lifetime, link_layer(1, mac(number))), source, ALL_NODES)
    packet = ipv6(58, body, source=source, to=ALL_NODES)
    return ethernet(IPV6, packet, source=mac(number), to="33:33:00:00:00:01")
