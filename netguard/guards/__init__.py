"""What forbids closing or opening a port: one plain function for each guard, each fails closed.

A guard returns the reason why it refuses, and nothing where it lets pass. What it cannot know, it
refuses. None of them asks who is calling; only `automatic` makes them stricter.
"""

from collections.abc import Callable, Iterator, Mapping

from netguard.guards.links import uplink
from netguard.guards.made_for import already_down, lag_member, not_a_managed_port, trunk
from netguard.guards.opening import already_up, not_ours, still_in_trouble
from netguard.guards.protecting import gateway_station, own_path, protected
from netguard.guards.stations import ambiguous_station, stale_location, too_many_stations
from netguard.guards.unattended import (
    already_handled,
    frozen,
    policy,
    too_few_sightings,
    unproven,
)
from netguard.situation import Situation

__all__ = ["CLOSING", "OPENING", "UNATTENDED", "Guard", "refusals"]

Guard = Callable[[Situation], str]


def no_write_credential(s: Situation) -> str:
    """Refuse where netguard has no right to change the device."""
    return s.no_write


def per_hour(s: Situation) -> str:
    """Refuse more closings an hour, in the whole fleet, than the configuration allows.

    Without its history a person may go on, who sees what was closed; a program may not.
    """
    if s.recent is None:
        return "the history cannot be read, so nobody knows how many" if s.automatic else ""
    most = s.settings.per_hour
    if s.recent >= most:
        return f"{s.recent} ports were closed within the hour; {most} may be"
    return ""


# In the order in which a person wants to hear of them.
CLOSING: Mapping[str, Guard] = {
    "not-a-managed-port": not_a_managed_port,
    "already-down": already_down,
    "uplink": uplink,
    "trunk": trunk,
    "lag-member": lag_member,
    "protected": protected,
    "gateway-station": gateway_station,
    "own-path": own_path,
    "too-many-stations": too_many_stations,
    "stale-location": stale_location,
    "ambiguous-station": ambiguous_station,
    "no-write-credential": no_write_credential,
    "per-hour": per_hour,
    "frozen": frozen,
    "policy": policy,
    "unproven": unproven,
    "too-few-sightings": too_few_sightings,
    "already-handled": already_handled,
}
OPENING: Mapping[str, Guard] = {
    "not-a-managed-port": not_a_managed_port,
    "already-up": already_up,
    "not-ours": not_ours,
    "still-in-trouble": still_in_trouble,
    "no-write-credential": no_write_credential,
    "frozen": frozen,
}
# These hold back a program; a person who acts is the answer to them.
UNATTENDED = frozenset({"frozen", "policy", "unproven", "too-few-sightings", "already-handled"})


def refusals(s: Situation) -> Iterator[tuple[str, str]]:
    """Yield every guard of the change that is wanted with its reason, empty where it lets pass."""
    for name, guard in (CLOSING if s.change == "shutdown" else OPENING).items():
        yield name, guard(s)
