"""What netguard does by itself, where the configuration allows it: proven, once, and told."""

import asyncio
from collections.abc import Iterable

import msgspec

from netguard.alerts import Message, send
from netguard.collect import Clock
from netguard.config import Config
from netguard.emergency.acting import attempt, carry_out, order_for, without_port
from netguard.emergency.disputes import dispute_of
from netguard.emergency.gathering import gather, situation, with_claims
from netguard.emergency.known import Known, know, standing_closings
from netguard.emergency.placing import NoSuchThing, Unplaced, Wanted, accused, station_port
from netguard.emergency.report import PortReport, found, unplaced
from netguard.findings import Finding, Severity, incident
from netguard.history import Action, Change
from netguard.shutdown import plan
from netguard.situation import Situation, ways
from netguard.view import DeviceView, View
from probes.records import Gap

WHO = "netguard"
_DO: dict[Change, str] = {"shutdown": "close", "restore": "open"}
_DONE: dict[Change, str] = {"shutdown": "closed", "restore": "opened"}


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """Something done or declined unattended, in one sentence; `gaps` are alerts that failed."""

    report: PortReport
    sentence: str
    gaps: tuple[Gap, ...] = ()


async def act_on_policy(
    config: Config, view: View, findings: Iterable[Finding], *, clock: Clock
) -> tuple[Deed, ...]:
    """Close the ports of proven impostors in the look just taken, as far as `automatic` goes.

    Declined is what a guard refuses; that is told once for each incident and reason. A finding
    that a person has acknowledged is left to that person, and one that this look did not see is
    no reason to do anything.
    """
    due = [
        finding
        for finding in findings
        if finding.kind in config.shutdown.automatic
        and finding.state == "open"
        and finding.last_seen == view.now
    ]
    telling = []  # aside: the next port does not wait for a service that is slow
    for finding in due:
        known = know(config)  # anew: what was just done counts
        report = await _deed(config, view, finding, known, clock=clock)
        if report is not None:
            telling.append(asyncio.create_task(_told(config, report, finding)))
    return tuple(await asyncio.gather(*telling))


async def _deed(
    config: Config, view: View, finding: Finding, known: Known, *, clock: Clock
) -> PortReport | None:
    """Return what was done or declined; None where that was declined before."""
    try:
        s = await _situation(config, view, finding, known, clock=clock)
    except Unplaced as lost:
        return _unplaced(finding, known, lost, clock=clock)
    order = order_for(s, who=WHO, reason=finding.summary)
    decided = plan(s)
    if decided.refused_by and _said(known, order.incident, decided.refused_by):
        return None
    return await carry_out(s, attempt(config, s, known, order, clock=clock), known)


async def _situation(
    config: Config, view: View, finding: Finding, known: Known, *, clock: Clock
) -> Situation:
    target = accused(Wanted(change="shutdown", finding=finding))
    segment = next(s for s in config.inventory.segments if s.name == finding.segment)
    found_ways = ways(view)
    port = station_port(str(target), found_ways[0], segment.vlan)
    s = await situation(config, view, found_ways, port, known, automatic=True, clock=clock)
    s = msgspec.structs.replace(s, target=target, finding=finding)
    return with_claims(s, dispute_of(finding, (segment,)))


def _unplaced(finding: Finding, known: Known, lost: Unplaced, *, clock: Clock) -> PortReport | None:
    """Decline because there is no port to close; the history has it without one."""
    if _said(known, incident(finding), (lost.guard,)):
        return None
    return without_port(finding, known, lost, who=WHO, clock=clock)


def _said(known: Known, incident: str | None, refused_by: tuple[str, ...]) -> bool:
    """Tell whether this refusal of this incident stands in the history already."""
    return any(
        a.step == "refused"
        and a.order.automatic
        and a.order.incident == incident
        and a.refused_by == refused_by
        for a in known.journal.actions(None) or ()
    )


