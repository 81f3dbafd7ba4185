"""The addresses that a Foundry shares with other routers, by VRRP or VRRP-E."""

from ipaddress import IPv4Address

import pytest

from probes.mibs.foundry_sn_ip_vrrp_mib import (
    GROUP_OPER_MODE,
    GROUP_OPER_MODE_EXTENDED,
    VIR_RTR2_IP_ADDR_MASK,
    VIR_RTR2_OWNERSHIP,
    VIR_RTR2_ROW_STATUS,
    VIR_RTR2_STATE,
    VIR_RTR2_VIRTUAL_MAC_ADDR,
    VIR_RTR_IP_ADDR_MASK,
    VIR_RTR_OWNERSHIP,
    VIR_RTR_ROW_STATUS,
    VIR_RTR_STATE,
    virtual_gateways,
)
from probes.mibs.foundry_sn_switch_group_mib import SW_PORT_IF_INDEX
from probes.records import VirtualGateway
from tests.snmp_agent import Mib, Oid, Request, ask, dotted, integer, ip_address, octets

VE_55, GROUP = 16_777_271, 7
SLOT_1_PORT_2, OLD_VE_55 = 0x0102, 0x010037
VRRP_MAC, VRRP_E_MAC = b"\x00\x00\x5e\x00\x01\x07", b"\x02\xe0\x52\x1a\x2b\x07"
GATEWAY = b"\xc0\x00\x02\x01"
OWNER, BACKUP = 1, 2
PORTS = {(*dotted(SW_PORT_IF_INDEX), SLOT_1_PORT_2): integer(2)}
COLUMNS = {
    "addresses": VIR_RTR2_IP_ADDR_MASK,
    "state": VIR_RTR2_STATE,
    "ownership": VIR_RTR2_OWNERSHIP,
    "status": VIR_RTR2_ROW_STATUS,
    "mac": VIR_RTR2_VIRTUAL_MAC_ADDR,
}


def row(index: Oid = (VE_55, GROUP), **changes: bytes | None) -> dict[Oid, bytes]:
    values: dict[str, bytes | None] = {
        "addresses": octets(GATEWAY),
        "state": integer(1),
        "ownership": integer(BACKUP),
        "status": integer(2),
        "mac": octets(VRRP_E_MAC),
        **changes,
    }
    return {
        (*dotted(COLUMNS[name]), *index): value
        for name, value in values.items()
        if value is not None
    }


def old_row(index: Oid, ownership: int = BACKUP) -> dict[Oid, bytes]:
    return {
        (*dotted(VIR_RTR_OWNERSHIP), *index): integer(ownership),
        (*dotted(VIR_RTR_STATE), *index): integer(2),
        (*dotted(VIR_RTR_IP_ADDR_MASK), *index): octets(GATEWAY + bytes(60)),
        (*dotted(VIR_RTR_ROW_STATUS), *index): integer(2),
    }


def modes(plain: int, extended: int | None) -> dict[Oid, bytes]:
    found = {(*dotted(GROUP_OPER_MODE), 0): integer(plain)}
    if extended is not None:
        found[*dotted(GROUP_OPER_MODE_EXTENDED), 0] = integer(extended)
    return found


def test_a_virtual_router_shares_its_address_and_mac_on_its_interface() -> None:
    table = ask(Mib(row()), virtual_gateways)
    assert table.gaps == ()
    assert table.rows == (
        VirtualGateway(
            ip=IPv4Address("192.0.2.1"),
            mac="02:e0:52:1a:2b:07",
            protocol="vrrp-e",
            if_index=VE_55,
            group=GROUP,
            state="master",
        ),
    )


def test_every_address_of_a_virtual_router_is_a_row_and_zeros_are_none() -> None:
    packed = GATEWAY + b"\xc0\x00\x02\x02" + GATEWAY + bytes(52)
    table = ask(Mib(row(addresses=octets(packed))), virtual_gateways)
    assert [str(one.ip) for one in table.rows] == ["192.0.2.1", "192.0.2.2"]


@pytest.mark.parametrize("packed", [octets(b""), octets(bytes(4)), None])
def test_a_virtual_router_without_an_address_is_no_gateway(packed: bytes | None) -> None:
    table = ask(Mib(row(addresses=packed)), virtual_gateways)
    assert (table.rows, table.gaps) == ((), ())


@pytest.mark.parametrize(
    "packed", [octets(GATEWAY[:3]), octets(GATEWAY + b"\0"), integer(1), ip_address(GATEWAY)]
)
def test_addresses_of_another_length_are_a_gap_and_cost_no_other_router(packed: bytes) -> None:
    objects = row() | row((VE_55, 8), addresses=packed)
    table = ask(Mib(objects), virtual_gateways)
    assert [one.group for one in table.rows] == [GROUP]
    (gap,) = table.gaps
    assert (gap.subject, gap.kind) == ("cat1", "snmp-malformed")
    assert gap.remedy


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (integer(0), "init"),
        (integer(1), "master"),
        (integer(2), "backup"),
        (integer(3), "unknown"),
        (octets(b"master"), "unknown"),
        (None, "unknown"),
    ],
)
def test_the_state_is_the_word_of_the_mib(state: bytes | None, word: str) -> None:
    (found,) = ask(Mib(row(state=state)), virtual_gateways).rows
    assert found.state == word


