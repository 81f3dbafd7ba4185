"""What a sweep takes from the store: above all, whom it takes for an unpinned gateway."""

from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest

from netguard.findings import Claimant, Finding
from netguard.inventory import Inventory, SwitchPort
from netguard.judge import judge
from netguard.remember import Memory, add, first_seen, flights, moving, recall, remember
from netguard.rules.mac_flapping import REST
from netguard.store import Binding, GatewayIdentity, Look, SweepRecord, open_store
from netguard.view import Stay, View
from probes.records import Gap
from tests.building import GATEWAY, NOW, asked, claim, mac, router, seen, segment, switch, view

PLACE = ("web-226", ip_address(GATEWAY))
OLD, NEW = mac(0x01), mac(0x24)
INVENTORY = Inventory(segments=(segment(),))
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/netguard.db"


def swept(url: str, *stations: str, day: int, found: tuple[Finding, ...] = ()) -> None:
    """Remember a sweep in which these stations answered for the gateway."""
    now = NOW + day * DAY
    bindings = [
        Binding(
            segment="web-226",
            address=PLACE[1],
            mac=station,
            first_seen=now,
            last_seen=now,
        )
        for station in stations
    ]
    record = SweepRecord(started=now, duration=1.0, segments=("web-226",), counts={})
    look = Look(now=now, findings=found, sweep=record, bindings=tuple(bindings))
    with open_store(url) as store:
        store.keep(look, covered=lambda _finding: True)


def changed(*stations: str, day: int) -> Finding:
    return Finding(
        id=f"gateway-changed/web-226/{GATEWAY}",
        kind="gateway-changed",
        severity="warning",
        first_seen=NOW + day * DAY,
        last_seen=NOW + day * DAY,
        segment="web-226",
        address=PLACE[1],
        claimants=tuple(Claimant(mac=station) for station in stations),
        summary="",
        advice="",
    )


def test_the_gateway_is_who_answered_for_it_last(url: str) -> None:
    swept(url, OLD, day=0)
    swept(url, NEW, day=1)
    assert recall(url, INVENTORY).last_stations == {PLACE: NEW}


def test_who_took_a_gateway_does_not_become_it_by_staying(url: str) -> None:
    swept(url, OLD, day=0)
    for day in (1, 2, 3):
        swept(url, NEW, day=day, found=(changed(NEW, day=day),))
        assert recall(url, INVENTORY).last_stations == {PLACE: OLD}


def test_closing_the_finding_accepts_the_new_gateway(url: str) -> None:
    swept(url, OLD, day=0)
    swept(url, NEW, day=1, found=(changed(NEW, day=1),))
    with open_store(url) as store:
        store.close(changed(NEW, day=1).id, who="noc", note="new router", now=NOW + 2 * DAY)
    assert recall(url, INVENTORY).last_stations == {PLACE: NEW}


def test_of_two_in_dispute_the_elder_is_the_gateway(url: str) -> None:
    swept(url, OLD, day=0)
    swept(url, OLD, NEW, day=1, found=(changed(OLD, NEW, day=1),))
    assert recall(url, INVENTORY).last_stations == {PLACE: OLD}


def stated(url: str, day: int, *said: tuple[str, str, str]) -> None:
    """Remember a sweep in which routers said which address is on which MAC."""
    now = NOW + day * DAY
    words = tuple(
        GatewayIdentity(
            segment="web-226", address=ip_address(address), mac=hw, source=who, confirmed=now
        )
        for who, address, hw in said
    )
    record = SweepRecord(started=now, duration=1.0, segments=("web-226",), counts={})
    with open_store(url) as store:
        store.keep(Look(now=now, sweep=record, identities=words), covered=lambda _: True)


OWN = "198.51.100.2"
PAIR = Inventory(segments=(segment(routers=("edge1", "edge2")),))


def said_by(url: str, inventory: Inventory = PAIR) -> dict[str, frozenset[str]]:
    """Return which MACs the gateway has by each router's word."""
    identity = recall(url, inventory).identities[PLACE]
    assert identity.macs == {hw for word in identity.words for hw in word.macs}
    return {word.said_by: word.macs for word in identity.words if word.macs}


