"""Guards over what must stay reachable: what is listed, the gateway, and netguard itself."""

from netguard.guards.unread import fdb_unread
from netguard.inventory import Server, SwitchPort
from netguard.ports import find_port
from netguard.routers import gateway_identity, router_addresses
from netguard.situation import Situation, own_macs_of, segments, stations
from probes.records import IPAddress


def protected(s: Situation) -> str:
    """Refuse what `protected` lists: a port, a MAC, or an address by who rightfully has it."""
    here = frozenset(stations(s))
    for what in s.settings.protected:
        if isinstance(what, SwitchPort):
            reason = _protected_port(s, what)
        elif isinstance(what, str):
            reason = _protected_mac(s, what, here)
        else:
            reason = _protected_address(s, what, here)
        if reason:
            return f"{reason}, and `protected` lists {what}"
    return ""


def _protected_port(s: Situation, what: SwitchPort) -> str:
    if what.device != s.port.device or s.device is None:
        return ""
    found = find_port(s.device.interfaces, what.port)
    if found is None:
        return f"{what.device} has no port {what.port}, so this may be the one that is meant"
    return "it is this port" if found.name == s.port.port else ""


def _protected_mac(s: Situation, what: str, here: frozenset[str]) -> str:
    if what in here:
        return f"{what} is behind it"
    owner = s.view.index.server_with(what)
    return f"{owner.name} hangs here" if owner and _is_home(s, owner) else ""


def _protected_address(s: Situation, what: IPAddress, here: frozenset[str]) -> str:
    """Say whether the rightful holder of an address is behind the port.

    Who merely claims it does not count: nobody may hide behind an address that he took. Only
    where nobody knows whose it is, or where he hangs, whoever answers for it may be the one.
    """
    owner = s.view.index.assigned_to(what)
    if owner is not None and (_is_home(s, owner) or owner.mac in here):
        return f"{owner.name}, which has {what}, hangs here"
    macs = _infrastructure(s, what)
    if back := macs & here:
        return f"{', '.join(sorted(back))}, which has {what}, is behind it"
    if macs or (owner is not None and (owner.mac or owner.port)):
        return ""
    users = here & _users(s, what)
    return f"{', '.join(sorted(users))} uses {what}" if users else ""


def _is_home(s: Situation, server: Server) -> bool:
    """Tell whether the inventory has the server on the port, alone or with others."""
    if s.device is None or server.port is None or server.port.device != s.port.device:
        return False
    found = find_port(s.device.interfaces, server.port.port)
    return found is None or found.name == s.port.port


def _infrastructure(s: Situation, address: IPAddress) -> frozenset[str]:
    """Return the MACs that a gateway or device rightfully has the address with."""
    macs: set[str] = set()
    for segment in segments(s):
        macs |= router_addresses(s.view, segment).get(address, frozenset())
        for gateway in segment.gateways:
            if gateway.address == address:
                pinned = gateway_identity(s.view, segment, gateway)
                macs |= pinned.macs if pinned else frozenset()
    return frozenset(macs)


def _users(s: Situation, address: IPAddress) -> frozenset[str]:
    heard = {t.station for seen in s.view.segments for t in seen.tests if t.address == address}
    heard |= {mac for seen in s.view.segments for mac in seen.claims.get(address, ())}
    listed = {e.mac for d in s.view.devices.values() for e in d.arp if e.ip == address}
    return frozenset(heard | listed)


def gateway_station(s: Situation) -> str:
    """Refuse a port that has the gateway's MAC, or a device's, or may have: nobody pinned it."""
    here = frozenset(stations(s))
    for view in s.view.devices.values():
        if own := own_macs_of(view) & here:
            return f"{', '.join(sorted(own))} behind it is a MAC of {view.device.name}"
    for segment in segments(s):
        for gateway in segment.gateways:
            pinned = gateway_identity(s.view, segment, gateway)
            if pinned is not None and pinned.macs & here:
                return f"{', '.join(sorted(pinned.macs & here))} behind it is {gateway.address}"
            if pinned is None and s.home is None:
                return f"nobody has pinned {gateway.address}: the gateway may hang here"
    return ""


def own_path(s: Situation) -> str:
    """Refuse the port through which this machine speaks to the device, or may speak to it."""
    if reason := fdb_unread(s):
        return reason
    here = frozenset(stations(s))
    if own := s.own_macs & here:
        return f"this machine ({', '.join(sorted(own))}) is behind it"
    if s.home is not None and s.home.address in s.own_addresses:
        return f"this machine is {s.home.name}, which hangs here"
    if back := _ways_back(s) & here:
        return f"{s.port.device} speaks to this machine through {', '.join(sorted(back))} behind it"
    return ""


def _ways_back(s: Situation) -> frozenset[str]:
    """Return the MACs through which the device may reach this machine.

    Where it has this machine's own MAC elsewhere, that is the way: an ARP entry for its address
    can be anybody's. Otherwise it is a next hop, so any that the device has in its ARP table.
    """
    arp = s.device.arp if s.device else ()
    named = frozenset(entry.mac for entry in arp if entry.ip in s.own_addresses)
    direct = s.device is not None and any(row.mac in s.own_macs for row in s.device.fdb)
    if direct or s.home is not None:
        return named
    return frozenset(entry.mac for entry in arp)
