"""Neighbours by CDP, whatever way their systems have to write a name, a port and an address."""

import json
from ipaddress import ip_address as ip

import pytest

from probes.mibs import if_mib
from probes.mibs.cisco_cdp_mib import (
    CACHE_ADDRESS,
    CACHE_ADDRESS_TYPE,
    CACHE_DEVICE_ID,
    CACHE_DEVICE_PORT,
    CACHE_PLATFORM,
    CACHE_SYS_NAME,
    neighbors,
)
from probes.records import Interface, Neighbor
from tests.probes.mibs.test_recordings import CORPUS, agent_of
from tests.snmp_agent import Mib, Oid, Request, ask, dotted, integer, ip_address, octets

CAPABILITIES = "1.3.6.1.4.1.9.9.23.1.2.1.1.9"
IPV6 = 20
V6 = ip("2001:db8::7").packed
INTERFACES = {
    (*dotted(if_mib.IF_NAME), 10101): octets(b"Gi1/0/1"),
    (*dotted(if_mib.IF_DESCR), 10101): octets(b"GigabitEthernet1/0/1"),
}
RECORDED = (
    "cisco-c3750",
    "cisco-unmarked-0",
    "ciscosb_sg350x-24p",
    "ios_2960x",
    "iosxe_c9400-svl",
    "nms0002ciscojuniper_s-de-juet-luck-001",
    "nms17216_router1",
    "nms17216_router2",
    "nms17216_router3",
    "nms17216_router4",
    "nms17216_switch1",
    "nms17216_switch2",
    "nms17216_switch3",
    "nms17216_switch4",
    "nms17216_switch5",
    "nms7467_172-20-1-1",
    "nms7467_172-20-1-7",
)


def cell(column: str, value: bytes, index: Oid = (10101, 1)) -> dict[Oid, bytes]:
    return {(*dotted(column), *index): value}


def remote(device_id: bytes = b"edge1", index: Oid = (10101, 1)) -> dict[Oid, bytes]:
    return {
        **cell(CACHE_DEVICE_ID, octets(device_id), index),
        **cell(CACHE_DEVICE_PORT, octets(b"Ethernet1/1"), index),
        **cell(CACHE_PLATFORM, octets(b"cisco WS-C3560  "), index),
        **cell(CACHE_ADDRESS_TYPE, integer(1), index),
        **cell(CACHE_ADDRESS, octets(b"\xc0\x00\x02\x07"), index),
    }


def test_a_neighbour_is_on_the_interface_that_its_index_names() -> None:
    table = ask(Mib(INTERFACES | remote()), neighbors)
    assert table.gaps == ()
    assert table.rows == (
        Neighbor(
            protocol="cdp",
            if_index=10101,
            port="Gi1/0/1",
            remote_name="edge1",
            remote_port="Ethernet1/1",
            remote_chassis="",
            remote_platform="cisco WS-C3560",
            remote_addresses=(ip("192.0.2.7"),),
        ),
    )


@pytest.mark.parametrize(
    ("device_id", "name", "chassis"),
    [
        (b"edge1.example.com", "edge1.example.com", ""),
        (b"edge1\x00\x00", "edge1", ""),
        (b"JAB043408B7(edge1)", "JAB043408B7(edge1)", ""),  # CatOS
        (b"edge1.example.com(FOX1234ABCD)", "edge1.example.com(FOX1234ABCD)", ""),  # NX-OS
        (b"00005e005307", "00005e005307", "00:00:5e:00:53:07"),  # Small Business
        (b"0000.5E00.5307", "0000.5E00.5307", "00:00:5e:00:53:07"),
        (b"\x00\x00\x5e\x00\x53\x07", "00:00:5e:00:53:07", "00:00:5e:00:53:07"),
        (b"000000000000", "000000000000", ""),
        (b"Router", "Router", ""),  # six octets, but a name
        (b"sw1\0\0\0", "sw1", ""),
        ("büro1".encode(), "büro1", ""),
        (b"\xff\xfe", "\ufffd\ufffd", ""),
    ],
)
def test_a_device_id_is_the_name_as_it_stands_and_the_chassis_where_it_is_a_mac(
    device_id: bytes, name: str, chassis: str
) -> None:
    (row,) = ask(Mib(INTERFACES | remote(device_id)), neighbors).rows
    assert (row.remote_name, row.remote_chassis) == (name, chassis)


def test_the_device_id_goes_before_the_system_name_which_stands_in_for_it() -> None:
    named = cell(CACHE_SYS_NAME, octets(b"library"))
    (row,) = ask(Mib(remote(b"00005e005307") | named), neighbors).rows
    assert row.remote_name == "00005e005307"
    (row,) = ask(Mib(remote(b"") | named), neighbors).rows
    assert row.remote_name == "library"


@pytest.mark.parametrize(
    ("port", "spelled"),
    [
        (b"0000.5e00.5307", "00:00:5e:00:53:07"),
        (b"Port 1", "Port 1"),
        (b"2/44\x00", "2/44"),
        (b"", ""),
    ],
)
def test_a_remote_port_that_is_a_mac_is_spelled_as_one(port: bytes, spelled: str) -> None:
    (row,) = ask(Mib(remote() | cell(CACHE_DEVICE_PORT, octets(port))), neighbors).rows
    assert row.remote_port == spelled


