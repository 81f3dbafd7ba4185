"""What is remembered of stations that move, and where all others were last."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from netguard.inventory import SwitchPort
from netguard.store import Look, Store, open_store
from netguard.view import Stay
from tests.remembering import THIEF, at, binding, location, older_store, remember

OWNER = "00:00:5e:00:53:22"
STATION = ("web-226", THIEF)
STAYS = (
    Stay(port=SwitchPort("cat1", "Fa0/3"), vlan=226, seen=at(0)),
    Stay(port=SwitchPort("cat2", "Fa0/1"), vlan=None, seen=at(1)),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/netguard.db") as opened:
        yield opened


def test_the_stations_that_move_come_back_as_they_were(store: Store) -> None:
    remember(store, moving={STATION: STAYS})
    assert store.flights(["web-226"]) == {STATION: STAYS}
    assert store.flights(["web-227"]) == {}


def test_a_sweep_takes_the_place_of_the_last_one_in_its_own_segments(store: Store) -> None:
    elsewhere = ("web-227", THIEF)
    remember(store, moving={STATION: STAYS, elsewhere: STAYS})
    remember(store, minute=1, moving={})
    assert store.flights(["web-226", "web-227"]) == {elsewhere: STAYS}


def test_a_sweep_that_knows_nothing_of_them_leaves_them(store: Store) -> None:
    remember(store, moving={STATION: STAYS})
    remember(store, minute=1)
    assert store.flights(["web-226"]) == {STATION: STAYS}


def test_a_partial_look_adds_to_what_is_known(store: Store) -> None:
    other = ("web-226", OWNER)
    remember(store, moving={STATION: STAYS[:1], other: STAYS})
    moved = Look(now=at(1), moving={STATION: STAYS})
    store.keep(moved, covered=lambda _: False)
    assert store.flights(["web-226"]) == {STATION: STAYS, other: STAYS}


def test_a_whole_look_leaves_what_a_partial_one_wrote_meanwhile(store: Store) -> None:
    later = (*STAYS, Stay(port=SwitchPort("cat1", "Fa0/3"), vlan=226, seen=at(3)))
    store.keep(Look(now=at(3), moving={STATION: later}), covered=lambda _: False)
    remember(store, minute=2, moving={})
    assert store.flights(["web-226"]) == {STATION: later}
    remember(store, minute=4, moving={})
    assert store.flights(["web-226"]) == {}


def test_a_station_was_last_where_any_of_its_addresses_was_located_last(store: Store) -> None:
    there = location("Fa0/4", minute=5)
    remember(store, bindings=[binding(), binding("198.51.100.21", minute=5, location=there)])
    last = store.last_stays(["web-226"], at(-1))
    assert last == {STATION: Stay(port=SwitchPort("cat1", "Fa0/4"), vlan=226, seen=at(5))}
    assert store.last_stays(["web-226"], at(5)) == {}
    assert store.last_stays(["web-227"], at(-1)) == {}


def test_a_station_that_was_never_located_was_nowhere(store: Store) -> None:
    remember(store, bindings=[binding(location=None)])
    assert store.last_stays(["web-226"], at(-1)) == {}


def test_a_store_from_before_is_brought_up_to_date_without_loss(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    older_store(url, "0003")
    with open_store(url, create=False) as store:
        assert store.bindings(THIEF) == (binding(),)
        remember(store, moving={STATION: STAYS})
        assert store.flights(["web-226"]) == {STATION: STAYS}
