"""The objects of one SNMP notification to a Notice (Cisco, Foundry/Brocade, VRRP, LLDP).

A notification's own name, snmpTrapOID, is looked up with exactly one zero before its last number:
SNMPv1 agents and what converts their traps leave it out or have it twice (RFC 3584, section 3.1).
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from ipaddress import IPv4Address
from typing import NamedTuple

import msgspec

from probes.heard import Notice
from probes.mac import canonical
from probes.notices import messages
from probes.notices.forms import Kind
from probes.notices.syslog import plain
from probes.snmp_link import Value

Objects = Sequence[tuple[str, Value]]
"""The variable bindings in their order: dotted names with their index, and values."""

_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
_TRAP_ADDRESS = "1.3.6.1.6.3.18.1.3.0"
_CISCO, _FOUNDRY = "1.3.6.1.4.1.9.9", "1.3.6.1.4.1.1991"

# Objects that name a thing, by their name without index.
_IF_NAMES = ("1.3.6.1.2.1.31.1.1.1.1", "1.3.6.1.2.1.2.2.1.2")  # ifName, else ifDescr
_SECURE_MAC = f"{_CISCO}.315.1.2.1.1.10"
_SECURE_VLAN = f"{_CISCO}.315.1.2.1.1.18"
_MOVED_MAC, _MOVED_VLAN = f"{_CISCO}.215.1.3.3", f"{_CISCO}.215.1.3.4"
_ERR_DISABLE_CAUSE = f"{_CISCO}.548.1.3.1.1.2"
_LOG_FACILITY, _LOG_SEVERITY, _LOG_NAME, _LOG_TEXT = (
    f"{_CISCO}.41.1.2.3.1.{column}" for column in (2, 3, 4, 5)
)
_FOUNDRY_TEXT = f"{_FOUNDRY}.1.1.2.1.44"
_LLDP_STATS = "1.0.8802.1.1.2.1.2"
# What people read where a notification has no text of its own.
_SPOKEN = {
    _MOVED_MAC: "cmnMACMoveAddress",
    _MOVED_VLAN: "cmnMACMoveVlanNumber",
    f"{_CISCO}.215.1.3.5": "cmnMACMoveFromPortId",
    f"{_CISCO}.215.1.3.6": "cmnMACMoveToPortId",
    f"{_CISCO}.215.1.3.7": "cmnMACMoveTime",
    f"{_LLDP_STATS}.2": "lldpStatsRemTablesInserts",
    f"{_LLDP_STATS}.3": "lldpStatsRemTablesDeletes",
    f"{_LLDP_STATS}.4": "lldpStatsRemTablesDrops",
    f"{_LLDP_STATS}.5": "lldpStatsRemTablesAgeouts",
}
_MAC_OCTETS = 6
_OF_THE_PROTOCOL = ("1.3.6.1.2.1.1.3", "1.3.6.1.6.3.1.1.4", "1.3.6.1.6.3.18.1")

Told = dict[str, str | int | None]
"""What a notification tells, by Notice's field names."""


class _Trap(NamedTuple):
    name: str
    kind: Kind | None  # None: only its text says, if anything
    told: Callable[["_Bindings"], Told]


class _Bindings:
    """The objects of a notification, to be asked for by name without index."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    def find(self, *names: str) -> tuple[str, Value] | None:
        """Return the index and the value of the first of these names that is there."""
        for name in names:
            for oid, value in self.objects:
                if oid == name or oid.startswith(f"{name}."):
                    return oid[len(name) + 1 :], value
        return None

    def text(self, *names: str) -> str:
        """Return an OCTET STRING as text, empty without one."""
        found = self.find(*names)
        return plain(found[1]).strip() if found and isinstance(found[1], bytes) else ""

    def vlan(self, name: str) -> int | None:
        """Return the number of a VLAN that there can be."""
        number = self.number(name)
        return number if number in messages.VLANS else None

    def number(self, name: str) -> int | None:
        """Return an INTEGER."""
        found = self.find(name)
        return found[1] if found and isinstance(found[1], int) else None

    def mac(self, name: str) -> str | None:
        """Return a MAC address, None for anything that has not six octets."""
        found = self.find(name)
        value = found[1] if found else None
        six = isinstance(value, bytes) and len(value) == _MAC_OCTETS
        return canonical(value) if isinstance(value, bytes) and six else None


def notice(objects: Objects, *, source: str, seen: datetime) -> Notice | None:
    """Return what a notification says of addresses, MACs, virtual routers or ports, else None.

    `message` is its text, or its name and objects where it has none; `host` the agent's own
    address where somebody passed the notification on. Ports known by number only stay None: a
    bridge port or ifIndex is no name.
    """
    bindings = _Bindings(objects)
    trap = _TRAPS.get(_name(bindings))
    if trap is None:
        return None
    host = _agent(bindings)
    text = _log_message(bindings) or bindings.text(_FOUNDRY_TEXT)
    read = messages.notice(text, source=source, seen=seen, host=host) if text else None
    if trap.kind is None or (read and read.kind == trap.kind):
        return read
    message = text or _in_words(trap.name, bindings)
    bare = Notice(source=source, host=host, kind=trap.kind, message=message, seen=seen)
    return msgspec.structs.replace(bare, **trap.told(bindings))


def countable(objects: Objects) -> bool:
    """Say whether the text of a notification speaks of duplicates, and is no notice."""
    bindings = _Bindings(objects)
    return messages.countable(_log_message(bindings) or bindings.text(_FOUNDRY_TEXT))


def _name(bindings: _Bindings) -> str:
    found = bindings.find(_TRAP_OID)
    return _with_one_zero(str(found[1])) if found else ""


def _with_one_zero(trap_oid: str) -> str:
    return re.sub(r"(?:\.0)*\.(\d+)$", r".0.\1", trap_oid)


def _agent(bindings: _Bindings) -> str:
    """Return snmpTrapAddress, which pysnmp leaves as four octets where it was a v1 trap's."""
    found = bindings.find(_TRAP_ADDRESS)
    try:
        told = IPv4Address(found[1] if found else 0)
    except ValueError:
        return ""
    return "" if told.is_unspecified else str(told)


