"""The guard that no link between devices is closed: unknown is refused, and LLDP alone believed.

Two customers can name each other's ports, which looks like a link that both ends confirm. Such a
link would hide that nothing is said of the real one, so the FDBs must bear it out.
"""

from collections.abc import Mapping

from netguard.inventory import SwitchPort
from netguard.ports import find_port
from netguard.situation import Situation, neighbours, own_macs_of, segments

_Seen = Mapping[str, frozenset[str]]  # MAC -> the ports of one device that have it
_NOTHING: _Seen = {}


def uplink(s: Situation) -> str:
    """Refuse a port that leads to another device, or of which nobody says that it does not."""
    if s.port in s.topology.links:
        return f"it leads to {s.topology.links[s.port]}: both ends say so"
    if s.port in s.topology.uplinks:
        return "it is listed in `uplinks`, or its neighbour says that it is a device of ours"
    return "" if s.home is not None else _unlisted(s)


def _unlisted(s: Situation) -> str:
    """Say why a port that nothing calls an uplink, and nothing a server's, may be an uplink."""
    if wrong := _misspelt(s):
        return f"`uplinks` of {s.port.device} lists {wrong}, which it does not have: it may be this"
    if s.device is not None and s.device.device.uplinks:
        return ""
    lost = _unaccounted(s)
    if not lost:
        return ""
    return (
        f"nothing proves where {', '.join(lost)} hangs, so it may be here: list the `uplinks` of"
        f" {s.port.device}, or this port in the inventory"
    )


def _misspelt(s: Situation) -> str:
    """Return a port of the `uplinks` list that the device does not have, or has several of."""
    if s.device is None:
        return ""
    ports = s.device.interfaces
    return next((u for u in s.device.device.uplinks if find_port(ports, u) is None), "")


def _unaccounted(s: Situation) -> list[str]:
    """Return what no chain of links leads to that both ends confirm and the FDBs bear out."""
    reached = _reached(s)
    lost = [device.name for device in neighbours(s) if device.name not in reached]
    for segment in segments(s):
        if not segment.routers:  # a MAC can be borrowed, so a pin alone shows no place
            lost += [str(gateway.address) for gateway in segment.gateways]
    return lost


def _reached(s: Situation) -> set[str]:
    learned, own = _learned(s), _witnesses(s)
    links = s.topology.links.items()
    believed = {(a.device, b.device) for a, b in links if _borne_out(s, a, b, learned, own)}
    reached, new = {s.port.device}, {s.port.device}
    while new:
        new = {b for a, b in believed if a in new} - reached
        reached |= new
    return reached


def _borne_out(
    s: Situation,
    near: SwitchPort,
    far: SwitchPort,
    learned: Mapping[str, _Seen],
    own: frozenset[str],
) -> bool:
    """Tell whether what two devices have learned can be so with this link between them.

    Across a true link each station hangs on one side, so the other side, and it alone, has it on
    the link. One must be a router or this machine: of their own MACs customers send any number.
    """
    here, there = learned.get(near.device, _NOTHING), learned.get(far.device, _NOTHING)
    if _is_router(s, far.device):
        return _is_router(s, near.device) or _only_there(s, far.device, here, near.port)
    if _is_router(s, near.device):
        return _only_there(s, near.device, there, far.port)
    both = here.keys() & there.keys()
    apart = ((here[mac] == {near.port}) != (there[mac] == {far.port}) for mac in both)
    return bool(both & own) and all(apart)


def _is_router(s: Situation, name: str) -> bool:
    return s.topology.roles.get(name) == "router"


def _only_there(s: Situation, router: str, seen: _Seen, port: str) -> bool:
    """Tell whether a switch has the MACs of a router, which has no FDB, on this port alone."""
    places = [seen[mac] for mac in own_macs_of(s.view.devices[router]) if mac in seen]
    return bool(places) and all(ports == {port} for ports in places)


def _learned(s: Situation) -> Mapping[str, _Seen]:
    """Return every station that each device has learned, with the ports it has it on."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    for mac, seen in s.topology.sightings.items():
        for one in seen:
            stations = found.setdefault(one.port.device, {})
            stations[mac] = stations.get(mac, frozenset()) | {one.port.port}
    return found


def _witnesses(s: Situation) -> frozenset[str]:
    """Return the MACs of this machine and of the routers, by their own word.

    Whoever borrows one of these is found out: it is then missing on the link to the router.
    """
    devices = s.view.devices.values()
    routers = (own_macs_of(view) for view in devices if view.device.role == "router")
    return s.own_macs.union(*routers)
