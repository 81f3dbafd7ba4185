"""Guards that hold back a program: a person who acts is the answer to all of them."""

from netguard.findings import incident
from netguard.situation import Situation


def frozen(s: Situation) -> str:
    """Refuse everything unattended while somebody has frozen it."""
    return s.frozen if s.automatic else ""


def policy(s: Situation) -> str:
    """Refuse unattended action for kinds of trouble that `automatic` does not list."""
    if not s.automatic:
        return ""
    kind = s.finding.kind if s.finding else "no finding"
    return "" if kind in s.settings.automatic else f"`automatic` does not list {kind}"


def unproven(s: Situation) -> str:
    """Refuse unattended action unless a pin or the inventory proves who is in the wrong."""
    if not s.automatic:
        return ""
    if s.claims is None:
        return "it could not be asked again who answers"
    if s.target is None or s.target not in s.claims.impostors:
        return f"nothing proves that {s.target or 'anybody'} is in the wrong now"
    if s.target in s.claims.rightful:
        return f"{s.target} may have {s.claims.address}"
    if not s.claims.rightful and s.home is None:
        return f"neither a pin nor the inventory says who has {s.claims.address}"
    return ""


def too_few_sightings(s: Situation) -> str:
    """Refuse unattended action on fewer independent sightings than `confirmations`."""
    seen = s.claims.sightings if s.claims else 0
    wanted = s.settings.confirmations
    if s.automatic and seen < wanted:
        return f"seen {seen} times; `confirmations` wants {wanted}"
    return ""


def already_handled(s: Situation) -> str:
    """Refuse to act twice, unattended, for one incident."""
    if not s.automatic or s.finding is None:
        return ""
    if s.handled is None:
        return "the history cannot be read, so nobody knows whether it was acted upon before"
    done = incident(s.finding) in s.handled
    return "a port was closed for this incident before" if done else ""
