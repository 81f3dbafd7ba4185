import threading
from collections.abc import Collection, Mapping

import pytest

from netguard import clock
from netguard.ask import Hurry, ask_about
from netguard.inventory import Segment as Declared
from netguard.lab import namespaces
from netguard.view import SegmentView
from probes.records import IPAddress
from tests.probes.ndp import place
from tests.segment import NETWORK, Segment, address, mac

pytestmark = pytest.mark.packets

IPV4, IPV6 = address(9), place.address(9)


def asked(
    fd: int, stations: Mapping[IPAddress, Collection[str]], *, interface: str | None = "eth1"
) -> SegmentView:
    networks = (NETWORK, place.NETWORK)
    declared = Declared(name="web-226", networks=networks, interface=interface)
    hurry = Hurry(rounds=2, spacing=0.1, patience=0.5)
    with namespaces.entered(fd):
        return ask_about(declared, stations, hurry, clock=clock.now, stop=threading.Event())


def answering(seen: SegmentView) -> dict[tuple[IPAddress, str], tuple[int, int]]:
    return {(t.address, t.station): (t.broadcast_answers, t.unicast_answers) for t in seen.tests}


def test_both_kinds_of_address_are_asked_about_each_by_its_own_means() -> None:
    with Segment() as segment:
        here = place.prober(segment)
        for number in (1, 2):
            fd = segment.host(number, 9)
            place.speak_ipv6(segment, fd, "eth0", IPV6)
        seen = asked(here, {IPV6: {mac(1)}, IPV4: {mac(1)}})
    claimants = [(a, mac(number)) for a in (IPV4, IPV6) for number in (1, 2)]
    assert answering(seen) == dict.fromkeys(claimants, (2, 2))
    assert seen.gaps == ()


def test_what_one_kind_has_shown_stands_where_the_other_cannot_be_asked() -> None:
    with Segment() as segment:
        here = segment.prober()  # which has no IPv6
        segment.host(1, 9)
        seen = asked(here, {IPV4: {mac(1)}, IPV6: {mac(1)}})
    assert answering(seen) == {(IPV4, mac(1)): (2, 2)}
    (gap,) = seen.gaps
    assert (gap.subject, gap.kind) == ("web-226", "link-unusable")
    assert f"no IPv6 address to ask about {IPV6}" in gap.detail
    assert "disable_ipv6=0" in gap.remedy


def test_without_ipv4_the_answers_by_neighbor_discovery_stand() -> None:
    with Segment() as segment:
        here = segment.namespace()
        segment.card(here, mac(0x50), name="eth1")
        place.speak_ipv6(segment, here, "eth1", place.OWN)
        place.host(segment, 1, 9)
        seen = asked(here, {IPV4: {mac(1)}, IPV6: {mac(1)}})
    assert answering(seen) == {(IPV6, mac(1)): (2, 2)}
    assert [gap.kind for gap in seen.gaps] == ["link-unusable"]
    assert "no IPv4 address" in seen.gaps[0].detail


def test_an_interface_that_is_not_there_is_one_gap() -> None:
    with Segment() as segment:
        seen = asked(segment.prober(), {IPV4: (), IPV6: ()}, interface="eth7")
    assert seen.tests == ()
    assert ["no such interface" in gap.detail for gap in seen.gaps] == [True]


@pytest.mark.parametrize("address_", [IPV4, IPV6])
def test_a_segment_without_an_interface_is_asked_nothing_and_misses_nothing(
    address_: IPAddress,
) -> None:
    with Segment() as segment:
        seen = asked(segment.prober(), {address_: {mac(1)}}, interface=None)
    assert (seen.tests, seen.gaps) == ((), ())


def test_nobody_is_asked_about_nothing() -> None:
    nothing: dict[IPAddress, Collection[str]] = {}
    with Segment() as segment:
        assert asked(segment.prober(), nothing, interface="eth7").gaps == ()


def test_an_address_of_our_own_is_no_gap() -> None:
    own: dict[IPAddress, Collection[str]] = {place.OWN: ()}
    with Segment() as segment:
        seen = asked(place.prober(segment), own)
    assert (seen.tests, seen.gaps) == ((), ())
