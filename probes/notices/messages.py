"""The text of one log message, without its header, to a Notice."""

import re
from datetime import datetime
from ipaddress import ip_address

from probes.heard import Notice
from probes.mac import canonical
from probes.notices import cisco, foundry, hosts, juniper, others
from probes.notices.forms import Form, Kind
from probes.records import IPAddress

# More than the longest message known. It bounds what a hostile text can cost.
LONGEST = 2048  # characters
VLANS = range(1, 4095)

# Where two makers use one mnemonic, the more exact wording comes first.
_FORMS = others.FORMS + cisco.FORMS + juniper.FORMS + hosts.FORMS + foundry.FORMS
_LIKE_A_DUPLICATE = re.compile(r"\bdup(?!lex)|duplicat|flap|conflict|_dup", re.IGNORECASE)
_VLAN_INTERFACE = re.compile(r"vl(?:an)? ?(\d{1,4})", re.IGNORECASE)


def notice(text: str, *, source: str, seen: datetime, host: str = "") -> Notice | None:
    """Return what a message says of addresses, MACs, virtual routers or ports; None for the rest.

    Where it tells an order, `mac` and `port` are the later ones. Only the first LONGEST characters
    count.
    """
    text = text[:LONGEST]
    found = _recognised(text)
    kind = found[0].kind if found else None
    if found is None or kind is None:
        return None
    return _noticed(kind, found[1], text, source=source, seen=seen, host=host)


def countable(text: str) -> bool:
    """Say whether a message speaks of duplicates, conflicts or flapping, and no form knows it."""
    text = text[:LONGEST]
    return bool(_LIKE_A_DUPLICATE.search(text)) and _recognised(text) is None


def _recognised(text: str) -> tuple[Form, dict[str, str]] | None:
    lower = text.lower()
    for form in _FORMS:
        if form.word in lower and (match := form.pattern.search(text)):
            return form, {name: value for name, value in match.groupdict().items() if value}
    return None


def _noticed(
    kind: Kind, told: dict[str, str], text: str, *, source: str, seen: datetime, host: str
) -> Notice:
    port = _port(told.get("port"))
    return Notice(
        source=source,
        host=host,
        kind=kind,
        message=text,
        seen=seen,
        ip=_ip(told.get("ip")),
        mac=_mac(told.get("mac")),
        other_mac=_mac(told.get("other_mac")),
        port=port,
        other_port=_port(told.get("other_port")),
        vlan=_vlan(told.get("vlan"), port),
    )


def _ip(told: str | None) -> IPAddress | None:
    try:
        return None if told is None else ip_address(told)
    except ValueError:
        return None


def _mac(told: str | None) -> str | None:
    try:
        return None if told is None else canonical(told)
    except ValueError:
        return None


def _port(told: str | None) -> str | None:
    return (told or "").rstrip(".,:-") or None


def _vlan(told: str | None, port: str | None) -> int | None:
    """Return the VLAN that is told, or whose own interface the port is: Vlan10."""
    on_interface = _VLAN_INTERFACE.fullmatch(port or "")
    number = int(told or (on_interface[1] if on_interface else 0))
    return number if number in VLANS else None
