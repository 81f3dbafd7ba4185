"""What claims nothing, or does not count twice: probes, loops, torn frames, VLANs."""

from probes.mac import from_bytes, to_bytes
from tests.netguard.hearing.octets import EVERYBODY, Cast, arp, garp, probe, reply
from tests.netguard.hearing.stories.rule import Frames, Rule, in_turns, lives


def probes(who: Cast) -> Frames:
    """Probes of RFC 5227, of Windows, and of a switch that tracks its devices (IPDT)."""
    yield from lives(who, who.ip, who.owner)
    for at in range(30):
        yield probe(at + 0.5, who.second, who.ip)
        yield reply(at + 0.501, who.owner, who.ip, who.second)


def probed_and_taken_all_the_same(who: Cast) -> Frames:
    yield from probes(who)
    for at in range(30, 40, 2):
        yield garp(at, who.second, who.ip)
        yield garp(at + 0.7, who.owner, who.ip)


def announcements(who: Cast) -> Frames:
    for at in range(0, 30, 2):
        yield garp(at, who.owner, who.ip)
        yield arp(at + 0.5, 2, who.owner, who.ip, who.ip, to=EVERYBODY)


def announced_by_two(who: Cast) -> Frames:
    yield from announcements(who)
    for at in range(30, 38, 2):
        yield garp(at, who.owner, who.ip)
        yield arp(at + 1, 2, who.second, who.ip, who.ip, to=EVERYBODY)


def loop(who: Cast) -> Frames:
    """Each frame comes fifty times, also that of the one who had the address before."""
    for start, station in ((0, who.owner), (5, who.second)):
        for second in range(4):
            yield from (garp(start + second + n / 2000, station, who.ip) for n in range(50))
    yield from (garp(5 + n / 1000, who.owner, who.ip) for n in range(30))


def loop_with_two(who: Cast) -> Frames:
    yield from loop(who)
    for second in range(10, 16):
        for n in range(20):
            station = (who.owner, who.second)[second % 2]
            yield garp(second + n / 1000, station, who.ip)


def torn(station: str, bits: int = 4) -> str:
    """Return a MAC that differs in these bits, and is nobody's."""
    octets = bytearray(to_bytes(station))
    octets[4] ^= bits
    return from_bytes(bytes(octets))


def misprints(who: Cast) -> Frames:
    """Now and then a bit falls over in a frame: twice within a minute even, each time another."""
    yield from lives(who, who.ip, who.owner, 0, 40)
    for at, bit in ((12, 4), (15, 8), (19, 6)):
        yield garp(at, torn(who.owner, bit), who.ip)
        yield garp(at + 0.7, who.owner, who.ip)


def neighbouring_mac(who: Cast) -> Frames:
    yield from misprints(who)
    yield from in_turns(who, who.ip, who.owner, torn(who.owner, 1))


def torn_gateway(who: Cast) -> Frames:
    """The same wrong bit again and again, rare beside what is right."""
    for n in range(300):
        yield garp(n, who.owner, who.ip)
        if n in {80, 240}:
            yield garp(n + 0.5, torn(who.owner), who.ip)


def neighbouring_gateway(who: Cast) -> Frames:
    yield from torn_gateway(who)
    yield from (garp(300 + n, torn(who.owner), who.ip) for n in range(10))


def poisoned_by_a_neighbour(who: Cast) -> Frames:
    """A victim is told again before it asks anew: as rarely as a card tears frames, but in time."""
    yield from torn_gateway(who)
    yield from (reply(at, torn(who.owner), who.ip, who.asker) for at in (270.5, 290.5))


def answers_for_all(who: Cast) -> Frames:
    """Odd devices answer for the addresses of whole networks."""
    for at in range(20):
        for late, station in enumerate((who.owner, who.second)):
            for ip in ("198.51.100.0", "198.51.100.255", "255.255.255.255", "224.0.0.251"):
                yield reply(at + late / 2, station, ip, who.asker)


def odd_devices_on_one_address(who: Cast) -> Frames:
    yield from answers_for_all(who)
    yield from in_turns(who, who.ip, who.owner, who.second)


def two_vlans(who: Cast) -> Frames:
    for at in range(20):
        yield reply(at, who.owner, who.ip, who.asker, vlan=226)
        yield reply(at + 0.5, who.second, who.ip, who.asker, vlan=300)
        yield reply(at + 0.6, who.second, who.ip, who.asker)


def two_in_one_vlan(who: Cast) -> Frames:
    yield from two_vlans(who)
    for at in range(20, 26):
        yield reply(at, who.owner, who.ip, who.asker, vlan=226)
        yield reply(at + 0.5, who.second, who.ip, who.asker, vlan=226)


RULES: dict[str, Rule] = {
    "ARP probes": Rule(probes, probed_and_taken_all_the_same),
    "announcements": Rule(announcements, announced_by_two),
    "a loop": Rule(loop, loop_with_two),
    "torn frames": Rule(misprints, neighbouring_mac, accused=lambda who: torn(who.owner, 1)),
    "answers for whole networks": Rule(answers_for_all, odd_devices_on_one_address),
    "one address in two VLANs": Rule(two_vlans, two_in_one_vlan),
}
