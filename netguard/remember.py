"""What one sweep takes from the store and gives back to it; without a store it goes on without."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

import msgspec

from netguard.errors import StoreError
from netguard.findings import Finding
from netguard.inventory import Inventory
from netguard.life import Changes, Event
from netguard.locate import locate, topology
from netguard.rules.mac_flapping import FORGET, followed, moved, settled
from netguard.rules.neighbor_unconfirmed import about, undecided
from netguard.scene import homes
from netguard.store import Binding, GatewayIdentity, Store, SweepRecord, open_store, store_gap
from netguard.view import Identity, Stay, View, confirmed_identity
from probes.records import Gap, IPAddress

Place = tuple[str, IPAddress]  # a segment's name, and an address in it
Flights = Mapping[tuple[str, str], tuple[Stay, ...]]


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What earlier sweeps left: who the routers said the gateways are, and who answered last.

    `suspects` are the claimants of the findings that are open, by what they claim. `gap` says why
    there is none of it: the sweep then goes on, and says so.
    """

    url: str
    identities: Mapping[Place, Identity] = {}
    last_stations: Mapping[Place, str] = {}
    suspects: Mapping[Place, frozenset[str]] = {}
    gap: Gap | None = None


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """The findings that stand now, those that this sweep saw end, and what went wrong.

    `events` are the turns that their lives took by it.
    """

    findings: tuple[Finding, ...]
    resolved: tuple[Finding, ...] = ()
    events: tuple[Event, ...] = ()
    gaps: tuple[Gap, ...] = ()


class Keep(Protocol):
    """Writes a look down and follows the findings through their lives; raises StoreError.

    `covered` and `moving` are as in `Store.record`; no `sweep` is a partial look.
    """

    def __call__(
        self,
        findings: Sequence[Finding],
        *,
        covered: Callable[[Finding], bool],
        now: datetime,
        sweep: SweepRecord | None = None,
        bindings: Iterable[Binding] = (),
        identities: Iterable[GatewayIdentity] = (),
        moving: Flights | None = None,
    ) -> Changes:
        """Write it down, all or nothing, and return what became of the findings."""


def keep_in(url: str) -> Keep:
    """Return the way to write one look down in the store, which is opened for it."""

    def keep(
        findings: Sequence[Finding],
        *,
        covered: Callable[[Finding], bool],
        now: datetime,
        sweep: SweepRecord | None = None,
        bindings: Iterable[Binding] = (),
        identities: Iterable[GatewayIdentity] = (),
        moving: Flights | None = None,
    ) -> Changes:
        with open_store(url) as store:
            if sweep is None:
                return store.add(findings, now=now)
            return store.record(
                sweep, bindings, findings, identities, covered=covered, now=now, moving=moving
            )

    return keep


def recall(url: str, inventory: Inventory) -> Memory:
    """Read what a sweep needs from the store."""
    try:
        with open_store(url) as store:
            return Memory(
                url=url,
                identities=_identities(store),
                last_stations=_last_stations(store, inventory),
                suspects=_suspects(store),
            )
    except StoreError as error:
        return Memory(url=url, gap=store_gap(error))


def _identities(store: Store) -> dict[Place, Identity]:
    found: dict[Place, list[GatewayIdentity]] = {}
    for said in store.gateway_identities():
        found.setdefault((said.segment, said.address), []).append(said)
    return {place: _identity(said) for place, said in found.items()}


def _identity(said: list[GatewayIdentity]) -> Identity:
    """Take the latest word: MACs that the router confirmed together carry the same moment."""
    last = max(word.confirmed for word in said)
    macs = frozenset(word.mac for word in said if word.confirmed == last)
    return Identity(
        macs=macs,
        source="snmp",
        seen=last,
        detail=f"{said[0].source} said earlier that it is {', '.join(sorted(macs))}",
    )


