"""This machine's own interfaces, MACs and addresses, in the calling thread's namespace.

getifaddrs(3) asks the kernel by netlink. /sys/class/net would not do: it may be mounted for
another namespace. Whether an IPv6 address may be spoken from, getifaddrs does not tell; proc does.
"""

import ctypes
import os
import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address
from pathlib import Path

import msgspec

from probes.errors import LinkError

ARPHRD_ETHER = 1
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_SOCKADDR_IN = struct.Struct("=HH4s")
_SOCKADDR_LL = struct.Struct("=HHiHBB6s")
_IF_INET6 = Path("/proc/thread-self/net/if_inet6")
_IFA_F_TENTATIVE = 0x40  # for good, where duplicate address detection found another owner


class _IfAddrs(ctypes.Structure):
    pass


_IfAddrs._fields_ = [
    ("next", ctypes.POINTER(_IfAddrs)),
    ("name", ctypes.c_char_p),
    ("flags", ctypes.c_uint),
    ("addr", ctypes.c_void_p),
    ("netmask", ctypes.c_void_p),
    ("broadcast", ctypes.c_void_p),
    ("data", ctypes.c_void_p),
]

_libc = ctypes.CDLL(None, use_errno=True)
_libc.getifaddrs.argtypes = [ctypes.POINTER(ctypes.POINTER(_IfAddrs))]
_libc.freeifaddrs.argtypes = [ctypes.POINTER(_IfAddrs)]


class LocalInterface(msgspec.Struct, frozen=True, kw_only=True):
    """One of this machine's interfaces. `mac` is six raw octets, None where it has none.

    `up` is the operator's wish (IFF_UP), `running` means that there is a carrier as well.
    """

    name: str
    up: bool
    running: bool
    hardware_type: int
    mac: bytes | None
    addresses: tuple[IPv4Interface, ...] = ()


def local_interfaces() -> dict[str, LocalInterface]:
    """Return every interface by name, virtual ones included."""
    head = ctypes.POINTER(_IfAddrs)()
    if _libc.getifaddrs(ctypes.byref(head)) != 0:
        number = ctypes.get_errno()
        raise LinkError("this machine", f"cannot list interfaces: {os.strerror(number)}")
    try:
        return _collect(list(_entries(head)))
    finally:
        _libc.freeifaddrs(head)


def own_macs(interfaces: dict[str, LocalInterface]) -> frozenset[bytes]:
    """Return the MACs by which this machine may be heard."""
    return frozenset(each.mac for each in interfaces.values() if each.mac and any(each.mac))


def own_addresses(interfaces: dict[str, LocalInterface]) -> frozenset[IPv4Address]:
    """Return the IPv4 addresses that this machine itself has, on whichever interface."""
    return frozenset(address.ip for each in interfaces.values() for address in each.addresses)


def ipv6_addresses() -> dict[str, tuple[IPv6Interface, ...]]:
    """Return the IPv6 addresses that each interface may speak from.

    Without those of which duplicate address detection is not over, or has found another owner.
    """
    addresses: dict[str, tuple[IPv6Interface, ...]] = {}
    if not _IF_INET6.exists():  # a kernel without IPv6
        return addresses
    for line in _IF_INET6.read_text(encoding="utf-8").splitlines():
        packed, _, length, _, flags, name = line.split(maxsplit=5)
        if not int(flags, 16) & _IFA_F_TENTATIVE:
            own = IPv6Interface((bytes.fromhex(packed), int(length, 16)))
            addresses[name] = (*addresses.get(name, ()), own)
    return addresses


def _entries(entry: "ctypes._Pointer[_IfAddrs]") -> Iterator[_IfAddrs]:
    while bool(entry):
        yield entry.contents
        entry = entry.contents.next


def _collect(entries: list[_IfAddrs]) -> dict[str, LocalInterface]:
    addresses: dict[str, list[IPv4Interface]] = {}
    for entry in entries:
        if _family(entry) == socket.AF_INET:
            # An alias is listed under its label, eth0:1; a colon is in no interface's own name.
            name = entry.name.decode().partition(":")[0]
            addresses.setdefault(name, []).append(_ipv4(entry))
    # A tunnel, which has no hardware address, is listed without any sockaddr at all.
    families = {socket.AF_PACKET, socket.AF_UNSPEC}
    links = (_link(entry, addresses) for entry in entries if _family(entry) in families)
    return {link.name: link for link in links}


def _family(entry: _IfAddrs) -> int:
    return ctypes.c_ushort.from_address(entry.addr).value if entry.addr else socket.AF_UNSPEC


def _ipv4(entry: _IfAddrs) -> IPv4Interface:
    _, _, address = _SOCKADDR_IN.unpack(ctypes.string_at(entry.addr, _SOCKADDR_IN.size))
    _, _, mask = _SOCKADDR_IN.unpack(ctypes.string_at(entry.netmask, _SOCKADDR_IN.size))
    return IPv4Interface((address, int.from_bytes(mask).bit_count()))


def _link(entry: _IfAddrs, addresses: dict[str, list[IPv4Interface]]) -> LocalInterface:
    size = _SOCKADDR_LL.size
    raw = ctypes.string_at(entry.addr, size) if entry.addr else bytes(size)
    _, _, _, hardware_type, _, length, octets = _SOCKADDR_LL.unpack(raw)
    name = entry.name.decode()
    return LocalInterface(
        name=name,
        up=bool(entry.flags & _IFF_UP),
        running=bool(entry.flags & _IFF_RUNNING),
        hardware_type=hardware_type,
        mac=octets if length == len(octets) else None,
        addresses=tuple(addresses.get(name, ())),
    )


def source_address(host: str, port: int) -> IPv4Address | IPv6Address | None:
    """Return the address from which this machine would speak to a host; nothing is sent.

    None where it has no way there, or the name has no address.
    """
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect(where)
            return ip_address(asking.getsockname()[0].partition("%")[0])
    except (OSError, UnicodeError):
        return None
