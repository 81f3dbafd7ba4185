"""A strict reader of what a monitoring plugin prints, by the Monitoring Plugins guidelines."""

import re
from typing import NamedTuple

CODES = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}
_NUMBER = r"-?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"@?(?:(?:(?:{_NUMBER}|~):)?{_NUMBER}|(?:{_NUMBER}|~):)")
_STATUS = re.compile(r"NETGUARD (OK|WARNING|CRITICAL|UNKNOWN) - (\S.*)")
_DATUM = re.compile(
    rf"(?P<label>[^\s='|]+)=(?:(?P<value>{_NUMBER})(?P<unit>s|us|ms|%|B|KB|MB|TB|c|)|U)"
    r"(?:;(?P<warn>[^;]*))?(?:;(?P<crit>[^;]*))?"
    rf"(?:;(?P<low>(?:{_NUMBER})?))?(?:;(?P<high>(?:{_NUMBER})?))?"
)


class Datum(NamedTuple):
    """One piece of performance data; the value is None where it is U."""

    value: float | None
    unit: str
    warn: str
    crit: str

    def breaks(self, limit: str) -> bool:
        """Say whether the value calls for an alert by a range of the guidelines."""
        if self.value is None or not limit:
            return False
        start, colon, end = limit.removeprefix("@").rpartition(":")
        low = float("-inf") if start == "~" else float(start or 0)
        high = float(end) if end else float("inf")
        assert colon or end
        outside = not low <= self.value <= high
        return outside != limit.startswith("@")


class Output(NamedTuple):
    status: str
    summary: str
    data: dict[str, Datum]
    details: list[str]


def read(printed: str) -> Output:
    """Return what was printed, taken apart; fails where it breaks the guidelines."""
    assert printed.endswith("\n")
    first, *details = printed.removesuffix("\n").split("\n")
    assert all(line.isprintable() for line in (first, *details))
    assert all("|" not in line and line for line in details)
    text, bar, performance = first.partition(" | ")
    assert "|" not in text + performance
    matched = _STATUS.fullmatch(text)
    assert matched, text
    return Output(matched[1], matched[2], _data(performance) if bar else {}, details)


def _data(performance: str) -> dict[str, Datum]:
    data = {}
    for word in performance.split(" "):
        found = _DATUM.fullmatch(word)
        assert found, word
        assert found["label"] not in data
        limits = [found[name] or "" for name in ("warn", "crit")]
        assert all(not limit or _RANGE.fullmatch(limit) for limit in limits), word
        value = None if found["value"] is None else float(found["value"])
        data[found["label"]] = Datum(value, found["unit"] or "", *limits)
    return data
