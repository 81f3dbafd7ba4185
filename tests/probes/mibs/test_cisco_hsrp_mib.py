"""Addresses that routers share by HSRP, and the MAC that goes with each."""

from ipaddress import ip_address as ip

import pytest

from probes.mibs import if_mib
from probes.mibs.cisco_hsrp_mib import (
    EXT_IF_USE_BIA,
    EXT_SEC_ADDR_ROW_STATUS,
    GRP_STANDBY_STATE,
    GRP_VIRTUAL_IP_ADDR,
    GRP_VIRTUAL_MAC_ADDR,
    virtual_gateways,
)
from probes.records import VirtualGateway
from tests.probes.mibs.test_recordings import CORPUS, agent_of, column
from tests.snmp_agent import Mib, Oid, Request, ask, dotted, integer, ip_address, octets

STANDBY, ACTIVE = 5, 6
TRUE, FALSE = 1, 2
IN_FORCE, NOT_IN_SERVICE = 1, 2
OWN_MAC = "00:00:5e:00:53:77"


def cell(column: str, index: Oid, value: bytes) -> dict[Oid, bytes]:
    return {(*dotted(column), *index): value}


def group(
    address: str = "192.0.2.1", number: int = 7, if_index: int = 25, state: int = ACTIVE
) -> dict[Oid, bytes]:
    index = (if_index, number)
    mac = bytes((0x00, 0x00, 0x0C, 0x07, 0xAC, number & 0xFF))
    return {
        **cell(GRP_VIRTUAL_IP_ADDR, index, ip_address(ip(address).packed)),
        **cell(GRP_STANDBY_STATE, index, integer(state)),
        **cell(GRP_VIRTUAL_MAC_ADDR, index, octets(mac)),
    }


def secondary(
    address: str = "198.51.100.1", number: int = 7, if_index: int = 25, status: int = IN_FORCE
) -> dict[Oid, bytes]:
    index = (if_index, number, *ip(address).packed)
    return cell(EXT_SEC_ADDR_ROW_STATUS, index, integer(status))


def interface(if_index: int, name: bytes, mac: str | None = OWN_MAC) -> dict[Oid, bytes]:
    named = cell(if_mib.IF_DESCR, (if_index,), octets(name))
    if mac is None:
        return named
    return named | cell(
        if_mib.IF_PHYS_ADDRESS, (if_index,), octets(bytes.fromhex(mac.replace(":", "")))
    )


def use_bia(if_index: int, value: int = TRUE) -> dict[Oid, bytes]:
    return cell(EXT_IF_USE_BIA, (if_index,), integer(value))


def test_a_group_has_an_address_a_mac_and_a_state() -> None:
    table = ask(Mib(group()), virtual_gateways)
    assert table.gaps == ()
    assert table.rows == (
        VirtualGateway(
            ip=ip("192.0.2.1"),
            mac="00:00:0c:07:ac:07",
            protocol="hsrp",
            if_index=25,
            group=7,
            state="active",
        ),
    )


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (1, "initial"),
        (2, "learn"),
        (3, "listen"),
        (4, "speak"),
        (STANDBY, "standby"),
        (ACTIVE, "active"),
        (0, "unknown"),
        (7, "unknown"),
    ],
)
def test_states_have_the_words_of_the_mib(state: int, word: str) -> None:
    (row,) = ask(Mib(group(state=state)), virtual_gateways).rows
    assert row.state == word


def test_a_secondary_address_is_a_row_of_its_own_in_the_same_group() -> None:
    rows = ask(Mib(group() | secondary()), virtual_gateways).rows
    assert [(str(row.ip), row.mac, row.group, row.state) for row in rows] == [
        ("192.0.2.1", "00:00:0c:07:ac:07", 7, "active"),
        ("198.51.100.1", "00:00:0c:07:ac:07", 7, "active"),
    ]


def test_an_address_that_is_both_primary_and_secondary_is_one_row() -> None:
    table = group("192.0.2.1") | secondary("192.0.2.1")
    assert len(ask(Mib(table), virtual_gateways).rows) == 1


def test_a_secondary_address_of_a_group_that_is_not_told_has_no_mac() -> None:
    (row,) = ask(Mib(secondary()), virtual_gateways).rows
    assert (row.mac, row.state) == (None, "unknown")


def test_a_secondary_address_that_is_not_in_force_is_none() -> None:
    rows = ask(Mib(group() | secondary(status=NOT_IN_SERVICE)), virtual_gateways).rows
    assert [str(row.ip) for row in rows] == ["192.0.2.1"]


@pytest.mark.parametrize("address", ["0.0.0.0", "224.0.0.2", "255.255.255.255"])  # noqa: S104 - what agents tell
def test_an_address_that_is_no_hosts_is_no_row(address: str) -> None:
    assert ask(Mib(group(address) | secondary(address)), virtual_gateways).rows == ()


@pytest.mark.parametrize(
    "value", [octets(b""), octets(b"192.0.2.1"), integer(3221225985), octets(b"\0" * 16)]
)
def test_what_is_no_address_is_no_row(value: bytes) -> None:
    table = group() | cell(GRP_VIRTUAL_IP_ADDR, (25, 7), value)
    assert ask(Mib(table), virtual_gateways).rows == ()


def test_an_address_as_four_octets_is_understood() -> None:
    table = group() | cell(GRP_VIRTUAL_IP_ADDR, (25, 7), octets(b"\xc0\x00\x02\x01"))
    (row,) = ask(Mib(table), virtual_gateways).rows
    assert row.ip == ip("192.0.2.1")


