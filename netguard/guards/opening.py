"""Guards over opening a port again."""

from netguard.situation import Situation


def already_up(s: Situation) -> str:
    """Refuse to open what is not closed."""
    status = s.interface.admin_status if s.interface else "unknown"
    return "" if status == "down" else f"its ifAdminStatus is {status}"


def not_ours(s: Situation) -> str:
    """Refuse to open what netguard did not close: somebody had a reason."""
    return "" if s.closing is not None else "netguard did not close it, as far as its history says"


def still_in_trouble(s: Situation) -> str:
    """Refuse to open a port while the trouble that it was closed for goes on elsewhere."""
    if s.claims is not None:
        others = s.claims.answering - s.claims.rightful
        if not others:
            return ""
        return f"{', '.join(sorted(others))} answers for {s.claims.address}"
    finding = s.finding.id if s.finding else _closed_for(s)
    if finding is None:
        return ""
    return f"nobody could be asked whether {finding}, for which it was closed, goes on"


def _closed_for(s: Situation) -> str | None:
    return s.closing.order.finding if s.closing else None
