"""What quick looks at tables find in the course of time, beside devices that are as told."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from netguard import tables
from netguard.config import Config, load
from netguard.findings import Location
from netguard.inventory import SwitchPort
from netguard.remember import Flights, Memory
from netguard.store import Store, open_store
from netguard.tables import Reread, Wanted, look_at_tables
from netguard.view import DeviceView, View
from probes.records import Gap
from tests.building import NOW, VLAN, seen, server, view
from tests.netguard.rules import test_mac_flapping as moves
from tests.netguard.rules import test_neighbor_unconfirmed as neighbors
from tests.remembering import binding, remember

A, B, HOST = moves.A, moves.B, moves.HOST
STATIONS = Wanted({("edge1", "fdb"), ("cat1", "fdb"), ("cat2", "fdb")})
NEIGHBORS = Wanted({("cat1", "neighbors"), ("cat1", "fdb")})
GAP = Gap(subject="store", kind="store-unusable", detail="away")
FLAPPING = f"mac-flapping/web-226/{HOST}"


class Network:
    """Devices that are read again as they are now, and a store in which the station was on A."""

    def __init__(self, url: str, config: Config, store: Store) -> None:
        self.memory = Memory(url=url)
        self.now = NOW
        self.devices: dict[str, DeviceView] = {}
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.recent: Flights = {}
        self._config = config
        self.store = store

    async def read_again(
        self, _config: Config, known: DeviceView, names: Sequence[str], *, clock: object
    ) -> DeviceView:
        assert clock is not None
        name = known.device.name
        self.asked.append((name, tuple(names)))
        fresh = {each: getattr(self.devices[name], each) for each in names}
        return msgspec.structs.replace(known, **fresh, gaps=self.devices[name].gaps)

    def look(self, known: View, wanted: Wanted, *devices: DeviceView, after: float = 0) -> Reread:
        """Read the devices as they are so many seconds later."""
        self.now += timedelta(seconds=after)
        self.devices = {device.device.name: device for device in devices}
        again = asyncio.run(
            look_at_tables(
                self._config,
                known,
                wanted,
                self.recent,
                self.memory,
                clock=lambda: self.now,
                keep=self.store.keep,
            )
        )
        self.recent = again.recent
        return again

    def moves(self, *story: tuple[float, list[SwitchPort]]) -> list[list[str]]:
        """Return what each look finds while the station is now here, now there."""
        known = view(seen(), moves.devices(A))
        looks = (
            self.look(known, STATIONS, *moves.devices(*ports), after=after)
            for after, ports in story
        )
        return [[finding.id for finding in each.remembered.findings] for each in looks]


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    url = f"sqlite:///{tmp_path}/netguard.db"
    path = tmp_path / "netguard.toml"
    path.write_text(f'store = "{url}"\n')
    place = Location(device="cat1", port="Fa0/2", if_index=10004, vlan=VLAN, seen=NOW)
    with open_store(url) as store:
        remember(store, bindings=[binding(mac=HOST, location=place)])
        network = Network(url, load(path, environ={}), store)
        monkeypatch.setattr(tables, "read_again", network.read_again)
        yield network


def test_a_station_on_two_ports_in_turn_is_found_by_its_third_move(network: Network) -> None:
    assert network.moves((0.2, [B]), (0.3, [A]), (0.3, [B])) == [[], [], [FLAPPING]]
    (stays,) = network.store.flights(["web-226"]).values()  # for the next whole look
    assert [stay.port for stay in stays] == [A, B, A, B]


@pytest.mark.parametrize(
    "story",
    [
        pytest.param([(0.2, [B]), (1, [B]), (1, [B])], id="a migration"),
        pytest.param([(0.2, [B]), (0.3, [A, B]), (0.3, [B])], id="one seen in the middle"),
        pytest.param([(1, [B]), (1800, [A]), (1800, [B]), (1800, [A])], id="several"),
        pytest.param([(4, [B]), (4, [A]), (4, [B]), (4, [A])], id="a bond whose link bounces"),
        pytest.param([(0.2, [B]), (0.3, []), (0.3, [B]), (0.3, [])], id="rows that come and go"),
    ],
)
def test_who_moves_otherwise_is_left_to_slower_looks(
    network: Network, story: list[tuple[float, list[SwitchPort]]]
) -> None:
    assert network.moves(*story) == [[]] * len(story)
    assert network.store.flights(["web-226"]) == {}
    assert network.recent.keys() <= {("web-226", HOST)}


def test_without_a_store_no_move_is_followed(network: Network, tmp_path: Path) -> None:
    network.memory = Memory(url=f"sqlite:///{tmp_path}/none.db", gap=GAP)
    assert network.moves((0.2, [B]), (0.3, [A]), (0.3, [B])) == [[], [], []]


KNOWN = view(
    seen(),
    (neighbors.EDGE1, neighbors.cat1(neighbors={}), neighbors.cat2()),
    servers=(server("ds0003", "198.51.100.23", port="cat1 Fa0/3"),),
)


def test_who_passes_as_a_device_is_found_once_that_one_was_asked_too(network: Network) -> None:
    again = network.look(KNOWN, NEIGHBORS, neighbors.EDGE1, neighbors.cat1(), neighbors.cat2())
    assert [finding.id for finding in again.remembered.findings] == [neighbors.ID]
    assert again.heard == {"cat1": True}
    assert network.asked == [("cat1", ("fdb", "neighbors")), ("cat2", ("neighbors",))]


def test_a_new_link_that_the_other_end_has_heard_as_well_is_none_of_it(network: Network) -> None:
    far = neighbors.cat2(neighbors={"Gi0/1": ("cat1", "Fa0/3")})
    again = network.look(KNOWN, NEIGHBORS, neighbors.EDGE1, neighbors.cat1(), far)
    assert neighbors.ID not in {finding.id for finding in again.remembered.findings}


def test_what_a_device_heard_long_ago_is_not_judged_when_stations_are_read(
    network: Network,
) -> None:
    known = msgspec.structs.replace(
        KNOWN, devices={**KNOWN.devices, "cat1": neighbors.cat1(), "cat2": neighbors.cat2()}
    )
    again = network.look(known, STATIONS, neighbors.EDGE1, neighbors.cat1(), neighbors.cat2())
    assert (again.remembered.findings, again.heard) == ((), {})


def test_a_device_that_cannot_be_read_now_leaves_it_unclear(network: Network) -> None:
    near = neighbors.cat1(neighbors={}, gaps=(neighbors.GAP,))
    again = network.look(KNOWN, NEIGHBORS, neighbors.EDGE1, near, neighbors.cat2())
    assert (again.remembered.findings, again.heard) == ((), {"cat1": True})


def test_only_who_was_moving_already_is_news(network: Network) -> None:
    known = view(seen(), moves.devices(A))
    news = [
        bool(network.look(known, STATIONS, *moves.devices(*ports), after=after).moved)
        for after, ports in ((0.2, [B]), (0.3, [A]), (60, [B]), (60, [B]))
    ]
    assert news == [False, True, False, False]


def test_after_the_clock_was_set_back_moves_are_counted_anew(network: Network) -> None:
    network.moves((100, [B]), (0.3, [A]))
    assert network.moves((-90, [B]), (0.3, [A])) == [[], []]


def test_a_router_without_an_fdb_is_not_asked_for_one(network: Network) -> None:
    network.moves((0.2, [B]))
    assert {name for name, _ in network.asked} == {"cat1", "cat2"}
