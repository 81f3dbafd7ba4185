"""What a device answers, from kernel states that are written down here."""

from ipaddress import IPv4Address, IPv4Interface

import msgspec

from netguard.lab import mib
from netguard.lab.faces import CATALYST, FACES, FOUNDRY, port, port_name
from netguard.lab.live import Learned, Link, Neighbour, Snapshot

SERVER = "00:00:5e:00:53:23"
OWN = "00:00:5e:00:53:c1"


def link(name: str, index: int, **more: object) -> Link:
    made = Link(index=index, name=name, mac=OWN, mtu=1500, admin_up=True, carrier=True)
    return msgspec.structs.replace(made, **more)


def snapshot(*links: Link, **more: object) -> Snapshot:
    made = Snapshot(links=links, addresses=(), neighbours=(), fdb=(), namespaces={})
    return msgspec.structs.replace(made, **more)


def device(name: str, seen: Snapshot) -> mib.Device:
    return mib.Device(name=name, face=FACES[name], seen=seen, vlan=226, up_time=12.5)


TRUNK = link("gi0-1", 3, base_port=1, peer=(0, 2))
ACCESS = link("fa0-3", 7, base_port=2)
CAT1 = device(
    "cat1",
    snapshot(
        link("br0", 2),
        TRUNK,
        ACCESS,
        fdb=(Learned(7, SERVER, own=False), Learned(7, OWN, own=True)),
        namespaces={0: "edge1", 0xFFFFFFFF: "cat2"},
    ),
)
EDGE1 = device(
    "edge1",
    snapshot(
        link("e1-1", 2, peer=(0, 3), mac="00:00:5e:00:53:01"),
        addresses=((2, IPv4Interface("198.51.100.1/25")), (1, IPv4Interface("127.0.0.1/8"))),
        neighbours=(Neighbour(2, IPv4Address("198.51.100.23"), SERVER, permanent=False),),
        namespaces={0: "cat1"},
    ),
)
ALL = {"cat1": CAT1, "edge1": EDGE1}


def test_a_learned_mac_stands_under_its_base_port_which_is_not_its_if_index() -> None:
    rows = dict(mib.vlan_view(CAT1))
    mac = tuple(mib.mac_bytes(SERVER))
    assert rows[*mib.DOT1D_TP, 3, 1, 2, *mac] == 2
    assert rows[*mib.DOT1D_TP, 3, 1, 3, *mac] == 3  # learned
    assert rows[*mib.DOT1D_BASE, 4, 1, 2, 2] == 10003


def test_the_switchs_own_macs_are_self_on_no_port() -> None:
    rows = dict(mib.vlan_view(CAT1))
    mac = tuple(mib.mac_bytes(OWN))
    assert rows[*mib.DOT1D_TP, 3, 1, 2, *mac] == 0
    assert rows[*mib.DOT1D_TP, 3, 1, 3, *mac] == 4


def test_vlan_1_of_a_catalyst_has_the_trunks_and_an_empty_fdb() -> None:
    rows = dict(mib.default_view(CAT1, ALL))
    base_ports = [
        oid[-1] for oid in rows if oid[: len(mib.DOT1D_BASE) + 3] == (*mib.DOT1D_BASE, 4, 1, 2)
    ]
    assert base_ports == [1]
    assert not [oid for oid in rows if oid[: len(mib.DOT1D_TP) + 1] == (*mib.DOT1D_TP, 3)]


def test_a_router_has_arp_and_addresses_but_no_bridge() -> None:
    rows = dict(mib.default_view(EDGE1, ALL))
    assert rows[*mib.IP_NET_TO_MEDIA, 2, 1, 198, 51, 100, 23] == mib.mac_bytes(SERVER)
    assert rows[*mib.IP_AD_ENT, 2, 198, 51, 100, 1] == 1
    assert (*mib.IP_AD_ENT, 2, 127, 0, 0, 1) not in rows
    assert not [oid for oid in rows if oid[:7] == mib.DOT1D_BASE[:7]]


