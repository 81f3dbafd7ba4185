"""A claim, however it was made: ARP, Neighbor Discovery and Router Advertisements alike."""

from collections.abc import Container
from datetime import datetime

import msgspec

from probes.heard import ArpClaim, Heard, NeighborClaim, RouterAdvert
from probes.records import IPAddress

ADVERT = "router advertisement"
WITHDRAWAL = "router advertisement of lifetime 0"
ADVERTS = frozenset({ADVERT, WITHDRAWAL})


class Place(msgspec.Struct, frozen=True, cache_hash=True, gc=False):
    """An address where it is used: in another VLAN or on another interface it is another."""

    ip: IPAddress
    vlan: int | None
    interface: str


class Claim(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A station says that an address is its own; `told` is whom, None for everybody."""

    place: Place
    mac: str
    how: str
    told: str | None
    seen: datetime


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
            return _claim(heard, heard.router, ADVERT if heard.lifetime else WITHDRAWAL, None)
        case _:
            return None


def _claim(
    heard: ArpClaim | NeighborClaim | RouterAdvert, ip: IPAddress, how: str, told: str | None
) -> Claim:
    place = Place(ip, heard.vlan, heard.interface)
    return Claim(place=place, mac=heard.sender_hw, how=how, told=told, seen=heard.seen)
