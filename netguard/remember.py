"""What one sweep takes from the store and gives back to it; without a store it goes on without."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

import msgspec

from netguard.coverage import ASKED_ABOUT, covered
from netguard.errors import StoreError
from netguard.findings import Finding
from netguard.inventory import Inventory
from netguard.life import Changes, Event
from netguard.locate import topology
from netguard.routers import joined
from netguard.rules.mac_flapping import FORGET, followed, moved, settled
from netguard.scene import homes
from netguard.store import (
    Binding,
    GatewayIdentity,
    Look,
    Store,
    SweepRecord,
    open_store,
    store_gap,
)
from netguard.users import bindings, identities
from netguard.view import Identity, Stay, View
from probes.mac import virtual_family
from probes.records import Gap, IPAddress

Place = tuple[str, IPAddress]  # a segment's name, and an address in it
Flights = Mapping[tuple[str, str], tuple[Stay, ...]]


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What earlier sweeps left: who the routers said they are, and who answered last for gateways.

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
    """Writes a look down and follows the findings through their lives; raises StoreError."""

    def __call__(self, look: Look, *, covered: Callable[[Finding], bool]) -> Changes:
        """Write it down, all or nothing, and return what became of the findings."""


def recall(url: str, inventory: Inventory) -> Memory:
    """Read what a sweep needs from the store."""
    try:
        with open_store(url) as store:
            unresolved = store.findings(("open", "acknowledged"))
            return Memory(
                url=url,
                identities=last_words(store.gateway_identities(), inventory),
                last_stations=_last_stations(store, inventory, unresolved),
                suspects=_suspects(unresolved),
            )
    except StoreError as error:
        return Memory(url=url, gap=store_gap(error))


def last_words(said: Iterable[GatewayIdentity], inventory: Inventory) -> dict[Place, Identity]:
    """Return what each router said last, as far as it still is a router of the segment."""
    routers = {segment.name: segment.routers for segment in inventory.segments}
    spoken: dict[str, dict[str, list[GatewayIdentity]]] = {}
    for row in said:
        named = f" {row.source.replace(',', ' ')} "  # one router, or several
        for router in routers.get(row.segment, ()):
            if f" {router} " in named:
                spoken.setdefault(row.segment, {}).setdefault(router, []).append(row)
    return {
        (segment.name, address): _identity(address, spoken[segment.name])
        for segment in inventory.segments
        if segment.name in spoken
        for address in {
            *(gateway.address for gateway in segment.gateways),
            *(row.address for rows in spoken[segment.name].values() for row in rows),
        }
    }


def _identity(address: IPAddress, spoken: Mapping[str, Sequence[GatewayIdentity]]) -> Identity:
    """Return whose an address is by each router's last words.

    What one said before these it has given up; that counts only where no router has said anything
    of the address since: else whoever makes the routers let go of a gateway may have it.
    """
    words = tuple(_word(address, router, rows) for router, rows in spoken.items())
    about = {router: [r for r in rows if r.address == address] for router, rows in spoken.items()}
    given_up = [_word(address, router, rows) for router, rows in about.items() if rows]
    last = max(given_up, key=lambda word: word.seen, default=words[0])
    whole = joined([word for word in words if word.macs] or [last])
    return msgspec.structs.replace(whole, words=words)


def _word(address: IPAddress, router: str, said: Sequence[GatewayIdentity]) -> Identity:
    """Take the latest word: what the router confirmed together carries the same moment."""
    last = max(row.confirmed for row in said)
    together = [row for row in said if row.confirmed == last]
    macs = frozenset(row.mac for row in together if row.address == address)
    return Identity(
        macs=macs,
        source="snmp",
        seen=last,
        detail=f"{router} said earlier that {address} is on {', '.join(sorted(macs))}",
        said_by=router,
        beside=frozenset(row.mac for row in together if not virtual_family(row.mac)),
    )


def _suspects(unresolved: Iterable[Finding]) -> dict[Place, frozenset[str]]:
    return {
        (finding.segment, finding.address): frozenset(c.mac for c in finding.claimants)
        for finding in unresolved
        if finding.segment and finding.address and finding.kind in ASKED_ABOUT
    }


def _last_stations(
    store: Store, inventory: Inventory, unresolved: Iterable[Finding]
) -> dict[Place, str]:
    """Return who last answered for each gateway without any trouble.

    While a finding about it is open, its stations do not count: who took a gateway does not
    become the gateway by staying. Closing the finding accepts the new one.
    """
    troubled: dict[Place, set[str]] = {}
    for finding in unresolved:
        if finding.segment and finding.address:
            stations = troubled.setdefault((finding.segment, finding.address), set())
            stations.update(claimant.mac for claimant in finding.claimants)
    places = [(s.name, g.address) for s in inventory.segments for g in s.gateways]
    users = store.users(address for _, address in places)
    last = {place: _baseline(users.get(place, []), troubled) for place in places}
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
            users = store.users(address for _, address in doubtful)
    except StoreError:
        return {}  # a mere hint; that the store is gone is said when the sweep is written down
    return {place: {b.mac: b.first_seen for b in users.get(place, [])} for place in doubtful}


def flights(memory: Memory, view: View, recent: Flights | None = None) -> Flights | None:
    """Return where the stations that move were in the last looks; None without a store.

    Those are the ones that were on a new port lately (or `recent`, in place of what the store has
    of them), and those that are on one now.
    """
    if memory.gap is not None:
        return None
    names = [seen.segment.name for seen in view.segments]
    ports = homes(view)
    try:
        with open_store(memory.url) as store:
            known = store.flights(names) if recent is None else recent
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
    look = Look(
        now=view.now,
        began=record.started,
        findings=tuple(findings),
        sweep=record,
        bindings=tuple(bindings(view)),
        identities=tuple(identities(view)),
        moving=moving(view),
    )
    return _kept(memory, look, keep, covered(view))


def add(
    memory: Memory,
    findings: Sequence[Finding],
    *,
    now: datetime,
    began: datetime | None = None,
    keep: Keep | None = None,
    moves: Flights | None = None,
) -> Remembered:
    """Write findings down that a partial look saw: it ends none, and proves nothing absent.

    `moves` is where the stations of these findings were, for the next whole look to go on from.
    """
    look = Look(now=now, began=began, findings=tuple(findings), moving=moves or None)
    if not findings and memory.gap is None:
        return Remembered(findings=())
    kept = _kept(memory, look, keep, lambda _: False)
    seen = {finding.id for finding in findings}
    standing = tuple(finding for finding in kept.findings if finding.id in seen)
    return msgspec.structs.replace(kept, findings=standing)


def end(memory: Memory, ids: Collection[str], *, now: datetime, keep: Keep) -> Remembered:
    """Write down that these findings are over."""
    return _kept(memory, Look(now=now), keep, lambda finding: finding.id in ids)


def _kept(
    memory: Memory, look: Look, keep: Keep | None, covered: Callable[[Finding], bool]
) -> Remembered:
    """Write a look down, by `keep` or straight away, and return what became of the findings."""
    gap = memory.gap
    if gap is None:
        try:
            return _remembered(_written(memory.url, look, keep, covered))
        except StoreError as error:
            gap = store_gap(error)
    return Remembered(findings=look.findings, gaps=(gap,))


def _written(
    url: str, look: Look, keep: Keep | None, covered: Callable[[Finding], bool]
) -> Changes:
    if keep is not None:
        return keep(look, covered=covered)
    with open_store(url) as store:
        return store.keep(look, covered=covered)


def _remembered(changes: Changes) -> Remembered:
    """Return the findings that stand after these changes, and those that ended by them."""
    ended = {event.finding for event in changes.events if event.happening == "resolved"}
    return Remembered(
        findings=tuple(f for f in changes.findings if f.state != "resolved"),
        resolved=tuple(f for f in changes.findings if f.id in ended),
        events=changes.events,
    )


def forget(url: str, *, before: datetime) -> None:
    """Forget what is older; where the store is away, the next time will do."""
    with suppress(StoreError), open_store(url) as store:
        store.prune(before)
