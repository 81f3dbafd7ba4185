"""Listens to one segment, frame after frame, and says what is wrong there since when.

It asks nobody, so it is surer of nothing than what is said over and over: what it finds is to be
asked about, where somebody can be asked.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec.structs import replace

from netguard.findings import Finding, Kind
from netguard.hearing.claim import ADVERT, ADVERTS, UNMASKED, Claim, Place, claim_of, unmasked
from netguard.hearing.elapsed import Elapsed
from netguard.hearing.fights import standing_between, take_turn, taking_turns
from netguard.hearing.intruders import intruders, is_certain
from netguard.hearing.ledger import ROOM, Address, Ledger
from netguard.hearing.ranges import Ranges
from netguard.hearing.telling import Accusation
from netguard.hearing.troubles import Troubles
from netguard.hearing.words import Words
from netguard.inventory import IPNetwork
from probes.heard import Heard
from probes.records import IPAddress

_IPV4 = 4
_ANSWERS = frozenset({"reply", "advertisement", *ADVERTS})  # by which a router may be a proxy
_HOMES = 16  # VLANs in which a gateway may be heard itself
_UNUSED_OCTETS = frozenset({0, 127, *range(224, 256)})  # an IPv4 address of nobody's begins so
_LINK_LOCAL = 0xA9FE  # 169.254.0.0/16
_EDGES = frozenset({0, 255})  # on which an IPv4 address ends that may mean a whole network


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beforehand: whose addresses are meant, and who the gateways are.

    `networks` none: every address that one station may have for itself, but for IPv4 link-local
    ones, which settle it among themselves (RFC 3927). `gateways` without MACs are not pinned.
    `routers` are further MACs that may advertise themselves, or answer for others (proxy ARP).
    `segment` is its name in findings.
    """

    networks: tuple[IPNetwork, ...] = ()
    gateways: Mapping[IPAddress, frozenset[str]] = {}
    routers: frozenset[str] = frozenset()
    segment: str | None = None