@pytest.mark.parametrize(
    ("mac", "spelled", "protocol"),
    [
        (octets(VRRP_MAC), "00:00:5e:00:01:07", "vrrp"),
        (octets(VRRP_MAC[:5] + b"\x08"), "00:00:5e:00:01:08", "vrrp-e"),
        (octets(VRRP_E_MAC), "02:e0:52:1a:2b:07", "vrrp-e"),
        (octets(bytes(6)), None, "vrrp-e"),
        (octets(VRRP_MAC[:5]), None, "vrrp-e"),
        (integer(7), None, "vrrp-e"),
        (None, None, "vrrp-e"),
    ],
)
def test_only_the_mac_of_its_own_group_makes_it_vrrp(
    mac: bytes | None, spelled: str | None, protocol: str
) -> None:
    (found,) = ask(Mib(row(mac=mac)), virtual_gateways).rows
    assert (found.mac, found.protocol) == (spelled, protocol)


@pytest.mark.parametrize(
    ("plain", "extended", "ownership", "protocol"),
    [
        (1, 0, BACKUP, "vrrp"),
        (1, None, BACKUP, "vrrp"),
        (0, 1, BACKUP, "vrrp-e"),
        (1, 1, BACKUP, "vrrp-e"),
        (0, 0, BACKUP, "vrrp-e"),
        (1, 1, OWNER, "vrrp"),  # VRRP-E has no owner
    ],
)
def test_without_a_mac_the_protocol_is_what_the_device_speaks(
    plain: int, extended: int | None, ownership: int, protocol: str
) -> None:
    silent = row(mac=None, ownership=integer(ownership))
    (found,) = ask(Mib(silent | modes(plain, extended)), virtual_gateways).rows
    assert found.protocol == protocol


def test_what_the_device_speaks_does_not_make_another_mac_one_of_vrrp() -> None:
    (found,) = ask(Mib(row() | modes(1, 0)), virtual_gateways).rows
    assert found.protocol == "vrrp-e"


@pytest.mark.parametrize("status", [0, 1, 3])
def test_a_virtual_router_that_is_not_valid_is_none(status: int) -> None:
    table = ask(Mib(row(status=integer(status))), virtual_gateways)
    assert (table.rows, table.gaps) == ((), ())


@pytest.mark.parametrize(
    "index", [(VE_55,), (VE_55, 0), (VE_55, 256), (0, 7), (2**32 - 1, 7), (VE_55, 7, 1)]
)
def test_an_index_of_garbage_is_no_virtual_router(index: Oid) -> None:
    table = ask(Mib(row(index)), virtual_gateways)
    assert (table.rows, table.gaps) == ((), ())


@pytest.mark.parametrize(("ownership", "protocol"), [(OWNER, "vrrp"), (BACKUP, "vrrp-e")])
def test_a_virtual_router_of_old_software_is_on_the_interface_that_its_port_is(
    ownership: int, protocol: str
) -> None:
    table = ask(Mib(old_row((SLOT_1_PORT_2, GROUP), ownership) | PORTS), virtual_gateways)
    assert table.gaps == ()
    (found,) = table.rows
    assert (found.if_index, found.group, found.state) == (2, GROUP, "backup")
    assert (str(found.ip), found.mac, found.protocol) == ("192.0.2.1", None, protocol)


def test_an_old_virtual_router_that_is_tied_to_no_interface_is_a_gap() -> None:
    table = ask(Mib(old_row((OLD_VE_55, GROUP)) | PORTS), virtual_gateways)
    assert table.rows == ()
    (gap,) = table.gaps
    assert (gap.subject, gap.kind) == ("cat1", "vrrp-port-unknown")
    assert gap.remedy


def test_silence_while_the_ports_are_read_is_the_only_gap() -> None:
    mib, dark = Mib(old_row((SLOT_1_PORT_2, GROUP)) | PORTS), dotted(SW_PORT_IF_INDEX)

    def handler(request: Request) -> list[bytes]:
        return [] if request.oids[0] == dark else mib(request)

    table = ask(handler, virtual_gateways, timeout=0.05)
    assert table.rows == ()
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]


def test_the_deprecated_table_is_not_read_beside_the_current_one() -> None:
    table = ask(Mib(row() | old_row((OLD_VE_55, GROUP))), virtual_gateways)
    assert (len(table.rows), table.gaps) == (1, ())


def test_a_router_that_shares_nothing_is_empty_without_a_gap() -> None:
    table = ask(Mib(modes(1, 0) | PORTS), virtual_gateways)
    assert (table.rows, table.gaps) == ((), ())


def test_an_agent_that_stops_in_the_middle_tells_no_mac_and_says_so() -> None:
    mib, dark = Mib(row()), dotted(VIR_RTR2_VIRTUAL_MAC_ADDR)

    def handler(request: Request) -> list[bytes]:
        return [] if request.oids[0] == dark else mib(request)

    table = ask(handler, virtual_gateways, timeout=0.05)
    assert [one.mac for one in table.rows] == [None]
    assert [gap.kind for gap in table.gaps] == ["snmp-timeout"]
