"""netguard as an operator runs it on the practice network's monitoring station."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from netguard.lab.control import Lab

Edit = tuple[str, str]
Run = Callable[..., subprocess.CompletedProcess[str]]


def configured(lab: Lab, folder: Path, edits: tuple[Edit, ...] = ()) -> Path:
    """Write the lab's configuration with a store of its own, and edited."""
    text = lab.config.read_text()
    store = f'store = "sqlite:///{folder}/netguard.db"'
    text = "\n".join(store if x.startswith("store =") else x for x in text.splitlines())
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    config = folder / "netguard.toml"
    config.write_text(text + "\n")
    return config


def command(lab: Lab, config: Path, *arguments: str, prefix: tuple[str, ...] = ()) -> list[str]:
    """Return the command line that runs netguard on the station."""
    netguard = [*prefix, sys.executable, "-P", "-m", "netguard", "--config", str(config)]
    return lab.command("mon", [*netguard, *arguments])


def station(lab: Lab, folder: Path) -> Run:
    """Return a function that runs netguard with an edited configuration."""

    def run(
        *arguments: str, edits: tuple[Edit, ...] = (), prefix: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        config = configured(lab, folder, edits)
        return subprocess.run(
            command(lab, config, *arguments, prefix=prefix),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    return run


def report_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return what a command printed as JSON."""
    assert done.stdout, done.stderr
    report: dict[str, Any] = msgspec.json.decode(done.stdout)
    return report
