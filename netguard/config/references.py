"""Where the configuration refers to secrets: which references are wrong, which lead nowhere."""

from collections.abc import Iterator, Mapping

from netguard.config.problems import Problem, Severity
from netguard.config.settings import Alert, SnmpSettings
from netguard.config.shapes import Place
from netguard.errors import ConfigError
from netguard.secrets import FORMS, SecretMissing, check_form, masked, resolve

_COMMUNITIES = ("read", "write")
_SECRETS = (*_COMMUNITIES, "auth_key", "priv_key")
_ONLY_V3 = ("user", "auth_protocol", "auth_key", "priv_protocol", "priv_key")


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
    for key, needs in (
        ("auth_protocol", "auth_key"),
        ("auth_key", "auth_protocol"),
        ("priv_protocol", "priv_key"),
        ("priv_key", "priv_protocol"),
        ("priv_key", "auth_key"),
    ):
        if getattr(settings, key) is not None and getattr(settings, needs) is None:
            yield place.problem(f"needs {needs}", key=key, remedy=f"Add {needs}.")
    for key, reference in _references(settings):
        try:
            check_form(reference)
        except ConfigError as error:
            yield place.problem(error.message, key=key, remedy=error.remedy)


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
    for key, reference in _references(settings):
        yield from _unresolved(key, reference, place, environ)


def unresolved_alert(alert: Alert, place: Place, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield the alert's reference if it leads to no usable secret."""
    if "://" not in alert.url:
        yield from _unresolved("url", alert.url, place, environ)


def _references(settings: SnmpSettings) -> Iterator[tuple[str, str]]:
    for key in _SECRETS:
        reference = getattr(settings, key)
        if reference is not None:
            yield key, reference


def _unresolved(
    key: str, reference: str, place: Place, environ: Mapping[str, str]
) -> Iterator[Problem]:
    try:
        resolve(reference, environ=environ)
    except ConfigError as error:
        severity: Severity = (
            "warning" if key == "write" and isinstance(error, SecretMissing) else "error"
        )
        yield place.problem(error.message, key=key, remedy=error.remedy, severity=severity)
