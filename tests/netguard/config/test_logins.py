from collections.abc import Callable
from pathlib import Path

import pytest

from netguard.config import Config, load, read, secret_problems, ssh_login, write_credentials
from netguard.config.problems import Severity
from netguard.config.settings import SshLogin
from netguard.errors import ConfigError
from probes.snmp import Credentials
from tests.config_files import write

LOGIN = """
[ssh.noc]
user = "netguard"
password = "env:NG_SSH"
"""

EVERY_KEY = """
[ssh.noc]
user = "netguard"
password = "env:NG_SSH"
key_file = "{key}"
passphrase = "env:NG_PASSPHRASE"
enable = "env:NG_ENABLE"
port = 2222
known_hosts = "/etc/netguard/known_hosts"
timeout = 3
"""

USED = 'snmp = "edge"\nssh = "noc"\nsave = true'
ENVIRON = {"NG_SSH": "s3cret", "NG_PASSPHRASE": "s3cret too", "NG_ENABLE": "s3cret as well"}

V3 = 'version = "3"\nuser = "reader"'
AUTH = 'auth_protocol = "SHA256"\nauth_key = "env:A"'
PRIV = 'priv_protocol = "AES"\npriv_key = "env:P"'
WRITER = 'write_user = "writer"\nwrite_auth_key = "env:WA"\nwrite_priv_key = "env:WP"'


def with_login(folder: Path, table: str = LOGIN) -> Config:
    """Return a good configuration whose first device has the login."""
    return load(write(folder, old='snmp = "edge"', new=f"{USED}\n{table}"), environ={})


def with_snmp(folder: Path, *lines: str) -> Path:
    return write(folder, old='version = "2c"\nread = "public"', new="\n".join(lines))


def private(folder: Path, name: str = "key", mode: int = 0o600) -> Path:
    path = folder / name
    path.write_text("of no interest here\n")
    path.chmod(mode)
    return path


def test_a_device_has_no_login_and_saves_nothing_unless_it_says_so(tmp_path: Path) -> None:
    config = load(write(tmp_path), environ={})
    device = config.inventory.devices[0]
    assert (device.ssh, device.save, config.ssh) == (None, False, {})
    assert ssh_login(config, device, environ={}) is None


def test_every_key_of_a_login_is_understood(tmp_path: Path) -> None:
    key = private(tmp_path)
    config = with_login(tmp_path, EVERY_KEY.format(key=key))
    device = config.inventory.devices[0]
    assert (device.ssh, device.save) == ("noc", True)
    assert ssh_login(config, device, environ=ENVIRON) == SshLogin(
        user="netguard",
        password="s3cret",  # noqa: S106 - it is none
        key_file=str(key),
        passphrase="s3cret too",  # noqa: S106
        enable="s3cret as well",
        port=2222,
        known_hosts="/etc/netguard/known_hosts",
        timeout=3,
    )


def test_what_a_login_leaves_out_stands_at_its_default(tmp_path: Path) -> None:
    config = with_login(tmp_path)
    login = ssh_login(config, config.inventory.devices[0], environ=ENVIRON)
    assert login == SshLogin(user="netguard", password="s3cret")  # noqa: S106
    assert (login.port, login.timeout, login.known_hosts, login.key_file) == (22, 10, None, None)


def test_a_login_shows_no_secret(tmp_path: Path) -> None:
    config = with_login(tmp_path, EVERY_KEY.format(key=private(tmp_path)))
    login = ssh_login(config, config.inventory.devices[0], environ=ENVIRON)
    assert login is not None
    assert repr(login) == str(login) == "SshLogin(user='netguard', port=2222)"
    assert "s3cret" not in str(login.__rich_repr__())


