"""A keeper whose disk is full, and then read-only: `python -m tests.keeping_on_a_bad_disk FOLDER`.

FOLDER is a small file system of its own, with the store and the looks that wait. It prints a list
of JSON: what the gap was after each look, how many were lost, and the turns that stand there.
"""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from netguard.keeping import Keeper
from netguard.store import open_store
from tests.keeping_process import Clock, look_at
from tests.remembering import finding


def fill(file: Path) -> None:
    """Take all the room that there is."""
    with suppress(OSError), file.open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(512))


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)


def main(folder: Path) -> None:
    url, ballast, clock = f"sqlite:///{folder}/netguard.db", folder / "ballast", Clock()
    said: list[object] = []
    with Keeper(url, folder / "waiting", clock=clock) as keeper:

        def look(minute: int) -> None:
            look_at(keeper, minute)
            said.append([minute, keeper.gap and keeper.gap.detail])

        look(0)
        fill(ballast)
        look(1)
        clock.pass_by()
        look(2)
        ballast.unlink()
        look(3)
        clock.pass_by()
        look(4)
        remount(folder, "ro")
        look(5)
        clock.pass_by()
        look(6)
        remount(folder, "rw")
        clock.pass_by()
        look(7)
        said.append(keeper.dropped)
    with open_store(url) as store:
        said.append([event.happening for event in store.history(finding().id)])
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
