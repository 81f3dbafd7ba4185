"""What was read from a recorded device, held against what a plain parser found in its recording.

A row of truth is found or missing; a row that was read and that truth does not have is invented.
What the recording cannot tell (no such column) is not held against what was read.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import Literal, get_args

import msgspec

from netguard.view import DeviceView
from probes.mac import canonical
from probes.records import FdbEntry, IPAddress

Kind = Literal["interfaces", "addresses", "arp", "fdb", "neighbors"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Key = tuple[object, ...]
NOBODY = "00:00:00:00:00:00"


class RecordedInterface(msgspec.Struct, frozen=True, rename="camel"):
    """What ifTable and ifXTable hold of an interface; None where the column is not recorded."""

    name: str | None = None
    descr: str | None = None
    alias: str | None = None
    phys_address: str | None = None
    admin_status: str | None = None
    oper_status: str | None = None


class RecordedAddress(msgspec.Struct, frozen=True, rename="camel"):
    """An address of the device's own."""

    if_index: int
    prefix: int | None = None


class RecordedArp(msgspec.Struct, frozen=True, rename="camel"):
    """A row of an ARP or ND cache."""

    ip: str
    if_index: int
    mac: str


class RecordedFdb(msgspec.Struct, frozen=True, rename="camel"):
    """A row of an FDB. `port_as_if_index` is the interface that `bridge_port` may itself be."""

    mac: str
    bridge_port: int
    vlan: int | None = None
    if_index: int | None = None
    status: str | None = None
    context: str = ""
    port_as_if_index: int | None = None


class RecordedNeighbor(msgspec.Struct, frozen=True, rename="camel"):
    """What LLDP or CDP said about the other end of a port."""

    proto: str
    local_if_index: int | None = None
    remote_system: str | None = None
    remote_port: str | None = None


class Truth(msgspec.Struct, frozen=True, rename="camel"):
    """All that a plain parser found in a recording."""

    interfaces: dict[int, RecordedInterface] = {}
    ip_addresses: dict[str, RecordedAddress] = {}
    arp: tuple[RecordedArp, ...] = ()
    fdb: tuple[RecordedFdb, ...] = ()
    bridge_ports: dict[str, dict[int, int]] = {}
    neighbours: tuple[RecordedNeighbor, ...] = ()

    def port_name(self, if_index: int) -> str:
        """Return the name of an interface: ifName, or ifDescr where there is none."""
        one = self.interfaces.get(if_index, RecordedInterface())
        return _text(one.name) or _text(one.descr)


class Compared(msgspec.Struct, frozen=True):
    """How much of a table was found, which rows are missing, and which nobody recorded."""

    found: int = 0
    missing: tuple[Key, ...] = ()
    invented: tuple[Key, ...] = ()


def compare(view: DeviceView, truth: Truth) -> dict[Kind, Compared]:
    """Hold each table that was read of a device against truth."""
    return {
        "interfaces": _sets(_recorded_interfaces(truth), _read_interfaces(view)),
        "addresses": _sets(_recorded_addresses(truth), _read_addresses(view, truth)),
        "arp": _sets(
            {(str(ip_address(one.ip)), one.mac, one.if_index) for one in truth.arp},
            {(str(one.ip), one.mac, one.if_index) for one in view.arp},
        ),
        "fdb": _fdb(view, truth),
        "neighbors": _sets(_recorded_neighbors(truth), _read_neighbors(view)),
    }


def _sets(recorded: Iterable[Key], read: Iterable[Key]) -> Compared:
    expected, got = set(recorded), set(read)
    return Compared(
        found=len(expected & got),
        missing=tuple(sorted(expected - got, key=str)),
        invented=tuple(sorted(got - expected, key=str)),
    )


def _text(value: str | None) -> str:
    return (value or "").strip()


def _recorded_interfaces(truth: Truth) -> Iterator[Key]:
    for if_index, one in truth.interfaces.items():
        yield (
            if_index,
            truth.port_name(if_index),
            _text(one.descr),
            _text(one.alias),
            _station(one.phys_address),
            one.admin_status or "unknown",
            one.oper_status or "unknown",
        )


def _station(text: str | None) -> str | None:
    """Return a recorded MAC; an interface that has none is recorded with nothing or with zeros."""
    with suppress(ValueError):
        mac = canonical(_text(text))
        return mac if mac != NOBODY else None
    return None


def _read_interfaces(view: DeviceView) -> Iterator[Key]:
    for one in view.interfaces:
        yield (
            one.if_index,
            one.name,
            one.descr,
            one.alias,
            one.phys_address,
            one.admin_status,
            one.oper_status,
        )