@pytest.mark.parametrize(
    ("kind", "value", "addresses"),
    [
        (integer(1), octets(b"\xc0\x00\x02\x07"), ["192.0.2.7"]),
        (integer(IPV6), octets(V6), ["2001:db8::7"]),
        (None, octets(b"\xc0\x00\x02\x07"), ["192.0.2.7"]),
        (None, octets(V6), ["2001:db8::7"]),
        (integer(1), octets(b"\0\0\0\0"), []),
        (integer(1), octets(b"\xff\xff\xff\xff"), []),
        (integer(1), octets(b"\x7f\0\0\1"), []),
        (integer(1), octets(b"\xe0\0\0\1"), []),
        (integer(IPV6), octets(b"\0" * 16), []),
        (integer(IPV6), octets(b"\xc0\x00\x02\x07"), []),
        (integer(1), octets(V6), []),
        (integer(65535), octets(b"\xc0\x00\x02\x07"), []),
        (octets(b"ip"), octets(b"\xc0\x00\x02\x07"), []),
        (integer(1), octets(b"192.0.2.7"), []),
        (integer(1), octets(b""), []),
        (integer(1), integer(3221225991), []),
        (integer(1), ip_address(b"\xc0\x00\x02\x07"), []),
    ],
)
def test_an_address_is_of_its_type_and_a_hosts(
    kind: bytes | None, value: bytes, addresses: list[str]
) -> None:
    table = remote() | cell(CACHE_ADDRESS, value)
    del table[*dotted(CACHE_ADDRESS_TYPE), 10101, 1]
    if kind is not None:
        table |= cell(CACHE_ADDRESS_TYPE, kind)
    (row,) = ask(Mib(table), neighbors).rows
    assert row.remote_addresses == tuple(map(ip, addresses))


def test_several_neighbours_on_one_port_are_as_many_rows() -> None:
    mib = Mib(remote(b"ap2", (10101, 22)) | remote(b"ap1", (10101, 3)))
    assert [row.remote_name for row in ask(mib, neighbors).rows] == ["ap1", "ap2"]


@pytest.mark.parametrize(
    "missing",
    [CACHE_DEVICE_ID, CACHE_DEVICE_PORT, CACHE_PLATFORM, CACHE_ADDRESS, CACHE_ADDRESS_TYPE],
)
def test_a_row_with_a_hole_is_still_a_neighbour(missing: str) -> None:
    table = remote() | remote(b"edge2", (10102, 1))
    del table[*dotted(missing), 10101, 1]
    rows = ask(Mib(table), neighbors).rows
    assert [row.if_index for row in rows] == [10101, 10102]


def test_a_row_of_a_type_and_nothing_else_is_no_neighbour() -> None:
    assert ask(Mib(cell(CACHE_ADDRESS_TYPE, integer(1))), neighbors).rows == ()


def test_values_of_the_wrong_type_crash_nothing() -> None:
    columns = (CACHE_DEVICE_ID, CACHE_DEVICE_PORT, CACHE_PLATFORM, CACHE_SYS_NAME, CAPABILITIES)
    table = remote()
    for column in columns:
        table |= cell(column, integer(7))
    (row,) = ask(Mib(table), neighbors).rows
    assert (row.remote_name, row.remote_port, row.remote_platform) == ("7", "7", "7")


def test_capabilities_as_text_change_nothing() -> None:
    table = remote() | cell(CAPABILITIES, octets(b"Router Switch"))
    assert ask(Mib(table), neighbors) == ask(Mib(remote()), neighbors)


@pytest.mark.parametrize("index", [(), (10101,), (10101, 1, 1), (4, 49, 48, 49, 48, 49, 1)])
def test_an_index_of_garbage_is_no_neighbour(index: Oid) -> None:
    table = ask(Mib(cell(CACHE_DEVICE_ID, octets(b"edge1"), index)), neighbors)
    assert (table.rows, table.gaps) == ((), ())


def test_a_neighbour_on_an_interface_that_is_not_there_has_no_port() -> None:
    (row,) = ask(Mib(INTERFACES | remote(index=(4294967295, 4294967295))), neighbors).rows
    assert (row.if_index, row.port) == (4294967295, "")


def test_interfaces_already_read_are_not_read_again() -> None:
    known = (Interface(if_index=10101, name="Gi1/0/1", descr=""),)
    (row,) = ask(Mib(remote()), lambda session: neighbors(session, known)).rows
    assert row.port == "Gi1/0/1"


def test_a_device_without_neighbours_is_empty_without_a_gap() -> None:
    table = ask(Mib(INTERFACES), neighbors)
    assert (table.rows, table.gaps) == ((), ())


def test_an_agent_that_stops_in_the_middle_keeps_its_rows_and_says_so() -> None:
    mib = Mib(remote())

    def handler(request: Request) -> list[bytes]:
        return [] if request.oids[0] >= dotted(CACHE_PLATFORM) else mib(request)

    table = ask(handler, lambda session: neighbors(session, ()), timeout=0.05)
    assert [row.remote_name for row in table.rows] == ["edge1"]
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"NO RECORDINGS at {CORPUS}: set NETGUARD_CORPUS")
@pytest.mark.parametrize("name", RECORDED)
def test_neighbours_are_those_recorded(name: str) -> None:
    truth = json.loads((CORPUS / "truth" / f"{name}.json").read_text())
    table = ask(agent_of(name), neighbors, deadline=20)
    assert table.gaps == ()
    found = sorted(
        (
            row.if_index,
            row.port,
            row.remote_name,
            row.remote_port,
            row.remote_platform,
            [str(address) for address in row.remote_addresses],
        )
        for row in table.rows
    )
    names = {int(i): one.get("name") or one.get("descr") for i, one in truth["interfaces"].items()}
    assert found == sorted(
        (
            one["localIfIndex"],
            names[one["localIfIndex"]],
            one["remoteSystem"],
            one["remotePort"],
            one["platform"].strip(),
            one["remoteAddress"],
        )
        for one in truth["neighbours"]
        if one["proto"] == "cdp"
    )
