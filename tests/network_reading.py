"""What netguard would read of a true network, with the faults and lies that its recipe names."""

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import IPv4Address
from typing import TypeVar

import msgspec

from netguard.emergency.gathering import with_claims
from netguard.findings import Claimant, Finding, identity
from netguard.inventory import (
    Device,
    Gateway,
    Inventory,
    Segment,
    SwitchPort,
    index,
)
from netguard.situation import Shutdown, Situation, ways
from netguard.view import DeviceView, PortTables, View
from probes.platforms.platform import Family
from probes.records import (
    ArpEntry,
    BasePort,
    Chassis,
    FdbEntry,
    Gap,
    Interface,
    InterfaceAddress,
    IPAddress,
    LagMember,
    Neighbor,
    SystemInfo,
    Table,
    Tagging,
)
from tests.building import GATEWAY, NOW, VLAN, asked, claim, remembered, seen, segment
from tests.network_maker import NETGUARD, VIRTUAL, Network
from tests.network_words import ADDRESS, claims, listing, mute, quiet_cable, servers

ELSEWHERE = IPv4Address("192.0.2.9")  # netguard's own, where it is not in the segment
RowT = TypeVar("RowT")
_ETHERNET, _AGGREGATE = 6, 161
_LOST = Gap(subject="cat1", kind="snmp-timeout", detail="no answer within 1.5 s")


