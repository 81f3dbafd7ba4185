"""A claim, however it was made: ARP, Neighbor Discovery and Router Advertisements alike."""

from datetime import datetime

import msgspec

from probes.records import (
    AddressProbe,
    ArpClaim,
    Heard,
    IPAddress,
    NeighborClaim,
    RouterAdvert,
    VirtualHello,
)


class Place(msgspec.Struct, frozen=True):
    """An address where it is used: in another VLAN or on another interface it is another."""

    ip: IPAddress
    vlan: int | None
    interface: str


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A station says that an address is its own; `told` is whom, None for everybody."""

    place: Place
    mac: str
    how: str
    told: str | None
    seen: datetime


def claim_of(heard: Heard) -> Claim | None:
    """Return the claim in what was heard, None where it claims nothing.

    That is so for probes and hellos, and for an advertisement that overrides nobody: an anycast
    address is everybody's who has it (RFC 4861, section 7.2.7).
    """
    match heard:
        case AddressProbe() | VirtualHello():
            return None
        case NeighborClaim(kind="advertisement", override=False):
            return None
        case RouterAdvert():
            place = Place(heard.router, heard.vlan, heard.interface)
            return Claim(place=place, mac=heard.sender_hw, how=ADVERT, told=None, seen=heard.seen)
        case ArpClaim() | NeighborClaim():
            place = Place(heard.sender_ip, heard.vlan, heard.interface)
            return Claim(
                place=place, mac=heard.sender_hw, how=heard.kind, told=heard.told, seen=heard.seen
            )


ADVERT = "router advertisement"
