"""Checks many servers at once on the practice network's station, in a process of its own.

    python tests/netguard/servers/checking.py CONFIG SERVERS [VANTAGE]...

SERVERS are names with commas between them, or `all`. The reports are printed as the command does.
"""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from netguard import clock
from netguard.cli.common import print_json
from netguard.config import load
from netguard.lab.control import Lab
from netguard.servers.check import check
from netguard.servers.places import places

Report = dict[str, Any]


def checked(
    lab: Lab, config: Path, *vantages: str, servers: tuple[str, ...] = ("all",)
) -> dict[str, Report]:
    """Return the report on each server, asked from the station by these vantages (none: all)."""
    script = (sys.executable, "-P", __file__, str(config), ",".join(servers), *vantages)
    command = lab.command("mon", script)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    reports: list[Report] = msgspec.json.decode(done.stdout)
    return {report["server"]: report for report in reports}


def main() -> None:
    config = load(Path(sys.argv[1]))
    names = sys.argv[2].split(",")
    servers = [s for s in config.inventory.servers if names == ["all"] or s.name in names]
    chosen = places(config, sys.argv[3:])
    checked = asyncio.run(check(config, servers, chosen, clock=clock.now, progress=lambda *_: None))
    print_json(checked.reports)


if __name__ == "__main__":
    main()
