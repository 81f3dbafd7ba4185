"""Whose a gateway is while one of its routers cannot be read: above all, while that one starts."""

from datetime import timedelta
from ipaddress import ip_address

import msgspec
import pytest

from netguard.inventory import Inventory
from netguard.judge import judge, judge_asked, judge_gateways
from netguard.remember import last_words
from netguard.routers import gateway_identity
from netguard.store import GatewayIdentity
from netguard.view import DeviceView, Identity, View
from probes.records import Gap, IPAddress
from tests.building import (
    GATEWAY,
    NOW,
    asked,
    claim,
    mac,
    remembered,
    router,
    seen,
    segment,
    switch,
    view,
)

FIRST, SECOND, RETIRED, HIJACKER = mac(0x0A), mac(0xF5), mac(0x0B), mac(0x24)
OWN_1, OWN_2, OTHER = "198.51.100.2", "198.51.100.3", "198.51.100.5"
VIRTUAL, OTHER_VIRTUAL = "00:00:5e:00:01:06", "00:00:5e:00:01:07"
PAIR = segment(routers=("edge1", "edge2"), switches=("cat1",))
TIMEOUT = Gap(subject="edge1", kind="snmp-timeout", detail="no answer")
CAT1 = switch("cat1", {HIJACKER: "Fa0/4"})
STANDBY = router({OWN_2: SECOND}, name="edge2")
MASTER = router({GATEWAY: SECOND, OWN_2: SECOND}, name="edge2")
STARTING = DeviceView(device=router().device, seen=NOW, gaps=(TIMEOUT,))

Remembered = dict[tuple[str, IPAddress], Identity]


def earlier(*said: tuple[str, str, str]) -> Remembered:
    """Return what routers said earlier: each which address it has, and on which MAC."""
    rows = (
        GatewayIdentity(
            segment="web-226",
            address=ip_address(address),
            mac=station,
            source=who,
            confirmed=NOW - timedelta(hours=1),
        )
        for who, address, station in said
    )
    return last_words(rows, Inventory(segments=(PAIR,)))


BEFORE = earlier(("edge1", GATEWAY, FIRST), ("edge1", OWN_1, FIRST), ("edge2", OWN_2, SECOND))


def look(station: str, *devices: DeviceView, before: Remembered = BEFORE) -> View:
    """Return a look in which this station answers for the gateway."""
    swept = seen([claim(GATEWAY, station)], [asked(GATEWAY, station)], of=PAIR)
    return view(swept, (*devices, CAT1), remembered=before)


def pinned(station: str, *devices: DeviceView, before: Remembered = BEFORE) -> frozenset[str]:
    identity = gateway_identity(look(station, *devices, before=before), PAIR, PAIR.gateways[0])
    return identity.macs if identity else frozenset()


def accused(a_look: View) -> set[str]:
    """Return whom each way to judge calls a hijacker; they agree."""
    found = {
        frozenset(
            claimant.mac
            for finding in judged(a_look)
            if finding.kind == "gateway-hijack" and finding.severity == "critical"
            for claimant in finding.claimants
            if claimant.role == "impostor"
        )
        for judged in (judge, judge_asked, judge_gateways)
    }
    (whom,) = found
    return set(whom)


def test_a_router_that_starts_may_take_its_gateway_back_before_it_can_be_read() -> None:
    assert pinned(FIRST, STARTING, MASTER) == {FIRST, SECOND}
    assert accused(look(FIRST, STARTING, MASTER)) == set()
    assert accused(look(SECOND, STARTING, MASTER)) == set()


def test_a_router_that_never_had_the_gateway_may_take_it_over_while_it_cannot_be_read() -> None:
    silent = msgspec.structs.replace(STARTING, device=STANDBY.device)
    edge1 = router({GATEWAY: FIRST, OWN_1: FIRST})
    assert accused(look(SECOND, edge1, silent)) == set()
    assert accused(look(SECOND)) == set()


def test_whoever_else_takes_the_gateway_while_a_router_starts_is_a_hijacker() -> None:
    assert accused(look(HIJACKER, STARTING, MASTER)) == {HIJACKER}
    assert accused(look(HIJACKER, STARTING, STANDBY)) == {HIJACKER}
    assert accused(look(HIJACKER)) == {HIJACKER}


def test_both_what_is_said_now_and_what_was_said_earlier_is_evidence() -> None:
    (finding,) = judge_gateways(look(HIJACKER, STARTING, MASTER))
    assert finding.evidence[0].detail == (
        f"edge2 says that {GATEWAY} is its own, on {SECOND}; edge1 said earlier that"
        f" {GATEWAY} is on {FIRST}"
    )


def test_a_mac_that_its_router_has_given_up_is_a_stranger_s() -> None:
    before = earlier(("edge1", GATEWAY, RETIRED), ("edge2", OWN_2, SECOND))
    renewed = router({GATEWAY: FIRST, OWN_1: FIRST})
    released = router({OWN_1: FIRST})
    for devices in ((renewed, STANDBY), (renewed, MASTER), (released, MASTER)):
        assert RETIRED not in pinned(FIRST, *devices, before=before)
        assert accused(look(RETIRED, *devices, before=before)) == {RETIRED}


def test_the_last_word_stands_while_no_router_has_said_another() -> None:
    """Who makes all routers let go of a gateway, by adverts of a higher priority, has it not."""
    released = router({OWN_1: FIRST})
    assert pinned(FIRST, released, STANDBY) == {FIRST}
    assert accused(look(HIJACKER, released, STANDBY)) == {HIJACKER}
    assert pinned(FIRST, released, STANDBY, before=remembered(FIRST)) == {FIRST}


@pytest.mark.parametrize("table", ["interfaces", "addresses", "virtual_gateways"])
def test_a_router_that_fell_silent_in_between_has_given_nothing_up(table: str) -> None:
    edge1 = msgspec.structs.replace(router({OWN_1: FIRST}), missed=frozenset({table}))
    before = earlier(("edge1", GATEWAY, RETIRED))
    assert pinned(RETIRED, edge1, MASTER, before=before) == {RETIRED, SECOND}


def test_a_gap_in_what_a_router_knows_of_others_leaves_its_word_whole() -> None:
    """It may never show its FDB: then what it gave up would be trusted for ever."""
    edge1 = router({OWN_1: FIRST}, gaps=(TIMEOUT,))
    edge1 = msgspec.structs.replace(edge1, missed=frozenset({"fdb"}))
    assert pinned(FIRST, edge1, MASTER, before=earlier(("edge1", GATEWAY, RETIRED))) == {SECOND}


def test_a_virtual_mac_said_earlier_goes_with_its_own_address_only() -> None:
    before = earlier(
        ("edge1", GATEWAY, VIRTUAL), ("edge1", OTHER, OTHER_VIRTUAL), ("edge1", OTHER, FIRST)
    )
    for station in (VIRTUAL, FIRST, SECOND):
        assert accused(look(station, STARTING, MASTER, before=before)) == set()
    assert accused(look(OTHER_VIRTUAL, STARTING, MASTER, before=before)) == {OTHER_VIRTUAL}


def test_what_a_router_said_of_other_addresses_pins_no_gateway() -> None:
    before = earlier(("edge1", OWN_1, FIRST))
    assert gateway_identity(look(FIRST, STARTING, before=before), PAIR, PAIR.gateways[0]) is None
