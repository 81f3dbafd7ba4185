"""The servers file: CSV with the keys of `[[server]]` as columns, blocks separated by spaces."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from netguard.config.problems import Problem
from netguard.config.shapes import Place, meant, shaped
from netguard.config.tables import ServerTable
from netguard.inventory import Server
from netguard.suggest import did_you_mean

_COLUMNS = frozenset(ServerTable.__struct_fields__)
_NEEDED = ("name", "address")

Row = dict[str, str | list[str]]


class ServerFile(msgspec.Struct, frozen=True):
    """The servers with the lines they stand in, and what is wrong with the others."""

    file: str = ""
    servers: tuple[tuple[int, Server], ...] = ()
    problems: tuple[Problem, ...] = ()


def read_servers(path: Path) -> ServerFile:
    """Read a servers file; a file that cannot be read is a problem, too."""
    place = Place(str(path))
    try:
        content = path.read_bytes()
    except OSError as error:
        remedy = "Correct servers = ... or the file's rights."
        return ServerFile(str(path), problems=(place.problem(str(error.strerror), remedy=remedy),))
    try:
        text = content.decode("utf-8-sig")  # spreadsheets write a byte order mark
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        place = Place(str(path), line=line)
        return ServerFile(
            str(path), problems=(place.problem("not UTF-8", remedy="Save it as UTF-8."),)
        )
    return _parsed(text, str(path))


def _parsed(text: str, file: str) -> ServerFile:
    problems: list[Problem] = []
    servers = []
    for line, row in _rows(text, file, problems):
        place = Place(file, "server", str(row.get("name", f"#{line - 1}")), line)
        table = shaped(row, ServerTable, place, problems)
        server = None if table is None else meant(table, place, problems)
        if server is not None:
            servers.append((line, server))
    return ServerFile(file, tuple(servers), tuple(problems))


def _rows(text: str, file: str, problems: list[Problem]) -> Iterator[tuple[int, Row]]:
    """Yield each record that is not blank as a table, with the line it begins in."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        header = [cell.strip() for cell in next(reader, [])]
        wrong = _header_problems(header, Place(file, line=line))
        problems += wrong
        if wrong:
            return
        line = reader.line_num + 1
        for cells in reader:
            yield from _row(header, cells, Place(file, line=line), problems)
            line = reader.line_num + 1
    except csv.Error as error:
        remedy = "Close the quotes, and write a quote inside quotes twice."
        problems.append(Place(file, line=line).problem(str(error), remedy=remedy))


def _header_problems(header: Sequence[str], place: Place) -> list[Problem]:
    needs = "The first line names the columns, e.g. name,customer,address,blocks."
    if len(header) == 1 and header[0] not in _COLUMNS:
        return [place.problem("no columns", remedy=f"Separate them by commas. {needs}")]
    repeated = {name for name in header if header.count(name) > 1}
    return [
        *(
            place.problem("unknown column", key=name, remedy=did_you_mean(name, _COLUMNS))
            for name in header
            if name not in _COLUMNS
        ),
        *(place.problem("repeated column", key=name, remedy="Keep one.") for name in repeated),
        *(
            place.problem("missing column", key=name, remedy=needs)
            for name in _NEEDED
            if name not in header
        ),
    ]


def _row(
    header: Sequence[str], cells: Sequence[str], place: Place, problems: list[Problem]
) -> Iterator[tuple[int, Row]]:
    filled = [cell.strip() for cell in cells]
    if not any(filled):
        return
    if len(filled) != len(header):
        detail = f"{len(filled)} cells under {len(header)} columns"
        problems.append(place.problem(detail, remedy="Quote cells that hold a comma."))
        return
    row: Row = {name: cell for name, cell in zip(header, filled, strict=True) if cell}
    if "blocks" in row:
        row["blocks"] = str(row["blocks"]).split()
    yield place.line or 0, row
