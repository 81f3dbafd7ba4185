"""What netguard reads of recorded devices, held against what is in the recordings: prints tables.

    python -m tests.benchmarks.bench_recordings [recording]...      (a minute for all)

snmpsim serves the recordings of the corpus (see tests/recordings.py) and netguard reads them as it
reads any device. Each figure is rows found / missing / invented; truth is what a plain parser found
in the text of the recording (see tests/comparing.py for what counts). Places: addresses of which
one recording has the station and its one port, and which `host locate` puts on that port.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from netguard.view import DeviceView
from tests.comparing import KINDS, Compared, compare, places, ports_read_as_interfaces
from tests.recordings import CORPUS, NO_CORPUS, configured, located, names, read, served, truth

# Why a table is not as truth has it: all that is known to be so, and right as it is.
EXPLAINED = {
    (
        "iosxe_c9400-svl",
        "interfaces",
    ): "a row of ifIndex and ifLastChange alone: no name, no status",
}
Row = dict[str, Compared]
AT_ONCE = 8
SHOWN = 3  # rows of one exception


def read_all(recordings: Sequence[str]) -> tuple[dict[str, DeviceView], float]:
    """Serve and read the recordings, some at a time; also return how many seconds reading took."""
    views: dict[str, DeviceView] = {}
    seconds = 0.0
    for first in range(0, len(recordings), AT_ONCE):
        some = recordings[first : first + AT_ONCE]
        with (
            TemporaryDirectory() as folder,
            served(CORPUS / "recordings", {name: name for name in some}) as port,
        ):
            config = configured(Path(folder), port, some)
            began = perf_counter()
            views |= read(config)
            seconds += perf_counter() - began
    return views, seconds


def compared(name: str, view: DeviceView) -> Row:
    known = truth(name)
    expected = places(known)
    wrong = located(view, expected)
    placed = Compared(
        found=len(expected) - len(wrong),
        missing=tuple((*where, *found) for where, found in wrong.items()),
    )
    row: Row = {str(kind): one for kind, one in compare(view, known).items()}
    row["places"] = placed
    return row


def table_of(rows: Mapping[str, Row]) -> Table:
    table = Table(title="Found / missing / invented", title_justify="left", box=MARKDOWN)
    table.add_column("recording")
    for kind in (*KINDS, "places"):
        table.add_column(kind, justify="right")
    for name, row in rows.items():
        table.add_row(name, *(figures([one]) for one in row.values()))
    table.add_row(
        f"all {len(rows)}",
        *(figures(one) for one in zip(*(row.values() for row in rows.values()), strict=True)),
    )
    return table


def figures(compared: Iterable[Compared]) -> str:
    each = [(one.found, len(one.missing), len(one.invented)) for one in compared]
    total = tuple(map(sum, zip(*each, strict=True)))
    return " / ".join(map(str, total)) if any(total) else "-"


def exceptions(rows: Mapping[str, Row], views: Mapping[str, DeviceView]) -> Iterator[str]:
    """Yield a line for each table that is not as recorded, and what the device's gaps say of it."""
    for name, row in rows.items():
        for kind, one in row.items():
            for what, listed in (("missing", one.missing), ("invented", one.invented)):
                if listed:
                    some = "; ".join(" ".join(map(str, key)) for key in listed[:SHOWN])
                    why = EXPLAINED.get((name, kind), "NOT EXPLAINED")
                    yield f"{name}: {len(listed)} {kind} {what} ({why}): {some}"
        doubtful = ports_read_as_interfaces(views[name], truth(name))
        if doubtful:
            yield f"{name}: ports of no known interface: " + ", ".join(
                f"{number} {'taken for an ifIndex' if taken else 'left open'}"
                for taken, number in doubtful.items()
            )
        for kind, number in Counter(gap.kind for gap in views[name].gaps).items():
            first = next(gap.detail for gap in views[name].gaps if gap.kind == kind)
            yield f"{name}: {number} x gap {kind}: {first}"


def main() -> None:
    if not CORPUS.is_dir():
        sys.exit(NO_CORPUS)
    recordings = sys.argv[1:] or names(CORPUS / "recordings")
    views, seconds = read_all(recordings)
    rows = {name: compared(name, views[name]) for name in recordings}
    console = Console(width=160, soft_wrap=True)
    console.print(table_of(rows))
    console.print(
        f"\n{len(rows)} devices read in {seconds:.0f} s, the agent's own time included.\n"
    )
    for line in exceptions(rows, views):
        console.print(line, markup=False, highlight=False)


if __name__ == "__main__":
    main()
