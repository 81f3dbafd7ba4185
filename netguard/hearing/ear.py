"""Listens to one segment, frame after frame, and says what is wrong there since when.

It asks nobody, so it is surer of nothing than what is said over and over: what it finds is to be
asked about, where somebody can be asked.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from netguard.findings import Finding, Kind, gravest_first
from netguard.hearing.claim import ADVERT, Claim, claim_of
from netguard.hearing.fights import standing_between, taking_turns
from netguard.hearing.ledger import Address, Ledger
from netguard.hearing.telling import Accusation, finding_of
from netguard.inventory import IPNetwork
from probes.records import Heard, IPAddress

# A trouble that nobody has heard of for so long is over.
REST = timedelta(minutes=10)
_LINK_LOCAL = 4
_CERTAIN = 2  # frames


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beforehand: whose addresses are meant, and who the gateways are.

    `networks` none: every address, but for IPv4 link-local ones, which settle it among themselves
    (RFC 3927). `gateways` without MACs are not pinned. `segment` is its name in findings.
    """

    networks: tuple[IPNetwork, ...] = ()
    gateways: Mapping[IPAddress, frozenset[str]] = {}
    segment: str | None = None


class Ear:
    """Hears frames in their order; `claims` counts those that claimed an address in question."""

    def __init__(self, ground: Ground) -> None:
        self.claims = 0
        self._ground = ground
        self._ledger = Ledger(ground.gateways)
        self._findings: dict[str, Finding] = {}
        self._routers = frozenset(
            mac for ip, macs in ground.gateways.items() if ip.version != _LINK_LOCAL for mac in macs
        )

    @property
    def addresses(self) -> int:
        """How many addresses were claimed."""
        return len(self._ledger)

    @property
    def forgotten(self) -> int:
        """How many addresses there was no room for any more."""
        return self._ledger.forgotten

    def hear(self, heard: Heard) -> Finding | None:
        """Take in a frame; return the trouble that it begins, None where it begins none."""
        claim = claim_of(heard)
        if claim is None or not self._concerns(claim.place.ip):
            return None
        self.claims += 1
        address = self._ledger.add(claim)
        accusation = self._accusation(address, claim)
        if accusation is None:
            return None
        return self._remember(finding_of(accusation, address, claim.seen, self._ground.segment))

    def findings(self, now: datetime) -> tuple[Finding, ...]:
        """Return all that was found, the worst first; what has ended by now is resolved."""
        told = (
            replace(one, state="resolved") if now - one.last_seen > REST else one
            for one in self._findings.values()
        )
        return tuple(sorted(told, key=gravest_first))

    def _remember(self, found: Finding) -> Finding | None:
        known = self._findings.get(found.id)
        if known is not None and found.last_seen - known.last_seen <= REST:
            self._findings[found.id] = replace(
                found, first_seen=known.first_seen, reopened=known.reopened
            )
            return None
        if known is not None:
            found = replace(found, first_seen=found.last_seen, reopened=known.reopened + 1)
        self._findings[found.id] = found
        return found

    def _concerns(self, ip: IPAddress) -> bool:
        if self._ground.networks:
            return any(ip in network for network in self._ground.networks)
        return not (ip.version == _LINK_LOCAL and ip.is_link_local)

    def _accusation(self, address: Address, claim: Claim) -> Accusation | None:
        pinned = self._ground.gateways.get(claim.place.ip, frozenset())
        if intruders := frozenset(self._intruders(address, pinned)):
            return Accusation(kind="gateway-hijack", accused=intruders, rightful=pinned)
        if pinned:
            return None
        if claim.how == ADVERT and self._routers and claim.mac not in self._routers:
            return Accusation(kind="rogue-router", accused=frozenset({claim.mac}))
        return self._quarrel(address, claim) if len(address.stations) > 1 else None

    def _quarrel(self, address: Address, claim: Claim) -> Accusation | None:
        kind: Kind = "rogue-router" if address.advertises else "address-conflict"
        # The stronger word first: it says who of the two is to be looked for.
        if between := standing_between(address, self._ledger, claim.seen):
            mac, victim, second = between
            return Accusation(
                kind=kind,
                accused=frozenset((mac, victim)),
                between=(mac, second),
                gateway=self._is_gateway(claim),
            )
        if rivals := taking_turns(address, self._ledger, claim.seen):
            return Accusation(kind=kind, accused=rivals, gateway=self._is_gateway(claim))
        return None

    def _is_gateway(self, claim: Claim) -> bool:
        return claim.place.ip in self._ground.gateways

    def _intruders(self, address: Address, pinned: frozenset[str]) -> Iterable[str]:
        """Return who claims a pinned gateway and is not it: one frame alone may be torn."""
        foreign = {
            mac: one for mac, one in address.stations.items() if pinned and mac not in pinned
        }
        often = [mac for mac, station in foreign.items() if station.count >= _CERTAIN]
        claims = sum(station.count for station in foreign.values()) + address.crowded_out
        return often or (foreign if claims >= _CERTAIN else ())
