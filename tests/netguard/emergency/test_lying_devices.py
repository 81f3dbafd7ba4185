"""Devices that lie about an order: the exit code, the history and the port itself say the same."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from netguard.lab.control import Lab
from probes.mibs.if_mib import IF_ADMIN_STATUS, IF_NAME, IF_OPER_STATUS
from tests.relay import Manner, Question, Relay, echo, honest, relay, rewritten
from tests.snmp_agent import GEN_ERR, SET, dotted, integer, octets
from tests.station import Run, report_of, station
from tests.switch_agent import UP

pytestmark = [pytest.mark.packets, pytest.mark.slow]

CAT1 = "192.0.2.11"
MON = "192.0.2.10"  # the station itself, on which the relay stands
SHUT = ("port", "shutdown", "cat1", "Fa0/3", "--reason", "drill", "--yes")


def accepts_and_does_nothing(question: Question) -> bytes:
    return echo(question.request) if question.request.pdu == SET else question.forward()


def swallows(question: Question) -> bytes | None:
    return None if question.request.pdu == SET else question.forward()


def obeys_and_says_gen_err(question: Question) -> bytes:
    said = question.forward()
    return echo(question.request, error=GEN_ERR) if question.request.pdu == SET else said


def obeys_and_falls_silent(question: Question) -> bytes | None:
    return None if question.ordered else question.forward()


def shows_the_old(column: str) -> Manner:
    """Obey, and go on showing a status as it was."""

    def manner(question: Question) -> bytes:
        said = question.forward()
        return rewritten(said, dotted(column), integer(UP)) if question.ordered else said

    return manner


def renumbers(question: Question) -> bytes:
    said = question.forward()
    return rewritten(said, dotted(IF_NAME), octets(b"Fa0/9")) if question.ordered else said


class Lie(NamedTuple):
    """How a device lies, what must be said of it, and how the port really is."""

    manner: Manner
    code: int
    outcome: str
    line: str
    really: str


DID_NOT = "FAILED cat1 Fa0/3 is as it was: the device did not do it; it said: "
LOOK_NOW = "UNCONFIRMED cat1 Fa0/3 may or may not be closed: look now: "
CLOSED = "DONE cat1 Fa0/3 closed: admin down, oper down"
SILENCE = "no answer within 0.5 s; a write community that the device does not know looks the same"
UNREADABLE = "sent, but it could not be read back: no SNMP answer to 2 requests, 0.5 s each"
RENUMBERED = "the device has renumbered its ports: ifIndex 10003 was 'Fa0/3' and is 'Fa0/9' now"
STILL_UP = "ifAdminStatus is down, but ifOperStatus is still up"
CONTRADICTS = "ifAdminStatus is up, but ifOperStatus is down"
LIES = {
    "does nothing, says noError": Lie(
        accepts_and_does_nothing, 1, "failed", f"{DID_NOT}noError", "up"
    ),
    "does nothing, says nothing": Lie(swallows, 1, "failed", f"{DID_NOT}{SILENCE}", "up"),
    "obeys, says genErr": Lie(obeys_and_says_gen_err, 0, "done", CLOSED, "down"),
    "obeys, renumbers": Lie(renumbers, 4, "unconfirmed", LOOK_NOW + RENUMBERED, "down"),
    "obeys, shows ifOperStatus up": Lie(
        shows_the_old(IF_OPER_STATUS), 4, "unconfirmed", LOOK_NOW + STILL_UP, "down"
    ),
    "obeys, shows ifAdminStatus up": Lie(
        shows_the_old(IF_ADMIN_STATUS), 4, "unconfirmed", LOOK_NOW + CONTRADICTS, "down"
    ),
}


@pytest.fixture
def wire(lab: Lab) -> Iterator[Relay]:
    """A relay between the station and cat1, honest until told otherwise."""
    with relay(lab, "mon", (CAT1, 161), MON) as wire:
        yield wire


@pytest.fixture
def netguard(lab: Lab, wire: Relay, tmp_path: Path) -> Run:
    """Run netguard with cat1 behind the relay, and little patience."""
    edits = (
        (f'address = "{CAT1}"', f'address = "{wire.address}"'),
        ("timeout = 1.0\nretries = 2", "timeout = 0.5\nretries = 1"),
    )
    run = station(lab, tmp_path)
    return lambda *arguments: run(*arguments, edits=edits)


def really(lab: Lab) -> str:
    """Ask the kernel whether the cable in Fa0/3 carries a signal."""
    (switch,) = (host for host in lab.status().hosts if host.name == "cat1")
    return next("up" if one.up else "down" for one in switch.interfaces if one.name == "Fa0/3")


def history_of(netguard: Run) -> list[dict[str, Any]]:
    records: Any = report_of(netguard("port", "history", "--json"))
    return list(records)


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_told_in_one_line_and_written_down_as_what_is_known(
    lab: Lab, wire: Relay, netguard: Run, name: str
) -> None:
    lie = LIES[name]
    wire.manner = lie.manner
    done = netguard(*SHUT)
    wire.manner = honest
    line, *more = done.stdout.splitlines()
    assert (done.returncode, line) == (lie.code, lie.line), done.stderr
    assert [word.split()[0] for word in more] == ([] if lie.outcome == "failed" else ["undo:"])
    assert "Traceback" not in done.stderr
    assert really(lab) == lie.really
    assert len(wire.orders) == 1  # no order is ever sent twice
    intent, outcome = history_of(netguard)
    assert (intent["step"], intent["outcome"]) == ("intent", None)
    assert (outcome["step"], outcome["outcome"]) == ("outcome", lie.outcome)


def test_once_a_silent_device_speaks_again_the_port_is_shown_as_it_is_and_can_be_opened(
    lab: Lab, wire: Relay, netguard: Run
) -> None:
    wire.manner = obeys_and_falls_silent
    done = netguard(*SHUT, "--json")
    report = report_of(done)
    assert (done.returncode, report["outcome"]) == (4, "unconfirmed"), done.stderr
    assert (report["after"], report["detail"]) == (None, UNREADABLE)
    assert (really(lab), len(wire.orders)) == ("down", 1)
    wire.manner = honest
    shown = netguard("port", "show", "cat1", "Fa0/3")
    assert "admin down, oper down" in shown.stdout
    assert "unconfirmed" in shown.stdout
    assert "unfinished" not in shown.stderr  # how it ended is written down: nobody knows it
    undone = netguard(*shlex.split(report["undo"])[3:], "--yes")
    assert (undone.returncode, really(lab)) == (0, "up"), undone.stdout + undone.stderr
    ends = [r["outcome"] for r in history_of(netguard) if r["step"] == "outcome"]
    assert ends == ["unconfirmed", "done"]
