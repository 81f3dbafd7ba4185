"""Guards over what the port itself is: managed, open, no trunk, no part of an aggregate."""

from netguard.guards.unread import unread
from netguard.situation import Situation, rows, segments
from probes.records import Interface

_ETHERNET = frozenset({6, 62, 69, 117})  # IANAifType: ethernetCsmacd and its obsolete kin
_AGGREGATES = frozenset({53, 161})  # propVirtual (a Catalyst's Port-channel), ieee8023adLag


def not_a_managed_port(s: Situation) -> str:
    """Refuse what is no bridge port of a switch that netguard knows all about."""
    if s.device is None:
        return f"{s.port.device} could not be read"
    if s.interface is None:
        return f"{s.port.device} has no port {s.port.port}"
    if s.device.device.role != "switch":
        return f"{s.port.device} is a router, and its ports are nobody's but its own"
    if not segments(s):
        return f"{s.port.device} is in no [[segment]]: what hangs on it is unknown"
    if any(own.if_index == s.interface.if_index for own in s.device.addresses):
        return f"{s.port.device} has an address of its own on it"
    return _not_bridged(s, s.interface)


def _not_bridged(s: Situation, interface: Interface) -> str:
    if interface.if_type not in _ETHERNET | _AGGREGATES:
        return f"it is no Ethernet port (ifType {interface.if_type})"
    table = s.tables.base_ports if s.tables else None
    if table and any(row.if_index == interface.if_index for row in table.rows):
        return ""
    if table is None or table.gaps:
        return unread("which ports are bridged", table.gaps if table else ())
    return f"it is no bridge port in the VLANs of {', '.join(one.name for one in segments(s))}"


def already_down(s: Situation) -> str:
    """Refuse to close what is not open."""
    status = s.interface.admin_status if s.interface else "unknown"
    return "" if status == "up" else f"its ifAdminStatus is {status}"


def trunk(s: Situation) -> str:
    """Refuse a port that carries several VLANs, or of which its device does not say it."""
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
        return unread("whether it is a trunk", table.gaps if table else ())
    # A bridge that knows no VLANs has no such table; one that has it leaves out no port in use.
    if table.rows or (s.device is not None and s.device.platform != "generic"):
        return f"{s.port.device} does not say whether it is a trunk"
    return ""


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
        return unread("whether it is part of an aggregated link", table.gaps if table else ())
    return ""