def _suspects(store: Store) -> dict[Place, frozenset[str]]:
    return {
        (finding.segment, finding.address): frozenset(c.mac for c in finding.claimants)
        for finding in store.findings(("open", "acknowledged"))
        if finding.segment and finding.address and finding.kind in ASKED_ABOUT
    }


def _last_stations(store: Store, inventory: Inventory) -> dict[Place, str]:
    """Return who last answered for each gateway without any trouble.

    While a finding about it is open, its stations do not count: who took a gateway does not
    become the gateway by staying. Closing the finding accepts the new one.
    """
    troubled: dict[Place, set[str]] = {}
    for finding in store.findings(("open", "acknowledged")):
        if finding.segment and finding.address:
            stations = troubled.setdefault((finding.segment, finding.address), set())
            stations.update(claimant.mac for claimant in finding.claimants)
    places = [(s.name, g.address) for s in inventory.segments for g in s.gateways]
    last = {
        place: _baseline([b for b in store.bindings(place[1]) if b.segment == place[0]], troubled)
        for place in places
    }
    return {place: binding.mac for place, binding in last.items() if binding is not None}


def _baseline(known: list[Binding], troubled: Mapping[Place, set[str]]) -> Binding | None:
    calm = [b for b in known if b.mac not in troubled.get((b.segment, b.address), ())]
    if calm:
        return max(calm, key=lambda b: b.last_seen)
    return min(known, key=lambda b: b.first_seen, default=None)


def first_seen(memory: Memory, view: View) -> dict[Place, dict[str, datetime]]:
    """Return when each station first used an address that is in doubt; nothing without a store."""
    doubtful = {(s.segment.name, t.address) for s in view.segments for t in s.tests}
    if memory.gap is not None or not doubtful:
        return {}
    try:
        with open_store(memory.url) as store:
            return {
                (segment, address): {
                    b.mac: b.first_seen for b in store.bindings(address) if b.segment == segment
                }
                for segment, address in doubtful
            }
    except StoreError:
        return {}  # a mere hint; that the store is gone is said when the sweep is written down


def flights(memory: Memory, view: View) -> Flights | None:
    """Return where the stations that move were in the last looks; None without a store.

    Those are the ones that were on a new port lately, and those that are on one now.
    """
    if memory.gap is not None:
        return None
    names = [seen.segment.name for seen in view.segments]
    ports = homes(view)
    try:
        with open_store(memory.url) as store:
            known = store.flights(names)
            last = store.last_stays(names, view.now - FORGET)
    except StoreError:
        return None  # that the store is gone is said when the sweep is written down
    return {**moved(view, topology(view.devices, ports), ports, last), **known}


def moving(view: View) -> Flights | None:
    """Return what is to be remembered of the stations that move; None leaves it as it is."""
    if view.flights is None:
        return None
    ports = homes(view)
    seen = followed(view, topology(view.devices, ports), ports)
    return {station: stays for station, stays in seen.items() if not settled(stays)}


def remember(
    memory: Memory,
    view: View,
    findings: Sequence[Finding],
    record: SweepRecord,
    keep: Keep | None = None,
) -> Remembered:
    """Write one sweep down, and return the findings as they stand with what was known before."""
    if memory.gap is not None:
        return Remembered(findings=tuple(findings), gaps=(memory.gap,))
    try:
        changes = (keep or keep_in(memory.url))(
            findings,
            covered=covered(view),
            now=view.now,
            sweep=record,
            bindings=bindings(view),
            identities=identities(view),
            moving=moving(view),
        )
    except StoreError as error:
        return Remembered(findings=tuple(findings), gaps=(store_gap(error),))
    return remembered_of(changes)


