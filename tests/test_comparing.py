"""Holding what was read against truth: what is found, what is missing, what nobody recorded."""

from datetime import UTC, datetime
from ipaddress import ip_address as ip

import pytest

from netguard.inventory import Device
from netguard.view import DeviceView
from probes.records import ArpEntry, FdbEntry, Interface, InterfaceAddress, Neighbor
from tests.comparing import (
    Compared,
    Kind,
    RecordedAddress,
    RecordedArp,
    RecordedFdb,
    RecordedInterface,
    RecordedNeighbor,
    Truth,
    compare,
    places,
    ports_read_as_interfaces,
)

STATION = "00:00:5e:00:53:20"
OTHER = "00:00:5e:00:53:21"


def view(
    *,
    interfaces: tuple[Interface, ...] = (),
    addresses: tuple[InterfaceAddress, ...] = (),
    arp: tuple[ArpEntry, ...] = (),
    fdb: tuple[FdbEntry, ...] = (),
    neighbors: tuple[Neighbor, ...] = (),
) -> DeviceView:
    return DeviceView(
        device=Device(name="cat1", host="127.0.0.1", role="switch", snmp="lab"),
        seen=datetime(2026, 1, 1, tzinfo=UTC),
        interfaces=interfaces,
        addresses=addresses,
        arp=arp,
        fdb=fdb,
        neighbors=neighbors,
    )


def entry(
    *, vlan: int | None = None, mac: str = STATION, base_port: int = 3, if_index: int | None = 10103
) -> FdbEntry:
    return FdbEntry(vlan=vlan, mac=mac, base_port=base_port, if_index=if_index, status="learned")


def row(
    *,
    vlan: int | None = None,
    mac: str = STATION,
    port: int = 3,
    if_index: int | None = 10103,
    perhaps: int | None = None,
) -> RecordedFdb:
    return RecordedFdb(
        vlan=vlan, mac=mac, bridge_port=port, if_index=if_index, port_as_if_index=perhaps
    )


def counts(kind: Kind, read: DeviceView, truth: Truth) -> tuple[int, int, int]:
    compared = compare(read, truth)[kind]
    return compared.found, len(compared.missing), len(compared.invented)


def fdb_counts(read: tuple[FdbEntry, ...], recorded: tuple[RecordedFdb, ...]) -> tuple[int, ...]:
    return counts("fdb", view(fdb=read), Truth(fdb=recorded))


def test_nothing_read_of_nothing_recorded_is_nothing() -> None:
    assert set(compare(view(), Truth()).values()) == {Compared()}


def test_an_interface_is_found_only_as_it_is_recorded() -> None:
    truth = Truth(interfaces={3: RecordedInterface(name="Fa0/3", admin_status="up")})
    good = Interface(if_index=3, name="Fa0/3", descr="", admin_status="up")
    bad = Interface(if_index=3, name="Fa0/3", descr="", admin_status="down")
    assert counts("interfaces", view(interfaces=(good,)), truth) == (1, 0, 0)
    assert counts("interfaces", view(interfaces=(bad,)), truth) == (0, 1, 1)


def test_an_interface_without_a_name_is_called_by_its_description() -> None:
    truth = Truth(interfaces={2: RecordedInterface(descr=" unrouted VLAN 1 ")})
    one = Interface(if_index=2, name="unrouted VLAN 1", descr="unrouted VLAN 1")
    assert counts("interfaces", view(interfaces=(one,)), truth) == (1, 0, 0)


@pytest.mark.parametrize("nobody", [None, "", "00:00:00:00:00:00", "30:31"])
def test_an_interface_that_is_recorded_with_no_station_s_mac_has_none(nobody: str | None) -> None:
    truth = Truth(interfaces={2: RecordedInterface(name="Nu0", phys_address=nobody)})
    one = Interface(if_index=2, name="Nu0", descr="")
    assert counts("interfaces", view(interfaces=(one,)), truth) == (1, 0, 0)


def test_a_prefix_counts_only_where_truth_knows_one() -> None:
    read = view(
        addresses=(
            InterfaceAddress(ip=ip("192.0.2.1"), prefix_length=24, if_index=1),
            InterfaceAddress(ip=ip("192.0.2.2"), prefix_length=24, if_index=1),
            InterfaceAddress(ip=ip("2001:db8::1"), prefix_length=64, if_index=1),
        )
    )
    truth = Truth(
        ip_addresses={
            "192.0.2.1": RecordedAddress(if_index=1, prefix=24),
            "192.0.2.2": RecordedAddress(if_index=1, prefix=32),
            "2001:db8:0::1": RecordedAddress(if_index=1),
        }
    )
    assert counts("addresses", read, truth) == (2, 1, 1)


