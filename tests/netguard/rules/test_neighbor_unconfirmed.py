"""Who passes as a device of ours is told; whoever may be genuine, or claims nothing, is not."""

import msgspec
import pytest

from netguard.findings import Finding
from netguard.judge import judge_tables
from netguard.locate import topology
from netguard.rules.neighbor_unconfirmed import neighbor_unconfirmed, undecided
from netguard.scene import homes
from netguard.view import DeviceView, View
from probes.records import Gap, LagMember, Neighbor
from tests.building import NOW, claim, mac, router, seen, server, switch, view

TENANT = mac(0x23)
GAP = Gap(subject="cat2", kind="snmp-timeout", detail="no answer")
ID = "neighbor-unconfirmed/cat1/Fa0/3"


def cat1(claimed: tuple[str, str] = ("cat2", "Gi0/1"), **fields: object) -> DeviceView:
    """The switch on whose Fa0/3 somebody claims something; Gi0/2 leads to cat2."""
    known: dict[str, object] = {
        "learned": {TENANT: "Fa0/3"},
        "neighbors": {
            "Gi0/1": ("edge1", "ethernet1/1"),
            "Gi0/2": ("cat2", "Gi0/1"),
            "Fa0/3": claimed,
        },
    }
    return switch("cat1", **{**known, **fields})  # type: ignore[arg-type]


def cat2(**fields: object) -> DeviceView:
    known: dict[str, object] = {"neighbors": {"Gi0/1": ("cat1", "Gi0/2")}}
    return switch("cat2", **{**known, **fields})  # type: ignore[arg-type]


EDGE1 = router(neighbors={"ethernet1/1": ("cat1", "Gi0/1")})


def look(*devices: DeviceView, **fields: object) -> View:
    return view(seen(), devices or (EDGE1, cat1(), cat2()), **fields)  # type: ignore[arg-type]


def found(a_look: View) -> list[Finding]:
    ports = homes(a_look)
    return list(neighbor_unconfirmed(a_look, topology(a_look.devices, ports), ports))


def renamed(device: DeviceView, port: str, **fields: str) -> DeviceView:
    """Return the device with another word from the neighbour on one port."""
    neighbors = (
        msgspec.structs.replace(n, **fields) if n.port == port else n for n in device.neighbors
    )
    return msgspec.structs.replace(device, neighbors=tuple(neighbors))


def test_who_passes_as_a_device_that_does_not_name_the_port_is_told() -> None:
    (finding,) = found(look())
    assert finding.id == ID
    assert (finding.kind, finding.severity, finding.segment) == (
        *("neighbor-unconfirmed", "notice", None),
    )
    (claimant,) = finding.claimants
    assert claimant.mac == TENANT
    assert claimant.location is not None
    assert (claimant.location.device, claimant.location.port) == ("cat1", "Fa0/3")
    assert finding.summary == "cat1 Fa0/3 passes as cat2, which has no link to that port."
    assert finding.advice == "netguard port show cat1 Fa0/3"
    assert [e.source for e in finding.evidence] == ["snmp", "snmp", "fdb"]


@pytest.mark.parametrize(
    "servers",
    [
        (server("ds0003", "198.51.100.23", port="cat1 Fa0/3"),),
        (server("ds0003", "198.51.100.23", mac=TENANT),),
    ],
)
def test_a_server_on_the_port_makes_it_a_warning(servers: tuple[object, ...]) -> None:
    (finding,) = found(look(servers=servers))
    assert (finding.severity, finding.server) == ("warning", "ds0003")
    assert "cat1 Fa0/3 (ds0003)" in finding.summary


def test_a_server_known_by_its_address_alone_makes_it_a_warning_too() -> None:
    swept = seen([claim("198.51.100.23", TENANT)])
    servers = (server("ds0003", "198.51.100.23"),)
    (finding,) = found(view(swept, (EDGE1, cat1(), cat2()), servers))
    assert (finding.severity, finding.server) == ("warning", "ds0003")


@pytest.mark.parametrize(
    "words",
    [
        {"remote_chassis": TENANT},  # the name alone
        {"remote_name": "ds0003"},  # the chassis id alone
        {"remote_name": "CAT2.example.net", "remote_chassis": ""},
        {"remote_name": "cat2(FOC1234X0AB)", "remote_chassis": "cat2(FOC1234X0AB)"},
        {"remote_name": "ds0003", "remote_chassis": mac(0xC2)},  # the MAC of a port
    ],
)
def test_a_device_is_named_by_its_name_its_chassis_or_a_mac(words: dict[str, str]) -> None:
    far = cat2()
    ports = (
        msgspec.structs.replace(i, phys_address=mac(0xC0 + n))
        for n, i in enumerate(far.interfaces, start=2)
    )
    far = msgspec.structs.replace(far, interfaces=tuple(ports))
    (finding,) = found(look(EDGE1, renamed(cat1(), "Fa0/3", **words), far))
    assert finding.id == ID


