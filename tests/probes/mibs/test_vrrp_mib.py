"""Virtual routers of VRRP for IPv4, whose addresses stand in an index alone."""

from ipaddress import ip_address as ip

import pytest

from probes.mibs.vrrp_mib import (
    ASSO_IP_ADDR_ROW_STATUS,
    OPER_STATE,
    OPER_VIRTUAL_MAC_ADDR,
    virtual_gateways,
)
from probes.records import VirtualGateway
from tests.snmp_agent import GEN_ERR, Mib, Oid, Request, ask, dotted, failure, integer, octets

ACTIVE, NOT_IN_SERVICE, NOT_READY = 1, 2, 3
MASTER = 3
MAC = b"\x00\x00\x5e\x00\x01\x0a"


def router(if_index: int = 7, vrid: int = 10, state: int = MASTER) -> dict[Oid, bytes]:
    return {
        (*dotted(OPER_VIRTUAL_MAC_ADDR), if_index, vrid): octets(MAC),
        (*dotted(OPER_STATE), if_index, vrid): integer(state),
    }


def address(*index: int, status: int = ACTIVE) -> dict[Oid, bytes]:
    return {(*dotted(ASSO_IP_ADDR_ROW_STATUS), *index): integer(status)}


def shared(
    last: int = 1, mac: str | None = "00:00:5e:00:01:0a", state: str = "master"
) -> VirtualGateway:
    return VirtualGateway(
        ip=ip(f"192.0.2.{last}"), mac=mac, protocol="vrrp", if_index=7, group=10, state=state
    )


def test_every_address_of_a_virtual_router_is_a_virtual_gateway() -> None:
    objects = router() | address(7, 10, 192, 0, 2, 1) | address(7, 10, 4, 192, 0, 2, 2)
    table = ask(Mib(objects), virtual_gateways)
    assert (set(table.rows), table.gaps) == ({shared(1), shared(2)}, ())


@pytest.mark.parametrize(
    ("number", "word"), [(1, "initialize"), (2, "backup"), (3, "master"), (9, "unknown")]
)
def test_the_state_is_told_in_the_words_of_the_mib(number: int, word: str) -> None:
    objects = router(state=number) | address(7, 10, 192, 0, 2, 1)
    assert ask(Mib(objects), virtual_gateways).rows == (shared(state=word),)


def test_a_router_that_does_not_tell_its_mac_has_none() -> None:
    zeros = {(*dotted(OPER_VIRTUAL_MAC_ADDR), 7, 10): octets(bytes(6))}
    for objects in ({}, zeros, router(7, 11), router(8, 10)):
        found = ask(Mib(objects | address(7, 10, 192, 0, 2, 1)), virtual_gateways).rows
        assert found == (shared(mac=None, state="unknown"),)


@pytest.mark.parametrize("status", [NOT_IN_SERVICE, NOT_READY])
def test_an_address_that_is_not_in_use_is_no_virtual_gateway(status: int) -> None:
    objects = router() | address(7, 10, 192, 0, 2, 1, status=status)
    assert ask(Mib(objects), virtual_gateways).rows == ()


@pytest.mark.parametrize(
    "index",
    [
        (7,),
        (7, 10),
        (7, 10, 192, 0, 2),
        (7, 10, 192, 0, 2, 300),
        (7, 10, 0, 0, 0, 0),
        (7, 10, 224, 0, 0, 18),
        (7, 0, 192, 0, 2, 1),
        (7, 256, 192, 0, 2, 1),
        (7, 10, 192, 0, 2, 1, 1),
    ],
)
def test_an_index_of_garbage_is_no_virtual_gateway(index: Oid) -> None:
    table = ask(Mib(router() | address(*index)), virtual_gateways)
    assert (table.rows, table.gaps) == ((), ())


def test_a_router_without_addresses_costs_one_request() -> None:
    asked: list[Oid] = []

    def handler(request: Request) -> list[bytes]:
        asked.extend(request.oids)
        return Mib({dotted("1.3.6.1.6.3.1.1.6.1.0"): integer(7)})(request)

    assert ask(handler, virtual_gateways).rows == ()
    assert asked == [dotted(ASSO_IP_ADDR_ROW_STATUS)]


def test_macs_that_cannot_be_read_are_a_gap_and_the_addresses_stay() -> None:
    at = dotted(OPER_VIRTUAL_MAC_ADDR)

    def handler(request: Request) -> list[bytes]:
        if request.oids[0][: len(at)] == at:
            return [failure(request, GEN_ERR)]
        return Mib(router() | address(7, 10, 192, 0, 2, 1))(request)

    table = ask(handler, virtual_gateways)
    assert table.rows == (shared(mac=None),)
    assert [gap.kind for gap in table.gaps] == ["snmp-error"]
