"""Carries an attempt out: the driver, the journal, the last look, and the report of it all."""

import os
import secrets
import socket
from collections.abc import Collection
from functools import partial
from pathlib import Path

from netguard.collect import Clock
from netguard.config import Config
from netguard.emergency.aftermath import conflict_cleared
from netguard.emergency.known import Known
from netguard.emergency.placing import Unplaced
from netguard.emergency.report import PortReport, reported, undo, unplaced
from netguard.findings import Finding, incident
from netguard.history import Action, Order
from netguard.inventory import SwitchPort
from netguard.shutdown import plan
from netguard.situation import Situation
from netguard.switches.change import Attempt, Tell, change, refused
from netguard.switches.opening import open_switch

NOWHERE = SwitchPort("-", "-")  # where a refusal happened for want of a port


def order_for(s: Situation, *, who: str, reason: str) -> Order:
    """Return the order that a person, or the policy, gives about a situation."""
    return Order(
        change=s.change,
        who=who,
        host=socket.gethostname(),
        reason=reason,
        automatic=s.automatic,
        finding=s.finding.id if s.finding else None,
        incident=incident(s.finding) if s.finding else None,
    )


def attempt(
    config: Config,
    s: Situation,
    known: Known,
    order: Order,
    *,
    clock: Clock,
    lifted: Collection[str] = (),
    tell: Tell = lambda _step: None,
) -> Attempt:
    """Put together what one attempt needs; nothing is opened yet."""
    view = s.view.devices[s.port.device]
    return Attempt(
        action_id=secrets.token_hex(4),
        order=order,
        pid=os.getpid(),
        connect=partial(open_switch, config, view.device, view.platform),
        journal=known.journal,
        clock=clock,
        verify=partial(conflict_cleared, s, clock=clock),
        lifted=lifted,
        save=view.device.save,
        tell=tell,
    )


async def carry_out(
    s: Situation, trying: Attempt, known: Known, *, config_option: Path | None = None
) -> PortReport:
    """Change the port unless a guard refuses, and return what became of it."""
    result = await change(s, trying)
    word = undo(result.record, remembered=known.gap is None, config=config_option)
    return reported(result, undo=word, gaps=(known.gap,) if known.gap else ())


def decline(s: Situation, trying: Attempt, why: str) -> PortReport:
    """Write down that nothing was tried: a guard refused, or a person did not confirm."""
    return reported(refused(plan(s, trying.lifted), trying, why), undo=None)


def without_port(
    finding: Finding, known: Known, lost: Unplaced, *, who: str, clock: Clock
) -> PortReport:
    """Write down that nothing was tried unattended for want of a port; the history names none."""
    word = Action(
        action_id=secrets.token_hex(4),
        step="refused",
        at=clock(),
        order=Order(
            change="shutdown",
            who=who,
            host=socket.gethostname(),
            reason=finding.summary,
            automatic=True,
            finding=finding.id,
            incident=incident(finding),
        ),
        port=NOWHERE,
        outcome="refused",
        refused_by=(lost.guard,),
        detail=lost.message,
    )
    known.journal.end(word)
    return unplaced(lost.guard, lost.message, change="shutdown", finding=finding.id)
