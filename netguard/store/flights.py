"""Stations that move between end ports, and where every station was last: the statements."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from netguard.inventory import SwitchPort
from netguard.store import rows, schema
from netguard.view import Stay

_FLIGHTS, _BINDINGS = schema.flights, schema.bindings

Station = tuple[str, str]  # a segment's name, and a MAC


def flights(connection: sa.Connection, segments: Iterable[str]) -> dict[Station, tuple[Stay, ...]]:
    """Return where the moving stations of these segments were, oldest first."""
    query = sa.select(_FLIGHTS).where(_FLIGHTS.c.segment.in_(sorted(segments)))
    return {(row.segment, row.mac): row.stays for row in connection.execute(query)}


def last_stays(
    connection: sa.Connection, segments: Iterable[str], since: datetime
) -> dict[Station, Stay]:
    """Return the end port on which each station of these segments was seen last, since then."""
    columns = _BINDINGS.c
    query = (
        sa.select(
            columns.segment,
            columns.mac,
            columns.device,
            columns.port,
            columns.vlan,
            columns.located,
        )
        .where(columns.segment.in_(sorted(segments)), columns.located > since)
        .order_by(columns.located)
    )
    return {
        (row.segment, row.mac): Stay(SwitchPort(row.device, row.port), row.vlan, row.located)
        for row in connection.execute(query)
    }


def put(
    connection: sa.Connection,
    segments: Iterable[str],
    known: Mapping[Station, tuple[Stay, ...]],
    now: datetime,
) -> None:
    """Write where moving stations were, in place of all that was known of these segments by now."""
    if names := sorted(segments):
        before = flights(connection, names)
        known = {**known, **{who: s for who, s in before.items() if s[-1].seen > now}}
        connection.execute(_FLIGHTS.delete().where(_FLIGHTS.c.segment.in_(names)))
    moving = [{"segment": name, "mac": mac, "stays": stays} for (name, mac), stays in known.items()]
    rows.put(connection, _FLIGHTS, moving)