class Reading:
    """All that is read of one network, once: the view, and each switch's port tables."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.random = network.random
        self.silent = {s for s in network.switches if network.wrong("silent", 0.4)}
        self.cleared = {s for s in network.switches if network.wrong("aged", 0.4)}
        quiet = quiet_cable(network)
        self.mute = mute(network, quiet)
        self.claims = claims(network, quiet)
        self.listing = listing(network, self.mute)
        self.passing = {h for h in network.hubs if network.wrong("flooding", 0.6)}
        self.listed = [n for n in network.devices if network.recipe.managed or n[:3] == "cat"]
        self.directions = {
            holder: network.towards(holder) for holder in network.macs if _is_live(network, holder)
        }
        self.views = {name: self._device(name) for name in self.listed}
        self.servers = tuple(servers(network))
        self.view = self._view()
        self.tables = {name: self._tables(name) for name in network.switches}
        self.ways = ways(self.view)

    def situation(self, port: SwitchPort) -> Situation:
        """Return what the emergency stop would gather about a port, as it does."""
        network = self.network
        device = self.view.devices[port.device]
        topology, where = self.ways
        address = ADDRESS if network.recipe.seat == "in-band" else ELSEWHERE
        return Situation(
            now=NOW + timedelta(seconds=3),
            change="shutdown",
            port=port,
            interface=next((i for i in device.interfaces if i.name == port.port), None),
            view=self.view,
            topology=topology,
            homes=where,
            tables=self.tables[port.device] if device.system else None,
            settings=Shutdown(automatic=("gateway-hijack",), confirmations=1),
            own_macs=frozenset(network.macs[NETGUARD]),
            own_addresses=frozenset({address}),
            recent=0,
            handled=frozenset(),
        )

    def _view(self) -> View:
        inventory = Inventory(
            devices=tuple(view.device for view in self.views.values()),
            segments=(self._segment(),),
            servers=self.servers,
        )
        pin = self.network.recipe.pin
        return View(
            now=NOW,
            inventory=inventory,
            index=index(inventory),
            segments=(),
            devices=self.views,
            remembered=remembered(self.network.macs["edge1"][0]) if pin == "remembered" else {},
        )

    def _segment(self) -> Segment:
        pinned = {"config": self.network.macs["edge1"], "virtual": (VIRTUAL,)}
        macs = pinned.get(self.network.recipe.pin, ())
        return segment(
            gateways=(Gateway(address=IPv4Address(GATEWAY), macs=macs),),
            routers=tuple(n for n in self.listed if n in self.network.routers),
            switches=tuple(self.network.switches),
        )

    def _device(self, name: str) -> DeviceView:
        network = self.network
        is_router = name in network.routers
        device = Device(
            name=name,
            host="192.0.2.11",
            role="router" if is_router else "switch",
            snmp="lab",
            uplinks=self.listing.get(name, ()),
        )
        age = timedelta(seconds=300 if network.wrong("old", 0.3) else 1)
        if network.wrong("unread", 0.3):
            return DeviceView(device=device, seen=NOW, gaps=(_LOST,))
        fdb = () if is_router else tuple(self._fdb(name))
        neighbors = tuple(self._neighbors(name))
        arp = tuple(self._arp())
        gaps: tuple[Gap, ...] = ()
        if network.wrong("gaps", 0.4):
            gaps = (_LOST,)
            fdb, neighbors = self._cut(fdb), self._cut(neighbors)
        return DeviceView(
            device=device,
            seen=NOW - age,
            platform=self._platform(name),
            system=SystemInfo(sys_descr="", sys_object_id="1.3.6.1.4.1.9.1.516", sys_name=name),
            chassis=Chassis(chassis_id=network.macs[name][0], sys_name=name),
            base_address=network.macs[name][0],
            interfaces=tuple(self._interfaces(name)),
            addresses=self._addresses(name),
            arp=arp,
            fdb=fdb,
            neighbors=neighbors,
            gaps=gaps,
        )

    def _platform(self, name: str) -> Family:
        if name in self.silent:
            return self.random.choice(("generic", "foundry", "catalyst"))
        return "catalyst"

    def _cut(self, rows: tuple[RowT, ...]) -> tuple[RowT, ...]:
        return rows[: self.random.randint(0, len(rows))]

    def _interfaces(self, name: str) -> Iterator[Interface]:
        for number, port in enumerate(self.network.ports[name], 1):
            bundle = port.startswith("Po") and name not in self.silent
            yield Interface(
                if_index=number,
                name=port,
                descr=port.replace("Fa", "FastEthernet"),
                phys_address=self.network.macs[name][0],
                admin_status="up",
                oper_status="up",
                if_type=_AGGREGATE if bundle else _ETHERNET,
            )
        if name in self.network.routers:
            hw = self.network.macs[name][0]
            yield Interface(if_index=900, name="ve1", descr="ve1", phys_address=hw, if_type=6)

    def _addresses(self, name: str) -> tuple[InterfaceAddress, ...]:
        if name != "edge1" or self.network.recipe.pin != "snmp":
            return ()
        return (InterfaceAddress(ip=IPv4Address(GATEWAY), prefix_length=25, if_index=900),)

    def _number(self, port: SwitchPort) -> int:
        return self.network.ports[port.device].index(port.port) + 1

    def _fdb(self, name: str) -> Iterator[FdbEntry]:
        """Yield a row for each MAC, on the port towards one of those that send with it."""
        for station in sorted({m for h in self.directions for m in self.network.macs[h]}):
            for port in self._learned(name, station):
                number = self._number(port)
                yield FdbEntry(
                    vlan=VLAN, mac=station, base_port=number, if_index=number, status="learned"
                )

    def _learned(self, name: str, station: str) -> list[SwitchPort]:
        network = self.network
        holders = [h for h in self.directions if station in network.macs[h] and h != name]
        if not holders:
            return []
        if NETGUARD in holders:
            # The question that this very row answers came from there a moment ago.
            true = self.directions[NETGUARD][name]
            others = [self.directions[h][name] for h in holders if h != NETGUARD]
            return [*dict.fromkeys([true, *(p for p in others if self.random.random() < 0.5)])]
        if network.wrong("aged", 0.8 if name in self.cleared else 0.15):
            return []
        port = self.directions[self.random.choice(holders)][name]
        if network.wrong("stale", 0.15):
            port = SwitchPort(name, self.random.choice(network.ports[name]))
        return [network.logical(port)]

    def _arp(self) -> Iterator[ArpEntry]:
        network = self.network
        own = network.macs[NETGUARD][0]
        known: dict[IPAddress, str] = {IPv4Address(GATEWAY): network.macs["edge1"][-1]}
        if network.recipe.seat == "in-band":
            known[ADDRESS] = own
        elif network.recipe.seat == "out-of-band":
            known[ELSEWHERE] = own
        for address, station in known.items():
            hw = station
            if network.hosts and network.wrong("poisoned", 0.4):
                hw = network.macs[self.random.choice(network.hosts)][0]
            yield ArpEntry(ip=address, mac=hw, if_index=1)

    def _neighbors(self, name: str) -> Iterator[Neighbor]:
        for cable in self.network.cables.get(name, ()):
            for one, other in cable.members or (cable[:2],):
                near, far = (one, other) if one.device == name else (other, one)
                for remote in self._heard(near, far):
                    yield Neighbor(
                        protocol="lldp",
                        if_index=self._number(near),
                        port=near.port,
                        remote_name=remote.device,
                        remote_port=remote.port,
                        remote_chassis=self._chassis(remote.device),
                    )

    def _chassis(self, device: str) -> str:
        return self.network.macs[device][0]

    def _heard(self, near: SwitchPort, far: SwitchPort) -> Iterator[SwitchPort]:
        """Yield what is said on a port, truly or not, by whatever is plugged into it."""
        network = self.network
        if far.device in network.hubs:
            passed = far.device in self.passing
            for cable in network.cables[far.device]:
                end = cable.far(far.device)
                if end != near and (passed or end.device in self.claims):
                    yield from self._said(end)
        else:
            yield from self._said(far)

    def _said(self, end: SwitchPort) -> Iterator[SwitchPort]:
        if end.device in self.network.devices:
            if end not in self.mute:
                yield end
        else:
            yield from self.claims.get(end.device, ())

    def _tables(self, name: str) -> PortTables:
        network = self.network
        numbers = {port: n for n, port in enumerate(network.ports[name], 1)}
        members = [
            LagMember(if_index=numbers[port], aggregate=self._number(network.logical(where)))
            for port in numbers
            if network.logical(where := SwitchPort(name, port)) != where
        ]
        inside = {row.if_index for row in members}
        tagged = network.chance(0.4)
        tagging = [
            Tagging(if_index=n, tagged=tagged and network.is_uplink(SwitchPort(name, port)))
            for port, n in numbers.items()
        ]
        bridged = [BasePort(base_port=n, if_index=n) for n in numbers.values() if n not in inside]
        if name in self.silent:
            members, tagging = [], []
        return PortTables(
            base_ports=self._table(bridged),
            tagging=self._table(tagging),
            lag_members=self._table(members),
        )

    def _table(self, rows: list[RowT]) -> Table[RowT]:
        if self.network.wrong("gaps", 0.2):
            return Table(self._cut(tuple(rows)), (_LOST,))
        return Table(tuple(rows))


def _is_live(network: Network, holder: str) -> bool:
    """Tell whether a node sends in the segment; most switches are managed in another VLAN."""
    if holder == NETGUARD:
        return network.recipe.seat == "in-band"
    return holder not in network.switches or network.chance(0.3)


def accusing(s: Situation, target: str) -> Situation:
    """Return the situation with a station that answers for the gateway, and was found to."""
    (of,) = s.view.inventory.segments
    swept = seen([claim(GATEWAY, target)], [asked(GATEWAY, target)], of=of)
    finding = Finding(
        id=identity("gateway-hijack", of.name, GATEWAY),
        kind="gateway-hijack",
        severity="critical",
        first_seen=NOW,
        last_seen=NOW,
        segment=of.name,
        address=IPv4Address(GATEWAY),
        claimants=(Claimant(mac=target, role="impostor"),),
        summary="",
        advice="",
    )
    view = msgspec.structs.replace(s.view, segments=(swept,))
    s = msgspec.structs.replace(s, view=view, target=target, finding=finding, findings=(finding,))
    return with_claims(s, (of, IPv4Address(GATEWAY)))
