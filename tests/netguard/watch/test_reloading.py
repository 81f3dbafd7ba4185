"""What a running daemon makes of another configuration, and what it lets go of."""

import gc
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netguard.config import load
from netguard.store import open_store
from netguard.watch.daemon import Daemon, sole_watcher
from netguard.watch.events import Event
from netguard.watch.nightly import until_night
from netguard.watch.round import _settle

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def configured(path: Path, store: Path) -> None:
    path.write_text(f'store = "sqlite:///{store}"\n')


def test_a_configuration_whose_store_another_daemon_has_changes_nothing(tmp_path: Path) -> None:
    said: list[Event] = []
    path, others = tmp_path / "netguard.toml", tmp_path / "others"
    configured(path, tmp_path / "netguard.db")
    daemon = Daemon(load(path), say=said.append, clock=lambda: NOW)
    configured(path, others / "netguard.db")
    with sole_watcher(others):
        daemon._reload()
    assert [event.event for event in said] == ["not-reloaded"]
    assert "watches already" in said[0].detail
    assert not daemon._over.is_set()
    daemon._reload()
    assert daemon._over.is_set()


def test_a_configuration_whose_state_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    said: list[Event] = []
    path = tmp_path / "netguard.toml"
    configured(path, tmp_path / "netguard.db")
    daemon = Daemon(load(path), say=said.append, clock=lambda: NOW)
    configured(path, path / "netguard.db")  # in a folder that is none
    daemon._reload()
    assert [event.event for event in said] == ["not-reloaded"]
    assert not daemon._over.is_set()


class Thing:
    """Refers to itself, as all that an old configuration had loaded does."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.usefixtures("thawed")
def test_what_an_earlier_configuration_had_loaded_is_let_go() -> None:
    thing = Thing()
    seen = weakref.ref(thing)
    _settle()
    del thing
    _settle()
    assert seen() is None


@pytest.fixture
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_after_a_clock_was_set_back_the_servers_wait_for_one_night_at_most(tmp_path: Path) -> None:
    path = tmp_path / "netguard.toml"
    configured(path, tmp_path / "netguard.db")
    config = load(path)
    with open_store(config.store) as store:
        night = store.begin_server_sweep(NOW, oldest=NOW)
        store.end_server_sweep(night.number, NOW)
    hour = timedelta(hours=1)
    assert until_night(config, NOW + hour) == config.watch.servers - hour.total_seconds()
    assert until_night(config, NOW - timedelta(days=365)) == config.watch.servers
