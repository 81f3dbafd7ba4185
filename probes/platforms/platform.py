"""What differs between kinds of devices, as data; the rest is as the standards say."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, TypeVar

import msgspec

from probes.records import (
    ArpEntry,
    BasePort,
    FdbEntry,
    Gap,
    Interface,
    InterfaceAddress,
    LagMember,
    Neighbor,
    SystemInfo,
    Table,
    Tagging,
    VirtualGateway,
    Vlan,
)
from probes.snmp import Session

RowT = TypeVar("RowT")
Family = Literal["catalyst", "foundry", "generic"]
Reader = Callable[[Session], Awaitable[Table[RowT]]]
NeighborReader = Callable[[Session, Sequence[Interface]], Awaitable[Table[Neighbor]]]


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of device is recognised, and which tables it has beside the standard ones.

    `object_ids` are arcs that its sysObjectID begins with, `spoken` words of which one stands in
    its sysDescr (none: anything does). `vlan_contexts` says that each VLAN has a bridge of its
    own, in a context; `bridges` is False where there is no FDB to be read.

    The readers are those of the vendor's own MIBs, in the order in which they are asked. Those of
    `interfaces` and `fdb` only where the standard's tables are empty, those of `tagging` before
    them until one has rows; all others beside them. `fdb_gaps` asks what the FDB does not show.
    """

    name: str
    family: Family = "generic"
    object_ids: tuple[str, ...] = ()
    spoken: tuple[str, ...] = ()
    vlan_contexts: bool = False
    bridges: bool = True
    interfaces: tuple[Reader[Interface], ...] = ()
    addresses: tuple[Reader[InterfaceAddress], ...] = ()
    arp: tuple[Reader[ArpEntry], ...] = ()
    base_ports: tuple[Reader[BasePort], ...] = ()
    vlans: tuple[Reader[Vlan], ...] = ()
    fdb: tuple[Reader[FdbEntry], ...] = ()
    tagging: tuple[Reader[Tagging], ...] = ()
    lag_members: tuple[Reader[LagMember], ...] = ()
    neighbors: tuple[NeighborReader, ...] = ()
    virtual_gateways: tuple[Reader[VirtualGateway], ...] = ()
    fdb_gaps: Callable[[Session], Awaitable[tuple[Gap, ...]]] | None = None

    def recognises(self, system: SystemInfo) -> bool:
        """Tell whether an agent that says this of itself is of this kind."""
        arcs = f"{system.sys_object_id}."
        return any(arcs.startswith(f"{one}.") for one in self.object_ids) and (
            not self.spoken or any(word in system.sys_descr for word in self.spoken)
        )
