"""How a guard says that it cannot know: what was not read is a reason to refuse."""

from netguard.situation import Situation
from probes.records import Gap


def unread(what: str, gaps: tuple[Gap, ...] = ()) -> str:
    """Return the reason that something could not be read, with the first gap's own words."""
    return f"{what} could not be read{f': {gaps[0].detail}' if gaps else ''}"


def fdb_unread(s: Situation) -> str:
    """Return why the forwarding database of the port's device is not known, or not all of it."""
    if s.device is None:
        return unread("its forwarding database")
    return unread("all of its forwarding database", s.device.gaps) if s.device.gaps else ""
