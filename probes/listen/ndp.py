"""Neighbor Discovery (RFC 4861): who claims an IPv6 address, probes for one, or says it routes."""

from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv6Address, IPv6Network

from probes.errors import Malformed
from probes.heard import AddressProbe, Heard, NeighborClaim, RouterAdvert
from probes.listen.ip import ICMP6, INTACT, Datagram
from probes.listen.sighting import Sighting
from probes.mac import from_bytes
from probes.trace.ip import balance, pseudo_sum

ROUTER_SOLICITATION, _ROUTER_ADVERTISEMENT = 133, 134
NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT, _REDIRECT = 135, 136, 137
# How many octets stand before the options.
_FIXED = {
    ROUTER_SOLICITATION: 8,
    _ROUTER_ADVERTISEMENT: 16,
    NEIGHBOR_SOLICITATION: 24,
    NEIGHBOR_ADVERTISEMENT: 24,
    _REDIRECT: 40,
}
HOP_LIMIT = 255  # whatever came through a router has less
_SOURCE_LINK_LAYER, _TARGET_LINK_LAYER, _PREFIX = 1, 2, 3
_UNIT = 8  # octets, in which options measure themselves
_PREFIX_SIZE = 32  # octets; Linux reads a longer option as well
_LONGEST_PREFIX = 128
_ROUTER, _SOLICITED, _OVERRIDE = 0x80, 0x40, 0x20
_MULTICAST = 0xFF
_UNSPECIFIED = bytes(16)
_LINK_LOCAL = IPv6Network("fe80::/10")
SOLICITED_NODE = IPv6Address("ff02::1:ff00:0").packed[:13]

Options = dict[int, list[bytes]]


def read(sighting: Sighting, datagram: Datagram) -> tuple[Heard, ...]:
    """Return what an ICMPv6 message says, if it is one of NDP's.

    Raises Malformed where a station has to throw it away: section 6.1 and 7.1; RFC 6980 for
    fragments. An option that is wrong in itself, or has no place in the message, takes nothing from
    the rest: stations pass over it.
    """
    body = datagram.body
    if not body:
        raise Malformed("frame", "ICMPv6 without a type")
    if body[0] not in _FIXED:
        return ()
    _validate(datagram)
    options = _options(body[_FIXED[body[0]] :])
    reader = _READERS.get(body[0])
    return reader(sighting, datagram, options) if reader else ()


def _validate(datagram: Datagram) -> None:
    body = datagram.body
    if datagram.fragmented:
        raise Malformed("frame", "NDP in a fragment (RFC 6980)")
    if datagram.hop_limit != HOP_LIMIT:
        raise Malformed("frame", f"NDP with hop limit {datagram.hop_limit}: not from this link")
    if len(body) < _FIXED[body[0]] or body[1]:
        raise Malformed(
            "frame", f"NDP type {body[0]} of {len(body)} octets, code {body[1:2].hex()}"
        )
    covered = pseudo_sum(datagram.source, datagram.destination, ICMP6, len(body))
    if balance(body + bytes(len(body) % 2), covered) != INTACT:
        raise Malformed("frame", "the checksum of ICMPv6 is wrong")


def _options(octets: bytes) -> Options:
    found: Options = {}
    for kind, option in _each_option(octets):
        found.setdefault(kind, []).append(option)
    return found


