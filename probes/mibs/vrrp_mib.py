"""VRRP-MIB (RFC 2787): the IPv4 addresses that a router shares with others by VRRP."""

from probes.mibs.columns import number, read_rows, station
from probes.mibs.ip_mib import is_unicast, typed_address
from probes.records import IPAddress, Table, VirtualGateway
from probes.snmp import Index, Session, Value

OPER_VIRTUAL_MAC_ADDR = "1.3.6.1.2.1.68.1.3.1.2"
OPER_STATE = "1.3.6.1.2.1.68.1.3.1.3"
ASSO_IP_ADDR_ROW_STATUS = "1.3.6.1.2.1.68.1.4.1.2"

_IPV4 = 1  # InetAddressType
_VRIDS = range(1, 256)
_STATES = {1: "initialize", 2: "backup", 3: "master"}
_NOT_IN_USE = (2, 3, 6)  # RowStatus: notInService, notReady, destroy


async def virtual_gateways(session: Session) -> Table[VirtualGateway]:
    """Read the addresses of every virtual router, with its MAC and this router's part in it.

    The addresses stand in the index alone, behind the ifIndex and the VRID.
    """
    (in_use, macs, states), gaps = await read_rows(
        session, ASSO_IP_ADDR_ROW_STATUS, OPER_VIRTUAL_MAC_ADDR, OPER_STATE
    )
    rows = (
        gateway(i[:2], typed_address((_IPV4, *i[2:])), status, macs.get(i[:2]), states.get(i[:2]))
        for i, status in in_use.items()
    )
    return Table(tuple(row for row in rows if row is not None), gaps)


def gateway(
    router: Index, ip: IPAddress | None, status: Value, mac: Value | None, state: Value | None
) -> VirtualGateway | None:
    """Make a row of a virtual router, None where it has no such address or not yet."""
    if ip is None or not is_unicast(ip) or status in _NOT_IN_USE or router[1] not in _VRIDS:
        return None
    return VirtualGateway(
        ip=ip,
        mac=station(mac),
        protocol="vrrp",
        if_index=router[0],
        group=router[1],
        state=_STATES.get(number(state) or 0, "unknown"),
    )
