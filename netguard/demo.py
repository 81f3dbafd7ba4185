"""The whole story on a practice network: healthy, broken, found, located, closed, undone.

Nothing here knows how netguard finds things. Each act breaks the network for real, runs the same
commands that an operator runs, and compares their answers with the lab's own truth.
"""

import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from netguard.errors import NetguardError
from netguard.lab.control import Lab
from netguard.lab.topology import STATION

VICTIM = "ds0002"  # a server that loses its gateway
OUTSIDE = "203.0.113.10"  # what it wants to reach
VPN, VPN_SERVER, VPN_CLIENT = "vpn-gateway", "ds0002", "roamer"


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


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A server that routes its addresses onward: what `server check` said of it.

    `behind` are the addresses that really answer from behind it, `named` those that it said do.
    """

    scenario: str
    story: str
    report: dict[str, Any]
    server: str
    behind: tuple[str, ...]
    named: tuple[str, ...]
    right: bool


class Cure(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway freed: what `port shutdown` said, and what the network says of it.

    `cut_off` says whether the victim had lost its gateway before, `recovered` whether it reaches
    the outside after, `reopened` whether the undo took the port up again.
    """

    report: dict[str, Any]
    victim: str
    cut_off: bool
    recovered: bool
    reopened: bool
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


def passage(lab: Lab, tell: Callable[[str], None]) -> Passage:
    """Let a customer run a VPN gateway, and ask netguard about his server."""
    story = f"The customer on {VPN_SERVER} asked for 16 addresses; half of them lead to a VPN."
    tell(story)
    lab.break_(VPN)
    report = netguard(lab, "server", "check", VPN_SERVER, "--json")
    behind = addresses_of(lab, VPN_CLIENT)
    lab.mend(VPN)
    forwarded = (a for a in report["addresses"] if a["state"] == "forwarded" and a["alive"])
    named = tuple(sorted(address["address"] for address in forwarded))
    return Passage(
        scenario=VPN,
        story=story,
        report=report,
        server=VPN_SERVER,
        behind=behind,
        named=named,
        right=report["verdict"] == "vpn-gateway" and named == behind,
    )


def addresses_of(lab: Lab, host: str) -> tuple[str, ...]:
    """Return the addresses that a host really has."""
    (machine,) = (h for h in lab.status().hosts if h.name == host)
    return tuple(sorted(a.split("/")[0] for i in machine.interfaces for a in i.addresses))


def cure(lab: Lab, step: Step) -> Cure:
    """Free the gateway as the person on call does, then mend its cause and undo the closing."""
    (finding,) = step.report["findings"]
    cut_off = not reaches_outside(lab, VICTIM)
    shut = ("port", "shutdown", "--finding", finding["id"], "--reason", "demo", "--yes", "--json")
    closed = netguard(lab, *shut, quiet=True)
    recovered = reaches_outside(lab, VICTIM)
    lab.mend(step.scenario)
    undo = shlex.split(closed["undo"] or "")[1:]
    opened = netguard(lab, *undo, "--yes", "--json", quiet=True) if undo else {"outcome": "refused"}
    named = f"{closed['device']} {closed['port']}"
    freed = (closed["outcome"], closed["conflict_cleared"]) == ("done", True)
    reopened = opened["outcome"] == "done"
    return Cure(
        report=closed,
        victim=VICTIM,
        cut_off=cut_off,
        recovered=recovered,
        reopened=reopened,
        right=freed and named == step.port and recovered and reopened,
    )


def reaches_outside(lab: Lab, host: str) -> bool:
    """Say whether a host's packets come back from beyond the gateway: a closed port answers."""
    question = (
        "import errno, socket; s = socket.socket(); s.settimeout(1);"
        f"raise SystemExit(s.connect_ex(({OUTSIDE!r}, 9)) != errno.ECONNREFUSED)"
    )
    command = lab.command(host, [sys.executable, "-c", question])
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - ours, in our lab


def _configuration(lab: Lab) -> Path:
    """Return the lab's configuration, with the gateway announced once an impostor is gone."""
    path = lab.directory / "demo.toml"
    text = lab.config.read_text(encoding="utf-8")
    path.write_text(f"{text}\n[shutdown]\nannounce = true\n", encoding="utf-8")
    return path


def sweep(lab: Lab) -> dict[str, Any]:
    """Run `netguard sweep --json` on the lab's monitoring station."""
    return netguard(lab, "sweep", "--json")


def netguard(lab: Lab, *arguments: str, quiet: bool = False) -> dict[str, Any]:
    """Run netguard on the lab's monitoring station, and return the JSON that it prints.

    Its progress and plans stand on stderr unless `quiet`.
    """
    config = f"NETGUARD_CONFIG={_configuration(lab)}"
    command = ["env", config, sys.executable, "-P", "-m", "netguard", *arguments]
    done = subprocess.run(  # noqa: S603 - our own program, in our own lab
        lab.command(STATION, command),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if quiet else None,
        text=True,
        check=False,
    )
    try:
        report: dict[str, Any] = msgspec.json.decode(done.stdout)
    except msgspec.DecodeError:
        raise NetguardError(
            f"netguard {arguments[0]} on the lab's monitoring station failed with exit code"
            f" {done.returncode}",
            remedy="`netguard doctor` says what this machine lacks.",
        ) from None
    return report
