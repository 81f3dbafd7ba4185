"""The directions in which the tree may look, and the few places that may touch the outside."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted([*ROOT.glob("netguard/**/*.py"), *ROOT.glob("probes/**/*.py")])


def imports(module: Path) -> Iterator[str]:
    """Yield every module that is imported anywhere in the file."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def names(module: Path) -> set[str]:
    """Return every name and attribute that the file uses."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.name)
    return found


def using(*wanted: str) -> set[str]:
    """Return the files that use one of the names."""
    return {str(m.relative_to(ROOT)) for m in MODULES if names(m) & set(wanted)}


def importing(package: str) -> set[str]:
    """Return the files that import the package or something in it."""
    return {
        str(m.relative_to(ROOT))
        for m in MODULES
        if any(f"{name}.".startswith(f"{package}.") for name in imports(m))
    }


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_nothing_but_the_switch_drivers_and_the_lab_s_own_agent_can_set_anything() -> None:
    writers = using("set_cmd", "setCmd", "SetRequestPDU", "SetCommandGenerator")
    assert all(file.startswith(("netguard/switches/", "netguard/lab/")) for file in writers)


@pytest.mark.parametrize("library", ["gufo", "pysnmp"])
def test_only_the_sessions_and_the_lab_s_agent_know_an_snmp_library(library: str) -> None:
    assert all(
        file.startswith(
            ("probes/snmp", "probes/notices/notifications", "netguard/switches/", "netguard/lab/")
        )
        for file in importing(library)
    )


@pytest.mark.parametrize("library", ["netmiko", "paramiko"])
def test_only_the_ssh_driver_s_session_knows_an_ssh_library(library: str) -> None:
    assert importing(library) <= {"netguard/switches/ssh_session.py"}


def test_only_the_vantages_session_knows_the_ssh_client_for_them() -> None:
    assert importing("asyncssh") == {"netguard/vantages/session.py"}


def test_raw_sockets_are_opened_in_two_places_besides_the_lab() -> None:
    opening = {f for f in using("SOCK_RAW") if not f.startswith("netguard/lab/")}
    assert opening == {"probes/link.py", "probes/trace/raw.py"}


def test_every_module_says_in_one_line_what_it_is_for() -> None:
    silent = [
        str(m.relative_to(ROOT))
        for m in MODULES
        if not ast.get_docstring(ast.parse(m.read_text(encoding="utf-8")))
    ]
    assert silent == []
