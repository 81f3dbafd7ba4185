"""Metrics as a file for the textfile collector of node_exporter, whole at every moment."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from netguard.errors import NetguardError
from netguard.metrics.families import render
from netguard.metrics.numbers import Numbers

_READABLE = 0o644  # node_exporter runs as another user


def write(path: Path, numbers: Numbers) -> None:
    """Write the numbers in the place of an older file; raises NetguardError where that fails.

    Whoever reads meanwhile sees the old file or the new one. The name of the file in the making
    does not end in .prom, so that node_exporter never takes it for another.
    """
    try:
        _replace(path.absolute(), render(numbers))
    except OSError as error:
        raise NetguardError(
            f"textfile {path} cannot be written: {error.strerror}",
            remedy="It belongs into the folder that node_exporter reads"
            " (--collector.textfile.directory), and this user must have the right to write there.",
        ) from error


def _replace(path: Path, content: bytes) -> None:
    descriptor, new = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), _READABLE)
        Path(new).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(new).unlink()
        raise