def test_only_the_macs_that_the_router_last_stated_together_are_its_identity(url: str) -> None:
    stated(url, 0, ("edge1", GATEWAY, OLD))
    stated(url, 1, ("edge1", GATEWAY, NEW), ("edge1", GATEWAY, mac(0x02)))
    identity = recall(url, INVENTORY).identities[PLACE]
    assert identity.macs == {NEW, mac(0x02)}
    assert "edge1 said earlier" in identity.detail


def test_of_each_router_the_latest_word_is_remembered(url: str) -> None:
    stated(url, 0, ("edge1", GATEWAY, OLD))
    stated(url, 1, ("edge2", GATEWAY, NEW))
    assert said_by(url) == {"edge1": {OLD}, "edge2": {NEW}}
    stated(url, 2, ("edge1 and edge2", GATEWAY, NEW))
    assert said_by(url) == {"edge1": {NEW}, "edge2": {NEW}}


def test_a_router_that_has_said_other_things_since_has_given_its_gateway_up(url: str) -> None:
    stated(url, 0, ("edge1", GATEWAY, OLD), ("edge1", OWN, OLD))
    stated(url, 1, ("edge1", OWN, OLD), ("edge2", GATEWAY, NEW))
    assert said_by(url) == {"edge2": {NEW}}


def test_the_last_word_about_a_gateway_stands_until_a_router_says_another(url: str) -> None:
    stated(url, 0, ("edge1", GATEWAY, OLD))
    stated(url, 1, ("edge1", OWN, NEW))
    identity = recall(url, PAIR).identities[PLACE]
    assert identity.macs == {OLD}
    (word,) = identity.words
    assert word.beside == {NEW}
    assert not word.macs


def test_the_word_of_one_that_is_no_router_of_the_segment_any_more_is_none(url: str) -> None:
    stated(url, 0, ("edge1", GATEWAY, OLD), ("edge2", GATEWAY, NEW))
    assert said_by(url, INVENTORY) == {"edge1": {OLD}}
    gone = Inventory(segments=(segment(routers=("core1",)),))
    assert recall(url, gone).identities == {}


def test_a_pair_that_fails_over_is_accused_in_no_look_and_a_hijacker_in_each(url: str) -> None:
    """The first router starts: the other has the gateway, until it takes it back unread."""
    other, hijacker = "198.51.100.3", mac(0x66)
    unread = msgspec.structs.replace(
        router({}), interfaces=(), gaps=(Gap(subject="edge1", kind="snmp-timeout", detail=""),)
    )
    master = router({GATEWAY: NEW, other: NEW}, name="edge2")
    standby = router({other: NEW}, name="edge2")
    looks = (
        (OLD, router({GATEWAY: OLD, OWN: OLD}), standby),
        (NEW, unread, master),
        (OLD, unread, master),
        (OLD, router({GATEWAY: OLD, OWN: OLD}), standby),
    )
    found = []
    for minute, (station, edge1, edge2) in enumerate(looks):
        for who in (station, hijacker):
            swept = seen([claim(GATEWAY, who)], [asked(GATEWAY, who)], of=PAIR.segments[0])
            memory = recall(url, PAIR).identities
            look = view(swept, (edge1, edge2), remembered=memory)
            found.append({f.kind for f in judge(look) if f.severity == "critical"})
        look = msgspec.structs.replace(look, now=NOW + minute * MINUTE)
        record = SweepRecord(started=look.now, duration=1.0, segments=("web-226",), counts={})
        remember(Memory(url=url), look, (), record)
    assert found == [set(), {"gateway-hijack"}] * 4


def test_since_when_a_disputed_address_was_used_is_read_from_the_store(url: str) -> None:
    swept(url, OLD, day=0)
    swept(url, OLD, NEW, day=5)
    look = view(seen(tests=[asked(GATEWAY, OLD), asked(GATEWAY, NEW)]))
    assert first_seen(Memory(url=url), look) == {PLACE: {OLD: NOW, NEW: NOW + 5 * DAY}}
    assert first_seen(Memory(url=url), view(seen())) == {}


def test_a_store_that_cannot_be_read_is_a_gap_and_no_memory(tmp_path: Path) -> None:
    (tmp_path / "netguard.db").write_bytes(b"this is no database" * 300)
    memory = recall(f"sqlite:///{tmp_path}/netguard.db", INVENTORY)
    assert memory.gap is not None
    assert memory.gap.subject == "store"
    assert (memory.identities, memory.last_stations) == ({}, {})


HOST = mac(0x22)


