"""What must be known of servers before they are asked: who they are, and who stands near them."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from ipaddress import IPv4Address

import msgspec

from netguard.ask import in_threads
from netguard.collect import Clock, read_devices
from netguard.config import Config
from netguard.forwarding.canary import meaning
from netguard.forwarding.known import Canary
from netguard.inventory import Index, Segment, Server, devices_of
from netguard.locate import Topology, locate, topology
from netguard.meter import Meter, Progress
from netguard.scene import homes
from netguard.view import DeviceView, View, claims_of
from probes import arp
from probes.errors import ProbeError
from probes.heard import ArpSweep
from probes.records import Gap, IPAddress
from probes.trace.canary import canary

_AT_ONCE = 16  # servers given a canary at the same moment
_AGAIN = 2  # times that an address is asked about which several have
_PATIENT = 1.3  # seconds: proxy ARP answers late on purpose (Linux: up to 0.8 s)

Targets = Mapping[str, Sequence[IPAddress]]  # server name -> the addresses asked about


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """One server before it is asked.

    `macs` are its own, `stations` who answers ARP for which address, `edges` the routers'
    addresses and `beside` those of them on its segment, `on_port` how many stations its switch
    port has (None: not known). `interface` is this machine's on the server's segment, None where
    the server cannot be asked there.
    """

    server: Server
    segment: Segment | None = None
    macs: frozenset[str] = frozenset()
    stations: Mapping[IPAddress, frozenset[str]] = {}
    edges: frozenset[IPAddress] = frozenset()
    beside: frozenset[IPAddress] = frozenset()
    canary: Canary | None = None
    on_port: int | None = None
    interface: str | None = None
    gaps: tuple[Gap, ...] = ()


class Survey(msgspec.Struct, frozen=True):
    """The ground of every server, by its name, and the devices that could be read for it."""

    grounds: dict[str, Ground]
    devices_read: frozenset[str]


class _Heard(msgspec.Struct, frozen=True):
    """What one segment said to ARP."""

    stations: Mapping[IPAddress, frozenset[str]] = {}
    gaps: tuple[Gap, ...] = ()


async def survey(
    config: Config,
    index: Index,
    servers: Sequence[Server],
    targets: Targets,
    *,
    on_segment: bool,
    clock: Clock,
    progress: Progress,
) -> Survey:
    """Look at the ground of every server: ARP on its segment, the devices' tables, the canary.

    Without `on_segment` nothing is sent to the segment itself.
    """
    home = {server.name: segment_of(server, config, index) for server in servers}
    segments = {segment.name: segment for segment in home.values() if segment is not None}
    asked = [s for s in segments.values() if on_segment and s.interface]
    meter = Meter(progress)
    devices, heard = await asyncio.gather(
        read_devices(
            config,
            devices_of(config.inventory, segments.values()),
            clock=clock,
            progress=meter.part("reading devices"),
        ),
        in_threads(
            partial(
                _hear,
                segment,
                [
                    a
                    for s in servers
                    if home[s.name] == segment
                    for a in (s.address, *targets[s.name])
                ],
                clock=clock,
                progress=meter.part("asking the segment"),
            )
            for segment in asked
        ),
    )
    said = dict(zip((segment.name for segment in asked), heard, strict=True))
    view = View(now=clock(), inventory=config.inventory, index=index, devices=devices)
    ways = topology(devices, homes(view))
    grounds = [
        _ground(server, segment, said.get(segment.name), devices, ways)
        if (segment := home[server.name])
        else Ground(server=server)
        for server in servers
    ]
    tested = await _with_canaries(grounds, meter.part("testing whether they route"))
    return Survey(
        grounds={ground.server.name: ground for ground in tested},
        devices_read=frozenset(n for n, device in devices.items() if device.system is not None),
    )


def segment_of(server: Server, config: Config, index: Index) -> Segment | None:
    """Return the segment that the server says it is in, or that holds its address."""
    named = (s for s in config.inventory.segments if s.name == server.segment)
    return next(named, None) or index.segment_of(server.address)


def _hear(
    segment: Segment,
    addresses: Iterable[IPAddress],
    *,
    clock: Clock,
    stop: threading.Event,
    progress: Callable[[int, int], None],
) -> _Heard:
    """Ask the segment who has the servers' addresses.

    Where several have one, they are asked again: it may be changing hands, or cards.
    """
    ask = partial(
        arp.sweep,
        segment.interface or "",
        (),
        clock=clock,
        pace=segment.pace,
        listen=_PATIENT,
        stop=stop,
    )
    wanted = [a for a in dict.fromkeys(addresses) if isinstance(a, IPv4Address)]
    try:
        stations = _stations(ask(extra=wanted, progress=progress))
        for _ in range(_AGAIN):
            if several := [a for a in wanted if len(stations.get(a, ())) > 1]:
                stations |= _stations(ask(extra=several))
    except ProbeError as error:
        return _Heard(gaps=(error.gap(),))
    return _Heard(stations=stations)


def _stations(swept: ArpSweep) -> dict[IPAddress, frozenset[str]]:
    return {address: frozenset(claims) for address, claims in claims_of(swept).items()}


def _ground(
    server: Server,
    segment: Segment,
    heard: _Heard | None,
    devices: Mapping[str, DeviceView],
    ways: Topology,
) -> Ground:
    routers = [devices[name] for name in segment.routers if name in devices]
    near = [devices[n] for n in (*segment.routers, *segment.switches) if n in devices]
    stations = _all_stations(heard.stations if heard else {}, routers)
    claimed = stations.get(server.address, frozenset())
    macs = frozenset({server.mac} & claimed) or claimed if server.mac else claimed
    gaps = (*(heard.gaps if heard else ()), *(gap for device in near for gap in device.gaps))
    if len(macs) > 1:
        gaps = (*gaps, _several(server, macs))
    beside = frozenset(gateway.address for gateway in segment.gateways)
    return Ground(
        server=server,
        segment=segment,
        macs=macs,
        stations=stations,
        edges=beside.union(a.ip for r in routers for a in r.addresses),
        beside=beside,
        on_port=_on_port(macs, segment, devices, ways),
        interface=segment.interface if len(macs) == 1 and _answers(server, heard) else None,
        gaps=gaps,
    )


def _answers(server: Server, heard: _Heard | None) -> bool:
    """Tell whether a server can be asked on its segment: the silence of a dead one proves nothing.

    ARP tells of IPv4 only; for IPv6 what the router remembers has to do.
    """
    if heard is None or heard.gaps:
        return False
    return not isinstance(server.address, IPv4Address) or server.address in heard.stations


def _all_stations(
    heard: Mapping[IPAddress, frozenset[str]], routers: Iterable[DeviceView]
) -> dict[IPAddress, frozenset[str]]:
    """Return who answers for each address now; what a router remembers counts where nobody does."""
    listed: dict[IPAddress, frozenset[str]] = {}
    for entry in (entry for router in routers for entry in router.arp):
        listed[entry.ip] = listed.get(entry.ip, frozenset()) | {entry.mac}
    return {**listed, **heard}


def _several(server: Server, macs: Iterable[str]) -> Gap:
    return Gap(
        subject=server.name,
        kind="address-conflict",
        detail=f"{', '.join(sorted(macs))} all answer for {server.address}:"
        " which of them is the server is not known",
        remedy="`netguard sweep` finds out; or give the server its `mac` in the inventory.",
    )


def _on_port(
    macs: frozenset[str], segment: Segment, devices: Mapping[str, DeviceView], ways: Topology
) -> int | None:
    """Return how many stations hang on the server's switch port."""
    for mac in macs:
        place = locate(mac, ways, segment.vlan).location
        if place is not None:
            rows = devices[place.device].fdb
            return len({r.mac for r in rows if r.if_index == place.if_index})
    return None


async def _with_canaries(
    grounds: Sequence[Ground], progress: Callable[[int, int], None]
) -> list[Ground]:
    room = asyncio.Semaphore(_AT_ONCE)
    done = 0

    async def one(ground: Ground) -> Ground:
        nonlocal done
        async with room:
            tested = await _with_canary(ground) if ground.interface else ground
        done += 1
        progress(done, len(grounds))
        return tested

    return await asyncio.gather(*(one(ground) for ground in grounds))


async def _with_canary(ground: Ground) -> Ground:
    (mac,) = ground.macs
    try:
        replies = await canary(ground.interface or "", mac)
    except ProbeError as error:
        return msgspec.structs.replace(ground, interface=None, gaps=(*ground.gaps, error.gap()))
    return msgspec.structs.replace(ground, canary=meaning(replies))
