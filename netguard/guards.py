"""What forbids closing or opening a port: one plain function for each guard, each fails closed.

A guard returns the reason why it refuses, and nothing where it lets pass. What it cannot know, it
refuses. None of them asks who is calling; only `automatic` makes them stricter.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from netguard.inventory import SwitchPort
from netguard.locate import sightings
from netguard.ports import find_port
from netguard.situation import (
    Situation,
    neighbours,
    own_macs_of,
    rows,
    segments,
    stations,
)
from netguard.view import gateway_identity, router_addresses
from probes.records import Gap, IPAddress

Guard = Callable[[Situation], str]

FRESH = timedelta(seconds=60)  # how old an FDB may be that a station is located by
_ETHERNET = frozenset({6, 62, 69, 117})  # IANAifType: ethernetCsmacd and its obsolete kin
_AGGREGATES = frozenset({53, 161})  # propVirtual (a Catalyst's Port-channel), ieee8023adLag


def not_a_managed_port(s: Situation) -> str:
    """Refuse what is no bridge port of a switch that netguard knows all about."""
    if s.device is None or s.interface is None:
        return f"{s.port.device} could not be read"
    if s.device.device.role != "switch":
        return f"{s.port.device} is a router, and its ports are nobody's but its own"
    if not segments(s):
        return f"{s.port.device} is in no [[segment]]: what hangs on it is unknown"
    if s.interface.if_type not in _ETHERNET | _AGGREGATES:
        return f"it is no Ethernet port (ifType {s.interface.if_type})"
    if any(own.if_index == s.interface.if_index for own in s.device.addresses):
        return f"{s.port.device} has an address of its own on it"
    return _not_bridged(s, s.interface.if_index)


def _not_bridged(s: Situation, if_index: int) -> str:
    table = s.tables.base_ports if s.tables else None
    if table and any(row.if_index == if_index for row in table.rows):
        return ""
    if table is None or table.gaps:
        return _unread("which ports are bridged", table.gaps if table else ())
    return f"it is no bridge port in the VLANs of {', '.join(one.name for one in segments(s))}"


def _unread(what: str, gaps: tuple[Gap, ...] = ()) -> str:
    return f"{what} could not be read{f': {gaps[0].detail}' if gaps else ''}"


def uplink(s: Situation) -> str:
    """Refuse a port that leads to another device, or of which nobody says that it does not."""
    if s.port in s.topology.links:
        return f"it leads to {s.topology.links[s.port]}: both ends say so"
    if s.port in s.topology.uplinks:
        return "it is listed in `uplinks`, or its neighbour says that it is a device of ours"
    if s.home is not None or (s.device is not None and s.device.device.uplinks):
        return ""
    lost = _unaccounted(s)
    if not lost:
        return ""
    return (
        f"nothing says where {', '.join(lost)} hangs, so it may be here: list the `uplinks` of"
        f" {s.port.device}, or this port in the inventory"
    )


def _unaccounted(s: Situation) -> list[str]:
    """Return the devices to which no chain of links leads that both ends confirm."""
    reached, new = {s.port.device}, {s.port.device}
    while new:
        new = {b.device for a, b in s.topology.links.items() if a.device in new} - reached
        reached |= new
    return [device.name for device in neighbours(s) if device.name not in reached]


def trunk(s: Situation) -> str:
    """Refuse a port that carries several VLANs: no server has one of these."""
    vlans = {row.vlan for row in rows(s) if row.vlan is not None}
    if len(vlans) > 1:
        return f"stations of VLANs {', '.join(map(str, sorted(vlans)))} are behind it"
    table = s.tables.tagging if s.tables else None
    said = [row.tagged for row in table.rows if row.if_index == _number(s)] if table else []
    if any(said):
        return "it carries tagged VLANs"
    if said:
        return ""
    if table is None or table.gaps:
        return _unread("whether it is a trunk", table.gaps if table else ())
    catalyst = s.device is not None and s.device.platform == "catalyst"
    return f"{s.port.device} does not say whether it is a trunk" if catalyst else ""


def _number(s: Situation) -> int | None:
    return s.interface.if_index if s.interface else None


def lag_member(s: Situation) -> str:
    """Refuse an aggregate and its members: to close one moves the traffic to another."""
    table = s.tables.lag_members if s.tables else None
    members = table.rows if table else ()
    if any(row.if_index == _number(s) for row in members):
        return "it is a member of an aggregated link"
    if any(row.aggregate == _number(s) for row in members) or (
        s.interface is not None and s.interface.if_type in _AGGREGATES
    ):
        return "it is an aggregated link of several ports"
    if table is None or table.gaps:
        return _unread("whether it is part of an aggregated link", table.gaps if table else ())
    return ""


def protected(s: Situation) -> str:
    """Refuse what `protected` lists: a port, a MAC, or an address by who rightfully has it."""
    here = frozenset(stations(s))
    for what in s.settings.protected:
        if isinstance(what, SwitchPort):
            reason = _protected_port(s, what)
        elif isinstance(what, str):
            reason = f"{what} is behind it" if what in here else ""
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


def _protected_address(s: Situation, what: IPAddress, here: frozenset[str]) -> str:
    """Say whether the rightful holder of an address is behind the port.

    Who merely claims it does not count: nobody may hide behind an address that he took. Only
    where nobody knows whose it is, whoever answers for it may be the one.
    """
    owner = s.view.index.assigned_to(what)
    macs = _infrastructure(s, what)
    if owner is not None:
        if s.home == owner or owner.mac in here:
            return f"{owner.name}, which has {what}, hangs here"
        return ""
    if macs:
        return f"{', '.join(sorted(macs & here))}, which has {what}, is behind it" * bool(
            macs & here
        )
    users = here & _users(s, what)
    return f"{', '.join(sorted(users))} uses {what}" if users else ""


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


def too_many_stations(s: Situation) -> str:
    """Refuse a port with more stations behind it than an end port has."""
    if reason := _fdb_unread(s):
        return reason
    count = len(stations(s))
    if count > s.settings.max_stations:
        return f"{count} stations are behind it; an end port has {s.settings.max_stations} at most"
    return ""


def _fdb_unread(s: Situation) -> str:
    if s.device is None:
        return _unread("its forwarding database")
    return _unread("all of its forwarding database", s.device.gaps) if s.device.gaps else ""


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
    if reason := _fdb_unread(s):
        return reason
    here = frozenset(stations(s))
    if own := s.own_macs & here:
        return f"this machine ({', '.join(sorted(own))}) is behind it"
    if s.home is not None and s.home.address in s.own_addresses:
        return f"this machine is {s.home.name}, which hangs here"
    arp = s.device.arp if s.device else ()
    ways = {entry.mac for entry in arp if entry.ip in s.own_addresses}
    if not ways and s.home is None:
        # It reaches us through a next hop: one of those that it has in its own ARP table.
        ways = {entry.mac for entry in arp}
    if back := ways & here:
        return f"{s.port.device} speaks to this machine through {', '.join(sorted(back))} behind it"
    return ""


def stale_location(s: Situation) -> str:
    """Refuse where nothing fresh shows that what is meant hangs on this port."""
    if reason := _fdb_unread(s):
        return reason
    if s.device is not None and s.now - s.device.seen > FRESH:
        age = int((s.now - s.device.seen).total_seconds())
        return f"the forwarding database was read {age} s ago"
    here = stations(s)
    if s.target is not None and s.target not in here:
        return f"{s.target} is not behind it now"
    if s.target is not None and s.claims is not None and s.target not in s.claims.answering:
        return f"{s.target} no longer answers for {s.claims.address}"
    if not here and s.home is None:
        return "no station was seen behind it, and the inventory gives it to nobody"
    return ""


def ambiguous_station(s: Situation) -> str:
    """Refuse where a station hangs on two ports, or nobody has decided who is in the wrong."""
    for mac in (s.target,) if s.target else stations(s):
        ends = {str(seen.port) for seen in sightings(mac, s.topology) if not seen.uplink}
        if elsewhere := ends - {str(s.port)}:
            return f"{mac} is also on {', '.join(sorted(elsewhere))}"
    return _undecided(s)


def _undecided(s: Situation) -> str:
    """Say why the station to be cut off may be the victim."""
    here = frozenset({s.target} if s.target else stations(s))
    for finding in (*((s.finding,) if s.finding else ()), *s.findings):
        roles = {c.mac: c.role for c in finding.claimants if c.mac in here}
        if "rightful" in roles.values() and "impostor" not in roles.values():
            return f"it has the rightful owner of {finding.address} behind it: see {finding.id}"
    if s.finding is not None and s.target is not None:
        role = next((c.role for c in s.finding.claimants if c.mac == s.target), "unknown")
        if role != "impostor":
            return f"nothing decides whether {s.target} is in the wrong in {s.finding.id}"
    return ""


def already_down(s: Situation) -> str:
    """Refuse to close what is not open."""
    status = s.interface.admin_status if s.interface else "unknown"
    return "" if status == "up" else f"its ifAdminStatus is {status}"


def no_write_credential(s: Situation) -> str:
    """Refuse where netguard has no right to change the device."""
    return s.no_write


def per_hour(s: Situation) -> str:
    """Refuse more closings an hour, in the whole fleet, than the configuration allows.

    Without its history a person may go on, who sees what was closed; a program may not.
    """
    if s.recent is None:
        return "the history cannot be read, so nobody knows how many" if s.automatic else ""
    most = s.settings.per_hour
    return f"{s.recent} ports were closed within the hour; {most} may be" * (s.recent >= most)


def frozen(s: Situation) -> str:
    """Refuse everything unattended while somebody has frozen it."""
    return s.frozen if s.automatic else ""


def policy(s: Situation) -> str:
    """Refuse unattended action for kinds of trouble that `automatic` does not list."""
    if not s.automatic:
        return ""
    kind = s.finding.kind if s.finding else "no finding"
    return "" if kind in s.settings.automatic else f"`automatic` does not list {kind}"


def unproven(s: Situation) -> str:
    """Refuse unattended action unless a pin or the inventory proves who is in the wrong."""
    if not s.automatic:
        return ""
    if s.claims is None or s.target not in s.claims.impostors:
        return "it could not be asked again who answers"
    if s.target in s.claims.rightful:
        return f"{s.target} may have {s.claims.address}"
    if not s.claims.rightful and s.home is None:
        return f"neither a pin nor the inventory says who has {s.claims.address}"
    return ""


def too_few_sightings(s: Situation) -> str:
    """Refuse unattended action on fewer independent sightings than `confirmations`."""
    seen = s.claims.sightings if s.claims else 0
    wanted = s.settings.confirmations
    return f"seen {seen} times; `confirmations` wants {wanted}" * (s.automatic and seen < wanted)


def already_handled(s: Situation) -> str:
    """Refuse to act twice, unattended, for one incident."""
    if not s.automatic or s.finding is None:
        return ""
    if s.handled is None:
        return "the history cannot be read, so nobody knows whether it was acted upon before"
    return "a port was closed for this incident before" * (incident(s) in s.handled)


def incident(s: Situation) -> str | None:
    """Return the name of one opening of the finding; the same trouble come again is another."""
    return f"{s.finding.id}@{s.finding.first_seen.isoformat()}" if s.finding else None


def already_up(s: Situation) -> str:
    """Refuse to open what is not closed."""
    status = s.interface.admin_status if s.interface else "unknown"
    return "" if status == "down" else f"its ifAdminStatus is {status}"


def not_ours(s: Situation) -> str:
    """Refuse to open what netguard did not close: somebody had a reason."""
    return "" if s.closing is not None else "netguard did not close it, as far as its history says"


def still_in_trouble(s: Situation) -> str:
    """Refuse to open a port while the trouble that it was closed for goes on elsewhere."""
    if s.claims is not None:
        others = s.claims.answering - s.claims.rightful
        if not others:
            return ""
        return f"{', '.join(sorted(others))} answers for {s.claims.address}"
    if s.finding is None or s.asked:
        return ""
    return f"nobody could be asked who answers for {s.finding.address} now"


# In the order in which a person wants to hear of them.
CLOSING: Mapping[str, Guard] = {
    "not-a-managed-port": not_a_managed_port,
    "already-down": already_down,
    "uplink": uplink,
    "trunk": trunk,
    "lag-member": lag_member,
    "protected": protected,
    "gateway-station": gateway_station,
    "own-path": own_path,
    "too-many-stations": too_many_stations,
    "stale-location": stale_location,
    "ambiguous-station": ambiguous_station,
    "no-write-credential": no_write_credential,
    "per-hour": per_hour,
    "frozen": frozen,
    "policy": policy,
    "unproven": unproven,
    "too-few-sightings": too_few_sightings,
    "already-handled": already_handled,
}
OPENING: Mapping[str, Guard] = {
    "not-a-managed-port": not_a_managed_port,
    "already-up": already_up,
    "not-ours": not_ours,
    "still-in-trouble": still_in_trouble,
    "no-write-credential": no_write_credential,
    "frozen": frozen,
}


def refusals(s: Situation) -> Iterator[tuple[str, str]]:
    """Yield every guard of the change that is wanted with its reason, empty where it lets pass."""
    for name, guard in (CLOSING if s.change == "shutdown" else OPENING).items():
        yield name, guard(s)
