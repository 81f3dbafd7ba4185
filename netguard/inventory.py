"""What the company says it has: devices, segments and servers, as frozen records."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Generic, Literal, TypeVar

import msgspec

from probes.records import IPAddress

IPNetwork = IPv4Network | IPv6Network
ItemT = TypeVar("ItemT")


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """A default gateway. `macs` pins its identity by hand; empty means that the routers say it."""

    address: IPAddress
    macs: tuple[str, ...] = ()


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A router or switch. `snmp` names a credential set, `uplinks` are if_names.

    `ssh` names a login by which ports are changed where SNMP may not write; `save` says that a
    change is to outlive the device's next restart.
    """

    name: str
    host: str
    port: int = 161
    role: Literal["router", "switch"]
    snmp: str
    platform: Literal["auto", "foundry", "catalyst", "generic"] = "auto"
    uplinks: tuple[str, ...] = ()
    ssh: str | None = None
    save: bool = False


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One L2 broadcast domain. `interface` is None where only SNMP reaches it; `pace` is ARP/s."""

    name: str
    networks: tuple[IPNetwork, ...]
    gateways: tuple[Gateway, ...] = ()
    interface: str | None = None
    vlan: int | None = None
    pace: float = 500
    routers: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()


class SwitchPort(msgspec.Struct, frozen=True):
    """A port by its identity: the device's name and the if_name."""

    device: str
    port: str

    def __str__(self) -> str:
        return f"{self.device} {self.port}"


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A machine and the addresses assigned to it."""

    name: str
    address: IPAddress
    customer: str = ""
    blocks: tuple[IPNetwork, ...] = ()
    segment: str | None = None
    mac: str | None = None
    port: SwitchPort | None = None


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the company says it has. Names are unique within each kind."""

    devices: tuple[Device, ...] = ()
    segments: tuple[Segment, ...] = ()
    servers: tuple[Server, ...] = ()


def address_of(device: Device) -> IPAddress | None:
    """Return the device's management address; None where it is configured by name."""
    try:
        return ip_address(device.host)
    except ValueError:
        return None


def servers_on(inventory: Inventory, segment: Segment) -> Iterator[Server]:
    """Yield the servers whose primary address lies in the segment, or that say they do."""
    for server in inventory.servers:
        if server.segment == segment.name or any(server.address in n for n in segment.networks):
            yield server


def devices_named(inventory: Inventory, names: Iterable[str]) -> tuple[Device, ...]:
    """Return the devices of these names, each once, in the inventory's order."""
    wanted = frozenset(names)
    return tuple(device for device in inventory.devices if device.name in wanted)


def devices_of(inventory: Inventory, segments: Iterable[Segment]) -> tuple[Device, ...]:
    """Return the routers and switches of the segments."""
    return devices_named(inventory, (n for s in segments for n in (*s.routers, *s.switches)))


class _ByNetwork(Generic[ItemT]):
    """Items by their network; the most specific network that holds an address wins."""

    def __init__(self, items: Iterable[tuple[IPNetwork, ItemT]]) -> None:
        self._tables: dict[tuple[int, int], dict[int, ItemT]] = {}
        for network, item in items:
            host_bits = network.max_prefixlen - network.prefixlen
            table = self._tables.setdefault((network.version, host_bits), {})
            table.setdefault(int(network.network_address) >> host_bits, item)
        self._narrowest_first = sorted(self._tables.items(), key=lambda table: table[0])

    def holding(self, address: IPAddress) -> ItemT | None:
        """Return the item of the narrowest network that holds the address."""
        number = int(address)
        for (version, host_bits), table in self._narrowest_first:
            if version == address.version and (item := table.get(number >> host_bits)) is not None:
                return item
        return None


class Index:
    """An inventory's look-ups, built once: each answers without walking the inventory."""

    def __init__(self, inventory: Inventory) -> None:
        servers = inventory.servers
        self._segments = _ByNetwork((n, s) for s in inventory.segments for n in s.networks)
        self._blocks = _ByNetwork((block, s) for s in servers for block in s.blocks)
        self._addresses = {s.address: s for s in reversed(servers)}  # the first one listed wins
        self._macs = _only((s.mac, s) for s in servers if s.mac is not None)

    def segment_of(self, address: IPAddress) -> Segment | None:
        """Return the segment one of whose networks holds the address."""
        return self._segments.holding(address)

    def assigned_to(self, address: IPAddress) -> Server | None:
        """Return the server that the address is assigned to: its own, or in one of its blocks."""
        return self._addresses.get(address) or self._blocks.holding(address)

    def server_with(self, mac: str) -> Server | None:
        """Return the one server with the MAC; None where several share it."""
        return self._macs.get(mac)


def index(inventory: Inventory) -> Index:
    """Build the look-ups of an inventory."""
    return Index(inventory)


def _only(pairs: Iterable[tuple[str, Server]]) -> dict[str, Server]:
    """Return MAC -> server for the MACs that belong to exactly one: a shared one proves nothing."""
    found: dict[str, Server] = {}
    shared = set()
    for mac, server in pairs:
        if found.setdefault(mac, server) is not server:
            shared.add(mac)
    return {mac: server for mac, server in found.items() if mac not in shared}
