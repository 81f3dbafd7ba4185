"""A port's names: one interface under all the spellings that people and agents use for it."""

import re
from collections.abc import Iterable

from probes.records import Interface

_SPELLING = re.compile(r"^\s*([A-Za-z][A-Za-z -]*)?\s*([0-9][0-9/.:]*)?\s*$")


def _parts(text: str) -> tuple[str, str] | None:
    """Split `FastEthernet0/3` into letters and numbers; None where it is not of that form."""
    match = _SPELLING.match(text)
    if match is None:
        return None
    letters, numbers = match.groups()
    return (letters or "").strip(" -").lower(), numbers or ""


def _abbreviates(short: str, full: str) -> bool:
    """Tell whether `Fa0/3` or `0/3` may stand for `FastEthernet0/3`, as vendors abbreviate."""
    wanted, given = _parts(short), _parts(full)
    if wanted is None or given is None or not wanted[1]:
        return False
    return wanted[1] == given[1] and given[0].startswith(wanted[0])


def meant(interfaces: Iterable[Interface], text: str) -> tuple[Interface, ...]:
    """Return the interfaces that `text` may name: by if_name, by descr, or an abbreviation.

    An exact name wins over an abbreviation. Nothing names an interface that has no name.
    """
    known = tuple(interfaces)
    wanted = text.strip().casefold()
    if not wanted:
        return ()
    for exact in ("name", "descr"):
        found = [i for i in known if getattr(i, exact).casefold() == wanted]
        if found:
            return tuple(found)
    return tuple(i for i in known if _abbreviates(text, i.name) or _abbreviates(text, i.descr))


def find_port(interfaces: Iterable[Interface], text: str) -> Interface | None:
    """Return the interface that `text` names; one that fits two interfaces names none."""
    found = meant(interfaces, text)
    return found[0] if len(found) == 1 else None
