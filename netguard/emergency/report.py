"""What is said of an attempt: the stable JSON of `netguard port`, and the command to undo it."""

import shlex
from pathlib import Path

import msgspec

from netguard.history import Action, Change, Outcome, PortStatus
from netguard.inventory import SwitchPort
from netguard.shutdown import Occupant, Plan, Verdict
from netguard.switches.change import Result
from probes.records import Gap

_UNKNOWN = PortStatus("unknown", "unknown")


class PortReport(msgspec.Struct, frozen=True, kw_only=True):
    """One port and what was done to it, or would be; `guards` has every guard's word.

    `outcome` is `planned` where nothing was to be done yet. `conflict_cleared` is null where
    nothing was in dispute, or nobody could be asked.
    """

    action_id: str | None
    device: str | None
    port: str | None
    if_index: int | None
    outcome: Outcome
    refused_by: tuple[str, ...] = ()
    before: PortStatus = _UNKNOWN
    after: PortStatus | None = None
    stations: tuple[Occupant, ...] = ()
    conflict_cleared: bool | None = None
    undo: str | None = None
    change: Change = "shutdown"
    descr: str = ""
    alias: str = ""
    server: str | None = None
    customer: str = ""
    finding: str | None = None
    reason: str = ""
    reply: str = ""
    detail: str = ""
    guards: tuple[Verdict, ...] = ()
    gaps: tuple[Gap, ...] = ()


def planned(decided: Plan, *, finding: str | None = None, gaps: tuple[Gap, ...] = ()) -> PortReport:
    """Return what would be done: refused already, or waiting for a word."""
    return PortReport(
        action_id=None,
        device=decided.port.device,
        port=decided.port.port,
        if_index=decided.if_index,
        outcome="refused" if decided.refused_by else "planned",
        refused_by=decided.refused_by,
        before=decided.before,
        stations=decided.stations,
        change=decided.change,
        descr=decided.descr,
        alias=decided.alias,
        server=decided.server,
        customer=decided.customer,
        finding=finding,
        guards=decided.verdicts,
        gaps=gaps,
    )


def unplaced(guard: str, detail: str, *, change: Change, finding: str | None = None) -> PortReport:
    """Return that no single port could be named, and which guard forbids to guess."""
    return PortReport(
        action_id=None,
        device=None,
        port=None,
        if_index=None,
        outcome="refused",
        refused_by=(guard,),
        change=change,
        finding=finding,
        detail=detail,
    )


def found(word: Action) -> PortReport:
    """Return what a later look says of an attempt."""
    return PortReport(
        action_id=word.action_id,
        device=word.port.device,
        port=word.port.port,
        if_index=word.if_index,
        outcome=word.outcome or "unconfirmed",
        change=word.order.change,
        server=word.server,
        customer=word.customer,
        finding=word.order.finding,
        reason=word.order.reason,
        detail=word.detail,
    )


def reported(result: Result, *, undo: str | None, gaps: tuple[Gap, ...] = ()) -> PortReport:
    """Return what was done."""
    word = result.record
    return msgspec.structs.replace(
        planned(result.plan, finding=word.order.finding, gaps=gaps),
        action_id=word.action_id,
        outcome=word.outcome or "unconfirmed",
        refused_by=word.refused_by,
        after=word.after,
        conflict_cleared=word.conflict_cleared,
        undo=undo if word.outcome in ("done", "unconfirmed") else None,
        reason=word.order.reason,
        reply=word.reply,
        detail=word.detail,
    )


def undo(action: Action, *, remembered: bool, config: Path | None) -> str:
    """Return the command that takes a change back, as it can be pasted into a shell.

    Without a history netguard will not know that the closing was its own, so the command says so.
    """
    back: Change = "restore" if action.order.change == "shutdown" else "shutdown"
    words = ["netguard", *(("--config", str(config)) if config else ()), "port", back]
    words += [*_named(action.port), "--reason", f"undo {action.action_id}"]
    if back == "restore" and not remembered:
        words += ["--override", "not-ours"]
    return shlex.join(words)


def _named(port: SwitchPort) -> tuple[str, str]:
    return port.device, port.port
