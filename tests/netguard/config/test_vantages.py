from ipaddress import ip_address
from pathlib import Path

import pytest

from netguard.config import Config, load
from netguard.config.logins import named_login
from netguard.config.settings import SshLogin, Vantage
from netguard.config.values import BadValue, SshTarget, ssh_target
from netguard.errors import ConfigError
from tests.config_files import write

LOGIN = '[ssh.noc]\nuser = "netguard"\npassword = "env:NG_SSH"\n'
HERE = '[[vantage]]\nname = "here"\n'


def osaka(ssh: str, *lines: str) -> str:
    return "\n".join(('[[vantage]]\nname = "osaka"', f'ssh = "{ssh}"', *lines, ""))


def loaded(folder: Path, text: str) -> Config:
    return load(write(folder, new=text), environ={})


def fault(folder: Path, text: str) -> str:
    """Return the one line that the configuration is refused with."""
    with pytest.raises(ConfigError) as refused:
        loaded(folder, text)
    assert "\n" not in refused.value.message
    return refused.value.message.removeprefix(f"{folder}/netguard.toml: ")


def test_a_vantage_is_this_machine_unless_it_says_otherwise(tmp_path: Path) -> None:
    assert loaded(tmp_path, HERE).vantages == (Vantage(name="here"),)


def test_this_machine_may_ask_from_several_addresses(tmp_path: Path) -> None:
    config = loaded(tmp_path, f'{HERE}sources = ["192.0.2.16", "2001:db8::16"]\n')
    sources = (ip_address("192.0.2.16"), ip_address("2001:db8::16"))
    assert config.vantages == (Vantage(name="here", sources=sources),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HERE}sources = ['192.0.2.300']\n", "not an IP address"),
        (osaka("noc@192.0.2.77", "sources = ['192.0.2.16']"), "is for this machine alone"),
        (f"{HERE}[[vantage]]\nname = 'there'\n", "is this machine, and so is 'here'"),
        ("[[vantage]]\nname = 'segment'\n", "is the name for a server's own segment"),
    ],
)
def test_what_means_nothing_for_a_vantage_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    assert said in fault(tmp_path, text)


def test_a_vantage_may_use_a_login_of_its_own(tmp_path: Path) -> None:
    config = loaded(tmp_path, LOGIN + osaka("192.0.2.77", "login = 'noc'"))
    assert config.vantages == (Vantage(name="osaka", ssh="192.0.2.77", login="noc"),)
    login = named_login(config, "noc", environ={"NG_SSH": "s3cret"})
    assert login == SshLogin(user="netguard", password="s3cret")  # noqa: S106 - it is none


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("netguard@192.0.2.77", SshTarget("netguard", "192.0.2.77", None)),
        ("netguard@192.0.2.77:2222", SshTarget("netguard", "192.0.2.77", 2222)),
        ("a.b_c-d@probe.example.net", SshTarget("a.b_c-d", "probe.example.net", None)),
        ("netguard@2001:db8::77", SshTarget("netguard", "2001:db8::77", None)),
        ("netguard@[2001:db8::77]:22", SshTarget("netguard", "2001:db8::77", 22)),
        ("probe.example.net", SshTarget(None, "probe.example.net", None)),
        ("[2001:db8::77]", SshTarget(None, "2001:db8::77", None)),
    ],
)
def test_a_target_is_understood(text: str, target: SshTarget) -> None:
    assert ssh_target(text) == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@192.0.2.77",
        "netguard@",
        "net guard@192.0.2.77",
        "a@b@192.0.2.77",
        "netguard@192.0.2.77:ssh",
        "netguard@[2001:db8::77",
        "netguard@192.0.2.77 -oProxyCommand=id",
        "netguard@-oProxyCommand",
        "-lroot@192.0.2.77",
        "netguard@192.0.2.77;id",
        "ssh://netguard@192.0.2.77",
    ],
)
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        ssh_target(text)


FAULTS = [
    (
        osaka("netguard@192.0.2.77:99999"),
        (
            "[[vantage]] 'osaka': ssh = 'netguard@192.0.2.77:99999': port 99999 does not exist."
            " Ports are 1 to 65535."
        ),
    ),
    (
        osaka("netguard@192.0.2.77/x"),
        (
            "[[vantage]] 'osaka': ssh = 'netguard@192.0.2.77/x': not user@host or user@host:port."
            " Write e.g. netguard@192.0.2.77, or netguard@[2001:db8::77]:2222."
        ),
    ),
    (
        osaka("netguard:s3cret@192.0.2.77"),
        (
            "[[vantage]] 'osaka': ssh = 'netguard:***@192.0.2.77': a password may not be written"
            " here. Name a login: an [ssh.NAME] with the key, or the password by reference."
        ),
    ),
    (
        osaka("192.0.2.77"),
        (
            "[[vantage]] 'osaka': ssh = '192.0.2.77': names no user."
            " Write e.g. netguard@192.0.2.77, or name a login."
        ),
    ),
    (
        f"{HERE}login = 'noc'\n{LOGIN}",
        (
            "[[vantage]] 'here': login = 'noc': means nothing for this machine."
            " Add ssh, or leave login out."
        ),
    ),
    (
        osaka("192.0.2.77", 'login = "nok"') + LOGIN,
        "[[vantage]] 'osaka': login = 'nok': nothing has this name. Did you mean 'noc'?",
    ),
    (
        osaka("netguard@192.0.2.77") * 2,
        (
            "[[vantage]] 'osaka': name = 'osaka': 2 entries have this name."
            " Give each a name of its own."
        ),
    ),
    (
        osaka("netguard@192.0.2.77", "user = 'netguard'"),
        "[[vantage]] 'osaka': user: unknown key.",
    ),
]


@pytest.mark.parametrize(("text", "line"), FAULTS, ids=[line for _, line in FAULTS])
def test_one_fault_is_refused_with_one_line(tmp_path: Path, text: str, line: str) -> None:
    assert fault(tmp_path, text).startswith(line)