@pytest.mark.parametrize(
    ("name", "chassis"),
    [
        ("ds0003", TENANT),  # a server's own lldpd
        ("SEP00005E005370", "192.0.2.70"),  # a phone
        ("ap-17", mac(0x71)),
        ("", ""),
        ("switch", TENANT),  # a name from the factory
        ("cat2.customer.example", TENANT),
        ("x", "00:00:00:00:00:00"),
        ("x", "00:00:5e:00:01:06"),  # a virtual router's MAC, which customers have too
    ],
)
def test_a_neighbour_that_claims_to_be_nobody_of_ours_is_nobody_s_business(
    name: str, chassis: str
) -> None:
    far = cat2()
    assert far.system is not None
    ports = (
        *(msgspec.structs.replace(far.interfaces[0], phys_address="00:00:00:00:00:00"),),
        *(msgspec.structs.replace(far.interfaces[1], phys_address="00:00:5e:00:01:06"),),
        *far.interfaces[2:],
    )
    system = msgspec.structs.replace(far.system, sys_name="cat2.noc.example")
    far = msgspec.structs.replace(far, interfaces=ports, system=system)
    near = renamed(cat1(), "Fa0/3", remote_name=name, remote_chassis=chassis)
    assert found(look(EDGE1, near, far)) == []


def test_a_link_that_both_ends_name_is_no_claim() -> None:
    assert found(look(EDGE1, cat1(neighbors={"Gi0/2": ("cat2", "Gi0/1")}), cat2())) == []


def test_a_configured_uplink_needs_nobody_s_word() -> None:
    assert found(look(EDGE1, cat1(uplinks=("Fa0/3",)), cat2())) == []


def test_a_member_of_an_aggregate_with_an_uplink_needs_none_either() -> None:
    near = cat1(uplinks=("Fa0/4",))
    index = {i.name: i.if_index for i in near.interfaces}
    members = tuple(
        LagMember(if_index=index[p], aggregate=index["Fa0/1"]) for p in ("Fa0/3", "Fa0/4")
    )
    assert found(look(EDGE1, msgspec.structs.replace(near, lag_members=members), cat2())) == []


def test_a_member_of_an_aggregate_is_confirmed_where_another_member_is_named() -> None:
    near = cat1()
    index = {i.name: i.if_index for i in near.interfaces}
    members = tuple(
        LagMember(if_index=index[p], aggregate=index["Fa0/1"]) for p in ("Fa0/3", "Gi0/2")
    )
    assert found(look(EDGE1, msgspec.structs.replace(near, lag_members=members), cat2())) == []


def test_a_device_that_cannot_be_read_cannot_deny() -> None:
    unread = DeviceView(device=cat2().device, seen=NOW, gaps=(GAP,))
    a_look = look(EDGE1, cat1(), unread)
    assert found(a_look) == []
    assert ID in undecided(a_look)


def test_a_device_with_a_gap_cannot_deny() -> None:
    a_look = look(EDGE1, cat1(), cat2(gaps=(GAP,)))
    assert found(a_look) == []
    assert ID in undecided(a_look)


def test_a_device_without_neighbours_cannot_deny() -> None:
    assert found(look(EDGE1, cat1(), cat2(neighbors={}))) == []
    assert found(look(router(), cat1(("edge1", "ethernet1/1")), cat2())) == []


def test_a_device_that_hears_only_the_other_protocol_cannot_deny() -> None:
    far = cat2()
    cdp = tuple(msgspec.structs.replace(n, protocol="cdp") for n in far.neighbors)
    assert found(look(EDGE1, cat1(), msgspec.structs.replace(far, neighbors=cdp))) == []


def test_where_nobody_hears_the_switch_it_may_well_say_nothing() -> None:
    other = switch("cat3", neighbors={"Gi0/1": ("cat2", "Gi0/2")})
    deaf = cat2(neighbors={"Gi0/2": ("cat3", "Gi0/1")})
    assert found(look(router(), cat1(), deaf, other)) == []


def test_a_device_that_names_the_switch_but_no_port_that_it_has_is_unclear() -> None:
    far = renamed(cat2(), "Gi0/1", remote_port="port 7", remote_port_descr="")
    assert found(look(EDGE1, cat1(), far)) == []


def test_a_port_that_hears_its_own_switch_echoed_is_no_finding() -> None:
    assert found(look(EDGE1, cat1(("cat1", "Fa0/3")), cat2())) == []


def test_a_cable_between_two_ports_of_one_switch_is_no_finding() -> None:
    near = cat1(neighbors={"Fa0/3": ("cat1", "Fa0/4"), "Fa0/4": ("cat1", "Fa0/3")})
    assert found(look(EDGE1, near, cat2())) == []


def test_two_claims_on_one_port_are_one_finding() -> None:
    near = cat1()
    another = Neighbor(
        protocol="lldp",
        if_index=near.neighbors[-1].if_index,
        port="Fa0/3",
        remote_name="edge1",
        remote_port="ethernet1/1",
        remote_chassis="",
    )
    near = msgspec.structs.replace(near, neighbors=(*near.neighbors, another))
    (finding,) = found(look(EDGE1, near, cat2()))
    assert len(finding.evidence) == 5


