import importlib
import subprocess
import sys

import click
import pytest

from netguard.cli import COMMANDS, run
from netguard.errors import ConfigError, Exit, NetguardError, StoreError

HEAVY = {
    "alembic",
    "apprise",
    "asyncssh",
    "cryptography",
    "gufo",
    "netaddr",
    "prometheus_client",
    "pyroute2",
    "pysnmp",
    "rich",
    "scapy",
    "sqlalchemy",
}


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("alert",),
        ("alert", "test"),
        ("check",),
        ("server",),
        ("server", "check"),
        ("server", "list"),
    ],
    ids=" ".join,
)
def test_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    program = (
        "import sys, netguard.cli;"
        f"netguard.cli.run([*{words}, '--help']);"
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split()[1:])
    assert "click" in loaded
    assert not loaded & HEAVY


def test_help_names_every_command_with_its_own_first_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["--help"]) == 0
    told = capsys.readouterr().out
    for name, (_, _, line) in COMMANDS.items():
        assert f"{name} " in told
        assert line in told


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_and_it_is_the_line_of_the_table(name: str) -> None:
    module, attribute, line = COMMANDS[name]
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert command.name == name
    assert line.endswith((".", "?"))
    assert command.help


PASSES_EVERYTHING_ON = {("lab", "exec")}  # its options are those of the command it runs


def verbs() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, (module, attribute, _) in COMMANDS.items():
        command = getattr(importlib.import_module(module), attribute)
        if isinstance(command, click.Group):
            found += [(name, verb) for verb in command.commands]
        else:
            found.append((name,))
    return [words for words in found if words not in PASSES_EVERYTHING_ON]


@pytest.mark.parametrize("words", verbs(), ids=" ".join)
def test_the_common_options_stand_everywhere(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, "--help"]) == 0
    told = capsys.readouterr().out
    for option in ("--config", "--json", "--verbose", "--help"):
        assert option in told


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NetguardError("x"), Exit.FAILED),
        (StoreError("x"), Exit.FAILED),
        (ConfigError("x"), Exit.USAGE),
        (click.UsageError("x"), Exit.USAGE),
        (click.BadParameter("x"), Exit.USAGE),
        (click.ClickException("x"), Exit.FAILED),
        (click.Abort(), Exit.REFUSED),
    ],
)
def test_every_error_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, error: Exception, code: Exit
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr("netguard.cli.cli.main", fail)
    assert run([]) == code


def test_the_exit_codes_are_the_table_that_others_build_on() -> None:
    assert [(code.name, int(code)) for code in Exit] == [
        ("DONE", 0),
        ("FAILED", 1),
        ("USAGE", 2),
        ("REFUSED", 3),
        ("UNCONFIRMED", 4),
    ]


@pytest.mark.parametrize("arguments", [["sweeep"], ["sweep", "--nope"], ["host", "locate"]])
def test_a_mistyped_command_is_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Error" in captured.err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("netguard, version ")
