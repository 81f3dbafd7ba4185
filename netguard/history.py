"""What was done to ports, and what was declined: records that are only ever appended, in a chain.

Each record carries the digest of the one before it, so none can be changed, taken out or put in
between without the chain breaking there. Whoever has noted the last digest elsewhere (netguard
writes each to syslog) also sees whether records at the end are missing.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from netguard.inventory import SwitchPort

Change = Literal["shutdown", "restore"]
# planned: asked only. refused: nothing was sent. failed: the port is as it was. unconfirmed: sent,
# and nobody knows what became of it: look now.
Outcome = Literal["planned", "done", "refused", "failed", "unconfirmed"]
# intent stands before the SET and outcome after it; refused is all there is of what was not tried;
# found is what a later command saw of an intent whose process ended before its outcome.
Step = Literal["intent", "outcome", "refused", "found"]

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
        """The record that the text spells."""
        return msgspec.json.decode(self.text, type=Action)


def written(action: Action) -> str:
    """Return the text that a record is kept and chained as."""
    return msgspec.json.encode(action).decode()


def digest(previous: str, text: str) -> str:
    """Return the digest of a record that follows the one with digest `previous` (SHA-256)."""
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def broken_link(entries: Iterable[Entry]) -> Entry | None:
    """Return the first record that is not what was appended, None where the chain holds."""
    last = START
    for entry in entries:
        if entry.previous != last or entry.digest != digest(last, entry.text):
            return entry
        last = entry.digest
    return None


def unfinished(actions: Iterable[Action]) -> tuple[Action, ...]:
    """Return the intents of which no outcome is known: under way, or broken off."""
    open_: dict[str, Action] = {}
    for action in actions:
        if action.step == "intent":
            open_[action.action_id] = action
        else:
            open_.pop(action.action_id, None)
    return tuple(open_.values())