# What stands in the good file, what is written instead (at its end, where nothing stands), and
# the line that refuses it.
FAULTS = [
    ("", "[ssh]\nuser = 'u'", "[ssh.user]: not a table. A table has a heading in brackets"),
    ("", "[[ssh]]\nuser = 'u'", "ssh: wrong kind of table. Its heading is [ssh]."),
    ("", "[ssh.noc]\npassword = 'env:A'", "[ssh.noc]: user: missing key."),
    ("", "[ssh.noc]\nuser = 'u'", "[ssh.noc]: password: missing key. Add password or key_file."),
    ("", LOGIN + "pasword = 1", "[ssh.noc]: pasword: unknown key. Did you mean 'password'?"),
    ("", "[ssh.noc]\nuser = 'a b'\npassword = 'env:A'", "[ssh.noc]: user: wrong kind of value."),
    ("", LOGIN + "port = 0", "[ssh.noc]: port = 0: wrong kind of value. Write a whole number"),
    ("", LOGIN + "port = 65536", "[ssh.noc]: port = 65536: wrong kind of value. Write a whole"),
    ("", LOGIN + "port = '22'", "[ssh.noc]: port = '22': wrong kind of value. Write a whole"),
    ("", LOGIN + "timeout = 0", "[ssh.noc]: timeout = 0: wrong kind of value. Write a number >"),
    ("", LOGIN + "timeout = nan", "[ssh.noc]: timeout = nan: wrong kind of value. Write a"),
    ("", LOGIN + "key_file = 'id'", "[ssh.noc]: key_file: a relative path. Write the whole path."),
    ("", LOGIN + "key_file = '~/id'", "[ssh.noc]: key_file: a relative path. Write the whole"),
    ("", LOGIN + "known_hosts = 'known'", "[ssh.noc]: known_hosts: a relative path. Write the"),
    (
        "",
        LOGIN + "passphrase = 'env:A'",
        "[ssh.noc]: passphrase: needs key_file. Add key_file.",
    ),
    ("", LOGIN + "enable = 'x'", "[ssh.noc]: enable: a secret may not be written here itself."),
    (
        "",
        "[ssh.noc]\nuser = 'u'\npassword = 'public'",
        "[ssh.noc]: password: a secret may not be written here itself. Write env:NAME,",
    ),
    (
        'snmp = "edge"',
        'snmp = "edge"\nssh = "noc"',
        "[[device]] 'edge1': ssh = 'noc': nothing has this name. None is configured.",
    ),
    (
        'snmp = "edge"',
        'snmp = "edge"\nssh = "nok"' + LOGIN,
        "[[device]] 'edge1': ssh = 'nok': nothing has this name. Did you mean 'noc'?",
    ),
    (
        'snmp = "edge"',
        'snmp = "edge"\nssh = ""' + LOGIN,
        "[[device]] 'edge1': ssh = '': nothing has this name. Known: noc.",
    ),
    (
        'snmp = "edge"',
        'snmp = "edge"\nsave = "yes"',
        "[[device]] 'edge1': save = 'yes': wrong kind of value. Write true or false.",
    ),
    (
        "",
        "[shutdown]\nannounce = 1",
        "[shutdown]: announce = 1: wrong kind of value. Write true or false.",
    ),
]

# The lines of the credential set, and the line that refuses it.
SNMP_FAULTS = [
    (
        ('read = "public"', 'write_user = "w"'),
        "write_user: means nothing in version 2c. Leave it out, or change the version.",
    ),
    (
        ('version = "1"', 'read = "public"', 'write_auth_key = "env:WA"'),
        "write_auth_key: means nothing in version 1.",
    ),
    (('read = "public"', 'write_priv_key = "env:WP"'), "write_priv_key: means nothing in version"),
    ((V3, 'write = "env:W"'), "write: means nothing in version 3."),
    ((V3, AUTH, 'write_user = "w"'), "write_user: needs write_auth_key. Add write_auth_key."),
    (
        (V3, AUTH, PRIV, 'write_user = "w"', 'write_auth_key = "env:WA"'),
        "write_user: needs write_priv_key. Add write_priv_key.",
    ),
    (
        (V3, AUTH, 'write_auth_key = "env:WA"'),
        "write_auth_key: needs write_user. Add write_user.",
    ),
    (
        (V3, AUTH, PRIV, 'write_priv_key = "env:WP"'),
        "write_priv_key: needs write_user. Add write_user.",
    ),
    (
        (V3, 'write_user = "w"', 'write_auth_key = "env:WA"'),
        "write_auth_key: needs auth_protocol. Add auth_protocol.",
    ),
    ((V3, AUTH, WRITER), "write_priv_key: needs priv_protocol. Add priv_protocol."),
    (
        (V3, AUTH, 'write_user = "w"', 'write_auth_key = "x"'),
        "write_auth_key: a secret may not be written here itself.",
    ),
    ((V3, 'write_usr = "w"'), "write_usr: unknown key. Did you mean 'write_user'?"),
]


