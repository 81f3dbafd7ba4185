"""What people are told: one message, and the turns of findings that stand in it."""

from typing import Literal

import msgspec

from netguard.findings import Severity

# What a turn means to somebody who was told of the last one.
Word = Literal["new", "back", "worse", "over", "began and ended"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One finding in one line of text; `finding` is its id.

    `severity` is how grave it is now: a notice when it is over.
    """

    finding: str
    word: Word
    severity: Severity
    text: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A title of one line, and a body of plain text.

    `lines` are the findings that it is about, for services that take one record for each.
    """

    severity: Severity
    title: str
    body: str
    lines: tuple[Line, ...] = ()
