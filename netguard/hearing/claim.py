"""A claim, however it was made: ARP, Neighbor Discovery and Router Advertisements alike."""

from collections.abc import Collection, Container
from datetime import datetime

import msgspec
from msgspec.structs import replace

from probes.heard import ArpClaim, Heard, NeighborClaim, RouterAdvert
from probes.mac import virtual_family
from probes.records import IPAddress

ADVERT = "router advertisement"
WITHDRAWAL = "router advertisement of lifetime 0"
_MASKED = {how: f"{how} in a router's name" for how in (ADVERT, WITHDRAWAL)}
UNMASKED = frozenset(_MASKED.values())
ADVERTS = frozenset({ADVERT, WITHDRAWAL}) | UNMASKED


class Place(msgspec.Struct, frozen=True, cache_hash=True, gc=False):
    """An address where it is used: in another VLAN or on another interface it is another."""

    ip: IPAddress
    vlan: int | None
    interface: str


class Claim(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A station says that an address is its own; `told` is whom, None for everybody.

    `source` is where an advertisement's frame came from, None where that is `mac`.
    """

    place: Place
    mac: str
    how: str
    told: str | None
    seen: datetime
    source: str | None = None


def claim_of(heard: Heard, pinned: Container[IPAddress] = ()) -> Claim | None:
    """Return the claim in what was heard, None where it claims nothing.

    That is so for probes and hellos, and for an advertisement that overrides nobody: an anycast
    address is everybody's who has it, and a proxy takes none away (RFC 4861, sections 7.2.7 and
    7.2.8). Of an address that is `pinned` that is known to be untrue, so there it claims as well.
    """
    match heard:
        case ArpClaim():
            return _claim(heard, heard.sender_ip, heard.kind, heard.told)
        case NeighborClaim():
            yields = heard.kind == "advertisement" and not heard.override
            if yields and heard.sender_ip not in pinned:
                return None
            return _claim(heard, heard.sender_ip, heard.kind, heard.told)
        case RouterAdvert():
            return _advertised(heard)
        case _:
            return None


def unmasked(claim: Claim, routers: Collection[str]) -> Claim:
    """Return an advertisement as its frame's source made it, where only its option is a router's.

    Routers that share a virtual MAC may send from it or from their own, with the other in the
    option. So where no more than virtual ones are known nobody is unmasked.
    """
    if claim.source is None or claim.source in routers or claim.mac not in routers:
        return claim
    if all(map(virtual_family, routers)):
        return claim
    return replace(claim, mac=claim.source, how=_MASKED[claim.how])


def _advertised(heard: RouterAdvert) -> Claim:
    claim = _claim(heard, heard.router, ADVERT if heard.lifetime else WITHDRAWAL, None)
    same = heard.frame_source == heard.sender_hw
    return claim if same else replace(claim, source=heard.frame_source)


def _claim(
    heard: ArpClaim | NeighborClaim | RouterAdvert, ip: IPAddress, how: str, told: str | None
) -> Claim:
    place = Place(ip, heard.vlan, heard.interface)
    return Claim(place=place, mac=heard.sender_hw, how=how, told=told, seen=heard.seen)