def faults(path: Path) -> list[str]:
    return [
        str(p).removeprefix(f"{path.parent}/netguard.toml: ")
        for p in read(path, environ={}).problems
    ]


@pytest.mark.parametrize(("old", "new", "line"), FAULTS, ids=[line for _, _, line in FAULTS])
def test_one_fault_is_refused_with_one_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    (said,) = faults(write(tmp_path, old=old, new=new))
    assert said.startswith(line)
    assert said[-1] in ".?"  # the remedy closes it


@pytest.mark.parametrize(("lines", "line"), SNMP_FAULTS, ids=[line for _, line in SNMP_FAULTS])
def test_a_fault_in_the_credentials_for_writing_is_refused_with_one_line(
    tmp_path: Path, lines: tuple[str, ...], line: str
) -> None:
    (said,) = faults(with_snmp(tmp_path, *lines))
    assert said.startswith(f"[snmp.edge]: {line}")
    assert said[-1] in ".?"


@pytest.mark.parametrize(
    "pasted",
    [
        "password = 's3cret'",
        "password = ['s3cret']",
        "pasword = 's3cret'",
        "user = 'netguard s3cret'\npassword = 'env:A'",
        "password = 'env:A'\nkey_file = 's3cret'",
        "password = 'env:A'\nenable = 's3cret'",
        "password = 'env:A'\npassphrase = 's3cret'",
    ],
)
def test_a_secret_that_was_pasted_into_a_login_is_never_repeated(
    tmp_path: Path, pasted: str
) -> None:
    user = "" if pasted.startswith("user") else "user = 'netguard'\n"
    path = write(tmp_path, new=f"[ssh.noc]\n{user}{pasted}")
    with pytest.raises(ConfigError) as refused:
        load(path, environ={})
    assert "s3cret" not in str(refused.value) + refused.value.remedy
    assert "s3cret" not in repr(read(path, environ={}))


# --- the secrets behind the references ---


def told(config: Config) -> list[tuple[str, str, Severity]]:
    """Return the table, the key and the severity of each problem."""
    return [(p.table, p.key, p.severity) for p in secret_problems(config, environ={})]


def test_a_missing_secret_that_only_changes_need_is_a_warning(tmp_path: Path) -> None:
    config = with_login(tmp_path, EVERY_KEY.format(key="/nonexistent/key"))
    assert told(config) == [
        ("[ssh.noc]", "password", "warning"),
        ("[ssh.noc]", "passphrase", "warning"),
        ("[ssh.noc]", "enable", "warning"),
        ("[ssh.noc]", "key_file", "warning"),
    ]
    config = load(with_snmp(tmp_path, V3, AUTH, PRIV, WRITER), environ={})
    assert told(config) == [
        ("[snmp.edge]", "auth_key", "error"),
        ("[snmp.edge]", "priv_key", "error"),
        ("[snmp.edge]", "write_auth_key", "warning"),
        ("[snmp.edge]", "write_priv_key", "warning"),
    ]


def test_a_secret_or_key_that_others_can_read_is_an_error(tmp_path: Path) -> None:
    key, password = private(tmp_path, mode=0o640), private(tmp_path, "password", 0o604)
    table = f"[ssh.noc]\nuser = 'u'\nkey_file = '{key}'\npassword = 'file:{password}'"
    config = load(write(tmp_path, new=table), environ={})
    assert [str(p).partition("[ssh.noc]: ")[2] for p in secret_problems(config, environ={})] == [
        f"password: {password} is open to others (mode 0604). Run: chmod 600 {password}",
        f"key_file: {key} is open to others (mode 0640). Run: chmod 600 {key}",
    ]
    assert {severity for *_, severity in told(config)} == {"error"}


