"""A MAC that goes to and fro between two ports is told; whoever moves, or only seems to, is not."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec
import pytest

from netguard.findings import Finding
from netguard.inventory import Gateway, SwitchPort
from netguard.locate import topology
from netguard.rules.mac_flapping import (
    AGING,
    FORGET,
    LOOKS,
    REST,
    followed,
    has_moved,
    mac_flapping,
    moved,
    settled,
)
from netguard.scene import homes
from netguard.view import DeviceView, Stay, View
from probes.records import FdbEntry, Gap, LagMember, VirtualGateway
from tests.building import (
    GATEWAY,
    NOW,
    ROUTER,
    VLAN,
    claim,
    mac,
    remembered,
    router,
    seen,
    segment,
    server,
    switch,
    view,
)

HOST = mac(0x22)
STATION = ("web-226", HOST)
A, B, C = SwitchPort("cat1", "Fa0/2"), SwitchPort("cat2", "Fa0/3"), SwitchPort("cat1", "Fa0/4")
GAP = Gap(subject="cat2", kind="snmp-timeout", detail="no answer")
MINUTE = timedelta(minutes=1)


def devices(*ports: SwitchPort, station: str = HOST, joined: bool = True) -> tuple[DeviceView, ...]:
    """edge1 - cat1 - cat2, and the station on these ports; not `joined`: no LLDP between these."""
    on: dict[str, dict[str, str]] = {"cat1": {}, "cat2": {}}
    for port in ports:
        on[port.device][station] = port.port
    return (
        router(neighbors={"ethernet1/1": ("cat1", "Gi0/1")}),
        switch(
            "cat1",
            on["cat1"],
            neighbors={
                "Gi0/1": ("edge1", "ethernet1/1"),
                **({"Gi0/2": ("cat2", "Gi0/1")} if joined else {}),
            },
        ),
        switch("cat2", on["cat2"], neighbors={"Gi0/1": ("cat1", "Gi0/2")} if joined else {}),
    )


def stays(*looks: Iterable[SwitchPort], every: timedelta = MINUTE) -> tuple[Stay, ...]:
    """Return earlier looks, the last of them one step before now."""
    return tuple(
        Stay(port=port, vlan=VLAN, seen=NOW - (len(looks) - number) * every)
        for number, ports in enumerate(looks)
        for port in ports
    )


def look(
    *ports: SwitchPort, past: tuple[Stay, ...] = (), station: str = HOST, **fields: object
) -> View:
    known: dict[str, object] = {
        "devices": devices(*ports, station=station),
        "flights": {("web-226", station): past} if past else {},
    }
    return view(seen(), **{**known, **fields})  # type: ignore[arg-type]


def found(a_look: View) -> list[Finding]:
    ports = homes(a_look)
    return list(mac_flapping(a_look, topology(a_look.devices, ports), ports))


def kept(a_look: View) -> Mapping[tuple[str, str], tuple[Stay, ...]]:
    ports = homes(a_look)
    return followed(a_look, topology(a_look.devices, ports), ports)


def left(a_look: View, last: Mapping[tuple[str, str], Stay]) -> dict[tuple[str, str], object]:
    ports = homes(a_look)
    return dict(moved(a_look, topology(a_look.devices, ports), ports, last))


TO_AND_FRO = stays([A], [B], [A])


def test_a_mac_that_goes_to_and_fro_between_two_ports_is_told() -> None:
    (finding,) = found(look(B, past=TO_AND_FRO))
    assert finding.id == f"mac-flapping/web-226/{HOST}"
    assert (finding.kind, finding.severity) == ("mac-flapping", "warning")
    assert [f"{c.location.device} {c.location.port}" for c in finding.claimants if c.location] == [
        "cat1 Fa0/2",
        "cat2 Fa0/3",
    ]
    assert finding.summary == (
        f"{HOST} goes to and fro between cat1 Fa0/2 and cat2 Fa0/3: 3 moves in the last looks."
    )
    assert finding.advice == f"netguard host locate {HOST}"
    assert len(finding.evidence) == 4


@pytest.mark.parametrize(
    ("past", "here", "moved"),
    [
        ([[A]], [B], True),
        ([[A], [B]], [A], True),
        ([[A], [B]], [B], False),
        ([[A]], [A, B], True),
        ([[A], [A, B]], [A, B], False),
        ([[A], [B]], [], False),  # nowhere now, which is no move
    ],
)
def test_a_move_is_to_be_elsewhere_than_in_the_look_before(
    past: list[list[SwitchPort]], here: list[SwitchPort], *, moved: bool
) -> None:
    assert has_moved(kept(look(*here, past=stays(*past)))[STATION], NOW) == moved


def test_the_servers_of_both_ports_and_of_the_mac_are_named() -> None:
    servers = (
        server("ds0002", "198.51.100.22", port="cat1 Fa0/2", mac=HOST),
        server("ds0007", "198.51.100.27", port="cat2 Fa0/3"),
    )
    swept = seen([claim("198.51.100.22", HOST)])
    a_look = view(swept, devices(B), servers, flights={STATION: TO_AND_FRO})
    (finding,) = found(a_look)
    assert [c.server for c in finding.claimants] == ["ds0002", "ds0007"]
    assert str(finding.address) == "198.51.100.22"
    assert finding.summary.startswith(
        f"ds0002 ({HOST}) goes to and fro between cat1 Fa0/2 (ds0002)"
    )


def test_two_ports_of_one_switch_flap_as_those_of_two_do() -> None:
    (finding,) = found(look(C, past=stays([A], [C], [A])))
    assert "cat1 Fa0/2 and cat1 Fa0/4" in finding.summary


def test_a_third_port_on_the_way_does_not_hide_it() -> None:
    (finding,) = found(look(B, past=stays([A], [C], [B], [A], [C])))
    assert finding.summary.count("cat") == 2


@pytest.mark.parametrize(
    "past",
    [
        (),
        stays([A]),  # one move: a migration
        stays([A], [B], [B]),
        stays([B], [A]),  # there and back again
        stays([A], [A, B], [B]),  # the old row ages after the move
        stays([A, B]),  # and once more a look later
        stays([C], [A], [B]),  # moving on, never back
        stays([A], [B], [A], every=FORGET),  # in the course of days
    ],
)
def test_who_moves_is_no_finding(past: tuple[Stay, ...]) -> None:
    assert found(look(B, past=past)) == []


def test_a_row_that_has_not_aged_is_no_finding() -> None:
    assert found(look(A, B, past=stays([A, B]))) == []
    assert found(look(A, B, past=stays([A, B], every=AGING - MINUTE))) == []


def test_both_ports_at_once_after_every_unused_row_has_aged_are_told() -> None:
    (finding,) = found(look(A, B, past=stays([A, B], every=AGING)))
    assert finding.summary == f"{HOST} is on cat1 Fa0/2 and cat2 Fa0/3 at once."


def test_two_migrations_with_an_old_row_each_are_not_both_at_once() -> None:
    past = stays([A], [A, B], [B], [A, B], [A], every=AGING)
    assert found(look(A, past=past)) == []


def test_without_a_memory_nothing_is_said() -> None:
    assert found(look(A, B, flights=None)) == []


def test_what_happened_in_two_vlans_is_two_stories() -> None:
    other = tuple(msgspec.structs.replace(s, vlan=99) if s.port == A else s for s in TO_AND_FRO)
    assert found(look(B, past=other)) == []


def test_the_same_mac_in_another_vlan_is_another_station() -> None:
    edge, near, far = devices(A, B)
    elsewhere = tuple(msgspec.structs.replace(row, vlan=99) for row in far.fdb)
    read = (edge, near, msgspec.structs.replace(far, fdb=elsewhere))
    a_look = look(devices=read, past=stays([A, B], every=AGING))
    assert found(a_look) == []
    assert [s.port for s in kept(look(devices=read, past=stays([A])))[STATION]] == [A, A]


def test_a_row_that_does_not_tell_its_vlan_proves_nothing_about_one() -> None:
    edge, near, far = devices(A, B)
    untold = tuple(msgspec.structs.replace(row, vlan=None) for row in far.fdb)
    assert kept(look(devices=(edge, near, msgspec.structs.replace(far, fdb=untold)))) == {}


def test_in_a_segment_without_vlans_rows_are_compared_as_they_are() -> None:
    flat = seen(of=segment(vlan=None))
    past = tuple(msgspec.structs.replace(s, vlan=None) for s in TO_AND_FRO)
    read = tuple(
        msgspec.structs.replace(
            d, fdb=tuple(msgspec.structs.replace(row, vlan=None) for row in d.fdb)
        )
        for d in devices(B)
    )
    assert len(found(view(flat, read, flights={STATION: past}))) == 1


def test_the_switches_of_another_site_may_use_the_same_vlan() -> None:
    here = seen(of=segment(switches=("cat1",)))
    assert kept(view(here, devices(A, B), flights={})) == {}


def test_uplinks_are_no_end_ports() -> None:
    trunk = SwitchPort("cat1", "Gi0/2")
    assert kept(look(trunk, B)) == {}


def test_behind_an_uplink_that_nobody_knows_of_no_station_flaps() -> None:
    trunk = SwitchPort("cat1", "Gi0/2")
    past = stays([trunk, B], [B], [trunk], [B], [trunk], [trunk, B], every=AGING)
    read = devices(trunk, B, joined=False)
    assert found(look(devices=read, past=past)) == []
    assert kept(look(devices=read)) == {}


def test_the_inventory_too_can_say_that_two_ports_are_two_places() -> None:
    servers = (
        server("ds0002", "198.51.100.22", port="cat1 Fa0/2"),
        server("ds0007", "198.51.100.27", port="cat2 Fa0/3"),
    )
    a_look = look(devices=devices(B, joined=False), past=TO_AND_FRO, servers=servers)
    assert len(found(a_look)) == 1


@pytest.mark.parametrize("station", [ROUTER, "00:00:5e:00:01:06", "03:bf:c6:33:64:16"])
def test_infrastructure_and_groups_are_followed_nowhere(station: str) -> None:
    edge, near, far = devices(A, B, station=station)
    gateway = VirtualGateway(
        ip=claim(GATEWAY, HOST).sender_ip,
        mac="00:00:5e:00:01:06",
        protocol="vrrp",
        if_index=100,
        group=6,
        state="master",
    )
    edge = msgspec.structs.replace(edge, virtual_gateways=(gateway,))
    past = stays([A, B], [A], [B], [A], every=AGING)
    assert found(look(devices=(edge, near, far), past=past, station=station)) == []


@pytest.mark.parametrize("pinned", ["by hand", "by an earlier look"])
def test_a_pinned_gateway_is_followed_nowhere(pinned: str) -> None:
    past = {STATION: TO_AND_FRO}
    if pinned == "by hand":
        gateways = (Gateway(address=claim(GATEWAY, HOST).sender_ip, macs=(HOST,)),)
        a_look = view(seen(of=segment(gateways=gateways)), devices(B), flights=past)
    else:
        a_look = look(B, flights=past, remembered=remembered(HOST))
    assert found(a_look) == []


def test_a_customer_s_virtual_mac_may_move_but_not_be_in_two_places_at_once() -> None:
    virtual = "00:00:5e:00:01:06"
    assert found(look(B, past=TO_AND_FRO, station=virtual)) == []
    assert len(found(look(A, B, past=stays([A, B], every=AGING), station=virtual))) == 1


def in_aggregate(device: DeviceView, *ports: str, into: str) -> DeviceView:
    index = {i.name: i.if_index for i in device.interfaces}
    members = tuple(LagMember(if_index=index[p], aggregate=index[into]) for p in ports)
    return msgspec.structs.replace(device, lag_members=members)


def test_members_of_one_aggregate_are_one_port() -> None:
    edge, near, far = devices(C)
    near = in_aggregate(near, "Fa0/2", "Fa0/4", into="Fa0/1")
    assert found(look(devices=(edge, near, far), past=stays([A], [C], [A]))) == []


def test_two_aggregates_on_two_switches_may_be_one() -> None:
    edge, near, far = devices(A, B)
    read = (
        edge,
        in_aggregate(near, "Fa0/4", into="Fa0/2"),
        in_aggregate(far, "Fa0/4", into="Fa0/3"),
    )
    assert found(look(devices=read, past=stays([A, B], [A], [B], [A], every=AGING))) == []
    assert kept(look(devices=read)) == {}


def test_a_port_that_is_its_own_aggregate_is_a_port() -> None:
    edge, near, far = devices(B)
    read = (
        edge,
        in_aggregate(near, "Fa0/2", into="Fa0/2"),
        in_aggregate(far, "Fa0/3", into="Fa0/3"),
    )
    assert len(found(look(devices=read, past=TO_AND_FRO))) == 1


def test_a_look_with_a_gap_on_a_switch_in_question_does_not_count() -> None:
    edge, near, far = devices(B)
    blind = (edge, msgspec.structs.replace(near, gaps=(GAP,)), far)
    assert kept(look(devices=blind, past=TO_AND_FRO)) == {STATION: TO_AND_FRO}
    assert found(look(devices=blind, past=TO_AND_FRO)) == []
    assert kept(look(devices=(edge, near), past=stays([B]))) == {STATION: stays([B])}


def test_a_station_on_two_ports_is_followed_from_then_on() -> None:
    assert [s.port for s in kept(look(A, B))[STATION]] == [A, B]
    assert kept(look(A)) == {}


def test_of_a_station_only_the_last_looks_are_kept() -> None:
    (last,) = kept(look(B, past=stays(*[[A], [B]] * LOOKS))).values()
    assert len({s.seen for s in last}) == LOOKS
    assert last[-1] == Stay(port=B, vlan=VLAN, seen=NOW)
    old = kept(look(B, past=stays([A], every=FORGET)))
    assert [s.port for s in old[STATION]] == [B]


def test_who_stays_is_forgotten_whatever_went_before() -> None:
    assert settled(stays([B]))
    assert settled(stays([A], [B], [A], *[[B]] * REST))
    assert not settled(stays([A], [B], [A], *[[B]] * (REST - 1)))
    assert not settled(stays([A], [B]))
    assert not settled(stays(*[[A, B]] * REST))
    assert found(look(B, past=stays([A], [B], [A], *[[B]] * (REST - 1)))) == []


def was_on(port: SwitchPort, vlan: int | None = VLAN) -> dict[tuple[str, str], Stay]:
    return {STATION: Stay(port=port, vlan=vlan, seen=NOW - MINUTE)}


def test_who_is_on_another_port_than_last_has_moved() -> None:
    assert left(look(B), was_on(A)) == {STATION: tuple(was_on(A).values())}


@pytest.mark.parametrize(
    ("ports", "last"),
    [
        ((B,), was_on(B)),
        ((A, B), was_on(A)),  # it is still there
        ((), was_on(A)),  # it is nowhere
        ((B,), was_on(A, vlan=99)),  # it is another
    ],
)
def test_who_is_where_it_was_has_not(
    ports: tuple[SwitchPort, ...], last: dict[tuple[str, str], Stay]
) -> None:
    assert left(look(*ports), last) == {}


def test_who_hangs_on_another_member_of_the_same_aggregate_has_not_moved() -> None:
    edge, near, far = devices(C)
    near = in_aggregate(near, "Fa0/2", "Fa0/4", into="Fa0/1")
    assert left(look(devices=(edge, near, far)), was_on(A)) == {}


def test_a_whole_story_from_the_first_move_to_its_end() -> None:
    flights: Mapping[tuple[str, str], tuple[Stay, ...]] = {STATION: stays([A])}
    told = []
    for number, port in enumerate((B, A, B, A, *[A] * REST)):
        now: datetime = NOW + number * MINUTE
        a_look = msgspec.structs.replace(look(port, flights=flights), now=now)
        told.append(bool(found(a_look)))
        flights = kept(a_look)
    assert told == [False, False, *[True] * REST, False, False]
    assert all(settled(s) for s in flights.values())


def test_a_table_present_twice_is_one_table() -> None:
    edge, near, far = devices(A)
    twice = (
        *near.fdb,
        *(
            FdbEntry(vlan=VLAN, mac=HOST, base_port=9, if_index=r.if_index, status="learned")
            for r in near.fdb
        ),
    )
    assert kept(look(devices=(edge, msgspec.structs.replace(near, fdb=twice), far))) == {}