def test_an_arp_row_is_the_address_the_station_and_the_interface() -> None:
    read = view(
        arp=(
            ArpEntry(ip=ip("192.0.2.20"), mac=STATION, if_index=226),
            ArpEntry(ip=ip("192.0.2.99"), mac="00:00:00:00:00:00", if_index=226),
        )
    )
    truth = Truth(
        arp=(
            RecordedArp(ip="192.0.2.20", mac=STATION, if_index=226),
            RecordedArp(ip="192.0.2.20", mac=STATION, if_index=227),
        )
    )
    assert counts("arp", read, truth) == (1, 1, 1)


def test_a_neighbor_s_port_is_compared_without_blanks_and_a_mac_in_any_spelling() -> None:
    def neighbor(remote_port: str) -> Neighbor:
        return Neighbor(
            protocol="lldp",
            if_index=3,
            port="Fa0/3",
            remote_name="edge1",
            remote_port=remote_port,
            remote_chassis="",
        )

    def recorded(remote_port: str) -> RecordedNeighbor:
        return RecordedNeighbor(
            proto="lldp", local_if_index=3, remote_system="edge1 ", remote_port=remote_port
        )

    read = view(neighbors=(neighbor("1/1"), neighbor(STATION), neighbor("1/3")))
    truth = Truth(neighbours=(recorded(" 1/1"), recorded("00 00 5E 00 53 20"), recorded("1/2")))
    assert counts("neighbors", read, truth) == (2, 1, 1)


def test_a_station_on_its_port_is_found_in_its_vlan_only() -> None:
    assert fdb_counts((entry(vlan=226),), (row(vlan=226),)) == (1, 0, 0)
    assert fdb_counts((entry(vlan=227),), (row(vlan=226),)) == (0, 1, 0)
    assert fdb_counts((entry(vlan=None),), (row(vlan=226),)) == (0, 1, 0)


def test_where_truth_knows_no_vlan_any_is_right() -> None:
    assert fdb_counts((entry(vlan=1),), (row(),)) == (1, 0, 0)
    assert fdb_counts((entry(),), (row(),)) == (1, 0, 0)


def test_a_row_that_two_tables_show_is_one_row() -> None:
    assert fdb_counts((entry(vlan=226), entry()), (row(vlan=226), row(), row())) == (1, 0, 0)


def test_a_station_in_two_vlans_is_two_rows() -> None:
    assert fdb_counts((entry(vlan=226),), (row(vlan=226), row(vlan=227))) == (1, 1, 0)


def test_a_station_on_a_port_where_nobody_saw_it_is_invented() -> None:
    assert fdb_counts((entry(if_index=10104),), (row(),)) == (0, 1, 1)
    assert fdb_counts((entry(mac=OTHER),), (row(),)) == (0, 1, 1)


def test_a_port_without_an_interface_is_known_by_its_number() -> None:
    lost = row(if_index=None, port=558)
    assert fdb_counts((entry(if_index=None, base_port=558),), (lost,)) == (1, 0, 0)
    assert fdb_counts((entry(if_index=558, base_port=558),), (lost,)) == (0, 1, 1)
    assert fdb_counts((entry(if_index=None, base_port=559),), (lost,)) == (0, 1, 1)


def test_a_port_with_an_interface_that_was_read_without_one_is_missing_and_invented() -> None:
    assert fdb_counts((entry(if_index=None),), (row(),)) == (0, 1, 1)


def test_a_port_that_may_be_an_interface_may_be_read_either_way_and_is_counted() -> None:
    doubtful = row(if_index=None, port=514, perhaps=514)
    for if_index, told in ((514, {True: 1}), (None, {False: 1})):
        read = view(fdb=(entry(if_index=if_index, base_port=514),))
        truth = Truth(fdb=(doubtful,))
        assert counts("fdb", read, truth) == (1, 0, 0)
        assert ports_read_as_interfaces(read, truth) == told


def test_a_place_is_the_one_port_on_which_truth_has_a_learned_station() -> None:
    interfaces = {10103: RecordedInterface(descr="FastEthernet0/3", name="Fa0/3")}
    arp = (RecordedArp(ip="192.0.2.20", mac=STATION, if_index=226),)

    def found(*rows: RecordedFdb) -> dict[str, str]:
        truth = Truth(interfaces=interfaces, arp=arp, fdb=rows)
        return {str(address): port for (address, _), port in places(truth).items()}

    own = RecordedFdb(mac=STATION, bridge_port=3, if_index=10103, status="self")
    assert found(row(), row(vlan=226)) == {"192.0.2.20": "Fa0/3"}
    assert found(row(), row(if_index=10104, vlan=227)) == {}
    assert found(row(if_index=None), own, row(mac=OTHER)) == {}
