"""Does the inventory agree with itself? Pure: every contradiction with its place and its remedy."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from itertools import chain
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec

from netguard.config.problems import Problem, Severity
from netguard.inventory import Device, Index, Inventory, IPNetwork, Segment, Server, index
from netguard.suggest import did_you_mean
from probes.records import IPAddress


class Vantage(Protocol):
    """A place to trace from: its name, how it is reached, and the name of its login."""

    @property
    def name(self) -> str: ...  # noqa: D102 - see above

    @property
    def ssh(self) -> str | None: ...  # noqa: D102

    @property
    def login(self) -> str | None: ...  # noqa: D102


Entry = Device | Segment | Server | Vantage
EntryT = TypeVar("EntryT", Segment, Server)

_nearest = lru_cache(maxsize=4096)(did_you_mean)  # one unknown switch stands in many servers

_IPV4 = 4
_WIDEST_SWEEP = 16  # prefix length: 65,536 addresses take two minutes at the usual pace


class _Names(msgspec.Struct, frozen=True):
    """The names that entries may refer to."""

    snmp: frozenset[str]
    ssh: frozenset[str]
    devices: frozenset[str]
    segments: frozenset[str]


def inconsistencies(
    inventory: Inventory, *, snmp: Collection[str], ssh: Collection[str]
) -> Iterator[Problem]:
    """Yield what does not fit together; `snmp` and `ssh` are the names of credentials."""
    names = _Names(
        frozenset(snmp),
        frozenset(ssh),
        frozenset(d.name for d in inventory.devices),
        frozenset(s.name for s in inventory.segments),
    )
    look = index(inventory)
    for entries in (inventory.devices, inventory.segments, inventory.servers):
        yield from _repeated_names(entries)
    for device in inventory.devices:
        yield from _unknown(device, "snmp", (device.snmp,), names.snmp)
        logins = () if device.ssh is None else (device.ssh,)
        yield from _unknown(device, "ssh", logins, names.ssh)
    for segment in inventory.segments:
        yield from _unknown(segment, "routers", segment.routers, names.devices)
        yield from _unknown(segment, "switches", segment.switches, names.devices)
        yield from _gateways(segment, look)
        yield from _wide_sweeps(segment)
    yield from _overlapping_segments(inventory.segments)
    for server in inventory.servers:
        yield from _placement(server, names, look)
    yield from _assigned_twice(inventory.servers)
    yield from _shared_macs(inventory.servers)


def vantage_inconsistencies(
    vantages: Collection[Vantage], *, ssh: Collection[str]
) -> Iterator[Problem]:
    """Yield names that several vantages have, and logins that are not among the names `ssh`."""
    yield from _repeated_names(vantages)
    own = [vantage for vantage in vantages if vantage.ssh is None]
    for vantage in own[1:]:
        detail = f"is this machine, and so is {own[0].name!r}"
        yield _fault(vantage, "name", vantage.name, detail, remedy="Keep one, or add ssh.")
    for vantage in vantages:
        if vantage.name == "segment":
            detail = "is the name for a server's own segment"
            yield _fault(vantage, "name", vantage.name, detail, remedy="Choose another.")
        logins = () if vantage.login is None else (vantage.login,)
        yield from _unknown(vantage, "login", logins, frozenset(ssh))


def _fault(
    entry: Entry,
    key: str,
    value: object,
    detail: str,
    *,
    remedy: str,
    severity: Severity = "error",
) -> Problem:
    return Problem(
        section=type(entry).__name__.lower(),
        name=entry.name,
        key=key,
        value=repr(str(value)),
        detail=detail,
        remedy=remedy,
        severity=severity,
    )


def _repeated_names(entries: Iterable[Entry]) -> Iterator[Problem]:
    count = Counter(entry.name for entry in entries)
    seen = set()
    for entry in entries:
        if count[entry.name] > 1 and entry.name not in seen:
            seen.add(entry.name)
            detail = f"{count[entry.name]} entries have this name"
            yield _fault(entry, "name", entry.name, detail, remedy="Give each a name of its own.")


def _unknown(
    entry: Entry, key: str, words: Iterable[str], known: frozenset[str]
) -> Iterator[Problem]:
    for word in words:
        if word not in known:
            remedy = _nearest(word, known)
            yield _fault(entry, key, word, "nothing has this name", remedy=remedy)


def _gateways(segment: Segment, look: Index) -> Iterator[Problem]:
    networks = ", ".join(map(str, segment.networks))
    for gateway in segment.gateways:
        address = gateway.address
        if not (address.is_link_local or _within(address, segment.networks)):
            yield _fault(
                segment,
                "gateways",
                address,
                f"outside the segment's networks ({networks})",
                remedy="Correct the gateway, or add its network.",
            )
        if server := look.assigned_to(address):
            yield _fault(
                segment,
                "gateways",
                address,
                f"also assigned to server {server.name!r}",
                remedy="Take it out of the server's address and blocks.",
            )


def _within(address: IPAddress, networks: Iterable[IPNetwork]) -> bool:
    return any(address in network for network in networks)


def _wide_sweeps(segment: Segment) -> Iterator[Problem]:
    for network in segment.networks:
        if not segment.interface or network.version != _IPV4 or network.prefixlen >= _WIDEST_SWEEP:
            continue
        minutes = network.num_addresses / segment.pace / 60
        yield _fault(
            segment,
            "networks",
            network,
            f"one ARP sweep of it takes {minutes:.0f} minutes",
            remedy="Name only the networks in use, or leave interface out.",
            severity="warning",
        )


def _overlapping_segments(segments: Iterable[Segment]) -> Iterator[Problem]:
    for inner, outer in _nested(_range(n, "networks", s) for s in segments for n in s.networks):
        yield _fault(
            inner.owner,
            inner.key,
            inner.what,
            f"overlaps {outer.what} of segment {outer.owner.name!r}",
            remedy="An address belongs to one segment: correct one of the two.",
        )


def _placement(server: Server, names: _Names, look: Index) -> Iterator[Problem]:
    """Yield what is wrong with the segment and the port that a server says it is in."""
    found = look.segment_of(server.address)
    if server.segment is not None:
        yield from _unknown(server, "segment", (server.segment,), names.segments)
        if found is not None and server.segment in names.segments - {found.name}:
            yield _fault(
                server,
                "segment",
                server.segment,
                f"its address {server.address} lies in segment {found.name!r}",
                remedy="Correct the segment or the address.",
            )
    elif found is None:
        yield _fault(
            server,
            "address",
            server.address,
            "lies in no segment's networks",
            remedy="Correct it, name the server's segment, or add the network to a segment.",
        )
    if server.port is not None:
        yield from _unknown(server, "port", (server.port.device,), names.devices)


def _assigned_twice(servers: Collection[Server]) -> Iterator[Problem]:
    """Yield each address or block of one server that another server has too."""
    ranges = chain(
        (_range(s.address, "address", s) for s in servers),
        (_range(block, "blocks", s) for s in servers for block in s.blocks),
    )
    for inner, outer in _nested(ranges):
        yield _fault(
            inner.owner,
            inner.key,
            inner.what,
            f"also assigned to server {outer.owner.name!r}, as {outer.what}",
            remedy="An address belongs to one server: correct one of the two.",
        )


def _shared_macs(servers: Iterable[Server]) -> Iterator[Problem]:
    first: dict[str, Server] = {}
    for server in servers:
        if server.mac is not None and first.setdefault(server.mac, server) is not server:
            other = first[server.mac].name
            detail = f"also the MAC of server {other!r}"
            yield _fault(server, "mac", server.mac, detail, remedy="Correct one of the two.")


class _Range(NamedTuple, Generic[EntryT]):
    """Addresses from first to last, with the entry they belong to and how it was written."""

    version: int
    first: int
    last: int
    key: str
    what: IPAddress | IPNetwork
    owner: EntryT


def _range(what: IPAddress | IPNetwork, key: str, owner: EntryT) -> _Range[EntryT]:
    if isinstance(what, IPv4Address | IPv6Address):
        return _Range(what.version, int(what), int(what), key, what, owner)
    first = int(what.network_address)
    last = first | (1 << what.max_prefixlen - what.prefixlen) - 1  # num_addresses is slow
    return _Range(what.version, first, last, key, what, owner)


def _nested(ranges: Iterable[_Range[EntryT]]) -> Iterator[tuple[_Range[EntryT], _Range[EntryT]]]:
    """Yield each range that lies in one of another owner, with that one.

    Networks are nested or apart, never half in one another: those around the current one are a
    stack, and one pass in the order of their first addresses finds all.
    """
    around: list[_Range[EntryT]] = []
    for inner in sorted(ranges, key=lambda r: (r.version, r.first, -r.last)):
        while around and (around[-1].version, around[-1].last) < (inner.version, inner.first):
            around.pop()
        outer = next((r for r in reversed(around) if r.owner is not inner.owner), None)
        if outer is not None:
            yield inner, outer
        around.append(inner)
