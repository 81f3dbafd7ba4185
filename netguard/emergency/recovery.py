"""Finds intents whose process ended before their outcome, and says what the port is like now."""

import os
import socket
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from netguard.collect import Clock, read_device
from netguard.config import Config
from netguard.emergency.known import Known
from netguard.history import Action, Outcome, PortStatus

ELSEWHERE = timedelta(minutes=5)  # after which an attempt of another machine is held to be dead


async def recover(config: Config, known: Known, *, clock: Clock) -> tuple[Action, ...]:
    """Return what was found of broken-off attempts, each written down with the port as it is.

    One whose device cannot be read now stays unfinished, and is found again the next time.
    """
    dead = [a for a in known.journal.unfinished() if not _alive(a, clock())]
    return tuple([await _found(config, known, action, clock=clock) for action in dead])


def _alive(action: Action, now: datetime) -> bool:
    """Tell whether the process of an attempt may still be at it."""
    if action.order.host != socket.gethostname():
        return now - action.at < ELSEWHERE
    try:
        begun = Path(f"/proc/{action.pid}").stat().st_ctime
    except FileNotFoundError:
        return False
    # A number may have been given to another process since; this one's own is no other's.
    return begun <= action.at.timestamp() + 1 and action.pid != os.getpid()


async def _found(config: Config, known: Known, action: Action, *, clock: Clock) -> Action:
    word = msgspec.structs.replace(action, step="found", at=clock(), refused_by=())
    device = next((d for d in config.inventory.devices if d.name == action.port.device), None)
    if device is None:
        detail = "broken off, and its device is not in the configuration any more"
        word = msgspec.structs.replace(word, outcome="unconfirmed", detail=detail)
        known.journal.end(word)
        return word
    view = await read_device(config, device, clock=clock)
    port = next((one for one in view.interfaces if one.name == action.port.port), None)
    if port is None:
        why = view.gaps[0].detail if view.gaps else "the device has no such port any more"
        detail = f"broken off, and its port cannot be read now: {why}"
        return msgspec.structs.replace(word, outcome="unconfirmed", detail=detail)
    word = _as_it_is(word, PortStatus(port.admin_status, port.oper_status))
    known.journal.end(word)
    return word


def _as_it_is(word: Action, status: PortStatus) -> Action:
    wanted = "up" if word.order.change == "restore" else "down"
    outcome: Outcome = "done" if status.admin == wanted else "failed"
    detail = f"broken off by the end of its process; the port is {status.admin}/{status.oper} now"
    return msgspec.structs.replace(word, outcome=outcome, after=status, detail=detail)