def _recorded_addresses(truth: Truth) -> Iterator[Key]:
    for address, one in truth.ip_addresses.items():
        yield (str(ip_address(address)), one.prefix, one.if_index)


def _read_addresses(view: DeviceView, truth: Truth) -> Iterator[Key]:
    """Yield the addresses; a prefix that truth does not know is not compared."""
    recorded = truth.ip_addresses.items()
    unknown = {str(ip_address(address)) for address, one in recorded if one.prefix is None}
    for one in view.addresses:
        prefix = None if str(one.ip) in unknown else one.prefix_length
        yield (str(one.ip), prefix, one.if_index)


def _recorded_neighbors(truth: Truth) -> Iterator[Key]:
    for one in truth.neighbours:
        yield (one.proto, one.local_if_index, _text(one.remote_system), _port(one.remote_port))


def _read_neighbors(view: DeviceView) -> Iterator[Key]:
    for one in view.neighbors:
        yield (one.protocol, one.if_index, _text(one.remote_name), _port(one.remote_port))


def _port(text: str | None) -> str:
    """Return a remote port; one that is a MAC in its canonical form, as the records have it."""
    with suppress(ValueError):
        return canonical(_text(text))
    return _text(text)


# --- the FDB


def _fdb(view: DeviceView, truth: Truth) -> Compared:
    """Compare the FDBs, whatever table or context a row came from.

    A row is found if its station was read on its port, in its VLAN where truth knows one; it is
    invented only where truth has that station on that port in no VLAN at all.
    """
    read: dict[str, list[FdbEntry]] = {}
    for entry in view.fdb:
        read.setdefault(entry.mac, []).append(entry)
    recorded: dict[str, list[RecordedFdb]] = {}
    for row in truth.fdb:
        recorded.setdefault(row.mac, []).append(row)
    wanted = {_key(row): row for row in truth.fdb if not _told_elsewhere(row, recorded[row.mac])}
    missing = [
        key
        for key, row in wanted.items()
        if not any(_same(row, entry) for entry in read.get(row.mac, ()))
    ]
    invented = {
        (entry.vlan, entry.mac, entry.if_index, entry.base_port)
        for entry in view.fdb
        if not any(_same_port(row, entry) for row in recorded.get(entry.mac, ()))
    }
    return Compared(
        found=len(wanted) - len(missing),
        missing=tuple(sorted(missing, key=str)),
        invented=tuple(sorted(invented, key=str)),
    )


def _key(row: RecordedFdb) -> Key:
    place = row.if_index if row.if_index is not None else row.port_as_if_index
    return (row.vlan, row.mac, place, None if place is not None else row.bridge_port)


def _told_elsewhere(row: RecordedFdb, others: Iterable[RecordedFdb]) -> bool:
    """Say whether another table or context has the same row together with its VLAN."""
    return row.vlan is None and any(
        other.vlan is not None and _key(other)[1:] == _key(row)[1:] for other in others
    )


def _same(row: RecordedFdb, entry: FdbEntry) -> bool:
    return _same_port(row, entry) and row.vlan in (None, entry.vlan)


def _same_port(row: RecordedFdb, entry: FdbEntry) -> bool:
    """Say whether the port is the same: by its ifIndex, or by its number where it has none."""
    if row.if_index is not None:
        return entry.if_index == row.if_index
    if entry.if_index is not None:
        return entry.if_index == row.port_as_if_index
    return entry.base_port == row.bridge_port


def ports_read_as_interfaces(view: DeviceView, truth: Truth) -> Mapping[bool, int]:
    """Count the rows whose port is perhaps an ifIndex: how many were read so, how many were not."""
    doubtful = {
        (row.mac, row.port_as_if_index)
        for row in truth.fdb
        if row.if_index is None and row.port_as_if_index is not None
    }
    told = [e.if_index is not None for e in view.fdb if (e.mac, e.base_port) in doubtful]
    return {answer: told.count(answer) for answer in (True, False) if answer in told}


# --- where stations are


def places(truth: Truth) -> dict[tuple[IPAddress, str], str]:
    """Return (address, station) -> port for each that truth has on exactly one port."""
    ports: dict[str, set[int]] = {}
    for row in truth.fdb:
        if row.if_index is not None and row.bridge_port and row.status in (None, "learned"):
            ports.setdefault(row.mac, set()).add(row.if_index)
    return {
        (ip_address(one.ip), one.mac): truth.port_name(next(iter(ports[one.mac])))
        for one in truth.arp
        if len(ports.get(one.mac, ())) == 1
    }
