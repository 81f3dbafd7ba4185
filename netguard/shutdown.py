"""May this port be closed, or opened again? Pure: from a situation to a plan and its refusals."""

from collections.abc import Collection

import msgspec

from netguard.guards import CLOSING, OPENING, UNATTENDED, refusals
from netguard.history import Change, PortStatus
from netguard.inventory import Server, SwitchPort
from netguard.situation import Shutdown, Situation, stations
from probes.records import IPAddress

__all__ = ["Occupant", "Plan", "Shutdown", "Verdict", "liftable", "plan"]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one guard says: `reason` is empty where it lets pass; `lifted` where a person did."""

    guard: str
    reason: str
    lifted: bool = False


class Occupant(msgspec.Struct, frozen=True, kw_only=True):
    """A station behind the port: whose it is and what it answers for; `target` is who is meant."""

    mac: str
    addresses: tuple[IPAddress, ...]
    server: str | None
    customer: str
    target: bool


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The change, what it would cut off, and every guard's word on it."""

    change: Change
    port: SwitchPort
    if_index: int | None
    descr: str
    alias: str
    before: PortStatus
    server: str | None
    customer: str
    stations: tuple[Occupant, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def refused_by(self) -> tuple[str, ...]:
        """The guards that refuse, without those that a person has lifted."""
        return tuple(v.guard for v in self.verdicts if v.reason and not v.lifted)


def liftable(change: Change) -> tuple[str, ...]:
    """Return the guards that a person may lift, one by one and by name."""
    guards = CLOSING if change == "shutdown" else OPENING
    return tuple(name for name in guards if name not in UNATTENDED)


def plan(s: Situation, lifted: Collection[str] = ()) -> Plan:
    """Put together what the change would do, and let every guard have its say.

    `lifted` are the guards that a person overrides; for a program there are none.
    """
    may_lift = frozenset() if s.automatic else frozenset(lifted) & set(liftable(s.change))
    port = s.interface
    who = _server(s)
    return Plan(
        change=s.change,
        port=s.port,
        if_index=port.if_index if port else None,
        descr=port.descr if port else "",
        alias=port.alias if port else "",
        before=PortStatus(port.admin_status, port.oper_status)
        if port
        else PortStatus("unknown", "unknown"),
        server=who.name if who else None,
        customer=who.customer if who else "",
        stations=tuple(_occupant(s, mac) for mac in stations(s)),
        verdicts=tuple(
            Verdict(guard=name, reason=reason, lifted=bool(reason) and name in may_lift)
            for name, reason in refusals(s)
        ),
    )


def _server(s: Situation) -> Server | None:
    """Return whose port it is: the inventory's word, or the one server that its stations are."""
    if s.home is not None:
        return s.home
    known = {found.name: found for mac in stations(s) if (found := _owner(s, mac))}
    return next(iter(known.values())) if len(known) == 1 else None


def _owner(s: Situation, mac: str) -> Server | None:
    if found := s.view.index.server_with(mac):
        return found
    assigned = (s.view.index.assigned_to(address) for address in _addresses(s, mac))
    known = {server.name: server for server in assigned if server}
    return next(iter(known.values())) if len(known) == 1 else None


def _addresses(s: Situation, mac: str) -> tuple[IPAddress, ...]:
    """Return what a station answered for in this look, and what the routers list it with."""
    heard = {a for seen in s.view.segments for a, who in seen.claims.items() if mac in who}
    heard |= {t.address for seen in s.view.segments for t in seen.tests if t.station == mac}
    listed = {e.ip for d in s.view.devices.values() for e in d.arp if e.mac == mac}
    return tuple(sorted(heard | listed, key=lambda a: (a.version, a)))


def _occupant(s: Situation, mac: str) -> Occupant:
    owner = s.view.index.server_with(mac) or s.home or _owner(s, mac)
    return Occupant(
        mac=mac,
        addresses=_addresses(s, mac),
        server=owner.name if owner else None,
        customer=owner.customer if owner else "",
        target=mac == s.target,
    )
