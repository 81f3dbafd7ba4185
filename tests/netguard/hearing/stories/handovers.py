"""Addresses that go from one station to another."""

from tests.netguard.hearing.octets import Cast, garp, probe, reply, request
from tests.netguard.hearing.stories.rule import Frames, Rule, in_turns, lives


def bond_failover(who: Cast) -> Frames:
    """fail_over_mac=active: the address goes to the other card, and comes back."""
    yield from lives(who, who.ip, who.owner, 0, 10)
    yield from (garp(10 + n / 10, who.second, who.ip) for n in range(3))
    yield from lives(who, who.ip, who.second, 11, 20)
    yield from (garp(22 + n / 10, who.owner, who.ip) for n in range(3))
    yield from lives(who, who.ip, who.owner, 23, 30)


def bond_that_never_was(who: Cast) -> Frames:
    yield from bond_failover(who)
    yield from in_turns(who, who.ip, who.owner, who.second)


def keepalived_over_and_back(who: Cast) -> Frames:
    """Without a virtual MAC, as keepalived does it: five announcements, and five 5 s later.

    The one that has to go still answers a question that was under way.
    """
    for at, station, leaving in ((0, who.owner, ""), (20, who.second, who.owner)):
        yield from _becomes_master(who, at, station, leaving)
    yield from _becomes_master(who, 40, who.owner, who.second)


def _becomes_master(who: Cast, at: float, station: str, leaving: str) -> Frames:
    yield from (garp(at + n / 10000, station, who.ip) for n in range(5))
    if leaving:
        yield reply(at + 0.002, leaving, who.ip, who.asker)
        yield garp(at + 0.003, leaving, who.ip)
    yield reply(at + 1.5, station, who.ip, who.asker)
    yield from (garp(at + 5 + n / 10000, station, who.ip) for n in range(5))


def keepalived_split(who: Cast) -> Frames:
    """The link between them is broken: both are master, and announce it."""
    for at in range(0, 30, 5):
        yield from _becomes_master(who, at, who.owner, "")
        yield from _becomes_master(who, at + 1, who.second, "")


def migration(who: Cast) -> Frames:
    """A machine moves to another host; once with its MAC, once with another."""
    yield from lives(who, who.ip, who.owner, 0, 10)
    yield from (garp(10 + n / 10, who.owner, who.ip) for n in range(5))
    yield from lives(who, who.other, who.asker, 0, 10)
    yield from (garp(10 + n / 10, who.second, who.other) for n in range(5))
    yield from lives(who, who.other, who.second, 11, 30)


def migration_left_the_original_running(who: Cast) -> Frames:
    yield from migration(who)
    yield from in_turns(who, who.other, who.asker, who.second)


def dhcp_reuse(who: Cast) -> Frames:
    """Three take over each other's addresses within seconds, each after having asked."""
    yield from lives(who, who.ip, who.owner, 0, 10)
    yield from lives(who, who.other, who.second, 0, 10)
    yield reply(10, who.owner, who.ip, who.second)  # they talk with each other, before and after
    for start, station, ip in (
        (12, who.owner, who.other),  # who had the one gets the other
        (16, who.asker2, who.ip),
        (22, who.second, who.third),
    ):
        yield from (probe(start + n, station, ip) for n in range(3))
        yield from (garp(start + 3 + n / 2, station, ip) for n in range(2))
        yield from lives(who, ip, station, start + 4.5, 60)
    yield from (reply(at, who.owner, who.other, who.asker2) for at in (60, 62))


def dhcp_lease_ignored(who: Cast) -> Frames:
    """The one before comes back to the address that is another's now."""
    yield from dhcp_reuse(who)
    yield from in_turns(who, who.ip, who.asker2, who.owner, start=64)


def containers(who: Cast) -> Frames:
    """New ones come with MACs of their own; one that crashes has another MAC each time."""
    for n in range(12):
        station = f"02:42:{who.number:02x}:00:{n:02x}:{n * 37 % 256:02x}"
        yield garp(n * 3, station, who.ip)
        yield request(n * 3 + 1, station, who.ip, who.fourth)
    yield from lives(who, who.other, who.owner)
    yield from lives(who, who.third, who.second)


def container_with_its_host_s_address(who: Cast) -> Frames:
    yield from containers(who)
    yield from in_turns(who, who.other, who.owner, "02:42:00:00:00:99")


RULES: dict[str, Rule] = {
    "bond failover": Rule(bond_failover, bond_that_never_was),
    "keepalived without virtual MAC": Rule(keepalived_over_and_back, keepalived_split),
    "live migration": Rule(
        migration, migration_left_the_original_running, address=lambda who: who.other
    ),
    "DHCP reuse": Rule(dhcp_reuse, dhcp_lease_ignored, accused=lambda who: who.owner),
    "containers": Rule(
        containers,
        container_with_its_host_s_address,
        accused=lambda _: "02:42:00:00:00:99",
        address=lambda who: who.other,
    ),
}
