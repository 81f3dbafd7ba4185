"""What is put into the store comes out of it, the same in the next process."""

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest

from netguard.errors import StoreError
from netguard.findings import Finding
from netguard.life import AlreadyResolved
from netguard.store import Look, Store, open_store, schema
from probes.records import Gap
from tests.remembering import (
    GATEWAY,
    ROUTER,
    THIEF,
    at,
    binding,
    finding,
    location,
    remember,
    said,
    sweep_record,
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store/netguard.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened


def test_a_finding_comes_back_whole_in_the_next_process(url: str) -> None:
    with open_store(url) as store:
        remember(store, [finding()])
    with open_store(url) as store:
        assert store.findings() == (finding(),)
        assert store.finding(finding().id) == finding()


def test_a_finding_without_place_or_address_comes_back_too(store: Store) -> None:
    bare = msgspec.structs.replace(
        finding(), segment=None, address=None, server=None, claimants=(), evidence=()
    )
    remember(store, [bare])
    assert store.findings() == (bare,)


def test_an_ipv6_finding_comes_back(store: Store) -> None:
    remember(store, [finding("2001:db8::1")])
    assert store.findings()[0].address == ip_address("2001:db8::1")


def test_every_field_of_a_finding_has_its_column() -> None:
    fields = {field.name for field in msgspec.structs.fields(Finding)}
    assert {column.name for column in schema.findings.c} == fields


def test_findings_are_followed_from_sweep_to_sweep(store: Store) -> None:
    other = finding("198.51.100.9", severity="warning")
    remember(store, [finding(), other])
    remember(store, [finding(minute=1)], minute=1)
    changes = remember(store, [finding(minute=2), finding("198.51.100.9", minute=2)], minute=2)
    assert [event.happening for event in changes.events] == ["reopened"]
    assert {(f.state, f.reopened, f.first_seen) for f in store.findings()} == {
        ("open", 0, at(0)),
        ("open", 1, at(2)),
    }


def test_a_gap_leaves_the_finding_as_it_was(store: Store) -> None:
    remember(store, [finding()])
    remember(store, [], minute=1, covered=False)
    assert store.findings() == (finding(),)


def test_changes_name_only_what_a_sweep_could_touch(store: Store) -> None:
    remember(store, [finding(), finding("198.51.100.9")])
    remember(store, [finding(minute=1)], minute=1)
    changes = remember(store, [finding(minute=2)], minute=2)
    assert [f.id for f in changes.findings] == [finding().id]


def test_thousands_of_findings_reopen_at_once(store: Store) -> None:
    many = [finding(f"198.18.{n // 256}.{n % 256}") for n in range(2500)]
    remember(store, many)
    remember(store, [], minute=1)
    assert len(remember(store, many, minute=2).events) == 2500
    assert len(store.findings(["open"])) == 2500


def test_history_is_told_in_order_with_who_and_why(store: Store) -> None:
    remember(store, [finding(severity="warning")])
    store.acknowledge(finding().id, who="mara", note="on it", now=at(1))
    remember(store, [finding(minute=2)], minute=2)
    store.close(finding().id, who="jon", note="cable pulled", now=at(3))
    remember(store, [finding(minute=4)], minute=4)
    remember(store, [], minute=5)
    told = [(e.happening, e.at, e.who, e.note) for e in store.history(finding().id)]
    assert told == [
        ("opened", at(0), None, ""),
        ("acknowledged", at(1), "mara", "on it"),
        ("worsened", at(2), None, ""),
        ("closed", at(3), "jon", "cable pulled"),
        ("reopened", at(4), None, ""),
        ("resolved", at(5), None, ""),
    ]


def test_a_persons_word_is_kept(store: Store) -> None:
    remember(store, [finding()])
    after = store.acknowledge(finding().id, who="mara", note="on it", now=at(1))
    assert after.state == "acknowledged"
    assert store.findings(["acknowledged"]) == (after,)


def test_closing_twice_is_refused_and_leaves_no_trace(store: Store) -> None:
    remember(store, [finding()])
    store.close(finding().id, who="mara", note="", now=at(1))
    with pytest.raises(AlreadyResolved):
        store.close(finding().id, who="mara", note="", now=at(2))
    assert [e.happening for e in store.history(finding().id)] == ["opened", "closed"]


def test_a_finding_nobody_made_cannot_be_acknowledged(store: Store) -> None:
    with pytest.raises(StoreError, match="no finding 'nothing'"):
        store.acknowledge("nothing", who="mara", note="", now=at(1))


def test_findings_come_gravest_first_and_addresses_in_their_order(store: Store) -> None:
    remember(
        store,
        [
            finding("198.51.100.10"),
            finding("198.51.100.9"),
            finding("198.51.100.1", severity="notice"),
            finding("2001:db8::1"),
            finding("198.51.100.3", severity="warning"),
        ],
    )
    assert [str(f.address) for f in store.findings()] == [
        "198.51.100.9",
        "198.51.100.10",
        "2001:db8::1",
        "198.51.100.3",
        "198.51.100.1",
    ]


def test_findings_can_be_asked_for_by_state(store: Store) -> None:
    remember(store, [finding(), finding("198.51.100.9")])
    remember(store, [finding(minute=1)], minute=1)
    assert [str(f.address) for f in store.findings(["open", "acknowledged"])] == [GATEWAY]
    assert [str(f.address) for f in store.findings(["resolved"])] == ["198.51.100.9"]
    assert store.findings([]) == ()


def test_a_binding_is_found_by_its_address_and_by_its_station(store: Store) -> None:
    remember(store, bindings=[binding(), binding("2001:db8::20"), binding("198.51.100.21")])
    assert store.bindings(ip_address("198.51.100.20")) == (binding(),)
    assert {str(b.address) for b in store.bindings(THIEF)} == {
        "198.51.100.20",
        "198.51.100.21",
        "2001:db8::20",
    }
    assert store.bindings(ip_address("192.0.2.1")) == ()


def test_a_binding_keeps_its_first_time_and_takes_the_last_place(store: Store) -> None:
    remember(store, bindings=[binding()])
    moved = location("Fa0/9", minute=1)
    remember(store, bindings=[binding(minute=1, location=moved)], minute=1)
    assert store.bindings(THIEF) == (binding(first_seen=at(0), last_seen=at(1), location=moved),)


def test_a_station_that_was_not_located_keeps_its_last_known_port(store: Store) -> None:
    remember(store, bindings=[binding()])
    remember(store, bindings=[binding(minute=1, location=None)], minute=1)
    assert store.bindings(THIEF)[0].location == location(minute=0)


def test_a_port_without_vlan_does_not_borrow_the_old_vlan(store: Store) -> None:
    remember(store, bindings=[binding()])
    untagged = msgspec.structs.replace(location("Fa0/9", minute=1), vlan=None)
    remember(store, bindings=[binding(minute=1, location=untagged)], minute=1)
    assert store.bindings(THIEF)[0].location == untagged


def test_both_claimants_of_an_address_are_kept_the_latest_first(store: Store) -> None:
    remember(store, bindings=[binding(), binding(minute=1, mac=ROUTER)])
    assert [b.mac for b in store.bindings(ip_address("198.51.100.20"))] == [ROUTER, THIEF]


def test_the_same_address_on_two_segments_is_two_bindings(store: Store) -> None:
    remember(store, bindings=[binding(), binding(segment="web-227")])
    assert [b.segment for b in store.bindings(THIEF)] == ["web-226", "web-227"]


def test_a_clock_that_was_set_back_does_not_age_a_binding(store: Store) -> None:
    remember(store, bindings=[binding(minute=5)])
    remember(store, bindings=[binding(minute=1)], minute=1)
    assert store.bindings(THIEF)[0].last_seen == at(5)


def test_a_gateways_identity_is_kept_with_first_and_last_confirmation(store: Store) -> None:
    remember(store, identities=[said()])
    remember(store, identities=[said(3)], minute=3)
    (identity,) = store.gateway_identities()
    assert (identity.mac, identity.first_confirmed, identity.confirmed) == (ROUTER, at(0), at(3))


def test_a_new_router_stands_before_the_one_it_replaced(store: Store) -> None:
    remember(store, identities=[said()])
    remember(store, identities=[said(3, mac="00:00:5e:00:53:02")], minute=3)
    assert [i.mac for i in store.gateway_identities()] == ["00:00:5e:00:53:02", ROUTER]


def test_the_last_sweep_is_kept_with_its_gaps(store: Store) -> None:
    assert store.last_sweep() is None
    gaps = (Gap(subject="cat1", kind="no-answer", detail="no answer in 1.5 s", remedy="Ping it."),)
    remember(store)
    store.keep(Look(now=at(1), sweep=sweep_record(1, gaps=gaps)), covered=lambda _: True)
    assert store.last_sweep() == sweep_record(1, gaps=gaps)


def test_users_of_many_addresses_are_told_by_segment_and_address(store: Store) -> None:
    here, there = binding("198.51.100.1"), binding("198.51.100.1", segment="web-227")
    other, nobody = binding("198.51.100.1", mac=ROUTER), ip_address("192.0.2.1")
    crowd = [binding(str(ip_address(0xC6120001 + number))) for number in range(2100)]
    remember(store, bindings=[here, there, other, *crowd])
    users = store.users([here.address, here.address, nobody, *(one.address for one in crowd)])
    assert set(users.pop(("web-226", here.address))) == {here, other}
    assert users.pop(("web-227", here.address)) == [there]
    assert users == {("web-226", one.address): [one] for one in crowd}
    assert store.users([]) == {}


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("gateway-hijack", {"198.51.100.1", "198.51.100.10"}),
        ("gateway-hijack/web-226/198.51.100.1", {"198.51.100.1"}),
        ("198.51.100.1", {"198.51.100.1"}),
        ("web-226", set()),
        ("gateway-hijac_", set()),
        ("%", set()),
        ("", set()),
    ],
)
def test_findings_are_named_by_whole_parts_at_an_end_of_their_id(
    store: Store, text: str, addresses: set[str]
) -> None:
    remember(store, [finding("198.51.100.10"), finding("198.51.100.1")])
    remember(store, [finding("198.51.100.10", minute=1)], minute=1)
    assert {str(each.address) for each in store.findings_named(text)} == addresses


def test_a_time_without_zone_is_refused(store: Store) -> None:
    naive = binding(last_seen=at(0).replace(tzinfo=None))
    with pytest.raises(Exception, match="no time zone"):
        remember(store, bindings=[naive])
    assert store.bindings(THIEF) == ()
