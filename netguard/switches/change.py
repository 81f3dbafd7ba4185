"""The one function that changes a port. The guards stand in it, whoever calls.

In order: guards, write-ahead, look the port up on the device, SET, read back, see whether the
trouble is gone, write down what came of it. Once the order is sent nothing stops it half way: a
Ctrl-C then only saves the last look.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from netguard.history import Action, NotBegun, Order, Outcome, PortStatus
from netguard.journal import Journal
from netguard.shutdown import Plan, plan
from netguard.situation import Situation
from netguard.switches.switch import NoSuchPort, PortState, Switch
from probes.errors import ProbeError

OBEYS = 2.0  # seconds that a device may take until ifAdminStatus is what was ordered
SETTLES = 5.0  # and ifOperStatus, which net-snmp, for one, looks at every three seconds only
_AGAIN = 0.02
Tell = Callable[[str], None]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one attempt; `record` is its last word in the history."""

    plan: Plan
    record: Action


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """All that one attempt needs beside the situation.

    `connect` gives the driver once it is needed. `verify` looks whether the trouble is gone and is
    called only once the port is as wanted; its answer is None where nobody can say. `tell` hears
    of each step. `lifted` are overridden guards.
    """

    action_id: str
    order: Order
    pid: int
    connect: Callable[[], Switch]
    journal: Journal
    clock: Callable[[], datetime]
    verify: Callable[[], Awaitable[bool | None]]
    lifted: Collection[str] = ()
    save: bool = False
    tell: Tell = lambda _step: None


async def change(situation: Situation, attempt: Attempt) -> Result:
    """Close or open the port, unless a guard refuses; return what became of it.

    Raises only where nothing was sent: the journal's refusal. Whatever the device does, and
    however it answers, is told in the result.
    """
    decided = plan(situation, attempt.lifted)
    if decided.refused_by:
        return refused(decided, attempt, "; ".join(_reasons(decided)))
    switch = attempt.connect()
    try:
        return await _begun(decided, attempt, switch, _most(situation, attempt))
    finally:
        await switch.close()


def _most(s: Situation, attempt: Attempt) -> int | None:
    """Return how many closings an hour may have: the guard's answer may be too old by now."""
    lifted = "per-hour" in attempt.lifted and not s.automatic
    return None if lifted or s.change == "restore" else s.settings.per_hour


async def _begun(decided: Plan, attempt: Attempt, switch: Switch, most: int | None) -> Result:
    intent = record(decided, attempt, step="intent")
    attempt.tell("writing down what is about to be done")
    try:
        attempt.journal.begin(intent, most=most)
    except NotBegun as error:
        return refused(decided, attempt, error.message, by=(error.guard,))
    try:
        await asyncio.sleep(0)  # the last moment at which a Ctrl-C stops it
    except asyncio.CancelledError:
        return _end(decided, attempt, "refused", detail="interrupted before anything was sent")
    return await _sent(decided, attempt, switch)


def refused(decided: Plan, attempt: Attempt, detail: str, *, by: tuple[str, ...] = ()) -> Result:
    """Write down that nothing was sent, and why."""
    word = record(decided, attempt, step="refused", outcome="refused", detail=detail)
    word = msgspec.structs.replace(word, refused_by=by or decided.refused_by)
    attempt.journal.end(word)
    return Result(plan=decided, record=word)


def record(decided: Plan, attempt: Attempt, **what: Any) -> Action:  # noqa: ANN401 - Action's fields
    """Return a record of this attempt for the history."""
    return Action(
        action_id=attempt.action_id,
        at=attempt.clock(),
        order=attempt.order,
        port=decided.port,
        if_index=decided.if_index,
        pid=attempt.pid,
        stations=tuple(one.mac for one in decided.stations),
        server=decided.server,
        customer=decided.customer,
        refused_by=decided.refused_by,
        lifted=tuple(v.guard for v in decided.verdicts if v.lifted),
        before=decided.before,
        **what,
    )


def _reasons(decided: Plan) -> list[str]:
    return [f"{v.guard}: {v.reason}" for v in decided.verdicts if v.reason and not v.lifted]


def _end(decided: Plan, attempt: Attempt, outcome: Outcome, **what: Any) -> Result:  # noqa: ANN401 - Action's fields
    word = record(decided, attempt, step="outcome", outcome=outcome, **what)
    attempt.journal.end(word)
    return Result(plan=decided, record=word)


