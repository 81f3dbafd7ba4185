"""Who used which address, and what routers said of the gateways: the statements that ask."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from netguard.store import rows, schema
from netguard.store.records import Binding, GatewayIdentity
from probes.records import IPAddress

_BINDINGS, _IDENTITIES = schema.bindings, schema.gateway_identities


def of(connection: sa.Connection, one: IPAddress | str) -> Iterator[Binding]:
    """Yield who used an address, or what addresses a MAC used; the latest first."""
    columns = _BINDINGS.c
    query = (
        sa.select(_BINDINGS)
        .where(columns.mac == one if isinstance(one, str) else columns.address == one)
        .order_by(columns.last_seen.desc(), columns.segment, columns.address, columns.mac)
    )
    return map(rows.binding, connection.execute(query).mappings())


def of_each(connection: sa.Connection, addresses: Sequence[IPAddress]) -> Iterator[Binding]:
    """Yield who used any of these addresses."""
    for some in rows.parts(addresses):
        query = sa.select(_BINDINGS).where(_BINDINGS.c.address.in_(some))
        yield from map(rows.binding, connection.execute(query).mappings())


def identities(connection: sa.Connection) -> Iterator[GatewayIdentity]:
    """Yield what the routers said of the gateways; of each, the latest word first."""
    columns = _IDENTITIES.c
    query = sa.select(_IDENTITIES).order_by(
        columns.segment, columns.address, columns.confirmed.desc(), columns.mac
    )
    for row in connection.execute(query).mappings():
        yield GatewayIdentity(**row)
