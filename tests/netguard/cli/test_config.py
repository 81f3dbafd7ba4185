"""`netguard config` as an operator runs it."""

import re
import sys
from pathlib import Path

import msgspec
import pytest

from netguard.cli import run
from netguard.config.places import SYSTEM_CONFIG
from tests.config_files import write

Captured = pytest.CaptureFixture[str]


def test_a_good_configuration_is_called_good(tmp_path: Path, capsys: Captured) -> None:
    path = write(tmp_path)
    assert run(["config", "check", "--config", str(path)]) == 0
    assert capsys.readouterr() == (f"{path}: good\n", "")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('store = "sqlite', 'stor = "sqlite', "stor: unknown key. Did you mean 'store'?"),
        (
            '"198.51.100.1"]',
            '"198.51.101.1"]',
            "[[segment]] 'web-226': gateways = '198.51.101.1': ",
        ),
        ('"198.51.100.20"', '"192.0.2.20"', "[[server]] 'ds0142': address = '192.0.2.20': lies in"),
        (
            '"public"',
            '"env:NG_NOT_SET"',
            "[snmp.edge]: read: env:NG_NOT_SET is not set or empty. Set",
        ),
        ("2c", '2c"\n[snmp.edge', "Cannot declare ('snmp', 'edge') twice (at line 5, column 11)."),
    ],
)
def test_each_fault_is_one_line_on_stdout_and_exits_2(
    tmp_path: Path, capsys: Captured, old: str, new: str, line: str
) -> None:
    path = write(tmp_path, old=old, new=new)
    assert run(["config", "check", "--config", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out.startswith(f"{path}: {line}")
    assert (out.count("\n"), err) == (1, "")


def test_every_fault_is_listed_and_warnings_are_marked(tmp_path: Path, capsys: Captured) -> None:
    servers = "".join(f'[[server]]\nname = "s{n}"\naddress = "{n}"\n' for n in range(30))
    wide = '[[segment]]\nname = "b"\nnetworks = ["10.0.0.0/14"]\ninterface = "eth1"\n'
    assert run(["config", "check", "--config", str(write(tmp_path, new=servers))]) == 2
    assert capsys.readouterr().out.count("\n") == 30
    assert run(["config", "check", "--config", str(write(tmp_path, new=wide))]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"warning: {tmp_path}/netguard.toml: [[segment]] 'b': networks")
    assert last.endswith(": good")


def test_a_world_readable_secret_file_is_told_with_the_command_that_mends_it(
    tmp_path: Path, capsys: Captured
) -> None:
    secret = tmp_path / "read"
    secret.write_text("s3cret\n")
    secret.chmod(0o644)
    path = write(tmp_path, old='"public"', new=f'"file:{secret}"')
    assert run(["config", "check", "--config", str(path)]) == 2
    assert capsys.readouterr().out == (
        f"{path}: [snmp.edge]: read: {secret} is open to others (mode 0644)."
        f" Run: chmod 600 {secret}\n"
    )
    secret.chmod(0o600)
    assert run(["config", "check", "--config", str(path)]) == 0


def test_the_check_speaks_json(tmp_path: Path, capsys: Captured) -> None:
    path = write(tmp_path, old='"198.51.100.1"]', new='"198.51.101.1"]')
    assert run(["config", "check", "--json", "--config", str(path)]) == 2
    assert msgspec.json.decode(capsys.readouterr().out) == [
        {
            "section": "segment",
            "name": "web-226",
            "file": str(path),
            "line": None,
            "key": "gateways",
            "value": "'198.51.101.1'",
            "detail": "outside the segment's networks (198.51.100.0/25)",
            "remedy": "Correct the gateway, or add its network.",
            "severity": "error",
        }
    ]
    assert run(["config", "check", "--json", "--config", str(write(tmp_path))]) == 0
    assert msgspec.json.decode(capsys.readouterr().out) == []


@pytest.mark.parametrize("command", [["config", "show"], ["inventory", "list"], ["sweep"]])
def test_no_command_starts_with_a_faulty_configuration(
    tmp_path: Path, capsys: Captured, command: list[str]
) -> None:
    path = write(tmp_path, old='role = "router"', new='role = "ruter"')
    assert run([*command, "--config", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"netguard: {path}: [[device]] 'edge1': role = 'ruter': not one of the choices."
        " Did you mean 'router'?\n"
    )


@pytest.mark.parametrize(
    "command", [["config", "check"], ["config", "show"], ["inventory", "check"]]
)
def test_a_named_file_that_is_missing_exits_2(
    tmp_path: Path, capsys: Captured, command: list[str]
) -> None:
    assert run([*command, "--config", f"{tmp_path}/none.toml"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"netguard: --config {tmp_path}/none.toml: no such file\n"
        "  `netguard config init` prints one.\n"
    )


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_show_tells_references_and_never_secrets(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.setenv("NG_READ", "s3cret")
    monkeypatch.setenv("NETGUARD_STORE", "postgresql+psycopg://ng:s3cret@db/ng")
    alert = '[[alert]]\nurl = "slack://s3cret/s3cret2"\n[[alert]]\nurl = "syslog://"'
    path = write(tmp_path, old='"public"', new='"env:NG_READ"')
    path.write_text(path.read_text() + alert)
    assert run(["config", "show", *options, "--config", str(path)]) == 0
    out = capsys.readouterr().out
    assert "s3cret" not in out
    for shown in ("env:NG_READ", "postgresql+psycopg://ng:***@db/ng", "slack://***", "syslog://"):
        assert shown in out


def test_show_names_the_file_and_every_setting_with_its_default(
    tmp_path: Path, capsys: Captured
) -> None:
    path = write(tmp_path, new="[shutdown]\nprotected = ['cat1 Gi0/1', '198.51.100.1']")
    assert run(["config", "show", "--config", str(path)]) == 0
    shown = dict(line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert shown["file"] == str(path)
    assert shown["snmp.edge.timeout"] == "1.5"
    assert shown["devices.cat1.host"] == "192.0.2.11"
    assert shown["segments.web-226.networks"] == "198.51.100.0/25"
    assert shown["segments.web-226.gateways.1.address"] == "198.51.100.1"
    assert shown["servers"] == "1"
    assert shown["shutdown.protected"] == "cat1 Gi0/1 198.51.100.1"
    assert shown["watch.segments"] == "60"
    assert shown["retention"] == "31536000"


LISTENING = """[watch]
syslog = ["udp:0.0.0.0:5514", "tcp:[::1]:5514", "file:/var/log/messages"]
traps = "udp:[::]:5162"
metrics = "[::1]:9477"
"""


def test_show_tells_where_the_daemon_listens_as_it_is_written(
    tmp_path: Path, capsys: Captured
) -> None:
    path = write(tmp_path, new=LISTENING)
    assert run(["config", "show", "--config", str(path)]) == 0
    shown = dict(line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert shown["watch.syslog"] == "udp:0.0.0.0:5514 tcp:[::1]:5514 file:/var/log/messages"
    assert (shown["watch.traps"], shown["watch.metrics"]) == ("udp:[::]:5162", "[::1]:9477")
    assert run(["config", "show", "--json", "--config", str(path)]) == 0
    watch = msgspec.json.decode(capsys.readouterr().out)["watch"]
    assert watch == {
        "gateways": 1,
        "segments": 60,
        "devices": 300,
        "servers": 86400,
        "syslog": ["udp:0.0.0.0:5514", "tcp:[::1]:5514", "file:/var/log/messages"],
        "traps": "udp:[::]:5162",
        "metrics": "[::1]:9477",
    }


def test_show_leaves_empty_where_the_daemon_does_not_listen(
    tmp_path: Path, capsys: Captured
) -> None:
    assert run(["config", "show", "--config", str(write(tmp_path))]) == 0
    out = capsys.readouterr().out
    assert "watch.syslog\t\nwatch.traps\t\nwatch.metrics\t\n" in out


def test_show_speaks_json(tmp_path: Path, capsys: Captured) -> None:
    assert run(["config", "show", "--json", "--config", str(write(tmp_path))]) == 0
    shown = msgspec.json.decode(capsys.readouterr().out)
    assert list(shown) == [
        "file",
        "store",
        "retention",
        "snmp",
        "ssh",
        "devices",
        "segments",
        "servers",
        "vantages",
        "shutdown",
        "watch",
        "alerts",
    ]
    assert shown["segments"][0]["gateways"] == [{"address": "198.51.100.1", "macs": []}]


def test_the_sample_is_good_once_its_secret_is_there(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["config", "init"]) == 0
    sample = capsys.readouterr().out
    path = tmp_path / "netguard.toml"
    path.write_text(sample)
    monkeypatch.delenv("NG_READ", raising=False)
    assert run(["config", "check", "--config", str(path)]) == 2
    assert capsys.readouterr().out == (
        f"{path}: [snmp.edge]: read: env:NG_READ is not set or empty. Set $NG_READ.\n"
    )
    monkeypatch.setenv("NG_READ", "community")
    assert run(["config", "check", "--config", str(path)]) == 0


def test_the_sample_is_the_same_in_json(capsys: Captured) -> None:
    run(["config", "init"])
    sample = capsys.readouterr().out
    assert run(["config", "init", "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out) == {"sample": sample}


def test_what_the_sample_has_commented_out_is_good_too(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["config", "init"])
    path = tmp_path / "netguard.toml"
    path.write_text(uncommented(capsys.readouterr().out))
    (tmp_path / "servers.csv").write_text("name,address\nds1,198.51.100.30\n")
    monkeypatch.setenv("NG_READ", "community")
    run(["config", "check", "--config", str(path)])
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 10  # only the secret files are missing
    assert all("/etc/netguard/" in line and "No such file" in line for line in told)


# --- the unit ---


def test_the_unit_runs_this_netguard_with_the_named_configuration(
    tmp_path: Path, capsys: Captured
) -> None:
    path = write(tmp_path)
    assert run(["config", "init", "--systemd", "--config", str(path)]) == 0
    (line,) = re.findall(r"(?m)^ExecStart=(.*)", capsys.readouterr().out)
    assert line == f"{sys.executable} -m netguard watch --config {path}"


def test_the_unit_reads_the_systems_configuration_and_never_a_users_own(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netguard").mkdir()
    write(tmp_path / "netguard")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("NETGUARD_CONFIG", raising=False)
    assert run(["config", "init", "--systemd"]) == 0
    out, err = capsys.readouterr()
    assert " watch --config /etc/netguard/netguard.toml\n" in out
    missing = "there is no /etc/netguard/netguard.toml yet" in err
    assert missing is not SYSTEM_CONFIG.exists()


def test_the_unit_of_the_environments_configuration_names_it(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETGUARD_CONFIG", str(write(tmp_path)))
    assert run(["config", "init", "--systemd"]) == 0
    assert f" watch --config {tmp_path}/netguard.toml\n" in capsys.readouterr().out


def test_no_unit_is_printed_for_a_named_configuration_that_is_missing(
    tmp_path: Path, capsys: Captured
) -> None:
    assert run(["config", "init", "--systemd", "--config", f"{tmp_path}/none.toml"]) == 2
    out, err = capsys.readouterr()
    assert (out, "none.toml: no such file" in err) == ("", True)


def test_a_program_and_a_configuration_that_the_unit_cannot_see_are_told(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path)
    command = ["config", "init", "--systemd", "--config", str(path)]
    monkeypatch.setattr("netguard.config.unit._HOMES", (tmp_path,))
    assert run(command) == 0
    assert capsys.readouterr().err == (
        f"netguard: {path} is in a home folder, which the unit hides\n"
        f"  Copy it: install -D -m 0644 {path} /etc/netguard/netguard.toml\n"
    )
    monkeypatch.setattr("netguard.config.unit._HOMES", (Path(sys.executable).parent,))
    assert run(command) == 0
    assert capsys.readouterr().err.startswith(
        f"netguard: {sys.executable} is in a home folder, which the unit hides\n  Install netguard"
    )


def test_the_unit_is_the_same_in_json(tmp_path: Path, capsys: Captured) -> None:
    command = ["config", "init", "--systemd", "--config", str(write(tmp_path))]
    run(command)
    unit = capsys.readouterr().out
    assert run([*command, "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out) == {"unit": unit}


def uncommented(sample: str) -> str:
    """Take the comment sign off every commented setting; the second spelling of gateways wins."""
    lines = [
        line.removeprefix("# ") if re.match(r"# (\w+ = |\[)", line) else line
        for line in sample.splitlines()
    ]
    twice = [n for n, line in enumerate(lines) if line.startswith("gateways = ")]
    del lines[twice[0]]
    return "\n".join(lines)
