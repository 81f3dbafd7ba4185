"""VRRPV3-MIB (RFC 6527): the addresses of both families that a router shares with others."""

from probes.mibs.columns import read_rows
from probes.mibs.ip_mib import typed_address
from probes.mibs.vrrp_mib import gateway
from probes.records import Table, VirtualGateway
from probes.snmp import Session

OPERATIONS_VIRTUAL_MAC_ADDR = "1.3.6.1.2.1.207.1.1.1.1.5"
OPERATIONS_STATUS = "1.3.6.1.2.1.207.1.1.1.1.6"
ASSOCIATED_IP_ADDR_ROW_STATUS = "1.3.6.1.2.1.207.1.1.2.1.2"


async def virtual_gateways(session: Session) -> Table[VirtualGateway]:
    """Read the addresses of every virtual router, with its MAC and this router's part in it.

    A VRID is two virtual routers, one for each family: the index of the first table is ifIndex,
    VRID and InetAddressType, and the address stands behind these in that of the second.
    """
    (in_use, macs, states), gaps = await read_rows(
        session, ASSOCIATED_IP_ADDR_ROW_STATUS, OPERATIONS_VIRTUAL_MAC_ADDR, OPERATIONS_STATUS
    )
    rows = (
        gateway(i[:2], typed_address(i[2:]), status, macs.get(i[:3]), states.get(i[:3]))
        for i, status in in_use.items()
    )
    return Table(tuple(row for row in rows if row is not None), gaps)
