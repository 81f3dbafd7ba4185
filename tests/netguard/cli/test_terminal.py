"""What a person sees: tables that stay whole, a bar while it lasts, colour unless refused."""

import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path

import pytest

from netguard.lab.control import Lab

NETGUARD = [sys.executable, "-P", "-m", "netguard"]
CONFIG = """
[snmp.lab]
version = "2c"
read = "public"
[[device]]
name = "a-switch-with-a-rather-long-name"
address = "[2001:db8:1234:5678:9abc:def0:1234:5678]:1161"
role = "switch"
snmp = "lab"
"""


def seen(command: Sequence[str], *, columns: int = 80, **environment: str) -> str:
    """Run a command on a terminal of its own and return all that appeared there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, columns))
    known = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
    with subprocess.Popen(
        command, stdout=theirs, stderr=theirs, env={**known, "TERM": "xterm", **environment}
    ):
        os.close(theirs)
        octets = b""
        try:
            while more := os.read(ours, 65536):
                octets += more
        except OSError:  # the kernel's way of saying that the other end is closed
            pass
    os.close(ours)
    return octets.decode()


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_names_and_addresses_stay_whole_on_a_terminal_of_any_width(
    tmp_path: Path, columns: int
) -> None:
    config = tmp_path / "netguard.toml"
    config.write_text(CONFIG)
    told = plain(seen([*NETGUARD, "--config", str(config), "device", "list"], columns=columns))
    assert "NAME" in told
    assert "a-switch-with-a-rather-long-name" in told
    assert "2001:db8:1234:5678:9abc:def0:1234:5678" in told


def test_errors_are_red_unless_colour_is_refused() -> None:
    command = [*NETGUARD, "--config", "/nonexistent/netguard.toml", "sweep"]
    assert "\x1b[31m" in seen(command)
    assert "\x1b[" not in seen(command, NO_COLOR="1")


@pytest.mark.packets
def test_a_long_sweep_shows_how_far_it_is_and_what_it_saw(lab: Lab, tmp_path: Path) -> None:
    lab.break_("gateway-hijack")
    config = tmp_path / "netguard.toml"
    slow = lab.config.read_text().replace("pace = 500", "pace = 100")
    config.write_text(slow)
    told = plain(seen(lab.command("mon", [*NETGUARD, "--config", str(config), "sweep", "-v"])))
    assert "asking for addresses" in told
    assert "CRITICAL gateway-hijack/web-226/198.51.100.1" in told
    assert "snmp: edge1 says that 198.51.100.1 is its own" in told


@pytest.mark.packets
def test_a_located_station_is_told_with_its_way(lab: Lab) -> None:
    told = plain(seen(lab.command("mon", [*NETGUARD, "host", "locate", "198.51.100.26"])))
    assert "cat2 Fa0/2, VLAN 226 (just now)" in told
    assert "edge1 ethernet1/1 -> cat1 Gi0/2 -> cat2 Fa0/2" in told
    told = plain(seen(lab.command("mon", [*NETGUARD, "host", "locate", "198.51.100.1"])))
    assert "it is edge1 ethernet1/1 itself" in told
    told = plain(seen(lab.command("mon", [*NETGUARD, "host", "locate", "203.0.113.200"])))
    assert "not asked" in told
