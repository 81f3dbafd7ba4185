"""What every MIB reader does: walk columns, and make sense of single values."""

from probes import mac
from probes.records import Gap
from probes.snmp import Index, Session, Value

Column = dict[Index, Value]

MAC_OCTETS = 6
_NOBODY = frozenset(("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"))
_SILENT = frozenset(("snmp-timeout", "snmp-deadline"))


async def read(session: Session, *oids: str) -> tuple[list[Column], tuple[Gap, ...]]:
    """Walk columns one after the other, each into a mapping from row index to value.

    An agent that fell silent is not asked for the rest: those columns are empty.
    """
    columns: list[Column] = [{} for _ in oids]
    gaps = []
    for column, oid in zip(columns, oids, strict=True):
        walk = await session.walk(oid)
        column.update(walk.rows)
        if walk.gap is not None:
            gaps.append(walk.gap)
            if walk.gap.kind in _SILENT:
                break
    return columns, tuple(gaps)


def text(value: Value | None) -> str:
    """Return a DisplayString as text, without the NULs and blanks that agents pad it with."""
    if isinstance(value, bytes):
        return value.decode(errors="replace").replace("\0", "").strip()
    return "" if value is None else str(value)


def number(value: Value | None) -> int | None:
    """Return an INTEGER, None for anything else."""
    return value if isinstance(value, int) else None


def station(value: Value | None) -> str | None:
    """Return a PhysAddress as a canonical MAC, None where it is no station's."""
    if not isinstance(value, bytes) or len(value) != MAC_OCTETS:
        return None
    found = mac.from_bytes(value)
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
