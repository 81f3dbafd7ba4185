"""What a look leaves to be remembered: who used which address, and who the gateways are."""

from collections.abc import Iterator
from itertools import islice

from netguard.locate import locate, topology
from netguard.rules.claims import answers, by_address, insists
from netguard.scene import homes
from netguard.store import Binding, GatewayIdentity
from netguard.view import SegmentView, View, confirmed_identity
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
    """Yield what the routers themselves said, in this look, about who the gateways are."""
    for seen in view.segments:
        for gateway in seen.segment.gateways:
            identity = confirmed_identity(view, seen.segment, gateway.address)
            for mac in sorted(identity.macs) if identity else ():
                yield GatewayIdentity(
                    segment=seen.segment.name,
                    address=gateway.address,
                    mac=mac,
                    source=identity.said_by if identity else "",
                    confirmed=view.now,
                )
