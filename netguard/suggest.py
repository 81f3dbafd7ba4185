"""The "did you mean" of every unknown name."""

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 12  # more names than this are no help


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a remedy for an unknown name: the closest known one, or what there is."""
    names = sorted(known)
    close = get_close_matches(word, names, n=1)
    if close:
        return f"Did you mean {close[0]!r}?"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"Known: {', '.join(names[:SHOWN])}{more}." if names else "None is configured."
