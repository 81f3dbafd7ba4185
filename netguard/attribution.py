"""Whose station is it? The port it hangs on speaks first, then its MAC, then its other claims."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from netguard.findings import Claimant, Role
from netguard.inventory import Server, SwitchPort
from netguard.locate import Whereabouts, locate
from netguard.scene import Scene
from probes.mac import vendor
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


def _owner(scene: Scene, station: str, where: Whereabouts) -> Owner | None:
    """Return the server that the station belongs to, by the best evidence there is."""
    index = scene.view.index
    if where.location is not None:
        port = SwitchPort(where.location.device, where.location.port)
        if server := scene.homes.get(port):
            return Owner(server=server, by="port")
    if server := index.server_with(station):
        return Owner(server=server, by="mac")
    for address, claimants in scene.seen.claims.items():
        if set(claimants) == {station} and (server := index.assigned_to(address)):
            return Owner(server=server, by="address")
    return None


def roles(scene: Scene, address: IPAddress, claimants: Iterable[Suspect]) -> dict[str, Role]:
    """Decide who is rightful: the one station that the inventory ties to the address's server.

    Without exactly one such station nobody is called rightful, and only a station proven to
    belong to another server is called an impostor.
    """
    assigned = scene.view.index.assigned_to(address)
    who = tuple(claimants)
    ties = {s.mac: s.owner.server == assigned for s in who if s.owner and s.owner.proven}
    rightful = [mac for mac, tied in ties.items() if tied]
    if assigned is None:
        return {s.mac: "unknown" for s in who}
    if len(rightful) == 1:
        return {s.mac: "rightful" if s.mac in rightful else "impostor" for s in who}
    return {s.mac: "unknown" if ties.get(s.mac, True) else "impostor" for s in who}


def claimant(suspect: Suspect, role: Role) -> Claimant:
    """Write a suspect down for a finding."""
    return Claimant(
        mac=suspect.mac,
        vendor=vendor(suspect.mac),
        role=role,
        server=suspect.owner.server.name if suspect.owner else None,
        location=suspect.where.location,
    )