def _each_option(octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(octets):
        size = octets[at + 1] * _UNIT if at + 1 < len(octets) else 0
        if not 0 < size <= len(octets) - at:
            raise Malformed("frame", f"NDP option {octets[at]} of {size} octets")
        yield octets[at], octets[at : at + size]
        at += size


def _link_layer(options: Options, kind: int) -> str | None:
    """Return the first such address of Ethernet's, which is the one that kernels keep."""
    for option in options.get(kind, ()):
        if len(option) == _UNIT:
            return from_bytes(option[2:])
    return None


def _router_solicitation(
    sighting: Sighting, datagram: Datagram, options: Options
) -> tuple[Heard, ...]:
    if datagram.source != _UNSPECIFIED:
        return _asker(sighting, datagram, options)
    if _SOURCE_LINK_LAYER in options:
        raise Malformed("frame", "a router solicitation of nobody's not as in RFC 4861, 6.1.1")
    return ()


def _neighbor_solicitation(
    sighting: Sighting, datagram: Datagram, options: Options
) -> tuple[Heard, ...]:
    target = _unicast(datagram.body[8:24])
    if datagram.source != _UNSPECIFIED:
        return _asker(sighting, datagram, options)
    if _SOURCE_LINK_LAYER in options or not datagram.destination.startswith(SOLICITED_NODE):
        raise Malformed("frame", "duplicate address detection not as in RFC 4861, 7.1.1")
    return (_probe(sighting, target),)


def _asker(sighting: Sighting, datagram: Datagram, options: Options) -> tuple[Heard, ...]:
    """Return the claim of who asks for a neighbour, or for routers: who is asked learns from it."""
    sender_hw = _link_layer(options, _SOURCE_LINK_LAYER)
    if sender_hw is None:
        return ()
    said = NeighborClaim(
        interface=sighting.interface,
        sender_ip=_unicast(datagram.source),
        sender_hw=sender_hw,
        frame_source=sighting.source,
        kind="solicitation",
        seen=sighting.seen,
        vlan=sighting.vlan,
        told=sighting.told,
    )
    return (said,)


def _probe(sighting: Sighting, target: IPv6Address) -> AddressProbe:
    return AddressProbe(
        interface=sighting.interface,
        ip=target,
        sender_hw=sighting.source,
        seen=sighting.seen,
        vlan=sighting.vlan,
    )


def _neighbor_advertisement(
    sighting: Sighting, datagram: Datagram, options: Options
) -> tuple[Heard, ...]:
    target, flags = _unicast(datagram.body[8:24]), datagram.body[4]
    if datagram.destination[0] == _MULTICAST and flags & _SOLICITED:
        raise Malformed("frame", "a solicited advertisement to everybody")
    sender_hw = _link_layer(options, _TARGET_LINK_LAYER)
    if sender_hw is None:
        return ()
    said = NeighborClaim(
        interface=sighting.interface,
        sender_ip=target,
        sender_hw=sender_hw,
        frame_source=sighting.source,
        kind="advertisement",
        seen=sighting.seen,
        override=bool(flags & _OVERRIDE),
        router=bool(flags & _ROUTER),
        vlan=sighting.vlan,
        told=sighting.told,
    )
    return (said,)


def _router_advertisement(
    sighting: Sighting, datagram: Datagram, options: Options
) -> tuple[Heard, ...]:
    router = IPv6Address(datagram.source)
    if router not in _LINK_LOCAL:
        raise Malformed("frame", f"router advertisement from {router}, which is not link-local")
    said = RouterAdvert(
        interface=sighting.interface,
        router=router,
        sender_hw=_link_layer(options, _SOURCE_LINK_LAYER) or sighting.source,
        frame_source=sighting.source,
        lifetime=int.from_bytes(datagram.body[6:8]),
        prefixes=tuple(_prefixes(options.get(_PREFIX, ()))),
        seen=sighting.seen,
        vlan=sighting.vlan,
    )
    return (said,)


def _prefixes(options: Iterable[bytes]) -> Iterator[IPv6Network]:
    for option in options:
        if len(option) >= _PREFIX_SIZE and option[2] <= _LONGEST_PREFIX:
            yield IPv6Network((option[16:32], option[2]), strict=False)


def _unicast(packed: bytes) -> IPv6Address:
    if packed[0] == _MULTICAST or packed == _UNSPECIFIED:
        raise Malformed("frame", f"{IPv6Address(packed)} is no station's address")
    return IPv6Address(packed)


_READERS: dict[int, Callable[[Sighting, Datagram, Options], tuple[Heard, ...]]] = {
    ROUTER_SOLICITATION: _router_solicitation,
    _ROUTER_ADVERTISEMENT: _router_advertisement,
    NEIGHBOR_SOLICITATION: _neighbor_solicitation,
    NEIGHBOR_ADVERTISEMENT: _neighbor_advertisement,
}
