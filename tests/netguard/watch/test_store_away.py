"""The daemon while its store hangs or its disk is full: all is said, and stands in it later."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from netguard.lab.control import Lab
from netguard.store import Store, open_store
from tests import postgresql
from tests.keeping_on_a_bad_disk import fill
from tests.station import Edit
from tests.watching import Said, watching

pytestmark = [pytest.mark.packets, pytest.mark.slow]
SELDOM: Edit = ("[watch]", '[watch]\nsegments = "1h"\ndevices = "1h"')

MOUNT = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"'
BOTH = ["opened", "resolved"]


def unusable(said: Said) -> bool:
    return bool(said["event"] == "gap" and said["gap"]["kind"] == "store-unusable")


def usable_again(said: Said) -> bool:
    return bool(said["event"] == "gap-over" and said["gap"]["kind"] == "store-unusable")


def turns(store: Store) -> dict[str, list[str]]:
    return {f.id: [turn.happening for turn in store.history(f.id)] for f in store.findings()}


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    pytest.importorskip("psycopg", reason="NOT TESTED: pip install 'netguard[postgresql]'")
    with postgresql.running() as started:
        yield started


@postgresql.needed
def test_what_begins_while_postgresql_hangs_is_said_and_stands_in_it_once_when_it_goes_on(
    lab: Lab, tmp_path: Path, server: postgresql.Server
) -> None:
    url = server.new_database()
    there: Edit = (f"sqlite:///{tmp_path}/netguard.db", url)
    home = ("env", f"XDG_STATE_HOME={tmp_path}")
    with watching(lab, tmp_path, (there, SELDOM), prefix=home) as daemon:
        daemon.swept()
        lab.break_("duplicate-address")
        first = daemon.turn("opened")
        with server.hanging():
            lab.break_("gateway-hijack")
            second = daemon.turn("opened")
            gap = daemon.until(unusable)["gap"]
            assert "it has not answered for" in gap["detail"]
            assert gap["remedy"]
        daemon.until(usable_again)
        lab.mend()
        assert {daemon.turn("resolved")["id"] for _ in range(2)} == {first["id"], second["id"]}
        assert daemon.end() == 0
        assert daemon.complaints() == ""
    with open_store(url) as store:
        assert turns(store) == {first["id"]: BOTH, second["id"]: BOTH}


def small_disk(folder: Path) -> tuple[str, ...]:
    """Return what gives a program a file system of its own there: no other process is harmed."""
    return ("unshare", "--mount", "sh", "-c", MOUNT, str(folder))


def test_what_is_found_while_the_disk_is_full_is_said_and_stands_in_the_store_later(
    lab: Lab, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(lab.command("mon", [*small_disk(disk), "true"]), check=False).returncode:
        pytest.skip("NOT TESTED: this machine lets nobody mount a file system of his own")
    there: Edit = (f"sqlite:///{tmp_path}/netguard.db", f"sqlite:///{disk}/netguard.db")
    with watching(lab, tmp_path, (there, SELDOM), prefix=small_disk(disk)) as daemon:
        daemon.swept()
        seen = Path(f"/proc/{daemon.process.pid}/root{disk}")
        lab.break_("duplicate-address")
        first = daemon.turn("opened")
        fill(seen / "ballast")
        lab.break_("gateway-hijack")
        # Whatever writes first meets the full disk: this finding, or a look that was under way.
        both = [
            daemon.until(lambda s: unusable(s) or s.get("happening") == "opened") for _ in range(2)
        ]
        second = next(s["finding"] for s in both if "finding" in s)
        assert next(s["gap"]["remedy"] for s in both if "gap" in s)
        (seen / "ballast").unlink()
        daemon.until(usable_again)
        lab.mend()
        assert {daemon.turn("resolved")["id"] for _ in range(2)} == {first["id"], second["id"]}
        daemon.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, daemon.process.pid, os.WSTOPPED | os.WNOWAIT)  # it may be writing still
        copy = shutil.copytree(seen, tmp_path / "copy")  # the disk goes with the daemon
        daemon.process.send_signal(signal.SIGCONT)
        assert daemon.end() == 0
        assert daemon.complaints() == ""
    with open_store(f"sqlite:///{copy}/netguard.db") as store:
        assert turns(store) == {first["id"]: BOTH, second["id"]: BOTH}
