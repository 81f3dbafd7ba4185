"""Builders for a decision about one port: a small healthy network with one impostor in it."""

from datetime import timedelta
from ipaddress import ip_address

import msgspec

from netguard.findings import Claimant, Finding, Role, identity
from netguard.history import Action
from netguard.inventory import Segment, Server, SwitchPort
from netguard.situation import Claims, Situation, ways
from netguard.situation import Shutdown as Settings
from netguard.view import DeviceView, PortTables
from probes.records import BasePort, Gap, LagMember, Table, Tagging
from tests.building import GATEWAY, NOW, ROUTER, mac, router, seen, segment, switch, view
from tests.remembering import action

# A guard, why it should refuse (or not), what it is asked, and a part of the reason it gives.
Refused = tuple[str, str, Situation, str]
Passed = tuple[str, str, Situation]

CULPRIT, VICTIM, OWN, FAR = mac(0x24), mac(0x25), mac(0xF0), mac(0x31)
LOST = Gap(subject="cat1", kind="snmp-timeout", detail="no answer within 1.5 s")
PORT = SwitchPort("cat1", "Fa0/3")
NUMBER = 10005  # its ifIndex
LEARNED = {ROUTER: "Gi0/1", OWN: "Gi0/1", FAR: "Gi0/2", CULPRIT: "Fa0/3", VICTIM: "Fa0/4"}
TO_EDGE = {"Gi0/1": ("edge1", "ethernet1/1")}
TO_CAT2 = {"Gi0/2": ("cat2", "Gi0/1")}
GATEWAY_IP = ip_address(GATEWAY)


def typed(device: DeviceView, **port: object) -> DeviceView:
    """Return a switch whose ports are open Ethernet ports, and Fa0/3 as given besides."""
    known = {"if_type": 6, "admin_status": "up", "oper_status": "up"}
    ports = (
        msgspec.structs.replace(i, **{**known, **(port if i.name == PORT.port else {})})
        for i in device.interfaces
    )
    return msgspec.structs.replace(device, interfaces=tuple(ports))


def cat1(learned: dict[str, str] | None = None, **fields: object) -> DeviceView:
    port = {k: fields.pop(k) for k in ("if_type", "admin_status") if k in fields}
    known: dict[str, object] = {"neighbors": {**TO_EDGE, **TO_CAT2}}
    device = switch("cat1", LEARNED if learned is None else learned, **{**known, **fields})  # type: ignore[arg-type]
    return typed(device, **port)


def cat2(learned: dict[str, str] | None = None, **fields: object) -> DeviceView:
    there = {ROUTER: "Gi0/1", OWN: "Gi0/1", CULPRIT: "Gi0/1", VICTIM: "Gi0/1", FAR: "Fa0/1"}
    known: dict[str, object] = {"neighbors": {"Gi0/1": ("cat1", "Gi0/2")}}
    device = switch("cat2", there if learned is None else learned, **{**known, **fields})  # type: ignore[arg-type]
    return typed(device)


def edge1(**fields: object) -> DeviceView:
    known: dict[str, object] = {"neighbors": {"ethernet1/1": ("cat1", "Gi0/1")}}
    return router(**{**known, **fields})  # type: ignore[arg-type]


def unread(device: DeviceView) -> DeviceView:
    """Return a device that did not answer."""
    return DeviceView(device=device.device, seen=NOW, gaps=(LOST,))


def tables(**fields: object) -> PortTables:
    """Return what cat1 says of its ports: bridged, untagged, alone."""
    numbers = range(10001, 10007)
    known: dict[str, object] = {
        "base_ports": Table(tuple(BasePort(base_port=n - 10000, if_index=n) for n in numbers)),
        "tagging": Table(tuple(Tagging(if_index=n, tagged=n < 10003) for n in numbers)),
        "lag_members": Table[LagMember](()),
    }
    return PortTables(**{**known, **fields})  # type: ignore[arg-type]


def closing(
    *devices: DeviceView,
    servers: tuple[Server, ...] = (),
    of: Segment | None = None,
    look: dict[str, object] | None = None,
    **fields: object,
) -> Situation:
    """Return the wish to close cat1 Fa0/3, which nothing forbids, but for what is given."""
    read = {"edge1": edge1(), "cat1": cat1(), "cat2": cat2()}
    read |= {device.device.name: device for device in devices}
    seen_now = view(seen(of=of or segment()), read.values(), servers, **(look or {}))
    topology, homes = ways(seen_now)
    port = fields.get("port", PORT)
    device = read["cat1"]
    known: dict[str, object] = {
        "now": NOW + timedelta(seconds=5),
        "change": "shutdown",
        "port": PORT,
        "interface": next(
            (i for i in device.interfaces if SwitchPort("cat1", i.name) == port), None
        ),
        "view": seen_now,
        "topology": topology,
        "homes": homes,
        "tables": tables(),
        "settings": Settings(),
        "own_macs": frozenset({OWN}),
        "own_addresses": frozenset({ip_address("198.51.100.9")}),
        "recent": 0,
        "handled": frozenset(),
    }
    return Situation(**{**known, **fields})  # type: ignore[arg-type]


def hijack(**roles: Role) -> Finding:
    """Return a finding about the gateway; by default the culprit is the impostor in it."""
    macs = {"culprit": CULPRIT, "victim": VICTIM, "router": ROUTER}
    said = roles or {"culprit": "impostor", "router": "rightful"}
    return Finding(
        id=identity("gateway-hijack", "web-226", GATEWAY),
        kind="gateway-hijack",
        severity="critical",
        first_seen=NOW,
        last_seen=NOW,
        segment="web-226",
        address=GATEWAY_IP,
        claimants=tuple(Claimant(mac=macs[who], role=role) for who, role in said.items()),
        summary="",
        advice="",
    )


def answering(*macs: str, **fields: object) -> Claims:
    """Return who answered for the gateway just now; the router may, the culprit may not."""
    known: dict[str, object] = {
        "address": GATEWAY_IP,
        "answering": frozenset(macs or {CULPRIT}),
        "rightful": frozenset({ROUTER}),
        "impostors": frozenset({CULPRIT}),
        "sightings": 2,
    }
    return Claims(**{**known, **fields})  # type: ignore[arg-type]


def unattended(*devices: DeviceView, **fields: object) -> Situation:
    """Return what a program wants, and may: the proven impostor, seen often enough."""
    known: dict[str, object] = {
        "automatic": True,
        "settings": Settings(automatic=("gateway-hijack",)),
        "target": CULPRIT,
        "finding": hijack(),
        "asked": True,
        "claims": answering(),
    }
    return closing(*devices, **{**known, **fields})  # type: ignore[arg-type]


def closed() -> Action:
    """Return how netguard closed the port, for the hijack."""
    return action("outcome")


def opening(**fields: object) -> Situation:
    """Return the wish to open the port again, which nothing forbids, but for what is given."""
    known: dict[str, object] = {
        "change": "restore",
        "closing": closed(),
        "finding": hijack(),
        "asked": True,
        "claims": answering(ROUTER),
    }
    return closing(cat1(admin_status="down"), **{**known, **fields})  # type: ignore[arg-type]
