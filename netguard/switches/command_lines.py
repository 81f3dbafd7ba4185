"""How the makes of devices are told to change a port on a command line: a make is data, not code.

Names of ports come from devices, so only what can be nothing but a port's name ever gets into a
command: letters without blanks, and numbers.
"""

import re
from collections.abc import Mapping

import msgspec

from netguard.history import PortStatus, one_line

_PORT = re.compile(r"(?P<letters>[0-9]*[A-Za-z][A-Za-z-]*)? ?(?P<numbers>[0-9][0-9/.]*)")
_STATE = re.compile(r"\s*(?P<port>\S+) is (?P<state>[^,]+), line protocol is (?P<protocol>\w+)")
_COMPLAINT = re.compile(
    r"\s*(%|invalid|error|unknown|unrecognized|ambiguous|incomplete)", re.IGNORECASE
)
_CLOSED = ("administratively down", "disabled")
_OPEN = ("up", "down", "err-disabled")
_LONGEST = 300
_ETHERNET = "ethernet"


class CommandLine(msgspec.Struct, frozen=True, kw_only=True):
    """One make's words. `ethernet` means that every port is called `ethernet 1/3`, at any speed."""

    no_paging: str
    down: str
    up: str
    ethernet: bool
    show: str = "show interfaces {}"
    interface: str = "interface {}"
    save: str = "write memory"


COMMAND_LINES: Mapping[str, CommandLine] = {
    "catalyst": CommandLine(
        no_paging="terminal length 0", down="shutdown", up="no shutdown", ethernet=False
    ),
    "foundry": CommandLine(
        no_paging="skip-page-display", down="disable", up="enable", ethernet=True
    ),
}


def argument(make: CommandLine, name: str) -> str | None:
    """Return what a command takes for the port with this if_name; None where it is no port's."""
    port = _PORT.fullmatch(name)
    if port is None:
        return None
    letters = port["letters"] or ""
    if make.ethernet:
        ours = not letters or letters.casefold().endswith(_ETHERNET)
        return f"{_ETHERNET} {port['numbers']}" if ours else None
    return letters + port["numbers"] if letters else None


def states(make: CommandLine, name: str, answer: str) -> list[PortStatus | None]:
    """Return what an answer says of the port `name`, in each place; None for words not known."""
    found = filter(None, map(_STATE.match, answer.splitlines()))
    return [_status(f["state"], f["protocol"]) for f in found if _same(make, name, f["port"])]


def complaint(answer: str) -> str:
    """Return the first line in which a device says that it did not understand; "" if none."""
    lines = filter(_COMPLAINT.match, answer.splitlines())
    return words(next(lines, ""))


def words(answer: str) -> str:
    """Return what a device said in one short line that a terminal shows as it is."""
    text = "; ".join(line.strip() for line in answer.splitlines() if line.strip())
    return one_line(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


def _same(make: CommandLine, name: str, said: str) -> bool:
    """Tell whether `FastEthernet0/3` is the port that was asked about as `Fa0/3`."""
    ours, theirs = _PORT.fullmatch(name), _PORT.fullmatch(said)
    if ours is None or theirs is None or ours["numbers"] != theirs["numbers"]:
        return False
    letters = (theirs["letters"] or "").casefold()
    if make.ethernet:
        return letters.endswith(_ETHERNET)
    return letters.startswith((ours["letters"] or "").casefold())


def _status(state: str, protocol: str) -> PortStatus | None:
    state = state.strip().casefold()
    oper = "up" if protocol.casefold() == "up" else "down"
    if state.startswith(_CLOSED):
        return PortStatus("down", oper)
    return PortStatus("up", oper) if state.startswith(_OPEN) else None