def test_the_claim_is_told_where_no_station_was_learned() -> None:
    (finding,) = found(
        look(EDGE1, renamed(cat1(learned={}), "Fa0/3", remote_chassis=TENANT), cat2())
    )
    assert [c.mac for c in finding.claimants] == [TENANT]
    (finding,) = found(look(EDGE1, cat1(learned={}), cat2()))
    assert finding.claimants == ()


def test_who_hangs_on_the_aggregate_hangs_on_its_ports() -> None:
    near = cat1(learned={TENANT: "Fa0/1"})
    index = {i.name: i.if_index for i in near.interfaces}
    member = LagMember(if_index=index["Fa0/3"], aggregate=index["Fa0/1"])
    near = msgspec.structs.replace(near, lag_members=(member,))
    (finding,) = found(look(EDGE1, near, cat2()))
    assert [c.mac for c in finding.claimants] == [TENANT]


def test_a_neighbour_s_words_reach_no_terminal_raw() -> None:
    near = renamed(cat1(), "Fa0/3", remote_port="\x1b[2J" + "x" * 300)
    (finding,) = found(look(EDGE1, near, cat2()))
    told = finding.evidence[0].detail
    assert told.isprintable()
    assert len(told) < 250


def up_for(
    device: DeviceView, uptime: float, port: str = "", since: float | None = None
) -> DeviceView:
    """Return the device, `uptime` seconds after its start, with a port that changed at `since`."""
    assert device.system is not None
    return msgspec.structs.replace(
        device,
        system=msgspec.structs.replace(device.system, up_time=uptime),
        interfaces=tuple(
            msgspec.structs.replace(i, last_change=since) if i.name == port else i
            for i in device.interfaces
        ),
    )


NEW_LINKS = [
    (up_for(cat1(), 90_000.0, "Fa0/3", 89_990.0), up_for(cat2(), 90_000.0)),  # just plugged in
    (up_for(cat1(), 90_000.0, "Fa0/3", 0.0), up_for(cat2(), 70.0)),  # the named one has rebooted
    (up_for(cat1(), 90_000.0, "Fa0/3", 0.0), up_for(cat2(), 70.0, "Gi0/1", 69.0)),
    # One end went down, and the other, behind a converter, remembers until its neighbour is old.
    (up_for(cat1(), 90_000.0, "Fa0/3", 0.0), up_for(cat2(), 90_000.0, "Gi0/1", 89_900.0)),
    # Read a moment after the device's up time.
    (up_for(cat1(), 90_000.0, "Fa0/3", 90_003.0), up_for(cat2(), 90_000.0)),
]
OLD_LINKS = [
    (up_for(cat1(), 90_000.0, "Fa0/3", 0.0), up_for(cat2(), 90_000.0)),
    (up_for(cat1(), 90_000.0, "Fa0/3", 89_700.0), up_for(cat2(), 90_000.0, "Gi0/1", 89_700.0)),
    # The up time has overflowed since.
    (up_for(cat1(), 5_000.0, "Fa0/3", 42_000_000.0), up_for(cat2(), 90_000.0)),
    (up_for(cat1(), 90_000.0), up_for(cat2(), 90_000.0)),  # an agent that tells no last change
]


@pytest.mark.parametrize(("near", "far"), NEW_LINKS)
def test_a_new_link_whose_one_end_has_heard_the_other_first_is_no_finding(
    near: DeviceView, far: DeviceView
) -> None:
    a_look = look(EDGE1, near, far)
    assert found(a_look) == []
    assert ID in undecided(a_look)  # so one that is open does not end


@pytest.mark.parametrize(("near", "far"), NEW_LINKS)
def test_a_server_s_new_link_that_passes_as_a_device_s_is_told_at_once(
    near: DeviceView, far: DeviceView
) -> None:
    servers = (server("ds0003", "198.51.100.23", port="cat1 Fa0/3"),)
    assert [f.id for f in found(look(EDGE1, near, far, servers=servers))] == [ID]


@pytest.mark.parametrize(("near", "far"), OLD_LINKS)
def test_a_link_as_old_as_neighbours_are_remembered_is_told(
    near: DeviceView, far: DeviceView
) -> None:
    assert [f.id for f in found(look(EDGE1, near, far))] == [ID]


@pytest.mark.parametrize("home", ["cat1 fa0/3", None])
def test_at_once_who_passes_as_a_device_is_told_only_on_a_servers_port(home: str | None) -> None:
    """The two ends of a new link do not hear each other at the same moment."""
    servers = (server("ds0003", "198.51.100.23", port=home),)
    told = judge_tables(look(servers=servers), {"cat1"})
    assert [finding.id for finding in told] == ([ID] if home else [])
    assert [finding.id for finding in found(look(servers=servers))] == [ID]


def test_at_once_nobody_is_told_of_whose_switch_was_not_just_read_without_gaps() -> None:
    servers = (server("ds0003", "198.51.100.23", port="cat1 fa0/3"),)
    gappy = (EDGE1, cat1(gaps=(GAP,)), cat2())
    assert judge_tables(look(servers=servers), {"cat2"}) == ()
    assert judge_tables(look(*gappy, servers=servers), {"cat1"}) == ()
