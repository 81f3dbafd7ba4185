"""CISCO-IETF-IP-MIB: what older IOS knows of IPv6, and has in no other table."""

from ipaddress import ip_network

from probes.mibs.columns import MAC_OCTETS, read, station
from probes.mibs.ip_mib import typed_address
from probes.records import ArpEntry, InterfaceAddress, IPAddress, Table
from probes.snmp import Session, Value

ADDRESS_PREFIX_ENTRY = "1.3.6.1.4.1.9.10.86.1.1.1.1."
ADDRESS_IF_INDEX = "1.3.6.1.4.1.9.10.86.1.1.2.1.3"
ADDRESS_TYPE = "1.3.6.1.4.1.9.10.86.1.1.2.1.4"
ADDRESS_PREFIX = "1.3.6.1.4.1.9.10.86.1.1.2.1.5"
NET_TO_MEDIA_PHYS_ADDRESS = "1.3.6.1.4.1.9.10.86.1.1.3.1.3"
NET_TO_MEDIA_TYPE = "1.3.6.1.4.1.9.10.86.1.1.3.1.5"

_BROADCAST, _INVALID = 3, 2


async def addresses(session: Session) -> Table[InterfaceAddress]:
    """Read the device's own unicast and anycast addresses."""
    (at, kinds, prefixes), gaps = await read(
        session, ADDRESS_IF_INDEX, ADDRESS_TYPE, ADDRESS_PREFIX
    )
    rows = {}
    for index, if_index in at.items():
        ip = _host(typed_address(index))
        if ip is None or kinds.get(index) == _BROADCAST or not isinstance(if_index, int):
            continue
        length = _prefix_length(ip, prefixes.get(index))
        rows[ip, if_index] = InterfaceAddress(ip=ip, prefix_length=length, if_index=if_index)
    return Table(tuple(rows.values()), gaps)


async def arp(session: Session) -> Table[ArpEntry]:
    """Read the ND and ARP cache; rows that are invalid or name no station are left out."""
    (macs, kinds), gaps = await read(session, NET_TO_MEDIA_PHYS_ADDRESS, NET_TO_MEDIA_TYPE)
    rows = []
    for index, value in macs.items():
        ip, mac = _host(typed_address(index[1:])), _station(value)
        if ip is not None and mac is not None and kinds.get(index) != _INVALID:
            rows.append(ArpEntry(ip=ip, mac=mac, if_index=index[0]))
    return Table(tuple(dict.fromkeys(rows)), gaps)


def _host(ip: IPAddress | None) -> IPAddress | None:
    """Return a host's address, None for any other, and for what a torn index looks like.

    The length before an address, taken for its first octet, makes one that nobody may have.
    """
    if ip is None or ip.is_unspecified or ip.is_multicast or ip.is_reserved:
        return None
    return ip


def _station(value: Value) -> str | None:
    """Return the MAC that a value begins with: some IOS write more octets than it has."""
    return station(value[:MAC_OCTETS]) if isinstance(value, bytes) else None


def _prefix_length(ip: IPAddress, pointer: Value | None) -> int | None:
    """Return the prefix length that a row pointer ends with, None where it leads elsewhere.

    It leads to a column, an interface, the prefix and its length; the address is in that prefix.
    """
    if not isinstance(pointer, str) or not pointer.startswith(ADDRESS_PREFIX_ENTRY):
        return None
    _, *index = map(int, pointer.removeprefix(ADDRESS_PREFIX_ENTRY).split("."))
    prefix, length = typed_address(tuple(index[1:-1])), index[-1] if index else 0
    if prefix is None or length > prefix.max_prefixlen:
        return None
    return length if ip in ip_network((prefix, length), strict=False) else None
