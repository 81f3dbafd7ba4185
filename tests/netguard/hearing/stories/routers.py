"""Virtual routers, and gateways that somebody takes."""

from netguard.hearing.ear import Ground
from tests.netguard.hearing.octets import Cast, garp, pinned, probe, reply
from tests.netguard.hearing.stories.noise import (
    neighbouring_gateway,
    poisoned_by_a_neighbour,
    torn,
    torn_gateway,
    two_in_one_vlan,
    two_vlans,
)
from tests.netguard.hearing.stories.rule import Frames, Rule, in_turns, lives


def vmac(who: Cast, prefix: str = "00:00:5e:00:01") -> str:
    return f"{prefix}:{who.number + 1:02x}"


ANOTHER_GROUP = "00:00:5e:00:01:fe"


def virtual_gateway(who: Cast) -> Ground:
    return pinned({who.ip: {vmac(who)}})


def vrrp_failover(who: Cast) -> Frames:
    """Two routers with addresses of their own; the virtual MAC passes from one to the other."""
    for router, ip in ((who.owner, who.other), (who.second, who.third)):
        yield from lives(who, ip, router)
    for at in (0, 10, 20, 25):
        yield garp(at, vmac(who), who.ip)
        yield reply(at + 1, vmac(who), who.ip, who.asker)


def vrrp_taken(who: Cast) -> Frames:
    yield from vrrp_failover(who)
    yield garp(31, who.asker2, who.ip)
    yield reply(33, who.asker2, who.ip, who.asker)


def vrrp_of_another_group(who: Cast) -> Frames:
    yield from vrrp_failover(who)
    for at in (31, 33):
        yield garp(at, ANOTHER_GROUP, who.ip)


def one_virtual_master(who: Cast) -> Frames:
    """Both claim to be master, and speak for the same virtual MAC: to ARP that is one station."""
    for at in range(20):
        yield reply(at, vmac(who), who.ip, who.asker)
        yield reply(at + 0.002, vmac(who), who.ip, who.asker)


def two_real_masters(who: Cast) -> Frames:
    """Both are master, without a virtual MAC."""
    yield from lives(who, who.ip, who.owner)
    yield from in_turns(who, who.ip, who.owner, who.second)


def forwarder(who: Cast, number: int) -> str:
    return f"00:07:b4:00:{who.number + 1:02x}:{number:02x}"


def glbp(who: Cast) -> Frames:
    """The virtual gateway answers each question with another of the group's forwarders."""
    for at in range(20):
        for n in (1, 2, 3):
            yield reply(at + n / 10, forwarder(who, n), who.ip, (who.asker, who.asker2)[at % 2])


def glbp_taken(who: Cast) -> Frames:
    yield from glbp(who)
    for at in range(20, 32):
        yield reply(at, forwarder(who, at % 3 + 1), who.ip, who.asker)
        yield reply(at + 0.6, who.second, who.ip, who.asker)


def glbp_with_a_forwarder_too_many(who: Cast) -> Frames:
    yield from glbp(who)
    for at in range(20, 32):
        yield reply(at, forwarder(who, at % 3 + 1), who.ip, who.asker)
        yield reply(at + 0.6, forwarder(who, 9), who.ip, who.asker)


def anycast_gateway(who: Cast) -> Frames:
    """Every leaf of a fabric answers with the one MAC that they share: several times at once."""
    for at in range(20):
        for n in range(4):
            yield reply(at + n / 1000, who.owner, who.ip, who.asker)


def anycast_leaf_with_its_own_mac(who: Cast) -> Frames:
    yield from anycast_gateway(who)
    yield from in_turns(who, who.ip, who.owner, who.second, start=20)


def own_gateway(who: Cast) -> Ground:
    return pinned({who.ip: {who.owner}})


def handed_to_nobody(who: Cast) -> Frames:
    """The gateway speaks, is probed for, and a frame is torn beyond recognition."""
    yield from lives(who, who.ip, who.owner)
    yield from (probe(at, who.second, who.ip) for at in range(10))
    yield garp(11, who.asker2, who.ip)


def one_answer_a_minute(who: Cast) -> Frames:
    yield from lives(who, who.ip, who.owner, 0, 300)
    yield from (reply(at, who.second, who.ip, who.asker) for at in range(60, 300, 61))


RULES: dict[str, Rule] = {
    "VRRP, taken by a server": Rule(
        vrrp_failover, vrrp_taken, "gateway-hijack", lambda who: who.asker2, virtual_gateway
    ),
    "VRRP, taken by another group": Rule(
        vrrp_failover,
        vrrp_of_another_group,
        "gateway-hijack",
        lambda _: ANOTHER_GROUP,
        virtual_gateway,
    ),
    "two VRRP masters": Rule(one_virtual_master, two_real_masters),
    "GLBP": Rule(glbp, glbp_taken),
    "GLBP, a forwarder too many": Rule(
        glbp, glbp_with_a_forwarder_too_many, accused=lambda who: forwarder(who, 9)
    ),
    "EVPN anycast gateway": Rule(anycast_gateway, anycast_leaf_with_its_own_mac),
    "torn frames of a gateway": Rule(
        torn_gateway,
        neighbouring_gateway,
        "gateway-hijack",
        lambda who: torn(who.owner),
        own_gateway,
    ),
    "torn frames of a gateway, one now and then": Rule(
        torn_gateway,
        poisoned_by_a_neighbour,
        "gateway-hijack",
        lambda who: torn(who.owner),
        own_gateway,
    ),
    "a gateway in two VLANs": Rule(
        two_vlans, two_in_one_vlan, "gateway-hijack", ground=own_gateway
    ),
    "a single frame for a gateway": Rule(
        handed_to_nobody, one_answer_a_minute, "gateway-hijack", ground=own_gateway
    ),
}
