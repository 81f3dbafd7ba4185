"""Who has frozen unattended action: the statements."""

import sqlalchemy as sa

from netguard.store import schema

_FREEZES = schema.freezes


def said(connection: sa.Connection) -> tuple[str, ...]:
    """Return what those said who froze it, oldest first; nothing where it is not frozen."""
    query = sa.select(_FREEZES.c.said).order_by(_FREEZES.c.sequence)
    return tuple(connection.scalars(query))


def add(connection: sa.Connection, said: str) -> None:
    """Freeze it, or add a word to why it is frozen."""
    connection.execute(_FREEZES.insert().values(said=said))


def remove(connection: sa.Connection) -> bool:
    """Thaw it; return whether it was frozen."""
    return bool(connection.execute(_FREEZES.delete()).rowcount)