def at_minute(minute: int, port: str, url: str) -> View:
    """Return a look at this minute with the station on this port, and what is remembered of it."""
    swept = seen([claim("198.51.100.22", HOST)])
    cat1, cat2 = switch("cat1", {HOST: port}), switch("cat2")
    look = msgspec.structs.replace(view(swept, (cat1, cat2, router())), now=NOW + minute * MINUTE)
    devices = {
        name: msgspec.structs.replace(device, seen=look.now)
        for name, device in look.devices.items()
    }
    look = msgspec.structs.replace(look, devices=devices)
    return msgspec.structs.replace(look, flights=flights(Memory(url=url), look))


def looked(minute: int, port: str, url: str) -> list[str]:
    """Take a look, judge and remember it; return what stands then of stations that flap."""
    look = at_minute(minute, port, url)
    record = SweepRecord(started=look.now, duration=1.0, segments=("web-226",), counts={})
    told = remember(Memory(url=url), look, judge(look), record)
    return [f.id for f in told.findings if f.kind == "mac-flapping"]


def test_a_station_that_moves_is_followed_from_sweep_to_sweep_until_it_rests(url: str) -> None:
    told = [looked(n, port, url) for n, port in enumerate(["Fa0/1", "Fa0/2"] * 2)]
    assert told == [[], [], [], [f"mac-flapping/web-226/{HOST}"]]
    assert looked(4, "Fa0/2", url) == [f"mac-flapping/web-226/{HOST}"]
    assert [looked(n, "Fa0/2", url) for n in range(5, 5 + REST)][-1] == []
    with open_store(url) as store:
        assert store.flights(["web-226"]) == {}


def test_of_stations_that_stay_nothing_is_kept(url: str) -> None:
    looked(0, "Fa0/1", url)
    look = at_minute(1, "Fa0/1", url)
    assert (look.flights, moving(look)) == ({}, {})


def test_who_moved_is_remembered_where_it_was_before(url: str) -> None:
    looked(0, "Fa0/1", url)
    look = at_minute(1, "Fa0/2", url)
    was = Stay(port=SwitchPort("cat1", "Fa0/1"), vlan=226, seen=NOW)
    assert look.flights == {("web-226", HOST): (was,)}


def test_without_a_store_nobody_remembers_who_moves(tmp_path: Path) -> None:
    (tmp_path / "netguard.db").write_bytes(b"this is no database" * 300)
    url = f"sqlite:///{tmp_path}/netguard.db"
    look = view(seen())
    assert flights(Memory(url=url), look) is None
    assert flights(recall(url, INVENTORY), look) is None
    assert moving(look) is None


@pytest.mark.parametrize(("seconds", "over"), [(-1, True), (1, False)])
def test_a_sweep_ends_nothing_that_began_while_it_was_under_way(
    url: str,
    seconds: float,
    over: bool,  # noqa: FBT001 - a column of the table
) -> None:
    began = NOW - MINUTE
    known = msgspec.structs.replace(
        changed(NEW, day=0), first_seen=began + timedelta(seconds=seconds), last_seen=NOW
    )
    with open_store(url) as store:
        store.keep(Look(now=known.first_seen, findings=(known,)), covered=lambda _: False)
    look = view(seen(), (router(), switch("cat1"), switch("cat2")))
    record = SweepRecord(started=began, duration=60.0, segments=("web-226",), counts={})
    kept = remember(Memory(url=url), look, (), record)
    assert [finding.id for finding in kept.resolved] == ([known.id] if over else [])
    assert [finding.id for finding in kept.findings] == ([] if over else [known.id])


def test_a_quick_look_brings_nothing_back_that_ended_while_it_was_under_way(url: str) -> None:
    known = msgspec.structs.replace(changed(NEW, day=0), state="resolved", quiet_since=NOW)
    with open_store(url) as store:
        store.keep(Look(now=NOW, findings=(known,)), covered=lambda _: False)
    later = msgspec.structs.replace(changed(NEW, day=0), last_seen=NOW + MINUTE)
    kept = add(Memory(url=url), [later], now=later.last_seen, began=NOW - MINUTE)
    assert (kept.findings, kept.events) == ((), ())
    kept = add(Memory(url=url), [later], now=later.last_seen, began=NOW + MINUTE)
    assert [event.happening for event in kept.events] == ["reopened"]
