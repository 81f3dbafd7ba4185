"""Virtual routers of VRRP version 3, for both families."""

from ipaddress import ip_address as ip

import pytest

from probes.mibs.vrrpv3_mib import (
    ASSOCIATED_IP_ADDR_ROW_STATUS,
    OPERATIONS_STATUS,
    OPERATIONS_VIRTUAL_MAC_ADDR,
    virtual_gateways,
)
from probes.records import VirtualGateway
from tests.snmp_agent import Mib, Oid, ask, dotted, integer, octets

BACKUP, MASTER = 2, 3
IPV4, IPV6 = 1, 2
V4, V6 = (192, 0, 2, 1), tuple(ip("2001:db8::1").packed)


def router(family: int, state: int) -> dict[Oid, bytes]:
    mac = b"\x00\x00\x5e\x00" + bytes((family, 10))
    return {
        (*dotted(OPERATIONS_VIRTUAL_MAC_ADDR), 7, 10, family): octets(mac),
        (*dotted(OPERATIONS_STATUS), 7, 10, family): integer(state),
    }


def address(*index: int, status: int = 1) -> dict[Oid, bytes]:
    return {(*dotted(ASSOCIATED_IP_ADDR_ROW_STATUS), *index): integer(status)}


ROUTERS = router(IPV4, MASTER) | router(IPV6, BACKUP)
GATEWAY = VirtualGateway(
    ip=ip("192.0.2.1"),
    mac="00:00:5e:00:01:0a",
    protocol="vrrp",
    if_index=7,
    group=10,
    state="master",
)
GATEWAY6 = VirtualGateway(
    ip=ip("2001:db8::1"),
    mac="00:00:5e:00:02:0a",
    protocol="vrrp",
    if_index=7,
    group=10,
    state="backup",
)


def test_a_vrid_is_a_router_of_its_own_in_each_family() -> None:
    objects = ROUTERS | address(7, 10, IPV4, 4, *V4) | address(7, 10, IPV6, 16, *V6)
    table = ask(Mib(objects), virtual_gateways)
    assert (table.rows, table.gaps) == ((GATEWAY, GATEWAY6), ())


def test_an_address_without_its_length_is_understood() -> None:
    objects = ROUTERS | address(7, 10, IPV4, *V4) | address(7, 10, IPV6, *V6)
    assert ask(Mib(objects), virtual_gateways).rows == (GATEWAY, GATEWAY6)


@pytest.mark.parametrize(
    "index",
    [(7,), (7, 10), (7, 10, 1), (7, 10, 9, 4, *V4), (7, 10, 1, 16, *V6), (7, 0, 1, 4, *V4)],
)
def test_an_index_of_garbage_is_no_virtual_gateway(index: Oid) -> None:
    table = ask(Mib(ROUTERS | address(*index)), virtual_gateways)
    assert (table.rows, table.gaps) == ((), ())


def test_an_address_that_is_not_in_use_is_no_virtual_gateway() -> None:
    objects = ROUTERS | address(7, 10, IPV4, 4, *V4, status=3)
    assert ask(Mib(objects), virtual_gateways).rows == ()
