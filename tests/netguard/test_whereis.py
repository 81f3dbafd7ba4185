from ipaddress import ip_address

import msgspec
import pytest

from netguard.findings import Location
from netguard.store import Binding
from netguard.view import SegmentView, View
from netguard.whereis import BadQuery, Query, parse, stations
from probes.records import VirtualGateway
from tests.building import (
    NOW,
    VLAN,
    asked,
    mac,
    router,
    seen,
    segment,
    server,
    switch,
    view,
)

ADDRESS = ip_address("198.51.100.22")
OWNER, OTHER = mac(0x22), mac(0x26)


def binding(station: str) -> Binding:
    place = Location(device="cat1", port="Fa0/2", if_index=10002, vlan=VLAN, seen=NOW)
    return Binding(
        segment="web-226",
        address=ADDRESS,
        mac=station,
        location=place,
        first_seen=NOW,
        last_seen=NOW,
    )


def look(swept: SegmentView, **arp: str) -> View:
    devices = (
        router(arp={str(ADDRESS): hw for hw in arp.values()}),
        switch("cat1", {OWNER: "Fa0/2", OTHER: "Gi0/2"}, uplinks=("Gi0/2",)),
        switch("cat2", {OTHER: "Fa0/2"}),
    )
    servers = (
        server("ds0002", str(ADDRESS), port="cat1 FastEthernet0/2"),
        server("ds0006", "198.51.100.26", mac=OTHER),
    )
    return view(swept, devices, servers)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("198.51.100.22", ADDRESS),
        ("2001:db8::22", ip_address("2001:db8::22")),
        ("00:00:5E:00:53:22", OWNER),
        ("0000.5e00.5322", OWNER),
        ("00-00-5e-00-53-22", OWNER),
    ],
)
def test_an_address_or_a_mac_is_understood_in_any_spelling(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize("text", ["", "198.51.100", "ds0002", "00:00:5e", "198.51.100.0/25"])
def test_anything_else_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadQuery, match="neither an IP address nor a MAC"):
        parse(text)


def test_both_stations_that_answer_are_located() -> None:
    swept = seen(tests=[asked(str(ADDRESS), OWNER), asked(str(ADDRESS), OTHER)])
    found = stations(look(swept), ADDRESS, (), VLAN)
    assert [(s.mac, s.server) for s in found] == [(OWNER, "ds0002"), (OTHER, "ds0006")]
    assert [f"{s.location.device} {s.location.port}" for s in found if s.location] == [
        "cat1 Fa0/2",
        "cat2 Fa0/2",
    ]


def test_a_router_s_table_names_a_station_that_does_not_answer_us() -> None:
    found = stations(look(seen(), edge1=OTHER), ADDRESS, (), VLAN)
    assert [s.mac for s in found] == [OTHER]


def test_yesterday_s_owner_counts_only_while_nobody_is_heard() -> None:
    assert [s.mac for s in stations(look(seen()), ADDRESS, [binding(OTHER)], VLAN)] == [OTHER]
    swept = seen(tests=[asked(str(ADDRESS), OWNER)])
    assert [s.mac for s in stations(look(swept), ADDRESS, [binding(OTHER)], VLAN)] == [OWNER]


def test_a_mac_is_located_with_the_addresses_it_is_known_by() -> None:
    (found,) = stations(look(seen()), OWNER, [binding(OWNER)], VLAN)
    assert found.addresses == (ADDRESS,)
    assert found.answer == "port"
    assert found.server == "ds0002"


def test_a_station_in_no_table_is_an_answer_too() -> None:
    (found,) = stations(view(seen(of=segment())), OWNER, (), None)
    assert (found.answer, found.location, found.server) == ("not-seen", None, None)


def test_a_virtual_mac_is_told_with_the_routers_that_share_it_and_their_parts() -> None:
    shared = "00:00:5e:00:01:06"
    routers = tuple(
        msgspec.structs.replace(
            router({own: hw}, name=name),
            virtual_gateways=(
                VirtualGateway(
                    ip=ip_address("198.51.100.1"),
                    mac=shared,
                    protocol="vrrp",
                    if_index=100,
                    group=6,
                    state=state,
                ),
            ),
        )
        for name, own, hw, state in (
            ("edge1", "198.51.100.3", mac(3), "master"),
            ("edge2", "198.51.100.4", mac(4), "backup"),
        )
    )
    swept = seen(tests=[asked("198.51.100.1", shared)])
    (station,) = stations(view(swept, routers), ip_address("198.51.100.1"), (), VLAN)
    assert [(s.device, s.port, str(s.ip), s.protocol, s.state) for s in station.shared_by] == [
        ("edge1", "ve0", "198.51.100.1", "vrrp", "master"),
        ("edge2", "ve0", "198.51.100.1", "vrrp", "backup"),
    ]
    assert station.device is None
