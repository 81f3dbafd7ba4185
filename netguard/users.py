"""What a look leaves to be remembered: who used which address, and who the gateways are."""

from collections.abc import Iterator
from itertools import islice

from netguard.inventory import Segment
from netguard.locate import locate, topology
from netguard.routers import has_told, routers_of, words_of
from netguard.rules.claims import answers, by_address, insists
from netguard.scene import homes
from netguard.store import Binding, GatewayIdentity
from netguard.view import DeviceView, SegmentView, View
from probes.records import IPAddress

_MOST = 8  # users of one address at a time: more are a flood, which is not to fill the store


def bindings(view: View) -> Iterator[Binding]:
    """Yield who used which address, and where."""
    ways = topology(view.devices, homes(view))
    for seen in view.segments:
        for address, mac in _users(seen):
            yield Binding(
                segment=seen.segment.name,
                address=address,
                mac=mac,
                location=locate(mac, ways, seen.segment.vlan).location,
                first_seen=view.now,
                last_seen=view.now,
            )


def _users(seen: SegmentView) -> Iterator[tuple[IPAddress, str]]:
    """Yield who used each address: where there was doubt, who answered when asked again.

    Anybody can send frames in a thousand names. Where none was asked again, since frames were
    lost, the only claimant is believed; but not that it is a gateway.
    """
    asked = by_address(seen)
    gateways = {gateway.address for gateway in seen.segment.gateways}
    for address, stations in seen.claims.items():
        if tests := asked.get(address):
            users = (test.station for test in tests if answers(test) or insists(test))
            yield from ((address, mac) for mac in islice(users, _MOST))
        elif len(stations) == 1 and not (seen.gaps and address in gateways):
            yield address, next(iter(stations))


def identities(view: View) -> Iterator[GatewayIdentity]:
    """Yield what the routers themselves said, in this look, about who the gateways are.

    And about the addresses of their own beside these: one may take a gateway over that it never
    had, while it cannot be read.
    """
    for seen in view.segments:
        said: dict[tuple[IPAddress, str], list[str]] = {}
        for router in routers_of(view, seen.segment) if seen.segment.gateways else ():
            for word in sorted(_words(view, seen.segment, router), key=str):
                said.setdefault(word, []).append(router.device.name)
        for (address, mac), routers in said.items():
            yield GatewayIdentity(
                segment=seen.segment.name,
                address=address,
                mac=mac,
                source=" and ".join(routers),
                confirmed=view.now,
            )


def _words(view: View, segment: Segment, router: DeviceView) -> set[tuple[IPAddress, str]]:
    """Return which addresses a router has on which MACs; who was read in part has the earlier, too.

    For only a router's last words are remembered, and they are those of one moment.
    """
    words = {(ip, mac) for ip, macs in words_of(router, segment).items() for mac in macs}
    if words and not has_told(router):
        for (name, ip), known in view.remembered.items():
            if name == segment.name:
                own = (word for word in known.words if word.said_by == router.device.name)
                words.update((ip, mac) for word in own for mac in word.macs)
    return words
