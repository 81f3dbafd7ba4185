from ipaddress import ip_address

import msgspec

from netguard.rules.unassigned_address import unassigned_address
from netguard.view import DeviceView
from probes.records import Gap, VirtualGateway
from tests.building import (
    GATEWAY,
    ROUTER,
    claim,
    mac,
    router,
    scene,
    seen,
    server,
    switch,
    view,
)

SQUATTER = mac(0x27)
VIRTUAL = "00:00:5e:00:01:07"
SERVERS = (server("ds0007", "198.51.100.27", port="cat1 Fa0/3"),)
DEVICES = (router(), switch("cat1", {SQUATTER: "Fa0/3"}))


def test_an_address_that_nobody_was_given_is_told_with_its_user() -> None:
    swept = seen([claim("198.51.100.27", SQUATTER), claim("198.51.100.90", SQUATTER)])
    (finding,) = unassigned_address(scene(view(swept, DEVICES, SERVERS)))
    assert finding.id == "unassigned-address/web-226/198.51.100.90"
    assert finding.server == "ds0007"
    assert finding.severity == "notice"
    assert "cat1 Fa0/3" in finding.summary


def test_a_station_that_takes_a_whole_range_is_one_finding() -> None:
    swept = seen([claim(f"198.51.100.{n}", SQUATTER) for n in range(90, 120)])
    (finding,) = unassigned_address(scene(view(swept, DEVICES, SERVERS)))
    assert finding.id == f"unassigned-address/web-226/{SQUATTER}"
    assert finding.address is None


def test_gateways_and_the_routers_own_addresses_are_explained() -> None:
    own = router({GATEWAY: ROUTER, "198.51.100.2": ROUTER})
    swept = seen([claim(GATEWAY, ROUTER), claim("198.51.100.2", ROUTER)])
    assert not list(unassigned_address(scene(view(swept, (own,), SERVERS))))


def sharing(address: str) -> DeviceView:
    """Return the router, which shares an address with another one."""
    shared = VirtualGateway(
        ip=ip_address(address), mac=VIRTUAL, protocol="vrrp", if_index=100, group=7, state="backup"
    )
    return msgspec.structs.replace(router(), virtual_gateways=(shared,))


def test_an_address_that_the_routers_share_is_explained() -> None:
    swept = seen([claim("198.51.100.5", VIRTUAL)])
    assert not list(unassigned_address(scene(view(swept, (sharing("198.51.100.5"),), SERVERS))))


def test_a_virtual_address_that_no_router_reports_is_told_with_its_user() -> None:
    swept = seen([claim("198.51.100.6", VIRTUAL), claim("198.51.100.5", SQUATTER)])
    devices = (sharing("198.51.100.5"), DEVICES[1])
    (finding,) = unassigned_address(scene(view(swept, devices, SERVERS)))
    assert [str(finding.address), finding.claimants[0].mac] == ["198.51.100.6", VIRTUAL]


def test_a_passing_announcement_is_not_use() -> None:
    swept = seen([claim("198.51.100.90", SQUATTER, kind="announcement", delay=None)])
    assert not list(unassigned_address(scene(view(swept, DEVICES, SERVERS))))


def test_an_empty_inventory_accuses_nobody() -> None:
    swept = seen([claim("198.51.100.90", SQUATTER)])
    assert not list(unassigned_address(scene(view(swept, DEVICES))))


def test_two_stations_on_one_free_address_are_one_finding() -> None:
    swept = seen([claim("198.51.100.90", SQUATTER), claim("198.51.100.90", mac(0x28))])
    (finding,) = unassigned_address(scene(view(swept, DEVICES, SERVERS)))
    assert len(finding.claimants) == 2


def test_nobody_is_accused_while_a_router_cannot_be_read() -> None:
    gap = Gap(subject="edge1", kind="snmp-timeout", detail="no answer")
    swept = seen([claim("198.51.100.90", SQUATTER)])
    assert not list(unassigned_address(scene(view(swept, (router(gaps=(gap,)),), SERVERS))))
    assert not list(unassigned_address(scene(view(swept, (), SERVERS))))


def test_a_router_that_answers_for_everybody_squats_nowhere() -> None:
    swept = seen([claim(f"198.51.100.{n}", ROUTER) for n in range(90, 120)])
    assert not list(unassigned_address(scene(view(swept, DEVICES, SERVERS))))


def test_a_switch_s_own_management_address_is_explained() -> None:
    swept = seen([claim("192.0.2.11", SQUATTER)])  # cat1's, whose tables were not even read
    assert not list(unassigned_address(scene(view(swept, DEVICES, SERVERS))))
