"""What a sweep takes from the store: above all, whom it takes for an unpinned gateway."""

from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from netguard.findings import Claimant, Finding
from netguard.inventory import Inventory
from netguard.remember import Memory, first_seen, recall
from netguard.store import Binding, GatewayIdentity, SweepRecord, open_store
from tests.building import GATEWAY, NOW, asked, mac, seen, segment, view

PLACE = ("web-226", ip_address(GATEWAY))
OLD, NEW = mac(0x01), mac(0x24)
INVENTORY = Inventory(segments=(segment(),))
DAY = timedelta(days=1)


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
    with open_store(url) as store:
        store.record(record, bindings, found, (), covered=lambda _finding: True, now=now)


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


def test_only_the_macs_that_the_router_last_stated_together_are_its_identity(url: str) -> None:
    for day, stated in ((0, (OLD,)), (1, (NEW, mac(0x02)))):
        now = NOW + day * DAY
        words = [
            GatewayIdentity(
                segment="web-226", address=PLACE[1], mac=hw, source="edge1", confirmed=now
            )
            for hw in stated
        ]
        record = SweepRecord(started=now, duration=1.0, segments=("web-226",), counts={})
        with open_store(url) as store:
            store.record(record, (), (), words, covered=lambda _finding: True, now=now)
    identity = recall(url, INVENTORY).identities[PLACE]
    assert identity.macs == {NEW, mac(0x02)}
    assert "edge1 said earlier" in identity.detail


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
