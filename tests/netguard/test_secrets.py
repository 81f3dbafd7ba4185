import os
from pathlib import Path

import pytest

from netguard.errors import ConfigError
from netguard.secrets import SecretMissing, check_form, masked, resolve


def secret_file(folder: Path, content: bytes = b"s3cret\n", mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def refusal(reference: str, environ: dict[str, str] | None = None) -> ConfigError:
    """Return why a reference is refused; neither message nor remedy may say the secret."""
    with pytest.raises(ConfigError) as refused:
        resolve(reference, environ=environ or {})
    assert "s3cret" not in refused.value.message + refused.value.remedy
    assert refused.value.__cause__ is None  # a chained UnicodeDecodeError would print the bytes
    return refused.value


def test_a_variable_of_the_environment_is_read() -> None:
    assert resolve("env:NG_READ", environ={"NG_READ": "s3cret"}) == "s3cret"


@pytest.mark.parametrize("environ", [{}, {"NG_READ": ""}])
def test_a_variable_that_is_missing_or_empty_is_missing(environ: dict[str, str]) -> None:
    error = refusal("env:NG_READ", environ)
    assert isinstance(error, SecretMissing)
    assert error.remedy == "Set $NG_READ."


@pytest.mark.parametrize("content", [b"s3cret", b"s3cret\n", b"s3cret\r\n"])
def test_a_file_is_read_without_its_last_newline(tmp_path: Path, content: bytes) -> None:
    assert resolve(f"file:{secret_file(tmp_path, content)}", environ={}) == "s3cret"


def test_blanks_in_a_secret_are_kept(tmp_path: Path) -> None:
    assert resolve(f"file:{secret_file(tmp_path, b' a b ')}", environ={}) == " a b "


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666, 0o601])
def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = secret_file(tmp_path, mode=mode)
    error = refusal(f"file:{path}")
    assert not isinstance(error, SecretMissing)
    assert error.message == f"{path} is open to others (mode {mode:04o})"
    assert error.remedy == f"Run: chmod 600 {path}"


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_accepted(tmp_path: Path, mode: int) -> None:
    assert resolve(f"file:{secret_file(tmp_path, mode=mode)}", environ={}) == "s3cret"


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = secret_file(tmp_path)
    os.chown(path, 65534, 65534)
    error = refusal(f"file:{path}")
    assert error.message == f"{path} belongs to user 65534"
    assert error.remedy == f"Run: chown 0 {path}"


def test_a_link_to_a_private_file_is_followed(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(secret_file(tmp_path))
    assert resolve(f"file:{link}", environ={}) == "s3cret"


def test_a_link_to_an_open_file_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(secret_file(tmp_path, mode=0o644))
    assert "open to others" in refusal(f"file:{link}").message


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not set or empty"),
        (b"\n", "not set or empty"),
        (b"s3cret\ns3cret2\n", "not one line"),
        (b"s3cret\0", "not one line"),
        (b"s3cret\xff", "not UTF-8"),
    ],
)
def test_a_file_without_one_line_of_text_is_refused(
    tmp_path: Path, content: bytes, why: str
) -> None:
    assert why in refusal(f"file:{secret_file(tmp_path, content)}").message


def test_a_file_that_is_missing_is_missing(tmp_path: Path) -> None:
    error = refusal(f"file:{tmp_path}/none")
    assert isinstance(error, SecretMissing)
    assert error.message == f"{tmp_path}/none: No such file or directory"


def test_a_relative_path_is_refused() -> None:
    assert "relative path" in refusal("file:secret").message


def test_a_directory_and_a_fifo_are_refused_without_waiting(tmp_path: Path) -> None:
    assert "Is a directory" in refusal(f"file:{tmp_path}").message
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o600)
    assert refusal(f"file:{fifo}").message == f"{fifo} is not a plain file"


def test_a_path_that_cannot_be_one_is_refused() -> None:
    assert "not a path" in refusal("file:/a\0b").message


def test_a_systemd_credential_is_read_whatever_its_mode(tmp_path: Path) -> None:
    secret_file(tmp_path, mode=0o440)  # systemd grants by access list, which shows as group bits
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert resolve("credential:secret", environ=environ) == "s3cret"


def test_a_credential_that_systemd_did_not_pass_is_missing(tmp_path: Path) -> None:
    outside = refusal("credential:snmp")
    unknown = refusal("credential:snmp", {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert isinstance(outside, SecretMissing)
    assert isinstance(unknown, SecretMissing)
    assert "LoadCredential=snmp:" in outside.remedy
    assert "LoadCredential=snmp:" in unknown.remedy


@pytest.mark.parametrize("name", ["../secret", "/etc/shadow", "a/b"])
def test_a_credential_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    secret_file(tmp_path)
    error = refusal(f"credential:{name}", {"CREDENTIALS_DIRECTORY": str(folder)})
    assert "not a credential's name" in error.message


@pytest.mark.parametrize("literal", ["s3cret", "evn:s3cret", "plain:s3cret", "s3cret:x", "env:"])
def test_a_literal_is_refused_and_not_repeated(literal: str) -> None:
    error = refusal(literal)
    assert error.message == "a secret may not be written here itself"
    assert error.remedy == "Write env:NAME, file:/PATH or credential:NAME."


def test_public_is_no_secret() -> None:
    check_form("public")
    assert resolve("public", environ={}) == "public"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////var/lib/netguard/netguard.db", "sqlite:////var/lib/netguard/netguard.db"),
        ("postgresql://ng@db/netguard", "postgresql://ng@db/netguard"),
        ("postgresql://ng:s3cret@db/netguard", "postgresql://ng:***@db/netguard"),
        ("postgresql://ng:s3@cret@db/netguard", "postgresql://ng:***@db/netguard"),
        ("postgresql://:s3cret@db/netguard", "postgresql://:***@db/netguard"),
        (
            "postgresql://db/netguard?password=s3cret&x=1",
            "postgresql://db/netguard?password=***&x=1",
        ),
    ],
)
def test_a_urls_password_is_masked(url: str, shown: str) -> None:
    assert masked(url) == shown
