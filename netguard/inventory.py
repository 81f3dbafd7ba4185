"""What the company says it has: devices, segments and servers, as frozen records."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

import msgspec

from probes.records import IPAddress

IPNetwork = IPv4Network | IPv6Network


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """A default gateway. `macs` pins its identity by hand; empty means that the routers say it."""

    address: IPAddress
    macs: tuple[str, ...] = ()


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A router or switch. `snmp` names a credential set, `uplinks` are if_names."""

    name: str
    host: str
    port: int = 161
    role: Literal["router", "switch"]
    snmp: str
    platform: Literal["auto", "foundry", "catalyst", "generic"] = "auto"
    uplinks: tuple[str, ...] = ()


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


def segment_of(inventory: Inventory, address: IPAddress) -> Segment | None:
    """Return the segment one of whose networks holds the address."""
    return next((s for s in inventory.segments if any(address in n for n in s.networks)), None)


def servers_on(inventory: Inventory, segment: Segment) -> Iterator[Server]:
    """Yield the servers whose primary address lies in the segment, or that say they do."""
    for server in inventory.servers:
        if server.segment == segment.name or any(server.address in n for n in segment.networks):
            yield server


def assigned_to(inventory: Inventory, address: IPAddress) -> Server | None:
    """Return the server that the address is assigned to: its own, or in one of its blocks."""
    for server in inventory.servers:
        if address == server.address or any(address in block for block in server.blocks):
            return server
    return None