async def not_closed_any_more(config: Config, view: View, *, clock: Clock) -> tuple[Deed, ...]:
    """Tell of ports that netguard closed and that are up again in the look just taken.

    A restart of the switch does that, unless the configuration was saved; or a person did.
    """
    known = know(config)
    deeds = []
    for closing in standing_closings(known):
        device = view.devices.get(closing.port.device)
        ports = device.interfaces if device else ()
        if any(p.name == closing.port.port and p.admin_status == "up" for p in ports):
            deeds.append(await _found_open(config, known, closing, device, clock=clock))
    return tuple(deeds)


async def _found_open(
    config: Config, known: Known, closing: Action, device: DeviceView | None, *, clock: Clock
) -> Deed:
    up_time = device.system.up_time if device and device.system else None
    restarted = up_time is not None and up_time < (clock() - closing.at).total_seconds()
    why = f"{closing.port.device} was restarted since" if restarted else "somebody opened it"
    word = msgspec.structs.replace(
        closing, step="found", at=clock(), outcome="failed", detail=f"it is up again: {why}"
    )
    known.journal.end(word)
    report = found(word)
    sentence = f"{closing.port}, which netguard closed, is up again: {why}"
    message = Message(severity="warning", title=f"netguard: {sentence}", body=closing.order.reason)
    return Deed(report=report, sentence=sentence, gaps=await send(config, message))


async def open_again(config: Config, *, clock: Clock) -> tuple[Deed, ...]:
    """Open what was closed unattended `restore_after` ago, if its trouble is over.

    What a person closed, a person opens.
    """
    patience = config.shutdown.restore_after
    if not patience:
        return ()
    due = [
        closing
        for closing in standing_closings(know(config))
        if closing.order.automatic and (clock() - closing.at).total_seconds() >= patience
    ]
    deeds = []
    for closing in due:
        deeds += await _opened(config, closing, know(config), clock=clock)
    return tuple(deeds)


async def _opened(config: Config, closing: Action, known: Known, *, clock: Clock) -> list[Deed]:
    finding = known.finding(closing.order.finding or "")
    if finding is None or finding.state != "resolved":
        return []  # its trouble has not been seen to end yet
    wanted = Wanted(change="restore", port=closing.port, automatic=True)
    try:
        s = await gather(config, wanted, known, clock=clock, progress=lambda *_: None)
    except (NoSuchThing, Unplaced) as lost:
        report = unplaced("not-a-managed-port", lost.message, change="restore", finding=finding.id)
        return [Deed(report=report, sentence=f"cannot open {closing.port}: {lost.message}")]
    order = order_for(s, who=WHO, reason="`restore_after` is over, and its station is quiet")
    decided = plan(s)
    if decided.refused_by and _said(known, order.incident, decided.refused_by):
        return []
    report = await carry_out(s, attempt(config, s, known, order, clock=clock), known)
    return [await _told(config, report, finding)]


async def _told(config: Config, report: PortReport, finding: Finding) -> Deed:
    sentence = _sentence(report)
    severity: Severity = "warning" if report.outcome == "refused" else "critical"
    lines = [finding.summary, sentence, report.detail, *_next(report)]
    body = "\n".join(filter(None, lines))
    gaps = await send(config, Message(severity=severity, title=f"netguard: {sentence}", body=body))
    return Deed(report=report, sentence=sentence, gaps=gaps)


def _next(report: PortReport) -> list[str]:
    return [f"undo: {report.undo}"] if report.undo else ["see: netguard port history"]


def _sentence(report: PortReport) -> str:
    done = _DONE[report.change]
    where = f"{report.device} {report.port}" if report.port else f"the port of {report.finding}"
    match report.outcome:
        case "done":
            return f"{done} {where}{_ending(report)}"
        case "refused":
            return f"did not {_DO[report.change]} {where}: {', '.join(report.refused_by)}"
        case "failed":
            return f"tried, but {where} is as it was"
        case _:
            return f"tried, and {where} may or may not be {done}: look now"


def _ending(report: PortReport) -> str:
    words = {True: ", and the trouble is over", False: ", but the trouble goes on", None: ""}
    return words[report.conflict_cleared]
