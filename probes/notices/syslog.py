"""Syslog: the frames of a stream (RFC 6587), and the header of a line.

RFC 5424 is plain. RFC 3164 describes habits, and every maker has others: Cisco puts sequence
numbers, marks of a clock that is not set, milliseconds and time zones before its `%`, relays put a
second time before the first, files have no priority.
"""

import re
from typing import NamedTuple

LONGEST = 65536  # octets of a line; what is longer is cut

_PRIORITY = re.compile(r"<\d{1,3}>")
_RFC5424 = re.compile(r"[1-9]\d{0,2} \S{1,64} (\S{1,255}) \S{1,128} \S{1,128} \S{1,64} ")
_STRUCTURED = re.compile(
    r'-|(?:\[[^\s="\]]{1,64}(?: +[^\s="\]]{1,64}="(?:[^"\\]|\\.)*")* *\])+', re.DOTALL
)

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = r"\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?"
_ZONE = r"(?: [A-Z]{2,5}(?=:? )| [+-]\d\d:?\d\d(?=:? ))?"
_TIME = re.compile(
    rf"[*.]?(?:(?:{_MONTH} {{1,2}}\d{{1,2}}(?: \d{{4}})? {_CLOCK}"
    rf"|\d{{4}} {_MONTH} {{1,2}}\d{{1,2}} {_CLOCK}"
    rf"|\d{{4}}-\d\d-\d\d[T ]{_CLOCK}(?:Z|[+-]\d\d:?\d\d)?){_ZONE}"
    rf"|{_CLOCK}(?=:)|\d{{1,4}}[ydw]\d{{1,2}}[wdh](?=:)):? +"
)
_SEQUENCE = re.compile(r"\d{1,12}: +|: +|(?:RP|LC|SP)/\d+/\w{1,8}/CPU\d+: *|[A-Z]{3,5}: (?=%)")
_HOST = r"[A-Za-z0-9_][\w.:-]{0,254}"
_BEFORE_TIME = re.compile(rf"({_HOST}?):? (?=[*.]?(?:{_MONTH} |\d{{1,12}}: |\d{{4}} {_MONTH}))")
_AFTER_TIME = re.compile(rf"({_HOST}(?<!:)) :? ?(?=\S)")
_PROMPT = re.compile(r"([A-Za-z][\w.-]{0,62})(?:\([\w-]{1,32}\))?[#>] ?(?=[*.%<\dA-Z])")
_COMMA = re.compile(r"((?=[A-Za-z-]{0,62}[\d_])[A-Za-z][\w.-]{0,62}), (?=\w)")  # HP 9300
_PROGRAM = re.compile(r"[\w/.-]{1,48}(?:\[\d{1,10}\])?: +")
_CISCO = re.compile(r"%[A-Z0-9_]{1,32}(?:-[A-Z0-9_]{1,32}){0,4}-\d-[A-Z0-9_]{1,64} ?:")
_PARTS = 12  # more than any header has
_WHERE_CISCO_BEGINS = 256  # characters that a header may have before its %

_COUNTED = re.compile(rb"([1-9]\d{0,6}) (?=<)")
_PERHAPS_COUNTED = re.compile(rb"[1-9]\d{0,6} ?")
_END_OF_LINE = re.compile(rb"[\n\0]")

# Control characters, and those that make a terminal show text in another order than it has.
_UNSAFE = (*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F))
_REPLACED = dict.fromkeys((*_UNSAFE, *range(0x2066, 0x206A), 0xFEFF), " ")


class Line(NamedTuple):
    """Who wrote a log line, empty where it does not say, and what comes after its header.

    Its time is of whatever clock, often without a year or a zone: nobody goes by it.
    """

    host: str
    message: str


def read(octets: bytes) -> Line:
    """Return the parts of one line, in UTF-8 or, where it is not that, Latin-1."""
    text = plain(octets).strip()
    priority = _PRIORITY.match(text)
    text = text[priority.end() :].lstrip() if priority else text
    standard = _RFC5424.match(text) if priority else None
    return _rfc5424(standard, text) if standard else _rfc3164(text)


def plain(octets: bytes) -> str:
    """Return the text of octets from the network: no character in it acts on a terminal."""
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        text = octets.decode("latin-1")
    return text.translate(_REPLACED)


