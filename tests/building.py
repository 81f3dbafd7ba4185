"""Small builders for what a sweep sees: a network in a few lines, only what a test is about."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address, ip_address, ip_network

from netguard.inventory import Device, Gateway, Inventory, Segment, Server, SwitchPort, index
from netguard.locate import topology
from netguard.scene import Scene, homes
from netguard.view import DeviceView, Identity, SegmentView, View, claims_of
from probes.heard import ArpClaim, ArpSweep, ClaimTest
from probes.records import (
    ArpEntry,
    Chassis,
    FdbEntry,
    Gap,
    Interface,
    InterfaceAddress,
    IPAddress,
    Neighbor,
    SystemInfo,
)

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
GATEWAY = "198.51.100.1"
ROUTER = "00:00:5e:00:53:01"
VLAN = 226


def mac(number: int) -> str:
    """Return the documentation MAC that ends in this number."""
    return f"00:00:5e:00:53:{number:02x}"


def v4(text: str) -> IPv4Address:
    return IPv4Address(text)


def claim(address: str, station: str, **fields: object) -> ArpClaim:
    """Return a reply to our own question."""
    known: dict[str, object] = {
        "interface": "eth1",
        "sender_ip": v4(address),
        "sender_hw": station,
        "frame_source": station,
        "kind": "reply",
        "seen": NOW,
        "delay": 0.001,
    }
    return ArpClaim(**{**known, **fields})  # type: ignore[arg-type]


def asked(
    address: str, station: str, *, broadcast: int = 3, unicast: int = 3, **fields: object
) -> ClaimTest:
    """Return what re-asking showed: by default a station that answers everything."""
    return ClaimTest(
        address=v4(address),
        station=station,
        rounds=3,
        broadcast_answers=broadcast,
        unicast_answers=unicast,
        still_answers=bool(fields.pop("still", unicast > 0)),
        seen=NOW,
        **fields,  # type: ignore[arg-type]
    )


def segment(**fields: object) -> Segment:
    known: dict[str, object] = {
        "name": "web-226",
        "networks": (ip_network("198.51.100.0/25"),),
        "gateways": (Gateway(address=ip_address(GATEWAY)),),
        "interface": "eth1",
        "vlan": VLAN,
        "routers": ("edge1",),
        "switches": ("cat1", "cat2"),
    }
    return Segment(**{**known, **fields})  # type: ignore[arg-type]


def server(name: str, address: str, *, port: str | None = None, **fields: object) -> Server:
    where = SwitchPort(*port.split(" ", 1)) if port else None
    return Server(name=name, address=ip_address(address), port=where, **fields)  # type: ignore[arg-type]


def switch(
    name: str,
    learned: Mapping[str, str] | None = None,
    *,
    neighbors: Mapping[str, tuple[str, str]] | None = None,
    ports: Iterable[str] = ("Gi0/1", "Gi0/2", "Fa0/1", "Fa0/2", "Fa0/3", "Fa0/4"),
    uplinks: tuple[str, ...] = (),
    gaps: tuple[Gap, ...] = (),
    role: str = "switch",
) -> DeviceView:
    """Return a switch that learned `station -> port` and hears `port -> (name, remote port)`."""
    names = tuple(ports)
    numbers = {port: 10001 + i for i, port in enumerate(names)}
    return DeviceView(
        device=Device(name=name, host="192.0.2.11", role=role, snmp="lab", uplinks=uplinks),  # type: ignore[arg-type]
        seen=NOW,
        platform="catalyst",
        system=SystemInfo(sys_descr="", sys_object_id="1.3.6.1.4.1.9.1.516", sys_name=name),
        chassis=Chassis(chassis_id=f"chassis-{name}", sys_name=name),
        interfaces=tuple(
            Interface(if_index=numbers[p], name=p, descr=p.replace("Fa", "FastEthernet"))
            for p in names
        ),
        fdb=tuple(
            FdbEntry(vlan=VLAN, mac=station, base_port=7, if_index=numbers[port], status="learned")
            for station, port in (learned or {}).items()
        ),
        neighbors=tuple(
            Neighbor(
                protocol="lldp",
                if_index=numbers[port],
                port=port,
                remote_name=remote,
                remote_port=far,
                remote_chassis=f"chassis-{remote}",
            )
            for port, (remote, far) in (neighbors or {}).items()
        ),
        gaps=gaps,
    )


def router(
    addresses: Mapping[str, str] | None = None,
    arp: Mapping[str, str] | None = None,
    *,
    name: str = "edge1",
    neighbors: Mapping[str, tuple[str, str]] | None = None,
    gaps: tuple[Gap, ...] = (),
) -> DeviceView:
    """Return a router whose own `address -> MAC` are these and whose ARP table says `arp`."""
    own = {GATEWAY: ROUTER} if addresses is None else addresses
    view = switch(name, ports=("ethernet1/1",), neighbors=neighbors, role="router", gaps=gaps)
    ports = tuple(
        Interface(if_index=100 + i, name=f"ve{i}", descr=f"ve{i}", phys_address=hw)
        for i, hw in enumerate(own.values())
    )
    return DeviceView(
        device=view.device,
        seen=NOW,
        platform="foundry",
        system=view.system,
        chassis=view.chassis,
        interfaces=(*view.interfaces, *ports),
        neighbors=view.neighbors,
        gaps=gaps,
        addresses=tuple(
            InterfaceAddress(ip=ip_address(ip), prefix_length=25, if_index=100 + i)
            for i, ip in enumerate(own)
        ),
        arp=tuple(
            ArpEntry(ip=ip_address(ip), mac=hw, if_index=100) for ip, hw in (arp or {}).items()
        ),
    )


def seen(
    claims: Iterable[ArpClaim] = (),
    tests: Iterable[ClaimTest] = (),
    *,
    of: Segment | None = None,
    gaps: tuple[Gap, ...] = (),
    own_addresses: frozenset[IPv4Address] = frozenset(),
) -> SegmentView:
    """Return a swept segment."""
    heard = tuple(claims)
    sweep = ArpSweep(
        interface="eth1",
        started=NOW,
        duration=1.3,
        probed=126,
        answered=len(heard),
        claims=heard,
        own_addresses=own_addresses,
    )
    return SegmentView(
        segment=of or segment(),
        sweep=sweep,
        claims=claims_of(sweep),
        tests=tuple(tests),
        gaps=gaps,
    )


def view(
    swept: SegmentView,
    devices: Iterable[DeviceView] = (),
    servers: Iterable[Server] = (),
    **fields: object,
) -> View:
    """Return one look at a network with one segment."""
    read = tuple(devices)
    inventory = Inventory(
        devices=tuple(d.device for d in read), segments=(swept.segment,), servers=tuple(servers)
    )
    return View(
        now=NOW,
        inventory=inventory,
        index=index(inventory),
        segments=(swept,),
        devices={d.device.name: d for d in read},
        **fields,  # type: ignore[arg-type]
    )


def scene(look: View) -> Scene:
    """Return the first segment of a look as rules see it."""
    return Scene(
        view=look,
        seen=look.segments[0],
        topology=topology(look.devices, homes(look)),
        homes=homes(look),
    )


def remembered(*macs: str, address: str = GATEWAY) -> dict[tuple[str, IPAddress], Identity]:
    """Return what the router said in an earlier look."""
    identity = Identity(
        macs=frozenset(macs), source="snmp", seen=NOW, detail="edge1 said so earlier"
    )
    return {("web-226", ip_address(address)): identity}
