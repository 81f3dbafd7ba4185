"""What every MIB reader does: walk columns, and make sense of single values."""

from collections.abc import Iterable

from probes import mac
from probes.records import Gap
from probes.snmp import Index, Session, Value

Column = dict[Index, Value]

MAC_OCTETS = 6
_TICKS_PER_SECOND = 100
_NOBODY = frozenset(("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"))
_SILENT = frozenset(("snmp-timeout", "snmp-deadline"))


async def read(session: Session, *oids: str) -> tuple[list[Column], tuple[Gap, ...]]:
    """Walk columns one after the other, each into a mapping from row index to value.

    An agent that fell silent is not asked for the rest: those columns are empty.
    """
    columns: list[Column] = [{} for _ in oids]
    gaps: list[Gap] = []
    for column, oid in zip(columns, oids, strict=True):
        walk = await session.walk(oid)
        column.update(walk.rows)
        if walk.gap is not None:
            gaps.append(walk.gap)
            if is_silent(gaps):
                break
    return columns, tuple(gaps)


async def read_rows(
    session: Session, key: str, *others: str
) -> tuple[list[Column], tuple[Gap, ...]]:
    """Walk the column that says which rows there are, and the others only where it has any.

    So a table that the agent does not have costs one request.
    """
    (rows,), gaps = await read(session, key)
    if not rows or is_silent(gaps):
        return [rows, *({} for _ in others)], gaps
    columns, more = await read(session, *others)
    return [rows, *columns], gaps + more


def is_silent(gaps: Iterable[Gap]) -> bool:
    """Tell whether the agent stopped answering, so that more questions would only cost time."""
    return any(gap.kind in _SILENT for gap in gaps)


def text(value: Value | None) -> str:
    """Return a DisplayString as text, without the NULs and blanks that agents pad it with."""
    if isinstance(value, bytes):
        return value.decode(errors="replace").replace("\0", "").strip()
    return "" if value is None else str(value)


def number(value: Value | None) -> int | None:
    """Return an INTEGER, None for anything else."""
    return value if isinstance(value, int) else None


def seconds(value: Value | None) -> float | None:
    """Return TimeTicks in seconds, None for anything else."""
    ticks = number(value)
    return None if ticks is None else ticks / _TICKS_PER_SECOND


def station(value: Value | None) -> str | None:
    """Return a PhysAddress as a canonical MAC, None where it is no station's.

    Some agents send its digits as text instead of its octets.
    """
    if not isinstance(value, bytes):
        return None
    try:
        found = mac.canonical(value if len(value) == MAC_OCTETS else text(value))
    except ValueError:
        return None
    return None if found in _NOBODY else found


def octets(index: Index, size: int) -> bytes | None:
    """Return the octets that an index spells, also where an agent wrote their number before them.

    None where they are not `size` octets: some agents index by garbage.
    """
    if len(index) == size + 1 and index[0] == size:
        index = index[1:]
    if len(index) != size or max(index) > 0xFF:  # noqa: PLR2004 - an octet
        return None
    return bytes(index)


def mac_index(index: Index) -> str | None:
    """Return the MAC that an index spells, None where it spells none."""
    found = octets(index, MAC_OCTETS)
    return None if found is None else mac.from_bytes(found)
