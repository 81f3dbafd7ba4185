"""`netguard lab` as a person runs it: a real program, in a runtime directory of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netguard.lab.scenarios import SCENARIOS

Netguard = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def netguard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Netguard]:
    runtime = tmp_path_factory.mktemp("runtime")
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "netguard", "lab", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=environment,
        )

    yield run
    run("down")
    assert not list(runtime.iterdir())


def told(done: subprocess.CompletedProcess[str]) -> Any:  # noqa: ANN401 - whatever JSON says
    return msgspec.json.decode(done.stdout)


def test_break_without_a_name_lists_every_scenario_with_its_kind(netguard: Netguard) -> None:
    rows = [line.split("\t") for line in netguard("break").stdout.splitlines()]
    assert [(name, kind) for name, kind, _ in rows] == [
        (s.name, s.kind) for s in SCENARIOS.values()
    ]
    assert [row["name"] for row in told(netguard("break", "--json"))] == list(SCENARIOS)


@pytest.mark.parametrize("command", [("status",), ("break", "gateway-hijack"), ("mend",)])
def test_without_a_lab_each_command_says_how_to_start_one(
    netguard: Netguard, command: tuple[str, ...]
) -> None:
    done = netguard(*command)
    assert done.returncode == 1
    assert done.stderr == "netguard: no lab is up\n  Start one: netguard lab up\n"


def test_exec_without_a_lab_says_how_to_start_one(netguard: Netguard) -> None:
    assert "Start one: netguard lab up" in netguard("exec", "mon", "true").stderr


def test_down_without_a_lab_is_well(netguard: Netguard) -> None:
    done = netguard("down")
    assert (done.returncode, done.stdout) == (0, "No lab was up.\n")


@pytest.fixture(scope="module")
def running(netguard: Netguard) -> Netguard:
    done = netguard("up", "--json")
    assert done.returncode == 0, done.stderr
    assert {host["name"] for host in told(done)["hosts"]} >= {"edge1", "cat1", "cat2", "mon"}
    return netguard


@pytest.mark.packets
def test_up_a_second_time_is_refused(running: Netguard) -> None:
    done = running("up")
    assert done.returncode == 1
    assert "a lab is up already" in done.stderr


@pytest.mark.packets
def test_break_says_what_was_done_and_what_to_run_next(running: Netguard) -> None:
    done = running("break", "gateway-hijack")
    assert done.stdout == (
        "gateway-hijack: ds0004 types the gateway's address as its own, and announces it.\n"
    )
    assert "netguard lab exec mon netguard sweep" in done.stderr
    assert "netguard lab mend" in done.stderr
    assert told(running("status", "--json"))["broken"] == ["gateway-hijack"]
    assert told(running("mend", "--json")) == {"mended": ["gateway-hijack"]}
    assert running("mend").stdout == "Nothing was broken.\n"


@pytest.mark.packets
def test_a_misspelt_trouble_is_a_usage_error_with_the_nearest_name(running: Netguard) -> None:
    done = running("break", "gateway-hijak")
    assert done.returncode == 2
    assert "Did you mean gateway-hijack?" in done.stderr


@pytest.mark.packets
def test_status_shows_a_line_for_every_interface(running: Netguard) -> None:
    lines = running("status").stdout.splitlines()
    assert "ds0003\tserver\teth0\t00:00:5e:00:53:23\tup\t198.51.100.23/25\tcat1 Fa0/3" in lines


@pytest.mark.packets
def test_exec_passes_arguments_environment_and_exit_code(running: Netguard) -> None:
    config = told(running("status", "--json"))["config"]
    done = running("exec", "mon", "sh", "-c", "echo $NETGUARD_CONFIG; exit 7")
    assert (done.stdout, done.returncode) == (f"{config}\n", 7)
    assert Path(config).name == "netguard.toml"


@pytest.mark.packets
def test_netguard_itself_is_found_on_a_host(running: Netguard) -> None:
    assert running("exec", "mon", "netguard", "--version").returncode == 0


@pytest.mark.packets
def test_exec_on_an_unknown_host_names_the_hosts(running: Netguard) -> None:
    done = running("exec", "ds9999", "true")
    assert done.returncode == 1
    assert "Its hosts are edge1, cat1" in done.stderr


def test_the_command_imports_nothing_heavy() -> None:
    code = (
        "import sys, netguard.cli.lab; "
        "print([m for m in sys.modules if m in ('pyroute2', 'pysnmp', 'scapy', 'sqlalchemy')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "[]\n"
