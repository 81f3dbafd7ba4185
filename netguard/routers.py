"""Who the routers are, and whose the gateways' addresses: by their own word, or by configuration.

Never by what ARP says: anybody can say that.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address

from netguard.inventory import Gateway, Segment
from netguard.view import DeviceView, Identity, View
from probes.mac import virtual_family
from probes.records import IPAddress


def routers_of(view: View, segment: Segment) -> Iterator[DeviceView]:
    """Yield the segment's routers that could be read."""
    for name in segment.routers:
        if name in view.devices:
            yield view.devices[name]


def router_addresses(view: View, segment: Segment) -> dict[IPAddress, frozenset[str]]:
    """Return the routers' own addresses in the segment, also shared ones, with the MACs for them.

    Read from the router itself (ipAddrTable, ifPhysAddress, HSRP, VRRP): what ARP says has no part
    in it. A virtual MAC goes with the addresses that it is reported for and with no others.
    """
    own: dict[IPAddress, frozenset[str]] = {}
    for router in routers_of(view, segment):
        for address, macs in words_of(router, segment).items():
            own[address] = own.get(address, frozenset()) | macs
    return own


def words_of(router: DeviceView, segment: Segment) -> dict[IPAddress, frozenset[str]]:
    """Return a router's addresses in a segment with the MACs for them, by its own word."""
    own: dict[IPAddress, set[str]] = {}
    for address, mac in _spoken_for(router):
        if any(address in network for network in segment.networks):
            own.setdefault(address, set()).add(mac)
    return {address: frozenset(macs) for address, macs in own.items()}


_OF_ITSELF = frozenset(("interfaces", "addresses", "virtual_gateways"))


def has_told(device: DeviceView) -> bool:
    """Tell whether a device has said of itself, in this look, all that it has to say.

    One that is starting, or overloaded, falls silent somewhere in between.
    """
    return bool(device.interfaces) and _OF_ITSELF.isdisjoint(device.missed)


def earlier_words(view: View, segment: Segment, address: IPAddress) -> list[Identity]:
    """Return what those routers said of an address earlier that have not told all in this look.

    Who has told all, and claims the address no more, has given it up.
    """
    known = view.remembered.get((segment.name, address))
    if known is None or not known.words:
        return []
    told = {router.device.name for router in routers_of(view, segment) if has_told(router)}
    silent = frozenset(segment.routers) - told
    return [word for word in known.words if word.said_by in silent]


def _spoken_for(router: DeviceView) -> Iterator[tuple[IPAddress, str]]:
    """Yield the router's addresses with the MACs from which it answers for them.

    For a shared address that is the virtual MAC, or the interface's own: keepalived does so
    without its macvlan, IOS where it is told to use the burned-in address.
    """
    macs = {i.if_index: i.phys_address for i in router.interfaces}
    for address in router.addresses:
        if mac := macs.get(address.if_index):
            yield address.ip, mac
    for shared in router.virtual_gateways:
        for each in filter(None, (shared.mac, macs.get(shared.if_index))):
            yield shared.ip, each


def router_macs(view: View, segment: Segment) -> frozenset[str]:
    """Return every MAC that is a router's by its own word or by the configuration, never by ARP.

    Of a router that cannot be read it is what it last said to have in the segment.
    """
    said = {i.phys_address for r in routers_of(view, segment) for i in r.interfaces}
    for gateway in segment.gateways:
        said.update(*(word.beside for word in earlier_words(view, segment, gateway.address)))
    return frozenset(filter(None, said)) | _gateway_macs(view, segment)


def virtual_macs(view: View, segment: Segment) -> frozenset[str]:
    """Return the routers' MACs that go with one shared IPv4 address, or a few, and no others.

    IPv6 has its own: from the card that bears one a router may well answer for its IPv4 addresses.
    """
    shared = {
        one.mac
        for router in routers_of(view, segment)
        for one in router.virtual_gateways
        if one.mac and isinstance(one.ip, IPv4Address)
    }
    return frozenset(filter(virtual_family, shared | _gateway_macs(view, segment)))


def _gateway_macs(view: View, segment: Segment) -> frozenset[str]:
    pinned = (gateway_identity(view, segment, gateway) for gateway in segment.gateways)
    return frozenset(mac for identity in pinned if identity for mac in identity.macs)


def cards_of(view: View, segment: Segment, address: IPAddress) -> frozenset[str]:
    """Return the MACs of all interfaces of the router that has an address, or of those sharing it.

    A host with several cards in one segment may answer from any. Two routers that each call an
    address their own alone are no such thing.
    """
    own, sharing = [], []
    for router in routers_of(view, segment):
        if any(shared.ip == address for shared in router.virtual_gateways):
            sharing.append(router)
        elif any(each.ip == address for each in router.addresses):
            own.append(router)
    if len(own) > 1 and not sharing:
        return frozenset()
    macs = (i.phys_address for router in (*own, *sharing) for i in router.interfaces)
    return frozenset(filter(None, macs))


def gateway_identity(view: View, segment: Segment, gateway: Gateway) -> Identity | None:
    """Return who the gateway rightfully is: config, the routers themselves now, or earlier words.

    Never what ARP says. None where nobody has pinned it. What a router said earlier counts beside
    what others say now, until it is read again: it may start, and take the gateway back, before it
    answers. The last word stands while nobody has said another.
    """
    if gateway.macs:
        return Identity(
            macs=frozenset(gateway.macs),
            source="inventory",
            seen=view.now,
            detail=f"configuration pins {gateway.address} to {', '.join(gateway.macs)}",
        )
    confirmed = confirmed_identity(view, segment, gateway.address)
    earlier = [word for word in earlier_words(view, segment, gateway.address) if word.macs]
    if said := [confirmed, *earlier] if confirmed else earlier:
        return joined(said)
    last = view.remembered.get((segment.name, gateway.address))
    return last if last and last.macs else None


def joined(words: Sequence[Identity]) -> Identity:
    """Return what several routers say, each for itself, as one identity; there is at least one."""
    if len(words) == 1:
        return words[0]
    return Identity(
        macs=frozenset(mac for word in words for mac in word.macs),
        source="snmp",
        seen=max(word.seen for word in words),
        detail="; ".join(word.detail for word in words),
        said_by=" and ".join(word.said_by for word in words),
    )


def confirmed_identity(view: View, segment: Segment, address: IPAddress) -> Identity | None:
    """Return the identity that a router gives for one of its own addresses, in this look."""
    macs = router_addresses(view, segment).get(address)
    if not macs:
        return None
    having = [r for r in routers_of(view, segment) if address in dict(_spoken_for(r))]
    shared = {
        one.protocol.upper() for r in having for one in r.virtual_gateways if one.ip == address
    }
    who = " and ".join(router.device.name for router in having)
    how = f"shared by {' and '.join(sorted(shared))}" if shared else "its own"
    verb = "say" if len(having) > 1 else "says"
    return Identity(
        macs=macs,
        source="snmp",
        seen=max(router.seen for router in having),
        detail=f"{who} {verb} that {address} is {how}, on {', '.join(sorted(macs))}",
        said_by=who,
    )
