"""Everything that a decision about one port rests on, frozen at the moment it was read."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from netguard.findings import Finding, Kind
from netguard.history import Action, Change
from netguard.inventory import Device, Segment, Server, SwitchPort
from netguard.locate import Topology, topology
from netguard.scene import homes
from netguard.view import DeviceView, PortTables, View
from probes.records import FdbEntry, Interface, IPAddress

_NOBODY = frozenset({"self", "invalid"})  # FDB rows that are no station's


class Shutdown(msgspec.Struct, frozen=True, kw_only=True):
    """`[shutdown]`: what may close a port unattended, and what never may be closed.

    `per_hour` is for the whole fleet, `restore_after` in seconds, 0 for never; `announce` says
    whether the gateway's own MAC is announced once an impostor is gone.
    """

    automatic: tuple[Kind, ...] = ()
    confirmations: int = 2
    per_hour: int = 3
    max_stations: int = 4
    protected: tuple[SwitchPort | IPAddress | str, ...] = ()
    restore_after: float = 0
    announce: bool = False


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """Who answered for an address when it was asked about just now.

    `rightful` is who may, by pin or inventory, and `impostors` who was accused; `sightings` is
    how many questions, apart in time, the accused one has answered.
    """

    address: IPAddress
    answering: frozenset[str]
    rightful: frozenset[str]
    impostors: frozenset[str]
    sightings: int = 0


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one port whose change is wanted, and of all that hangs together with it.

    `interface` is the port as its device has it, None where the device could not be read. `target`
    is the station that is meant, None where only the port was named; `claims` what it claims now,
    None where nothing is in dispute or nobody could be asked (`asked` says which). `findings` are
    those open about the port's stations. `own_macs` and `own_addresses` are this machine's.
    `no_write` says why the device cannot be written to. `recent` counts the closings of the last
    hour, `closing` is netguard's own last closing of the port, if that is how it still stands, and
    `handled` holds the incidents that were acted upon: all three are None where the history cannot
    be read. `pinned` says that the identity of the address in dispute is proven.
    """

    now: datetime
    change: Change
    port: SwitchPort
    interface: Interface | None
    view: View
    topology: Topology
    homes: Mapping[SwitchPort, Server]
    tables: PortTables | None
    settings: Shutdown
    no_write: str = ""
    target: str | None = None
    finding: Finding | None = None
    asked: bool = False
    claims: Claims | None = None
    findings: tuple[Finding, ...] = ()
    own_macs: frozenset[str] = frozenset()
    own_addresses: frozenset[IPAddress] = frozenset()
    recent: int | None = None
    closing: Action | None = None
    handled: frozenset[str] | None = None
    automatic: bool = False
    frozen: str = ""

    @property
    def device(self) -> DeviceView | None:
        """The port's device as it was read; None where nothing of it could be."""
        view = self.view.devices.get(self.port.device)
        return view if view and view.system else None

    @property
    def home(self) -> Server | None:
        """The server that the inventory gives the port to."""
        return self.homes.get(self.port)


def ways(view: View) -> tuple[Topology, Mapping[SwitchPort, Server]]:
    """Return the topology of a look and the servers' ports in it, as a situation holds them."""
    ports = homes(view)
    return topology(view.devices, ports), ports


def segments(s: Situation) -> tuple[Segment, ...]:
    """Return the segments that the port's device carries."""
    return tuple(
        segment
        for segment in s.view.inventory.segments
        if s.port.device in (*segment.switches, *segment.routers)
    )


def neighbours(s: Situation) -> tuple[Device, ...]:
    """Return the other devices of these segments: those that the port might lead to."""
    names = {name for one in segments(s) for name in (*one.switches, *one.routers)}
    return tuple(d for d in s.view.inventory.devices if d.name in names - {s.port.device})


def rows(s: Situation) -> Iterator[FdbEntry]:
    """Yield the FDB's rows about stations behind the port, in every VLAN that was read."""
    if s.device is not None and s.interface is not None:
        for row in s.device.fdb:
            if row.if_index == s.interface.if_index and row.status not in _NOBODY:
                yield row


def stations(s: Situation) -> tuple[str, ...]:
    """Return the MACs behind the port."""
    return tuple(sorted({row.mac for row in rows(s)}))


def own_macs_of(view: DeviceView) -> frozenset[str]:
    """Return the MACs that a device calls its own, over SNMP."""
    chassis = view.chassis.chassis_id if view.chassis else None
    said = (view.base_address, chassis, *(i.phys_address for i in view.interfaces))
    return frozenset(filter(None, said))
