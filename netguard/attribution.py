"""Whose station is it? The port it hangs on speaks first, then its MAC, then its other claims."""

from collections.abc import Collection, Iterable
from typing import Literal

import msgspec

from netguard.findings import Claimant, Role
from netguard.inventory import Server, SwitchPort
from netguard.locate import Whereabouts, locate
from netguard.routers import router_addresses, router_macs
from netguard.scene import Scene
from probes.mac import one_glbp_group, vendor
from probes.records import IPAddress


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """A server that a station belongs to, and what says so.

    Port and MAC are the inventory's word and prove it. An address that the station alone claims
    is what the station says of itself: good for a name on the screen, proof of nothing.
    """

    server: Server
    by: Literal["port", "mac", "address"]

    @property
    def proven(self) -> bool:
        """Whether the inventory itself ties the station to the server."""
        return self.by != "address"


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """A station that claims an address: whose it is and where it hangs."""

    mac: str
    owner: Owner | None
    where: Whereabouts


def suspects(scene: Scene, stations: Iterable[str]) -> tuple[Suspect, ...]:
    """Locate each station and say whose it is, in the order of their MACs."""
    found = []
    for mac in sorted(stations):
        where = locate(mac, scene.topology, scene.seen.segment.vlan)
        found.append(Suspect(mac=mac, owner=_owner(scene, mac, where), where=where))
    return tuple(found)


def share_by_glbp(scene: Scene, stations: Collection[str]) -> bool:
    """Tell whether the stations are forwarders of one GLBP group, and none is a known server.

    Anybody can forge such a MAC, but not on a router's port.
    """
    return one_glbp_group(stations) and not any(s.owner for s in suspects(scene, stations))


def _owner(scene: Scene, station: str, where: Whereabouts) -> Owner | None:
    """Return the server that the station belongs to, by the best evidence there is."""
    index = scene.view.index
    if where.location is not None:
        port = SwitchPort(where.location.device, where.location.port)
        if server := scene.homes.get(port):
            return Owner(server=server, by="port")
    if server := index.server_with(station):
        return Owner(server=server, by="mac")
    doubtful = {t.address for t in scene.seen.tests}
    for address, claimants in scene.seen.claims.items():
        alone = set(claimants) == {station} and address not in doubtful
        if alone and (server := index.assigned_to(address)):
            return Owner(server=server, by="address")
    return None


def genuine_routers(scene: Scene) -> frozenset[str]:
    """Return the routers' MACs, without those that hang on a server's port: these are borrowed."""
    segment = scene.seen.segment
    own = router_macs(scene.view, segment)
    places = {mac: locate(mac, scene.topology, segment.vlan).location for mac in own}
    return frozenset(
        mac
        for mac, at in places.items()
        if not at or SwitchPort(at.device, at.port) not in scene.homes
    )


def roles(scene: Scene, address: IPAddress, claimants: Iterable[Suspect]) -> dict[str, Role]:
    """Decide who is rightful: the one station that a router, or the inventory, gives it to.

    Without exactly one such station nobody is called rightful, and only a station proven to
    belong to a server that does not have the address is called an impostor.
    """
    who = tuple(claimants)
    entitled = {s.mac for s in who if _entitled(scene, address, s)}
    decided = len(entitled) == 1
    return {
        s.mac: "rightful"
        if decided and s.mac in entitled
        else "impostor"
        if decided or _foreign(scene, address, s)
        else "unknown"
        for s in who
    }


def _entitled(scene: Scene, address: IPAddress, suspect: Suspect) -> bool:
    own = router_addresses(scene.view, scene.seen.segment)
    if address in own:
        return suspect.mac in own[address]
    assigned = scene.view.index.assigned_to(address)
    owner = suspect.owner
    return owner is not None and owner.proven and owner.server == assigned


def _foreign(scene: Scene, address: IPAddress, suspect: Suspect) -> bool:
    """Tell whether a station is proven to be a server, and the address to be somebody else's."""
    segment = scene.seen.segment
    assigned = scene.view.index.assigned_to(address)
    infrastructure = address in router_addresses(scene.view, segment) or any(
        address == gateway.address for gateway in segment.gateways
    )
    if suspect.owner is None or not suspect.owner.proven or suspect.owner.server == assigned:
        return False
    return assigned is not None or infrastructure


def claimant(suspect: Suspect, role: Role) -> Claimant:
    """Write a suspect down for a finding."""
    return Claimant(
        mac=suspect.mac,
        vendor=vendor(suspect.mac),
        role=role,
        server=suspect.owner.server.name if suspect.owner else None,
        location=suspect.where.location,
    )
