"""Neighbours that a Foundry heard by FDP, or by CDP where it listens to that."""

from ipaddress import IPv4Address

import pytest

from probes.mibs import if_mib
from probes.mibs.foundry_sn_switch_group_fdp import (
    FDP_CACHE_ADDRESS,
    FDP_CACHE_ADDRESS_TYPE,
    FDP_CACHE_DEVICE_ID,
    FDP_CACHE_DEVICE_PORT,
    FDP_CACHE_PLATFORM,
    FDP_CACHE_VENDOR_ID,
    neighbors,
)
from probes.records import Interface, Neighbor
from tests.snmp_agent import Mib, Oid, Request, ask, dotted, integer, octets

FDP, CDP = 1, 2
IP, IPX, APPLETALK = 1, 2, 3
INTERFACES = {(*dotted(if_mib.IF_NAME), 65): octets(b"ethernet1/2/1")}
COLUMNS = {
    "device": FDP_CACHE_DEVICE_ID,
    "kind": FDP_CACHE_ADDRESS_TYPE,
    "address": FDP_CACHE_ADDRESS,
    "port": FDP_CACHE_DEVICE_PORT,
    "platform": FDP_CACHE_PLATFORM,
    "vendor": FDP_CACHE_VENDOR_ID,
}


def row(index: Oid = (65, 1), **changes: bytes | None) -> dict[Oid, bytes]:
    values: dict[str, bytes | None] = {
        "device": octets(b"edge2"),
        "kind": integer(IP),
        "address": octets(b"\xc0\x00\x02\x02"),
        "port": octets(b"ethernet1/2/4"),
        "platform": octets(b"Stackable-Switch\0"),
        "vendor": integer(FDP),
        **changes,
    }
    return {
        (*dotted(COLUMNS[name]), *index): value
        for name, value in values.items()
        if value is not None
    }


def test_a_neighbour_is_on_the_interface_that_its_index_names() -> None:
    table = ask(Mib(INTERFACES | row()), neighbors)
    assert table.gaps == ()
    assert table.rows == (
        Neighbor(
            protocol="fdp",
            if_index=65,
            port="ethernet1/2/1",
            remote_name="edge2",
            remote_port="ethernet1/2/4",
            remote_chassis="",
            remote_platform="Stackable-Switch",
            remote_addresses=(IPv4Address("192.0.2.2"),),
        ),
    )


@pytest.mark.parametrize(
    ("vendor", "protocol"),
    [(integer(FDP), "fdp"), (integer(CDP), "cdp"), (integer(7), "fdp"), (None, "fdp")],
)
def test_a_neighbour_spoke_the_protocol_that_the_row_says(
    vendor: bytes | None, protocol: str
) -> None:
    (found,) = ask(Mib(INTERFACES | row(vendor=vendor)), neighbors).rows
    assert found.protocol == protocol


@pytest.mark.parametrize(
    "spelling", [b"0000.5e00.5302", b"00:00:5E:00:53:02", b"00005e005302", b"00-00-5e-00-53-02 "]
)
def test_a_name_or_port_that_is_a_mac_is_one_in_any_spelling(spelling: bytes) -> None:
    objects = row(device=octets(spelling), port=octets(spelling))
    (found,) = ask(Mib(INTERFACES | objects), neighbors).rows
    assert found.remote_chassis == found.remote_port == "00:00:5e:00:53:02"
    assert found.remote_name == spelling.decode().strip()


@pytest.mark.parametrize("name", [b"edge-2", b"0000.0000.0000", b"0000.5e00.530"])
def test_a_name_that_is_no_station_is_no_chassis(name: bytes) -> None:
    (found,) = ask(Mib(INTERFACES | row(device=octets(name))), neighbors).rows
    assert (found.remote_name, found.remote_chassis) == (name.decode(), "")


@pytest.mark.parametrize(
    ("kind", "address", "expected"),
    [
        (integer(IP), octets(b"\xc0\x00\x02\x02"), ("192.0.2.2",)),
        (None, octets(b"\xc0\x00\x02\x02"), ("192.0.2.2",)),
        (integer(IP), octets(bytes(4)), ()),
        (integer(IP), octets(b"\xff\xff\xff\xff"), ()),
        (integer(IPX), octets(bytes(range(10))), ()),
        (integer(APPLETALK), octets(b"\x01\x02\x03"), ()),
        (integer(APPLETALK), octets(b"\xc0\x00\x02\x02"), ()),
        (integer(IP), octets(b"192.0.2.2"), ()),
        (integer(IP), octets(b""), ()),
        (integer(IP), integer(1), ()),
        (integer(IP), None, ()),
    ],
)
def test_only_four_octets_of_ip_are_an_address(
    kind: bytes | None, address: bytes | None, expected: tuple[str, ...]
) -> None:
    objects = row(kind=kind, address=address)
    (found,) = ask(Mib(INTERFACES | objects), neighbors).rows
    assert tuple(map(str, found.remote_addresses)) == expected


def test_a_neighbour_without_a_name_is_a_neighbour() -> None:
    (found,) = ask(Mib(INTERFACES | row(device=octets(b""))), neighbors).rows
    assert (found.remote_name, found.remote_port) == ("", "ethernet1/2/4")


def test_a_row_that_tells_nothing_of_a_neighbour_is_none() -> None:
    empty = octets(b"\0")
    objects = row(device=empty, port=empty, platform=None, address=octets(bytes(4)))
    table = ask(Mib(INTERFACES | objects), neighbors)
    assert (table.rows, table.gaps) == ((), ())


def test_a_neighbour_on_an_interface_without_a_name_is_on_that_interface() -> None:
    (found,) = ask(Mib(INTERFACES | row((66, 1))), neighbors).rows
    assert (found.if_index, found.port) == (66, "")


def test_several_neighbours_of_one_port_are_several_rows() -> None:
    other = row((65, 2), device=octets(b"cat1"), vendor=integer(CDP))
    table = ask(Mib(INTERFACES | row() | other), neighbors)
    assert [(one.protocol, one.remote_name) for one in table.rows] == [
        ("fdp", "edge2"),
        ("cdp", "cat1"),
    ]


@pytest.mark.parametrize("index", [(65,), (0, 1), (2**31, 1), (2**32 - 1, 1), (65, 1, 1)])
def test_an_index_of_garbage_is_no_neighbour(index: Oid) -> None:
    table = ask(Mib(INTERFACES | row(index)), neighbors)
    assert (table.rows, table.gaps) == ((), ())


def test_interfaces_already_read_are_not_read_again() -> None:
    known = (Interface(if_index=65, name="ethernet 1/2/1", descr=""),)
    (found,) = ask(Mib(INTERFACES | row()), lambda session: neighbors(session, known)).rows
    assert found.port == "ethernet 1/2/1"


def test_a_device_without_neighbours_is_empty_without_a_gap() -> None:
    table = ask(Mib(INTERFACES), neighbors)
    assert (table.rows, table.gaps) == ((), ())


def test_an_agent_that_stops_in_the_middle_keeps_its_neighbours_and_says_so() -> None:
    mib, dark = Mib(row()), dotted(FDP_CACHE_PLATFORM)

    def handler(request: Request) -> list[bytes]:
        return [] if request.oids[0] == dark else mib(request)

    table = ask(handler, lambda session: neighbors(session, ()), timeout=0.05)
    assert [(one.remote_name, one.remote_platform) for one in table.rows] == [("edge2", "")]
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]
