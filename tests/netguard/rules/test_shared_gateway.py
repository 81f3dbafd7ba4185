"""A gateway that routers share: they say themselves with which virtual MAC, and for what."""

from ipaddress import ip_address

import msgspec

from netguard.routers import gateway_identity
from netguard.rules.address_conflict import address_conflict
from netguard.rules.gateway import gateway_changed, gateway_hijack
from netguard.view import DeviceView, View
from probes.heard import ClaimTest
from probes.records import VirtualGateway
from tests.building import (
    GATEWAY,
    ROUTER,
    asked,
    claim,
    mac,
    router,
    scene,
    seen,
    segment,
    server,
    switch,
    view,
)

VIRTUAL, OTHER_VIRTUAL = "00:00:5e:00:01:06", "00:00:5e:00:01:07"
SECOND = mac(0x02)
IMPOSTOR = mac(0x24)
OTHER = "198.51.100.2"
ELSEWHERE = "203.0.113.1"
CAT1 = switch("cat1", {IMPOSTOR: "Fa0/4", VIRTUAL: "Gi0/1"}, uplinks=("Gi0/1",))
SERVERS = (server("ds0004", "198.51.100.24", port="cat1 Fa0/4"),)
PAIR = segment(routers=("edge1", "edge2"))


def shares(
    device: DeviceView, address: str = GATEWAY, virtual: str | None = VIRTUAL, state: str = "master"
) -> DeviceView:
    shared = VirtualGateway(
        ip=ip_address(address), mac=virtual, protocol="vrrp", if_index=100, group=6, state=state
    )
    gateways = (*device.virtual_gateways, shared)
    return msgspec.structs.replace(device, virtual_gateways=gateways)


def pair(**told: str | None) -> tuple[DeviceView, ...]:
    """Two routers with addresses of their own, that share the gateway."""
    one = router({"198.51.100.3": ROUTER})
    two = router({"198.51.100.4": SECOND}, name="edge2")
    return shares(one, **told), shares(two, state="backup", **told), CAT1  # type: ignore[arg-type]


def look(*tests: ClaimTest, devices: tuple[DeviceView, ...]) -> View:
    swept = seen([claim(str(t.address), t.station) for t in tests], tests, of=PAIR)
    return view(swept, devices=devices, servers=SERVERS)


def test_the_virtual_mac_that_both_routers_report_is_the_gateway() -> None:
    seen_now = look(asked(GATEWAY, VIRTUAL), devices=pair())
    pinned = gateway_identity(seen_now, PAIR, PAIR.gateways[0])
    assert pinned is not None
    assert pinned.macs == {VIRTUAL, ROUTER, SECOND}
    assert pinned.detail.startswith(f"edge1 and edge2 say that {GATEWAY} is shared by VRRP, on")
    for rule in (gateway_hijack, gateway_changed, address_conflict):
        assert not list(rule(scene(seen_now)))


def test_either_router_may_answer_with_its_own_mac_during_a_failover() -> None:
    for station in (ROUTER, SECOND):
        tests = asked(GATEWAY, station), asked(GATEWAY, VIRTUAL)
        assert not list(gateway_hijack(scene(look(*tests, devices=pair()))))


def test_whoever_else_answers_for_a_shared_gateway_is_an_impostor() -> None:
    tests = asked(GATEWAY, VIRTUAL), asked(GATEWAY, IMPOSTOR)
    (finding,) = gateway_hijack(scene(look(*tests, devices=pair())))
    assert {c.mac: c.role for c in finding.claimants} == {
        VIRTUAL: "rightful",
        IMPOSTOR: "impostor",
    }


def test_a_virtual_mac_is_trusted_only_for_the_address_that_it_is_reported_for() -> None:
    for address in (OTHER, ELSEWHERE):
        one, two, *rest = pair()
        devices = shares(one, address, OTHER_VIRTUAL), two, *rest
        tests = asked(GATEWAY, VIRTUAL), asked(GATEWAY, OTHER_VIRTUAL)
        (finding,) = gateway_hijack(scene(look(*tests, devices=devices)))
        assert {c.mac for c in finding.claimants if c.role == "impostor"} == {OTHER_VIRTUAL}


def test_a_virtual_mac_that_the_router_does_not_tell_leaves_its_own() -> None:
    seen_now = look(asked(GATEWAY, ROUTER), devices=pair(virtual=None))
    pinned = gateway_identity(seen_now, PAIR, PAIR.gateways[0])
    assert pinned is not None
    assert pinned.macs == {ROUTER, SECOND}


def test_a_shared_address_beside_the_gateway_has_its_virtual_mac_too() -> None:
    one, two, *rest = pair()
    devices = shares(one, OTHER, OTHER_VIRTUAL), two, *rest
    assert not list(address_conflict(scene(look(asked(OTHER, OTHER_VIRTUAL), devices=devices))))
    tests = asked(OTHER, OTHER_VIRTUAL), asked(OTHER, IMPOSTOR)
    (finding,) = address_conflict(scene(look(*tests, devices=devices)))
    assert {c.mac: c.role for c in finding.claimants} == {
        OTHER_VIRTUAL: "rightful",
        IMPOSTOR: "impostor",
    }