async def _sent(decided: Plan, attempt: Attempt, switch: Switch) -> Result:
    sending = _Sending(decided, attempt, switch)
    interrupted = await _whatever_happens(sending.run())
    if sending.outcome != "done":
        return _end(
            decided,
            attempt,
            sending.outcome,
            reply=sending.reply,
            after=sending.after,
            detail=sending.detail,
        )
    cleared = None
    detail = "interrupted before the last look" if interrupted else ""
    if not interrupted:
        attempt.tell("looking whether the trouble is gone")
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0)  # a Ctrl-C from just now is not to come any later
            cleared = await attempt.verify()
    return _end(
        decided,
        attempt,
        "done",
        reply=sending.reply,
        after=sending.after,
        conflict_cleared=cleared,
        detail="; ".join(filter(None, (sending.detail, detail))),
    )


async def _whatever_happens(work: Coroutine[Any, Any, None]) -> bool:
    """Run the work to its end; return whether somebody wanted to stop it meanwhile."""
    task = asyncio.ensure_future(work)
    interrupted = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
            interrupted = True
    task.result()
    return interrupted


class _Sending:
    """The part that is never left half way: find the port, SET, read back."""

    def __init__(self, decided: Plan, attempt: Attempt, switch: Switch) -> None:
        self.outcome: Outcome = "failed"
        self.reply = ""
        self.detail = ""
        self.after: PortStatus | None = None
        self._plan = decided
        self._attempt = attempt
        self._switch = switch
        self._up = decided.change == "restore"

    async def run(self) -> None:
        """Leave what happened in `outcome`, `reply`, `after` and `detail`."""
        switch, tell = self._switch, self._attempt.tell
        try:
            await switch.prepare()
            tell(f"looking up {self._plan.port} on the device")
            port = await switch.find(self._plan.port.port)
            if self._renumbered(port):
                return
            tell(f"setting ifAdminStatus {'up' if self._up else 'down'}")
            self.reply = await switch.set_admin_status(port, up=self._up)
        except ProbeError as error:
            self.detail = "; ".join(
                filter(None, (f"nothing was sent: {error.detail}", error.remedy))
            )
            return
        tell("reading back")
        await self._read_back(port)
        if self.outcome == "done" and self._attempt.save:
            tell("saving the configuration")
            await self._save()

    def _renumbered(self, port: PortState) -> bool:
        """Tell whether the name means another interface than the guards have judged."""
        if port.if_index in (None, self._plan.if_index):
            return False
        self.detail = (
            f"nothing was sent: {self._plan.port} was ifIndex {self._plan.if_index} when the guards"
            f" looked, and is {port.if_index} now. Run it again."
        )
        return True

    async def _read_back(self, port: PortState) -> None:
        """Read until the port is as wanted, or time is up; only this decides the outcome."""
        began = asyncio.get_running_loop().time()
        while True:
            try:
                state = await self._switch.again(port)
            except NoSuchPort as error:
                self.outcome = "unconfirmed"
                self.detail = error.detail
                return
            except ProbeError as error:
                self.outcome = "unconfirmed"
                self.detail = f"sent, but it could not be read back: {error.detail}"
                return
            self.after = state.status
            if self._settled(state.status):
                return
            patience = OBEYS if state.status.admin == self._plan.before.admin else SETTLES
            if asyncio.get_running_loop().time() > began + patience:
                return
            await asyncio.sleep(_AGAIN)

    def _settled(self, status: PortStatus) -> bool:
        """Judge a reading; say whether there is no need for another."""
        wanted, before = "up" if self._up else "down", self._plan.before
        if status.admin == wanted and (self._up or status.oper != "up"):
            self.outcome, self.detail = "done", ""
            return True
        if status.admin == wanted or (status.oper != before.oper and not self._up):
            still = "still " if status.oper == before.oper else ""
            self.outcome = "unconfirmed"
            self.detail = (
                f"ifAdminStatus is {status.admin}, but ifOperStatus is {still}{status.oper}"
            )
        else:
            self.outcome = "failed"
            self.detail = f"the device did not do it; it said: {self.reply}"
        return False

    async def _save(self) -> None:
        try:
            said = await self._switch.save()
        except ProbeError as error:
            said = str(error)
        self.detail = f"configuration: {said}"
