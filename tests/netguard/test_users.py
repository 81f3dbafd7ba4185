"""What a look leaves to be remembered: who used which address, and never whom a flood named."""

from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import msgspec

from netguard.inventory import Inventory
from netguard.judge import judge
from netguard.remember import last_words, recall, remember
from netguard.store import SweepRecord
from netguard.users import bindings, identities
from netguard.view import SegmentView, View
from probes.records import Gap
from tests.building import (
    GATEWAY,
    NOW,
    ROUTER,
    asked,
    claim,
    mac,
    router,
    seen,
    segment,
    switch,
    view,
)

OWN, FORGED = mac(0x22), mac(0x66)
ADDRESS = "198.51.100.22"
LOST = Gap(subject="web-226", kind="frames-lost", detail="the kernel dropped 9 frames")


def users(one: SegmentView) -> set[tuple[str, str]]:
    return {(str(b.address), b.mac) for b in bindings(view(one))}


def test_a_claim_that_nobody_doubts_is_remembered_with_the_port_it_came_from() -> None:
    swept = seen([claim(GATEWAY, ROUTER), claim(ADDRESS, OWN)])
    ports = {ROUTER: "Gi0/1", OWN: "Fa0/2"}
    near = switch("cat1", ports, neighbors={"Gi0/1": ("edge1", "ethernet1/1")})
    far = router(neighbors={"ethernet1/1": ("cat1", "Gi0/1")})
    remembered = {b.address: b for b in bindings(view(swept, (near, far)))}
    place = remembered[ip_address(ADDRESS)].location
    assert place is not None
    assert (place.device, place.port) == ("cat1", "Fa0/2")
    assert remembered[ip_address(GATEWAY)].location is None


def test_of_several_claimants_those_are_remembered_who_answer_when_asked_again() -> None:
    claims = [claim(ADDRESS, OWN), claim(ADDRESS, FORGED), claim(ADDRESS, mac(0x67))]
    loud = asked(ADDRESS, mac(0x67), broadcast=0, unicast=0, unasked_rounds=3)
    silent = asked(ADDRESS, FORGED, broadcast=0, unicast=0)
    swept = seen(claims, [asked(ADDRESS, OWN), silent, loud])
    assert users(swept) == {(ADDRESS, OWN), (ADDRESS, mac(0x67))}


def test_a_claimant_in_doubt_who_is_silent_then_is_not_remembered() -> None:
    silent = asked(GATEWAY, FORGED, broadcast=0, unicast=0)
    assert users(seen([claim(GATEWAY, FORGED)], [silent])) == set()


def test_where_frames_were_lost_only_what_one_station_claims_is_remembered() -> None:
    claims = [claim(ADDRESS, OWN), claim("198.51.100.23", OWN), claim("198.51.100.23", FORGED)]
    assert users(seen(claims, gaps=(LOST,))) == {(ADDRESS, OWN)}
    assert users(seen([claim(GATEWAY, FORGED)], gaps=(LOST,))) == set()


def test_a_thousand_that_answer_for_one_address_do_not_fill_the_store() -> None:
    stations = [f"02:00:00:00:{n // 256:02x}:{n % 256:02x}" for n in range(1000)]
    swept = seen([claim(ADDRESS, m) for m in stations], [asked(ADDRESS, m) for m in stations])
    assert len(users(swept)) == 8


def test_a_flood_that_drowned_the_gateway_s_answer_does_not_make_it_a_stranger(
    tmp_path: Path,
) -> None:
    """The gateway is not pinned: who had it last is all that is known."""
    url = f"sqlite:///{tmp_path}/netguard.db"
    calm = seen([claim(GATEWAY, ROUTER)])
    forged = [claim(GATEWAY, f"02:00:00:00:00:{n:02x}") for n in range(64)]
    for swept in (calm, seen(forged, gaps=(LOST,)), seen(forged[:1], gaps=(LOST,))):
        keep(url, view(swept))
    gateway = ip_address(GATEWAY)
    assert recall(url, Inventory(segments=(segment(),))).last_stations == {
        ("web-226", gateway): ROUTER
    }


def keep(url: str, look: View) -> None:
    record = SweepRecord(started=NOW, duration=1.0, segments=("web-226",), counts={})
    remember(recall(url, look.inventory), look, judge(look), record)


def test_only_what_the_router_says_is_remembered_as_the_gateway_s_identity() -> None:
    (said,) = identities(view(seen([claim(GATEWAY, ROUTER)]), (router(),)))
    assert (said.address, said.mac, said.source) == (ip_address(GATEWAY), ROUTER, "edge1")
    assert not list(identities(view(seen([claim(GATEWAY, ROUTER)]))))


def test_a_mac_is_remembered_as_the_word_of_those_who_said_it() -> None:
    first, second, shared = mac(0x0A), mac(0xF5), "00:00:5e:00:01:06"
    own = "198.51.100.2"
    edge1 = router({GATEWAY: shared, own: first})
    edge2 = router({GATEWAY: shared, "198.51.100.3": second}, name="edge2")
    both = segment(routers=("edge1", "edge2"))
    words = identities(view(seen(of=both), (edge1, edge2)))
    assert {(str(word.address), word.mac): word.source for word in words} == {
        (GATEWAY, shared): "edge1 and edge2",
        (own, first): "edge1",
        ("198.51.100.3", second): "edge2",
    }


LATE = Gap(subject="edge1", kind="snmp-timeout", detail="no answer")


def test_what_a_router_said_before_it_fell_silent_in_between_stays_beside_what_it_says(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/netguard.db"
    own = "198.51.100.2"
    ours = Inventory(segments=(segment(),))
    late = msgspec.structs.replace(router({own: OWN}), missed=frozenset({"virtual_gateways"}))
    reads = (router(), late, router({own: OWN}))
    known = []
    for minute, device in enumerate(reads):
        look = view(seen(), (device,), remembered=recall(url, ours).identities)
        keep(url, msgspec.structs.replace(look, now=NOW + timedelta(minutes=minute)))
        said = recall(url, ours).identities.items()
        known.append({str(ip): [word.macs for word in one.words] for (_, ip), one in said})
    assert known == [
        {GATEWAY: [{ROUTER}]},
        {GATEWAY: [{ROUTER}], own: [{OWN}]},
        {GATEWAY: [frozenset()], own: [{OWN}]},
    ]


def test_a_router_that_cannot_be_read_confirms_nothing() -> None:
    before = view(seen(), (router(),))
    memory = last_words(identities(before), before.inventory)
    unread = router({}, gaps=(LATE,))
    assert not list(identities(view(seen(), (unread,), remembered=memory)))


def test_addresses_where_there_is_no_gateway_are_nobody_s_concern() -> None:
    assert not list(identities(view(seen(of=segment(gateways=())), (router(),))))
