"""IP-MIB: the device's own addresses, and whom it believes to have which address.

Every table exists twice, as the old IPv4 one and as the one for both families. Agents implement
either, or both with different rows, so both are read and merged.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address

from probes.mibs.columns import octets, read_rows, station
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
IP_NET_TO_PHYSICAL_STATE = "1.3.6.1.2.1.4.35.1.7"

_NOT_UNICAST = (2, 3)  # ipAddressType: anycast, broadcast
_INVALID = 2  # ipNetToMediaType, ipNetToPhysicalType
_UNRESOLVED = (5, 7)  # ipNetToPhysicalState: invalid, incomplete
_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_ALL_HOSTS = IPv4Address("255.255.255.255")
_V4, _V6, _ZONE = 4, 16, 4
_POINT_TO_POINT = 127
_TEXT = frozenset(b"0123456789abcdefABCDEF:.")

# InetAddressType (RFC 4001): octets of the address, and the lengths its index may have. Types 3
# and 4 carry a zone; agents leave it out.
_INET = {
    1: (_V4, (_V4,)),
    2: (_V6, (_V6,)),
    3: (_V4, (_V4, _V4 + _ZONE)),
    4: (_V6, (_V6, _V6 + _ZONE)),
}


async def addresses(session: Session) -> Table[InterfaceAddress]:
    """Read the device's own unicast addresses, IPv4 and IPv6."""
    (old_at, masks), old_gaps = await read_rows(session, IP_AD_ENT_IF_INDEX, IP_AD_ENT_NET_MASK)
    (at, kinds, prefixes), gaps = await read_rows(
        session, IP_ADDRESS_IF_INDEX, IP_ADDRESS_TYPE, IP_ADDRESS_PREFIX
    )
    found = [
        *((_v4(i), if_index, _mask_length(masks.get(i))) for i, if_index in old_at.items()),
        *(
            (ip := typed_address(i), if_index, _prefix_length(ip, prefixes.get(i)))
            for i, if_index in at.items()
            if kinds.get(i) not in _NOT_UNICAST
        ),
    ]
    merged: dict[tuple[IPAddress, int], InterfaceAddress] = {}
    for ip, if_index, length in found:
        if ip is None or not isinstance(if_index, int) or not _is_own(ip, length):
            continue
        known = merged.get((ip, if_index))
        if known is None or not known.prefix_length:
            merged[ip, if_index] = InterfaceAddress(ip=ip, prefix_length=length, if_index=if_index)
    return Table(tuple(merged.values()), old_gaps + gaps)


async def arp(session: Session) -> Table[ArpEntry]:
    """Read the ARP and ND cache; rows that are invalid or name no station are left out."""
    (macs, kinds), gaps = await read_rows(
        session, IP_NET_TO_MEDIA_PHYS_ADDRESS, IP_NET_TO_MEDIA_TYPE
    )
    media = (
        _arp_entry(i, _v4(i[1:]) or typed_address(i[1:]), mac, kinds.get(i))
        for i, mac in macs.items()
    )
    (new_macs, new_kinds, states), new_gaps = await read_rows(
        session,
        IP_NET_TO_PHYSICAL_PHYS_ADDRESS,
        IP_NET_TO_PHYSICAL_TYPE,
        IP_NET_TO_PHYSICAL_STATE,
    )
    physical = (
        _arp_entry(i, typed_address(i[1:]), mac, new_kinds.get(i), states.get(i))
        for i, mac in new_macs.items()
    )
    rows = dict.fromkeys(row for row in (*media, *physical) if row is not None)
    return Table(tuple(rows), gaps + new_gaps)


def _arp_entry(
    index: Index,
    ip: IPAddress | None,
    mac: Value,
    kind: Value | None = None,
    state: Value | None = None,
) -> ArpEntry | None:
    """Make a row, None where it has no address, names no station, or is invalid or incomplete."""
    station_mac = station(mac)
    if ip is None or station_mac is None or kind == _INVALID or state in _UNRESOLVED:
        return None
    if not is_unicast(ip):
        return None
    return ArpEntry(ip=ip, mac=station_mac, if_index=index[0])


def is_unicast(ip: IPAddress) -> bool:
    """Tell whether a host may have the address (RFC 1122, section 3.2.1.3; RFC 4291)."""
    return not (ip.is_unspecified or ip.is_multicast or ip in _THIS_NETWORK or ip == _ALL_HOSTS)


def _is_own(ip: IPAddress, length: int | None) -> bool:
    """Tell an address of an interface from those that stand for a network (RFC 4291, 2.6.1).

    Agents list the anycast address of all routers of a subnet as unicast; a link between two
    routers (/127) has none.
    """
    if not is_unicast(ip):
        return False
    if isinstance(ip, IPv4Address) or length is None or length >= _POINT_TO_POINT:
        return True
    return int(ip) & (1 << 128 - length) - 1 != 0


def _v4(index: Index) -> IPv4Address | None:
    packed = octets(index, _V4)
    return None if packed is None else IPv4Address(packed)


def typed_address(index: Index) -> IPAddress | None:
    """Return the address of an InetAddressType, InetAddress index, None where it spells none.

    ASAs leave the length out; Fabric OS writes text, `010.040.001.039`, instead of octets.
    """
    size, lengths = _INET.get(index[0] if index else 0, (0, ()))
    rest = index[1:]
    if rest and len(rest) not in lengths and rest[0] == len(rest) - 1:
        rest = rest[1:]
    if not size or not rest:
        return None
    if _TEXT.issuperset(rest) and (spelled := _spelled(bytes(rest), size)) is not None:
        return spelled
    packed = octets(rest[:size], size) if len(rest) in lengths else None
    if packed is None:
        return None
    return IPv4Address(packed) if size == _V4 else IPv6Address(packed)


def _spelled(spelling: bytes, size: int) -> IPAddress | None:
    try:
        if size == _V6:
            return IPv6Address(spelling.decode())
        # Padded with zeros to three digits, which `ipaddress` takes for octal and refuses.
        return IPv4Address(bytes(map(int, spelling.split(b"."))))
    except ValueError:
        return None


def _mask_length(mask: Value | None) -> int | None:
    """Return the prefix length of a netmask, None where its bits are not in one run."""
    try:
        bits = int(IPv4Address(mask))
    except ValueError:
        return None
    length = bits.bit_count()
    return length if bits == 0xFFFFFFFF << (32 - length) & 0xFFFFFFFF else None


def _prefix_length(ip: IPAddress | None, prefix: Value | None) -> int | None:
    """Return the last arc of a RowPointer into ipAddressPrefixTable: the prefix length."""
    if ip is None or not isinstance(prefix, str):
        return None
    if not prefix.startswith(IP_ADDRESS_PREFIX_ENTRY):
        return None
    length = int(prefix.rpartition(".")[2])
    return length if 0 < length <= ip.max_prefixlen else None
