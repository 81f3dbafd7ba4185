"""Guards over who is behind the port: not too many, there now, only there, and in the wrong."""

from datetime import timedelta

from netguard.guards.unread import fdb_unread
from netguard.locate import sightings
from netguard.situation import Situation, stations

FRESH = timedelta(seconds=60)  # how old an FDB may be that a station is located by


def too_many_stations(s: Situation) -> str:
    """Refuse a port with more stations behind it than an end port has."""
    if reason := fdb_unread(s):
        return reason
    count = len(stations(s))
    if count > s.settings.max_stations:
        return f"{count} stations are behind it; an end port has {s.settings.max_stations} at most"
    return ""


def stale_location(s: Situation) -> str:
    """Refuse where nothing fresh shows that what is meant hangs on this port."""
    if reason := fdb_unread(s):
        return reason
    if s.device is not None and s.now - s.device.seen > FRESH:
        age = int((s.now - s.device.seen).total_seconds())
        return f"the forwarding database was read {age} s ago"
    here = stations(s)
    if s.target is not None and s.target not in here:
        return f"{s.target} is not behind it now"
    if s.target is not None and s.claims is not None and s.target not in s.claims.answering:
        return f"{s.target} no longer answers for {s.claims.address}"
    if not here and s.home is None:
        return "no station was seen behind it, and the inventory gives it to nobody"
    return ""


def ambiguous_station(s: Situation) -> str:
    """Refuse where a station hangs on two ports, or nobody has decided who is in the wrong."""
    for mac in (s.target,) if s.target else stations(s):
        ends = {str(seen.port) for seen in sightings(mac, s.topology) if not seen.uplink}
        if elsewhere := ends - {str(s.port)}:
            return f"{mac} is also on {', '.join(sorted(elsewhere))}"
    return _victim(s) or _undecided(s)


def _victim(s: Situation) -> str:
    """Say why the station to be cut off may be the one that is robbed."""
    here = frozenset({s.target} if s.target else stations(s))
    for finding in (*((s.finding,) if s.finding else ()), *s.findings):
        roles = {c.role for c in finding.claimants if c.mac in here}
        if "rightful" in roles and "impostor" not in roles:
            return f"it has the rightful owner of {finding.address} behind it: see {finding.id}"
    if s.claims is None or here & s.claims.impostors:
        return ""
    owners = ", ".join(sorted(here & s.claims.rightful))
    return f"{owners} behind it rightfully has {s.claims.address}" if owners else ""


def _undecided(s: Situation) -> str:
    if s.finding is None or s.target is None:
        return ""
    role = next((c.role for c in s.finding.claimants if c.mac == s.target), "unknown")
    if role == "impostor":
        return ""
    return f"nothing decides whether {s.target} is in the wrong in {s.finding.id}"
