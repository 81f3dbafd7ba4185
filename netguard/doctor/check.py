"""What the doctor says of one thing it tried."""

from typing import Literal

import msgspec


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was tried: whether it works, what was seen, and how to mend it."""

    subject: str
    status: Literal["ok", "warning", "failed"]
    detail: str
    remedy: str = ""


def ok(subject: str, detail: str) -> Check:
    """Say that it works."""
    return Check(subject=subject, status="ok", detail=detail)


def warning(subject: str, detail: str, remedy: str) -> Check:
    """Say that it works, but not as it should."""
    return Check(subject=subject, status="warning", detail=detail, remedy=remedy)


def failed(subject: str, detail: str, remedy: str) -> Check:
    """Say that it does not work."""
    return Check(subject=subject, status="failed", detail=detail, remedy=remedy)
