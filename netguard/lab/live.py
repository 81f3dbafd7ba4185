"""What the kernel says of one namespace right now, as frozen records read over netlink."""

import socket
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Interface
from typing import Any, TypeAlias

import msgspec

Netlink: TypeAlias = Any  # pyroute2 ships no types

_IFF_UP = 0x1
_NUD_PERMANENT = 0x80
_NUD_RESOLVED = 0x02 | 0x04 | 0x08 | 0x10 | _NUD_PERMANENT  # reachable, stale, delay, probe


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """An interface. `base_port` is the kernel's bridge port number.

    `peer` is the other end of a veth pair: the id that this namespace gives to the other
    namespace, and the interface's index over there.
    """

    index: int
    name: str
    mac: str
    mtu: int
    admin_up: bool
    carrier: bool
    alias: str = ""
    base_port: int | None = None
    peer: tuple[int, int] | None = None


class Neighbour(msgspec.Struct, frozen=True):
    """A resolved entry of the kernel's ARP table."""

    index: int
    address: IPv4Address
    mac: str
    permanent: bool


class Learned(msgspec.Struct, frozen=True):
    """An entry of a bridge's forwarding database."""

    index: int
    mac: str
    own: bool


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One namespace at one moment. `namespaces` names the other devices' namespaces by id."""

    links: tuple[Link, ...]
    addresses: tuple[tuple[int, IPv4Interface], ...]
    neighbours: tuple[Neighbour, ...]
    fdb: tuple[Learned, ...]
    namespaces: dict[int, str]


def read(ip: Netlink, others: Mapping[str, int]) -> Snapshot:
    """Read a namespace through its netlink socket; `others` are open files, by device name."""
    return Snapshot(
        links=tuple(links(ip)),
        addresses=tuple(_addresses(ip)),
        neighbours=tuple(_neighbours(ip)),
        fdb=tuple(_fdb(ip)),
        namespaces={ip.get_netnsid(fd=fd)["nsid"]: name for name, fd in others.items()},
    )


def links(ip: Netlink, *only: int) -> Iterator[Link]:
    """Yield the interfaces but the loopback; `only` those with these indexes, where given."""
    for message in ip.get_links(*only):
        if message.get("ifname") == "lo":
            continue
        peer = (message.get("link_netnsid"), message.get("link"))
        yield Link(
            index=message["index"],
            name=message.get("ifname"),
            mac=message.get("address") or "",  # a tunnel has none
            mtu=message.get("mtu"),
            admin_up=bool(message["flags"] & _IFF_UP),
            carrier=bool(message.get("carrier")),
            alias=message.get("ifalias") or "",
            base_port=message.get_nested("IFLA_LINKINFO", "IFLA_INFO_SLAVE_DATA", "IFLA_BRPORT_NO"),
            peer=None if None in peer else peer,
        )


def _addresses(ip: Netlink) -> Iterator[tuple[int, IPv4Interface]]:
    for message in ip.get_addr(family=socket.AF_INET):
        yield message["index"], IPv4Interface(f"{message.get('local')}/{message['prefixlen']}")


def indexes_of(ip: Netlink, address: str) -> list[int]:
    """Return the indexes of the interfaces that have an address."""
    return [index for index, own in _addresses(ip) if str(own.ip) == address]


def _neighbours(ip: Netlink) -> Iterator[Neighbour]:
    for message in ip.get_neighbours(family=socket.AF_INET):
        if message["state"] & _NUD_RESOLVED and message.get("lladdr"):
            yield Neighbour(
                message["ifindex"],
                IPv4Address(message.get("dst")),
                message.get("lladdr"),
                bool(message["state"] & _NUD_PERMANENT),
            )


def _fdb(ip: Netlink) -> Iterator[Learned]:
    for message in ip.fdb("dump"):
        if message.get("master"):  # the others are the cards' multicast filters
            own = bool(message["state"] & _NUD_PERMANENT)
            yield Learned(message["ifindex"], message.get("lladdr"), own)
