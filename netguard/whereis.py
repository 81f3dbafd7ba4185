"""Finds a station now: who answers for the address, and which port the FDBs have it on."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Address, ip_address

import msgspec

from netguard.ask import ask_about, in_threads
from netguard.collect import Clock, read_devices
from netguard.config import Config
from netguard.config.places import sqlite_file
from netguard.errors import Exit, NetguardError, StoreError
from netguard.findings import Location
from netguard.inventory import Device, Index, Inventory, Segment, Server, SwitchPort, index
from netguard.locate import Answer, Whereabouts, locate, topology
from netguard.meter import Meter, Progress
from netguard.rules.claims import answers
from netguard.scene import homes
from netguard.store import Binding, open_store, store_gap
from netguard.view import View
from probes.mac import canonical
from probes.records import Gap, IPAddress


class Sharer(msgspec.Struct, frozen=True, kw_only=True):
    """A router's part in a virtual gateway, by its own word (`state`: active, backup, ...)."""

    device: str
    port: str
    ip: IPAddress
    protocol: str
    state: str


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """One station: its addresses, its server, and the one port it hangs on.

    `location` is null unless `answer` is `port`; `locations` holds every end port that has it.
    `device` is the router or switch whose own interface it is, and `shared_by` are the routers
    whose virtual MAC it is, by these devices' word.
    """

    mac: str
    addresses: tuple[IPAddress, ...]
    server: str | None
    location: Location | None
    path: tuple[SwitchPort, ...]
    answer: Answer
    locations: tuple[Location, ...]
    device: SwitchPort | None = None
    shared_by: tuple[Sharer, ...] = ()