class Ear:
    """Hears frames in their order; `claims` counts those that claimed an address in question.

    `room` is for how many addresses it has a memory, besides those of the gateways.
    """

    def __init__(self, ground: Ground, room: int = ROOM) -> None:
        self.claims = 0
        self.words = Words()
        self._elapsed = Elapsed()
        self._ledger = Ledger(room=room)
        self._troubles = Troubles()
        self._homes: dict[IPAddress, set[int | None]] = {}
        self.stand_on(ground)

    @property
    def addresses(self) -> int:
        """How many claimed addresses are remembered."""
        return len(self._ledger)

    @property
    def forgotten(self) -> int:
        """How many addresses there was no room for any more."""
        return self._ledger.forgotten

    @property
    def untold(self) -> int:
        """How often a trouble was heard for which there was no room."""
        return self._troubles.untold

    def stand_on(self, ground: Ground) -> None:
        """Go on with other knowledge: what was heard stays, what was untrue is over."""
        self._ground = ground
        self._homes.clear()
        self._ledger.protect(ground.gateways)
        self._ranges = Ranges(ground.networks)
        pinned = frozenset[str]().union(*ground.gateways.values())
        self._known = ground.routers | pinned
        self._expects_routers = bool(ground.routers) or any(
            macs and ip.version != _IPV4 for ip, macs in ground.gateways.items()
        )
        self._troubles.withdraw(self._holds)

    def hear(self, heard: Heard) -> Finding | None:
        """Take in a frame; return the trouble that it begins, None where it begins none."""
        self.words.hear(heard)
        claim = claim_of(heard, self._ground.gateways)
        return None if claim is None else self.heed(claim)

    def heed(self, claim: Claim) -> Finding | None:
        """Take in a claim as `hear` does."""
        at = self._elapsed.at(claim.seen)
        pinned = self._ground.gateways.get(claim.place.ip)
        if claim.source is not None and claim.source not in self._known:
            claim = unmasked(claim, self._ground.routers | (pinned or frozenset()))
        if pinned is None and not self._concerns(claim.place, claim.how):
            return None
        self.claims += 1
        address = self._ledger.add(claim, at)
        if address is None:
            return None
        accusation = self._accusation(address, claim, at, pinned)
        if accusation is None:
            return None
        return self._troubles.note(accusation, address, claim, at, self._ground.segment)

    def findings(self, now: datetime) -> tuple[Finding, ...]:
        """Return all that was found, the worst first; what has ended by now is resolved.

        A trouble ends when it was not heard of for ten minutes. Of a time in which nothing at all
        was heard or asked for here no more than five minutes count. What has turned out to be none
        is left out.
        """
        told = self._troubles.told(self._elapsed.at(now))
        return tuple(replace(f, evidence=(*f.evidence, *self.words.about(f.address))) for f in told)

    def _concerns(self, place: Place, how: str) -> bool:
        """Tell whether an address that is no gateway's is to be judged.

        A router's always is, once it has advertised it.
        """
        ip = place.ip
        if how in ADVERTS:
            return True
        if not self._ground.networks:
            return ip.version != _IPV4 or _is_a_station_s(int(ip))
        return ip in self._ranges or (ip.version != _IPV4 and self._ledger.at(place) is not None)

    def _accusation(
        self, address: Address, claim: Claim, at: float, pinned: frozenset[str] | None
    ) -> Accusation | None:
        if pinned and self._is_here(claim, pinned):
            known = self._known
            foreign = claim.mac not in pinned and intruders(address, claim, pinned, known, at)
            if not foreign:
                return None
            return Accusation(kind="gateway-hijack", accused=foreign, rightful=pinned)
        if pinned is None and claim.mac in self._known and claim.how in _ANSWERS:
            return None
        if self._is_rogue(address, claim):
            return Accusation(kind="rogue-router", accused=frozenset({claim.mac}))
        if len(address.stations) == 1:
            return None
        return self._quarrel(address, claim, at, gateway=pinned is not None)

    def _is_here(self, claim: Claim, pinned: frozenset[str]) -> bool:
        """Tell whether a gateway's address is the gateway's where it was claimed.

        In another VLAN than the one in which the gateway itself is heard it may be another's. Of
        one wire, or one bridge, a capture may well show two interfaces.
        """
        here = claim.place.vlan
        homes = self._homes.setdefault(claim.place.ip, set())
        if claim.mac in pinned and here not in homes and len(homes) < _HOMES:
            homes.add(here)
            self._troubles.set_aside(self._is_elsewhere)
        return not homes or here in homes

    def _is_elsewhere(self, accusation: Accusation, place: Place) -> bool:
        """Tell whether a gateway was said to be taken where it is another's."""
        homes = self._homes.get(place.ip, set())
        return accusation.kind == "gateway-hijack" and bool(homes) and place.vlan not in homes

    def _is_rogue(self, address: Address, claim: Claim) -> bool:
        """Tell whether who advertises a router must not.

        Who says that it is no router any more is none, nor who says so from the start (RFC 4861,
        sections 4.2 and 6.2.5); but for who says so of an address that others have.
        """
        if not self._expects_routers or claim.mac in self._known:
            return False
        if claim.how in UNMASKED:
            return is_certain(claim.mac, address.stations[claim.mac], self._known)
        return claim.how == ADVERT or (claim.how in ADVERTS and len(address.stations) > 1)

    def _quarrel(
        self, address: Address, claim: Claim, at: float, *, gateway: bool
    ) -> Accusation | None:
        took_turn = take_turn(address, claim, self._ledger, at)
        kind: Kind = "rogue-router" if address.advertises else "address-conflict"
        # The stronger word first: it says who of the two is to be looked for.
        if between := standing_between(address, claim.mac, self._ledger, at):
            victim, second = between
            return Accusation(
                kind=kind,
                accused=frozenset((claim.mac, victim)),
                between=(claim.mac, second),
                gateway=gateway,
            )
        if took_turn and (rivals := taking_turns(address, claim, self._ledger, at)):
            return Accusation(kind=kind, accused=rivals, gateway=gateway)
        return None

    def _holds(self, accusation: Accusation, address: Address) -> bool:
        """Tell whether an accusation still stands on what is known now."""
        place = address.place
        pinned = self._ground.gateways.get(place.ip)
        if accusation.kind == "gateway-hijack":
            return pinned is not None and bool(accusation.accused - pinned)
        if len(accusation.accused) == 1:
            return not accusation.accused <= self._known
        how = ADVERT if address.advertises else ""
        return not pinned and (pinned is not None or self._concerns(place, how))


def _is_a_station_s(number: int) -> bool:
    """Tell whether an IPv4 address can be one station's own, wherever it is used."""
    return (
        number & 0xFF not in _EDGES
        and number >> 24 not in _UNUSED_OCTETS
        and number >> 16 != _LINK_LOCAL
    )
