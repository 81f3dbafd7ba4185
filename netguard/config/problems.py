"""One thing that is wrong in a file that people write: where, what, and how to mend it."""

from collections.abc import Collection
from typing import Literal

import msgspec

Severity = Literal["error", "warning"]

_LISTS = frozenset({"device", "segment", "server", "vantage", "alert"})


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A fault in a table of the configuration, or in a line of a servers file.

    `section` is the table's kind (`segment`), `name` the entry's name, or `#2` where it has none;
    both empty at the top level. `value` is as it stands in the file, and empty for a secret.
    """

    section: str = ""
    name: str = ""
    file: str = ""
    line: int | None = None
    key: str = ""
    value: str = ""
    detail: str
    remedy: str = ""
    severity: Severity = "error"

    @property
    def table(self) -> str:
        """The table as it is written in the file: `[[segment]] 'web-226'`, `[snmp.edge]`."""
        if self.section in _LISTS:
            name = self.name if self.name.startswith("#") else repr(self.name)
            return f"[[{self.section}]] {name}"
        return f"[{'.'.join(filter(None, (self.section, self.name)))}]" if self.section else ""

    def __str__(self) -> str:
        file = f"{self.file}, line {self.line}" if self.line else self.file
        setting = f"{self.key} = {self.value}" if self.value else self.key
        what = f"{self.detail}. {self.remedy}" if self.remedy else self.detail
        return ": ".join(filter(None, (file, self.table, setting, what)))


def errors(problems: Collection[Problem]) -> tuple[Problem, ...]:
    """Return the problems that forbid going on."""
    return tuple(p for p in problems if p.severity == "error")
