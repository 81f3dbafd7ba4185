"""What was done to ports, and what was declined: records that are only ever appended, in a chain.

Each record carries the digest of the one before it, so none can be changed, taken out or put in
between without the chain breaking there. Whoever has noted the last digest elsewhere (netguard
writes each to syslog) also sees whether records at the end are missing.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from netguard.errors import Exit, NetguardError
from netguard.inventory import SwitchPort

Change = Literal["shutdown", "restore"]
# planned: asked only. refused: nothing was sent. failed: the port is as it was. unconfirmed: sent,
# and nobody knows what became of it: look now.
Outcome = Literal["planned", "done", "refused", "failed", "unconfirmed"]
# intent stands before the SET and outcome after it; refused is all there is of what was not tried;
# found is what a later command saw of an intent whose process ended before its outcome.
Step = Literal["intent", "outcome", "refused", "found"]

HOUR = timedelta(hours=1)
START = "0" * 64  # what the first record follows


class PortStatus(msgspec.Struct, frozen=True):
    """IF-MIB ifAdminStatus and ifOperStatus, by their names there."""

    admin: str
    oper: str


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants what changed, why, and for which incident; `automatic` when no person asked.

    `incident` is one opening of one finding: the same trouble, mended and come again, is another.
    """

    change: Change
    who: str
    host: str
    reason: str
    automatic: bool = False
    finding: str | None = None
    incident: str | None = None


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One record of the history. Records of one `action_id` are one attempt.

    `pid` is the process that makes it, on `order.host`. `reply` is what the device said to the
    SET, which decides nothing. `lifted` are the guards that a person overrode.
    """

    action_id: str
    step: Step
    at: datetime
    order: Order
    port: SwitchPort
    if_index: int | None = None
    pid: int = 0
    stations: tuple[str, ...] = ()
    server: str | None = None
    customer: str = ""
    outcome: Outcome | None = None
    refused_by: tuple[str, ...] = ()
    lifted: tuple[str, ...] = ()
    before: PortStatus | None = None
    after: PortStatus | None = None
    conflict_cleared: bool | None = None
    reply: str = ""
    detail: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it is kept: its text, the digest before it, and its own."""

    sequence: int
    text: str
    previous: str
    digest: str

    @property
    def action(self) -> Action:
        """The record that the text spells; raises ValueError where it spells none."""
        return read(self.text)


class NotBegun(NetguardError):
    """The history refuses an intent; `guard` is what is said to have refused."""

    exit_code = Exit.REFUSED
    guard = ""


class HourFull(NotBegun):
    """As many ports were closed within the hour as may be, by whomever."""

    guard = "per-hour"

    def __init__(self, count: int, most: int) -> None:
        super().__init__(f"{count} ports were closed within the hour; {most} may be")


class PortBusy(NotBegun):
    """Somebody else is changing this port, or began to and never said how it ended."""

    guard = "being-changed"

    def __init__(self, busy: Action, now: datetime) -> None:
        order, port = busy.order, busy.port
        seconds = max(0, (now - busy.at).total_seconds())
        super().__init__(
            one_line(
                f"{port}: {order.who} has a {order.change} under way for {seconds:.0f} s, on"
                f" {order.host} (pid {busy.pid}, action {busy.action_id})"
            ),
            remedy=f"Wait for it to end. Has that process died? `netguard port show {port}` tells.",
        )


def written(action: Action) -> str:
    """Return the text that a record is kept and chained as."""
    try:
        return msgspec.json.encode(action).decode()
    except UnicodeEncodeError:  # an argument that is no UTF-8 comes as lone surrogates (PEP 383)
        return msgspec.json.encode(_spelled(msgspec.to_builtins(action))).decode()


def _spelled(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode()
        case dict():
            return {key: _spelled(item) for key, item in value.items()}
        case list() | tuple():
            return [_spelled(item) for item in value]
    return value


def one_line(text: str) -> str:
    """Return a text with all that a terminal or a log could act on spelled as JSON does."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[n : n + 4]}" for n in range(0, len(units), 4))


def read(text: str) -> Action:
    """Return the record that a text spells; raises ValueError where it spells none."""
    try:
        return msgspec.json.decode(text, type=Action)
    except RecursionError as error:  # only a text that nobody appended nests like that
        raise ValueError("it nests too deep") from error


def digest(previous: str, text: str) -> str:
    """Return the digest of a record that follows the one with digest `previous` (SHA-256)."""
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def fault(entry: Entry, last: str) -> str:
    """Return what is wrong with a record that should follow the digest `last`; "" if nothing."""
    if entry.previous != last:
        return "it does not follow the record before it: one is missing, or out of its place"
    if entry.digest != digest(last, entry.text):
        return "its text is not the one that was appended: the digest differs"
    try:
        _ = entry.action
    except ValueError as error:
        return f"its text cannot be read: {error}"
    return ""


def shutdowns(actions: Iterable[Action]) -> int:
    """Return how many attempts closed a port, or may have: all that were not refused or failed."""
    last: dict[str, Outcome | None] = {}
    for action in actions:
        begins = action.step == "intent" and action.order.change == "shutdown"
        if begins or action.action_id in last:
            last[action.action_id] = action.outcome
    return sum(outcome not in {"refused", "failed"} for outcome in last.values())