class HostReport(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `host locate`; `asked` says whether a segment was asked for the address."""

    query: str
    stations: tuple[Station, ...]
    gaps: tuple[Gap, ...]
    asked: bool = True


Query = IPAddress | str  # an address, or a MAC in its canonical form


def parse(text: str) -> Query:
    """Read an IP address or a MAC in any spelling."""
    with suppress(ValueError):
        return ip_address(text)
    with suppress(ValueError):
        return canonical(text)
    raise BadQuery(
        f"{text!r} is neither an IP address nor a MAC",
        remedy="Write it as 198.51.100.20, 2001:db8::20, 00:00:5e:00:53:20 or 0000.5e00.5320.",
    )


class BadQuery(NetguardError):
    """What was asked for is not something that can be located."""

    exit_code = Exit.USAGE


async def whereis(config: Config, text: str, *, clock: Clock, progress: Progress) -> HostReport:
    """Ask the segment about an address, read its devices, and locate every station that has it."""
    query = parse(text)
    known = index(config.inventory)
    segment = None if isinstance(query, str) else known.segment_of(query)
    questions = (
        [partial(ask_about, segment, {query: ()}, clock=clock)]
        if segment is not None and segment.interface and isinstance(query, IPv4Address)
        else []
    )
    asked = await in_threads(questions)
    devices = await read_devices(
        config,
        _devices(config.inventory, segment),
        clock=clock,
        progress=Meter(progress).part("reading devices"),
    )
    view = View(
        now=clock(),
        inventory=config.inventory,
        index=known,
        segments=tuple(asked),
        devices=devices,
    )
    remembered, lost = _remembered(config.store, query)
    return HostReport(
        query=text,
        asked=bool(questions),
        stations=stations(view, query, remembered, segment.vlan if segment else None),
        gaps=(
            *(gap for seen in asked for gap in seen.gaps),
            *(gap for device in devices.values() for gap in device.gaps),
            *lost,
        ),
    )


def _devices(inventory: Inventory, segment: Segment | None) -> Iterator[Device]:
    """Yield the segment's devices, or all where nobody knows which segment it is."""
    for device in inventory.devices:
        if segment is None or device.name in (*segment.routers, *segment.switches):
            yield device


def _remembered(url: str, query: Query) -> tuple[tuple[Binding, ...], tuple[Gap, ...]]:
    path = sqlite_file(url)
    if path is not None and not path.exists():
        return (), ()  # nothing was swept yet, and who only asks makes no store
    try:
        with open_store(url, create=False) as store:
            return store.bindings(query), ()
    except StoreError as error:
        return (), (store_gap(error),)


def stations(
    view: View, query: Query, remembered: Iterable[Binding], vlan: int | None
) -> tuple[Station, ...]:
    """Return every station that the query means, located.

    For an address: who answers now, and whom the routers' ARP tables name; what was remembered
    counts only where nobody is heard now, because yesterday's owner is not today's.
    """
    ports = homes(view)
    ways = topology(view.devices, ports)
    bound = _addresses(view, remembered)
    macs = [query] if isinstance(query, str) else _who_has(view, query) or _holders(bound, query)
    devices, shared = _own_interfaces(view), _shared(view)
    found = []
    for mac in macs:
        addresses, where = bound.get(mac, set()), locate(mac, ways, vlan)
        server = _at_home(where, ports) or _by_name(view.index, mac, addresses)
        station = _station(mac, addresses, where, server, devices.get(mac))
        found.append(msgspec.structs.replace(station, shared_by=tuple(shared.get(mac, ()))))
    return tuple(found)


def _who_has(view: View, address: IPAddress) -> list[str]:
    heard = {t.station for seen in view.segments for t in seen.tests if answers(t)}
    listed = {e.mac for device in view.devices.values() for e in device.arp if e.ip == address}
    return sorted(heard | listed)


def _holders(bound: Mapping[str, set[IPAddress]], address: IPAddress) -> list[str]:
    return sorted(mac for mac, addresses in bound.items() if address in addresses)


def _addresses(view: View, remembered: Iterable[Binding]) -> dict[str, set[IPAddress]]:
    """Return station -> addresses, as heard now, as the routers list them, as remembered."""
    bound: dict[str, set[IPAddress]] = {}
    for mac, address in (
        *((t.station, t.address) for seen in view.segments for t in seen.tests if answers(t)),
        *((e.mac, e.ip) for device in view.devices.values() for e in device.arp),
        *((b.mac, b.address) for b in remembered),
    ):
        bound.setdefault(mac, set()).add(address)
    return bound


def _at_home(where: Whereabouts, ports: Mapping[SwitchPort, Server]) -> Server | None:
    place = where.location
    return ports.get(SwitchPort(place.device, place.port)) if place else None


def _by_name(known: Index, mac: str, addresses: Iterable[IPAddress]) -> Server | None:
    assigned = (known.assigned_to(address) for address in sorted(addresses, key=str))
    return known.server_with(mac) or next(filter(None, assigned), None)


def _own_interfaces(view: View) -> dict[str, SwitchPort]:
    """Return the MACs that a device calls its own, with the first interface that has each."""
    own: dict[str, SwitchPort] = {}
    for device in view.devices.values():
        for interface in device.interfaces:
            if interface.phys_address:
                port = SwitchPort(device.device.name, interface.name)
                own.setdefault(interface.phys_address, port)
    return own


def _shared(view: View) -> dict[str, list[Sharer]]:
    """Return the virtual MACs of the routers, with who shares them and for which address."""
    found: dict[str, list[Sharer]] = {}
    for device in view.devices.values():
        names = {i.if_index: i.name for i in device.interfaces}
        for gateway in device.virtual_gateways:
            if gateway.mac:
                sharer = Sharer(
                    device=device.device.name,
                    port=names.get(gateway.if_index, ""),
                    ip=gateway.ip,
                    protocol=gateway.protocol,
                    state=gateway.state,
                )
                found.setdefault(gateway.mac, []).append(sharer)
    return found


def _station(
    mac: str,
    addresses: set[IPAddress],
    where: Whereabouts,
    server: Server | None,
    device: SwitchPort | None,
) -> Station:
    return Station(
        mac=mac,
        addresses=tuple(sorted(addresses, key=lambda a: (a.version, a))),
        server=server.name if server else None,
        location=where.location,
        path=where.path,
        answer=where.answer,
        locations=where.locations,
        device=device,
    )
