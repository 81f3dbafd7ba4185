"""What every command shares: the common options, JSON, tables and times for people and pipes."""

import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
import msgspec

P = ParamSpec("P")
R = TypeVar("R")


class App(msgspec.Struct, kw_only=True):
    """What the common options say, wherever on the line they stood."""

    config: Path | None = None
    json: bool = False
    verbose: int = 0


def common_options(function: Callable[P, R]) -> Callable[..., R]:
    """Give a command `--config`, `--json` and `-v`, and pass it the `App` as `app`."""

    @click.option("--config", type=click.Path(path_type=Path), help="Read this file, no other.")
    @click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")
    @click.option("-v", "--verbose", count=True, help="Say more: evidence, versions.")
    @click.pass_context
    def wrapped(  # the options may stand before or after the command: the later one counts
        ctx: click.Context,
        /,
        *args: Any,  # noqa: ANN401 - passed through
        config: Path | None,
        as_json: bool,
        verbose: int,
        **kwargs: Any,  # noqa: ANN401 - passed through
    ) -> R:
        app = ctx.ensure_object(App)
        app.config = config or app.config
        app.json = as_json or app.json
        app.verbose += verbose
        return ctx.invoke(function, *args, app=app, **kwargs)

    return functools.update_wrapper(wrapped, function)


def encode(value: object) -> object:
    """Turn what msgspec does not know (addresses and networks) into text."""
    return str(value)


def on_terminal() -> bool:
    """Say whether a person reads stdout; it may be closed altogether."""
    return sys.stdout is not None and sys.stdout.isatty()


def print_json(value: object) -> None:
    """Print a value as indented JSON with RFC 3339 times, never in colour."""
    data = msgspec.json.encode(value, enc_hook=encode)
    click.echo(msgspec.json.format(data, indent=2).decode())


def printable(value: object) -> str:
    """Return a value as text that cannot move the cursor: devices say what they like."""
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


# Columns of words: the only ones that may be broken into several lines.
_SENTENCES = frozenset(
    {"DETAIL", "NOTE", "PLATFORM", "REMEDY", "SEEN", "SUMMARY", "VALUE", "WHAT HAPPENS"}
)
_NARROW = 16  # characters that a sentence needs at least
_ENDLESS = 10_000


def print_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows aligned for a person on a terminal, tab-separated for a pipe."""
    texts = [[printable(cell) for cell in row] for row in rows]
    if not on_terminal():
        for row in texts:
            click.echo("\t".join(row))
        return
    from rich.cells import cell_len  # noqa: PLC0415 - only a terminal needs it
    from rich.console import Console  # noqa: PLC0415
    from rich.measure import Measurement  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, header in enumerate(headers):
        # Addresses, MACs and ids must stay whole to be read and copied: only sentences fold.
        whole = max((cell_len(row[column]) for row in texts), default=0)
        least = _NARROW if header.upper() in _SENTENCES else max(whole, cell_len(header))
        table.add_column(header, overflow="fold", min_width=min(least, max(whole, len(header))))
    for row in texts:
        table.add_row(*(Text(cell) for cell in row))
    endless = Console(width=_ENDLESS)  # a narrower one would say that it can cut
    least = Measurement.get(endless, endless.options, table).minimum
    console = Console(width=max(Console().width, least))
    with console.capture() as printed:
        console.print(table)
    for line in printed.get().splitlines():
        click.echo(line.rstrip())  # else a line that wraps is followed by an empty one


_STEPS = ((86400 * 2, 86400, "d"), (3600 * 2, 3600, "h"), (120, 60, "m"), (2, 1, "s"))


def when(moment: datetime, now: datetime) -> str:
    """Return "3m ago" for a terminal and RFC 3339 for a pipe."""
    if not on_terminal():
        return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    seconds = max(0, int((now - moment).total_seconds()))
    for least, unit, letter in _STEPS:
        if seconds >= least:
            return f"{seconds // unit}{letter} ago"
    return "just now"