def test_both_ends_of_a_cable_name_each_other() -> None:
    here, there = (dict(mib.default_view(d, ALL)) for d in (CAT1, EDGE1))
    assert (here[*mib.LLDP_REMOTE, 9, 0, 1, 1], here[*mib.LLDP_REMOTE, 7, 0, 1, 1]) == (
        "edge1",
        "ethernet1/1",
    )
    assert (there[*mib.LLDP_REMOTE, 9, 0, 1, 1], there[*mib.LLDP_REMOTE, 7, 0, 1, 1]) == (
        "cat1",
        "Gi0/1",
    )


def test_a_cable_without_a_signal_has_no_neighbour() -> None:
    dark = msgspec.structs.replace(TRUNK, carrier=False)
    seen = msgspec.structs.replace(CAT1.seen, links=(dark, ACCESS))
    rows = dict(mib.default_view(device("cat1", seen), ALL))
    assert not [oid for oid in rows if oid[: len(mib.LLDP_REMOTE)] == mib.LLDP_REMOTE]


def test_a_port_that_is_closed_is_down_in_both_senses_and_one_without_signal_only_in_one() -> None:
    closed = link("fa0-1", 8, admin_up=False)
    dark = link("fa0-2", 9, carrier=False)
    rows = dict(mib.vlan_view(device("cat1", snapshot(closed, dark))))
    status = {column: [rows[*mib.IF_ENTRY, column, i] for i in (10001, 10002)] for column in (7, 8)}
    assert status == {7: [2, 1], 8: [2, 2]}


def test_trunks_are_configured_as_such_and_access_ports_are_not_in_every_view() -> None:
    for rows in (dict(mib.default_view(CAT1, ALL)), dict(mib.vlan_view(CAT1))):
        ports = {
            port: [rows[*mib.VTP_TRUNK_PORT, c, port] for c in (13, 14)] for port in (10101, 10003)
        }
        assert ports == {10101: [1, 1], 10003: [2, 2]}
        assert [rows[*mib.LAG_PORT, c, port] for c in (12, 13) for port in ports] == [0] * 4


def test_a_trunk_without_a_link_is_configured_on_and_not_trunking() -> None:
    for dark in ({"carrier": False}, {"admin_up": False}):
        rows = dict(mib.vlan_view(device("cat1", snapshot(link("gi0-1", 3, base_port=1, **dark)))))
        assert [rows[*mib.VTP_TRUNK_PORT, c, 10101] for c in (13, 14)] == [1, 2]


def test_a_port_that_is_not_bridged_is_neither_trunk_nor_access_port() -> None:
    rows = dict(mib.vlan_view(device("cat1", snapshot(link("fa0", 3)))))
    assert not [oid for oid in rows if oid[: len(mib.VTP_TRUNK_PORT)] == mib.VTP_TRUNK_PORT]


def test_the_router_s_ports_are_untagged_and_it_speaks_no_cisco() -> None:
    rows = dict(mib.default_view(EDGE1, ALL))
    assert rows[*mib.FOUNDRY_SW_IF_INFO, 4, 1] == 2
    assert not [oid for oid in rows if oid[:7] == mib.VTP_TRUNK_PORT[:7]]


def test_up_time_is_in_hundredths_of_a_second() -> None:
    up_time = dict(mib.system(CAT1))[*mib.SYSTEM, 3, 0]
    assert isinstance(up_time, mib.Ticks)
    assert up_time == 1250


def test_ports_are_named_as_the_make_names_them() -> None:
    cases = {
        (CATALYST, "fa0-24"): ("Fa0/24", "FastEthernet0/24", 10024),
        (CATALYST, "gi0-2"): ("Gi0/2", "GigabitEthernet0/2", 10102),
        (CATALYST, "fa0"): ("Fa0", "FastEthernet0", 14001),
        (FOUNDRY, "e1-2"): ("ethernet1/2", "GigabitEthernet1/2", 2),
    }
    for (face, name), expected in cases.items():
        shown = port(face, link(name, 5))
        assert shown is not None
        assert (shown.if_name, shown.if_descr, shown.if_index) == expected
    assert port(CATALYST, link("br0", 2)) is None
    assert port_name("ds0001", "eth0") == "eth0"
