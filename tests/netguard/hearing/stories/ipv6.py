"""The same in IPv6, and what only IPv6 has."""

from netguard.hearing.ear import Ground
from tests.netguard.hearing.octets import Cast, dad, na, ns, pinned, ra
from tests.netguard.hearing.stories.noise import torn
from tests.netguard.hearing.stories.routers import vmac
from tests.netguard.hearing.stories.rule import Frames, Rule


def vmac6(who: Cast) -> str:
    return vmac(who, "00:00:5e:00:02")


def unknown6(who: Cast) -> str:
    """Return the link-local address of a station that is no router."""
    return f"fe80::{who.number + 1:x}:bad"


def routers6(who: Cast) -> Ground:
    return pinned({who.local6: {vmac6(who)}}, who.owner, who.second)


def vrrp6(who: Cast) -> Frames:
    """Two routers, each with a link-local address of its own, and one that they share."""
    for at in range(0, 30, 5):
        yield ra(at, vmac6(who), who.local6)
        yield na(at + 1, vmac6(who), who.local6, router=True)
        yield ra(at + 2, who.owner, who.other_local6, network="2001:db8::")
        yield ns(at + 3, who.second, who.ip6)
    yield ra(30, who.owner, who.other_local6, 0)


def gateway_overridden(who: Cast) -> Frames:
    yield from vrrp6(who)
    yield from (na(31 + n, who.asker2, who.local6, to=who.asker) for n in range(2))


def gateway_claimed_mildly(who: Cast) -> Frames:
    yield from vrrp6(who)
    claims = (na(31 + n, who.asker2, who.local6, to=who.asker, override=False) for n in range(2))
    yield from claims


def router_withdrawn(who: Cast) -> Frames:
    """One forged advertisement is enough to take the default route from everybody."""
    yield from vrrp6(who)
    yield ra(31, who.asker2, who.local6, 0)


def rogue(who: Cast) -> Frames:
    yield from vrrp6(who)
    yield ra(31, who.asker2, unknown6(who), network="2001:db8:bad::")


def either_mac(who: Cast) -> Frames:
    """The routers send from the virtual MAC or from their own, with the other in the option."""
    yield from vrrp6(who)
    for at in range(3, 30, 5):
        yield ra(at, vmac6(who), who.local6, source=who.owner)
        yield ra(at + 0.5, vmac6(who), who.local6, 0, source=who.second)
        yield ra(at + 1, who.owner, who.other_local6, source=vmac6(who))


def withdrawn_in_its_name(who: Cast) -> Frames:
    """The option is the router's, but not the frame: hosts believe the option.

    Twice: the first may be a torn frame of some router's.
    """
    yield from either_mac(who)
    yield from (ra(at, vmac6(who), who.local6, 0, source=who.asker2) for at in (31, 33))


def known_router_withdrawn_in_its_name(who: Cast) -> Frames:
    yield from either_mac(who)
    yield from (ra(at, who.owner, who.other_local6, 0, source=who.asker2) for at in (31, 33))


def torn_source(who: Cast) -> Frames:
    """No checksum covers the source of a frame: a single one may be torn."""
    yield from vrrp6(who)
    yield ra(31, vmac6(who), who.local6, source=torn(vmac6(who)))
    yield ra(32, who.owner, who.other_local6, source=torn(who.owner))
    yield ra(32.5, vmac6(who), who.local6, source=torn(who.second))


def neighbouring_source(who: Cast) -> Frames:
    yield from torn_source(who)
    yield ra(33, who.owner, who.other_local6, 0, source=torn(who.owner))


def neighbouring_source_of_a_gateway(who: Cast) -> Frames:
    yield from torn_source(who)
    yield ra(33, vmac6(who), who.local6, 0, source=torn(vmac6(who)))


def known_router_withdrawn(who: Cast) -> Frames:
    """The same for an address that is not configured, of a router that is known."""
    yield from vrrp6(who)
    yield ra(31, who.asker2, who.other_local6, 0)


def no_router(who: Cast) -> Frames:
    """A station says that it is no default router, be it the last that it says as a router."""
    yield from vrrp6(who)
    for at in range(3, 30, 9):
        yield ra(at, who.asker2, unknown6(who), 0, network="2001:db8:abc::")
        yield ns(at + 1, who.asker2, unknown6(who))


def anycast6(who: Cast) -> Frames:
    """Several have an anycast address, and a proxy answers for others: they override nobody."""
    for at in range(20):
        yield na(at, who.owner, who.ip6, to=who.asker, override=False)
        yield na(at + 0.5, who.second, who.ip6, to=who.asker, override=False)
        yield ns(at + 0.6, who.asker2, who.other6)
        yield na(at + 0.7, who.owner, who.other6, to=who.asker, override=False)


