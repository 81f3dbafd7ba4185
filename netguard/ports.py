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


def find_port(interfaces: Iterable[Interface], text: str) -> Interface | None:
    """Return the interface that `text` names: its if_name, its descr, or an abbreviation of one.

    An exact name wins over an abbreviation; an abbreviation that fits two interfaces names none.
    """
    known = tuple(interfaces)
    wanted = text.strip().casefold()
    for exact in ("name", "descr"):
        found = [i for i in known if getattr(i, exact).casefold() == wanted]
        if found:
            return found[0] if len(found) == 1 else None
    found = [i for i in known if _abbreviates(text, i.name) or _abbreviates(text, i.descr)]
    return found[0] if len(found) == 1 else None
