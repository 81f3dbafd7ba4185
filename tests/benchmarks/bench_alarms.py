"""What the daemon says of everything the practice network can do, and arpwatch of the harmless.

    python -m tests.benchmarks.bench_alarms   (as root; needs arpwatch; ten minutes)

Both listen on the monitoring station while each look-alike is done and undone in turn. What
netguard says is a finding that opens or comes back; what arpwatch says is a mail, but for those
about stations that are merely new: a changed address, a flip flop, a reused one, a bogon. Then each
trouble is done before a daemon with a store of its own, which waits for nothing: the seconds are
those from the command to the word.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from rich.console import Console

from netguard.lab.control import Lab, up
from netguard.lab.forwarding import FORWARDING
from netguard.lab.scenarios import SCENARIOS
from tests.benchmarks.figures import new_table
from tests.watching import Watching, watching

HEARD = 12.0  # seconds, longer than a whole look takes
NEW = ("new station", "new activity")
OFTEN = ("[watch]", '[watch]\nsegments = "5s"\ndevices = "20s"')


@contextmanager
def arpwatch(lab: Lab, folder: Path) -> Iterator[Path]:
    """Run it on the station; it writes the mails into the file whose path is yielded."""
    pairs, mails = folder / "arp.dat", folder / "mails"
    pairs.touch()
    program = ("arpwatch", "-d", "-i", "eth1", "-f", str(pairs))
    with (
        mails.open("wb") as out,
        subprocess.Popen(lab.command("mon", program), stdout=out, stderr=out) as process,
    ):
        try:
            yield mails
        finally:
            process.kill()


def subjects(mails: Path) -> list[str]:
    lines = mails.read_text(errors="replace").splitlines()
    return [line[len("Subject: ") :] for line in lines if line.startswith("Subject: ")]


def mailed(mails: Path) -> int:
    return sum(not subject.startswith(NEW) for subject in subjects(mails))


def said(daemon: Watching) -> int:
    return sum(happening in {"opened", "reopened"} for happening, _ in daemon.turns())


def of_kind(kind: str) -> list[str]:
    return [s.name for s in SCENARIOS.values() if s.kind == kind and s not in FORWARDING]


def look_alikes(lab: Lab, folder: Path) -> Iterator[tuple[str, str, str]]:
    with arpwatch(lab, folder) as mails, watching(lab, folder, (OFTEN,)) as daemon:
        daemon.swept()
        for name in of_kind("look-alike"):
            before, mails_before = said(daemon), mailed(mails)
            lab.break_(name)
            sleep(HEARD)
            lab.mend(name)
            sleep(HEARD)
            yield name, str(said(daemon) - before), str(mailed(mails) - mails_before)


def troubles(lab: Lab) -> Iterator[tuple[str, str]]:
    for name in of_kind("trouble"):
        with TemporaryDirectory() as folder, watching(lab, Path(folder), (OFTEN,)) as daemon:
            daemon.swept()
            sleep(1)
            began = monotonic()
            lab.break_(name)
            daemon.turned("opened")
            yield name, f"{monotonic() - began:.1f}"
        lab.mend(name)


def main() -> None:
    console = Console(width=100)
    harmless = new_table("Told of what is harmless", ("netguard", "arpwatch"))
    bad = new_table("Told of troubles", ("after s",))
    with TemporaryDirectory() as folder, up(Path(folder, "lab")) as lab:
        for row in look_alikes(lab, Path(folder)):
            harmless.add_row(*row)
        console.print(harmless)
        for trouble in troubles(lab):
            bad.add_row(*trouble)
        console.print(bad)


if __name__ == "__main__":
    main()
