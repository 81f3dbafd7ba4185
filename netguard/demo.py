"""The whole story on a practice network: healthy, broken twice, found and located each time.

Nothing here knows how netguard finds things. Each act breaks the network for real, runs the same
`netguard sweep --json` that an operator runs, and compares its answer with the lab's own truth.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from netguard.errors import NetguardError
from netguard.lab.control import Lab
from netguard.lab.topology import STATION


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Something to break, who then is the culprit, and the kind of finding that must come of it."""

    scenario: str
    story: str
    culprit: str
    kind: str


ACTS = (
    Act(
        scenario="duplicate-address-other-switch",
        story="The customer on ds0006 types the address of ds0002, on another switch.",
        culprit="ds0006",
        kind="address-conflict",
    ),
    Act(
        scenario="gateway-hijack",
        story="The customer on ds0004 types the default gateway's address as his own.",
        culprit="ds0004",
        kind="gateway-hijack",
    ),
)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One act as it went: what was broken, what the sweep said, and whether that is the truth.

    `culprit` is the server that really did it and `port` where it really hangs; `named` is what
    the sweep says of the impostor. In the healthy step all three are null.
    """

    scenario: str | None
    story: str
    report: dict[str, Any]
    culprit: str | None = None
    port: str | None = None
    named: str | None = None
    right: bool


def play(lab: Lab, tell: Callable[[str], None]) -> Iterator[Step]:
    """Yield the healthy step, then one for each act; what an act broke is mended after it."""
    yield healthy(sweep(lab))
    for act in ACTS:
        tell(act.story)
        lab.break_(act.scenario)
        yield judged(act, sweep(lab), where(lab, act.culprit))
        lab.mend(act.scenario)


def healthy(report: dict[str, Any]) -> Step:
    """Judge the sweep of the network as it was built: it must find nothing, and miss nothing."""
    return Step(
        scenario=None,
        story="Nothing is broken.",
        report=report,
        right=not report["findings"] and not report["gaps"],
    )


def judged(act: Act, report: dict[str, Any], port: str) -> Step:
    """Compare what the sweep says with what was really done."""
    findings = [f for f in report["findings"] if f["kind"] == act.kind]
    impostors = [c for f in findings for c in f["claimants"] if c["role"] == "impostor"]
    named = [f"{c['server']} on {place(c['location'])}" for c in impostors]
    return Step(
        scenario=act.scenario,
        story=act.story,
        report=report,
        culprit=act.culprit,
        port=port,
        named=", ".join(named) or None,
        right=named == [f"{act.culprit} on {port}"] and len(report["findings"]) == 1,
    )


def place(location: dict[str, Any] | None) -> str:
    """Return `cat1 Fa0/4`, or that nobody knows."""
    return f"{location['device']} {location['port']}" if location else "an unknown port"


def where(lab: Lab, host: str) -> str:
    """Return the switch port that the host really hangs on."""
    (machine,) = (h for h in lab.status().hosts if h.name == host)
    return next(i.wire for i in machine.interfaces if i.up and i.wire)


def sweep(lab: Lab) -> dict[str, Any]:
    """Run `netguard sweep --json` on the lab's monitoring station."""
    command = [sys.executable, "-P", "-m", "netguard", "sweep", "--json"]
    done = subprocess.run(  # noqa: S603 - our own program, in our own lab
        lab.command(STATION, command), stdout=subprocess.PIPE, text=True, check=False
    )
    try:
        report: dict[str, Any] = msgspec.json.decode(done.stdout)
    except msgspec.DecodeError:
        raise NetguardError(
            f"the sweep on the lab's monitoring station failed with exit code {done.returncode}",
            remedy="`netguard doctor` says what this machine lacks.",
        ) from None
    return report
