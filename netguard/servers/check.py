"""Asks servers from every chosen place at once, and reports each as soon as all have spoken."""

import random
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from netguard.collect import Clock
from netguard.config import Config
from netguard.forwarding.records import ServerReport
from netguard.forwarding.targets import targets
from netguard.inventory import Server, index
from netguard.meter import Meter, Progress
from netguard.servers.cases import Cases
from netguard.servers.ground import survey
from netguard.servers.looks import Looks, Watch
from netguard.servers.places import Places
from netguard.vantages import vantage_wire


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The reports about some servers, and the devices that were read for them."""

    reports: tuple[ServerReport, ...]
    devices_read: frozenset[str]


async def check(
    config: Config,
    servers: Sequence[Server],
    places: Places,
    *,
    clock: Clock,
    progress: Progress,
    ask_vpn_ports: bool = False,
    done: Callable[[ServerReport], None] = lambda _report: None,
    watch: Watch = lambda _place, _server, _judgements: None,
) -> Checked:
    """Return a report about each server, in their order.

    `done` is told each as soon as it is complete, `watch` whenever an address is decided. What
    prevents asking from a place becomes a gap of every report that it leaves incomplete.
    """
    started = clock()
    chance = random.SystemRandom()
    asked = {server.name: targets(server, chance) for server in servers}
    surveyed = await survey(
        config,
        index(config.inventory),
        servers,
        asked,
        on_segment=places.segment,
        clock=clock,
        progress=progress,
    )
    grounds = surveyed.grounds
    cases = Cases(grounds, asked, started=started, clock=clock, done=done)
    looks = Looks(cases, grounds, asked, Meter(progress), watch)
    if places.here:
        looks.from_here(places.here, places.sources)
    for name, ground in grounds.items():
        if places.segment and ground.interface:
            looks.on_segment(name)
        if ask_vpn_ports:
            looks.at_ports(name)
    for vantage in places.remote:
        looks.from_afar(vantage.name, partial(vantage_wire, config, vantage))
    await looks.take()
    return Checked(
        reports=tuple(cases.reports[server.name] for server in servers),
        devices_read=surveyed.devices_read,
    )