def _log_message(bindings: _Bindings) -> str:
    """Put clogMessageGenerated's parts together again, as the device would log them."""
    text = bindings.text(_LOG_TEXT)
    severity = bindings.number(_LOG_SEVERITY)
    if not text or severity is None or text.startswith("%"):
        return text
    # SyslogSeverity counts from 1 for emergency, the log itself from 0.
    where = f"{bindings.text(_LOG_FACILITY)}-{severity - 1}-{bindings.text(_LOG_NAME)}"
    return f"%{where}: {text}"


def _in_words(name: str, bindings: _Bindings) -> str:
    told = (
        f"{_SPOKEN.get(oid.removesuffix('.0'), oid)}={_shown(value)}"
        for oid, value in bindings.objects
        if not oid.startswith(_OF_THE_PROTOCOL)
    )
    return " ".join((name, *told))[: messages.LONGEST]


def _shown(value: Value) -> str:
    if not isinstance(value, bytes):
        return str(value)
    return canonical(value) if len(value) == _MAC_OCTETS else plain(value)


def _nothing(_: _Bindings) -> Told:
    return {}


def _named_port(bindings: _Bindings) -> Told:
    return {"port": bindings.text(*_IF_NAMES) or None}


def _moved(bindings: _Bindings) -> Told:
    return {"mac": bindings.mac(_MOVED_MAC), "vlan": bindings.vlan(_MOVED_VLAN)}


def _secured(bindings: _Bindings) -> Told:
    found = {"mac": bindings.mac(_SECURE_MAC), "vlan": bindings.vlan(_SECURE_VLAN)}
    return _named_port(bindings) | found


def _err_disabled(bindings: _Bindings) -> Told:
    """Read the VLAN from where it stands: the index of the cause, ifIndex.VLAN; 0 is the port."""
    found = bindings.find(_ERR_DISABLE_CAUSE)
    index = found[0].split(".") if found else []
    vlan = int(index[1]) if len(index) == len(("ifIndex", "vlan")) else 0
    return _named_port(bindings) | {"vlan": vlan if vlan in messages.VLANS else None}


_NAMED = {
    "1.0.8802.1.1.2.0.0.1": _Trap("lldpRemTablesChange", "neighbors-changed", _nothing),
    "1.3.111.2.802.1.1.13.0.0.1": _Trap("lldpV2RemTablesChange", "neighbors-changed", _nothing),
    f"{_CISCO}.41.2.0.1": _Trap("clogMessageGenerated", None, _nothing),
    f"{_CISCO}.106.2.0.1": _Trap("cHsrpStateChange", "virtual-router", _named_port),
    f"{_CISCO}.215.2.0.2": _Trap("cmnMacMoveNotification", "mac-moved", _moved),
    f"{_CISCO}.315.0.0.1": _Trap("cpsSecureMacAddrViolation", "port-closed", _secured),
    f"{_CISCO}.315.0.0.3": _Trap("cpsIfVlanSecureMacAddrViolation", "port-closed", _secured),
    f"{_CISCO}.548.0.1.1": _Trap("cErrDisableInterfaceEvent", "port-closed", _err_disabled),
    f"{_CISCO}.548.0.2": _Trap("cErrDisableInterfaceEventRev1", "port-closed", _err_disabled),
    "1.3.6.1.2.1.68.0.1": _Trap("vrrpTrapNewMaster", "virtual-router", _named_port),
    "1.3.6.1.2.1.207.0.1": _Trap("vrrpv3NewMaster", "virtual-router", _named_port),
    "1.3.6.1.4.1.11.0.56": _Trap("snTrapDuplicateIp", "duplicate-address", _nothing),  # HP 9300
    f"{_FOUNDRY}.0.34": _Trap("snTrapVrrpIfStateChange", "virtual-router", _nothing),
    f"{_FOUNDRY}.0.56": _Trap("snTrapDuplicateIp", "duplicate-address", _nothing),
    f"{_FOUNDRY}.0.77": _Trap("snTrapPortSecurityViolation", "port-closed", _nothing),
    f"{_FOUNDRY}.0.78": _Trap("snTrapPortSecurityShutdown", "port-closed", _nothing),
    f"{_FOUNDRY}.0.82": _Trap("snTrapVrrpeIfStateChange", "virtual-router", _nothing),
    f"{_FOUNDRY}.0.123": _Trap("snTrapAutoPortDisableTrigger", "port-closed", _nothing),
    f"{_FOUNDRY}.0.154": _Trap("snTrapErrorDisableAction", "port-closed", _named_port),
    f"{_FOUNDRY}.0.197": _Trap("snTrapMacMoveThresholdRate", "mac-moved", _nothing),
    f"{_FOUNDRY}.0.198": _Trap("snTrapMacMoveIntervalHistory", "mac-moved", _nothing),
}
_TRAPS = {_with_one_zero(oid): trap for oid, trap in _NAMED.items()}
