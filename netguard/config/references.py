"""Where the configuration refers to secrets: which references are wrong, which lead nowhere."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from netguard.config.problems import Problem, Severity
from netguard.config.settings import Alert, SnmpSettings, SshSettings
from netguard.config.shapes import Place
from netguard.errors import ConfigError
from netguard.secrets import FORMS, PUBLIC, SecretMissing, check_form, masked, resolve

_COMMUNITIES = ("read", "write")
_WRITE_KEYS = ("write_auth_key", "write_priv_key")
_SNMP_SECRETS = (*_COMMUNITIES, "auth_key", "priv_key", *_WRITE_KEYS)
_SSH_SECRETS = ("password", "passphrase", "enable")
_SSH_PATHS = ("key_file", "known_hosts")
_ONLY_V3 = (
    "user",
    "auth_protocol",
    "auth_key",
    "priv_protocol",
    "priv_key",
    "write_user",
    *_WRITE_KEYS,
)
_NEEDS = (
    ("auth_protocol", "auth_key"),
    ("auth_key", "auth_protocol"),
    ("priv_protocol", "priv_key"),
    ("priv_key", "priv_protocol"),
    ("priv_key", "auth_key"),
    ("write_auth_key", "write_user"),
    ("write_priv_key", "write_user"),
    ("write_auth_key", "auth_protocol"),
    ("write_priv_key", "priv_protocol"),
)
_WRITER_NEEDS = (("auth_protocol", "write_auth_key"), ("priv_protocol", "write_priv_key"))
_OTHERS = stat.S_IRWXG | stat.S_IRWXO

_Settings = SnmpSettings | SshSettings


def snmp_faults(settings: SnmpSettings, place: Place) -> Iterator[Problem]:
    """Yield what SNMP does not allow in a credential set, and secrets that are no references."""
    foreign = _COMMUNITIES if settings.version == "3" else _ONLY_V3
    needed = "user" if settings.version == "3" else "read"
    if getattr(settings, needed) is None:
        remedy = f"Version {settings.version} needs it."
        yield place.problem("missing key", key=needed, remedy=remedy)
    for key in foreign:
        if getattr(settings, key) is not None:
            detail = f"means nothing in version {settings.version}"
            yield place.problem(detail, key=key, remedy="Leave it out, or change the version.")
    needs = [pair for pair in _NEEDS if pair[0] not in foreign]
    if settings.version == "3" and settings.write_user is not None:
        needs += [
            ("write_user", key) for protocol, key in _WRITER_NEEDS if _has(settings, protocol)
        ]
    yield from _unmet(settings, place, needs)
    yield from _no_references(settings, _SNMP_SECRETS, place)


def ssh_faults(settings: SshSettings, place: Place) -> Iterator[Problem]:
    """Yield what is missing in a login, paths that are relative, and secrets that are none."""
    if settings.password is None and settings.key_file is None:
        remedy = "Add password or key_file."
        yield place.problem("missing key", key="password", remedy=remedy)
    yield from _unmet(settings, place, [("passphrase", "key_file")])
    for key in _SSH_PATHS:
        path = getattr(settings, key)
        if path is not None and not Path(path).is_absolute():
            yield place.problem("a relative path", key=key, remedy="Write the whole path.")
    for key, reference in _references(settings, _SSH_SECRETS):
        if reference == PUBLIC:  # a community, and nobody's password
            yield place.problem("a secret may not be written here itself", key=key, remedy=FORMS)
    yield from _no_references(settings, _SSH_SECRETS, place)


def alert_faults(alert: Alert, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with where an alert goes."""
    if "://" in alert.url:
        if masked(alert.url) != alert.url:
            yield place.problem("holds a password", key="url", remedy=FORMS)
        return
    try:
        check_form(alert.url)
    except ConfigError:
        yield place.problem("neither a URL nor a reference", key="url", remedy=FORMS)


def unresolved_snmp(
    settings: SnmpSettings, place: Place, environ: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield the references that lead to no usable secret; only closing ports needs `write`."""
    for key, reference in _references(settings, _SNMP_SECRETS):
        spare = key == "write" or key in _WRITE_KEYS
        yield from _unresolved(key, reference, place, environ, spare=spare)


def unresolved_ssh(
    settings: SshSettings, place: Place, environ: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield the references that lead to no usable secret, and a key that cannot be used.

    Only closing ports needs them: what is merely missing is a warning.
    """
    for key, reference in _references(settings, _SSH_SECRETS):
        yield from _unresolved(key, reference, place, environ, spare=True)
    if settings.key_file is not None:
        try:
            check_key_file(settings.key_file)
        except ConfigError as error:
            yield _failure("key_file", error, place, spare=True)


def unresolved_alert(alert: Alert, place: Place, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield the alert's reference if it leads to no usable secret."""
    if "://" not in alert.url:
        yield from _unresolved("url", alert.url, place, environ, spare=False)


def check_key_file(path: str) -> None:
    """Raise SecretMissing unless the file can be read, ConfigError unless only its owner can."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        remedy = "Write the private key there, or correct the path."
        raise SecretMissing(f"{path}: {reason}", remedy=remedy) from None
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{path} is not a plain file", remedy="Name the file with the key.")
    if status.st_mode & _OTHERS:
        mode = stat.S_IMODE(status.st_mode)
        raise ConfigError(
            f"{path} is open to others (mode {mode:04o})", remedy=f"Run: chmod 600 {path}"
        )
    if not os.access(path, os.R_OK):
        raise SecretMissing(
            f"{path}: Permission denied", remedy=f"Run: chown {os.geteuid()} {path}"
        )


def _has(settings: _Settings, key: str) -> bool:
    return getattr(settings, key) is not None


def _unmet(
    settings: _Settings, place: Place, needs: Iterable[tuple[str, str]]
) -> Iterator[Problem]:
    for key, needed in needs:
        if _has(settings, key) and not _has(settings, needed):
            yield place.problem(f"needs {needed}", key=key, remedy=f"Add {needed}.")


def _no_references(settings: _Settings, keys: Iterable[str], place: Place) -> Iterator[Problem]:
    for key, reference in _references(settings, keys):
        try:
            check_form(reference)
        except ConfigError as error:
            yield place.problem(error.message, key=key, remedy=error.remedy)


def _references(settings: _Settings, keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    for key in keys:
        reference = getattr(settings, key)
        if reference is not None:
            yield key, reference


def _unresolved(
    key: str, reference: str, place: Place, environ: Mapping[str, str], *, spare: bool
) -> Iterator[Problem]:
    """Yield the reference if it leads nowhere; that is a warning where only changes need it."""
    try:
        resolve(reference, environ=environ)
    except ConfigError as error:
        yield _failure(key, error, place, spare=spare)


def _failure(key: str, error: ConfigError, place: Place, *, spare: bool) -> Problem:
    severity: Severity = "warning" if spare and isinstance(error, SecretMissing) else "error"
    return place.problem(error.message, key=key, remedy=error.remedy, severity=severity)
