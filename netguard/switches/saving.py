"""Makes the running configuration the one a device starts with, over SNMP, and watches it do so."""

import asyncio
from contextlib import suppress
from secrets import randbelow

from netguard.switches.platforms import SAVING, Saving, in_row
from netguard.switches.writing import Said, Writer
from probes.errors import ProbeError

SAVED = "saved"

_LAST_ROW = 2**31 - 1
_LOOK_AGAIN = 0.1
_SILENT, _ABSENT = "nothing", "that it knows nothing of it"


async def save(writer: Writer, platform: str, *, within: float) -> str:
    """Save in the first way that the platform knows and the device has.

    Returns "saved", or what came of it instead within so many seconds.
    Raises NoAnswer, Refused or Malformed where nothing was sent.
    """
    await writer.prepare()
    for way in SAVING.get(platform, ()):
        if not way.standing or await writer.get((way.state,)):
            return await _save(writer, in_row(way, randbelow(_LAST_ROW) + 1), within)
    return f"not saved: no way to do it over SNMP is known for this {platform} device"


async def _save(writer: Writer, way: Saving, within: float) -> str:
    said = await writer.order(way.order)
    deadline = asyncio.get_running_loop().time() + within
    worked = False  # whether the device was seen at it, whatever it said to the order
    while True:
        state = await _state(writer, way)
        result = _result(way, said, state, worked=worked)
        if result:
            return result if state == _ABSENT else await _ended(writer, way, result)
        worked |= state not in {_SILENT, _ABSENT}
        if asyncio.get_running_loop().time() > deadline:
            return f"not confirmed within {within:g} s: {said.text}; the device says {state}"
        await asyncio.sleep(_LOOK_AGAIN)


async def _state(writer: Writer, way: Saving) -> str:
    """Return the device's word for how far it is; one that is busy writing may not answer."""
    try:
        found = await writer.get((way.state,))
    except ProbeError:
        return _SILENT
    value = found.get(way.state)
    return way.states.get(value, str(value)) if isinstance(value, int) else _ABSENT


def _result(way: Saving, said: Said, state: str, *, worked: bool) -> str:
    """Return what came of it, or nothing while that is not known."""
    refused = said.heard and not said.accepted
    if state == way.failed:
        return f"not saved: the device says {state}"
    if state == way.done and (said.accepted or worked or not way.standing):
        return SAVED
    if state == way.done or (state == _ABSENT and refused):
        return f"not saved: {said.text}"
    return ""


async def _ended(writer: Writer, way: Saving, result: str) -> str:
    """Add the device's reason for a failure, and take the row away that the order has made."""
    with suppress(ProbeError):
        if result != SAVED and way.cause:
            code = (await writer.get((way.cause,))).get(way.cause)
            result += f" ({way.causes.get(code, code)})" if isinstance(code, int) else ""
        if way.cleanup:
            await writer.order(way.cleanup)
    return result
