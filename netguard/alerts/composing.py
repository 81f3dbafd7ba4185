"""From the turns that an alert was not told of to the one message that it is told: pure.

Only what counts now is said: of several turns of one finding their sum, and what began and ended
meanwhile in one line. All texts of devices and customers are kept to their own line, so that none
can write a line, or a command, that looks like netguard's.
"""

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from netguard.alerts.message import Line, Message, Word
from netguard.findings import RANK, Claimant, Finding, Severity, gravest_first, suspects
from netguard.life import Event
from netguard.store.records import News

BLOCKS = 20  # findings that are told each in a block of its own
_BEGAN: dict[str, Word] = {"opened": "new", "reopened": "back"}
_TURNS = frozenset({*_BEGAN, "worsened", "resolved", "closed"})
_WORDS: tuple[Word, ...] = ("new", "back", "worse", "over", "began and ended")
_OVER: frozenset[Word] = frozenset({"over", "began and ended"})


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of one finding since the alert was told of it last.

    `severity` is the present one, or the gravest of a trouble that is over; `began` and `last` are
    the first and the last turn.
    """

    word: Word
    severity: Severity
    began: Event
    last: Event
    finding: Finding | None

    @property
    def over(self) -> bool:
        """Whether the trouble is over."""
        return self.word in _OVER


def compose(news: Iterable[News], threshold: Severity) -> Message | None:
    """Return what an alert with this threshold is to be told of these turns, if anything.

    Whoever was told that a trouble began is told that it is over; what a person closed, nobody.
    """
    matters = (m for m in _matters(news) if RANK[m.severity] >= RANK[threshold])
    told = sorted(matters, key=_gravest_first)
    if not told:
        return None
    standing = [matter.severity for matter in told if not matter.over]
    return Message(
        severity=max(standing, key=RANK.__getitem__, default="notice"),
        title=_title(told),
        body="\n\n".join(_blocks(told)),
        lines=tuple(_lines(told)),
    )


def waiting(news: Iterable[News], threshold: Severity) -> tuple[datetime, ...]:
    """Return when each finding turned that an alert with this threshold is still to be told of."""
    return tuple(m.began.at for m in _matters(news) if RANK[m.severity] >= RANK[threshold])


def _matters(news: Iterable[News]) -> Iterator[Matter]:
    """Yield what has become of each finding, where somebody is to be told of it."""
    turns: dict[str, list[News]] = {}
    for each in news:
        if each.event.happening in _TURNS:
            turns.setdefault(each.event.finding, []).append(each)
    for about in turns.values():
        events = [each.event for each in about]
        if word := _word(events):
            yield Matter(
                word=word,
                severity=_severity(events, over=word in _OVER),
                began=events[0],
                last=events[-1],
                finding=about[-1].finding,
            )


def _severity(events: Sequence[Event], *, over: bool) -> Severity:
    gravest = max((event.severity for event in events), key=RANK.__getitem__)
    return gravest if over else events[-1].severity


def _word(events: Sequence[Event]) -> Word | None:
    """Return what these turns of one finding come to for somebody who was told of all before."""
    first, last = events[0], events[-1]
    began = _BEGAN.get(first.happening)
    if last.happening == "closed":
        return None
    if last.happening == "resolved":
        return "began and ended" if began else "over"
    if began:
        return began
    if any(event.happening == "closed" for event in events):
        return "back"  # who closed it took it for over
    graver = RANK[last.severity] > RANK[first.severity]
    return "worse" if graver or any(e.happening == "worsened" for e in events) else None


def _gravest_first(matter: Matter) -> tuple[object, ...]:
    """Return the key by which matters are told: what stands first, and of that the gravest."""
    rest = gravest_first(matter.finding)[1:] if matter.finding else ("", 0, 0, matter.last.finding)
    return matter.over, -RANK[matter.severity], *rest


def _title(told: Sequence[Matter]) -> str:
    """Return what is read on a telephone at night: how grave, what, which address, who, where."""
    first = told[0]
    if len(told) == 1:
        return _headline(first)
    count = Counter(matter.word for matter in told)
    counted = ", ".join(_counted(word, count[word]) for word in _WORDS if count[word])
    grave = "" if first.over else f"{first.severity}: "
    return f"{grave}{counted}{_segments(told)}: {_subject(first)}"


def _counted(word: Word, number: int) -> str:
    if word == "new":
        return "1 new finding" if number == 1 else f"{number} new findings"
    return f"{number} {word}"


def _segments(told: Sequence[Matter]) -> str:
    names = {name for matter in told if (name := _segment(matter))}
    if not names:
        return ""
    return f" on {min(names)}" if len(names) == 1 else f" on {len(names)} segments"


def _blocks(told: Sequence[Matter]) -> Iterator[str]:
    if len(told) == 1:
        yield _details(told[0])
        return
    for matter in told[:BLOCKS]:
        yield f"{_headline(matter)}\n{_details(matter)}"
    if len(told) > BLOCKS:
        yield _and_more(told)


def _and_more(told: Sequence[Matter]) -> str:
    return f"and {len(told) - BLOCKS} more: netguard findings list"


def _headline(matter: Matter) -> str:
    """Return `critical, back: gateway-hijack 198.51.100.1, ds0142 on cat1 Fa0/3`."""
    if matter.over:
        return f"{matter.word}: {_subject(matter)}"
    word = "" if matter.word == "new" else f", {matter.word}"
    return f"{matter.severity}{word}: {_subject(matter)}"


def _details(matter: Matter) -> str:
    segment = _segment(matter)
    where = f"{segment}, " if segment else ""
    return f"{_summary(matter)}\n{where}{_when(matter)}\nnext: {_next(matter)}"


def _lines(told: Sequence[Matter]) -> Iterator[Line]:
    for matter in told[:BLOCKS]:
        text = f"{_headline(matter)}: {_summary(matter)} next: {_next(matter)}"
        severity: Severity = "notice" if matter.over else matter.severity
        yield Line(finding=matter.last.finding, word=matter.word, severity=severity, text=text)
    if len(told) > BLOCKS:
        yield Line(finding="", word="new", severity="notice", text=_and_more(told))


def _subject(matter: Matter) -> str:
    """Return kind, address (or what else it is about), the one who did it, and his port."""
    finding, (kind, *_, subject) = matter.finding, matter.last.finding.split("/", 2)
    if finding is None:
        return _one_line(f"{kind} {subject}")
    what, who = str(finding.address or subject), _who(finding)
    return _one_line(f"{kind} {what}{f', {who}' if who and who != what else ''}")


def _who(finding: Finding) -> str:
    found = suspects(finding)
    if not found:
        return finding.server or ""
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{_suspect(found[0])}{more}"


def _suspect(claimant: Claimant) -> str:
    who = claimant.server or claimant.mac
    place = claimant.location
    return f"{who} on {place.device} {place.port}" if place else who


def _segment(matter: Matter) -> str:
    return _one_line(matter.finding.segment or "") if matter.finding else ""


def _summary(matter: Matter) -> str:
    text = _one_line(matter.finding.summary if matter.finding else matter.last.summary)
    return f"It was: {text}" if matter.over else text


def _when(matter: Matter) -> str:
    began, last = stamp(matter.began.at), stamp(matter.last.at)
    return {
        "new": f"since {began}",
        "back": f"since {began}",
        "worse": f"worse since {last}",
        "over": f"over at {last}",
        "began and ended": f"from {began} to {last}",
    }[matter.word]


def _next(matter: Matter) -> str:
    """Return the one command to run next."""
    if matter.finding is None or matter.over:
        return _one_line(shlex.join(("netguard", "findings", "show", matter.last.finding)))
    return _one_line(matter.finding.advice)


def stamp(moment: datetime) -> str:
    """Return a time as people are told it."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _one_line(text: str) -> str:
    return " ".join(text.split())