def anycast6_overridden(who: Cast) -> Frames:
    yield from anycast6(who)
    for at in range(20, 28):
        yield na(at, who.owner, who.ip6, to=who.asker)
        yield na(at + 0.7, who.second, who.ip6, to=who.asker)


def dad6(who: Cast) -> Frames:
    """Duplicate address detection is answered, and heeded; an address is handed over."""
    for at in range(0, 30, 3):
        yield dad(at, who.second, who.ip6)
        yield na(at + 0.001, who.owner, who.ip6)
        yield ns(at + 1, who.owner, who.ip6)
    yield from (ns(n, who.owner, who.other6) for n in range(5))
    yield dad(6, who.second, who.other6)
    yield from (na(8 + n, who.second, who.other6) for n in range(5))


def dad6_ignored(who: Cast) -> Frames:
    """Two defend one address."""
    yield from dad6(who)
    for at in range(30, 38, 2):
        yield na(at, who.owner, who.ip6)
        yield na(at + 1, who.second, who.ip6)


def privacy6(who: Cast) -> Frames:
    """A host takes a new address every few seconds (RFC 8981)."""
    for n in range(40):
        ip = f"2001:db8::{who.number:x}:{n + 1:x}:{n * 1579:x}"
        yield dad(n, who.owner, ip)
        yield ns(n + 1, who.owner, ip)
    yield from (ns(n, who.second, who.ip6) for n in range(0, 40, 5))


def taken6(who: Cast) -> Frames:
    yield from privacy6(who)
    for at in range(40, 48):
        yield ns(at, (who.owner, who.second)[at % 2], who.ip6)


def between6(who: Cast) -> Frames:
    """Whoever tells each of two that it is the other stands between them."""
    for at in range(10, 60, 10):
        yield na(at, who.second, who.ip6, to=who.asker2)
        yield na(at + 0.1, who.second, who.other6, to=who.owner)
    yield ns(51, who.owner, who.ip6)
    yield ns(51.1, who.asker2, who.other6)
    yield na(60, who.second, who.ip6, to=who.asker2)
    yield na(60.1, who.second, who.other6, to=who.owner)


def two_moved6(who: Cast) -> Frames:
    """One host takes over from two that have left."""
    yield ns(0, who.owner, who.ip6)
    yield ns(0.1, who.asker2, who.other6)
    for at in range(10, 60, 10):
        yield na(at, who.second, who.ip6, to=who.asker)
        yield na(at + 0.1, who.second, who.other6, to=who.asker)
        yield na(at + 1, who.second, who.ip6, to=who.asker2)  # of which one has another now


RULES: dict[str, Rule] = {
    "VRRP for IPv6": Rule(
        vrrp6,
        gateway_overridden,
        "gateway-hijack",
        lambda who: who.asker2,
        routers6,
        lambda who: who.local6,
    ),
    "VRRP for IPv6, claimed mildly": Rule(
        vrrp6,
        gateway_claimed_mildly,
        "gateway-hijack",
        lambda who: who.asker2,
        routers6,
        lambda who: who.local6,
    ),
    "a router withdrawn": Rule(
        vrrp6,
        router_withdrawn,
        "gateway-hijack",
        lambda who: who.asker2,
        routers6,
        lambda who: who.local6,
    ),
    "a known router withdrawn": Rule(
        no_router,
        known_router_withdrawn,
        "rogue-router",
        lambda who: who.asker2,
        routers6,
        lambda who: who.other_local6,
    ),
    "a router withdrawn in its own name": Rule(
        either_mac,
        withdrawn_in_its_name,
        "gateway-hijack",
        lambda who: who.asker2,
        routers6,
        lambda who: who.local6,
    ),
    "a known router withdrawn in its own name": Rule(
        either_mac,
        known_router_withdrawn_in_its_name,
        "rogue-router",
        lambda who: who.asker2,
        routers6,
        lambda who: who.other_local6,
    ),
    "a router's torn source": Rule(
        torn_source,
        neighbouring_source,
        "rogue-router",
        lambda who: torn(who.owner),
        routers6,
        lambda who: who.other_local6,
    ),
    "a gateway's torn source": Rule(
        torn_source,
        neighbouring_source_of_a_gateway,
        "gateway-hijack",
        lambda who: torn(vmac6(who)),
        routers6,
        lambda who: who.local6,
    ),
    "no default router": Rule(
        no_router,
        rogue,
        "rogue-router",
        lambda who: who.asker2,
        routers6,
        unknown6,
    ),
    "anycast in IPv6": Rule(anycast6, anycast6_overridden, address=lambda who: who.ip6),
    "duplicate address detection": Rule(dad6, dad6_ignored, address=lambda who: who.ip6),
    "privacy addresses": Rule(
        privacy6, taken6, accused=lambda who: who.owner, address=lambda who: who.ip6
    ),
    "two addresses taken over": Rule(two_moved6, between6, address=lambda who: who.ip6),
}