def test_nothing_is_said_of_secrets_that_are_there(tmp_path: Path) -> None:
    config = with_login(tmp_path, EVERY_KEY.format(key=private(tmp_path)))
    assert [*secret_problems(config, environ=ENVIRON)] == []


def test_credentials_for_writing_are_resolved_when_they_are_needed(tmp_path: Path) -> None:
    environ = {"W": "write community", "WA": "writer's auth", "WP": "writer's priv"}
    config = load(with_snmp(tmp_path, 'read = "public"', 'write = "env:W"'), environ={})
    device = config.inventory.devices[0]
    assert write_credentials(config, device, environ=environ) == Credentials(
        version="2c", community="write community"
    )
    config = load(with_snmp(tmp_path, V3, AUTH, PRIV, WRITER), environ={})
    assert write_credentials(config, device, environ=environ) == Credentials(
        version="3",
        user="writer",
        auth_protocol="SHA256",
        auth_key="writer's auth",
        priv_protocol="AES",
        priv_key="writer's priv",
    )


@pytest.mark.parametrize("lines", [('read = "public"',), (V3, AUTH, PRIV)])
def test_a_set_that_names_no_credentials_for_writing_has_none(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    config = load(with_snmp(tmp_path, *lines), environ={})
    assert write_credentials(config, config.inventory.devices[0], environ={}) is None


def test_a_writer_without_keys_is_one_where_the_reader_has_none(tmp_path: Path) -> None:
    config = load(with_snmp(tmp_path, V3, 'write_user = "writer"'), environ={})
    assert write_credentials(config, config.inventory.devices[0], environ={}) == Credentials(
        version="3", user="writer"
    )


@pytest.mark.parametrize(
    ("lines", "message", "remedy"),
    [
        (('read = "public"', 'write = "env:W"'), "write: env:W is not set or empty", "Set $W."),
        ((V3, AUTH, PRIV, WRITER), "write_auth_key: env:WA is not set or empty", "Set $WA."),
    ],
)
def test_a_missing_secret_for_writing_is_refused_with_its_place(
    tmp_path: Path, lines: tuple[str, ...], message: str, remedy: str
) -> None:
    config = load(with_snmp(tmp_path, *lines), environ={})
    with pytest.raises(ConfigError) as refused:
        write_credentials(config, config.inventory.devices[0], environ={})
    assert refused.value.message == f"{tmp_path}/netguard.toml: [snmp.edge]: {message}"
    assert refused.value.remedy == remedy


def test_a_missing_secret_of_a_login_is_refused_with_its_place(tmp_path: Path) -> None:
    config = with_login(tmp_path)
    with pytest.raises(ConfigError) as refused:
        ssh_login(config, config.inventory.devices[0], environ={})
    place = f"{tmp_path}/netguard.toml: [ssh.noc]: password"
    assert refused.value.message == f"{place}: env:NG_SSH is not set or empty"
    assert refused.value.remedy == "Set $NG_SSH."


@pytest.mark.parametrize(
    ("make", "message", "remedy"),
    [
        (lambda _path: None, "{}: No such file or directory", "Write the private key there"),
        (lambda path: path.mkdir(), "{} is not a plain file", "Name the file with the key."),
        (lambda path: path.touch(0o644), "{} is open to others (mode 0644)", "Run: chmod 600 {}"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_with_its_place(
    tmp_path: Path, make: Callable[[Path], object], message: str, remedy: str
) -> None:
    key = tmp_path / "key"
    make(key)
    config = with_login(tmp_path, f"[ssh.noc]\nuser = 'u'\nkey_file = '{key}'")
    with pytest.raises(ConfigError) as refused:
        ssh_login(config, config.inventory.devices[0], environ={})
    assert refused.value.message.endswith(f"[ssh.noc]: key_file: {message.format(key)}")
    assert refused.value.remedy.startswith(remedy.format(key))
