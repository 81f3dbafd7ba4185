"""Where netguard's own files are: the configuration, and the store where nothing else is said."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from netguard.config.values import BadValue
from netguard.errors import ConfigError
from netguard.secrets import masked

SYSTEM_CONFIG = Path("/etc/netguard/netguard.toml")
SYSTEM_STATE = Path("/var/lib/netguard")
_SQLITE = re.compile(r"sqlite(\+\w+)?:///(?P<path>.*)")
_POSTGRESQL = re.compile(r"postgresql(\+\w+)?://.+")


def find_config(named: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the one file to read: the named one, $NETGUARD_CONFIG, the user's, the system's.

    Never one in the current directory: a tool that can close ports reads what its owner chose.
    """
    if named is not None:
        return _existing(named, "--config")
    if environ.get("NETGUARD_CONFIG"):
        return _existing(Path(environ["NETGUARD_CONFIG"]), "$NETGUARD_CONFIG")
    usual = (
        _xdg(environ, "XDG_CONFIG_HOME", ".config") / "netguard" / "netguard.toml",
        SYSTEM_CONFIG,
    )
    for path in usual:
        if _exists(path):
            return path
    best = SYSTEM_CONFIG if _root() else usual[0]
    raise ConfigError(
        f"no configuration: neither --config nor $NETGUARD_CONFIG is given,"
        f" and there is no {usual[0]} and no {usual[1]}",
        remedy=f"Begin with: mkdir -p {best.parent} && netguard config init > {best}",
    )


def _existing(path: Path, said_by: str) -> Path:
    if not _exists(path):
        raise ConfigError(
            f"{said_by} {path}: no such file", remedy="`netguard config init` prints one."
        )
    if path.is_dir():
        raise ConfigError(f"{said_by} {path}: a folder", remedy="Name the file in it.")
    return path.absolute()


def _exists(path: Path) -> bool:
    """Tell a file that is missing from one that this user may not even look for."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}",
            remedy="Run as a user who may read it, for example with sudo.",
        ) from None
    return True


def default_store(environ: Mapping[str, str]) -> str:
    """Return the URL of an SQLite file in the state folder."""
    return f"sqlite:///{state_folder(environ)}/netguard.db"


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return where netguard keeps what it must remember, if nothing else is said.

    That is systemd's $STATE_DIRECTORY, else root's /var/lib/netguard, else the user's own folder.
    """
    given = environ.get("STATE_DIRECTORY", "").partition(":")[0]  # systemd lists them with colons
    if given:
        return Path(given)
    if _root() and not environ.get("XDG_STATE_HOME"):
        return SYSTEM_STATE
    return _xdg(environ, "XDG_STATE_HOME", ".local/state") / "netguard"


def sqlite_file(url: str) -> Path | None:
    """Return the file that a store's URL names, None where it names a server."""
    sqlite = _SQLITE.fullmatch(url)
    return Path(sqlite["path"]) if sqlite else None


def store_url(text: str) -> str:
    """Return a store's URL as it is written, if it is one that cannot be mistaken."""
    sqlite = _SQLITE.fullmatch(text)
    if sqlite is None and not _POSTGRESQL.fullmatch(text):
        remedy = "Write sqlite:////var/lib/netguard/netguard.db or postgresql+psycopg://HOST/NAME."
        raise BadValue("not the URL of a store", remedy=remedy)
    if sqlite and not sqlite["path"].startswith("/"):
        remedy = "Write four slashes: sqlite:////var/lib/netguard/netguard.db."
        raise BadValue("a path that depends on the current directory", remedy=remedy)
    return text


def without_password(text: str) -> str:
    """Return a store's URL if it holds no password, as the configuration must not."""
    if masked(text) != text:
        remedy = "Leave it to ~/.pgpass, or give the whole URL in $NETGUARD_STORE."
        raise BadValue("a password may not be written here", remedy=remedy)
    return text


def _root() -> bool:
    return os.geteuid() == 0


def _xdg(environ: Mapping[str, str], name: str, default: str) -> Path:
    return Path(environ.get(name) or Path(environ.get("HOME") or Path.home(), default))
