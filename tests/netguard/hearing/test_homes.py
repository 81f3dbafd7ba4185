"""Where a gateway's address is the gateway's: what was told before it is known is told no more."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import permutations

import pytest
from msgspec.structs import replace

from netguard.findings import Finding
from netguard.hearing.ear import Ear
from probes.heard import ArpClaim
from tests.building import mac
from tests.netguard.hearing.frames import GATEWAY, PINNED, SECOND, START, arp

ROUTER, OTHER_ROUTER = mac(1), mac(0x90)
HERE, THERE = 10, 20
# The order in which they are heard: of the gateway, of another VLAN's own, and of who takes it.
ORDERS = sorted(set(permutations("go" + "oh" + "h")))


def heard(frames: Iterable[ArpClaim]) -> list[Finding]:
    ear, last = Ear(PINNED), START
    for frame in frames:
        ear.hear(frame)
        last = frame.seen
    return list(ear.findings(last))


def said(order: Iterable[str]) -> list[ArpClaim]:
    who = {"g": (ROUTER, HERE), "o": (OTHER_ROUTER, THERE), "h": (SECOND, HERE)}
    return [arp(at, who[each][0], GATEWAY, vlan=who[each][1]) for at, each in enumerate(order)]


@pytest.mark.parametrize("order", ["ooog", "gooo", "oogo"])
def test_another_vlan_s_own_gateway_of_that_address_is_no_hijack(order: str) -> None:
    assert heard(said(order)) == []


@pytest.mark.parametrize("order", ORDERS, ids="".join)
def test_who_takes_it_where_it_is_heard_is_told_whatever_the_order(order: tuple[str, ...]) -> None:
    assert [(f.id, f.state) for f in heard(said(order))] == [
        (f"gateway-hijack/vlan-{HERE}/{GATEWAY}", "open")
    ]


def test_as_long_as_it_is_heard_nowhere_it_is_taken_wherever_that_is() -> None:
    assert [f.id for f in heard(said("oo"))] == [f"gateway-hijack/vlan-{THERE}/{GATEWAY}"]


def test_a_frame_in_its_name_elsewhere_hides_nobody_once_it_speaks_itself() -> None:
    forged = arp(2, ROUTER, GATEWAY, vlan=30)
    taken = [arp(at, SECOND, GATEWAY, vlan=HERE) for at in range(2)]
    assert heard([*taken, forged]) == []
    (finding,) = heard([*taken, forged, arp(3, ROUTER, GATEWAY, vlan=HERE)])
    assert (finding.state, finding.last_seen) == ("open", START + timedelta(seconds=1))


@pytest.mark.parametrize("gateway", [-1, 4])
def test_who_comes_by_the_other_direction_of_one_wire_is_told(gateway: int) -> None:
    """A capture at a tap has an interface for each."""
    taken = [arp(at, SECOND, GATEWAY) for at in range(3)]
    itself = replace(arp(gateway, ROUTER, GATEWAY), interface="eth2")
    (finding,) = heard(sorted([*taken, itself], key=lambda frame: frame.seen))
    assert (finding.kind, finding.state) == ("gateway-hijack", "open")