@pytest.mark.parametrize(
    "value", [octets(b"\0" * 6), octets(b"\xff" * 6), octets(b""), octets(b"1234"), integer(7)]
)
def test_what_is_no_stations_mac_is_none(value: bytes) -> None:
    (row,) = ask(Mib(group() | cell(GRP_VIRTUAL_MAC_ADDR, (25, 7), value)), virtual_gateways).rows
    assert row.mac is None


@pytest.mark.parametrize("missing", [GRP_STANDBY_STATE, GRP_VIRTUAL_MAC_ADDR])
def test_a_group_with_a_hole_is_a_row_that_says_less(missing: str) -> None:
    table = group()
    del table[*dotted(missing), 25, 7]
    (row,) = ask(Mib(table), virtual_gateways).rows
    assert (row.mac is None, row.state == "unknown") == (
        missing == GRP_VIRTUAL_MAC_ADDR,
        missing == GRP_STANDBY_STATE,
    )


@pytest.mark.parametrize("index", [(), (25,), (0, 7), (25, 4096), (25, 4294967295), (25, 7, 1)])
def test_an_index_that_is_no_group_is_no_row(index: Oid) -> None:
    table = cell(GRP_VIRTUAL_IP_ADDR, index, ip_address(b"\xc0\x00\x02\x01"))
    assert ask(Mib(table), virtual_gateways).rows == ()


@pytest.mark.parametrize(
    "index", [(25, 7), (25, 7, 198, 51, 100), (25, 7, 198, 51, 100, 300), (0, 7, 198, 51, 100, 1)]
)
def test_a_secondary_index_that_holds_no_address_is_no_row(index: Oid) -> None:
    table = cell(EXT_SEC_ADDR_ROW_STATUS, index, integer(IN_FORCE))
    assert ask(Mib(table), virtual_gateways).rows == ()


def test_the_largest_group_of_version_2_is_one() -> None:
    (row,) = ask(Mib(group(number=4095)), virtual_gateways).rows
    assert row.group == 4095


# --- Burned-in addresses


def test_where_an_interface_uses_its_own_mac_the_group_has_that() -> None:
    table = group() | group("198.51.100.1", if_index=26) | use_bia(25) | use_bia(26, FALSE)
    table |= interface(25, b"Ethernet0") | interface(26, b"Ethernet1")
    rows = ask(Mib(table), virtual_gateways).rows
    assert [(row.if_index, row.mac) for row in rows] == [
        (25, OWN_MAC),
        (26, "00:00:0c:07:ac:07"),
    ]


def test_what_goes_for_an_interface_goes_for_its_sub_interfaces() -> None:
    table = group(if_index=27) | group("198.51.100.1", if_index=28) | use_bia(25)
    table |= interface(25, b"Ethernet0/1") | interface(27, b"Ethernet0/1.100")
    table |= interface(28, b"Ethernet0/10.100")
    rows = ask(Mib(table), virtual_gateways).rows
    assert [(row.if_index, row.mac) for row in rows] == [
        (27, OWN_MAC),
        (28, "00:00:0c:07:ac:07"),
    ]


@pytest.mark.parametrize(
    ("known", "mac"),
    [
        ({}, None),
        (interface(25, b"Ethernet0", None), None),
        (interface(25, b"Ethernet0", "00:00:00:00:00:00"), None),
        (interface(25, b""), OWN_MAC),
    ],
)
def test_a_burned_in_mac_that_is_not_told_is_not_made_up(
    known: dict[Oid, bytes], mac: str | None
) -> None:
    table = group() | group("198.51.100.1", if_index=26) | use_bia(25) | known
    rows = ask(Mib(table), virtual_gateways).rows
    assert [row.mac for row in rows] == [mac, "00:00:0c:07:ac:07"]


@pytest.mark.parametrize("value", [integer(0), octets(b"true")])
def test_what_is_not_true_is_not_taken_for_a_burned_in_mac(value: bytes) -> None:
    table = group() | interface(25, b"Ethernet0") | cell(EXT_IF_USE_BIA, (25,), value)
    (row,) = ask(Mib(table), virtual_gateways).rows
    assert row.mac == "00:00:0c:07:ac:07"


# --- Agents


def test_a_router_without_the_table_is_empty_without_a_gap() -> None:
    table = ask(Mib(interface(25, b"Ethernet0")), virtual_gateways)
    assert (table.rows, table.gaps) == ((), ())


def test_an_agent_that_falls_silent_keeps_what_it_told_and_says_so() -> None:
    mib = Mib(group())

    def handler(request: Request) -> list[bytes]:
        return [] if request.oids[0] >= dotted(GRP_VIRTUAL_MAC_ADDR) else mib(request)

    table = ask(handler, virtual_gateways, timeout=0.05)
    assert [(row.mac, row.state) for row in table.rows] == [(None, "active")]
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"NO RECORDINGS at {CORPUS}: set NETGUARD_CORPUS")
def test_virtual_gateways_are_those_recorded() -> None:
    table = ask(agent_of("ios_c3560"), virtual_gateways, deadline=20)
    addresses = column("ios_c3560", GRP_VIRTUAL_IP_ADDR)
    macs = column("ios_c3560", GRP_VIRTUAL_MAC_ADDR)
    assert table.gaps == ()
    assert {f"{row.if_index}.{row.group}": str(row.ip) for row in table.rows} == addresses
    assert [row.mac for row in table.rows] == [
        bytes.fromhex(macs[index]).hex(":") for index in addresses
    ]
    assert [row.state for row in table.rows] == ["standby", "initial"]
