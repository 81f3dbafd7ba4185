"""Load balancers, and who answers for others."""

from netguard.hearing.ear import Ground
from tests.netguard.hearing.octets import Cast, pinned, reply
from tests.netguard.hearing.stories.rule import Frames, Rule, in_turns, lives


def nlb(who: Cast) -> Frames:
    """Microsoft's: all nodes claim the same MAC, and send from others, so that no switch learns."""
    last = who.ip.split(".")
    tail = ":".join(f"{int(octet):02x}" for octet in last)
    for at in range(0, 30, 3):
        for node in (1, 2):
            yield reply(at, f"02:bf:{tail}", who.ip, who.asker, source=f"02:{node:02x}:{tail}")
            yield reply(at + 1, f"03:bf:{tail}", who.other, who.asker, source=who.owner)
            igmp = f"01:00:5e:7f:{':'.join(tail.split(':')[2:])}"
            yield reply(at + 2, igmp, who.third, who.asker, source=who.second)


def nlb_of_somebody_else(who: Cast) -> Frames:
    """The prefix proves nothing, nor does it matter from where the frames come."""
    yield from nlb(who)
    tail = ":".join(f"{int(octet):02x}" for octet in who.other.split("."))
    for n in range(6):
        yield reply(30 + n, f"03:bf:{tail}", who.other, who.asker, source=who.owner)
        yield reply(30.1 + n, nlb_forged(who), who.other, who.asker, source=who.owner)


def nlb_forged(who: Cast) -> str:
    return f"02:bf:c0:00:02:{who.number:02x}"


def direct_routing(who: Cast) -> Frames:
    """LVS-DR: the real servers have the address, but only the director answers for it."""
    yield from lives(who, who.ip, who.owner)
    yield from lives(who, who.other, who.second)
    yield from lives(who, who.third, who.asker2)


def real_servers_answer(who: Cast) -> Frames:
    yield from direct_routing(who)
    yield from in_turns(who, who.ip, who.owner, who.second)


def proxy_router(who: Cast) -> Ground:
    return pinned({who.fourth: {who.owner}})


def proxy_arp(who: Cast) -> Frames:
    """A router answers for whom nobody has, and late for those who answer themselves."""
    yield from lives(who, who.ip, who.asker2)
    for at in range(0, 30, 3):
        yield reply(at, who.owner, f"203.0.113.{who.number * 8 + 1}", who.asker)
        yield reply(at + 1, who.asker2, who.ip, who.asker)
        yield reply(at + 1.7, who.owner, who.ip, who.asker)


def proxy_that_is_no_router(who: Cast) -> Frames:
    yield from proxy_arp(who)
    for at in range(30, 40):
        yield reply(at, who.asker2, who.ip, who.asker)
        yield reply(at + 0.7, who.second, who.ip, who.asker)


RULES: dict[str, Rule] = {
    "NLB": Rule(nlb, nlb_of_somebody_else, accused=nlb_forged, address=lambda who: who.other),
    "LVS-DR": Rule(direct_routing, real_servers_answer),
    "proxy ARP": Rule(proxy_arp, proxy_that_is_no_router, ground=proxy_router),
}