def _rfc5424(header: re.Match[str], text: str) -> Line:
    host = "" if header[1] == "-" else header[1]
    rest = text[header.end() :]
    structured = _STRUCTURED.match(rest)
    message = rest[structured.end() :] if structured else rest
    return Line(host, message.strip())


def _rfc3164(text: str) -> Line:
    header = _Header(text)
    header.consume()
    cisco = _CISCO.search(header.rest, 0, _WHERE_CISCO_BEGINS)
    if cisco:
        return Line(header.host, header.rest[cisco.start() :])
    header.take(_PROGRAM)
    return Line(header.host, header.rest)


class _Header:
    """What stands before a message, eaten from the left for as long as anything fits."""

    def __init__(self, text: str) -> None:
        self.rest = text
        self.host = ""
        self._timed = False

    def take(self, part: re.Pattern[str]) -> str | None:
        """Eat what fits, and return what it is called, or all of it."""
        match = part.match(self.rest)
        if match is None:
            return None
        self.rest = self.rest[match.end() :]
        return match[1] if part.groups else match[0]

    def consume(self) -> None:
        """Eat times, sequence numbers and the host in the order in which they come."""
        self.host = self.take(_PROMPT) or self.take(_COMMA) or ""
        for _ in range(_PARTS):
            if not (self._time() or self.take(_SEQUENCE) or self._host()):
                return

    def _time(self) -> bool:
        found = self.take(_TIME) is not None
        self._timed |= found
        return found

    def _host(self) -> bool:
        if not self.host:
            after = self.take(_AFTER_TIME) if self._timed and not self._program() else None
            self.host = after or self.take(_BEFORE_TIME) or ""
            return bool(self.host)
        return False

    def _program(self) -> bool:
        return _PROGRAM.match(self.rest) is not None


class Frames:
    """The lines of a stream of octets: octet-counted, or ended by a newline or a NUL (RFC 6587).

    Each line may be framed either way, but in a file, where nothing is `counted`. A line of more
    than LONGEST octets is cut there; no more than that is kept.
    """

    def __init__(self, *, counted: bool = True) -> None:
        self._cut = 0
        self._may_count = counted
        self._kept = b""
        self._skip = 0  # octets left of a counted line that was cut
        self._in_line = False  # of a line that was cut, the end has not come yet

    def feed(self, octets: bytes) -> list[bytes]:
        """Return the lines that these octets complete; empty ones are none."""
        held = self._kept + octets
        lines, at = [], 0
        while (framed := self._framed(held, self._past_the_cut(held, at))) is not None:
            line, at = framed
            if line:
                lines.append(line)
        self._kept = held[self._past_the_cut(held, at) :]
        return lines

    def end(self) -> bytes:
        """Return what the stream ended with, though nothing says that it is whole."""
        left, self._kept = self._kept, b""
        counted = _COUNTED.match(left) if self._may_count else None
        return left[counted.end() :] if counted else left

    def cuts(self) -> int:
        """Return how many lines were cut since this was asked last."""
        cut, self._cut = self._cut, 0
        return cut

    def _past_the_cut(self, held: bytes, at: int) -> int:
        """Return where the next line begins, after what is left of one that was cut."""
        if self._in_line:
            end = _END_OF_LINE.search(held, at)
            self._in_line = end is None
            return end.end() if end else len(held)
        skipped = min(self._skip, len(held) - at)
        self._skip -= skipped
        return at + skipped

    def _framed(self, held: bytes, at: int) -> tuple[bytes, int] | None:
        """Return the line that begins here and where it ends, None where more must come first."""
        counted = _COUNTED.match(held, at) if self._may_count else None
        if counted:
            return self._counted(held, counted.end(), int(counted[1]))
        if self._may_count and _PERHAPS_COUNTED.fullmatch(held, at):
            return None
        return self._ended(held, at)

    def _ended(self, held: bytes, at: int) -> tuple[bytes, int] | None:
        end = _END_OF_LINE.search(held, at, at + LONGEST + 1)
        if end:
            return held[at : end.start()], end.end()
        if len(held) - at <= LONGEST:
            return None
        self._cut += 1
        self._in_line = True
        return held[at : at + LONGEST], at + LONGEST

    def _counted(self, held: bytes, at: int, length: int) -> tuple[bytes, int] | None:
        end = at + min(length, LONGEST)
        if len(held) < end:
            return None
        if length > LONGEST:
            self._cut += 1
            self._skip = length - LONGEST
        return held[at:end], end
