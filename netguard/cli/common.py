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
    @click.option("-v", "--verbose", count=True, help="Say more on stderr.")
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


def print_json(value: object) -> None:
    """Print a value as indented JSON with RFC 3339 times, never in colour."""
    data = msgspec.json.encode(value, enc_hook=encode)
    click.echo(msgspec.json.format(data, indent=2).decode())


def printable(value: object) -> str:
    """Return a value as text that cannot move the cursor: devices say what they like."""
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def print_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows aligned for a person on a terminal, tab-separated for a pipe."""
    texts = [[printable(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in texts:
            click.echo("\t".join(row))
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        # An id must stay whole to be copied; nothing else may be cut off either.
        table.add_column(header, overflow="fold", no_wrap=header == "ID")
    for row in texts:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


_STEPS = ((86400 * 2, 86400, "d"), (3600 * 2, 3600, "h"), (120, 60, "m"), (2, 1, "s"))


def when(moment: datetime, now: datetime) -> str:
    """Return "3m ago" for a terminal and RFC 3339 for a pipe."""
    if not sys.stdout.isatty():
        return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    seconds = max(0, int((now - moment).total_seconds()))
    for least, unit, letter in _STEPS:
        if seconds >= least:
            return f"{seconds // unit}{letter} ago"
    return "just now"