def add(
    memory: Memory, findings: Sequence[Finding], *, now: datetime, keep: Keep | None = None
) -> Remembered:
    """Write findings down that a partial look saw: it ends none, and proves nothing absent."""
    if memory.gap is not None or not findings:
        return Remembered(
            findings=tuple(findings), gaps=(memory.gap,) if memory.gap is not None else ()
        )
    try:
        changes = (keep or keep_in(memory.url))(findings, covered=lambda _: False, now=now)
    except StoreError as error:
        return Remembered(findings=tuple(findings), gaps=(store_gap(error),))
    seen = {finding.id for finding in findings}
    return Remembered(
        findings=tuple(f for f in changes.findings if f.id in seen), events=changes.events
    )


def forget(url: str, *, before: datetime) -> None:
    """Forget what is older; where the store is away, the next time will do."""
    with suppress(StoreError), open_store(url) as store:
        store.prune(before)


def remembered_of(changes: Changes) -> Remembered:
    """Return the findings that stand after these changes, and those that ended by them."""
    ended = {event.finding for event in changes.events if event.happening == "resolved"}
    return Remembered(
        findings=tuple(f for f in changes.findings if f.state != "resolved"),
        resolved=tuple(f for f in changes.findings if f.id in ended),
        events=changes.events,
    )


def bindings(view: View) -> Iterator[Binding]:
    """Yield who used which address, and where."""
    ways = topology(view.devices, homes(view))
    for seen in view.segments:
        for address, stations in seen.claims.items():
            for mac in stations:
                yield Binding(
                    segment=seen.segment.name,
                    address=address,
                    mac=mac,
                    location=locate(mac, ways, seen.segment.vlan).location,
                    first_seen=view.now,
                    last_seen=view.now,
                )


def identities(view: View) -> Iterator[GatewayIdentity]:
    """Yield what the routers themselves said, in this look, about who the gateways are."""
    for seen in view.segments:
        for gateway in seen.segment.gateways:
            identity = confirmed_identity(view, seen.segment, gateway.address)
            for mac in sorted(identity.macs) if identity else ():
                yield GatewayIdentity(
                    segment=seen.segment.name,
                    address=gateway.address,
                    mac=mac,
                    source=identity.said_by if identity else "",
                    confirmed=view.now,
                )


def covered(view: View) -> Callable[[Finding], bool]:
    """Return the test whether a finding would have been seen again: measured without a gap.

    A switch that cannot be read may be one whose servers cannot be reached either, so its
    silence ends nothing.
    """
    switched = {s.segment.name for s in view.segments if _all_read(view, s.segment.switches)}
    routed = {s.segment.name for s in view.segments if _all_read(view, s.segment.routers)}
    swept = {s.segment.name for s in view.segments if s.sweep and not s.gaps}
    asked = {(s.segment.name, t.address) for s in view.segments if not s.gaps for t in s.tests}
    unclear = undecided(view)
    devices = tuple(name for name, device in view.devices.items() if not device.gaps)

    def is_covered(finding: Finding) -> bool:
        if finding.kind == "neighbor-unconfirmed":
            return finding.id not in unclear and any(about(finding, name) for name in devices)
        if finding.kind == "mac-flapping":
            return finding.segment in switched and view.flights is not None
        if finding.address is not None and finding.address.version != _SWEPT_VERSION:
            place = (finding.segment or "", finding.address)
            return place in asked and finding.segment in switched & routed
        return finding.segment in switched & routed & swept and finding.kind in SWEPT

    return is_covered


_SWEPT_VERSION = 4  # a segment's IPv6 addresses are too many: only those in doubt are asked about

# The kinds of which it can be asked whether they are over.
ASKED_ABOUT = frozenset({"address-conflict", "gateway-hijack"})

# The kinds of trouble that a sweep can see, and so can see ended.
SWEPT = frozenset(
    {
        "address-conflict",
        "gateway-hijack",
        "gateway-changed",
        "mac-flapping",
        "neighbor-unconfirmed",
        "unassigned-address",
    }
)


def _all_read(view: View, devices: Iterable[str]) -> bool:
    return all(name in view.devices and not view.devices[name].gaps for name in devices)
