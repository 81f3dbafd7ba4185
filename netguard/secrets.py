"""Secrets are references in every file, and become values only at the moment of use.

`env:NAME` an environment variable, `file:PATH` a file that only its owner reads, `credential:NAME`
a systemd credential. The one literal allowed is the community `public`. No message says a value.
"""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from netguard.errors import ConfigError

PUBLIC = "public"
FORMS = "Write env:NAME, file:/PATH or credential:NAME."
_KINDS = ("env", "file", "credential")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MOST = 65536
_PASSWORD = re.compile(r"(://[^:/@]*):.*@|((?:password|secret|token)=)[^&]*", re.IGNORECASE)


class SecretMissing(ConfigError):
    """The reference is good, but this process finds nothing there that it may read."""


def check_form(reference: str) -> None:
    """Raise ConfigError unless the text is a reference, or the literal `public`."""
    kind, _, name = reference.partition(":")
    if reference != PUBLIC and not (kind in _KINDS and name):
        raise ConfigError("a secret may not be written here itself", remedy=FORMS)


def resolve(reference: str, *, environ: Mapping[str, str] = os.environ) -> str:
    """Return the secret that a reference stands for.

    Raises SecretMissing where there is none to read, ConfigError where it must not be used.
    """
    check_form(reference)
    kind, _, name = reference.partition(":")
    if kind == "env":
        return _sound(reference, environ.get(name, ""), remedy=f"Set ${name}.")
    if kind == "file":
        return _sound(reference, _private(Path(name)), remedy=f"Write the secret to {name}.")
    if kind == "credential":
        return _sound(reference, _credential(name, environ), remedy=f"Write the credential {name}.")
    return reference


def masked(url: str) -> str:
    """Return a URL with its password, if it has one, replaced by three stars."""
    return _PASSWORD.sub(lambda match: f"{match[1]}:***@" if match[1] else f"{match[2]}***", url)


def _sound(reference: str, text: str, *, remedy: str) -> str:
    """Return the text without its last newline; refuse one that is empty or has several lines."""
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise SecretMissing(f"{reference} is not set or empty", remedy=remedy)
    if "\n" in secret or "\0" in secret:
        raise ConfigError(f"{reference} is not one line of text", remedy=remedy)
    return secret


def _private(path: Path) -> str:
    """Return what a file holds, provided that nobody but its owner and root could read it."""
    if not path.is_absolute():
        raise ConfigError(f"file:{path} is a relative path", remedy="Write the whole path.")
    with _opened(path, remedy="Write the secret there, readable to this user only.") as file:
        status = os.fstat(file.fileno())  # of what was opened, not of what the name means by now
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(
                f"{path} is not a plain file", remedy="Name the file with the secret."
            )
        if status.st_mode & _OTHERS:
            mode = stat.S_IMODE(status.st_mode)
            raise ConfigError(
                f"{path} is open to others (mode {mode:04o})", remedy=f"Run: chmod 600 {path}"
            )
        if status.st_uid not in {0, os.geteuid()}:
            raise ConfigError(
                f"{path} belongs to user {status.st_uid}",
                remedy=f"Run: chown {os.geteuid()} {path}",
            )
        return _text(path, file.read(_MOST))


def _credential(name: str, environ: Mapping[str, str]) -> str:
    """Return a credential that systemd passed; it guards the folder itself, by access list."""
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        raise SecretMissing(
            f"credential:{name}: $CREDENTIALS_DIRECTORY is not set",
            remedy=f"Run under systemd with LoadCredential={name}:/PATH.",
        )
    if "/" in name:
        raise ConfigError(
            f"credential:{name} is not a credential's name", remedy="Name only the credential."
        )
    path = Path(folder, name)
    with _opened(path, remedy=f"Add LoadCredential={name}:/PATH to the unit.") as file:
        return _text(path, file.read(_MOST))


def _opened(path: Path, *, remedy: str) -> BinaryIO:
    try:
        return open(path, "rb", opener=_without_waiting)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise SecretMissing(f"{path}: {reason}", remedy=remedy) from None


def _without_waiting(path: str, flags: int) -> int:
    """Open a name that may turn out to be a FIFO or a terminal."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text", remedy="Write it as text.") from None
