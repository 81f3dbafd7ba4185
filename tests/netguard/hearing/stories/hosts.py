"""One host that looks like two, or has many addresses."""

from tests.netguard.hearing.octets import Cast, ns, reply, request
from tests.netguard.hearing.stories.routers import two_real_masters
from tests.netguard.hearing.stories.rule import Frames, Rule, in_turns, lives


def balance_alb(who: Cast) -> Frames:
    """A bond shows each asker another of its cards, and to everybody always the first."""
    for at in range(0, 30, 3):
        yield request(at, who.owner, who.ip, who.other)
        yield reply(at + 1, who.owner, who.ip, who.asker)
        yield reply(at + 1.1, who.second, who.ip, who.asker2)


def one_asker_told_both(who: Cast) -> Frames:
    yield from balance_alb(who)
    yield from in_turns(who, who.ip, who.owner, who.second, start=40)


def askers(who: Cast) -> list[str]:
    return [f"02:00:5e:00:{who.number:02x}:{n * 37:02x}" for n in range(4)]


def balance_alb_anew(who: Cast) -> Frames:
    """A card comes up again, and all hearers are dealt out anew: at once, and as they ask."""
    cards = (who.owner, who.second)
    for n, asker in enumerate(askers(who)):
        yield from (reply(at + n * 2, cards[n % 2], who.ip, asker) for at in range(0, 30, 10))
    for n, asker in enumerate(askers(who)):
        yield reply(40 + n / 1000, cards[(n + 1) % 2], who.ip, asker)
    for n, asker in enumerate(askers(who)):
        yield from (
            reply(at + n * 2, cards[(n + 1) % 2], who.ip, asker) for at in range(41, 70, 10)
        )


def many_told_both(who: Cast) -> Frames:
    """Each of many asks once, and is told both."""
    yield from balance_alb_anew(who)
    for n in range(20):
        asker = f"02:00:5e:01:{who.number:02x}:{n:02x}"
        yield reply(80 + n, who.owner, who.ip, asker)
        yield reply(80.002 + n, who.second, who.ip, asker)


def one_told_both_among_many(who: Cast) -> Frames:
    yield from balance_alb_anew(who)
    yield from in_turns(who, who.ip, who.owner, who.second, start=80)


def lacp(who: Cast) -> Frames:
    """All cards of an aggregate have one MAC; answers come over any of them."""
    yield from lives(who, who.ip, who.owner)
    yield from lives(who, who.ip, who.owner, 0.001, 30)


def flux(who: Cast) -> Frames:
    """A Linux host with two cards answers for both addresses on both, but for IPv6."""
    yield ns(0, who.owner, who.local6)
    yield ns(0.1, who.second, who.other_local6)
    yield request(0.2, who.owner, who.ip, who.third)
    yield request(0.3, who.owner, who.other, who.third)
    for at in range(1, 30, 2):
        for late, ip in enumerate((who.ip, who.other)):
            yield reply(at + late, who.owner, ip, who.asker)
            yield reply(at + late + 0.0001, who.second, ip, who.asker)


def flux_pretended(who: Cast) -> Frames:
    """Somebody takes both addresses of a server, but has one of his own besides."""
    yield from lives(who, who.third, who.second)
    yield from flux(who)


def aliases(who: Cast) -> Frames:
    """One MAC has many addresses."""
    for n in range(4):
        yield from lives(who, f"203.0.113.{who.number * 8 + n + 1}", who.owner, n)
    yield from lives(who, who.ip, who.asker2)


def alias_of_somebody_else_s(who: Cast) -> Frames:
    yield from aliases(who)
    yield from in_turns(who, who.ip, who.asker2, who.owner)


RULES: dict[str, Rule] = {
    "balance-alb": Rule(balance_alb, one_asker_told_both),
    "balance-alb, dealt out anew": Rule(balance_alb_anew, one_told_both_among_many),
    "balance-alb, many are told both": Rule(balance_alb_anew, many_told_both),
    "LACP": Rule(lacp, two_real_masters),
    "ARP flux": Rule(flux, flux_pretended),
    "aliases": Rule(aliases, alias_of_somebody_else_s, accused=lambda who: who.owner),
}
