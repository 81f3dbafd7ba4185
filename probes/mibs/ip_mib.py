"""IP-MIB: the device's own addresses, and whom it believes to have which address.

Every table exists twice, as the old IPv4 one and as the one for both families. Agents implement
either, or both with different rows, so both are read and merged.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from probes.mibs.columns import octets, read, station
from probes.records import ArpEntry, InterfaceAddress, IPAddress, Table
from probes.snmp import Index, Session, Value

IP_AD_ENT_IF_INDEX = "1.3.6.1.2.1.4.20.1.2"
IP_AD_ENT_NET_MASK = "1.3.6.1.2.1.4.20.1.3"
IP_ADDRESS_IF_INDEX = "1.3.6.1.2.1.4.34.1.3"
IP_ADDRESS_TYPE = "1.3.6.1.2.1.4.34.1.4"
IP_ADDRESS_PREFIX = "1.3.6.1.2.1.4.34.1.5"
IP_ADDRESS_PREFIX_ENTRY = "1.3.6.1.2.1.4.32.1."
IP_NET_TO_MEDIA_PHYS_ADDRESS = "1.3.6.1.2.1.4.22.1.2"
IP_NET_TO_MEDIA_TYPE = "1.3.6.1.2.1.4.22.1.4"
IP_NET_TO_PHYSICAL_PHYS_ADDRESS = "1.3.6.1.2.1.4.35.1.4"
IP_NET_TO_PHYSICAL_TYPE = "1.3.6.1.2.1.4.35.1.6"

_BROADCAST, _INVALID = 3, 2
_V4, _V6, _ZONE = 4, 16, 4

# InetAddressType (RFC 4001): octets of the address, and the lengths its index may have. Types 3
# and 4 carry a zone; agents leave it out.
_INET = {
    1: (_V4, (_V4,)),
    2: (_V6, (_V6,)),
    3: (_V4, (_V4, _V4 + _ZONE)),
    4: (_V6, (_V6, _V6 + _ZONE)),
}


async def addresses(session: Session) -> Table[InterfaceAddress]:
    """Read the device's own unicast and anycast addresses, IPv4 and IPv6."""
    (old_at, masks), old_gaps = await read(session, IP_AD_ENT_IF_INDEX, IP_AD_ENT_NET_MASK)
    (at, kinds, prefixes), gaps = await read(
        session, IP_ADDRESS_IF_INDEX, IP_ADDRESS_TYPE, IP_ADDRESS_PREFIX
    )
    found = [
        *((_v4(i), if_index, _mask_length(masks.get(i))) for i, if_index in old_at.items()),
        *(
            (_typed(i), if_index, _prefix_length(prefixes.get(i)))
            for i, if_index in at.items()
            if kinds.get(i) != _BROADCAST
        ),
    ]
    merged: dict[tuple[IPAddress, int], InterfaceAddress] = {}
    for ip, if_index, length in found:
        if ip is None or ip.is_unspecified or not isinstance(if_index, int):
            continue
        known = merged.get((ip, if_index))
        if known is None or known.prefix_length is None:
            merged[ip, if_index] = InterfaceAddress(ip=ip, prefix_length=length, if_index=if_index)
    return Table(tuple(merged.values()), old_gaps + gaps)


async def arp(session: Session) -> Table[ArpEntry]:
    """Read the ARP and ND cache; rows that are invalid or name no station are left out."""
    media = await _cache(session, IP_NET_TO_MEDIA_PHYS_ADDRESS, IP_NET_TO_MEDIA_TYPE, _v4)
    physical = await _cache(
        session, IP_NET_TO_PHYSICAL_PHYS_ADDRESS, IP_NET_TO_PHYSICAL_TYPE, _typed
    )
    rows = dict.fromkeys(media.rows + physical.rows)
    return Table(tuple(rows), media.gaps + physical.gaps)


async def _cache(
    session: Session, macs_oid: str, kinds_oid: str, address: Callable[[Index], IPAddress | None]
) -> Table[ArpEntry]:
    (macs, kinds), gaps = await read(session, macs_oid, kinds_oid)
    rows = []
    for index, value in macs.items():
        ip, mac = address(index[1:]), station(value)
        if ip is None or mac is None or kinds.get(index) == _INVALID:
            continue
        if not (ip.is_unspecified or ip.is_multicast):
            rows.append(ArpEntry(ip=ip, mac=mac, if_index=index[0]))
    return Table(tuple(rows), gaps)


def _v4(index: Index) -> IPv4Address | None:
    packed = octets(index, _V4)
    return None if packed is None else IPv4Address(packed)


def _typed(index: Index) -> IPAddress | None:
    """Return the address of an InetAddressType, InetAddress index; ASAs leave the length out."""
    size, lengths = _INET.get(index[0] if index else 0, (0, ()))
    rest = index[1:]
    if rest and len(rest) not in lengths and rest[0] == len(rest) - 1:
        rest = rest[1:]
    packed = octets(rest[:size], size) if len(rest) in lengths else None
    if packed is None:
        return None
    return IPv4Address(packed) if size == _V4 else IPv6Address(packed)


def _mask_length(mask: Value | None) -> int | None:
    """Return the prefix length of a netmask, None where its bits are not in one run."""
    try:
        bits = int(IPv4Address(mask))
    except ValueError:
        return None
    length = bits.bit_count()
    return length if bits == 0xFFFFFFFF << (32 - length) & 0xFFFFFFFF else None


def _prefix_length(prefix: Value | None) -> int | None:
    """Return the last arc of a RowPointer into ipAddressPrefixTable: the prefix length."""
    if not isinstance(prefix, str) or not prefix.startswith(IP_ADDRESS_PREFIX_ENTRY):
        return None
    length = int(prefix.rpartition(".")[2])
    return length if length <= 128 else None  # noqa: PLR2004 - bits of the longest address
