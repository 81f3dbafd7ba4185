"""`netguard demo`: watch netguard find who broke a network."""

import time
from ipaddress import ip_address
from pathlib import Path
from tempfile import mkdtemp

import click

from netguard.cli.common import App, common_options, print_json
from netguard.cli.show import COLOURS, in_ranges
from netguard.demo import Cure, Passage, Step, cure, passage, place, play
from netguard.errors import Exit
from netguard.lab import control


@click.command()
@common_options
def demo(app: App) -> int:
    """Build a practice network, break it, find the culprits' ports, close one, look past a server.

    Everything is real, in network namespaces of its own: kernel bridges and routing, ARP on the
    wire, SNMP agents. Nothing leaves this machine, and nothing is left behind. It takes under a
    minute, as root or wherever user namespaces are allowed. Exits 1 if netguard was wrong.
    """
    started = time.monotonic()
    say = _say if not app.json else lambda _text: None
    steps: list[Step] = []
    cured: Cure | None = None
    say("Building a network: a router, two switches, a dozen servers, a monitoring station.")
    # In a folder of its own: a practice network that is up already has nothing to do with this.
    # The lab's holder removes it, also when this process is killed.
    with control.up(Path(mkdtemp(prefix="netguard-demo-"))) as lab:
        for step in play(lab, say):
            steps.append(step)
            if not app.json:
                _show(step)
            if step.scenario == "gateway-hijack" and step.right:
                say("Whoever is on call closes the port, and opens it once that is mended.")
                cured = cure(lab, step)
                if not app.json:
                    _show_cure(cured)
        past = passage(lab, say)
        if not app.json:
            _show_passage(past)
        say("Taking it all down.")
    right = all(step.right for step in steps) and bool(cured and cured.right) and past.right
    seconds = round(time.monotonic() - started, 1)
    if app.json:
        print_json(
            {"steps": steps, "cure": cured, "passage": past, "right": right, "duration_s": seconds}
        )
    else:
        _farewell(right=right, seconds=seconds)
    return Exit.DONE if right else Exit.FAILED


def _say(text: str) -> None:
    """Tell the next turn of the story."""
    click.secho(f"\n> {text}", bold=True)


def _show(step: Step) -> None:
    """Print what one sweep said, and whether it is the truth."""
    counts = step.report["counts"]
    click.echo(
        f"  $ netguard sweep\n  {counts['addresses_answered']} of {counts['addresses_probed']}"
        f" addresses answered, {counts['devices_read']} devices read,"
        f" {step.report['duration_s']:.1f} s"
    )
    for finding in step.report["findings"]:
        severity = click.style(finding["severity"].upper(), fg=COLOURS[finding["severity"]])
        click.echo(f"  {severity} {finding['id']}\n  {finding['summary']}")
        for claimant in finding["claimants"]:
            role = click.style(
                f"{claimant['role']:<8}", fg="red" if claimant["role"] == "impostor" else "green"
            )
            server = claimant["server"] or ""
            where = place(claimant["location"]) if claimant["location"] else "no end port"
            click.echo(f"    {role}  {claimant['mac']}  {where:<12}  {server}".rstrip())
    for gap in step.report["gaps"]:
        click.echo(f"  gap: {gap['subject']}: {gap['detail']}")
    _verdict(step)


def _show_cure(cured: Cure) -> None:
    """Print what closing the port said, and what it did for a server that had lost its gateway."""
    report = cured.report
    click.echo(f"  $ netguard port shutdown --finding {report['finding']} --reason demo --yes")
    after = report["after"] or {"admin": "?", "oper": "?"}
    where = f"{report['device']} {report['port']}"
    click.echo(f"  {report['outcome'].upper()} {where}: {after['admin']}/{after['oper']}")
    click.echo(f"  undo: {report['undo']}")
    if cured.right:
        lost = "had lost its gateway and " if cured.cut_off else ""
        click.secho(
            f"  Right: {cured.victim} {lost}reaches the outside; the undo opened {where} again.",
            fg="green",
        )
    else:
        click.secho(f"  Wrong: {cured.victim} is not helped, or the undo failed.", fg="red")


def _show_passage(past: Passage) -> None:
    """Print what netguard says of a server's addresses, and whether it is the truth."""
    click.echo(f"  $ netguard server check {past.server}")
    click.secho(f"  {past.report['verdict'].upper()}", fg="yellow", nl=False)
    click.echo(f"  {past.report['summary']}")
    if past.right:
        behind = in_ranges(map(ip_address, past.named))
        click.secho(f"  Right: behind it are {behind}.", fg="green")
    else:
        click.secho(f"  Wrong: behind it are {', '.join(past.behind)}.", fg="red")


def _verdict(step: Step) -> None:
    if not step.right:
        truth = f"{step.culprit} on {step.port}" if step.culprit else "that nothing is wrong"
        click.secho(f"  Wrong: the truth is {truth}.", fg="red")
    elif step.culprit is None:
        click.secho("  Right: nothing found, nothing missed.", fg="green")
    else:
        click.secho(f"  Right: it was {step.culprit}, and it hangs on {step.port}.", fg="green")


def _farewell(*, right: bool, seconds: float) -> None:
    if right:
        click.echo(
            f"\nDone in {seconds:.0f} s; nothing is left behind. To play with it yourself:\n"
            "  netguard lab up\n  netguard lab break gateway-hijack\n"
            "  netguard lab exec mon netguard sweep\n  netguard lab down"
        )
    else:
        click.secho(f"\nnetguard was wrong, after {seconds:.0f} s.", fg="red", err=True)
